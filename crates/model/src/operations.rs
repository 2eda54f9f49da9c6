//! Operations, checked and linked: names that collide with nothing, and everything described.

use crate::registry::{DefinitionProblem, Registry, target};
use crate::{FieldType, Holds, OperationDef, ShapeDef, naming};
use clientela_kernel::Name;
use serde_json::Value as Json;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Last parts of addresses that every resource has, or may come to have.
const RESERVED_VERBS: &[&str] = &["access", "aggregate", "batch", "by", "erase", "history", "restore", "search"];
/// Names an input may not use, since both APIs use them for themselves.
const RESERVED_ON_INPUT: &[&str] = &["id", "expectedVersion", "idempotencyKey", "dryRun", "clientMutationId"];
/// Names an output may not use.
const RESERVED_ON_OUTPUT: &[&str] = &["userErrors", "clientMutationId"];
/// Greatest depth of parts within parts.
const MAXIMUM_DEPTH: usize = 4;

pub(crate) fn linked(registry: &Registry, operations: Vec<OperationDef>) -> Result<Vec<Arc<OperationDef>>, DefinitionProblem> {
    let mut made: Vec<Arc<OperationDef>> = Vec::with_capacity(operations.len());
    let mut types: HashMap<Name, String> = HashMap::new();
    for mut operation in operations {
        let fail = |text: String| DefinitionProblem(format!("operation {}: {text}", operation.name));
        check_names(registry, &made, &operation).map_err(fail)?;
        let fail = |text: String| DefinitionProblem(format!("operation {}: {text}", operation.name));
        check_shape(registry, &operation.input, true, 0).map_err(fail)?;
        check_shape(registry, &operation.output, false, 0).map_err(fail)?;
        for shape in [&operation.input, &operation.output] {
            for part in shape.fields.iter().filter_map(crate::ShapeField::part) {
                let mut clash = None;
                part.walk(&mut |part| {
                    let text = format!("{part:?}");
                    let taken = registry.resources().iter().any(|def| def.type_name == part.name);
                    if taken || types.insert(part.name.clone(), text.clone()).is_some_and(|known| known != text) {
                        clash = Some(part.name.clone());
                    }
                });
                if let Some(name) = clash {
                    return Err(fail(format!("two types would be called {name}")));
                }
            }
        }
        let mut missing = None;
        for shape in [&mut operation.input, &mut operation.output] {
            shape.each_value(&mut |value| match &mut value.kind {
                FieldType::Reference(reference) => {
                    let unknown = registry.link(reference).is_none().then(|| reference.target.clone());
                    missing = missing.take().or(unknown);
                }
                FieldType::AnyReference(reference) => {
                    let attachable = registry.resources().iter().filter(|def| !def.mirror && !def.unattachable);
                    reference.targets = attachable.map(|def| target(def)).collect();
                }
                _ => {}
            });
        }
        if let Some(missing) = missing {
            return Err(DefinitionProblem(format!("operation {} refers to {missing}, which is not defined", operation.name)));
        }
        made.push(Arc::new(operation));
    }
    Ok(made)
}

fn check_names(registry: &Registry, made: &[Arc<OperationDef>], operation: &OperationDef) -> Result<(), String> {
    let camel =
        |text: &str| text.starts_with(|letter: char| letter.is_ascii_lowercase()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let kebab = |text: &str| {
        text.starts_with(|letter: char| letter.is_ascii_lowercase()) && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')
    };
    if !camel(&operation.name) || !kebab(&operation.verb) {
        return Err(format!("a name is camelCase, and a verb, here {}, kebab-case", operation.verb));
    }
    if operation.description.is_empty() {
        return Err("needs a description".to_owned());
    }
    if registry.resource(&operation.resource).is_none() {
        return Err(format!("hangs on {}, which is not defined", operation.resource));
    }
    if RESERVED_VERBS.contains(&operation.verb.as_ref()) {
        return Err(format!("{} is an address that resources have for themselves", operation.verb));
    }
    let same_place = |other: &&Arc<OperationDef>| {
        other.resource == operation.resource && other.verb == operation.verb && other.target == operation.target
    };
    let taken = registry.resources().iter().any(|def| {
        let verbs = ["create", "update", "delete", "restore", "upsert", "erase"];
        operation.name == def.name
            || operation.name == def.plural
            || operation.name == format!("{}By", def.name)
            || verbs.iter().any(|verb| operation.name == format!("{verb}{}", def.type_name))
            || [naming::pascal(&operation.name), format!("{}Payload", naming::pascal(&operation.name))]
                .iter()
                .any(|name| def.type_name == *name)
    });
    if taken || made.iter().any(|other| other.name == operation.name) || made.iter().any(|other| same_place(&other)) {
        return Err("its name or its address is taken".to_owned());
    }
    Ok(())
}

fn check_shape(registry: &Registry, shape: &ShapeDef, input: bool, depth: usize) -> Result<(), String> {
    if depth > MAXIMUM_DEPTH {
        return Err(format!("{} lies deeper than {MAXIMUM_DEPTH} levels", shape.name));
    }
    if shape.description.is_empty() {
        return Err(format!("{} needs a description", shape.name));
    }
    let reserved = if input { RESERVED_ON_INPUT } else { RESERVED_ON_OUTPUT };
    let mut names = HashSet::new();
    for field in &shape.fields {
        let place = format!("{}.{}", shape.name, field.name);
        if !names.insert(&field.name) || (depth == 0 && reserved.contains(&field.name.as_ref())) {
            return Err(format!("{place} has a name that is taken or reserved"));
        }
        if field.description.is_empty() {
            return Err(format!("{place} needs a description"));
        }
        match &field.holds {
            Holds::Value(value) | Holds::Values { item: value, .. } => {
                let example = serde_json::from_str::<Json>(&value.example).map_err(|_| format!("{place} needs an example in JSON"))?;
                if field.required && example.is_null() {
                    return Err(format!("{place} needs an example that is not null"));
                }
                if matches!(value.kind, FieldType::TextSet { .. } | FieldType::Id) {
                    return Err(format!("{place} is of a type that is for resources alone; use a list or a reference"));
                }
            }
            Holds::Shape(part) | Holds::Shapes { shape: part, .. } => check_shape(registry, part, input, depth + 1)?,
            Holds::Record { resource } | Holds::Records { resource, .. } => {
                if input {
                    return Err(format!("{place} is a record, which only comes out; use a reference"));
                }
                if registry.resource(resource).is_none() {
                    return Err(format!("{place} is a record of {resource}, which is not defined"));
                }
            }
            Holds::Document { schema } => {
                if input || field.required {
                    return Err(format!("{place} is a document, which only comes out, and only once: it is optional"));
                }
                serde_json::from_str::<Json>(schema).map_err(|_| format!("{place} needs a JSON Schema"))?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{FieldDef, OperationTarget, ResourceDef, ShapeField, TextFormat};

    fn shape(fields: Vec<ShapeField>) -> ShapeDef {
        ShapeDef { name: "Toy".into(), description: "A toy.".into(), fields }
    }

    fn text(name: &'static str) -> ShapeField {
        let kind = FieldType::Text { max: 10, format: TextFormat::Plain };
        ShapeField::value(FieldDef::new(name, name, kind, "A text.", "\"a\""))
    }

    fn operation(change: impl FnOnce(&mut OperationDef)) -> Result<(), String> {
        let mut def = ResourceDef::named("toy");
        (def.prefix, def.description, def.fields) = ("toy".into(), "A toy.".into(), crate::system::fields("toy"));
        let mut operation = OperationDef {
            name: "windToy".into(),
            verb: "wind".into(),
            resource: "toy".into(),
            target: OperationTarget::Record,
            writes: true,
            for_oneself: false,
            confidential: false,
            address: None,
            description: "Winds a toy up.".into(),
            input: shape(vec![text("turns")]),
            output: shape(Vec::new()),
        };
        change(&mut operation);
        Registry::with_operations(vec![def], vec![operation]).map(|_| ()).map_err(|problem| problem.0)
    }

    #[test]
    fn names_and_shapes_are_checked() {
        assert_eq!(operation(|_| {}), Ok(()));
        let refused = |change: fn(&mut OperationDef), part: &str| {
            let text = operation(change).expect_err("refused");
            assert!(text.contains(part), "{text}");
        };
        refused(|operation| operation.name = "toys".into(), "taken");
        refused(|operation| operation.name = "createToy".into(), "taken");
        refused(|operation| operation.name = "Wind".into(), "camelCase");
        refused(|operation| operation.verb = "restore".into(), "for themselves");
        refused(|operation| operation.resource = "doll".into(), "not defined");
        refused(|operation| operation.description = "".into(), "description");
        refused(|operation| operation.input.fields.push(text("dryRun")), "reserved");
        refused(|operation| operation.input.fields.push(text("turns")), "taken");
        refused(|operation| operation.output.fields.push(text("userErrors")), "reserved");
        refused(
            |operation| {
                let holds = Holds::Record { resource: "toy".into() };
                operation.input.fields.push(ShapeField { name: "toy".into(), description: "It.".into(), required: true, holds });
            },
            "only comes out",
        );
        refused(
            |operation| {
                let holds = Holds::Shape(Arc::new(ShapeDef { name: "Toy".into(), description: "It.".into(), fields: Vec::new() }));
                operation.output.fields.push(ShapeField { name: "part".into(), description: "It.".into(), required: true, holds });
            },
            "two types",
        );
    }
}
