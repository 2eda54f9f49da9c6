//! How values in memory compare: as both databases do it.

use clientela_kernel::{Comparison, Value, fold::fold};
use clientela_model::FieldDef;
use std::cmp::Ordering;

/// The order of values of one type: null greatest, text by code point, money by currency and amount.
pub(crate) fn order(left: &Value, right: &Value) -> Ordering {
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

/// Whether a comparison of a field holds for its value: two-valued, as filters are everywhere.
pub(crate) fn satisfies(value: &Value, field: &FieldDef, comparison: &Comparison) -> bool {
    if matches!(comparison, Comparison::IsNull) || value.is_null() {
        return matches!(comparison, Comparison::IsNull) && value.is_null();
    }
    let against = |other: &Value| match (value, other) {
        (_, Value::Null) => None,
        (Value::Money(left), Value::Money(right)) if left.currency != right.currency => None,
        (value, other) => Some(order(value, other)),
    };
    let is = |other: &Value, wanted: &[Ordering]| against(other).is_some_and(|found| wanted.contains(&found));
    let folded = |holds: &dyn Fn(&str) -> bool| field.folded && value.as_text().is_some_and(|text| holds(&fold(text)));
    let set = |holds: &dyn Fn(&[String]) -> bool| matches!(value, Value::TextSet(texts) if holds(texts));
    match comparison {
        Comparison::IsNull => false,
        Comparison::Equal(other) => value == other,
        Comparison::In(others) => others.contains(value),
        Comparison::Greater(other) => is(other, &[Ordering::Greater]),
        Comparison::GreaterOrEqual(other) => is(other, &[Ordering::Greater, Ordering::Equal]),
        Comparison::Less(other) => is(other, &[Ordering::Less]),
        Comparison::LessOrEqual(other) => is(other, &[Ordering::Less, Ordering::Equal]),
        Comparison::Between { from, until, .. } => is(from, &[Ordering::Greater, Ordering::Equal]) && is(until, &[Ordering::Less]),
        Comparison::Same(text) => folded(&|folded| folded == text),
        Comparison::Contains(needle) => folded(&|folded| folded.contains(needle)),
        Comparison::StartsWith(needle) => folded(&|folded| folded.starts_with(needle)),
        Comparison::EndsWith(needle) => folded(&|folded| folded.ends_with(needle)),
        Comparison::OfResource(resource) => value.as_record().is_some_and(|record| record.resource == *resource),
        Comparison::Has(text) => set(&|texts| texts.contains(text)),
        Comparison::HasAny(any) => set(&|texts| any.iter().any(|text| texts.contains(text))),
        Comparison::HasAll(all) => set(&|texts| all.iter().all(|text| texts.contains(text))),
    }
}
