//! Filters and orders over plain records in memory: what both databases are held against.
//!
//! Written for clearness, straight from the contract, with nothing shared with the compiler of statements.

use clientela_kernel::{Comparison, Filter, Quantifier, RecordKey, Value, fold};
use clientela_model::{FieldDef, Registry, RelationKind, ResourceDef, system};
use std::cmp::Ordering;
use std::collections::HashMap;

/// One value for each field of the definition, in its order.
pub type Record = Vec<Value>;

/// Every record of one tenant, by resource name; deleted ones too.
#[derive(Debug, Default)]
pub struct World {
    /// Records by resource name.
    pub records: HashMap<String, Vec<Record>>,
}

impl World {
    /// The records of a resource.
    pub fn of(&self, def: &ResourceDef) -> &[Record] {
        self.records.get(def.name.as_ref()).map_or(&[], Vec::as_slice)
    }
}

/// The value of a field, null where there is no such field.
pub fn value<'r>(def: &ResourceDef, record: &'r Record, field: &str) -> &'r Value {
    def.field_index(field).and_then(|index| record.get(index)).unwrap_or(&Value::Null)
}

/// Whether the record is not deleted.
pub fn lives(def: &ResourceDef, record: &Record) -> bool {
    value(def, record, system::DELETED_AT).is_null()
}

/// Whether a record satisfies a filter.
pub fn matches(filter: &Filter, def: &ResourceDef, record: &Record, registry: &Registry, world: &World) -> bool {
    match filter {
        Filter::And(filters) => filters.iter().all(|filter| matches(filter, def, record, registry, world)),
        Filter::Or(filters) => filters.iter().any(|filter| matches(filter, def, record, registry, world)),
        Filter::Not(filter) => !matches(filter, def, record, registry, world),
        Filter::Field { field, comparison } => {
            def.field(field).is_some_and(|field| compare(value(def, record, &field.name), field, comparison))
        }
        Filter::ToOne { relation, filter } => {
            related(relation, def, record, registry, world).iter().any(|(target, other)| matches(filter, target, other, registry, world))
        }
        Filter::ToRecord { .. } | Filter::NamedBy { .. } | Filter::Among { .. } => panic!("no request can ask for this"),
        Filter::ToMany { relation, quantifier, filter } => {
            let others = related(relation, def, record, registry, world);
            let mut hits = others.iter().map(|(target, other)| matches(filter, target, other, registry, world));
            match quantifier {
                Quantifier::Some => hits.any(|hit| hit),
                Quantifier::Every => hits.all(|hit| hit),
                Quantifier::None => !hits.any(|hit| hit),
            }
        }
    }
}

/// The living records a relation leads to.
pub fn related<'w>(
    relation: &str,
    def: &ResourceDef,
    record: &Record,
    registry: &'w Registry,
    world: &'w World,
) -> Vec<(&'w ResourceDef, &'w Record)> {
    let Some(relation) = def.relation(relation) else { return Vec::new() };
    let Some(target) = registry.target(relation) else { return Vec::new() };
    let (local, foreign) = match &relation.kind {
        RelationKind::ToOne { field } => (field.as_ref(), system::ID),
        RelationKind::ToMany { local, foreign, .. } => (local.as_ref(), foreign.as_ref()),
    };
    let any = matches!(&relation.kind, RelationKind::ToMany { foreign, .. } if target.field(foreign).is_some_and(|field| field.any_reference().is_some()));
    let key = match value(def, record, local) {
        Value::Id(id) if any => Value::Record(RecordKey { resource: def.name.clone(), id: *id }),
        key => key.clone(),
    };
    world
        .of(target)
        .iter()
        .filter(|other| !key.is_null() && *value(target, other, foreign) == key && lives(target, other))
        .map(|other| (target.as_ref(), other))
        .collect()
}

fn compare(value: &Value, field: &FieldDef, comparison: &Comparison) -> bool {
    if matches!(comparison, Comparison::IsNull) {
        return value.is_null();
    }
    if value.is_null() {
        return false;
    }
    let order = |other: &Value| comparable(value, other);
    let folded = || if field.folded { value.as_text().map(fold::fold) } else { None };
    let set = || if let Value::TextSet(texts) = value { texts.as_slice() } else { &[] };
    match comparison {
        Comparison::IsNull => false,
        Comparison::Equal(other) => value == other,
        Comparison::In(others) => others.contains(value),
        Comparison::Greater(other) => order(other) == Some(Ordering::Greater),
        Comparison::GreaterOrEqual(other) => matches!(order(other), Some(Ordering::Greater | Ordering::Equal)),
        Comparison::Less(other) => order(other) == Some(Ordering::Less),
        Comparison::LessOrEqual(other) => matches!(order(other), Some(Ordering::Less | Ordering::Equal)),
        Comparison::Between { from, until, .. } => {
            matches!(order(from), Some(Ordering::Greater | Ordering::Equal)) && order(until) == Some(Ordering::Less)
        }
        Comparison::Same(text) => folded().as_deref() == Some(text.as_str()),
        Comparison::OfResource(resource) => value.as_record().is_some_and(|record| record.resource == *resource),
        Comparison::Contains(needle) => folded().is_some_and(|text| text.contains(needle)),
        Comparison::StartsWith(needle) => folded().is_some_and(|text| text.starts_with(needle)),
        Comparison::EndsWith(needle) => folded().is_some_and(|text| text.ends_with(needle)),
        Comparison::Has(text) => set().contains(text),
        Comparison::HasAny(texts) => texts.iter().any(|text| set().contains(text)),
        Comparison::HasAll(texts) => texts.iter().all(|text| set().contains(text)),
    }
}

/// How two values of a type compare; nothing does with null, nor amounts of two currencies.
fn comparable(left: &Value, right: &Value) -> Option<Ordering> {
    match (left, right) {
        (Value::Money(left), Value::Money(right)) => (left.currency == right.currency).then(|| left.minor.cmp(&right.minor)),
        _ if left.is_null() || right.is_null() => None,
        _ => Some(sorted(left, right)),
    }
}

/// How two values of a type are ordered: null greatest, money by currency, then amount.
pub fn sorted(left: &Value, right: &Value) -> Ordering {
    match (left, right) {
        (Value::Null, Value::Null) => Ordering::Equal,
        (Value::Null, _) => Ordering::Greater,
        (_, Value::Null) => Ordering::Less,
        (Value::Boolean(left), Value::Boolean(right)) => left.cmp(right),
        (Value::Integer(left), Value::Integer(right)) => left.cmp(right),
        (Value::Text(left), Value::Text(right)) => left.as_bytes().cmp(right.as_bytes()),
        (Value::Id(left), Value::Id(right)) => left.cmp(right),
        (Value::Record(left), Value::Record(right)) => left.cmp(right),
        (Value::Date(left), Value::Date(right)) => left.cmp(right),
        (Value::Instant(left), Value::Instant(right)) => left.cmp(right),
        (Value::Money(left), Value::Money(right)) => left.currency.cmp(&right.currency).then(left.minor.cmp(&right.minor)),
        _ => Ordering::Equal,
    }
}
