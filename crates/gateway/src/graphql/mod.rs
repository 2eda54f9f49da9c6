//! GraphQL: the schema, execution by plan, and the HTTP handler.

mod schema;

use crate::GatewayState;
use axum::Router;
use clientela_model::Registry;
use std::sync::Arc;

/// The routes of GraphQL.
pub(crate) fn router(state: &Arc<GatewayState>) -> Router {
    let _ = state;
    Router::new()
}

/// The schema in GraphQL's definition language, the same text on every run.
pub fn sdl(registry: &Arc<Registry>) -> clientela_kernel::Result<String> {
    schema::render::sdl(&schema::build(registry)).map_err(clientela_kernel::Error::internal)
}
