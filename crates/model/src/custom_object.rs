//! Objects that a tenant adds: resources whose records stand in one table, that of all objects of all tenants, and whose fields are
//! the tenant's own but for a name, an owner and labels.

use crate::registry::{DefinitionProblem, target};
use crate::{
    FieldDef, FieldType, Labels, OnDelete, Personal, ReferenceDef, Registry, RelationDef, RelationKind, ResourceDef, SearchWeight,
    TextFormat, WriteMode, naming, system,
};
use std::sync::Arc;

/// What the names of objects begin with on every surface, so that none is ever called like a built-in resource.
pub const STEM: &str = "custom";
/// The table of their records.
pub const TABLE: &str = "custom_record";
/// The column that tells whose record it is.
const OBJECT: &str = "object";

/// What is put behind the name of a resource to name something else: two names that differ by one of these would mean the same.
const ENDINGS: &[&str] = &[
    "Batch",
    "BatchResult",
    "BatchRow",
    "BatchUpdate",
    "BatchUpsert",
    "By",
    "Children",
    "Connection",
    "Create",
    "Created",
    "Custom",
    "CustomFilter",
    "CustomInput",
    "CustomOrder",
    "Edge",
    "Expansion",
    "Filter",
    "Link",
    "Nest",
    "Order",
    "Page",
    "Part",
    "Patch",
    "Search",
    "ToManyFilter",
    "Upsert",
    "Values",
];
/// What the rest of such names begins with where there are many.
const AGGREGATE: &str = "Aggregate";

/// An object that a tenant adds.
#[derive(Clone, Debug)]
pub struct CustomObject {
    /// camelCase, without the stem: `machine`.
    pub name: String,
    /// camelCase, without the stem: `machines`.
    pub plural: String,
    /// The value of the column that tells its records from others'. It never changes.
    pub key: String,
    /// What a record of this kind is.
    pub description: String,
    /// What people call it.
    pub labels: Labels,
    /// What the name of a record is.
    pub title: String,
}

/// The name of a tenant's object on every surface: `machine` → `customMachine`.
pub fn full_name(name: &str) -> String {
    format!("{STEM}{}", naming::pascal(name))
}

/// The last part of its addresses: `serviceContracts` → `service-contracts`.
pub fn path(plural: &str) -> String {
    naming::kebab(plural)
}

impl CustomObject {
    /// Its name on every surface.
    pub fn full_name(&self) -> String {
        full_name(&self.name)
    }

    /// Why it cannot be called so among these; none where it can. Both names are letters alone, a lower-case one first.
    pub fn conflict(&self, registry: &Registry) -> Option<String> {
        let (name, plural) = (full_name(&self.name), full_name(&self.plural));
        if name == plural {
            return Some(format!("{} is one and many at once", self.name));
        }
        let clash = |left: &str, right: &str| {
            let rest = |long: &str, short: &str| {
                long.strip_prefix(short).is_some_and(|rest| rest.is_empty() || rest.starts_with(AGGREGATE) || ENDINGS.contains(&rest))
            };
            rest(left, right) || rest(right, left)
        };
        let own = [name.as_str(), plural.as_str()];
        let others = registry.resources().iter();
        let taken = others.flat_map(|def| [&def.name, &def.plural]).find(|other| own.iter().any(|own| clash(own, other)));
        taken.map(|other| format!("{other} is called so already, or something of it would be"))
    }

    /// The definition, not linked yet.
    fn definition(&self) -> ResourceDef {
        let (name, plural) = (full_name(&self.name), full_name(&self.plural));
        let prefix = naming::snake(&name);
        let mut fields = system::fields(&prefix);
        let text = |max: u32| FieldType::Text { max, format: TextFormat::Plain };
        fields.push(FieldDef {
            required: true,
            secret: true,
            filter: false,
            sort: false,
            write: WriteMode::ReadOnly,
            default: Some(format!("\"{}\"", self.key).into()),
            ..FieldDef::new(OBJECT, OBJECT, text(20), "Which object's record it is.", "\"k0a1b2c3d4e\"")
        });
        let title = self.title.trim_end_matches('.');
        fields.push(FieldDef {
            required: true,
            folded: true,
            search: Some(SearchWeight::Name),
            ..FieldDef::new("name", "name", text(200), format!("{title}."), "\"A name\"")
        });
        let owner = FieldType::Reference(ReferenceDef {
            target: "user".into(),
            relation: "owner".into(),
            inverse: None,
            inverse_description: "".into(),
            on_delete: OnDelete::Clear,
            personal: Personal::AsDeleted,
            prefix: "".into(),
            table: "".into(),
            also_accepts: Vec::new(),
        });
        let responsible = "The user who is responsible for the record.";
        fields.push(FieldDef::new("ownerId", "owner_id", owner, responsible, "\"usr_01h455vb4pex5vsknk084sn02q\""));
        let set = FieldType::TextSet { max_items: 100, max_length: 100 };
        fields.push(FieldDef {
            required: true,
            sort: false,
            default: Some("[]".into()),
            ..FieldDef::new("tags", "tags", set, "Free labels, each once, sorted.", "[\"A label\"]")
        });
        ResourceDef {
            type_name: naming::pascal(&name).into(),
            path: format!("{STEM}/{}", path(&self.plural)).into(),
            name: name.into(),
            plural: plural.into(),
            table: TABLE.into(),
            object: Some(self.key.clone().into()),
            prefix: prefix.into(),
            description: self.description.clone().into(),
            labels: Some(Arc::new(self.labels.clone())),
            label: "name".into(),
            owner: Some("ownerId".into()),
            creatable: true,
            updatable: true,
            deletable: true,
            fields,
            ..ResourceDef::default()
        }
    }
}

impl Registry {
    /// The same resources and operations with a tenant's objects. What is not touched is shared. An object that does not fit is left out, and
    /// why is told: one of them must not take everything else along.
    pub fn with_objects(&self, objects: &[CustomObject]) -> (Registry, Vec<DefinitionProblem>) {
        let (mut made, mut problems) = (self.shared(), Vec::new());
        let mut targets = Vec::with_capacity(objects.len());
        for object in objects {
            if let Some(problem) = object.conflict(&made) {
                problems.push(DefinitionProblem(format!("{} cannot be called so: {problem}", object.name)));
                continue;
            }
            let mut def = object.definition();
            for field in &mut def.fields {
                let FieldType::Reference(reference) = &mut field.kind else { continue };
                // There are users wherever there are tenants.
                let _ = made.link(reference);
                let kind = RelationKind::ToOne { field: field.name.clone() };
                let (name, target, description) = (reference.relation.clone(), reference.target.clone(), field.description.clone());
                def.relations.push(RelationDef { name, target, description, kind });
            }
            def.relations.extend(self.attached());
            def.by_name = def.fields.iter().enumerate().map(|(index, field)| (field.name.clone(), index)).collect();
            def.relation_by_name = def.relations.iter().enumerate().map(|(index, relation)| (relation.name.clone(), index)).collect();
            targets.push(target(&def));
            made.add(def);
        }
        let widen = |field: &mut FieldDef| {
            if let FieldType::AnyReference(reference) = &mut field.kind {
                reference.targets = reference.targets.iter().chain(&targets).cloned().collect();
            }
        };
        for def in made.resources_mut().iter_mut().filter(|def| def.fields.iter().any(|field| field.any_reference().is_some())) {
            Arc::make_mut(def).fields.iter_mut().for_each(widen);
        }
        for operation in made.operations_mut() {
            let mut any = false;
            let mut looked = operation.input.clone();
            looked.each_value(&mut |value| any |= value.any_reference().is_some());
            if any {
                Arc::make_mut(operation).input.each_value(&mut |value| widen(value));
            }
        }
        (made, problems)
    }

    /// The relations to what can be attached to any record.
    fn attached(&self) -> impl Iterator<Item = RelationDef> {
        self.resources().iter().flat_map(|def| {
            def.fields.iter().filter_map(|field| {
                let reference = field.any_reference()?;
                let kind = RelationKind::ToMany { local: system::ID.into(), foreign: field.name.clone(), on_delete: reference.on_delete };
                let (name, description) = (reference.inverse.clone()?, reference.inverse_description.clone());
                Some(RelationDef { name, target: def.name.clone(), description, kind })
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base() -> Registry {
        let mut user = ResourceDef::named("user");
        (user.prefix, user.description, user.table) = ("usr".into(), "A user.".into(), "app_user".into());
        user.fields = system::fields("usr");
        Registry::new(vec![user]).unwrap()
    }

    fn object(name: &str, plural: &str) -> CustomObject {
        let text = |text: &str| text.to_owned();
        let labels = Labels { label: "One".into(), others: Vec::new() };
        CustomObject {
            name: text(name),
            plural: text(plural),
            key: text("kab"),
            description: text("One."),
            labels,
            title: text("Its name"),
        }
    }

    #[test]
    fn an_object_is_a_resource_like_any_other() {
        let registry = base().with_objects(&[object("serviceContract", "serviceContracts")]).0;
        let def = registry.resource("customServiceContract").unwrap();
        assert_eq!((def.type_name.as_ref(), def.path.as_ref()), ("CustomServiceContract", "custom/service-contracts"));
        assert_eq!(def.prefix, "custom_service_contract");
        assert_eq!(def.source(), "(SELECT * FROM custom_record WHERE object = 'kab')");
        assert!(registry.by_path("custom/service-contracts").is_some() && registry.by_prefix("custom_service_contract").is_some());
        assert!(def.relation("owner").is_some_and(RelationDef::is_to_one));
        assert_eq!(base().resource("user").unwrap().source(), "app_user");
    }

    #[test]
    fn nothing_is_called_twice() {
        let registry = base().with_objects(&[object("work", "works")]).0;
        assert!(object("workOrder", "workOrders").conflict(&registry).is_some(), "WorkOrder is the order of works");
        assert!(object("worksheet", "worksheets").conflict(&registry).is_none());
        assert!(object("work", "labors").conflict(&registry).is_some());
        assert!(object("labor", "works").conflict(&registry).is_some());
        assert!(object("sheep", "sheep").conflict(&registry).is_some());
    }
}
