//! `GET /v1/schema` and `GET /v1/schema/{resource}`.

use super::operation::{answer, authenticated, by_oauth, errors};
use super::{parameter, response};
use serde_json::json;
use utoipa::openapi::path::{HttpMethod, OperationBuilder, ParameterBuilder, ParameterIn, PathItem, PathsBuilder};
use utoipa::openapi::schema::{AdditionalProperties, SchemaType, Type};
use utoipa::openapi::{ArrayBuilder, ComponentsBuilder, ObjectBuilder, Ref, RefOr, Required, Schema};

/// Adds schemas and paths.
pub(super) fn add(components: ComponentsBuilder, paths: PathsBuilder) -> (ComponentsBuilder, PathsBuilder) {
    let all = ArrayBuilder::new()
        .items(Ref::from_schema_name("ResourceSchema"))
        .description(Some("The resources, in the order of the documentation."));
    let components = components
        .schema("TenantSchema", object("What your tenant has, as far as you may do anything with it.", vec![("resources", all.into())]))
        .schema("ResourceSchema", resource())
        .schema("FieldSchema", field())
        .schema("OptionSchema", option())
        .schema("RelationSchema", relation())
        .schema("OperationSchema", operation())
        .schema("Translations", translations());
    let name = ParameterBuilder::new()
        .name("resource")
        .parameter_in(ParameterIn::Path)
        .required(Required::True)
        .description(Some("A resource, by its name (`account`) or its plural in addresses (`accounts`)."))
        .schema(Some(text("A resource.").examples([json!("account")])));
    let everything = base(
        "getSchema",
        "Read the schema",
        "Shows the resources of your tenant, your own fields and objects among them, as you may use them: what is hidden from you, and what you may do nothing \
         with, is not there. Labels come in the language of `Accept-Language`. GraphQL has its introspection for the same.",
        "TenantSchema",
    );
    let one = base(
        "getResourceSchema",
        "Read the schema of a resource",
        "Shows one resource as `getSchema` does, with the bodies that make and change its records as JSON Schemas (2020-12), in which only those fields stand that you may write.",
        "ResourceSchema",
    );
    let paths = paths
        .path("/v1/schema", PathItem::new(HttpMethod::Get, errors(everything, &[400, 401, 500, 503])))
        .path("/v1/schema/{resource}", PathItem::new(HttpMethod::Get, errors(one.parameter(name), &[400, 401, 404, 500, 503])));
    (components, paths)
}

fn base(name: &str, summary: &str, description: &str, schema: &str) -> OperationBuilder {
    let language = ParameterBuilder::new()
        .name("Accept-Language")
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some("The languages that labels are wanted in (RFC 9110)."))
        .schema(Some(ObjectBuilder::new().schema_type(Type::String).examples([json!("de-AT, de;q=0.8")])));
    OperationBuilder::new()
        .operation_id(Some(name))
        .summary(Some(summary))
        .description(Some(description))
        .tag(super::system::TAG)
        .security(authenticated())
        .security(by_oauth())
        .parameter(language)
        .parameter_ref(parameter::shared("IfNoneMatch"))
        .response("200", answer(format!("{summary}."), schema.to_owned()))
        .response("304", response::base("It has not changed.").header_ref("ETag", response::header("ETag")))
}

fn text(description: &str) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String).description(Some(description))
}

fn flag(description: &str) -> RefOr<Schema> {
    ObjectBuilder::new().schema_type(Type::Boolean).description(Some(description)).into()
}

fn number(description: &str) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::Integer).description(Some(description))
}

fn texts(description: &str, of: &str) -> ArrayBuilder {
    ArrayBuilder::new().items(text(of)).description(Some(description))
}

fn any(description: &str) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(utoipa::openapi::schema::SchemaType::AnyValue).description(Some(description))
}

fn list(name: &str, description: &str) -> RefOr<Schema> {
    ArrayBuilder::new().items(Ref::from_schema_name(name)).description(Some(description)).into()
}

/// An object whose members are always there.
fn object(description: &str, members: Vec<(&str, RefOr<Schema>)>) -> ObjectBuilder {
    members
        .into_iter()
        .fold(ObjectBuilder::new().description(Some(description)), |schema, (name, member)| schema.property(name, member).required(name))
}

fn nullable(description: &str) -> RefOr<Schema> {
    let either = utoipa::openapi::schema::SchemaType::from_iter([Type::String, Type::Null]);
    ObjectBuilder::new().schema_type(either).description(Some(description)).into()
}

fn translations() -> ObjectBuilder {
    ObjectBuilder::new()
        .additional_properties(Some(AdditionalProperties::RefOr(text("The label.").into())))
        .description(Some("Labels by language (BCP 47)."))
        .examples([json!({ "de": "Bonität" })])
}

/// The two members by which things are called.
fn labels() -> Vec<(&'static str, RefOr<Schema>)> {
    vec![
        ("label", text("What people call it, in the language asked for where there is one.").into()),
        ("labels", Ref::from_schema_name("Translations").into()),
    ]
}

fn resource() -> ObjectBuilder {
    let bodies = ObjectBuilder::new()
        .property("create", any("What makes a record; absent where you may make none."))
        .property("update", any("The patch that changes one; absent where you may change none."))
        .description(Some("JSON Schemas (2020-12). Only where one resource is asked for."));
    let actions = texts("What you may do with some of its records at least.", "An action, such as `read`.");
    let keys = ArrayBuilder::new()
        .items(texts("Fields that are unique together.", "A field."))
        .description(Some("What no two living records have in common."));
    let mut members = labels();
    members.extend([
        ("name", text("What it is called in filters, rights and operations: `accountContact`.").into()),
        ("plural", text("The same of several: `accountContacts`.").into()),
        ("path", text("Its address: `/v1/account-contacts`.").into()),
        ("typeName", text("The type in GraphQL and OpenAPI: `AccountContact`.").into()),
        ("idPrefix", text("What the ids of its records begin with.").into()),
        ("description", text("What a record of it is.").into()),
        ("own", flag("Whether it is an object that your tenant has added.")),
        ("labelField", text("The field that stands for a record where one text must.").into()),
        ("ownerField", nullable("The field that names who is responsible for a record, where there is one.")),
        ("searchable", flag("Whether the full-text search finds its records.")),
        ("actions", actions.into()),
        ("fields", list("FieldSchema", "The fields that you may read or write.")),
        ("relations", list("RelationSchema", "What `expand`, filters and GraphQL reach from here.")),
        ("uniqueKeys", keys.into()),
        ("operations", list("OperationSchema", "What else you may do.")),
    ]);
    object("A resource as you may use it.", members).property("jsonSchema", bodies)
}

fn field() -> ObjectBuilder {
    let kinds = [
        "ID",
        "REFERENCE",
        "ANY_REFERENCE",
        "TEXT",
        "TEXT_SET",
        "BOOLEAN",
        "INTEGER",
        "DECIMAL",
        "DATE",
        "INSTANT",
        "DURATION",
        "MONEY",
        "CHOICE",
    ];
    let bound = |description: &str| number(description).schema_type(SchemaType::from_iter([Type::Integer, Type::String]));
    let mut members = labels();
    members.extend([
        (
            "name",
            text(
                "What filters, `fields` and `sort` call it. One of your own is `custom.creditClass`, and stands in records under `custom`.",
            )
            .into(),
        ),
        ("type", text("What it holds.").enum_values(Some(kinds)).into()),
        ("description", text("What it says.").into()),
        ("example", any("A value that it may have.").into()),
        ("own", flag("Whether your tenant has added it.")),
        ("required", flag("Whether it always has a value.")),
        ("requiredOnCreate", flag("Whether whoever makes a record must give it one.")),
        ("creatable", flag("Whether you may give it a value when you make a record.")),
        ("updatable", flag("Whether you may change it.")),
        (
            "filterOperators",
            texts("The operators that filters take for it; none where it stands in no filter.", "An operator, such as `eq`.").into(),
        ),
        ("sortable", flag("Whether lists are sorted by it.")),
        ("searched", flag("Whether the full-text search finds records by it.")),
        ("unique", flag("Whether no two living records have the same value.")),
        ("sensitive", flag("Whether a credential needs the scope `sensitive` for it.")),
        ("masked", flag("Whether you see only that there is a value.")),
    ]);
    let reference = ObjectBuilder::new()
        .property("resources", texts("What it may name.", "A resource."))
        .required("resources")
        .property("relation", text("The relation that leads there."))
        .description(Some("What a reference names. Absent where you may do nothing with that."));
    object("A field as you may use it.", members)
        .property("default", any("What a new record has where nothing is said; absent where that is nothing."))
        .property("maxLength", number("The greatest number of characters, of each member of a set."))
        .property("maxItems", number("The greatest number of members of a set."))
        .property("minimum", bound("The least number, as text where it is a decimal one."))
        .property("maximum", bound("The greatest number, as text where it is a decimal one."))
        .property("decimalPlaces", number("How many digits of a decimal number stand after the point at most."))
        .property("format", text("The form that a text has, such as `EMAIL`; absent where any will do."))
        .property("typeName", text("The name of the choice in GraphQL and OpenAPI."))
        .property("options", list("OptionSchema", "What a choice chooses from."))
        .property("reference", reference)
}

fn option() -> ObjectBuilder {
    let mut members = labels();
    members.extend([("value", text("The value.").into()), ("description", text("What it means.").into())]);
    object("An option of a choice.", members)
}

fn relation() -> ObjectBuilder {
    object(
        "A way from a record to others.",
        vec![
            ("name", text("Its name.").into()),
            ("resource", text("Where it leads.").into()),
            ("many", flag("Whether it leads to many.")),
            ("field", text("The reference behind it: of this resource, or of the other one where it leads to many.").into()),
            ("description", text("What it holds.").into()),
        ],
    )
}

fn operation() -> ObjectBuilder {
    object(
        "An operation.",
        vec![
            ("name", text("Its name in GraphQL.").into()),
            ("path", text("Its address on REST, which takes `POST`.").into()),
            ("onRecord", flag("Whether it is done with one record.")),
            ("writes", flag("Whether it changes anything.")),
            ("description", text("What it does.").into()),
        ],
    )
}
