//! What needs no credential: pages for people, documents for programs, health. Every page works without a network.

mod asset;
mod documentation;
mod health;
pub(crate) mod html;
pub(crate) mod metrics;
mod problems;
mod start;

use crate::document::OwnDocument;
use crate::middleware::Meter;
use crate::{GatewayState, asyncapi, openapi};
use axum::Router;
use axum::extract::{RawQuery, Request};
use axum::response::Response;
use axum::routing::get;
use std::sync::Arc;

/// How many tenants' own documents are kept.
const OWN_TEXTS: usize = 4;

/// The public routes.
pub fn router(state: &Arc<GatewayState>, meter: &Arc<Meter>) -> Router {
    let registry = Arc::clone(state.engine.registry());
    let document = Arc::new(OwnDocument::new("application/json", OWN_TEXTS, registry, |registry| openapi::text(registry)));
    let registry = Arc::clone(state.engine.registry());
    let events = Arc::new(OwnDocument::new("application/json", OWN_TEXTS, registry, |registry| asyncapi::text(registry)));
    let told = Arc::clone(state);
    let (shown, part) = (Arc::clone(document.everybody()), Arc::clone(document.everybody()));
    let asked = Arc::clone(state);
    let key_set = Arc::clone(state);
    let ready = Arc::clone(state);
    let (figures, meter) = (Arc::clone(state), Arc::clone(meter));
    Router::new()
        .route("/", get(start::page))
        .route("/livez", get(health::live))
        .route("/readyz", get(move |request: Request| health::ready(Arc::clone(&ready), request)))
        .route("/metrics", get(move |request: Request| metrics::page(Arc::clone(&figures), Arc::clone(&meter), request)))
        .route("/problems", get(problems::all))
        .route("/problems/{code}", get(problems::one))
        .route("/.well-known/jwks.json", get(move || documentation::key_set(Arc::clone(&key_set))))
        .route(
            "/openapi.json",
            get(move |request: Request| {
                let (document, asked) = (Arc::clone(&document), Arc::clone(&asked));
                async move { document.answer(&asked, request).await }
            }),
        )
        .route(
            "/asyncapi.json",
            get(move |request: Request| {
                let (events, told) = (Arc::clone(&events), Arc::clone(&told));
                async move { events.answer(&told, request).await }
            }),
        )
        .route("/docs", get(move |RawQuery(query): RawQuery| documentation::page(Arc::clone(&shown), query)))
        .route("/docs/part.json", get(move |RawQuery(query): RawQuery| documentation::part(Arc::clone(&part), query)))
        .route("/docs/redoc.js", get(asset::redoc))
        .route("/graphiql", get(asset::graphiql))
}

/// An answer with its media type.
fn text(media_type: &'static str, body: impl Into<axum::body::Body>) -> Response {
    let mut response = Response::new(body.into());
    response.headers_mut().insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static(media_type));
    response
}
