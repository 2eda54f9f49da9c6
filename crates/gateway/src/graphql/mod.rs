//! GraphQL over the engine.

use crate::GatewayState;
use axum::Router;
use std::sync::Arc;

/// The GraphQL routes.
pub fn router(_state: &Arc<GatewayState>) -> Router {
    Router::new()
}
