//! Contents of files: `POST /v1/files` takes one, `GET /v1/files/{id}/content` gives it back.

use super::call::{Bound, Call, json_answer, not_found};
use super::conditional;
use super::media;
use super::parameters::{Parameters, invalid};
use super::range::{self, Wanted};
use super::write::mark_replay;
use crate::idempotency;
use axum::body::Body;
use axum::response::Response;
use clientela_engine::files::Upload;
use clientela_engine::{Item, ReadPlan, Root, Selection};
use clientela_kernel::{Context, DeletedMode, Error, ErrorCode, Id, Result};
use futures_util::StreamExt as _;
use http::{HeaderValue, StatusCode, header};
use serde_json::{Map, Value as Json, json};
use std::fmt::Write as _;
use std::sync::Arc;

/// Names of the query parameters of an upload: the fields a caller may set, and the declared size.
pub(crate) const NAMES: &[&str] = &["id", "name", "mediaType", "recordId", "description", "size"];
/// The media type of every content, up and down: what a file is says its record, and no browser makes anything of it.
pub(crate) const OCTETS: &str = "application/octet-stream";

/// `POST /v1/files`.
pub(super) async fn upload(bound: Arc<Bound>, call: Call) -> Result<Response> {
    let context = call.context(&bound.state).await?;
    let parameters = Parameters::parse(call.query(), NAMES)?;
    let mut body = Map::new();
    for name in NAMES.iter().filter(|name| **name != "size") {
        body.extend(parameters.get(name).map(|value| ((*name).to_owned(), Json::from(value))));
    }
    let size = parameters.get("size").map(size).transpose()?;
    media::check(&call.parts.headers, &[OCTETS])?;
    let (headers, fields) = (call.parts.headers.clone(), Json::Object(body.clone()));
    let broken = |error| Error::new(ErrorCode::MalformedBody, format!("The file broke off before its end: {error}. Send it again."));
    let frames = call.into_body().into_data_stream().map(move |piece| piece.map_err(broken));
    let upload = Upload { body, size, bytes: Box::pin(frames) };
    let bind = Box::new(move |digest: &str| idempotency::from_headers(&headers, "POST /v1/files", &json!([fields, digest])));
    let outcome = bound.state.engine.upload(&context, &bound.def, upload, bind).await?;
    let mut bytes = Vec::with_capacity(1024);
    let answer = bound.state.engine.render(&context, &outcome, &bound.whole, &mut bytes).await?;
    if !answer.found {
        return Err(not_found(&bound, outcome.id, DeletedMode::Include));
    }
    let mut response = json_answer(StatusCode::CREATED, bytes);
    response.headers_mut().insert(header::ETAG, conditional::entity_tag(answer.version.unwrap_or(outcome.version)));
    mark_replay(outcome.replayed, &mut response);
    let location = format!("{}/{}", bound.path, outcome.id.to_text(&bound.def.prefix));
    if let Ok(location) = HeaderValue::try_from(location) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(response)
}

/// The declared size; one beyond all measure is beyond the limit too.
fn size(text: &str) -> Result<u64> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(invalid(format!("size is {text:?}, but must be a whole number of bytes from 0 on.")));
    }
    Ok(text.parse().unwrap_or(u64::MAX))
}

/// `GET /v1/files/{id}/content`, whole or in part.
pub(super) async fn download(bound: Arc<Bound>, call: Call) -> Result<Response> {
    let context = call.context(&bound.state).await?;
    let id = call.id(&bound)?;
    Parameters::parse(call.query(), &[])?;
    let facts = facts(&bound, &context, id).await?;
    let tag = format!("\"{}\"", facts.digest);
    let headers = &call.parts.headers;
    let mut response = if range::names(headers, &header::IF_NONE_MATCH, &tag) {
        let mut unchanged = Response::new(Body::empty());
        *unchanged.status_mut() = StatusCode::NOT_MODIFIED;
        unchanged
    } else {
        let (status, part) = match range::wanted(headers, &tag, facts.size) {
            Wanted::Whole => (StatusCode::OK, 0..facts.size),
            Wanted::Part(part) => (StatusCode::PARTIAL_CONTENT, part),
            Wanted::Nothing => return Ok(beyond(facts.size)),
        };
        let length = part.end.saturating_sub(part.start);
        let place = format!("bytes {}-{}/{}", part.start, part.end.saturating_sub(1), facts.size);
        let bytes = bound.state.engine.download(context.tenant, &facts.digest, part).await?;
        let mut response = Response::new(Body::from_stream(bytes));
        *response.status_mut() = status;
        let set = response.headers_mut();
        set.insert(header::CONTENT_TYPE, HeaderValue::from_static(OCTETS));
        set.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
        set.insert(header::CONTENT_DISPOSITION, disposition(&facts.name));
        if status == StatusCode::PARTIAL_CONTENT {
            set.insert(header::CONTENT_RANGE, HeaderValue::try_from(place).map_err(Error::internal)?);
        }
        response
    };
    let set = response.headers_mut();
    set.insert(header::ETAG, HeaderValue::try_from(tag).map_err(Error::internal)?);
    set.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    // Should a browser show it after all, it runs nothing of it.
    set.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; sandbox"));
    set.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    Ok(response)
}

/// No such part: RFC 9110 §15.5.17.
fn beyond(size: u64) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::RANGE_NOT_SATISFIABLE;
    if let Ok(value) = HeaderValue::try_from(format!("bytes */{size}")) {
        response.headers_mut().insert(header::CONTENT_RANGE, value);
    }
    response
}

/// What a download needs of the record.
struct Facts {
    digest: String,
    name: String,
    size: u64,
}

async fn facts(bound: &Bound, context: &Context, id: Id) -> Result<Facts> {
    let content = bound.def.digest.clone().unwrap_or_default();
    let item = |key: &str, name: &str| Some(Item::Field { key: key.into(), field: bound.def.field_index(name)? });
    let items = [item("digest", &content), item("name", "name"), item("size", "size")].into_iter().flatten().collect();
    let root = Root::Record { id: id.0, deleted: DeletedMode::Exclude, selection: Arc::new(Selection { items }) };
    let mut text = Vec::new();
    let answer = bound.state.engine.read(context, &ReadPlan { def: Arc::clone(&bound.def), root }, &mut text).await?;
    if !answer.found {
        return Err(not_found(bound, id, DeletedMode::Exclude));
    }
    let json: Json = serde_json::from_slice(&text).map_err(Error::internal)?;
    let text = |name: &str| json.get(name).and_then(Json::as_str).map(str::to_owned);
    let size = json.get("size").and_then(|size| size.as_u64().or_else(|| size.as_str()?.parse().ok()));
    let facts = text("digest").zip(text("name")).zip(size);
    let ((digest, name), size) = facts.ok_or_else(|| not_found(bound, id, DeletedMode::Exclude))?;
    Ok(Facts { digest, name, size })
}

/// `attachment` with the name as RFC 6266 writes it: in ASCII for old clients, and as RFC 8187 for the rest.
fn disposition(name: &str) -> HeaderValue {
    let plain: String = name
        .chars()
        .map(|letter| if letter.is_ascii_graphic() && !"\"\\%;".contains(letter) || letter == ' ' { letter } else { '_' })
        .collect();
    let mut encoded = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    HeaderValue::try_from(format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{encoded}"))
        .unwrap_or(HeaderValue::from_static("attachment"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_safe_in_the_header() {
        assert_eq!(disposition("offer.pdf"), "attachment; filename=\"offer.pdf\"; filename*=UTF-8''offer.pdf");
        let strange = disposition("Käse \"2\"; x=%41.pdf");
        assert_eq!(strange, "attachment; filename=\"K_se _2__ x=_41.pdf\"; filename*=UTF-8''K%C3%A4se%20%222%22%3B%20x%3D%2541.pdf");
    }
}
