//! `POST /v1/sync`: what a device did while it was offline goes up, and what has changed meanwhile comes down.

use super::batch::refuse_unknown;
use super::call::{Call, json_answer};
use super::feed::{self, Pull};
use super::media::JSON;
use super::write::options;
use crate::follow::Followed;
use crate::rehearsal::Stage;
use crate::{GatewayState, problem};
use axum::response::Response;
use clientela_engine::sync::SyncResult;
use clientela_kernel::{Context, Error, ErrorCode, FieldProblem, ProblemCode, Result};
use http::StatusCode;
use serde_json::{Value as Json, json};
use std::sync::Arc;
use uuid::Uuid;

/// What the body may hold.
const MEMBERS: [&str; 4] = ["device", "policy", "operations", "pull"];

/// `POST /v1/sync`.
pub(super) async fn sync(state: Arc<GatewayState>, call: Call) -> Result<Response> {
    let mut context = call.context(&state).await?;
    let dry = options(&call, true, &mut context)?;
    let (path, request) = (call.parts.uri.path().to_owned(), call.info.id);
    let body = call.object_within(&state, &[JSON], state.limits.batch_bytes).await?;
    refuse_unknown(&body, &MEMBERS)?;
    let pull = match body.get("pull") {
        None | Some(Json::Null) => None,
        Some(Json::Object(members)) => Some(feed::pull(state.engine.registry(), members)?),
        Some(_) => {
            let problem =
                FieldProblem::new("/pull", ProblemCode::WrongType, "pull must be an object; an empty one begins with everything there is.");
            return Err(Error::validation(vec![problem]));
        }
    };
    let push = state.engine.read_sync(body.get("device"), body.get("policy"), body.get("operations"))?;
    drop(body);
    let stage = Stage::open(&state.engine, dry).await?;
    let results = stage.engine.sync(&context, push).await?;
    let results: Vec<Json> = results.iter().map(|result| shown(result, request, &path)).collect();
    let tried = stage.close(&context).await?;
    let mut bytes = format!("{{\"results\":{}", Json::Array(results)).into_bytes();
    if let Some(changes) = &tried {
        bytes.extend_from_slice(format!(",\"dryRun\":{}", json!({ "changes": changes })).as_bytes());
    }
    bytes.extend_from_slice(b",\"changes\":");
    let start = bytes.len();
    let refused = match pull.filter(|_| tried.is_none()) {
        Some(pull) => pulled(&state, &context, &pull, &mut bytes).await.err(),
        None => None,
    };
    if refused.is_some() {
        // What was carried out was carried out, whatever is wrong with the question.
        bytes.truncate(start);
    }
    if bytes.len() == start {
        bytes.extend_from_slice(b"null");
    }
    let refused = refused.map_or(Json::Null, |error| {
        problem::log(&error, request);
        problem::body(&error, request, &path)
    });
    bytes.extend_from_slice(format!(",\"pullError\":{refused}}}").as_bytes());
    Ok(json_answer(StatusCode::OK, bytes))
}

/// What became of an operation.
fn shown(result: &SyncResult, request: Uuid, path: &str) -> Json {
    let mut json = result.to_json();
    let error = result.error.as_ref().map(|error| {
        if error.code() == ErrorCode::Internal {
            problem::log(error, request);
        }
        problem::body(error, request, path)
    });
    if let Some(members) = json.as_object_mut() {
        members.insert("error".to_owned(), error.unwrap_or_default());
    }
    json
}

/// Appends a page of the feed.
async fn pulled(state: &GatewayState, context: &Context, pull: &Pull, out: &mut Vec<u8>) -> Result<()> {
    let page = state.engine.feed(context, &pull.request).await?;
    let followed = Followed { page, context: context.clone(), engine: state.engine.clone() };
    feed::write_page(&followed, pull.shown, out).await
}
