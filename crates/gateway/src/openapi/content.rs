//! The files of records.

use super::operation::{answer, errors, operation};
use super::{parameter, response};
use clientela_model::{CONTENT_TYPES, ContentRole, ResourceDef, naming};
use serde_json::{Value as Json, json};
use utoipa::openapi::content::{Content, ContentBuilder};
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::{HttpMethod, PathItem, PathsBuilder};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::schema::Type;
use utoipa::openapi::{ObjectBuilder, Required};

/// Adds `…/{id}/content`, where the resource's records hold files.
pub(super) fn add(paths: PathsBuilder, def: &ResourceDef) -> PathsBuilder {
    let path = format!("/v1/{}/{{id}}/content", def.path);
    match def.content {
        Some(ContentRole::Received) => paths.path(path, send(def)),
        Some(ContentRole::Given) => paths.path(path, fetch(def)),
        None => paths,
    }
}

fn send(def: &ResourceDef) -> PathItem {
    let (one, type_name) = (naming::one(&def.name), def.type_name.as_ref());
    let body = RequestBodyBuilder::new().description(Some("The file, as it is.")).required(Some(Required::True));
    let body = CONTENT_TYPES.iter().fold(body, |body, (media_type, ending)| body.content(*media_type, file(ending)));
    let shown = answer("The record. It has its file, and the work begins.".to_owned(), type_name.to_owned())
        .header_ref("ETag", response::header("ETag"))
        .header_ref("Location", response::header("Location"));
    let send = operation(def, &format!("send{type_name}Content"), &format!("Send the file of {one}"))
        .description(Some(format!(
            "Sends the file of {one} that waits for one, of at most `contentBytes` of `/v1/limits`. It can be sent once; where sending it failed, send it \
             again. The file is removed when the work is done, and after seven days in any case."
        )))
        .parameter(parameter::id(def))
        .request_body(Some(body.build()))
        .response("202", shown);
    PathItem::new(HttpMethod::Put, errors(send, &[400, 401, 403, 404, 412, 413, 415, 422, 500, 503]))
}

fn fetch(def: &ResourceDef) -> PathItem {
    let (one, type_name) = (naming::one(&def.name), def.type_name.as_ref());
    let name = ObjectBuilder::new().schema_type(Type::String).examples([json!("attachment; filename=\"accounts-2026-01-31.csv\"")]);
    let name = HeaderBuilder::new().schema(Some(name)).description(Some("What to call the file (RFC 6266).")).build();
    let shown = response::base("The file.").header("Content-Disposition", name);
    let shown = CONTENT_TYPES.iter().fold(shown, |shown, (media_type, ending)| shown.content(*media_type, file(ending)));
    let fetch = operation(def, &format!("get{type_name}Content"), &format!("Fetch the file of {one}"))
        .description(Some(format!(
            "Sends the file of {one} that has succeeded, piece by piece. Before that, and after seven days, there is none and this answers 404."
        )))
        .parameter(parameter::id(def))
        .response("200", shown);
    PathItem::new(HttpMethod::Get, errors(fetch, &[400, 401, 403, 404, 500, 503]))
}

fn file(ending: &str) -> Content {
    let schema = ObjectBuilder::new().schema_type(Type::String).description(Some("The file."));
    ContentBuilder::new().schema(Some(schema)).example(Some(example(ending))).build()
}

fn example(ending: &str) -> Json {
    match ending {
        "ndjson" => json!("{\"number\":\"4711\",\"name\":\"Alfreds Futterkiste\"}\n"),
        _ => json!("number,name\n4711,Alfreds Futterkiste\n"),
    }
}
