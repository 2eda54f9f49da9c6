//! One change to every record that satisfies a filter: `POST /v1/accounts/bulk-update` and `POST /v1/accounts/bulk-delete`.

use super::batch::refuse_unknown;
use super::call::{Bound, Call, json_answer};
use super::media::JSON;
use super::write::{dry_run, mark_replay};
use crate::idempotency;
use crate::rehearsal::Stage;
use axum::response::Response;
use clientela_engine::{Bulk, whole_number};
use clientela_kernel::{Error, FieldProblem, ProblemCode, Result};
use http::StatusCode;
use serde_json::{Map, Value as Json, json};
use std::sync::Arc;

/// `POST /v1/accounts/bulk-update`.
pub(super) async fn update(bound: Arc<Bound>, call: Call) -> Result<Response> {
    bulk(&bound, call, true).await
}

/// `POST /v1/accounts/bulk-delete`.
pub(super) async fn delete(bound: Arc<Bound>, call: Call) -> Result<Response> {
    bulk(&bound, call, false).await
}

async fn bulk(bound: &Bound, call: Call, updates: bool) -> Result<Response> {
    let context = call.context(&bound.state).await?;
    let dry = dry_run(&call)?;
    let (headers, path) = (call.parts.headers.clone(), call.parts.uri.path().to_owned());
    let mut body = call.object(&bound.state, &[JSON]).await?;
    refuse_unknown(&body, if updates { &["filter", "values", "expectedCount"] } else { &["filter", "expectedCount"] })?;
    let idempotency = idempotency::from_headers(&headers, &format!("POST {path}"), &Json::Object(body.clone()))?.filter(|_| !dry);
    let expected = match body.remove("expectedCount") {
        None => None,
        Some(count) => match whole_number(&count).filter(|count| *count >= 0) {
            Some(count) => Some(count),
            None => return Err(wrong("/expectedCount", "expectedCount must be a whole number from 0.")),
        },
    };
    let given = object(&mut body, "filter")?;
    if given.is_empty() && expected.is_none() {
        let text = "filter is empty, which means every record. Say how many there are with expectedCount, or narrow it.";
        return Err(Error::validation(vec![FieldProblem::new("/filter", ProblemCode::Required, text)]));
    }
    let filter = bound.state.engine.parse_filter(&context, &bound.def, &Json::Object(given))?;
    let patch = if updates { Some(object(&mut body, "values")?) } else { None };
    let stage = Stage::open(&bound.state.engine, dry).await?;
    let bulk = Bulk { def: Arc::clone(&bound.def), filter, patch, expected, idempotency };
    let outcome = stage.engine.bulk(&context, bulk).await?;
    let mut answer = json!({ "count": outcome.count });
    if let (Some(changes), Some(members)) = (stage.close(&context).await?, answer.as_object_mut()) {
        members.insert("dryRun".to_owned(), json!({ "changes": changes }));
    }
    let mut response = json_answer(StatusCode::OK, answer.to_string().into_bytes());
    mark_replay(outcome.replayed, &mut response);
    Ok(response)
}

fn object(body: &mut Map<String, Json>, name: &str) -> Result<Map<String, Json>> {
    match body.remove(name) {
        Some(Json::Object(members)) => Ok(members),
        _ => Err(wrong(&format!("/{name}"), &format!("{name} must be an object."))),
    }
}

fn wrong(pointer: &str, text: &str) -> Error {
    Error::validation(vec![FieldProblem::new(pointer, ProblemCode::WrongType, text)])
}
