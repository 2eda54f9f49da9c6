//! All resources together, checked and linked once at start.

use crate::{
    ExternalKeyDef, FieldDef, FieldType, OnDelete, OperationDef, RecordTarget, ReferenceDef, RelationDef, RelationKind, ResourceDef,
    WriteMode, naming,
};
use crate::{operations, timeline};
use clientela_kernel::{Error, Name, Result};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

/// Names a field may not have, since inputs and REST use them for themselves.
const RESERVED: &[&str] = &[
    "idempotencyKey",
    "expectedVersion",
    "dryRun",
    "userErrors",
    "and",
    "or",
    "not",
    "custom",
    "by",
    "mode",
    "tenantId",
    "clientMutationId",
];

/// Whether a name is one that no field may have.
pub fn is_reserved(name: &str) -> bool {
    RESERVED.contains(&name)
}

/// Words that are reserved in PostgreSQL or SQLite and that a table or column could well be called; names stand unquoted
/// in statements.
const RESERVED_IN_SQL: &[&str] = &[
    "all",
    "analyze",
    "and",
    "any",
    "array",
    "as",
    "asc",
    "between",
    "both",
    "case",
    "cast",
    "check",
    "collate",
    "column",
    "constraint",
    "create",
    "default",
    "deferrable",
    "delete",
    "desc",
    "distinct",
    "do",
    "drop",
    "else",
    "end",
    "except",
    "exists",
    "false",
    "fetch",
    "for",
    "foreign",
    "from",
    "full",
    "grant",
    "group",
    "having",
    "in",
    "index",
    "initially",
    "inner",
    "insert",
    "into",
    "is",
    "join",
    "lateral",
    "leading",
    "left",
    "like",
    "limit",
    "not",
    "null",
    "offset",
    "on",
    "only",
    "or",
    "order",
    "placing",
    "primary",
    "references",
    "returning",
    "right",
    "select",
    "set",
    "some",
    "symmetric",
    "table",
    "then",
    "to",
    "trailing",
    "transaction",
    "true",
    "union",
    "unique",
    "update",
    "user",
    "using",
    "values",
    "verbose",
    "when",
    "where",
    "window",
    "with",
];

/// Every resource, linked.
#[derive(Clone, Debug)]
pub struct Registry {
    resources: Vec<Arc<ResourceDef>>,
    by_name: HashMap<Name, usize>,
    by_path: HashMap<Name, usize>,
    by_prefix: HashMap<Name, usize>,
    operations: Vec<Arc<OperationDef>>,
}

/// Why definitions do not fit together. A fault of the code or of a tenant's metadata, told at start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DefinitionProblem(pub String);

impl std::fmt::Display for DefinitionProblem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}
impl std::error::Error for DefinitionProblem {}

impl Registry {
    /// Checks and links definitions of resources.
    pub fn new(defs: Vec<ResourceDef>) -> Result<Registry, DefinitionProblem> {
        Registry::with_operations(defs, Vec::new())
    }

    /// Checks and links definitions of resources and of what is done with them.
    pub fn with_operations(mut defs: Vec<ResourceDef>, operations: Vec<OperationDef>) -> Result<Registry, DefinitionProblem> {
        let mut targets: BTreeMap<Name, (Name, Name)> = BTreeMap::new();
        let mut faces: BTreeMap<Name, Vec<(Name, Name, Name)>> = BTreeMap::new();
        for def in &defs {
            if targets.insert(def.name.clone(), (def.prefix.clone(), def.table.clone())).is_some() {
                return Err(DefinitionProblem(format!("resource {} is defined twice", def.name)));
            }
            if let Some(identity) = &def.face {
                let link = def.fields.iter().find(|field| field.reference().is_some_and(|reference| reference.target == *identity));
                let link =
                    link.ok_or_else(|| DefinitionProblem(format!("{} is a face of {identity} but has no reference to it", def.name)))?;
                faces.entry(identity.clone()).or_default().push((def.name.clone(), def.prefix.clone(), link.name.clone()));
            }
        }
        let attachable: Vec<RecordTarget> = defs.iter().filter(|def| !def.mirror && !def.unattachable).map(target).collect();
        let mut inverse: Vec<(Name, RelationDef)> = Vec::new();
        for def in &mut defs {
            let owner = def.name.clone();
            let owner_plural = naming::words(&def.plural);
            for field in &mut def.fields {
                if let FieldType::AnyReference(reference) = &mut field.kind {
                    // A record is not attached to one of its own kind: that would be a tree, which a plain reference says better.
                    reference.targets = attachable.iter().filter(|target| target.resource != owner).cloned().collect();
                    let Some(name) = &reference.inverse else { continue };
                    let kind = RelationKind::ToMany { local: "id".into(), foreign: field.name.clone(), on_delete: reference.on_delete };
                    let description = reference.inverse_description.clone();
                    let relation = RelationDef { name: name.clone(), target: owner.clone(), description, kind };
                    inverse.extend(reference.targets.iter().map(|target| (target.resource.clone(), relation.clone())));
                    continue;
                }
                let FieldType::Reference(reference) = &mut field.kind else { continue };
                (reference.prefix, reference.table) = targets.get(&reference.target).cloned().ok_or_else(|| {
                    DefinitionProblem(format!("{owner}.{} refers to {}, which is not defined", field.name, reference.target))
                })?;
                let target_faces = faces.get(&reference.target).map_or(&[][..], Vec::as_slice);
                reference.also_accepts = target_faces.iter().map(|(_, prefix, _)| prefix.clone()).collect();
                def.relations.push(RelationDef {
                    name: reference.relation.clone(),
                    target: reference.target.clone(),
                    description: field.description.clone(),
                    kind: RelationKind::ToOne { field: field.name.clone() },
                });
                let Some(name) = &reference.inverse else { continue };
                let description: Name = if reference.inverse_description.is_empty() {
                    format!("The {owner_plural} whose {} is this record.", naming::words(&reference.relation)).into()
                } else {
                    reference.inverse_description.clone()
                };
                let homes = std::iter::once((reference.target.clone(), Name::from("id")))
                    .chain(target_faces.iter().filter(|(face, ..)| *face != owner).map(|(face, _, link)| (face.clone(), link.clone())));
                for (home, local) in homes {
                    let kind = RelationKind::ToMany { local, foreign: field.name.clone(), on_delete: reference.on_delete };
                    inverse.push((home, RelationDef { name: name.clone(), target: owner.clone(), description: description.clone(), kind }));
                }
            }
        }
        for (home, relation) in inverse {
            if let Some(def) = defs.iter_mut().find(|def| def.name == home) {
                def.relations.push(relation);
            }
        }
        for def in &mut defs {
            check(def)?;
            def.by_name = def.fields.iter().enumerate().map(|(index, field)| (field.name.clone(), index)).collect();
            def.relation_by_name = def.relations.iter().enumerate().map(|(index, relation)| (relation.name.clone(), index)).collect();
        }
        for def in &defs {
            check_copies(def, &defs)?;
            timeline::check(def, &defs)?;
        }
        let index = |key: fn(&ResourceDef) -> &Name| -> Result<HashMap<Name, usize>, DefinitionProblem> {
            let mut map = HashMap::new();
            for (position, def) in defs.iter().enumerate() {
                if map.insert(key(def).clone(), position).is_some() {
                    return Err(DefinitionProblem(format!("two resources share the name, path or prefix {}", key(def))));
                }
            }
            Ok(map)
        };
        let (by_name, by_path, by_prefix) = (index(|def| &def.name)?, index(|def| &def.path)?, index(|def| &def.prefix)?);
        let mut registry =
            Registry { resources: defs.into_iter().map(Arc::new).collect(), by_name, by_path, by_prefix, operations: Vec::new() };
        registry.operations = operations::linked(&registry, operations)?;
        Ok(registry)
    }

    /// The same registry once more; definitions are shared until they are changed.
    pub(crate) fn shared(&self) -> Registry {
        self.clone()
    }

    pub(crate) fn resources_mut(&mut self) -> &mut Vec<Arc<ResourceDef>> {
        &mut self.resources
    }

    /// Adds a definition that is linked already, under names that are free.
    pub(crate) fn add(&mut self, def: ResourceDef) {
        let position = self.resources.len();
        self.by_name.insert(def.name.clone(), position);
        self.by_path.insert(def.path.clone(), position);
        self.by_prefix.insert(def.prefix.clone(), position);
        self.resources.push(Arc::new(def));
    }

    pub(crate) fn operations_mut(&mut self) -> &mut Vec<Arc<OperationDef>> {
        &mut self.operations
    }

    pub(crate) fn position(&self, name: &str) -> Option<usize> {
        self.by_name.get(name).copied()
    }

    /// Every operation, in the order of registration.
    pub fn operations(&self) -> &[Arc<OperationDef>] {
        &self.operations
    }

    /// An operation by its name.
    pub fn operation(&self, name: &str) -> Option<&Arc<OperationDef>> {
        self.operations.iter().find(|operation| operation.name == name)
    }

    /// The names by which references to a resource are known: its prefix, its table, the prefixes of its faces.
    pub(crate) fn link(&self, reference: &mut ReferenceDef) -> Option<()> {
        let target = self.resource(&reference.target)?;
        (reference.prefix, reference.table) = (target.prefix.clone(), target.named_source());
        let faces = self.resources.iter().filter(|face| face.face.as_ref() == Some(&target.name));
        reference.also_accepts = faces.map(|face| face.prefix.clone()).collect();
        Some(())
    }

    /// Every resource, in the order of registration.
    pub fn resources(&self) -> &[Arc<ResourceDef>] {
        &self.resources
    }

    /// A resource by its camelCase name.
    pub fn resource(&self, name: &str) -> Option<&Arc<ResourceDef>> {
        self.by_name.get(name).and_then(|index| self.resources.get(*index))
    }

    /// A resource by its camelCase name, which the code itself knows.
    ///
    /// # Errors
    /// `INTERNAL` where there is none.
    pub fn known(&self, name: &str) -> Result<&Arc<ResourceDef>> {
        self.resource(name).ok_or_else(|| Error::internal(format!("no resource is called {name}")))
    }

    /// A resource by its URL path.
    pub fn by_path(&self, path: &str) -> Option<&Arc<ResourceDef>> {
        self.by_path.get(path).and_then(|index| self.resources.get(*index))
    }

    /// A resource by its id prefix.
    pub fn by_prefix(&self, prefix: &str) -> Option<&Arc<ResourceDef>> {
        self.by_prefix.get(prefix).and_then(|index| self.resources.get(*index))
    }

    /// The resource that keeps the keys of other systems for records of `def`, and its fields; none where there is none, or
    /// nothing can be attached to these records.
    pub fn external_keys(&self, def: &ResourceDef) -> Option<(&Arc<ResourceDef>, &ExternalKeyDef)> {
        let (keys, fields) = self.resources.iter().find_map(|keys| Some((keys, keys.external_keys.as_ref()?)))?;
        let reference = keys.field(&fields.record)?.any_reference()?;
        reference.target(&def.name).map(|_| (keys, fields))
    }

    /// Whether records of `def` can be found by a key other than their id.
    pub fn has_keys(&self, def: &ResourceDef) -> bool {
        def.keys().next().is_some() || self.external_keys(def).is_some()
    }

    /// Whether records of `def` can be created or changed by such a key.
    pub fn is_upsertable(&self, def: &ResourceDef) -> bool {
        def.creatable && def.updatable && self.has_keys(def)
    }

    /// The resource a relation of `def` leads to.
    pub fn target(&self, relation: &RelationDef) -> Option<&Arc<ResourceDef>> {
        self.resource(&relation.target)
    }
}

/// A copy has the type of its original, and lives no longer than it.
fn check_copies(def: &ResourceDef, defs: &[ResourceDef]) -> Result<(), DefinitionProblem> {
    for field in &def.fields {
        let Some(copy) = &field.copy_of else { continue };
        let reference = def.fields.iter().find(|other| other.reference().is_some_and(|reference| reference.relation == copy.relation));
        let original = reference.and_then(FieldDef::reference).and_then(|reference| {
            let target = defs.iter().find(|target| target.name == reference.target)?;
            target.field(&copy.field).filter(|_| reference.on_delete == OnDelete::Cascade)
        });
        let same = original.is_some_and(|original| {
            original.required == field.required
                && (field.sensitive || !original.sensitive)
                && std::mem::discriminant(&original.kind) == std::mem::discriminant(&field.kind)
        });
        if !same || reference.is_none_or(|reference| !reference.required) || field.write != WriteMode::ReadOnly {
            return Err(DefinitionProblem(format!(
                "{}.{} copies {}.{}: a copy is read-only, of the same type and as sensitive, and its reference is required and cascades",
                def.name, field.name, copy.relation, copy.field
            )));
        }
    }
    Ok(())
}

pub(crate) fn target(def: &ResourceDef) -> RecordTarget {
    RecordTarget { resource: def.name.clone(), prefix: def.prefix.clone(), table: def.named_source() }
}

/// The checks that keep names safe in SQL and unambiguous on the wire.
fn check(def: &ResourceDef) -> Result<(), DefinitionProblem> {
    let fail = |text: String| Err(DefinitionProblem(format!("{}: {text}", def.name)));
    let snake =
        |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    if !(3..=5).contains(&def.prefix.len()) || !def.prefix.bytes().all(|byte| byte.is_ascii_lowercase()) {
        return fail(format!("prefix {} must be three to five lower-case letters", def.prefix));
    }
    if !snake(&def.table) || def.description.is_empty() {
        return fail("needs a snake_case table and a description".to_owned());
    }
    if RESERVED_IN_SQL.contains(&def.table.as_ref()) {
        return fail(format!("table {} is a reserved word of SQL; give another with table = \"…\"", def.table));
    }
    let mut names = HashSet::new();
    for field in &def.fields {
        if RESERVED_IN_SQL.contains(&field.column.as_ref()) {
            return fail(format!(
                "column {} is a reserved word of SQL; give another and keep the field's name with name = \"…\"",
                field.column
            ));
        }
        if !snake(&field.column) || RESERVED.contains(&field.name.as_ref()) {
            return fail(format!("field {} has a bad column or a reserved name", field.name));
        }
        if field.description.is_empty() || field.example.is_empty() {
            return fail(format!("field {} needs a description and an example", field.name));
        }
        if field
            .any_reference()
            .is_some_and(|reference| field.sort || (reference.inverse.is_some() && reference.inverse_description.is_empty()))
        {
            return fail(format!("field {} refers to any record: it cannot be sorted by, and its inverse needs a description", field.name));
        }
        if field.folded && !matches!(field.kind, FieldType::Text { .. }) {
            return fail(format!("field {} is folded but not text", field.name));
        }
        if field.search.is_some() && (field.secret || !matches!(field.kind, FieldType::Text { .. })) {
            return fail(format!("field {} is searched but secret, or not text", field.name));
        }
        if !names.insert(field.name.clone()) {
            return fail(format!("field {} is defined twice", field.name));
        }
    }
    for relation in &def.relations {
        if !names.insert(relation.name.clone()) {
            return fail(format!("relation {} collides with a field or another relation", relation.name));
        }
    }
    if !def.label.is_empty() && !def.fields.iter().any(|field| field.name == def.label) {
        return fail(format!("label {} is not a field", def.label));
    }
    if let Some(keys) = &def.external_keys {
        let of = |name: &Name| def.fields.iter().find(|field| field.name == *name).map(|field| &field.kind);
        let texts = [&keys.system, &keys.value].into_iter().all(|name| matches!(of(name), Some(FieldType::Text { .. })));
        if !texts || !matches!(of(&keys.record), Some(FieldType::AnyReference(_))) {
            return fail("external_keys names two text fields and a reference to any record".to_owned());
        }
    }
    for unique in &def.unique {
        if let Some(missing) = unique.fields.iter().find(|name| !def.fields.iter().any(|field| field.name == **name)) {
            return fail(format!("unique key {} names the unknown field {missing}", unique.index));
        }
    }
    Ok(())
}
