//! Contents of files, up and down.

use super::field::{self, Use};
use super::operation::{answer, errors, operation, with_parameters};
use super::{parameter, response};
use crate::rest::file::OCTETS;
use clientela_model::{Registry, ResourceDef, naming};
use serde_json::json;
use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::path::{HttpMethod, Parameter, ParameterBuilder, ParameterIn, PathItem, PathsBuilder};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::schema::{KnownFormat, SchemaFormat, Type};
use utoipa::openapi::{ObjectBuilder, RefOr, Required, Schema};

/// Adds the upload and the download of every resource whose records have a content.
pub(super) fn add(mut paths: PathsBuilder, registry: &Registry) -> PathsBuilder {
    for def in registry.resources().iter().filter(|def| def.digest.is_some()) {
        paths = paths.path(format!("/v1/{}", def.path), upload(def)).path(format!("/v1/{}/{{id}}/content", def.path), download(def));
    }
    paths
}

fn upload(def: &ResourceDef) -> PathItem {
    let one = naming::one(&def.name);
    let body = RequestBodyBuilder::new()
        .description(Some("The content, as it is. It may be sent in chunks, without a length."))
        .required(Some(Required::True))
        .content(OCTETS, ContentBuilder::new().schema(Some(bytes("The bytes."))).build())
        .build();
    let made = answer("The new record.".to_owned(), def.type_name.to_string())
        .header_ref("ETag", response::header("ETag"))
        .header_ref("Location", response::header("Location"))
        .header_ref("Idempotency-Replayed", response::header("Idempotency-Replayed"));
    let upload = operation(def, &format!("upload{}", def.type_name), &format!("Upload {one}"))
        .description(Some(format!(
            "Takes the content of {one} as the body and makes its record, both or neither. The content is kept by its SHA-256, once however often it comes. \
             How large it may be and of which types is told at `/v1/limits`. Bytes that are a page, a drawing with scripts or a program are refused under \
             another type."
        )))
        .request_body(Some(body))
        .response("201", made);
    let own = |name: &str| def.field(name).map(|field| field::schema(def, field, Use::Written, false));
    let upload = ["id", "name", "recordId", "description"].into_iter().fold(upload, |upload, name| match own(name) {
        Some(schema) => upload.parameter(query(name, name == "name", describe(def, name), schema)),
        None => upload,
    });
    let media_type = ObjectBuilder::new()
        .schema_type(Type::String)
        .pattern(Some("^[a-z0-9.+_-]{1,60}/[a-z0-9.+_-]{1,60}$"))
        .examples([json!("application/pdf")]);
    let size = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(0)).examples([json!(48213)]);
    let text = "The media type, in lower case and without parameters. Where absent, what the first bytes tell.";
    let upload = upload.parameter(query("mediaType", false, text, media_type.into()));
    let text = "How many bytes the content has: it is refused where it is another number.";
    let upload = upload.parameter(query("size", false, text, size.into()));
    let upload = with_parameters(upload, &["IdempotencyKey"]);
    PathItem::new(HttpMethod::Post, errors(upload, &[400, 401, 403, 409, 413, 415, 422, 500, 503]))
}

fn describe<'d>(def: &'d ResourceDef, name: &str) -> &'d str {
    def.field(name).map_or("", |field| field.description.as_ref())
}

fn query(name: &str, required: bool, description: &str, schema: RefOr<Schema>) -> Parameter {
    let required = if required { Required::True } else { Required::False };
    let parameter = ParameterBuilder::new().name(name).parameter_in(ParameterIn::Query).required(required);
    parameter.description(Some(description)).schema(Some(schema)).build()
}

fn download(def: &ResourceDef) -> PathItem {
    let one = naming::one(&def.name);
    let part = |text: &str| {
        let content = ContentBuilder::new().schema(Some(bytes("The bytes."))).build();
        response::base(text).content(OCTETS, content).header_ref("ETag", response::header("ETag"))
    };
    let download = operation(def, &format!("download{}", def.type_name), &format!("Download {one}"))
        .description(Some(format!(
            "Gives the content of {one}, always as a download of bytes: what they are says `mediaType` of the record. One `Range` of bytes is answered \
             with that part, `If-Range` and `If-None-Match` with the `ETag`, which is the content's SHA-256, hold as in RFC 9110."
        )))
        .parameter(parameter::id(def))
        .response("200", part("The whole content."))
        .response("206", part("The part that was asked for."))
        .response("304", response::base("You have this content.").header_ref("ETag", response::header("ETag")))
        .response("416", response::base("The content has no such part."));
    PathItem::new(HttpMethod::Get, errors(download, &[400, 401, 403, 404, 500, 503]))
}

fn bytes(description: &str) -> ObjectBuilder {
    let format = Some(SchemaFormat::KnownFormat(KnownFormat::Binary));
    ObjectBuilder::new().schema_type(Type::String).format(format).description(Some(description))
}
