//! A registry with what a tenant adds to it.

use crate::registry::DefinitionProblem;
use crate::{FieldDef, FieldType, Registry, RelationDef, RelationKind, ResourceDef, UniqueDef, document};
use clientela_kernel::Name;
use std::sync::Arc;

/// A field that a tenant adds to a resource.
#[derive(Clone, Debug)]
pub struct Addition {
    /// The resource.
    pub resource: Name,
    /// The field, called `custom.<name>`.
    pub field: FieldDef,
    /// The index that keeps its values unique among the living.
    pub unique: Option<Name>,
}

impl ResourceDef {
    /// Whether a tenant can add fields: people make and change its records, and it is not part of the machinery of rights and jobs.
    /// Files come with their fields as parts of a form, which knows none but its own.
    pub fn takes_custom_fields(&self) -> bool {
        self.creatable && self.updatable && !self.mirror && !self.unattachable && self.content.is_none() && self.digest.is_none()
    }

    /// The position of the document that holds the tenant's own fields; none where there are none.
    pub fn document(&self) -> Option<usize> {
        self.document
    }

    /// Gives it a document, behind which what is added stands.
    fn open(&mut self) {
        if self.document.is_none() {
            self.document = Some(self.fields.len());
            self.by_name.insert(document::NAME.into(), self.fields.len());
            self.fields.push(document::definition());
        }
    }

    /// The fields that the tenant added, which can be read through the APIs.
    pub fn custom_fields(&self) -> impl Iterator<Item = (usize, &FieldDef)> {
        let from = self.document.unwrap_or(self.fields.len());
        self.fields.iter().enumerate().skip(from).filter(|(_, field)| !field.secret)
    }

    /// The fields that are everybody's, which can be read through the APIs.
    pub fn own_fields(&self) -> impl Iterator<Item = (usize, &FieldDef)> {
        let until = self.document.unwrap_or(self.fields.len());
        self.fields.iter().enumerate().take(until).filter(|(_, field)| !field.secret)
    }
}

impl Registry {
    /// The same resources and operations with further fields. What is not touched is shared. A field that does not fit (of a resource that there is
    /// not, or takes none; a name twice; a reference that leads nowhere) is left out, and why is told: one of them must not take everything else along.
    pub fn extended(&self, additions: Vec<Addition>) -> (Registry, Vec<DefinitionProblem>) {
        let mut made = self.shared();
        let problems = additions.into_iter().filter_map(|addition| self.extend(&mut made, addition).err()).collect();
        (made, problems)
    }

    /// Adds a field to a registry that is being made of this one.
    fn extend(&self, made: &mut Registry, addition: Addition) -> Result<(), DefinitionProblem> {
        let Addition { resource, mut field, unique } = addition;
        let fail = |text: &str| DefinitionProblem(format!("{resource}.{}: {text}", field.name));
        let at = self.position(&resource).ok_or_else(|| fail("there is no such resource"))?;
        let mut inverse = None;
        if let FieldType::Reference(reference) = &mut field.kind {
            if self.link(reference).is_none() {
                return Err(DefinitionProblem(format!("{resource}: a field refers to {}, which is not defined", reference.target)));
            }
            let kind = RelationKind::ToMany { local: "id".into(), foreign: field.name.clone(), on_delete: reference.on_delete };
            let description = reference.inverse_description.clone();
            inverse = reference.inverse.clone().map(|name| RelationDef { name, target: resource.clone(), description, kind });
        }
        let fail = |text: &str| DefinitionProblem(format!("{resource}.{}: {text}", field.name));
        if !field.is_custom() {
            return Err(fail("a tenant's field is called custom.<name>"));
        }
        let back = field.reference().map(|reference| reference.target.clone()).zip(inverse.as_ref());
        if let Some((target, inverse)) = &back {
            let taken = |def: &ResourceDef| def.by_name.contains_key(&inverse.name) || def.relation_by_name.contains_key(&inverse.name);
            let home = made.resource(target).filter(|def| def.takes_custom_fields() && !taken(def));
            if home.is_none() || (*target == resource && inverse.name == field.name) {
                return Err(fail(&format!("{target} takes no relation {}", inverse.name)));
            }
        }
        let def = made.at(at)?;
        if !def.takes_custom_fields() {
            return Err(fail("the resource takes no further fields"));
        }
        if def.by_name.contains_key(&field.name) || def.relation_by_name.contains_key(&field.name) {
            return Err(fail("the name is taken"));
        }
        def.open();
        if let Some(reference) = field.reference() {
            let kind = RelationKind::ToOne { field: field.name.clone() };
            let (name, target, description) = (reference.relation.clone(), reference.target.clone(), field.description.clone());
            def.relation_by_name.insert(name.clone(), def.relations.len());
            def.relations.push(RelationDef { name, target, description, kind });
        }
        if let Some(index) = unique {
            def.unique.push(UniqueDef { index, fields: vec![field.name.clone()] });
        }
        let target = field.reference().map(|reference| reference.target.clone());
        def.by_name.insert(field.name.clone(), def.fields.len());
        def.fields.push(field);
        if let Some((target, inverse)) = target.zip(inverse) {
            let at = self.position(&target).ok_or_else(|| DefinitionProblem(format!("{target} is not defined")))?;
            let def = made.at(at)?;
            def.open();
            def.relation_by_name.insert(inverse.name.clone(), def.relations.len());
            def.relations.push(inverse);
        }
        Ok(())
    }

    /// The same, with a field that a tenant added set aside: it keeps its place, is called otherwise, and nobody but the server sees it. What it was called is free.
    /// None where there is no such field, or where relations hang on it.
    pub fn with_field_aside(&self, resource: &str, field: &str, aside: &str) -> Option<Registry> {
        let mut made = self.shared();
        let def = made.at(self.position(resource)?).ok()?;
        let index = def.by_name.get(field).copied()?;
        let set_aside = def.fields.get_mut(index).filter(|field| field.is_custom() && field.reference().is_none())?;
        let was = std::mem::replace(&mut set_aside.name, aside.to_owned().into());
        (set_aside.secret, set_aside.required) = (true, false);
        def.by_name.remove(&was);
        def.by_name.insert(aside.to_owned().into(), index);
        def.unique.retain(|unique| !unique.fields.contains(&was));
        Some(made)
    }

    /// A definition that is to be changed, in a registry that is not shared yet.
    fn at(&mut self, position: usize) -> Result<&mut ResourceDef, DefinitionProblem> {
        self.resources_mut().get_mut(position).map(Arc::make_mut).ok_or_else(|| DefinitionProblem("a resource went missing".to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{TextFormat, system};

    fn base() -> Registry {
        let mut def = ResourceDef::named("thing");
        def.prefix = "thg".into();
        def.description = "A thing.".into();
        def.fields = system::fields("thg");
        Registry::new(vec![def]).unwrap()
    }

    fn addition(name: &str) -> Addition {
        let kind = FieldType::Text { max: 10, format: TextFormat::Plain };
        let place = document::column(&kind, "kab");
        Addition { resource: "thing".into(), field: FieldDef::new(name.to_owned(), place, kind, "A field.", "\"a\""), unique: None }
    }

    #[test]
    fn what_is_added_stands_behind_the_document() {
        let (registry, problems) = base().extended(vec![addition("custom.region"), addition("custom.size")]);
        assert!(problems.is_empty());
        let def = registry.resource("thing").unwrap();
        let names: Vec<&str> = def.custom_fields().map(|(_, field)| field.name.as_ref()).collect();
        assert_eq!(names, ["custom.region", "custom.size"]);
        assert!(def.field("custom").is_some_and(|document| document.secret));
        assert_eq!(def.field("custom.region").unwrap().pointer(), "/custom/region");
        assert_eq!(base().resource("thing").unwrap().custom_fields().count(), 0);
        assert_eq!(def.own_fields().count(), system::fields("thg").len());
    }

    #[test]
    fn names_are_taken_once() {
        let (registry, problems) = base().extended(vec![addition("custom.region"), addition("custom.region"), addition("region")]);
        assert_eq!((registry.resource("thing").unwrap().custom_fields().count(), problems.len()), (1, 2), "the others are there");
    }
}
