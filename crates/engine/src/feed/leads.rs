//! Where a condition leads: which other records decide whether a record is in sight, and how the record is found from them.

use clientela_kernel::{Comparison, Filter, Name, RecordKey, Value};
use clientela_model::{FieldDef, Registry, RelationKind, ResourceDef, WriteMode, system};
use std::collections::HashSet;
use uuid::Uuid;

/// Where a condition leads.
#[derive(Debug, Default)]
pub(super) struct Leads {
    /// Resources of which any change may matter to any record.
    pub(super) anywhere: HashSet<Name>,
    /// Ways from the record to single others.
    pub(super) ways: Vec<Way>,
}

/// A way from a record to another one.
#[derive(Clone, Debug)]
pub(super) struct Way {
    /// To-one relations on the way.
    steps: Vec<Step>,
    /// How the last record is named.
    last: Last,
    /// The resource at its end.
    pub(super) target: Name,
}

#[derive(Clone, Debug)]
enum Step {
    Relation(Name),
    Record { field: Name, resource: Name },
}

#[derive(Clone, Debug)]
enum Last {
    /// By a reference.
    Reference(Name),
    /// By a reference to any record.
    Any(Name),
    /// It names the record itself, which is of a resource, by this field of its own, which never changes.
    Names { field: Name, of: Name },
}

impl Leads {
    pub(super) fn of(registry: &Registry, def: &ResourceDef, filter: &Filter) -> Leads {
        let mut leads = Leads::default();
        leads.walk(registry, def, filter, Some(&[]));
        leads
    }

    /// `way` is how one came here; none where that is not one record after the other.
    fn walk(&mut self, registry: &Registry, def: &ResourceDef, filter: &Filter, way: Option<&[Step]>) {
        match filter {
            Filter::And(parts) | Filter::Or(parts) => parts.iter().for_each(|part| self.walk(registry, def, part, way)),
            Filter::Not(inner) => self.walk(registry, def, inner, way),
            Filter::Field { .. } => {}
            Filter::ToOne { relation, filter } => {
                let Some(relation) = def.relation(relation) else { return };
                let RelationKind::ToOne { field } = &relation.kind else { return };
                self.add(way, Last::Reference(field.clone()), &relation.target);
                self.go_on(registry, &relation.target, filter, way, Step::Relation(relation.name.clone()));
            }
            Filter::ToRecord { field, resource, filter } => {
                self.add(way, Last::Any(field.clone()), resource);
                self.go_on(registry, resource, filter, way, Step::Record { field: field.clone(), resource: resource.clone() });
            }
            Filter::NamedBy { resource, field, filter } => {
                self.names(registry, (resource, field), def, way);
                self.beyond(registry, resource, filter);
            }
            Filter::Among { field, of } => {
                for among in of {
                    let own = field.as_ref() == system::ID && (among.resource == def.name && among.field.as_ref() == system::ID);
                    match own {
                        // The record itself: whatever changes about it is looked at anyway.
                        true => {}
                        false if field.as_ref() == system::ID => self.names(registry, (&among.resource, &among.field), def, way),
                        false => {
                            self.anywhere.insert(among.resource.clone());
                        }
                    }
                    self.beyond(registry, &among.resource, &among.filter);
                }
            }
            Filter::ToMany { relation, filter, .. } => {
                let Some(relation) = def.relation(relation) else { return };
                self.anywhere.insert(relation.target.clone());
                self.beyond(registry, &relation.target, filter);
            }
        }
    }

    fn go_on(&mut self, registry: &Registry, target: &Name, filter: &Filter, way: Option<&[Step]>, step: Step) {
        let Some(target) = registry.resource(target) else { return };
        let way: Option<Vec<Step>> = way.map(|way| way.iter().cloned().chain([step]).collect());
        self.walk(registry, target, filter, way.as_deref());
    }

    fn beyond(&mut self, registry: &Registry, target: &Name, filter: &Filter) {
        let Some(target) = registry.resource(target) else { return };
        self.walk(registry, target, filter, None);
    }

    fn add(&mut self, way: Option<&[Step]>, last: Last, target: &Name) {
        match way {
            Some(steps) => self.ways.push(Way { steps: steps.to_vec(), last, target: target.clone() }),
            None => {
                self.anywhere.insert(target.clone());
            }
        }
    }

    /// Records of a resource name the one at hand by a field.
    fn names(&mut self, registry: &Registry, (resource, field): (&Name, &Name), def: &ResourceDef, way: Option<&[Step]>) {
        let fixed = registry.resource(resource).and_then(|def| def.field(field)).is_some_and(|field| field.write != WriteMode::Writable);
        self.add(way.filter(|_| fixed), Last::Names { field: field.clone(), of: def.name.clone() }, resource);
    }

    /// Every resource it leads to.
    pub(super) fn resources(&self) -> HashSet<Name> {
        self.anywhere.iter().cloned().chain(self.ways.iter().map(|way| way.target.clone())).collect()
    }
}

impl Way {
    /// The field by which the record at the end names the one at hand, and what that one is, where this is how it goes.
    pub(super) fn names(&self) -> Option<(&Name, &Name)> {
        match &self.last {
            Last::Names { field, of } => Some((field, of)),
            Last::Reference(_) | Last::Any(_) => None,
        }
    }

    /// The condition on records from which the way leads to one of these; where the end names the record at hand, these are whom it names.
    pub(super) fn to(&self, ids: &[Uuid]) -> Filter {
        let these = |ids: &[Uuid]| Comparison::In(ids.iter().copied().map(Value::Id).collect());
        let last = match &self.last {
            Last::Reference(field) => Filter::field(field.clone(), these(ids)),
            Last::Names { .. } => Filter::field(system::ID, these(ids)),
            Last::Any(field) => {
                let record = |id: &Uuid| Value::Record(RecordKey { resource: self.target.clone(), id: *id });
                Filter::field(field.clone(), Comparison::In(ids.iter().map(record).collect()))
            }
        };
        self.steps.iter().rev().fold(last, |filter, step| {
            let filter = Box::new(filter);
            match step {
                Step::Relation(relation) => Filter::ToOne { relation: relation.clone(), filter },
                Step::Record { field, resource } => Filter::ToRecord { field: field.clone(), resource: resource.clone(), filter },
            }
        })
    }
}

/// Whom records name by a field: ids, of this resource where the field may name any.
pub(super) fn named(field: &FieldDef, index: usize, records: &[Vec<Value>], resource: &str) -> Vec<Uuid> {
    let id = |record: &Vec<Value>| match (record.get(index)?, field.any_reference()) {
        (Value::Record(key), Some(_)) => (*key.resource == *resource).then_some(key.id),
        (value, _) => value.as_id(),
    };
    records.iter().filter_map(id).collect()
}
