//! `fields` and `expand`: which parts of a record an answer shows.

use super::parameters::invalid;
use super::suggest;
use crate::Limits;
use clientela_access::{Action, authorize};
use clientela_engine::{Connection, ConnectionItem, Item, PageInfoItem, Selection};
use clientela_kernel::{Context, ListArguments, Result};
use clientela_model::{Registry, RelationDef, ResourceDef, document};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a request wants to see of one record: every field where none is named, and its expanded relations.
#[derive(Debug, Default)]
struct Shape {
    fields: Vec<String>,
    relations: BTreeMap<String, Shape>,
}

impl Shape {
    fn descend<'a>(&'a mut self, path: &[&str]) -> &'a mut Shape {
        path.iter().fold(self, |shape, name| shape.relations.entry((*name).to_owned()).or_default())
    }
}

/// The selection that `fields` and `expand` ask for. A dotted field (`account.name`) expands its relation with that
/// field alone.
pub(super) fn select(
    context: &Context,
    registry: &Registry,
    def: &ResourceDef,
    fields: &[String],
    expand: &[String],
    limits: &Limits,
) -> Result<Selection> {
    let mut shape = Shape::default();
    let own = |path: &String| def.document().is_some() && path.starts_with(document::PREFIX) && path.matches('.').count() == 1;
    let dotted = fields.iter().filter(|path| path.contains('.') && !own(path)).count();
    if expand.len() + dotted > limits.expand_paths {
        let text = format!("{} relations are to be expanded, but at most {} may be at once.", expand.len() + dotted, limits.expand_paths);
        return Err(invalid(text));
    }
    for path in expand {
        let names: Vec<&str> = path.split('.').collect();
        check_depth("expand", path, names.len(), limits)?;
        shape.descend(&names);
    }
    for path in fields {
        let names: Vec<&str> = path.split('.').collect();
        check_depth("fields", path, names.len(), limits)?;
        let Some((field, relations)) = names.split_last() else { continue };
        let place = shape.descend(relations);
        if place.fields.iter().any(|other| other == field) {
            return Err(invalid(format!("fields names {path} twice.")));
        }
        place.fields.push((*field).to_owned());
    }
    build(context, registry, def, &shape, limits)
}

fn build(context: &Context, registry: &Registry, def: &ResourceDef, shape: &Shape, limits: &Limits) -> Result<Selection> {
    let below = def.document().and(shape.relations.get(document::NAME));
    let own_names = below.map_or(&[][..], |below| below.fields.as_slice());
    let mut selection =
        if shape.fields.is_empty() && own_names.is_empty() { Selection::whole(def) } else { named(context, def, &shape.fields)? };
    if let Some(below) = below {
        own(context, registry, def, below, limits, &mut selection)?;
    }
    for (name, inner) in shape.relations.iter().filter(|(name, _)| below.is_none() || *name != document::NAME) {
        let found = def.relation_index(name).zip(def.relation(name));
        let Some((index, relation)) = found else {
            let hint = suggest::hint(name, def.relations.iter().map(|relation| relation.name.as_ref()));
            return Err(invalid(format!("expand names {name:?}, which is not a relation of {}.{hint}", def.name)));
        };
        let Some(target) = registry.target(relation) else { continue };
        let inner = build(context, registry, target, inner, limits)?;
        selection.items.push(related(relation.name.as_ref().into(), index, relation, inner, limits));
    }
    Ok(selection)
}

/// The tenant's own fields that are named, and its own relations that are expanded.
fn own(context: &Context, registry: &Registry, def: &ResourceDef, shape: &Shape, limits: &Limits, selection: &mut Selection) -> Result<()> {
    let spelled: Vec<String> = shape.fields.iter().map(|name| format!("{}{name}", document::PREFIX)).collect();
    let mut items = named(context, def, &spelled)?.items;
    for (name, inner) in &shape.relations {
        let spelled = format!("{}{name}", document::PREFIX);
        let Some((index, relation)) = def.relation_index(&spelled).zip(def.relation(&spelled)) else {
            return Err(invalid(format!("expand names {spelled:?}, which is not a relation of {}.", def.name)));
        };
        let Some(target) = registry.target(relation) else { continue };
        items.push(related(name.as_str().into(), index, relation, build(context, registry, target, inner, limits)?, limits));
    }
    let part = selection.items.iter_mut().find_map(|item| match item {
        Item::Part { key, selection } if &**key == document::NAME => Some(selection),
        _ => None,
    });
    match part {
        Some(part) => part.items.extend(items),
        None => selection.items.push(Item::Part { key: document::NAME.into(), selection: Selection { items } }),
    }
    Ok(())
}

fn related(key: Box<str>, index: usize, relation: &RelationDef, inner: Selection, limits: &Limits) -> Item {
    if relation.is_to_one() {
        Item::ToOne { key, relation: index, selection: inner }
    } else {
        Item::ToMany { key, relation: index, list: ListArguments::first(limits.expanded_records), connection: expanded(inner) }
    }
}

fn named(context: &Context, def: &ResourceDef, names: &[String]) -> Result<Selection> {
    // What may not be read at all is not there, and any of its names may be asked for.
    let mask = authorize(context, def, Action::Read).map(|grant| grant.fields).unwrap_or_default();
    let shown = || def.visible_fields().filter(|(_, field)| mask.shows(field));
    let visible = || shown().map(|(_, field)| field.name.as_ref());
    let mut selected = Vec::with_capacity(names.len());
    for name in names {
        if name == document::NAME && def.document().is_some() {
            let items = shown().filter(|(_, field)| field.is_custom());
            let items = items.map(|(index, field)| Item::Field { key: field.own_name().into(), field: index }).collect();
            selected.push(Item::Part { key: document::NAME.into(), selection: Selection { items } });
            continue;
        }
        let found = shown().find(|(_, field)| field.name == *name);
        let Some((index, field)) = found else {
            let hint = match def.relation(name) {
                Some(_) => format!(" {name} is a relation: use expand={name}."),
                None => suggest::hint(name, visible().collect::<Vec<_>>()),
            };
            return Err(invalid(format!("fields names {name:?}, which is not a field of {}.{hint}", def.name)));
        };
        selected.push(Item::Field { key: field.own_name().into(), field: index });
    }
    Ok(Selection { items: selected })
}

/// The shape of an expanded to-many relation.
fn expanded(selection: Selection) -> Connection {
    Connection {
        items: vec![
            ConnectionItem::Nodes { key: "data".into(), selection: Arc::new(selection) },
            ConnectionItem::PageInfo { key: "page".into(), items: vec![PageInfoItem::HasNextPage("hasMore".into())] },
        ],
    }
}

fn check_depth(parameter: &str, path: &str, depth: usize, limits: &Limits) -> Result<()> {
    if depth > limits.path_depth {
        return Err(invalid(format!("{parameter} names {path}, which has {depth} levels; at most {} are allowed.", limits.path_depth)));
    }
    if path.split('.').any(str::is_empty) {
        return Err(invalid(format!("{parameter} names {path:?}, which has an empty part.")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rest::fixture::registry;

    fn keys(selection: &Selection) -> String {
        let spelled = selection.items.iter().map(|item| match item {
            Item::Field { key, .. } | Item::Constant { key, .. } | Item::MoneyParts { key, .. } => key.to_string(),
            Item::Part { key, selection } | Item::ToOne { key, selection, .. } => format!("{key}{{{}}}", keys(selection)),
            Item::ToMany { key, connection, list, .. } => {
                let ConnectionItem::Nodes { selection, .. } = &connection.items[0] else { panic!("nodes come first") };
                format!("{key}[{}]{{{}}}", list.page.limit, keys(selection))
            }
        });
        spelled.collect::<Vec<_>>().join(" ")
    }

    fn select_contact(fields: &[&str], expand: &[&str]) -> Result<String> {
        let registry = registry();
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let def = registry.resource("contact").unwrap();
        select(&crate::graphql::fixture::context(), &registry, def, &owned(fields), &owned(expand), &Limits::default())
            .map(|selection| keys(&selection))
    }

    #[test]
    fn fields_and_relations_take_their_places() {
        assert_eq!(select_contact(&["id", "name"], &[]).unwrap(), "id name");
        assert_eq!(select_contact(&["name", "account.name"], &[]).unwrap(), "name account{name}");
        assert_eq!(
            select_contact(&["name", "account.name"], &["account.contacts"]).unwrap().split('[').next(),
            Some("name account{name contacts")
        );
        assert!(select_contact(&["name"], &["account.contacts"]).unwrap().contains("contacts[20]{id version"));
        assert!(select_contact(&[], &[]).unwrap().starts_with("id version createdAt"));
        assert!(!select_contact(&[], &[]).unwrap().contains("passwordHash"), "secrets are no fields");
    }

    #[test]
    fn unknown_names_are_refused_with_the_nearest() {
        for (fields, expand, hint) in [
            (&["nmae"][..], &[][..], "Did you mean name?"),
            (&["account"], &[], "use expand=account"),
            (&["name", "name"], &[], "twice"),
            (&["passwordHash"], &[], "not a field"),
            (&[], &["acount"], "Did you mean account?"),
            (&[], &["account."], "empty part"),
            (&[], &["account.contacts.account.contacts.account"], "at most 4"),
            (&["account.nmae"], &[], "not a field of account"),
        ] {
            let error = select_contact(fields, expand).unwrap_err();
            assert!(error.detail().contains(hint), "{}", error.detail());
        }
        assert!(select_contact(&[], &["account"; 21]).unwrap_err().detail().contains("at most 20"));
    }
}
