//! The same filter finds the same records on SQLite, on PostgreSQL and in memory; every value reads back as written.

use super::databases::Databases;
use super::strategy;
use clientela_kernel::{Comparison, DeletedMode, Filter, fold};
use clientela_model::ResourceDef;
use clientela_store::{Column, Dialect, Encoder, Select, SelectCount, SortColumn, width};
use clientela_tests::evaluator::{lives, matches, sorted};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use std::sync::Arc;
use uuid::Uuid;

#[test]
fn random_filters_find_the_same_records_everywhere() {
    let databases = Databases::new();
    let registry = &databases.registry;
    let cases = registry.resources().iter().map(|def| {
        let def = def.clone();
        strategy::filter(registry, &def, 3).prop_map(move |filter| (def.clone(), filter)).boxed()
    });
    let cases =
        (proptest::strategy::Union::new(cases), prop::sample::select(vec![DeletedMode::Exclude, DeletedMode::Include, DeletedMode::Only]));
    let mut runner = TestRunner::new(Config { cases: 200, ..Config::default() });
    let found = std::cell::Cell::new(0usize);
    let outcome = runner.run(&cases, |((def, filter), deleted)| {
        let expected = in_memory(&databases, &def, &filter, deleted);
        found.set(found.get() + expected.len());
        for dialect in databases.dialects() {
            prop_assert_eq!(ids(&databases, dialect, &def, &filter, deleted), expected.clone(), "on {:?}", dialect);
            let count = SelectCount { registry, def: &def, filters: vec![&filter], deleted, parents: None };
            let rows = databases.run(count.compile(dialect, Databases::tenant()).unwrap());
            prop_assert_eq!(rows[0].integer(0).unwrap(), i64::try_from(expected.len()).ok());
        }
        Ok(())
    });
    outcome.unwrap_or_else(|error| panic!("{error}"));
    assert!(found.get() > 500, "the filters found too little to mean anything: {}", found.get());
}

fn in_memory(databases: &Databases, def: &Arc<ResourceDef>, filter: &Filter, deleted: DeletedMode) -> Vec<Uuid> {
    let counts = |living: bool| match deleted {
        DeletedMode::Exclude => living,
        DeletedMode::Include => true,
        DeletedMode::Only => !living,
    };
    let records = databases.world.of(def).iter();
    let records =
        records.filter(|record| counts(lives(def, record)) && matches(filter, def, record, &databases.registry, &databases.world));
    let mut ids: Vec<Uuid> = records.map(|record| record[0].as_id().unwrap()).collect();
    ids.sort();
    ids
}

fn ids(databases: &Databases, dialect: Dialect, def: &ResourceDef, filter: &Filter, deleted: DeletedMode) -> Vec<Uuid> {
    let id = def.field("id").unwrap();
    let select = Select {
        registry: &databases.registry,
        def,
        joins: Vec::new(),
        columns: vec![Column { table: 0, field: id }],
        filters: vec![filter],
        deleted,
        sort: vec![SortColumn { table: 0, field: id, nullable: false, descending: false }],
        seek: None,
        until: None,
        backward: false,
        limit: None,
        parents: None,
    };
    let rows = databases.run(select.compile(dialect, Databases::tenant()).unwrap());
    rows.iter().map(|row| row.uuid(0).unwrap().unwrap()).collect()
}

#[test]
fn every_value_reads_back_and_encodes_alike() {
    let databases = Databases::new();
    for def in databases.registry.resources() {
        let mut records = databases.world.of(def).to_vec();
        records.sort_by(|left, right| sorted(&left[0], &right[0]));
        for dialect in databases.dialects() {
            let select = Select {
                registry: &databases.registry,
                def,
                joins: Vec::new(),
                columns: def.fields.iter().map(|field| Column { table: 0, field }).collect(),
                filters: Vec::new(),
                deleted: DeletedMode::Include,
                sort: vec![SortColumn { table: 0, field: &def.fields[0], nullable: false, descending: false }],
                seek: None,
                until: None,
                backward: false,
                limit: None,
                parents: None,
            };
            let rows = databases.run(select.compile(dialect, Databases::tenant()).unwrap());
            assert_eq!(rows.len(), records.len());
            for (row, record) in rows.iter().zip(&records) {
                let mut column = 0;
                for (field, value) in def.fields.iter().zip(record) {
                    assert_eq!(row.value(column, field).unwrap(), *value, "{} on {dialect:?}", field.name);
                    assert_eq!(row.is_null(column).unwrap(), value.is_null());
                    let encoder = Encoder::new(def, field);
                    let (mut from_row, mut from_value) = (Vec::new(), Vec::new());
                    encoder.write(row, column, &mut from_row).unwrap();
                    encoder.write_value(value, &mut from_value);
                    assert_eq!(from_row, from_value, "{} on {dialect:?}", field.name);
                    assert!(serde_json::from_slice::<serde_json::Value>(&from_row).is_ok());
                    column += width(field);
                }
            }
        }
    }
}

#[test]
fn every_needle_is_found_as_it_is_written() {
    let databases = Databases::new();
    let def = databases.registry.resource("contact").unwrap();
    let mut needles: Vec<String> = Vec::new();
    for text in super::toy::TEXTS.iter().map(|text| fold::fold(text)) {
        let letters: Vec<char> = text.chars().collect();
        for from in 0..=letters.len() {
            needles.extend((from..=letters.len()).map(|until| letters[from..until].iter().collect::<String>()));
        }
    }
    needles.sort();
    needles.dedup();
    assert!(["%", "_", "\\"].iter().all(|special| needles.iter().any(|needle| needle == special)));
    for needle in needles {
        let comparisons = [Comparison::Contains(needle.clone()), Comparison::StartsWith(needle.clone()), Comparison::EndsWith(needle)];
        for comparison in comparisons {
            let filter = Filter::field("name", comparison);
            let expected = in_memory(&databases, def, &filter, DeletedMode::Include);
            for dialect in databases.dialects() {
                assert_eq!(ids(&databases, dialect, def, &filter, DeletedMode::Include), expected, "{filter:?} on {dialect:?}");
            }
        }
    }
}
