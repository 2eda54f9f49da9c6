//! `/livez` and `/readyz`.

use super::text;
use crate::middleware::RequestInfo;
use crate::{GatewayState, problem};
use axum::extract::Request;
use axum::response::Response;
use clientela_kernel::{Error, ErrorCode};
use serde_json::{Map, json};
use std::sync::Arc;

/// `GET /livez`: the process serves.
pub(super) async fn live() -> Response {
    text("application/json", r#"{"status":"alive"}"#)
}

/// `GET /readyz`: requests can be served; with `verbose`, facts about the server.
pub(super) async fn ready(state: Arc<GatewayState>, request: Request) -> Response {
    if let Err(error) = state.health.ready().await {
        return problem::response(&error, RequestInfo::of(&request).id, request.uri().path());
    }
    let query = request.uri().query().unwrap_or("");
    let asked = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "verbose").map(|(_, value)| value);
    if let Some(other) = asked.as_deref().filter(|value| !matches!(*value, "" | "true" | "false")) {
        let text = format!("verbose is {other:?}, but must be true or false, or stand there without a value.");
        return problem::response(&Error::new(ErrorCode::InvalidParameter, text), RequestInfo::of(&request).id, request.uri().path());
    }
    if asked.is_none_or(|value| value == "false") {
        return text("application/json", r#"{"status":"ready"}"#);
    }
    let facts: Map<_, _> = state.health.facts().into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
    text("application/json", json!({ "status": "ready", "facts": facts }).to_string())
}
