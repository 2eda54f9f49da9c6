//! The GraphQL schema, made from the registry.

mod access;
mod aggregates;
mod feed;
mod filters;
mod inputs;
mod many;
mod operations;
mod past;
mod records;
pub(crate) mod render;
mod scalars;
mod search;
mod sync;
mod timeline;
pub(crate) mod types;

use clientela_model::{FieldType, Registry, ResourceDef, naming};
use std::collections::HashSet;
use std::sync::Arc;
use types::{Definition, InputField, OutputField, Role, TypeSystem, Verb, list, nullable, required, required_list};

/// Makes every type. The order is the registry's, so that the printed schema is the same on every run.
pub(crate) fn build(registry: &Arc<Registry>) -> TypeSystem {
    let mut types = Vec::new();
    let (mut query, mut mutation) = (node_fields(), Vec::new());
    if search::is_there(registry) {
        query.push(search::field(registry));
        types.extend(search::definitions());
    }
    query.push(past::root());
    query.push(access::root());
    query.push(feed::root());
    if timeline::is_there(registry) {
        query.push(timeline::field());
        types.extend(timeline::definitions(registry));
    }
    let mut choices = HashSet::new();
    for (index, def) in registry.resources().iter().enumerate() {
        let (one, many) = (naming::words(&def.name), naming::words(&def.plural));
        query.push(
            OutputField::new(
                def.name.to_string(),
                nullable(&def.type_name),
                Role::Record(index),
                format!("The {one} with this id; null where there is none, or none that you may see."),
            )
            .with_arguments(timed(
                def,
                vec![InputField::new("id", required("ID"), format!("Id of the {one}, `{}_…`.", def.prefix)), filters::deleted()],
            )),
        );
        if registry.has_keys(def) {
            query.push(
                OutputField::new(
                    format!("{}By", def.name),
                    nullable(&def.type_name),
                    Role::RecordBy(index),
                    format!("The living {one} with this key; null where there is none, or none that you may see."),
                )
                .with_arguments(vec![InputField::new("key", required("RecordKey"), format!("The key of the {one}."))]),
            );
        }
        query.push(
            OutputField::new(
                def.plural.to_string(),
                nullable(&format!("{}Connection", def.type_name)),
                Role::List(index),
                format!("A list of {many}."),
            )
            .with_arguments(timed(def, filters::list_arguments(def))),
        );
        query.push(aggregates::root(index, def));
        types.extend(records::of_resource(registry, def));
        types.extend(feed::of_resource(def));
        types.extend(aggregates::of_resource(registry, def));
        types.extend(filters::of_resource(registry, def));
        for (_, field) in def.visible_fields() {
            if let FieldType::Choice(choice) = &field.kind
                && choices.insert(choice.name.to_string())
            {
                types.push(filters::choice_enum(choice));
                types.push(filters::choice(choice));
            }
        }
        types.extend(inputs::of_custom(def));
        types.extend(many::of_resource(registry, def));
        mutation.extend(many::mutations(registry, index, def));
        for verb in inputs::verbs(registry, def) {
            let stem = inputs::type_stem(def, verb);
            types.extend(inputs::of_verb(registry, def, verb));
            mutation.push(
                OutputField::new(
                    format!("{}{}", verb.as_str(), def.type_name),
                    nullable(&format!("{stem}Payload")),
                    Role::Mutation(index, verb),
                    mutation_description(verb, def),
                )
                .with_arguments(vec![InputField::new(
                    "input",
                    required(&format!("{stem}Input")),
                    format!("What to {}.", verb.as_str()),
                )]),
            );
        }
    }
    operations::add(registry, &mut choices, &mut types, &mut query, &mut mutation);
    if !mutation.is_empty() {
        mutation.push(sync::root());
        types.extend(sync::shared());
    }
    let mut all = vec![Definition::object("Query", "What can be read.", false, query)];
    if !mutation.is_empty() {
        all.push(Definition::object(
            "Mutation",
            "What can be changed. Fields run one after the other, each wholly or not at all.",
            false,
            mutation,
        ));
    }
    let live = "What can be followed, over WebSocket (graphql-transport-ws) and server-sent events.";
    all.push(Definition::object("Subscription", live, false, feed::subscriptions(registry)));
    all.extend(feed::shared());
    all.extend(records::shared());
    all.extend(inputs::shared(registry));
    all.extend(many::shared(registry));
    all.extend(filters::shared());
    all.extend(aggregates::shared());
    all.extend(past::shared());
    all.extend(access::shared());
    all.extend(scalars::definitions());
    all.extend(types);
    TypeSystem::new(registry.clone(), all)
}

/// Arguments with the moment to read as of; a mirror has no past of its own.
fn timed(def: &ResourceDef, mut arguments: Vec<InputField>) -> Vec<InputField> {
    if !def.mirror {
        arguments.push(past::as_of());
    }
    arguments
}

fn node_fields() -> Vec<OutputField> {
    let id = InputField::new("id", required("ID"), "Id of a record of any type.");
    let ids = InputField::new("ids", required_list("ID"), "Ids of records of any types, at most 1000.");
    vec![
        OutputField::new("node", nullable("Node"), Role::NodeById, "The record with this id, whatever its type; null where there is none.")
            .with_arguments(vec![id]),
        OutputField::new(
            "nodes",
            nullable_items("Node"),
            Role::NodesByIds,
            "The records with these ids, in their order; null in the place of one that is not there.",
        )
        .with_arguments(vec![ids]),
    ]
}

/// `[T]`
fn nullable_items(name: &str) -> async_graphql::parser::types::Type {
    let mut ty = list(name);
    if let async_graphql::parser::types::BaseType::List(inner) = &mut ty.base {
        inner.nullable = true;
    }
    ty
}

fn mutation_description(verb: Verb, def: &ResourceDef) -> String {
    let (words, one) = (naming::words(&def.name), naming::one(&def.name));
    match verb {
        Verb::Create => format!("Creates {one}."),
        Verb::Update => format!("Changes {one}: a field that is absent stays as it is, null clears it."),
        Verb::Delete => format!("Deletes {one}. It can be restored."),
        Verb::Restore => format!("Brings a deleted {words} back."),
        Verb::Upsert => {
            format!("Changes the {words} that has a key, or creates one with it: a field that is absent stays as it is, null clears it.")
        }
        Verb::Erase => {
            format!("Removes {one} for good, living or deleted, with what depends on it and what its history holds. It cannot be restored.")
        }
    }
}
