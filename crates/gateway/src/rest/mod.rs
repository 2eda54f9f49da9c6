//! REST over the engine: a few handlers, bound to every resource of the registry at start.

use crate::GatewayState;
use axum::Router;
use http::{HeaderName, HeaderValue};
use std::sync::Arc;

/// Says which patch formats an address takes (RFC 5789).
pub const ACCEPT_PATCH: HeaderName = HeaderName::from_static("accept-patch");
/// The patch formats we take.
pub const PATCH_TYPES: HeaderValue = HeaderValue::from_static("application/merge-patch+json, application/json");

/// The REST routes.
pub fn router(_state: &Arc<GatewayState>) -> Router {
    Router::new()
}
