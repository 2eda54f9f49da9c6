//! Schemas every resource shares.

use super::field;
use clientela_kernel::{ErrorCode, ProblemCode};
use serde_json::json;
use utoipa::openapi::schema::{AdditionalProperties, KnownFormat, SchemaFormat, SchemaType, Type};
use utoipa::openapi::{ArrayBuilder, ComponentsBuilder, ObjectBuilder, Ref};

/// Adds the shared schemas.
pub(super) fn add(components: ComponentsBuilder) -> ComponentsBuilder {
    components
        .schema("Money", field::money())
        .schema("Problem", problem())
        .schema("FieldProblem", field_problem())
        .schema(
            "ErrorCode",
            codes(
                "What went wrong, as a stable code. New codes may be added.",
                ErrorCode::ALL.iter().map(|code| (code.as_str(), code.meaning())),
            ),
        )
        .schema(
            "FieldProblemCode",
            codes(
                "What is wrong with a field, as a stable code. New codes may be added.",
                ProblemCode::ALL.iter().map(|code| (code.as_str(), code.meaning())),
            ),
        )
        .schema("PageInfo", page_info())
        .schema("ExpansionPage", expansion_page())
        .schema("Filter", filter())
}

fn text(description: &str) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String).description(Some(description))
}

fn codes<'a>(description: &str, codes: impl Iterator<Item = (&'a str, &'a str)>) -> ObjectBuilder {
    let (names, lines): (Vec<&str>, Vec<String>) = codes.map(|(name, meaning)| (name, format!("\n- `{name}`: {meaning}"))).unzip();
    ObjectBuilder::new().schema_type(Type::String).description(Some(format!("{description}\n{}", lines.concat()))).enum_values(Some(names))
}

fn problem() -> ObjectBuilder {
    let status = ObjectBuilder::new().schema_type(Type::Integer).description(Some("The HTTP status.")).examples([json!(404)]);
    let uuid = text("The request's id; quote it when you report a fault.").format(Some(SchemaFormat::Custom("uuid".to_owned())));
    let version = ObjectBuilder::new()
        .schema_type(Type::Integer)
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int64)))
        .description(Some("The record's current version, on a version conflict."));
    ["type", "title", "status", "detail", "instance", "code", "requestId"].into_iter().fold(
        ObjectBuilder::new()
            .description(Some("Problem details (RFC 9457)."))
            .property(
                "type",
                text("The page that explains the code.")
                    .format(Some(SchemaFormat::Custom("uri-reference".to_owned())))
                    .examples([json!("/problems/NOT_FOUND")]),
            )
            .property("title", text("A short title, the same for every problem of this code."))
            .property("status", status)
            .property("detail", text("What failed, what was given, what is allowed, what to do."))
            .property("instance", text("The path of the request."))
            .property("code", Ref::from_schema_name("ErrorCode"))
            .property("requestId", uuid)
            .property(
                "errors",
                ArrayBuilder::new()
                    .items(Ref::from_schema_name("FieldProblem"))
                    .description(Some("Every invalid field, where the problem is about fields.")),
            )
            .property("currentVersion", version)
            .property("existingId", text("The id of the record that stands in the way."))
            .property(
                "lockedUntil",
                text("Until when somebody else holds a lock of the record, on `RECORD_LOCKED`.")
                    .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime))),
            )
            .property("lockedBy", text("Who holds it (`usr_…`, `key_…`), on `RECORD_LOCKED`, where you may read it."))
            .property(
                "candidateIds",
                ArrayBuilder::new().items(text("The id of a record.")).description(Some(
                    "The records that a new one looks like, on `DUPLICATE_FOUND`, the likeliest first, as far as you may see them.",
                )),
            ),
        |schema, name| schema.required(name),
    )
}

fn field_problem() -> ObjectBuilder {
    ObjectBuilder::new()
        .description(Some("What is wrong with one field."))
        .property("pointer", text("JSON Pointer (RFC 6901) into the body.").examples([json!("/amount/currency")]))
        .property("code", Ref::from_schema_name("FieldProblemCode"))
        .property("detail", text("What was given and what is allowed."))
        .required("pointer")
        .required("code")
        .required("detail")
}

fn cursor(description: &str) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(SchemaType::from_iter([Type::String, Type::Null])).description(Some(description))
}

fn has_more() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::Boolean).description(Some("Whether records follow these."))
}

fn page_info() -> ObjectBuilder {
    let total = ObjectBuilder::new()
        .schema_type(Type::Integer)
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int64)))
        .minimum(Some(0))
        .description(Some("How many records there are in all; there only with `total=true`."));
    ObjectBuilder::new()
        .description(Some("Where a page stands in its list."))
        .property("next", cursor("Send it as `after` for the next page; null where nothing follows."))
        .property("previous", cursor("Send it as `before` for the previous page; null where nothing comes before."))
        .property("hasMore", has_more())
        .property("total", total)
        .required("next")
        .required("previous")
        .required("hasMore")
}

fn expansion_page() -> ObjectBuilder {
    ObjectBuilder::new()
        .description(Some("Whether there are more than the ones shown."))
        .property("hasMore", has_more())
        .required("hasMore")
}

/// Free of form on purpose: a schema that goes round through every field and relation is more than generators of clients and
/// of tests can take (tried: it made the document half as long again, and a tool that tests by it took over ten minutes instead of one).
fn filter() -> ObjectBuilder {
    ObjectBuilder::new()
        .description(Some(
            "A filter tree; see Filters in the introduction. Fields and relations of the resource by name, and `and`, `or`, `not`.",
        ))
        .additional_properties(Some(AdditionalProperties::FreeForm(true)))
        .examples([json!({"createdAt": {"within": {"last": "P30D"}}})])
}
