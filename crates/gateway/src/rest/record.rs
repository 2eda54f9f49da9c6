//! One record: `GET /v1/accounts/{id}` and by another key, `GET /v1/accounts/by/{key}/{value}`.

use super::call::{Bound, Call, empty_answer, json_answer, not_found, not_found_by, not_found_then};
use super::parameters::{self, Parameters};
use super::{conditional, selection};
use axum::response::Response;
use clientela_engine::{ReadPlan, Root, Selection};
use clientela_kernel::{Context, DeletedMode, Error, Id, Result};
use http::{HeaderValue, StatusCode, header};
use std::sync::Arc;

/// Names of the query parameters.
pub(crate) const NAMES: &[&str] = &["fields", "expand", "deleted", "asOf"];

/// Those of a read by key: a deleted record has none.
pub(crate) const NAMES_BY: &[&str] = &["fields", "expand"];

/// Reads one record; 304 where `If-None-Match` names its version.
pub(super) async fn get(bound: Arc<Bound>, call: Call) -> Result<Response> {
    let context = call.context(&bound.state).await?;
    let id = call.id(&bound)?;
    shown(&bound, &call, &context, id, NAMES).await
}

/// `GET /v1/accounts/by/{key}/{value}`.
pub(super) async fn get_by(bound: Arc<Bound>, call: Call) -> Result<Response> {
    let context = call.context(&bound.state).await?;
    Parameters::parse(call.query(), NAMES_BY)?;
    let by = call.by(&bound)?;
    let id = bound.state.engine.find_by(&context, &bound.def, &by).await?.ok_or_else(|| not_found_by(&bound, &by))?;
    shown(&bound, &call, &context, id, NAMES_BY).await
}

async fn shown(bound: &Bound, call: &Call, context: &Context, id: Id, names: &[&str]) -> Result<Response> {
    let Some(query) = call.query() else {
        return read(bound, call, context, id, DeletedMode::Exclude, Arc::clone(&bound.whole), true).await;
    };
    let parameters = Parameters::parse(Some(query), names)?;
    let listed = |name: &str| parameters.get(name).map_or(Ok(Vec::new()), |text| parameters::names(name, text));
    let (fields, expand) = (listed("fields")?, listed("expand")?);
    let deleted = parameters.get("deleted").map_or(Ok(DeletedMode::Exclude), parameters::deleted)?;
    let as_of = parameters.get("asOf").map(parameters::as_of).transpose()?;
    let plain = fields.is_empty() && expand.is_empty();
    let selection = if plain {
        Arc::clone(&bound.whole)
    } else {
        Arc::new(selection::select(context, bound.state.engine.registry(), &bound.def, &fields, &expand, &bound.state.limits)?)
    };
    if let Some(at) = as_of {
        // What was has no entity tag: a write compares with what is. A header that is none is told all the same.
        super::conditional::none_match_hits(&call.parts.headers, 0)?;
        let plan = ReadPlan { def: Arc::clone(&bound.def), root: Root::Record { id: id.0, deleted, selection } };
        let mut bytes = Vec::with_capacity(2048);
        let answer = bound.state.engine.read_past(context, &plan, at, &mut bytes).await?;
        return if answer.found { Ok(json_answer(StatusCode::OK, bytes)) } else { Err(not_found_then(bound, id)) };
    }
    read(bound, call, context, id, deleted, selection, plain).await
}

/// Where a record is.
fn location(bound: &Bound, id: Id, query: &str) -> Result<HeaderValue> {
    HeaderValue::try_from(format!("/v1/{}/{}{query}", bound.def.path, id.to_text(&bound.def.prefix))).map_err(Error::internal)
}

/// An entity tag stands for the whole record, so only the plain answer carries one.
async fn read(
    bound: &Bound,
    call: &Call,
    context: &Context,
    id: Id,
    deleted: DeletedMode,
    selection: Arc<Selection>,
    plain: bool,
) -> Result<Response> {
    let plan = ReadPlan { def: Arc::clone(&bound.def), root: Root::Record { id: id.0, deleted, selection } };
    let mut bytes = Vec::with_capacity(2048);
    let answer = bound.state.engine.read(context, &plan, &mut bytes).await?;
    if let Some(successor) = answer.successor {
        let query = call.query().map_or_else(String::new, |query| format!("?{query}"));
        let mut response = empty_answer(StatusCode::PERMANENT_REDIRECT);
        response.headers_mut().insert(header::LOCATION, location(bound, successor, &query)?);
        return Ok(response);
    }
    if !answer.found {
        return Err(not_found(bound, id, deleted));
    }
    // A malformed header is refused whether or not this answer carries a tag.
    let known = conditional::none_match_hits(&call.parts.headers, answer.version.unwrap_or(0))?;
    let Some(version) = answer.version.filter(|_| plain) else { return Ok(json_answer(StatusCode::OK, bytes)) };
    let mut response = if known { empty_answer(StatusCode::NOT_MODIFIED) } else { json_answer(StatusCode::OK, bytes) };
    response.headers_mut().insert(header::ETAG, conditional::entity_tag(version));
    Ok(response)
}
