//! Operations: a mutation each, or a query where they only read.

use super::filters;
use super::inputs::{EXPECTED_VERSION, IDEMPOTENCY_KEY};
use super::scalars::type_name;
use super::types::{Definition, InputField, OutputField, Role, list, nullable, required, required_list};
use async_graphql::parser::types::Type;
use clientela_model::{FieldDef, FieldType, Holds, OperationDef, Registry, ShapeDef, ShapeField, naming};
use serde_json::Value as Json;
use std::collections::HashSet;

/// Adds the types of every operation, and its field to `Query` or `Mutation`.
pub(crate) fn add(
    registry: &Registry,
    choices: &mut HashSet<String>,
    types: &mut Vec<Definition>,
    query: &mut Vec<OutputField>,
    mutation: &mut Vec<OutputField>,
) {
    let mut parts = HashSet::new();
    for (index, def) in registry.operations().iter().enumerate() {
        let stem = naming::pascal(&def.name);
        for (shape, input) in [(&def.input, true), (&def.output, false)] {
            let mut found = Vec::new();
            for part in shape.fields.iter().filter_map(ShapeField::part) {
                part.walk(&mut |part| found.push(part));
            }
            for choice in found.iter().copied().chain([shape]).flat_map(|shape| &shape.fields).filter_map(ShapeField::choice) {
                if choices.insert(choice.name.to_string()) {
                    types.push(filters::choice_enum(choice));
                }
            }
            for part in found {
                let name = part_name(part, input);
                if parts.insert(name.clone()) {
                    let description = part.description.to_string();
                    types.push(if input {
                        Definition::input(&name, description, part.fields.iter().map(given).collect())
                    } else {
                        Definition::object(&name, description, false, outputs(registry, part, true))
                    });
                }
            }
        }
        types.push(Definition::input(&format!("{stem}Input"), format!("What `{}` takes.", def.name), arguments(registry, def)));
        let mut payload = outputs(registry, &def.output, !def.writes);
        if def.writes {
            payload.push(OutputField::new(
                "userErrors",
                required_list("UserError"),
                Role::UserErrors,
                "Why nothing was done; empty on success.",
            ));
        }
        types.push(Definition::object(&format!("{stem}Payload"), format!("What comes of `{}`.", def.name), false, payload));
        let argument = InputField::new("input", required(&format!("{stem}Input")), "What it takes.");
        let field = OutputField::new(
            def.name.to_string(),
            nullable(&format!("{stem}Payload")),
            Role::Operation(index),
            def.description.to_string(),
        );
        let fields = if def.writes { &mut *mutation } else { &mut *query };
        fields.push(field.with_arguments(vec![argument]));
    }
}

fn part_name(shape: &ShapeDef, input: bool) -> String {
    if input { format!("{}Input", shape.name) } else { shape.name.to_string() }
}

fn arguments(registry: &Registry, def: &OperationDef) -> Vec<InputField> {
    let mut fields = Vec::new();
    if def.is_on_record() {
        let one = registry.resource(&def.resource).map(|resource| naming::words(&resource.name)).unwrap_or_default();
        fields.push(InputField::new("id", required("ID"), format!("The {one} it is done with.")));
    }
    fields.extend(def.input.fields.iter().map(given));
    if def.writes {
        if def.is_on_record() {
            fields.push(InputField::new("expectedVersion", nullable("Int"), EXPECTED_VERSION));
        }
        fields.push(InputField::new("idempotencyKey", nullable("String"), IDEMPOTENCY_KEY));
        let dry = "Do everything, show what comes of it, and write nothing.";
        fields.push(InputField::new("dryRun", nullable("Boolean"), dry).with_default(Json::from(false)));
    }
    fields
}

/// A field of an input.
fn given(field: &ShapeField) -> InputField {
    let named = |definition: &FieldDef| match definition.kind {
        FieldType::Money => "MoneyInput".to_owned(),
        _ => type_name(definition).to_owned(),
    };
    let ty = match &field.holds {
        Holds::Value(definition) => nullable(&named(definition)),
        Holds::Values { item, .. } => list(&named(item)),
        Holds::Shape(shape) => nullable(&part_name(shape, true)),
        Holds::Shapes { shape, .. } => list(&part_name(shape, true)),
        // The registry lets no records into an input.
        Holds::Record { .. } | Holds::Records { .. } | Holds::Document { .. } => nullable("ID"),
    };
    let made = InputField::new(field.name.to_string(), Type { nullable: !field.required_on_input(), ..ty }, field.description.to_string());
    let default =
        field.definition().and_then(|definition| definition.default.as_ref()).and_then(|text| serde_json::from_str::<Json>(text).ok());
    match default {
        Some(default) => made.with_default(default),
        None => made,
    }
}

/// The fields of an output. Of a mutation's payload none is sure to be there, since there may be user errors instead.
fn outputs(registry: &Registry, shape: &ShapeDef, sure: bool) -> Vec<OutputField> {
    let record = |resource: &str| registry.resource(resource).map(|def| def.type_name.to_string()).unwrap_or_default();
    let fields = shape.fields.iter().enumerate().map(|(index, field)| {
        let (ty, nullable) = match &field.holds {
            Holds::Value(definition) => (nullable(type_name(definition)), !field.required),
            Holds::Values { item, .. } => (list(type_name(item)), false),
            Holds::Shape(shape) => (nullable(&part_name(shape, false)), !field.required),
            Holds::Shapes { shape, .. } => (list(&part_name(shape, false)), false),
            // One that the caller may not see is null.
            Holds::Record { resource } => (nullable(&record(resource)), true),
            Holds::Records { resource, .. } => (list(&record(resource)), false),
            Holds::Document { .. } => (nullable("JSON"), true),
        };
        OutputField::new(
            field.name.to_string(),
            Type { nullable: nullable || !sure, ..ty },
            Role::Part(index),
            field.description.to_string(),
        )
    });
    fields.collect()
}
