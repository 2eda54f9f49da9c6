//! The contract of the caller's tenant as data: `GET /v1/schema` and `GET /v1/schema/{resource}`. It shows what the caller may do, and nothing that is hidden from them. GraphQL
//! has its introspection for the same.

mod describe;
mod language;

use super::address;
use super::call::{Call, empty_answer, json_answer};
use super::conditional;
use super::parameters::Parameters;
use crate::GatewayState;
use crate::document::tag_of;
use crate::openapi::body_schema;
use axum::response::Response;
use clientela_kernel::{Context, Error, ErrorCode, Result};
use clientela_model::Registry;
use describe::Describer;
use http::{HeaderValue, StatusCode, header};
use language::Languages;
use serde_json::{Value as Json, json};
use std::sync::Arc;

/// `GET /v1/schema`.
pub(super) async fn everything(state: Arc<GatewayState>, call: Call) -> Result<Response> {
    let context = call.context(&state).await?;
    Parameters::parse(call.query(), &[])?;
    let describer = describer(state.engine.registry(), &context, &call);
    let resources: Vec<Json> = state.engine.registry().resources().iter().filter_map(|def| describer.resource(def)).collect();
    answer(&call, &json!({ "resources": resources }))
}

/// `GET /v1/schema/{resource}`: by its name (`account`) or its path (`accounts`).
pub(super) async fn one(state: Arc<GatewayState>, call: Call) -> Result<Response> {
    let context = call.context(&state).await?;
    Parameters::parse(call.query(), &[])?;
    let registry = state.engine.registry();
    let name = address::decode(call.parts.uri.path().strip_prefix("/v1/schema/").unwrap_or_default())?;
    let describer = describer(registry, &context, &call);
    let def = registry.resources().iter().find(|def| def.name == *name || def.path == *name);
    let Some((def, mut described)) = def.and_then(|def| Some((def, describer.resource(def)?))) else {
        let text = format!("There is no resource {name:?}, or none that you may do anything with. GET /v1/schema shows all of them.");
        return Err(Error::new(ErrorCode::NotFound, text));
    };
    let mut bodies = serde_json::Map::new();
    if let Some(grant) = describer.creates(def) {
        bodies.insert("create".to_owned(), body_schema(def, true, |field| grant.fields.writes(field))?);
    }
    if let Some(grant) = describer.updates(def) {
        bodies.insert("update".to_owned(), body_schema(def, false, |field| grant.fields.writes(field))?);
    }
    if let Json::Object(members) = &mut described {
        members.insert("jsonSchema".to_owned(), Json::Object(bodies));
    }
    answer(&call, &described)
}

fn describer<'c>(registry: &'c Registry, context: &'c Context, call: &Call) -> Describer<'c> {
    Describer::new(registry, context, Languages::of(&call.parts.headers))
}

/// The answer with its entity tag, or 304 where the caller has it.
fn answer(call: &Call, body: &Json) -> Result<Response> {
    let text = body.to_string();
    let tag = tag_of(&text)?;
    let mut response = match conditional::knows(&call.parts.headers, &tag)? {
        true => empty_answer(StatusCode::NOT_MODIFIED),
        false => json_answer(StatusCode::OK, text.into_bytes()),
    };
    let headers = response.headers_mut();
    headers.insert(header::ETAG, tag);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    headers.append(header::VARY, HeaderValue::from_static("accept-language"));
    Ok(response)
}
