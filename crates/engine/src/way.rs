//! The ways from record to record, by the fields that make them.

use clientela_access::FieldMask;
use clientela_model::{RelationDef, RelationKind, ResourceDef};

/// Whether whoever has these field rules of either end may go along a relation. A reference that is hidden is as closed on the way to its record, and back,
/// as it is by itself: else a filter or an expansion would tell what it holds.
pub(crate) fn is_open(relation: &RelationDef, from: (&ResourceDef, &FieldMask), to: (&ResourceDef, &FieldMask)) -> bool {
    let (name, (def, mask)) = match &relation.kind {
        RelationKind::ToOne { field } => (field, from),
        RelationKind::ToMany { foreign, .. } => (foreign, to),
    };
    def.field(name).is_none_or(|field| mask.sees(field))
}
