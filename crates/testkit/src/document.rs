//! GraphQL documents for any resource.

use clientela_model::{FieldDef, FieldType, Holds, OperationDef, Registry, ResourceDef, ShapeDef, naming};

/// Every visible field of a resource as a selection, without braces.
pub fn selection(def: &ResourceDef) -> String {
    let one = |(_, field): (usize, &FieldDef)| match field.kind {
        FieldType::Money => format!("{} {{ amount currency }}", field.own_name()),
        _ => field.own_name().to_owned(),
    };
    let mut fields: Vec<String> = def.own_fields().map(one).collect();
    let custom: Vec<String> = def.custom_fields().map(one).collect();
    if !custom.is_empty() {
        fields.push(format!("custom {{ {} }}", custom.join(" ")));
    }
    fields.join(" ")
}

/// The record with an id, all its fields: variable `$id`.
pub fn record(def: &ResourceDef) -> String {
    format!("query($id: ID!) {{ record: {}(id: $id) {{ {} }} }}", def.name, selection(def))
}

/// A mutation of one record (`create`, `update`, `delete`, `restore`): variable `$input`; the payload is `payload`, the
/// record in it `record`.
pub fn mutation(verb: &str, def: &ResourceDef) -> String {
    let stem = format!("{}{}", clientela_model::naming::pascal(verb), def.type_name);
    format!(
        "mutation($input: {stem}Input!) {{ payload: {verb}{}(input: $input) {{ record: {} {{ {} }} userErrors {{ field code problem message currentVersion existingId }} }} }}",
        def.type_name,
        def.name,
        selection(def)
    )
}

/// An operation with everything its output has: variable `$input`; the payload is `payload`.
pub fn operation(registry: &Registry, def: &OperationDef) -> String {
    let kind = if def.writes { "mutation" } else { "query" };
    let errors = if def.writes { " userErrors { field code problem message currentVersion existingId }" } else { "" };
    let stem = naming::pascal(&def.name);
    let output = output(registry, &def.output);
    format!("{kind}($input: {stem}Input!) {{ payload: {}(input: $input) {{ {output}{errors} }} }}", def.name)
}

/// Every field of an output as a selection, without braces.
fn output(registry: &Registry, shape: &ShapeDef) -> String {
    let fields = shape.fields.iter().map(|field| match &field.holds {
        Holds::Value(definition) | Holds::Values { item: definition, .. } => match definition.kind {
            FieldType::Money => format!("{} {{ amount currency }}", field.name),
            _ => field.name.to_string(),
        },
        Holds::Document { .. } => field.name.to_string(),
        Holds::Shape(part) | Holds::Shapes { shape: part, .. } => format!("{} {{ {} }}", field.name, output(registry, part)),
        Holds::Record { resource } | Holds::Records { resource, .. } => {
            let def = registry.resource(resource).expect("the registry links operations");
            format!("{} {{ {} }}", field.name, selection(def))
        }
    });
    fields.collect::<Vec<_>>().join(" ")
}
