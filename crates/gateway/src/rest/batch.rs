//! Many writes in one call: `POST /v1/accounts/batch` and `POST /v1/transactions`.

use super::call::{Bound, Call, json_answer};
use super::media::JSON;
use super::suggest;
use super::write::{mark_replay, options};
use crate::rehearsal::Stage;
use crate::{GatewayState, idempotency, problem};
use axum::response::Response;
use clientela_engine::batch::Batch;
use clientela_engine::{BatchEntry, BatchOutcome, RowOutcome};
use clientela_kernel::{Error, ErrorCode, FieldProblem, ProblemCode, Result};
use http::{HeaderMap, StatusCode};
use serde_json::{Map, Value as Json, json};
use std::sync::Arc;
use uuid::Uuid;

/// `POST /v1/accounts/batch`.
pub(super) async fn batch(bound: Arc<Bound>, call: Call) -> Result<Response> {
    let state = Arc::clone(&bound.state);
    many(&state, call, bound.def.checks_duplicates, &["rows", "atomic"], |body| {
        let rows = body.get("rows").unwrap_or(&Json::Null);
        Ok((state.engine.read_rows(&bound.def, rows)?, flag(body, "atomic")?))
    })
    .await
}

/// `POST /v1/transactions`.
pub(super) async fn transaction(state: Arc<GatewayState>, call: Call) -> Result<Response> {
    many(&state, call, true, &["operations"], |body| {
        let operations = body.get("operations").unwrap_or(&Json::Null);
        Ok((state.engine.read_operations(operations)?, true))
    })
    .await
}

type Entries = Vec<Result<BatchEntry>>;

/// Reads the body, carries out what it asks for, answers what became of it.
async fn many(
    state: &GatewayState,
    call: Call,
    checks_duplicates: bool,
    members: &[&str],
    read: impl FnOnce(&Map<String, Json>) -> Result<(Entries, bool)>,
) -> Result<Response> {
    let mut context = call.context(state).await?;
    let dry = options(&call, checks_duplicates, &mut context)?;
    let (headers, path, request): (HeaderMap, String, Uuid) = (call.parts.headers.clone(), call.parts.uri.path().to_owned(), call.info.id);
    let body = call.object_within(state, &[JSON], state.limits.batch_bytes).await?;
    refuse_unknown(&body, members)?;
    let body = Json::Object(body);
    let idempotency = idempotency::from_headers(&headers, &format!("POST {path}"), &body)?.filter(|_| !dry);
    let (operations, atomic) = read(body.as_object().ok_or_else(|| Error::internal("an object is no object any more"))?)?;
    drop(body);
    let stage = Stage::open(&state.engine, dry).await?;
    let outcome = stage.engine.batch(&context, Batch { operations, atomic, idempotency }).await?;
    let mut answer = json!({ "results": results(&outcome, request, &path) });
    if let (Some(changes), Some(members)) = (stage.close(&context).await?, answer.as_object_mut()) {
        members.insert("dryRun".to_owned(), json!({ "changes": changes }));
    }
    let mut response = json_answer(StatusCode::OK, answer.to_string().into_bytes());
    mark_replay(outcome.replayed, &mut response);
    Ok(response)
}

/// Refuses members that there are not.
pub(super) fn refuse_unknown(body: &Map<String, Json>, members: &[&str]) -> Result<()> {
    let Some(unknown) = body.keys().find(|name| !members.contains(&name.as_str())) else { return Ok(()) };
    let hint = suggest::hint(unknown, members.iter().copied());
    let text = format!("There is no member {unknown:?} here.{hint}");
    Err(Error::validation(vec![FieldProblem::new(format!("/{unknown}"), ProblemCode::UnknownField, text)]))
}

/// A member that is yes or no, no where absent.
fn flag(body: &Map<String, Json>, name: &str) -> Result<bool> {
    match body.get(name) {
        None => Ok(false),
        Some(Json::Bool(value)) => Ok(*value),
        Some(_) => Err(Error::validation(vec![FieldProblem::new(
            format!("/{name}"),
            ProblemCode::WrongType,
            format!("{name} must be true or false."),
        )])),
    }
}

/// What became of each row.
fn results(outcome: &BatchOutcome, request: Uuid, path: &str) -> Json {
    let result = |row: &Result<RowOutcome>| match row {
        Ok(row) => {
            let mut result = json!({ "status": row.status, "id": row.id.to_text(&row.def.prefix), "version": row.version });
            if let (Some(revealed), Some((name, _)), Some(members)) = (&row.revealed, &row.def.reveals, result.as_object_mut()) {
                members.insert(name.to_string(), Json::from(revealed.as_str()));
            }
            result
        }
        Err(error) => {
            if error.code() == ErrorCode::Internal {
                problem::log(error, request);
            }
            json!({ "status": error.code().status(), "error": problem::body(error, request, path) })
        }
    };
    outcome.rows.iter().map(result).collect()
}
