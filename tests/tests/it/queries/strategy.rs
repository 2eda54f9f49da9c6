//! Random filters that fit a definition.

use super::toy;
use clientela_kernel::{Comparison, Date, Filter, Money, Quantifier, RecordKey, Timestamp, Value, currency::Currency, fold};
use clientela_model::{FieldDef, FieldType, Registry, ResourceDef};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::Union;

/// A filter on records of `def`, nested at most `depth` deep.
pub(crate) fn filter(registry: &Registry, def: &ResourceDef, depth: u32) -> BoxedStrategy<Filter> {
    let fields = Union::new(def.fields.iter().map(|field| {
        let name = field.name.clone();
        comparison(field).prop_map(move |comparison| Filter::field(name.clone(), comparison)).boxed()
    }));
    if depth == 0 {
        return fields.boxed();
    }
    let same = filter(registry, def, depth - 1);
    let relations = def.relations.iter().map(|relation| {
        let name = relation.name.clone();
        let inner = filter(registry, registry.target(relation).unwrap(), depth - 1).prop_map(Box::new);
        if relation.is_to_one() {
            inner.prop_map(move |filter| Filter::ToOne { relation: name.clone(), filter }).boxed()
        } else {
            let quantifier = select(vec![Quantifier::Some, Quantifier::Every, Quantifier::None]);
            (quantifier, inner).prop_map(move |(quantifier, filter)| Filter::ToMany { relation: name.clone(), quantifier, filter }).boxed()
        }
    });
    let mut choices = vec![
        (3, fields.boxed()),
        (2, prop::collection::vec(same.clone(), 0..4).prop_map(Filter::And).boxed()),
        (2, prop::collection::vec(same.clone(), 0..4).prop_map(Filter::Or).boxed()),
        (2, same.prop_map(Filter::negate).boxed()),
    ];
    choices.extend(relations.map(|relation| (2, relation)));
    Union::new_weighted(choices).boxed()
}

fn comparison(field: &FieldDef) -> BoxedStrategy<Comparison> {
    let nulls = Just(Comparison::IsNull);
    let texts = |pool: &'static [&'static str]| prop::collection::vec(select(pool).prop_map(str::to_owned), 0..4);
    if let FieldType::TextSet { .. } = field.kind {
        let has = select(toy::TAGS).prop_map(|text| Comparison::Has(text.to_owned()));
        return prop_oneof![nulls, has, texts(toy::TAGS).prop_map(Comparison::HasAny), texts(toy::TAGS).prop_map(Comparison::HasAll)]
            .boxed();
    }
    let one = value(field);
    if let FieldType::AnyReference(_) = field.kind {
        let several = prop::collection::vec(one.clone(), 0..6).prop_map(Comparison::In);
        let kinds = select(vec!["party", "account", "contact"]).prop_map(|resource| Comparison::OfResource(resource.into()));
        return prop_oneof![nulls, kinds, one.prop_map(Comparison::Equal), several].boxed();
    }
    let ordered = prop_oneof![
        one.clone().prop_map(Comparison::Equal),
        one.clone().prop_map(Comparison::Greater),
        one.clone().prop_map(Comparison::GreaterOrEqual),
        one.clone().prop_map(Comparison::Less),
        one.clone().prop_map(Comparison::LessOrEqual),
        prop::collection::vec(one.clone(), 0..4).prop_map(Comparison::In),
        (one.clone(), one).prop_map(|(from, until)| Comparison::Between { from, until, source: String::new() }),
    ];
    if !field.folded {
        return prop_oneof![1 => nulls, 4 => ordered].boxed();
    }
    let needle = || select(toy::TEXTS).prop_flat_map(part).prop_map(|text| fold::fold(&text));
    let folded = prop_oneof![
        select(toy::TEXTS).prop_map(|text| Comparison::Same(fold::fold(text))),
        needle().prop_map(Comparison::Contains),
        needle().prop_map(Comparison::StartsWith),
        needle().prop_map(Comparison::EndsWith),
    ];
    prop_oneof![1 => nulls, 4 => ordered, 4 => folded].boxed()
}

/// Some letters of a text, one after the other.
fn part(text: &'static str) -> impl Strategy<Value = String> {
    let length = text.chars().count();
    (0..=length, 0..=length).prop_map(move |(from, count)| text.chars().skip(from).take(count).collect())
}

fn value(field: &FieldDef) -> BoxedStrategy<Value> {
    match &field.kind {
        FieldType::Id | FieldType::Reference(_) => (0..40u128).prop_map(|number| Value::Id(toy::id(number))).boxed(),
        FieldType::AnyReference(reference) => {
            let resources: Vec<_> = reference.targets.iter().map(|target| target.resource.clone()).collect();
            (select(resources), 0..40u128).prop_map(|(resource, number)| Value::Record(RecordKey { resource, id: toy::id(number) })).boxed()
        }
        FieldType::Text { .. } => prop_oneof![8 => select(toy::TEXTS).prop_map(Value::from), 1 => Just(Value::from("a\0"))].boxed(),
        FieldType::Choice(_) => select(toy::CHOICES).prop_map(Value::from).boxed(),
        FieldType::Boolean => any::<bool>().prop_map(Value::Boolean).boxed(),
        FieldType::Integer { .. } | FieldType::Decimal { .. } | FieldType::Duration => {
            select(toy::INTEGERS).prop_map(Value::Integer).boxed()
        }
        FieldType::Date => select(toy::DAYS).prop_map(|day| Value::Date(Date::parse(day).unwrap())).boxed(),
        FieldType::Instant => select(toy::INSTANTS).prop_map(|at| Value::Instant(Timestamp(at))).boxed(),
        FieldType::Money => (select(toy::MINORS), select(toy::CURRENCIES))
            .prop_map(|(minor, code)| Value::Money(Money { minor, currency: Currency::parse(code).unwrap() }))
            .boxed(),
        FieldType::TextSet { .. } => Just(Value::Null).boxed(),
    }
}
