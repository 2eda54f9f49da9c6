//! What may be done with a record, and why.

use super::operation::{answer, errors, operation};
use super::parameter;
use clientela_kernel::{Depth, FieldAccess, Layer};
use clientela_model::{ResourceDef, naming};
use serde_json::json;
use utoipa::openapi::path::{HttpMethod, ParameterIn, PathItem, PathsBuilder};
use utoipa::openapi::schema::{AdditionalProperties, SchemaType, Type};
use utoipa::openapi::{ArrayBuilder, ComponentsBuilder, ObjectBuilder, Ref, RefOr, Schema};

/// Adds the schemas that all resources share.
pub(super) fn shared(components: ComponentsBuilder) -> ComponentsBuilder {
    components
        .schema("RecordAccess", record())
        .schema("ActionAccess", action())
        .schema("FieldAccess", field())
        .schema("AccessGround", ground())
}

/// The parameters of the question.
pub(super) fn parameters() -> [(&'static str, utoipa::openapi::path::Parameter); 2] {
    let id = text("").pattern(Some("^(usr|key)_[0-9a-hjkmnp-tv-z]{26}$")).examples([json!("usr_01h455vb4pex5vsknk084sn02q")]);
    let name = text("").examples([json!("name")]);
    let query = |name: &str, description: &str| parameter::base(name, ParameterIn::Query, description);
    [
        (
            "AccessPrincipal",
            query(
                "principal",
                "Whose rights: the id of a user or an API key. Only administrators ask about others; your own where it is left out.",
            )
            .schema(Some(id))
            .build(),
        ),
        ("AccessField", query("field", "Of the fields only this one.").schema(Some(name)).build()),
    ]
}

/// Adds the path of a resource.
pub(super) fn add(paths: PathsBuilder, def: &ResourceDef) -> PathsBuilder {
    let one = naming::one(&def.name);
    let read = operation(def, &format!("accessTo{}", def.type_name), &format!("Ask what may be done with {one}"))
        .description(Some(format!(
            "What the caller, or for an administrator anybody, may do with {one}, living or deleted: each action, each field, and the rules that decided it."
        )))
        .parameter(parameter::id(def))
        .parameter_ref(parameter::shared("AccessPrincipal"))
        .parameter_ref(parameter::shared("AccessField"))
        .response("200", answer("What may be done.".to_owned(), "RecordAccess".to_owned()));
    paths.path(format!("/v1/{}/{{id}}/access", def.path), PathItem::new(HttpMethod::Get, errors(read, &[400, 401, 403, 404, 500, 503])))
}

fn text(description: &str) -> ObjectBuilder {
    let text = ObjectBuilder::new().schema_type(Type::String);
    if description.is_empty() { text } else { text.description(Some(description)) }
}

fn or_null(description: &str) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(SchemaType::from_iter([Type::String, Type::Null])).description(Some(description))
}

fn list(of: &str, description: &str) -> RefOr<Schema> {
    ArrayBuilder::new().items(Ref::from_schema_name(of)).description(Some(description)).into()
}

fn object(description: &str, members: Vec<(&str, RefOr<Schema>)>) -> ObjectBuilder {
    let object = ObjectBuilder::new().description(Some(description)).additional_properties(Some(AdditionalProperties::FreeForm(false)));
    members.into_iter().fold(object, |object, (name, member)| object.property(name, member).required(name))
}

fn record() -> ObjectBuilder {
    object(
        "What somebody may do with a record.",
        vec![
            ("id", text("The record.").into()),
            ("resource", text("What it is.").into()),
            ("principal", text("Whose rights they are: the id of a user, an API key or the system itself.").into()),
            ("actions", list("ActionAccess", "Each action and each operation that is done with one record.")),
            ("fields", list("FieldAccess", "Each field that the caller may see.")),
        ],
    )
}

fn action() -> ObjectBuilder {
    object(
        "Whether an action is allowed with a record.",
        vec![
            ("action", text("The action, or the name of an operation.").into()),
            ("allowed", ObjectBuilder::new().schema_type(Type::Boolean).description(Some("Whether it is allowed.")).into()),
            (
                "grounds",
                list("AccessGround", "The rules that took part. Those of different layers must all allow it; of one layer one is enough."),
            ),
        ],
    )
}

fn field() -> ObjectBuilder {
    object(
        "What may be done with a field of a record.",
        vec![
            ("field", text("The field.").into()),
            ("access", text("What may be done with it.").enum_values(Some(FieldAccess::ALL.map(|(_, name)| name))).into()),
            ("grounds", list("AccessGround", "The rules that took part.")),
        ],
    )
}

fn ground() -> ObjectBuilder {
    let mut depths: Vec<serde_json::Value> = Depth::ALL.iter().map(|(_, name)| json!(name)).collect();
    depths.push(serde_json::Value::Null);
    object(
        "A rule that took part in a decision.",
        vec![
            ("layer", text("What kind of rule it is.").enum_values(Some(Layer::ALL.map(|(_, name, _)| name))).into()),
            ("allows", ObjectBuilder::new().schema_type(Type::Boolean).description(Some("Whether it allows it for this record.")).into()),
            ("text", text("The rule in a sentence.").into()),
            ("role", or_null("The key of the role that it belongs to.").into()),
            ("resource", or_null("The resource that the right names; `*` for every one.").into()),
            ("action", or_null("The action that the right names; `*` for every one.").into()),
            ("depth", or_null("How far the right reaches.").enum_values(Some(depths)).into()),
            ("condition", or_null("The right's condition, for administrators.").into()),
            ("shareIds", ArrayBuilder::new().items(text("Id of a share.")).description(Some("The shares that allow it.")).into()),
        ],
    )
}
