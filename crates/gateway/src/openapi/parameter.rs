//! Parameters that operations share.

use crate::idempotency;
use clientela_kernel::PageArguments;
use clientela_model::{ResourceDef, system};
use serde_json::{Value as Json, json};
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{KnownFormat, SchemaFormat, Type};
use utoipa::openapi::{ComponentsBuilder, ObjectBuilder, Ref, Required};

/// Components by name, with the parameter each holds.
pub(super) fn add(mut components: ComponentsBuilder) -> ComponentsBuilder {
    for (name, parameter) in all().into_iter().chain(super::access::parameters()) {
        components = components.parameter(name, parameter);
    }
    components
}

/// A reference to a shared parameter.
pub(super) fn shared(name: &str) -> Ref {
    Ref::new(format!("#/components/parameters/{name}"))
}

/// The id in the address of a resource's record.
pub(super) fn id(def: &ResourceDef) -> Parameter {
    let example = def.field(system::ID).and_then(|field| serde_json::from_str::<Json>(&field.example).ok());
    let schema = ObjectBuilder::new().schema_type(Type::String).examples(example);
    base("id", ParameterIn::Path, "The record's id.").required(Required::True).schema(Some(schema)).build()
}

/// Entity tags as `If-Match` and `If-None-Match` take them: strong or weak, several with commas between, or `*`.
const ENTITY_TAGS: &str = r#"^(\*|(W/)?"[!#-+.-~-]*"(, ?(W/)?"[!#-+.-~-]*")*)$"#;

fn all() -> [(&'static str, Parameter); 11] {
    let string = || ObjectBuilder::new().schema_type(Type::String);
    let tags = || string().pattern(Some(ENTITY_TAGS)).examples([json!("\"7\""), json!("*")]);
    let query = |name: &str, description: &str| base(name, ParameterIn::Query, description);
    let limit = ObjectBuilder::new()
        .schema_type(Type::Integer)
        .minimum(Some(1))
        .maximum(Some(PageArguments::MAXIMUM_LIMIT))
        .default(Some(json!(PageArguments::DEFAULT_LIMIT)));
    let key = string().min_length(Some(1)).max_length(Some(idempotency::LONGEST)).pattern(Some("^[!-~]+$"));
    [
        ("Limit", query("limit", "How many records at most.").schema(Some(limit)).build()),
        ("After", query("after", "Continue after this place: `page.next` of the page before.").schema(Some(string())).build()),
        ("Before", query("before", "Go back from this place: `page.previous` of the page after.").schema(Some(string())).build()),
        (
            "Total",
            query("total", "Count all records too, as `page.total`. It costs a statement of its own.")
                .schema(Some(ObjectBuilder::new().schema_type(Type::Boolean).default(Some(json!(false)))))
                .build(),
        ),
        (
            "Deleted",
            query("deleted", "Deleted records: none, too, or only.")
                .schema(Some(string().enum_values(Some(["exclude", "include", "only"])).default(Some(json!("exclude")))))
                .build(),
        ),
        (
            "DryRun",
            query("dryRun", "Only try the write: everything is checked and computed, and answered as the write would be, with what would change; nothing is written, and an idempotency key stays unused.")
                .schema(Some(ObjectBuilder::new().schema_type(Type::Boolean).default(Some(json!(false)))))
                .build(),
        ),
        (
            "AllowDuplicates",
            query("allowDuplicates", "Make new records even where a duplicate rule that refuses holds them for others; 409 with `DUPLICATE_FOUND` otherwise.")
                .schema(Some(ObjectBuilder::new().schema_type(Type::Boolean).default(Some(json!(false)))))
                .build(),
        ),
        (
            "AsOf",
            query("asOf", "Records as they were at this moment, replayed from the change log: own fields alone, without relations.")
                .schema(Some(string().format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime))).examples([json!("2026-03-01T00:00:00.000Z")])))
                .build(),
        ),
        (
            "IfMatch",
            header("If-Match", "Carry the write out only if the record's `ETag` is one of these, or with `*` if the record exists; 412 otherwise.")
                .schema(Some(tags()))
                .build(),
        ),
        (
            "IfNoneMatch",
            header("If-None-Match", "Answer 304 without a body if the record's `ETag` is one of these.")
                .schema(Some(tags()))
                .build(),
        ),
        (
            "IdempotencyKey",
            header("Idempotency-Key", "A key of your own, such as a UUID. A repetition of the request with the same key is answered without being carried out again.")
                .schema(Some(key.examples([json!("3f1b6f0e-6d5c-4f0b-9a53-0a4c3e9d7b11")])))
                .build(),
        ),
    ]
}

fn header(name: &str, description: &str) -> ParameterBuilder {
    base(name, ParameterIn::Header, description)
}

pub(super) fn base(name: &str, place: ParameterIn, description: &str) -> ParameterBuilder {
    ParameterBuilder::new().name(name).parameter_in(place).required(Required::False).description(Some(description))
}
