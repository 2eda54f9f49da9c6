//! A resource: a kind of record with its fields, keys and relations.

use crate::{FieldDef, FieldType, Labels, OnDelete, RelationDef, SearchWeight, TimelineDef, naming};
use clientela_kernel::Name;
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

/// The name of the field that [`ResourceDef::successor`] looks for.
const SUCCESSOR: &str = "mergedIntoId";

/// The definition of a resource, written once and read by every surface.
#[derive(Clone, Debug, Default)]
pub struct ResourceDef {
    /// camelCase singular: `accountContact`.
    pub name: Name,
    /// camelCase plural: `accountContacts`.
    pub plural: Name,
    /// PascalCase: `AccountContact`.
    pub type_name: Name,
    /// kebab-case plural in URLs: `account-contacts`.
    pub path: Name,
    /// The table.
    pub table: Name,
    /// Of an object of a tenant's own: what tells its rows from those of others in the table that all of them share.
    pub object: Option<Name>,
    /// Prefix of the wire id.
    pub prefix: Name,
    /// What a record of this kind is.
    pub description: Name,
    /// What people call it, where somebody has said so.
    pub labels: Option<Arc<Labels>>,
    /// The field shown where one text must stand for the record.
    pub label: Name,
    /// Whether records can be made, changed and deleted through the API.
    pub creatable: bool,
    /// Whether records can be changed through the API.
    pub updatable: bool,
    /// Whether records can be deleted and restored through the API.
    pub deletable: bool,
    /// Copies of other records, kept in step by their rules: no log of their own.
    pub mirror: bool,
    /// Only administrators see its records, whatever roles say.
    pub administrators_only: bool,
    /// Its records are words that everybody in a tenant uses and that concern nobody in particular (purposes, tags): people from outside read them too, where roles let them.
    pub common: bool,
    /// Nothing can be attached to its records: a reference to any record does not point here.
    pub unattachable: bool,
    /// Rules may refuse a new record that looks like one there is, unless the caller says `allowDuplicates`.
    pub checks_duplicates: bool,
    /// Its records are the keys by which other systems know records of any resource.
    pub external_keys: Option<ExternalKeyDef>,
    /// The resource whose identity this one is a public face of, by `partyId`-like reference field: inverse relations
    /// of that resource appear here as well.
    pub face: Option<Name>,
    /// The reference to the user whose records they are, for rights to what is one's own. Without one a record belongs with what it
    /// depends on, or else to whoever created it.
    pub owner: Option<Name>,
    /// Each of its records has a content beside the database: the read-only text field that holds its SHA-256.
    pub digest: Option<Name>,
    /// Its records stand in the timelines of parties: how they do.
    pub timeline: Option<TimelineDef>,
    /// A value shown once, in the answer that creates the record (an API key's secret): name and description.
    pub reveals: Option<(Name, Name)>,
    /// Its records hold a file of rows beside their fields, at `…/{id}/content`.
    pub content: Option<ContentRole>,
    /// Every field, the system's first.
    pub fields: Vec<FieldDef>,
    /// Keys that are unique among the living.
    pub unique: Vec<UniqueDef>,
    /// To-one and to-many relations; filled by the registry.
    pub relations: Vec<RelationDef>,
    /// Position of the document with the tenant's own fields, which stand behind it; filled by the registry.
    pub(crate) document: Option<usize>,
    /// Index of each field by name; filled by the registry.
    pub(crate) by_name: HashMap<Name, usize>,
    /// Index of each relation by name; filled by the registry.
    pub(crate) relation_by_name: HashMap<Name, usize>,
}

/// Which way the file of a record goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContentRole {
    /// Callers send it.
    Received,
    /// Callers fetch it.
    Given,
}

/// The media types of such files, with the ending of their names.
pub const CONTENT_TYPES: [(&str, &str); 4] = [
    ("text/csv", "csv"),
    ("application/x-ndjson", "ndjson"),
    ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx"),
    ("application/vnd.apache.parquet", "parquet"),
];

/// The fields of a resource that keeps the keys of other systems.
#[derive(Clone, Debug)]
pub struct ExternalKeyDef {
    /// Text: the other system.
    pub system: Name,
    /// Text: the key there.
    pub value: Name,
    /// The reference to any record: what is known by the key.
    pub record: Name,
}

/// Fields that together are unique among the living records of a tenant.
#[derive(Clone, Debug)]
pub struct UniqueDef {
    /// The index in both databases.
    pub index: Name,
    /// Field names; a folded field compares folded, a reference to any record by its resource alone.
    pub fields: Vec<Name>,
}

impl ResourceDef {
    /// A definition with every name derived from the singular.
    pub fn named(name: &str) -> Self {
        let plural = naming::plural(name);
        ResourceDef {
            name: name.to_owned().into(),
            path: naming::kebab(&plural).into(),
            type_name: naming::pascal(name).into(),
            table: naming::snake(name).into(),
            plural: plural.into(),
            creatable: true,
            updatable: true,
            deletable: true,
            ..ResourceDef::default()
        }
    }

    /// What its rows are read from, as it stands behind `FROM`: the table, or the part of the shared one that is its own.
    pub fn source(&self) -> Cow<'_, str> {
        match &self.object {
            None => Cow::Borrowed(self.table.as_ref()),
            Some(key) => Cow::Owned(format!("(SELECT * FROM {} WHERE object = '{key}')", self.table)),
        }
    }

    /// The same for a statement that gives it no name.
    pub fn named_source(&self) -> Name {
        match &self.object {
            None => self.table.clone(),
            Some(_) => format!("{} r", self.source()).into(),
        }
    }

    /// Whether it is an object of a tenant's own.
    pub fn is_object(&self) -> bool {
        self.object.is_some()
    }

    /// The position of a field.
    pub fn field_index(&self, name: &str) -> Option<usize> {
        self.by_name.get(name).copied()
    }

    /// A field by name.
    pub fn field(&self, name: &str) -> Option<&FieldDef> {
        self.field_index(name).and_then(|index| self.fields.get(index))
    }

    /// The field that names the record this one was merged into, where such records are merged: whoever asks for the one that has gone
    /// gets the other.
    pub fn successor(&self) -> Option<(usize, &FieldDef)> {
        let own = |(_, field): &(usize, &FieldDef)| field.reference().is_some_and(|reference| reference.target == self.name);
        self.field_index(SUCCESSOR).and_then(|index| Some((index, self.fields.get(index)?))).filter(own)
    }

    /// The reference to the identity that this resource is a face of.
    pub fn face_link(&self) -> Option<&FieldDef> {
        let identity = self.face.as_ref()?;
        self.fields.iter().find(|field| field.reference().is_some_and(|reference| reference.target == *identity))
    }

    /// The references to what its records depend on: they go when that goes. Nobody sees a record without what it depends on.
    pub fn bonds(&self) -> impl Iterator<Item = &FieldDef> {
        let face = self.face_link().map(|link| link.name.clone());
        let depends = |field: &&FieldDef| match &field.kind {
            FieldType::Reference(reference) => reference.on_delete == OnDelete::Cascade,
            FieldType::AnyReference(reference) => reference.on_delete == OnDelete::Cascade,
            _ => false,
        };
        self.fields.iter().filter(depends).filter(move |field| face.as_ref() != Some(&field.name))
    }

    /// The position of a relation.
    pub fn relation_index(&self, name: &str) -> Option<usize> {
        self.relation_by_name.get(name).copied()
    }

    /// A relation by name.
    pub fn relation(&self, name: &str) -> Option<&RelationDef> {
        self.relation_index(name).and_then(|index| self.relations.get(index))
    }

    /// Unique keys of one visible text field: a record is found by its value.
    pub fn keys(&self) -> impl Iterator<Item = (&FieldDef, &UniqueDef)> {
        self.unique.iter().filter_map(|unique| {
            let [name] = unique.fields.as_slice() else { return None };
            let field = self.field(name).filter(|field| !field.secret && matches!(field.kind, FieldType::Text { .. }))?;
            Some((field, unique))
        })
    }

    /// The fields by whose words the full-text search finds a record; none where it does not look here.
    pub fn searched_fields(&self) -> impl Iterator<Item = (usize, &FieldDef, SearchWeight)> {
        let fields = self.fields.iter().enumerate();
        fields.filter_map(|(index, field)| field.search.map(|weight| (index, field, weight)))
    }

    /// Whether the full-text search looks here.
    pub fn is_searched(&self) -> bool {
        self.searched_fields().next().is_some()
    }

    /// Fields that can be read through the APIs.
    pub fn visible_fields(&self) -> impl Iterator<Item = (usize, &FieldDef)> {
        self.fields.iter().enumerate().filter(|(_, field)| !field.secret)
    }
}
