//! Parameters that operations share.

use crate::idempotency;
use clientela_kernel::PageArguments;
use clientela_model::{ResourceDef, system};
use serde_json::{Value as Json, json};
use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::Type;
use utoipa::openapi::{ComponentsBuilder, ObjectBuilder, Ref, Required};

/// Components by name, with the parameter each holds.
pub(super) fn add(mut components: ComponentsBuilder) -> ComponentsBuilder {
    for (name, parameter) in all() {
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

fn all() -> [(&'static str, Parameter); 12] {
    let string = || ObjectBuilder::new().schema_type(Type::String);
    let query = |name: &str, description: &str| base(name, ParameterIn::Query, description);
    let filter = ContentBuilder::new().schema(Some(Ref::from_schema_name("Filter"))).build();
    let limit = ObjectBuilder::new()
        .schema_type(Type::Integer)
        .minimum(Some(1))
        .maximum(Some(PageArguments::MAXIMUM_LIMIT))
        .default(Some(json!(PageArguments::DEFAULT_LIMIT)));
    let key = string().min_length(Some(1)).max_length(Some(idempotency::LONGEST)).pattern(Some("^[!-~]+$"));
    [
        (
            "Filter",
            query("filter", "Which records, as a JSON filter tree. The same can be spelled with brackets: `filter[name][startsWith]=Ac`; see Filters in the introduction.")
                .content("application/json", filter)
                .build(),
        ),
        (
            "Sort",
            query("sort", "Fields to sort by with commas between, greatest first with `-` before the name, also through relations to one record: `-createdAt,account.name`. The id is always the last key.")
                .schema(Some(string().examples([json!("-createdAt")])))
                .build(),
        ),
        ("Limit", query("limit", "How many records at most.").schema(Some(limit)).build()),
        ("After", query("after", "Continue after this place: `page.next` of the page before.").schema(Some(string())).build()),
        ("Before", query("before", "Go back from this place: `page.previous` of the page after.").schema(Some(string())).build()),
        (
            "Fields",
            query("fields", "Which fields to show, with commas between; all where absent. `account.name` shows a field of a relation.")
                .schema(Some(string().examples([json!("id,createdAt")])))
                .build(),
        ),
        ("Expand", query("expand", "Which relations to show, with commas between: `account`, `account.parent`, `contacts`.").schema(Some(string())).build()),
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
            "IfMatch",
            header("If-Match", "Carry the write out only if the record's `ETag` is one of these, or with `*` if the record exists; 412 otherwise.")
                .schema(Some(string().examples([json!("\"7\"")])))
                .build(),
        ),
        (
            "IfNoneMatch",
            header("If-None-Match", "Answer 304 without a body if the record's `ETag` is one of these.")
                .schema(Some(string().examples([json!("\"7\"")])))
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

fn base(name: &str, place: ParameterIn, description: &str) -> ParameterBuilder {
    ParameterBuilder::new().name(name).parameter_in(place).required(Required::False).description(Some(description))
}
