//! A relation: how one gets from a record to others. Derived from the reference fields by the registry.

use crate::OnDelete;
use clientela_kernel::Name;

/// A way from a record to one or many others.
#[derive(Clone, Debug)]
pub struct RelationDef {
    /// camelCase.
    pub name: Name,
    /// The resource it leads to.
    pub target: Name,
    /// What it holds.
    pub description: Name,
    /// One or many, and by which columns.
    pub kind: RelationKind,
}

/// One or many.
#[derive(Clone, Debug)]
pub enum RelationKind {
    /// The record whose id stands in a field of ours.
    ToOne {
        /// Our reference field.
        field: Name,
    },
    /// The records whose reference field holds an id of ours.
    ToMany {
        /// Our field whose value they hold: `id`, or the reference to the identity we are a face of.
        local: Name,
        /// Their reference field.
        foreign: Name,
        /// What happens to them when we are deleted.
        on_delete: OnDelete,
    },
}

impl RelationDef {
    /// Whether it leads to at most one record.
    pub fn is_to_one(&self) -> bool {
        matches!(self.kind, RelationKind::ToOne { .. })
    }
}
