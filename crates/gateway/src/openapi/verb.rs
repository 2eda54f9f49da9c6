//! The operations that are registered beside the resources' own.

use super::field::{self, Use};
use super::operation::{JSON, answer, body, errors, operation, with_parameters};
use super::{parameter, response};
use clientela_model::{Holds, OperationDef, Registry, ResourceDef, ShapeDef, ShapeField, naming};
use utoipa::openapi::path::{HttpMethod, PathItem, PathsBuilder};
use utoipa::openapi::schema::{AdditionalProperties, OneOfBuilder, RefBuilder, Type};
use utoipa::openapi::{ArrayBuilder, ComponentsBuilder, ObjectBuilder, Ref, RefOr, Required, Schema};

/// Adds the schemas of every operation's input and output.
pub(super) fn schemas(mut components: ComponentsBuilder, registry: &Registry) -> ComponentsBuilder {
    for def in registry.operations() {
        for (shape, usage) in [(&def.input, Use::Written), (&def.output, Use::Shown)] {
            let mut parts = Vec::new();
            for part in shape.fields.iter().filter_map(ShapeField::part) {
                part.walk(&mut |part| parts.push(part));
            }
            for choice in parts.iter().copied().chain([shape]).flat_map(|shape| &shape.fields).filter_map(ShapeField::choice) {
                components = components.schema(choice.name.as_ref(), field::choice(choice));
            }
            for part in parts {
                components = components.schema(part_name(part, usage), schema(registry, part, part.description.as_ref(), usage));
            }
            let text = match usage {
                Use::Written => format!("What `{}` takes.", def.name),
                Use::Shown => format!("What comes of `{}`.", def.name),
            };
            components = components.schema(shape_name(def, usage), schema(registry, shape, &text, usage));
        }
    }
    components
}

/// Whether some operation's output shows records of a resource.
pub(super) fn shows(registry: &Registry, def: &ResourceDef) -> bool {
    let mut found = false;
    for operation in registry.operations() {
        operation.output.walk(&mut |shape| {
            found |= shape.fields.iter().any(|field| match &field.holds {
                Holds::Record { resource } | Holds::Records { resource, .. } => *resource == def.name,
                _ => false,
            });
        });
    }
    found
}

/// Adds the paths of a resource's operations.
pub(super) fn add(mut paths: PathsBuilder, registry: &Registry, def: &ResourceDef) -> PathsBuilder {
    for verb in registry.operations().iter().filter(|verb| verb.resource == def.name) {
        paths = paths.path(verb.path(&format!("/v1/{}", def.path)), item(def, verb));
    }
    paths
}

fn item(def: &ResourceDef, verb: &OperationDef) -> PathItem {
    let words = naming::words(&verb.name);
    let mut letters = words.chars();
    let summary = letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect());
    let mut input = body("What it takes.", &[JSON], &shape_name(verb, Use::Written), Some(verb.input.example()));
    if !verb.input.fields.iter().any(ShapeField::required_on_input) {
        input.required = Some(Required::False);
    }
    let mut shown = answer("What came of it.".to_owned(), shape_name(verb, Use::Shown));
    if verb.writes {
        shown = shown.header_ref("Idempotency-Replayed", response::header("Idempotency-Replayed"));
    }
    let mut made = operation(def, &verb.name, &summary).description(Some(verb.description.as_ref())).request_body(Some(input));
    if verb.is_on_record() {
        made = made.parameter(parameter::id(def));
    }
    made = made.response("200", shown);
    let statuses: &[u16] = match (verb.writes, verb.is_on_record()) {
        (true, true) => &[400, 401, 403, 404, 409, 412, 413, 415, 422, 500, 503],
        (true, false) => &[400, 401, 403, 409, 413, 415, 422, 500, 503],
        (false, true) => &[400, 401, 403, 404, 409, 413, 415, 422, 500, 503],
        (false, false) => &[400, 401, 403, 413, 415, 422, 500, 503],
    };
    let limited: &[u16] = if verb.for_oneself && verb.confidential { &[429] } else { &[] };
    let statuses = [statuses, limited].concat();
    let parameters: &[&str] = match (verb.writes, verb.is_on_record()) {
        (true, true) => &["IfMatch", "IdempotencyKey", "DryRun"],
        (true, false) => &["IdempotencyKey", "DryRun"],
        (false, _) => &[],
    };
    PathItem::new(HttpMethod::Post, errors(with_parameters(made, parameters), &statuses))
}

/// `RecordConsentInput`, `RecordConsentPayload`: what they are called in GraphQL too.
fn shape_name(def: &OperationDef, usage: Use) -> String {
    let stem = naming::pascal(&def.name);
    match usage {
        Use::Written => format!("{stem}Input"),
        Use::Shown => format!("{stem}Payload"),
    }
}

fn part_name(shape: &ShapeDef, usage: Use) -> String {
    match usage {
        Use::Written => format!("{}Input", shape.name),
        Use::Shown => shape.name.to_string(),
    }
}

fn schema(registry: &Registry, shape: &ShapeDef, description: &str, usage: Use) -> ObjectBuilder {
    let mut schema = ObjectBuilder::new().description(Some(description));
    if usage == Use::Written {
        schema = schema.additional_properties(Some(AdditionalProperties::FreeForm(false)));
    }
    for field in &shape.fields {
        schema = schema.property(field.name.as_ref(), property(registry, field, usage));
        if usage == Use::Shown || field.required_on_input() {
            schema = schema.required(field.name.as_ref());
        }
    }
    schema
}

fn property(registry: &Registry, field: &ShapeField, usage: Use) -> RefOr<Schema> {
    let description = field.description.as_ref();
    // What is left out on input may as well be null.
    let nullable = match usage {
        Use::Written => !field.required_on_input(),
        Use::Shown => !field.required,
    };
    let type_name = |resource: &str| registry.resource(resource).map(|def| def.type_name.to_string()).unwrap_or_default();
    match &field.holds {
        Holds::Value(definition) => field::schema(&ResourceDef::default(), definition, usage, nullable),
        Holds::Values { item, most } => {
            let item = clientela_model::FieldDef { required: true, ..item.clone() };
            listed(field::schema(&ResourceDef::default(), &item, usage, false), *most, field, usage)
        }
        Holds::Shape(shape) => reference(part_name(shape, usage), description, nullable),
        Holds::Shapes { shape, most } => listed(Ref::from_schema_name(part_name(shape, usage)).into(), *most, field, usage),
        // A record that the caller may not see is null.
        Holds::Record { resource } => reference(type_name(resource), description, true),
        Holds::Records { resource, most } => listed(Ref::from_schema_name(type_name(resource)).into(), *most, field, usage),
        Holds::Document { schema } => {
            // The registry has seen to it that it is one.
            let document: RefOr<Schema> = serde_json::from_str(schema).unwrap_or_else(|_| ObjectBuilder::new().into());
            let null = ObjectBuilder::new().schema_type(Type::Null);
            OneOfBuilder::new().item(document).item(null).description(Some(description)).into()
        }
    }
}

fn listed(items: RefOr<Schema>, most: usize, field: &ShapeField, usage: Use) -> RefOr<Schema> {
    let array =
        ArrayBuilder::new().items(items).max_items(Some(most)).description(Some(field.description.as_ref())).examples(field.example());
    let array = if usage == Use::Written {
        array.schema_type(utoipa::openapi::schema::SchemaType::from_iter([Type::Array, Type::Null]))
    } else {
        array
    };
    array.into()
}

fn reference(name: String, description: &str, nullable: bool) -> RefOr<Schema> {
    let reference = Ref::from_schema_name(name);
    if nullable {
        let null = ObjectBuilder::new().schema_type(Type::Null);
        OneOfBuilder::new().item(reference).item(null).description(Some(description)).into()
    } else {
        RefOr::Ref(RefBuilder::from(reference).description(Some(description)).build())
    }
}
