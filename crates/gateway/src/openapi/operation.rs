//! The operations of a resource.

use super::{listing, parameter, record, response};
use clientela_model::{ResourceDef, naming};
use serde_json::Value as Json;
use utoipa::openapi::content::{Content, ContentBuilder};
use utoipa::openapi::link::LinkBuilder;
use utoipa::openapi::path::{HttpMethod, OperationBuilder, PathItem, PathsBuilder};
use utoipa::openapi::request_body::{RequestBody, RequestBodyBuilder};
use utoipa::openapi::response::ResponseBuilder;
use utoipa::openapi::security::SecurityRequirement;
use utoipa::openapi::{Ref, Required};

pub(super) const JSON: &str = "application/json";
pub(super) const MERGE_PATCH: &str = "application/merge-patch+json";

/// Adds the paths of a resource.
pub(super) fn add(paths: PathsBuilder, def: &ResourceDef) -> PathsBuilder {
    let (path, type_name) = (format!("/v1/{}", def.path), def.type_name.as_ref());
    let (plural, words) = (naming::pascal(&def.plural), naming::words(&def.plural));
    let one = naming::one(&def.name);
    let page = || answer(format!("A page of {words}."), format!("{type_name}Page"));
    let shown = |text: &str| answer(text.to_owned(), type_name.to_owned()).header_ref("ETag", response::header("ETag"));

    let list = operation(def, &format!("list{plural}"), &format!("List {words}"))
        .description(Some(format!("Lists {words}, page by page. {}", def.description)))
        .response("200", listed_links(page().header_ref("Link", response::header("Link")), def));
    let list = with_own(list, def, &["Filter", "Sort", "Fields", "Expand"]);
    let list = with_parameters(list, &["Limit", "After", "Before", "Total", "Deleted"]);
    let list = if def.mirror { list } else { with_parameters(list, &["AsOf"]) };
    let mut many = PathItem::new(HttpMethod::Get, errors(list, &[400, 401, 403, 500, 503]));

    let search = operation(def, &format!("search{plural}"), &format!("Search {words}"))
        .description(Some(format!(
            "Lists {words} like the list, with everything in a body: for filters that are long or built by a program."
        )))
        .request_body(Some(body("What to list.", &[JSON], &format!("{type_name}Search"), Some(listing::search_example()))))
        .response("200", page());
    let mut search = PathItem::new(HttpMethod::Post, errors(search, &[400, 401, 403, 413, 415, 500, 503]));

    if def.is_searched() {
        search.merge_operations(super::search::within(def));
    }

    let get = operation(def, &format!("get{type_name}"), &format!("Read {one}"))
        .description(Some(format!("Reads {one} by id.")))
        .parameter(parameter::id(def))
        .response("200", answer("The record.".to_owned(), record::part_name(def)).header_ref("ETag", response::header("ETag")))
        .response("304", response::base("The record still has the version you know.").header_ref("ETag", response::header("ETag")));
    let merged =
        response::base("The record was merged into another one, which is there.").header_ref("Location", response::header("Location"));
    let get = if def.successor().is_some() { get.response("308", merged) } else { get };
    let get = with_own(get, def, &["Fields", "Expand"]);
    let get = with_parameters(get, &["Deleted", "IfNoneMatch"]);
    let get = if def.mirror { get } else { with_parameters(get, &["AsOf"]) };
    let mut single = PathItem::new(HttpMethod::Get, errors(get, &[400, 401, 403, 404, 500, 503]));

    if def.creatable {
        let schema = if def.reveals.is_some() { format!("{type_name}Created") } else { type_name.to_owned() };
        let created = answer("The new record.".to_owned(), schema)
            .header_ref("ETag", response::header("ETag"))
            .header_ref("Location", response::header("Location"))
            .header_ref("Idempotency-Replayed", response::header("Idempotency-Replayed"));
        let create = operation(def, &format!("create{type_name}"), &format!("Create {one}"))
            .description(Some(format!("Creates {one}. You may choose its id; the server mints one otherwise.")))
            .request_body(Some(body("The new record.", &[JSON], &format!("{type_name}Create"), Some(record::create_example(def)))))
            .response(if def.content.is_some() { "202" } else { "201" }, created_links(created, def));
        let create = with_parameters(create, &["DryRun", "IdempotencyKey"]);
        let create = if def.checks_duplicates { with_parameters(create, &["AllowDuplicates"]) } else { create };
        many.merge_operations(PathItem::new(HttpMethod::Post, errors(create, &[400, 401, 403, 409, 413, 415, 422, 500, 503])));
    }
    if def.updatable {
        let update = operation(def, &format!("update{type_name}"), &format!("Change {one}"))
            .description(Some(format!("Changes {one} by a JSON Merge Patch. A patch that changes nothing leaves the version as it is.")))
            .parameter(parameter::id(def))
            .request_body(Some(body("The patch.", &[MERGE_PATCH, JSON], &format!("{type_name}Patch"), Some(record::patch_example(def)))))
            .response(
                "200",
                shown("The record after the change.").header_ref("Idempotency-Replayed", response::header("Idempotency-Replayed")),
            );
        let update = with_parameters(update, &["DryRun", "IfMatch", "IdempotencyKey"]);
        single.merge_operations(PathItem::new(HttpMethod::Patch, errors(update, &[400, 401, 403, 404, 409, 412, 413, 415, 422, 500, 503])));
    }
    let mut paths = paths;
    if def.deletable {
        let gone = response::base("The record is deleted.").header_ref("Idempotency-Replayed", response::header("Idempotency-Replayed"));
        let gone = linked(gone, def, "restore", "$request.path.id");
        let delete = operation(def, &format!("delete{type_name}"), &format!("Delete {one}"))
            .description(Some(format!("Deletes {one} softly: it can be read with `deleted=include`, and restored.")))
            .parameter(parameter::id(def))
            .response("204", gone);
        let delete = with_parameters(super::many::rehearsed(delete), &["DryRun", "IfMatch", "IdempotencyKey"]);
        single.merge_operations(PathItem::new(HttpMethod::Delete, errors(delete, &[400, 401, 403, 404, 409, 412, 422, 500, 503])));
        let restore = operation(def, &format!("restore{type_name}"), &format!("Restore {one}"))
            .description(Some(format!("Brings back {one} that was deleted. Fails where another record has taken a unique value since.")))
            .parameter(parameter::id(def))
            .response(
                "200",
                shown("The record, alive again.").header_ref("Idempotency-Replayed", response::header("Idempotency-Replayed")),
            );
        let restore = with_parameters(restore, &["DryRun", "IfMatch", "IdempotencyKey"]);
        let restore = PathItem::new(HttpMethod::Post, errors(restore, &[400, 401, 403, 404, 409, 412, 413, 415, 422, 500, 503]));
        paths = paths.path(format!("{path}/{{id}}/restore"), restore);
    }
    paths.path(path.clone(), many).path(format!("{path}/search"), search).path(format!("{path}/{{id}}"), single)
}

pub(super) fn operation(def: &ResourceDef, name: &str, summary: &str) -> OperationBuilder {
    OperationBuilder::new()
        .operation_id(Some(name))
        .summary(Some(summary))
        .tag(super::tag(def))
        .security(authenticated())
        .security(by_oauth())
}

/// Any valid credential.
pub(super) fn authenticated() -> SecurityRequirement {
    SecurityRequirement::new::<_, [&str; 0], &str>("bearer", [])
}

/// A token of the authorization server, by one of its flows: the same bearer token, for tools that fetch it themselves.
pub(super) fn by_oauth() -> SecurityRequirement {
    SecurityRequirement::new::<_, [&str; 0], &str>("oauth", [])
}

/// Adds the answers of errors.
pub(super) fn errors(operation: OperationBuilder, statuses: &[u16]) -> OperationBuilder {
    statuses.iter().fold(operation, |operation, status| match response::of(*status) {
        Some(reference) => operation.response(status.to_string(), reference),
        None => operation,
    })
}

/// An answer of one JSON schema.
pub(super) fn answer(description: String, schema: String) -> ResponseBuilder {
    response::base(description).content(JSON, ContentBuilder::new().schema(Some(Ref::from_schema_name(schema))).build())
}

pub(super) fn with_parameters(operation: OperationBuilder, names: &[&str]) -> OperationBuilder {
    names.iter().fold(operation, |operation, name| operation.parameter_ref(parameter::shared(name)))
}

/// Adds parameters that name fields and relations of the resource.
pub(super) fn with_own(operation: OperationBuilder, def: &ResourceDef, names: &[&str]) -> OperationBuilder {
    let own = listing::parameter_names(def, names);
    own.iter().fold(operation, |operation, name| operation.parameter_ref(parameter::shared(name)))
}

pub(super) fn body(description: &str, types: &[&str], schema: &str, example: Option<Json>) -> RequestBody {
    let content =
        |example: Option<Json>| -> Content { ContentBuilder::new().schema(Some(Ref::from_schema_name(schema))).example(example).build() };
    let body = RequestBodyBuilder::new().description(Some(description)).required(Some(Required::True));
    types.iter().fold(body, |body, media_type| body.content(*media_type, content(example.clone()))).build()
}

/// What can be done with a new record.
fn created_links(response: ResponseBuilder, def: &ResourceDef) -> ResponseBuilder {
    let response = linked(response, def, "get", "$response.body#/id");
    let response = if def.updatable { linked(response, def, "update", "$response.body#/id") } else { response };
    if def.deletable { linked(response, def, "delete", "$response.body#/id") } else { response }
}

/// What can be done with the first record of a page.
fn listed_links(response: ResponseBuilder, def: &ResourceDef) -> ResponseBuilder {
    let response = linked(response, def, "get", "$response.body#/data/0/id");
    if def.updatable { linked(response, def, "update", "$response.body#/data/0/id") } else { response }
}

fn linked(response: ResponseBuilder, def: &ResourceDef, verb: &str, id: &str) -> ResponseBuilder {
    let text = match verb {
        "get" => "Read this record.",
        "update" => "Change this record.",
        "delete" => "Delete this record.",
        _ => "Bring this record back.",
    };
    response.link(verb, LinkBuilder::new().operation_id(format!("{verb}{}", def.type_name)).parameter("id", id).description(text).build())
}
