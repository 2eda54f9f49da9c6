//! OAuth 2 over HTTP: forms in, JSON out, and the two pages where people sign in. What is decided is decided in `access`.

mod browser;
mod endpoint;
mod external;
mod link;
mod page;

use crate::GatewayState;
use axum::Router;
use axum::extract::Request;
use axum::response::Response;
use axum::routing::{MethodRouter, get, post};
use clientela_access::oauth::{Answer, AuthorizationServer};
use endpoint::{Ask, answer};
use serde_json::Value as Json;
use std::sync::Arc;

/// The routes, where the server gives tokens.
pub(crate) fn router(state: &Arc<GatewayState>) -> Router {
    let Some(server) = state.authorization.clone() else { return Router::new() };
    let server = Arc::new(server);
    let (metadata, resource) = (server.metadata().to_string(), server.resource().to_string());
    let document = |text: String| get(move || std::future::ready(endpoint::document(text.clone())));
    Router::new()
        .route("/.well-known/oauth-authorization-server", document(metadata))
        .route("/.well-known/oauth-protected-resource", document(resource))
        .route("/oauth/token", protocol(&server, token))
        .route("/oauth/introspect", protocol(&server, introspect))
        .route("/oauth/revoke", protocol(&server, revoke))
        .route("/oauth/device_authorization", protocol(&server, device))
        .route("/oauth/authorize", pages(&server, browser::authorize))
        .route("/oauth/device", pages(&server, browser::device))
        .route("/oauth/link", pages(&server, link::link))
        .route("/oauth/external", gone_to(&server, external::leave))
        .route("/oauth/callback", gone_to(&server, external::come_back))
}

type Server = Arc<AuthorizationServer>;

async fn token(server: Server, ask: Ask) -> Answer<Option<Json>> {
    server.token(&ask.parameters, ask.authorization.as_deref(), ask.origin, ask.now).await.map(Some)
}

async fn introspect(server: Server, ask: Ask) -> Answer<Option<Json>> {
    server.introspect(&ask.parameters, ask.authorization.as_deref(), ask.now).await.map(Some)
}

async fn revoke(server: Server, ask: Ask) -> Answer<Option<Json>> {
    server.revoke(&ask.parameters, ask.authorization.as_deref(), ask.now).await.map(|()| None)
}

async fn device(server: Server, ask: Ask) -> Answer<Option<Json>> {
    server.device(&ask.parameters, ask.authorization.as_deref(), ask.origin, ask.now).await.map(Some)
}

/// A protocol endpoint: POST alone.
fn protocol<F, R>(server: &Server, run: F) -> MethodRouter
where
    F: Fn(Server, Ask) -> R + Clone + Send + Sync + 'static,
    R: Future<Output = Answer<Option<Json>>> + Send + 'static,
{
    let server = Arc::clone(server);
    post(move |request: Request| {
        let (server, run) = (Arc::clone(&server), run.clone());
        async move { answer(server, request, run).await }
    })
}

/// An address that a person is sent to: GET alone.
fn gone_to<F, R>(server: &Server, run: F) -> MethodRouter
where
    F: Fn(Server, Request) -> R + Clone + Send + Sync + 'static,
    R: Future<Output = Response> + Send + 'static,
{
    let server = Arc::clone(server);
    get(move |request: Request| run(Arc::clone(&server), request))
}

/// A page: shown by GET, sent back by POST.
fn pages<F, R>(server: &Server, run: F) -> MethodRouter
where
    F: Fn(Server, Request) -> R + Clone + Send + Sync + 'static,
    R: Future<Output = Response> + Send + 'static,
{
    let server = Arc::clone(server);
    let handler = move |request: Request| run(Arc::clone(&server), request);
    get(handler.clone()).post(handler)
}
