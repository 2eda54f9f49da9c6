//! GraphQL documents for any resource.

use clientela_model::{FieldType, ResourceDef};

/// Every visible field of a resource as a selection, without braces.
pub fn selection(def: &ResourceDef) -> String {
    let fields = def.visible_fields().map(|(_, field)| match field.kind {
        FieldType::Money => format!("{} {{ amount currency }}", field.name),
        _ => field.name.to_string(),
    });
    fields.collect::<Vec<_>>().join(" ")
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
