//! Pages for people.

use crate::GatewayState;
use axum::Router;
use std::sync::Arc;

/// The pages.
pub fn router(_state: &Arc<GatewayState>) -> Router {
    Router::new()
}
