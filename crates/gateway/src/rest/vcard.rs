//! `GET /v1/contacts/{id}/vcard`: a record as a vCard, by the operation that writes them.

use super::call::{Bound, Call};
use super::parameters::{Parameters, invalid};
use axum::body::Body;
use axum::response::Response;
use clientela_engine::OperationRequest;
use clientela_kernel::{Error, ErrorCode, Result, Value};
use clientela_model::{Content, OperationDef, Registry, ResourceDef};
use http::{HeaderValue, header};
use serde_json::{Map, json};
use std::sync::Arc;

/// Its media type.
const VCARD: HeaderValue = HeaderValue::from_static("text/vcard; charset=utf-8");
/// The versions, and what the operation calls them.
const VERSIONS: [(&str, &str); 2] = [("4.0", "V4"), ("3.0", "V3")];

/// The operation that writes records of a resource as vCards: that of the identity which they are faces of.
pub(crate) fn writer<'r>(registry: &'r Registry, def: &ResourceDef) -> Option<&'r Arc<OperationDef>> {
    let operation = registry.operation("exportVcard")?;
    (def.face.as_ref() == Some(&operation.resource)).then_some(operation)
}

/// Reads a record as a vCard.
pub(super) async fn get(bound: Arc<Bound>, call: Call) -> Result<Response> {
    let state = &bound.state;
    let context = call.context(state).await?;
    let id = call.id(&bound)?;
    let parameters = Parameters::parse(call.query(), &["version"])?;
    let version = parameters.get("version").unwrap_or("4.0");
    let version = VERSIONS.iter().find(|(number, _)| *number == version).map(|(_, name)| *name);
    let version = version.ok_or_else(|| invalid("version must be 4.0 or 3.0.".to_owned()))?;
    let def = writer(state.engine.registry(), &bound.def).ok_or_else(|| Error::internal("nobody writes vCards"))?;
    let mut body = Map::new();
    body.insert("partyId".to_owned(), json!(id.to_text(&bound.def.prefix)));
    body.insert("version".to_owned(), json!(version));
    let request = OperationRequest { def: Arc::clone(def), record: None, body, expected: None, idempotency: None, dry_run: false };
    let outcome = state.engine.operate(&context, request).await.map_err(|error| match error.code() {
        ErrorCode::ValidationFailed => {
            let text = format!("There is no {} {}, or it is deleted.", bound.def.name, id.to_text(&bound.def.prefix));
            Error::new(ErrorCode::NotFound, text)
        }
        _ => error,
    })?;
    let Some(Content::Value(Value::Text(text))) = outcome.output.first() else { return Err(Error::internal("a vCard that is no text")) };
    let mut response = Response::new(Body::from(text.clone()));
    response.headers_mut().insert(header::CONTENT_TYPE, VCARD);
    Ok(response)
}
