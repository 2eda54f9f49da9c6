//! What was: the history of a record.

use super::operation::{answer, errors, operation, with_parameters};
use super::parameter;
use clientela_model::{ResourceDef, naming};
use serde_json::json;
use utoipa::openapi::path::{HttpMethod, PathItem, PathsBuilder};
use utoipa::openapi::schema::{AdditionalProperties, SchemaFormat, SchemaType, Type};
use utoipa::openapi::{ArrayBuilder, ComponentsBuilder, ObjectBuilder, Ref};

/// Adds the schemas that histories of all resources share.
pub(super) fn shared(components: ComponentsBuilder) -> ComponentsBuilder {
    components.schema("HistoryPage", page()).schema("RecordChange", change()).schema("FieldChange", field_change())
}

/// Adds the history of a resource; a mirror has none.
pub(super) fn add(paths: PathsBuilder, def: &ResourceDef) -> PathsBuilder {
    if def.mirror {
        return paths;
    }
    let one = naming::one(&def.name);
    let history = operation(def, &format!("historyOf{}", def.type_name), &format!("Read what happened to {one}"))
        .description(Some(format!(
            "The changes of {one}, the latest first, field by field. A deleted record has its history; an erased one shows that it was, and no \
             longer what it was."
        )))
        .parameter(parameter::id(def))
        .response("200", answer("A page of changes.".to_owned(), "HistoryPage".to_owned()));
    let history = with_parameters(history, &["Limit", "After"]);
    paths.path(format!("/v1/{}/{{id}}/history", def.path), PathItem::new(HttpMethod::Get, errors(history, &[400, 401, 403, 404, 500, 503])))
}

fn text(description: &str) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String).description(Some(description))
}

fn format(name: &str) -> Option<SchemaFormat> {
    Some(SchemaFormat::Custom(name.to_owned()))
}

fn or_null(description: &str) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(SchemaType::from_iter([Type::String, Type::Null])).description(Some(description))
}

fn page() -> ObjectBuilder {
    let page = ObjectBuilder::new()
        .description(Some("Where the page stands."))
        .property("next", or_null("Send it as `after` for older changes; null where there are none."))
        .property("hasMore", ObjectBuilder::new().schema_type(Type::Boolean).description(Some("Whether older changes follow.")))
        .required("next")
        .required("hasMore");
    ObjectBuilder::new()
        .description(Some("A page of changes of a record."))
        .property(
            "data",
            ArrayBuilder::new().items(Ref::from_schema_name("RecordChange")).description(Some("The changes, the latest first.")),
        )
        .property("page", page)
        .required("data")
        .required("page")
}

fn change() -> ObjectBuilder {
    let members = [
        (
            "version",
            ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(1)).description(Some("The record's version after the change.")),
        ),
        ("kind", text("What happened.").enum_values(Some(["CREATED", "UPDATED", "DELETED", "RESTORED", "ERASED"]))),
        ("at", text("When.").format(format("date-time"))),
        ("actor", text("Who: the id of a user, an API key or the system itself.").examples([json!("usr_01h455vb4pex5vsknk084sn02q")])),
        ("client", or_null("The client program, as its credential names it.")),
        ("requestId", text("The request that made it.").format(format("uuid"))),
        (
            "erased",
            ObjectBuilder::new()
                .schema_type(Type::Boolean)
                .description(Some("Whether what the change held was erased, or it is the erasure.")),
        ),
    ];
    let schema = ObjectBuilder::new().description(Some("A change of a record."));
    let schema = members.into_iter().fold(schema, |schema, (name, member)| schema.property(name, member).required(name));
    let fields = ArrayBuilder::new().items(Ref::from_schema_name("FieldChange")).description(Some("The fields that changed."));
    schema.property("fields", fields).required("fields")
}

fn field_change() -> ObjectBuilder {
    let any = |description: &str| ObjectBuilder::new().schema_type(SchemaType::AnyValue).description(Some(description));
    ObjectBuilder::new()
        .description(Some("What a change did to a field."))
        .additional_properties(Some(AdditionalProperties::FreeForm(false)))
        .property("field", text("The field's name."))
        .property("before", any("Its value before, as the record shows it; null at creation."))
        .property("after", any("Its value since."))
        .required("field")
        .required("before")
        .required("after")
}
