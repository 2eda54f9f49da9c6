//! REST, GraphQL, OpenAPI, AsyncAPI and SCIM over the engine. Knows the registry, no domain.
//!
//! [`router`] is the whole HTTP surface. Every request passes one outer service ([`middleware`]) that gives it an id,
//! a time limit and a body limit, turns panics and unknown addresses into problem details, and adds the headers every
//! answer carries.

mod array;
pub mod asyncapi;
mod document;
mod follow;
pub mod graphql;
pub mod idempotency;
mod inbox;
pub mod middleware;
mod oauth;
pub mod openapi;
mod own;
pub mod pages;
pub mod problem;
mod rehearsal;
pub mod rest;
mod scim;
pub mod state;

pub use middleware::Peer;
pub use state::{Authenticate, Figure, GatewayState, Health, Limits};

use axum::Router;
use std::sync::Arc;

/// The HTTP surface: both APIs, their documents and pages, health, problem details.
pub fn router(state: GatewayState) -> Router {
    let state = Arc::new(state);
    let meter = Arc::new(middleware::Meter::default());
    let routes = Router::new()
        .merge(rest::router(&state))
        .merge(pages::router(&state, &meter))
        .merge(graphql::router(&state))
        .merge(oauth::router(&state))
        .merge(inbox::router(&state))
        .merge(scim::router(&state));
    let routes = routes.route_layer(middleware::Named);
    Router::new().fallback_service(middleware::Outer::new(routes, state, meter))
}
