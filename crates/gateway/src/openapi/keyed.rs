//! The operations on a record by a key other than its id, and its erasure.

use super::operation::{JSON, MERGE_PATCH, answer, body, errors, operation, with_own, with_parameters};
use super::{field, parameter, record, response};
use clientela_model::{FieldType, Registry, ResourceDef, TextFormat, naming};
use serde_json::{Value as Json, json};
use utoipa::openapi::path::{HttpMethod, Parameter, ParameterBuilder, ParameterIn, PathItem, PathsBuilder};
use utoipa::openapi::schema::Type;
use utoipa::openapi::{ObjectBuilder, Required};

/// Adds `…/by/{key}/{value}` and `…/{id}/erase`, where the resource has them.
pub(super) fn add(mut paths: PathsBuilder, registry: &Registry, def: &ResourceDef) -> PathsBuilder {
    if registry.has_keys(def) {
        let mut by = get(registry, def);
        if registry.is_upsertable(def) {
            by.merge_operations(upsert(registry, def));
        }
        paths = paths.path(format!("/v1/{}/by/{{key}}/{{value}}", def.path), by);
    }
    if def.deletable {
        paths = paths.path(format!("/v1/{}/{{id}}/erase", def.path), erase(def));
    }
    paths
}

fn get(registry: &Registry, def: &ResourceDef) -> PathItem {
    let one = naming::one(&def.name);
    let get = operation(def, &format!("get{}ByKey", def.type_name), &format!("Read {one} by key"))
        .description(Some(format!(
            "Reads {one} by a unique field, by what another system calls it, or by its id. A deleted record has no keys."
        )))
        .parameters(Some(key(registry, def)))
        .response("200", answer("The record.".to_owned(), record::part_name(def)).header_ref("ETag", response::header("ETag")))
        .response("304", response::base("The record still has the version you know.").header_ref("ETag", response::header("ETag")));
    let get = with_parameters(with_own(get, def, &["Fields", "Expand"]), &["IfNoneMatch"]);
    PathItem::new(HttpMethod::Get, errors(get, &[400, 401, 403, 404, 500, 503]))
}

fn upsert(registry: &Registry, def: &ResourceDef) -> PathItem {
    let (one, type_name) = (naming::one(&def.name), def.type_name.as_ref());
    let shown = |text: &str, schema: String| {
        answer(text.to_owned(), schema)
            .header_ref("ETag", response::header("ETag"))
            .header_ref("Idempotency-Replayed", response::header("Idempotency-Replayed"))
    };
    let made = if def.reveals.is_some() { format!("{type_name}Created") } else { type_name.to_owned() };
    let upsert = operation(def, &format!("upsert{type_name}"), &format!("Create or change {one} by key"))
        .description(Some(format!(
            "Changes {one} that has the key by a JSON Merge Patch, or creates one with it where none has. The key of another system is kept as an \
             external id, in the same transaction. Of several at once one creates and the others change. Repeating it changes nothing."
        )))
        .parameters(Some(key(registry, def)))
        .parameter(create_only())
        .request_body(Some(body(
            "The new record, or the patch. What a new record must have is needed only where there is none.",
            &[MERGE_PATCH, JSON],
            &format!("{type_name}Upsert"),
            Some(example(def)),
        )))
        .response("200", shown("The record after the change.", type_name.to_owned()))
        .response("201", shown("The new record.", made).header_ref("Location", response::header("Location")));
    let upsert = with_parameters(upsert, &["DryRun", "IfMatch", "IdempotencyKey"]);
    let upsert = if def.checks_duplicates { with_parameters(upsert, &["AllowDuplicates"]) } else { upsert };
    PathItem::new(HttpMethod::Put, errors(upsert, &[400, 401, 403, 404, 409, 412, 413, 415, 422, 500, 503]))
}

fn erase(def: &ResourceDef) -> PathItem {
    let one = naming::one(&def.name);
    let gone = response::base("The record is gone.").header_ref("Idempotency-Replayed", response::header("Idempotency-Replayed"));
    let erase = operation(def, &format!("erase{}", def.type_name), &format!("Erase {one}"))
        .description(Some(format!(
            "Removes {one} for good, living or deleted, together with what is attached to it and what a deletion would take along. The change log \
             keeps that there was something, no longer what. It cannot be restored."
        )))
        .parameter(parameter::id(def))
        .response("204", gone);
    let erase = with_parameters(super::many::rehearsed(erase), &["DryRun", "IfMatch", "IdempotencyKey"]);
    PathItem::new(HttpMethod::Post, errors(erase, &[400, 401, 403, 404, 409, 412, 413, 415, 422, 500, 503]))
}

/// An example that creates: without the key, which the address gives.
fn example(def: &ResourceDef) -> Json {
    let mut example = record::create_example(def);
    if let Some(members) = example.as_object_mut() {
        for (field, _) in def.keys() {
            members.remove(field.name.as_ref());
        }
    }
    example
}

/// The two parts of the address.
fn key(registry: &Registry, def: &ResourceDef) -> [Parameter; 2] {
    let own = def.keys().next().map(|(field, _)| field);
    let external = registry.external_keys(def).and_then(|(keys, fields)| Some((keys.field(&fields.system)?, keys.field(&fields.value)?)));
    let read = |text: &str| serde_json::from_str::<Json>(text).ok();
    let (key_example, value_example) = match (own, external) {
        (Some(field), _) => (Some(json!(field.name)), read(&field.example)),
        (None, Some((system, value))) => (read(&system.example), read(&value.example)),
        (None, None) => (None, None),
    };
    let mut keys: Vec<String> = def.keys().map(|(field, _)| format!("`{}`", field.name)).collect();
    if external.is_some() {
        keys.push("the name of another system, such as `erp`".to_owned());
    }
    keys.push("their `id`, for whoever mints ids".to_owned());
    let text = format!("What {} are known by: {}.", naming::words(&def.plural), keys.join(", or "));
    // What another system calls a record is any text; the values of unique fields have forms of their own besides.
    let longest = external.and_then(|(_, value)| match value.kind {
        FieldType::Text { max, .. } => usize::try_from(max).ok(),
        _ => None,
    });
    let any_text = Any { pattern: Some(field::written(TextFormat::Plain, true)), longest };
    let any_name = Any { pattern: None, longest: None };
    [part("key", &text, key_example, any_name), part("value", "The value there, percent-encoded.", value_example, any_text)]
}

/// What is known of a part of the address, whatever the key.
struct Any {
    pattern: Option<String>,
    longest: Option<usize>,
}

fn part(name: &str, description: &str, example: Option<Json>, any: Any) -> Parameter {
    let schema = ObjectBuilder::new().schema_type(Type::String).min_length(Some(1)).max_length(any.longest).pattern(any.pattern);
    let schema = schema.examples(example);
    let parameter = ParameterBuilder::new().name(name).parameter_in(ParameterIn::Path).required(Required::True);
    parameter.description(Some(description)).schema(Some(schema)).build()
}

fn create_only() -> Parameter {
    let schema = ObjectBuilder::new().schema_type(Type::String).enum_values(Some(["*"])).examples([json!("*")]);
    ParameterBuilder::new()
        .name("If-None-Match")
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(
            "`*`: create only, 412 with the current version where there is a record with the key. Not together with `If-Match`.",
        ))
        .schema(Some(schema))
        .build()
}
