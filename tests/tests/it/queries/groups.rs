//! The same groups and figures on SQLite, on PostgreSQL and in memory, whatever one groups by and computes.

use super::databases::Databases;
use super::strategy;
use chrono::{DateTime, Datelike as _, Days, NaiveDate, NaiveDateTime, NaiveTime, Offset as _, TimeZone as _, Timelike as _};
use chrono_tz::Tz;
use clientela_kernel::{Date, DeletedMode, Filter, Timestamp, Value};
use clientela_model::{FieldType, RelationKind, ResourceDef};
use clientela_store::{Bucket, Column, Figure, Function, GroupKey, Join, KeyForm, Measure, Offsets, Select, SelectGroups};
use clientela_tests::evaluator::{Record, lives, matches, related};
use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::TestRunner;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{Rng as _, SeedableRng as _};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

const BUCKETS: [Bucket; 6] = [Bucket::Hour, Bucket::Day, Bucket::Week, Bucket::Month, Bucket::Quarter, Bucket::Year];
const ZONES: [Tz; 6] = [
    chrono_tz::UTC,
    chrono_tz::Europe::Rome,
    chrono_tz::America::New_York,
    chrono_tz::Asia::Kathmandu,
    chrono_tz::Australia::Lord_Howe,
    chrono_tz::Pacific::Apia,
];

/// A key as the test chooses it: through which relation, which field, what of it.
struct Chosen {
    relation: Option<usize>,
    field: usize,
    form: Form,
}

enum Form {
    Whole,
    Currency,
    Days(Bucket),
    Moments(Bucket, Tz, Arc<Offsets>),
}

#[test]
fn random_aggregates_agree_everywhere() {
    let databases = Databases::new();
    let mut random = StdRng::seed_from_u64(7);
    let mut runner = TestRunner::deterministic();
    let (mut groups, mut figures) = (0, 0);
    for case in 0..400 {
        let def = databases.registry.resources().choose(&mut random).unwrap().clone();
        let filter = strategy::filter(&databases.registry, &def, 2).new_tree(&mut runner).unwrap().current();
        let filter = if random.random_bool(0.6) { Filter::And(Vec::new()) } else { filter };
        let deleted = *[DeletedMode::Exclude, DeletedMode::Exclude, DeletedMode::Include, DeletedMode::Only].choose(&mut random).unwrap();
        let keys: Vec<Chosen> = (0..random.random_range(0..4)).map(|_| key(&databases, &def, &mut random)).collect();
        let measures: Vec<(Function, Option<usize>, usize)> =
            (0..random.random_range(0..6)).filter_map(|_| measure(&databases, &def, &mut random)).collect();
        let expected = in_memory(&databases, &def, &filter, deleted, &keys, &measures);
        groups += expected.len();
        figures += expected.len() * measures.len();
        for dialect in databases.dialects() {
            let select = select(&databases, &def, &filter, deleted, &keys, &measures);
            let sql = select.compile(dialect, Databases::tenant(), true).unwrap();
            let text = sql.text.clone();
            let mut found = Vec::new();
            for row in databases.run(sql) {
                let (values, figures) = select.read(&row, dialect, true).unwrap();
                found.push((format!("{values:?}"), figures));
            }
            found.sort_by(|left, right| left.0.cmp(&right.0));
            assert_eq!(found, expected, "case {case} on {dialect:?}: {text}");
        }
    }
    assert!(groups > 2_000 && figures > 4_000, "{groups} groups with {figures} figures mean little");
}

fn target<'a>(databases: &'a Databases, def: &'a ResourceDef, relation: Option<usize>) -> &'a ResourceDef {
    match relation {
        Some(index) => databases.registry.target(&def.relations[index]).unwrap(),
        None => def,
    }
}

fn relation(def: &ResourceDef, random: &mut StdRng) -> Option<usize> {
    let to_one: Vec<usize> = (0..def.relations.len()).filter(|index| def.relations[*index].is_to_one()).collect();
    if random.random_bool(0.4) { to_one.choose(random).copied() } else { None }
}

fn key(databases: &Databases, def: &ResourceDef, random: &mut StdRng) -> Chosen {
    let relation = relation(def, random);
    let fields = &target(databases, def, relation).fields;
    let usable: Vec<usize> = (0..fields.len()).filter(|index| !matches!(fields[*index].kind, FieldType::TextSet { .. })).collect();
    let field = *usable.choose(random).unwrap();
    let bucket = *BUCKETS.choose(random).unwrap();
    let form = match fields[field].kind {
        FieldType::Money => Form::Currency,
        FieldType::Instant if random.random_bool(0.9) => {
            let zone = *ZONES.choose(random).unwrap();
            Form::Moments(bucket, zone, clientela_engine::aggregate::offsets(zone))
        }
        FieldType::Date if random.random_bool(0.8) && bucket != Bucket::Hour => Form::Days(bucket),
        _ => Form::Whole,
    };
    Chosen { relation, field, form }
}

fn measure(databases: &Databases, def: &ResourceDef, random: &mut StdRng) -> Option<(Function, Option<usize>, usize)> {
    use clientela_engine::aggregate::{Function as Named, takes};
    let (function, named) = *[
        (Function::Count, Named::Count),
        (Function::CountDistinct, Named::CountDistinct),
        (Function::Sum, Named::Sum),
        (Function::Average, Named::Avg),
        (Function::Minimum, Named::Min),
        (Function::Maximum, Named::Max),
    ]
    .choose(random)
    .unwrap();
    let relation = relation(def, random);
    let fields = &target(databases, def, relation).fields;
    let usable: Vec<usize> = (0..fields.len()).filter(|index| function == Function::Count || takes(named, &fields[*index].kind)).collect();
    Some((function, relation, *usable.choose(random)?))
}

fn select<'a>(
    databases: &'a Databases,
    def: &'a ResourceDef,
    filter: &'a Filter,
    deleted: DeletedMode,
    keys: &'a [Chosen],
    measures: &[(Function, Option<usize>, usize)],
) -> SelectGroups<'a> {
    let used: BTreeSet<usize> = keys.iter().filter_map(|key| key.relation).chain(measures.iter().filter_map(|measure| measure.1)).collect();
    let used: Vec<usize> = used.into_iter().collect();
    let joins = used.iter().map(|index| {
        let RelationKind::ToOne { field } = &def.relations[*index].kind else { unreachable!("only to-one relations are chosen") };
        Join { from: 0, field: def.field(field).unwrap(), def: target(databases, def, Some(*index)), filter: None }
    });
    let column = |relation: Option<usize>, field: usize| Column {
        table: relation.map_or(0, |index| used.iter().position(|other| *other == index).unwrap() + 1),
        field: &target(databases, def, relation).fields[field],
    };
    let records = Select {
        registry: &databases.registry,
        def,
        joins: joins.collect(),
        columns: Vec::new(),
        filters: vec![filter],
        deleted,
        sort: Vec::new(),
        seek: None,
        until: None,
        backward: false,
        limit: None,
        parents: None,
    };
    let keys = keys.iter().map(|key| GroupKey {
        column: column(key.relation, key.field),
        form: match &key.form {
            Form::Whole => KeyForm::Whole,
            Form::Currency => KeyForm::Currency,
            Form::Days(bucket) => KeyForm::Days(*bucket),
            Form::Moments(bucket, _, offsets) => KeyForm::Moments(*bucket, offsets),
        },
    });
    let measures = measures.iter().map(|(function, relation, field)| Measure {
        function: *function,
        column: (*function != Function::Count).then(|| column(*relation, *field)),
    });
    SelectGroups { records, keys: keys.collect(), measures: measures.collect(), limit: 10_000 }
}

fn in_memory(
    databases: &Databases,
    def: &Arc<ResourceDef>,
    filter: &Filter,
    deleted: DeletedMode,
    keys: &[Chosen],
    measures: &[(Function, Option<usize>, usize)],
) -> Vec<(String, Vec<Figure>)> {
    let (registry, world) = (&databases.registry, &databases.world);
    let counts = |living: bool| match deleted {
        DeletedMode::Exclude => living,
        DeletedMode::Include => true,
        DeletedMode::Only => !living,
    };
    let value = |record: &Record, relation: Option<usize>, field: usize| match relation {
        None => record[field].clone(),
        Some(index) => related(&def.relations[index].name, def, record, registry, world)
            .first()
            .map(|(_, other)| other[field].clone())
            .unwrap_or_default(),
    };
    let mut groups: BTreeMap<String, Vec<&Record>> = BTreeMap::new();
    if keys.is_empty() {
        groups.insert("[]".to_owned(), Vec::new());
    }
    for record in world.of(def).iter().filter(|record| counts(lives(def, record)) && matches(filter, def, record, registry, world)) {
        let key: Vec<Value> = keys.iter().map(|key| part(&key.form, value(record, key.relation, key.field))).collect();
        groups.entry(format!("{key:?}")).or_default().push(record);
    }
    let figure = |records: &[&Record], (function, relation, field): &(Function, Option<usize>, usize)| {
        let values: Vec<Value> = records.iter().map(|record| value(record, *relation, *field)).filter(|value| !value.is_null()).collect();
        compute(*function, records.len(), &values)
    };
    groups.into_iter().map(|(key, records)| (key, measures.iter().map(|measure| figure(&records, measure)).collect())).collect()
}

fn compute(function: Function, records: usize, values: &[Value]) -> Figure {
    let number = |value: &Value| match value {
        Value::Integer(number) => *number,
        Value::Money(money) => money.minor,
        other => panic!("{other:?} is no number"),
    };
    let sum: i128 = match function {
        Function::Sum | Function::Average => values.iter().map(|value| i128::from(number(value))).sum(),
        _ => 0,
    };
    let plain = |value: &Value| if let Value::Money(money) = value { Value::Integer(money.minor) } else { value.clone() };
    let rank = |value: &Value| match value {
        Value::Date(day) => i64::from(day.0),
        Value::Instant(at) => at.0,
        other => number(other),
    };
    match function {
        Function::Count => Figure::Number(records as i128),
        Function::CountDistinct => Figure::Number(values.iter().map(|value| format!("{value:?}")).collect::<BTreeSet<_>>().len() as i128),
        _ if values.is_empty() => Figure::Empty,
        Function::Sum => Figure::Number(sum),
        Function::Average => Figure::Average(sum, values.len() as i64),
        Function::Minimum => Figure::Value(plain(values.iter().min_by_key(|value| rank(value)).unwrap())),
        Function::Maximum => Figure::Value(plain(values.iter().max_by_key(|value| rank(value)).unwrap())),
    }
}

fn part(form: &Form, value: Value) -> Value {
    match (form, value) {
        (Form::Currency, Value::Money(money)) => Value::from(money.currency.code()),
        (Form::Days(bucket), Value::Date(day)) => Value::Date(Date::from_chrono(first_day(*bucket, day.to_chrono()))),
        (Form::Moments(bucket, zone, _), Value::Instant(at)) => {
            let utc = DateTime::from_timestamp_millis(at.0).unwrap();
            let ahead = zone.offset_from_utc_datetime(&utc.naive_utc()).fix().local_minus_utc();
            let shown: NaiveDateTime = utc.naive_utc() + chrono::Duration::seconds(i64::from(ahead));
            Value::Instant(Timestamp(if *bucket == Bucket::Hour {
                let hour = shown.date().and_hms_opt(shown.hour(), 0, 0).unwrap();
                hour.and_utc().timestamp_millis() - i64::from(ahead) * 1_000
            } else {
                let shown = shown.clamp(
                    NaiveDate::from_ymd_opt(1, 1, 1).unwrap().and_time(NaiveTime::MIN),
                    NaiveDate::from_ymd_opt(9999, 12, 31).unwrap().and_hms_opt(23, 59, 59).unwrap(),
                );
                first_day(*bucket, shown.date()).and_time(NaiveTime::MIN).and_utc().timestamp_millis()
            }))
        }
        (_, value) => value,
    }
}

fn first_day(bucket: Bucket, day: NaiveDate) -> NaiveDate {
    let of = |month: u32| NaiveDate::from_ymd_opt(day.year(), month, 1).unwrap();
    match bucket {
        Bucket::Hour | Bucket::Day => day,
        Bucket::Week => day - Days::new(u64::from(day.weekday().num_days_from_monday())),
        Bucket::Month => of(day.month()),
        Bucket::Quarter => of((day.month() - 1) / 3 * 3 + 1),
        Bucket::Year => of(1),
    }
}

#[test]
fn the_statement_is_what_one_would_write() {
    let databases = Databases::new();
    let def = databases.registry.resource("account").unwrap();
    let field = |name: &str| def.field_index(name).unwrap();
    let keys = [
        Chosen { relation: None, field: field("kind"), form: Form::Whole },
        Chosen { relation: None, field: field("revenue"), form: Form::Currency },
    ];
    let measures = [(Function::Count, None, 0), (Function::Sum, None, field("revenue")), (Function::CountDistinct, None, field("name"))];
    let filter = Filter::And(Vec::new());
    let select = select(&databases, def, &filter, DeletedMode::Exclude, &keys, &measures);
    let text = |dialect| select.compile(dialect, Databases::tenant(), false).unwrap().text;
    assert_eq!(
        text(clientela_store::Dialect::Sqlite),
        "SELECT t0.kind, t0.revenue_currency, COUNT(*), SUM(t0.revenue_minor), COUNT(DISTINCT t0.name) FROM account t0 \
         WHERE t0.tenant_id = ?1 AND t0.deleted_at IS NULL AND 1=1 GROUP BY 1, 2 LIMIT 10000"
    );
}
