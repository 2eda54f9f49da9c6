//! The changes of a record: `GET /v1/accounts/{id}/history`.

use super::call::{Bound, Call, json_answer};
use super::parameters::{self, Parameters};
use axum::response::Response;
use clientela_kernel::{PageArguments, Result};
use http::StatusCode;
use serde_json::json;
use std::sync::Arc;

/// Names of the query parameters.
pub(crate) const NAMES: &[&str] = &["limit", "after"];

/// `GET /v1/accounts/{id}/history`.
pub(super) async fn history(bound: Arc<Bound>, call: Call) -> Result<Response> {
    let context = call.context(&bound.state).await?;
    let id = call.id(&bound)?;
    let parameters = Parameters::parse(call.query(), NAMES)?;
    let limit = parameters.get("limit").map(parameters::limit).transpose()?.unwrap_or(PageArguments::DEFAULT_LIMIT);
    let page = bound.state.engine.history(&context, &bound.def, id, limit, parameters.get("after")).await?;
    let body = json!({ "data": page.changes, "page": { "next": page.next, "hasMore": page.more } });
    Ok(json_answer(StatusCode::OK, body.to_string().into_bytes()))
}
