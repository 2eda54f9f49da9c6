//! `/livez` and `/readyz`.

use super::{info, text};
use crate::{GatewayState, problem};
use axum::extract::Request;
use axum::response::Response;
use serde_json::{Map, json};
use std::sync::Arc;

/// `GET /livez`: the process serves.
pub(super) async fn live() -> Response {
    text("application/json", r#"{"status":"alive"}"#)
}

/// `GET /readyz`: requests can be served; with `verbose`, facts about the server.
pub(super) async fn ready(state: Arc<GatewayState>, request: Request) -> Response {
    if let Err(error) = state.health.ready().await {
        return problem::response(&error, info(&request).id, request.uri().path());
    }
    let query = request.uri().query().unwrap_or("");
    let verbose = form_urlencoded::parse(query.as_bytes()).any(|(name, value)| name == "verbose" && value != "false");
    if !verbose {
        return text("application/json", r#"{"status":"ready"}"#);
    }
    let facts: Map<_, _> = state.health.facts().into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
    text("application/json", json!({ "status": "ready", "facts": facts }).to_string())
}
