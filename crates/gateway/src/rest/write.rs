//! Writes: create, patch, delete, restore, upsert, erase.

use super::call::{Bound, Call, empty_answer, json_answer, not_found};
use super::conditional::{self, IfMatch};
use super::media::{JSON, MERGE_PATCH};
use super::parameters::{self, Parameters};
use crate::idempotency;
use crate::rehearsal::Stage;
use axum::response::Response;
use clientela_engine::write::Idempotency;
use clientela_engine::{Expected, Item, ReadPlan, Root, Selection, UpsertMode, WriteAction, WriteOutcome, WriteRequest};
use clientela_kernel::{Context, DeletedMode, Error, ErrorCode, Id, Result};
use clientela_model::{naming, system};
use http::{HeaderValue, Method, StatusCode, header};
use serde_json::{Value as Json, json};
use std::sync::Arc;
use uuid::Uuid;

/// The parameter of a trial.
pub(super) const DRY_RUN: &str = "dryRun";
/// The parameter by which duplicates are allowed.
pub(super) const ALLOW_DUPLICATES: &str = "allowDuplicates";

/// `POST /v1/accounts`.
pub(super) async fn create(bound: Arc<Bound>, call: Call) -> Result<Response> {
    let mut context = call.context(&bound.state).await?;
    let dry = options(&call, bound.def.checks_duplicates, &mut context)?;
    let headers = call.parts.headers.clone();
    let body = call.object(&bound.state, &[JSON]).await?;
    let body = Json::Object(body);
    let idempotency = idempotency::from_headers(&headers, &format!("POST {}", bound.path), &body)?;
    let Json::Object(body) = body else { return Err(Error::internal("an object is no object any more")) };
    let written = write(&bound, &context, WriteAction::Create { body }, idempotency, dry).await?;
    render(&bound, &context, written, made(&bound)).await
}

/// The status of a new record: what is carried out later is accepted.
fn made(bound: &Bound) -> StatusCode {
    if bound.def.content.is_some() { StatusCode::ACCEPTED } else { StatusCode::CREATED }
}

/// The answer that shows a record whose work goes on when it is sent.
pub(super) async fn accepted(bound: &Bound, context: &Context, outcome: WriteOutcome) -> Result<Response> {
    let stage = Stage::open(&bound.state.engine, false).await?;
    render(bound, context, Written { stage, outcome }, StatusCode::ACCEPTED).await
}

/// `PATCH /v1/accounts/{id}`.
pub(super) async fn update(bound: Arc<Bound>, call: Call) -> Result<Response> {
    let context = call.context(&bound.state).await?;
    let dry = dry_run(&call)?;
    let id = call.id(&bound)?;
    let (headers, operation) = (call.parts.headers.clone(), operation(&call));
    let body = Json::Object(call.object(&bound.state, &[MERGE_PATCH, JSON]).await?);
    let idempotency = idempotency::from_headers(&headers, &operation, &body)?;
    let expected = expected(&bound, &context, id, conditional::if_match(&headers)?, idempotency.is_some()).await?;
    let Json::Object(body) = body else { return Err(Error::internal("an object is no object any more")) };
    let written = write(&bound, &context, WriteAction::Update { id, body, expected }, idempotency, dry).await?;
    render(&bound, &context, written, StatusCode::OK).await
}

/// `DELETE /v1/accounts/{id}`.
pub(super) async fn delete(bound: Arc<Bound>, call: Call) -> Result<Response> {
    let (context, written) = without_body(&bound, call, |id, expected| WriteAction::Delete { id, expected }).await?;
    emptied(&context, written).await
}

/// `POST /v1/accounts/{id}/restore`.
pub(super) async fn restore(bound: Arc<Bound>, call: Call) -> Result<Response> {
    let (context, written) = without_body(&bound, call, |id, expected| WriteAction::Restore { id, expected, merged: false }).await?;
    render(&bound, &context, written, StatusCode::OK).await
}

/// `POST /v1/accounts/{id}/erase`.
pub(super) async fn erase(bound: Arc<Bound>, call: Call) -> Result<Response> {
    let (context, written) = without_body(&bound, call, |id, expected| WriteAction::Erase { id, expected }).await?;
    emptied(&context, written).await
}

/// Carries out what takes nothing but the record and the version it builds on. A deletion's body, if a client sends one, is
/// left unread.
async fn without_body(
    bound: &Arc<Bound>,
    call: Call,
    action: impl FnOnce(Id, Option<Expected>) -> WriteAction,
) -> Result<(Context, Written)> {
    let context = call.context(&bound.state).await?;
    let dry = dry_run(&call)?;
    let id = call.id(bound)?;
    let (headers, operation) = (call.parts.headers.clone(), operation(&call));
    if call.parts.method != Method::DELETE {
        call.no_body(&bound.state).await?;
    }
    let idempotency = idempotency::from_headers(&headers, &operation, &Json::Null)?;
    let expected = expected(bound, &context, id, conditional::if_match(&headers)?, idempotency.is_some()).await?;
    let written = write(bound, &context, action(id, expected), idempotency, dry).await?;
    Ok((context, written))
}

/// The answer where no record is left to show.
async fn emptied(context: &Context, written: Written) -> Result<Response> {
    let Written { stage, outcome } = written;
    if let Some(changes) = stage.close(context).await? {
        return Ok(json_answer(StatusCode::OK, json!({ "dryRun": { "changes": changes } }).to_string().into_bytes()));
    }
    let mut response = empty_answer(StatusCode::NO_CONTENT);
    mark_replay(outcome.replayed, &mut response);
    Ok(response)
}

/// `PUT /v1/accounts/by/{key}/{value}`.
pub(super) async fn upsert(bound: Arc<Bound>, call: Call) -> Result<Response> {
    let mut context = call.context(&bound.state).await?;
    let dry = options(&call, bound.def.checks_duplicates, &mut context)?;
    let by = call.by(&bound)?;
    let (headers, operation) = (call.parts.headers.clone(), operation(&call));
    let body = Json::Object(call.object(&bound.state, &[MERGE_PATCH, JSON]).await?);
    let idempotency = idempotency::from_headers(&headers, &operation, &body)?;
    let (create_only, matched) = (conditional::creates_only(&headers)?, conditional::if_match(&headers)?);
    let mode = match (create_only, matched.is_some()) {
        (true, true) => return Err(parameters::invalid("If-None-Match: * and If-Match cannot both hold. Send one of them.".to_owned())),
        (true, false) => UpsertMode::CreateOnly,
        (false, true) => UpsertMode::UpdateOnly,
        (false, false) => UpsertMode::Upsert,
    };
    let several = matches!(&matched, Some(IfMatch::OneOf(versions)) if versions.len() > 1);
    let id = if several { bound.state.engine.find_by(&context, &bound.def, &by).await? } else { None };
    let expected = expected(&bound, &context, id.unwrap_or(Id(Uuid::nil())), matched, idempotency.is_some()).await?;
    let Json::Object(body) = body else { return Err(Error::internal("an object is no object any more")) };
    let written = write(&bound, &context, WriteAction::Upsert { by, body, mode, expected }, idempotency, dry).await?;
    let status = if written.outcome.created { StatusCode::CREATED } else { StatusCode::OK };
    render(&bound, &context, written, status).await
}

/// Whether the write is only to be tried.
pub(super) fn dry_run(call: &Call) -> Result<bool> {
    Parameters::parse(call.query(), &[DRY_RUN])?.flag(DRY_RUN)
}

/// Whether a write that may make records is only to be tried; whether it may make duplicates goes into the context.
pub(super) fn options(call: &Call, checks_duplicates: bool, context: &mut Context) -> Result<bool> {
    let known: &[&str] = if checks_duplicates { &[DRY_RUN, ALLOW_DUPLICATES] } else { &[DRY_RUN] };
    let parameters = Parameters::parse(call.query(), known)?;
    context.allow_duplicates = parameters.flag(ALLOW_DUPLICATES)?;
    parameters.flag(DRY_RUN)
}

/// What an idempotency key is bound to, beside the body.
pub(super) fn operation(call: &Call) -> String {
    format!("{} {}", call.parts.method, call.parts.uri.path())
}

/// A write that was carried out, or tried.
struct Written {
    stage: Stage,
    outcome: WriteOutcome,
}

/// Carries a write out. A trial needs no idempotency key and leaves it unused.
async fn write(bound: &Bound, context: &Context, action: WriteAction, idempotency: Option<Idempotency>, dry: bool) -> Result<Written> {
    let stage = Stage::open(&bound.state.engine, dry).await?;
    let idempotency = idempotency.filter(|_| !dry);
    let outcome = stage.engine.write(context, WriteRequest { def: Arc::clone(&bound.def), action, idempotency }).await?;
    Ok(Written { stage, outcome })
}

/// What an `If-Match` means for the engine, which compares with one version. A list of several is settled by reading
/// the present version first; the write is then bound to that one, so nothing can slip in between.
pub(super) async fn expected(bound: &Bound, context: &Context, id: Id, given: Option<IfMatch>, keyed: bool) -> Result<Option<Expected>> {
    let versions = match given {
        None => return Ok(None),
        Some(IfMatch::Any) => return Ok(Some(Expected::Any)),
        Some(IfMatch::OneOf(versions)) => versions,
    };
    match versions.as_slice() {
        [] => Ok(Some(Expected::Never)),
        [version] => Ok(Some(Expected::Version(*version))),
        [first, ..] => {
            let current = current_version(bound, context, id).await?;
            let named = current.filter(|current| versions.contains(current));
            // A repeated key is answered by the engine whatever the version is by now.
            Ok(Some(named.map_or(if keyed { Expected::Version(*first) } else { Expected::Never }, Expected::Version)))
        }
    }
}

async fn current_version(bound: &Bound, context: &Context, id: Id) -> Result<Option<i64>> {
    let field = bound.def.field_index(system::VERSION).ok_or_else(|| Error::internal("a resource without a version"))?;
    let selection = Selection { items: vec![Item::Field { key: system::VERSION.into(), field }] };
    let plan = ReadPlan {
        def: Arc::clone(&bound.def),
        root: Root::Record { id: id.0, deleted: DeletedMode::Include, selection: Arc::new(selection) },
    };
    Ok(bound.state.engine.read(context, &plan, &mut Vec::new()).await?.version)
}

/// The answer that shows the written record.
async fn render(bound: &Bound, context: &Context, written: Written, status: StatusCode) -> Result<Response> {
    let Written { stage, outcome } = written;
    let mut bytes = Vec::with_capacity(2048);
    let answer = stage.engine.render(context, &outcome, &bound.whole, &mut bytes).await?;
    if !answer.found {
        return Err(gone(bound, &outcome));
    }
    if stage.is_rehearsal() {
        let changes = stage.close(context).await?;
        add_member(&mut bytes, "dryRun", &json!({ "changes": changes }));
        return Ok(json_answer(status, bytes));
    }
    // A replay shows the record as it is now.
    let shown = answer.version.unwrap_or(outcome.version);
    if let (Some(revealed), Some((name, _))) = (&outcome.revealed, &bound.def.reveals) {
        add_member(&mut bytes, name, &Json::from(revealed.as_str()));
    }
    let mut response = json_answer(status, bytes);
    response.headers_mut().insert(header::ETAG, conditional::entity_tag(shown));
    mark_replay(outcome.replayed, &mut response);
    if status == StatusCode::CREATED || status == StatusCode::ACCEPTED {
        let location = format!("{}/{}", bound.path, outcome.id.to_text(&bound.def.prefix));
        if let Ok(location) = HeaderValue::try_from(location) {
            response.headers_mut().insert(header::LOCATION, location);
        }
    }
    Ok(response)
}

/// A repeated request whose record has gone since, or a record its writer may not read.
fn gone(bound: &Bound, outcome: &WriteOutcome) -> Error {
    if !outcome.replayed {
        return not_found(bound, outcome.id, DeletedMode::Include);
    }
    let wire = outcome.id.to_text(&bound.def.prefix);
    let text = format!(
        "This request was carried out before, on {} that is deleted or hidden from you by now: {wire}.",
        naming::one(&bound.def.name)
    );
    Error::new(ErrorCode::NotFound, text).with_existing_id(wire)
}

/// Says that this answers a repeated idempotency key.
pub(super) fn mark_replay(replayed: bool, response: &mut Response) {
    if replayed {
        response.headers_mut().insert(idempotency::IDEMPOTENCY_REPLAYED, idempotency::TRUE);
    }
}

/// Adds a member to a JSON object that has at least one.
fn add_member(bytes: &mut Vec<u8>, name: &str, value: &Json) {
    if bytes.pop() == Some(b'}') {
        bytes.extend_from_slice(format!(",{}:{value}}}", Json::from(name)).as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_revealed_value_is_one_more_member() {
        let mut bytes = br#"{"id":"key_1"}"#.to_vec();
        add_member(&mut bytes, "secret", &Json::from("a\"b"));
        assert_eq!(bytes, br#"{"id":"key_1","secret":"a\"b"}"#);
    }
}
