//! Walking a list page by page, either way, in any order, and lists below parents: both databases give the slices of
//! the list sorted in memory.

use super::databases::Databases;
use clientela_kernel::{Among, Comparison, DeletedMode, Filter, Value};
use clientela_model::{FieldType, ResourceDef};
use clientela_store::{Column, Dialect, Join, Parents, Row, Seek, Select, SelectCount, SortColumn, width};
use clientela_tests::evaluator::{Record, lives, matches, related, sorted, value};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use std::cmp::Ordering;
use std::collections::HashMap;
use uuid::Uuid;

/// Keys of an order: whether the account's field (rather than the contact's own), its name, descending.
type Keys = Vec<(bool, String, bool)>;

/// Contacts with their accounts, in an order; rights hide accounts without a nickname.
struct List<'a> {
    databases: &'a Databases,
    def: &'a ResourceDef,
    account: &'a ResourceDef,
    rights: Filter,
    /// Which contacts are seen at all; all of them without one.
    seen: Option<Filter>,
    keys: Keys,
}

impl<'a> List<'a> {
    fn new(databases: &'a Databases, keys: Keys) -> Self {
        let def = databases.registry.resource("contact").unwrap();
        let account = databases.registry.resource("account").unwrap();
        let rights = Filter::field("nickname", Comparison::IsNull).negate();
        let keys = keys.into_iter().chain([(false, "id".to_owned(), false)]).collect();
        List { databases, def, account, rights, seen: None, keys }
    }

    fn sort(&self) -> Vec<SortColumn<'_>> {
        let column = |(joined, name, descending): &(bool, String, bool)| {
            let field = if *joined { self.account.field(name) } else { self.def.field(name) }.unwrap();
            SortColumn { table: usize::from(*joined), field, nullable: *joined || !field.required, descending: *descending }
        };
        self.keys.iter().map(column).collect()
    }

    fn select(&self) -> Select<'_> {
        let sort = self.sort();
        Select {
            registry: &self.databases.registry,
            def: self.def,
            joins: vec![Join { from: 0, field: self.def.field("accountId").unwrap(), def: self.account, filter: Some(&self.rights) }],
            columns: sort.iter().map(|key| Column { table: key.table, field: key.field }).collect(),
            filters: self.seen.iter().collect(),
            deleted: DeletedMode::Exclude,
            sort,
            seek: None,
            until: None,
            backward: false,
            limit: None,
            parents: None,
        }
    }

    fn run(&self, dialect: Dialect, select: &Select<'_>) -> Vec<Row> {
        self.databases.run(select.compile(dialect, Databases::tenant()).unwrap())
    }

    /// The sort values of a row, from a column on.
    fn place(&self, row: &Row, mut column: usize) -> Vec<Value> {
        let mut values = Vec::new();
        for key in self.sort() {
            values.push(row.value(column, key.field).unwrap());
            column += width(key.field);
        }
        values
    }

    fn place_in_memory(&self, record: &Record) -> Vec<Value> {
        let accounts = related("account", self.def, record, &self.databases.registry, &self.databases.world);
        let account =
            accounts.first().filter(|(def, account)| matches(&self.rights, def, account, &self.databases.registry, &self.databases.world));
        let key = |(joined, name, _): &(bool, String, bool)| match (*joined, account) {
            (false, _) => value(self.def, record, name).clone(),
            (true, Some((def, account))) => value(def, account, name).clone(),
            (true, None) => Value::Null,
        };
        self.keys.iter().map(key).collect()
    }

    fn compare(&self, left: &[Value], right: &[Value]) -> Ordering {
        let mut orders = self.keys.iter().zip(left.iter().zip(right)).map(|((_, _, descending), (left, right))| {
            let order = sorted(left, right);
            if *descending { order.reverse() } else { order }
        });
        orders.find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
    }

    /// All places, in order, of living contacts that satisfy a condition.
    fn expected(&self, counts: impl Fn(&Record) -> bool) -> Vec<Vec<Value>> {
        let records = self.databases.world.of(self.def).iter().filter(|record| lives(self.def, record) && counts(record));
        let mut places: Vec<Vec<Value>> = records.map(|record| self.place_in_memory(record)).collect();
        places.sort_by(|left, right| self.compare(left, right));
        places
    }

    /// All places, read page by page.
    fn walk(&self, dialect: Dialect, backward: bool, limit: u32) -> Vec<Vec<Value>> {
        let mut places: Vec<Vec<Value>> = Vec::new();
        loop {
            let mut page = self.select();
            page.backward = backward;
            page.limit = Some(limit);
            let here = places.last().map(|values| Seek { values: values.clone() });
            *(if backward { &mut page.until } else { &mut page.seek }) = here;
            let rows = self.run(dialect, &page);
            if rows.is_empty() || places.len() > 100 {
                break;
            }
            places.extend(rows.iter().map(|row| self.place(row, 0)));
        }
        if backward {
            places.reverse();
        }
        places
    }
}

fn orders() -> impl Strategy<Value = Keys> {
    let registry = super::toy::registry();
    let contact = registry.resource("contact").unwrap();
    let fields = contact.fields.iter().filter(|field| field.name != "accountId" && !matches!(field.kind, FieldType::TextSet { .. }));
    let names: Vec<String> = fields.map(|field| field.name.to_string()).collect();
    prop::collection::vec((any::<bool>(), prop::sample::select(names), any::<bool>()), 0..4)
}

#[test]
fn walks_give_the_whole_list_in_order() {
    let databases = Databases::new();
    let outcome =
        TestRunner::new(Config { cases: 60, ..Config::default() }).run(&(orders(), 1..9u32, any::<bool>()), |(keys, limit, backward)| {
            let list = List::new(&databases, keys);
            let expected = list.expected(|_| true);
            for dialect in databases.dialects() {
                prop_assert_eq!(list.walk(dialect, backward, limit), expected.clone(), "on {:?}", dialect);
            }
            Ok(())
        });
    outcome.unwrap_or_else(|error| panic!("{error}"));
}

/// Contacts of some accounts, which stand for owners here, and those that are shared: with a nickname.
#[test]
fn walks_of_what_is_seen_for_several_reasons_give_what_is_seen() {
    let databases = Databases::new();
    let owners = prop_oneof![prop::collection::vec(0..40u128, 0..12), prop::collection::vec(0..40u128, 1)];
    let cases = (orders(), owners, any::<bool>(), any::<bool>(), 1..9u32, any::<bool>());
    let taken_apart = std::cell::Cell::new(0);
    let outcome =
        TestRunner::new(Config { cases: 120, ..Config::default() }).run(&cases, |(keys, owners, shared, together, limit, backward)| {
            let mut list = List::new(&databases, keys);
            let owners: Vec<Value> = owners.into_iter().map(|owner| Value::Id(super::toy::id(owner))).collect();
            let has_nickname = Filter::field("nickname", Comparison::IsNull).negate();
            let of = vec![Among { resource: "contact".into(), field: "id".into(), filter: has_nickname.clone() }];
            let mut reasons = match together {
                true => vec![Filter::field("accountId", Comparison::In(owners.clone()))],
                false => owners.iter().map(|owner| Filter::field("accountId", Comparison::Equal(owner.clone()))).collect(),
            };
            reasons.extend(shared.then_some(Filter::Among { field: "id".into(), of }));
            let (registry, world) = (&databases.registry, &databases.world);
            let expected = list.expected(|record| {
                let named = owners.contains(value(list.def, record, "accountId"));
                named || (shared && matches(&has_nickname, list.def, record, registry, world))
            });
            list.seen = Some(Filter::And(vec![Filter::And(Vec::new()), Filter::Or(reasons)]));
            for dialect in databases.dialects() {
                let page = Select { limit: Some(limit), ..list.select() };
                let text = page.compile(dialect, Databases::tenant()).unwrap().text;
                taken_apart.set(taken_apart.get() + usize::from(text.contains(" UNION ALL ")));
                prop_assert_eq!(list.walk(dialect, backward, limit), expected.clone(), "on {:?}", dialect);
            }
            Ok(())
        });
    outcome.unwrap_or_else(|error| panic!("{error}"));
    assert!(taken_apart.get() > 20, "{} lists were read reason by reason", taken_apart.get());
}

#[test]
fn a_slice_between_two_places_is_what_lies_between() {
    let databases = Databases::new();
    let cases = (orders(), 0..20usize, 0..20usize, any::<bool>());
    let outcome = TestRunner::new(Config { cases: 60, ..Config::default() }).run(&cases, |(keys, after, before, backward)| {
        let list = List::new(&databases, keys);
        let expected = list.expected(|_| true);
        let mut slice: Vec<Vec<Value>> = expected.iter().take(before).skip(after + 1).cloned().collect();
        if backward {
            slice.reverse();
        }
        slice.truncate(5);
        for dialect in databases.dialects() {
            let mut page = list.select();
            page.seek = Some(Seek { values: expected[after].clone() });
            page.until = Some(Seek { values: expected[before].clone() });
            page.backward = backward;
            page.limit = Some(5);
            let rows = list.run(dialect, &page);
            let places: Vec<Vec<Value>> = rows.iter().map(|row| list.place(row, 0)).collect();
            prop_assert_eq!(places, slice.clone(), "on {:?}", dialect);
        }
        Ok(())
    });
    outcome.unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn lists_below_parents_come_in_the_order_of_the_parents() {
    let databases = Databases::new();
    let parents =
        prop::collection::hash_set(0..40u128, 0..12).prop_map(|numbers| numbers.into_iter().map(super::toy::id).collect::<Vec<Uuid>>());
    let cases = (orders(), parents, prop::option::of(1..3u32), any::<bool>());
    let outcome = TestRunner::new(Config { cases: 80, ..Config::default() }).run(&cases, |(keys, parents, limit, backward)| {
        let list = List::new(&databases, keys);
        let of = |parent: &Uuid| {
            let mut places = list.expected(|record| *value(list.def, record, "accountId") == Value::Id(*parent));
            if backward {
                places.reverse();
            }
            places
        };
        let cut = |places: Vec<Vec<Value>>| places.into_iter().take(limit.map_or(usize::MAX, |limit| limit as usize));
        let expected: Vec<(Uuid, Vec<Value>)> = parents.iter().flat_map(|parent| cut(of(parent)).map(|place| (*parent, place))).collect();
        let field = list.def.field("accountId").unwrap();
        for dialect in databases.dialects() {
            let mut level = list.select();
            level.parents = Some(Parents { field, ids: parents.clone(), resource: None });
            level.limit = limit;
            level.backward = backward;
            let rows = list.run(dialect, &level);
            let found: Vec<(Uuid, Vec<Value>)> = rows.iter().map(|row| (row.uuid(0).unwrap().unwrap(), list.place(row, 1))).collect();
            prop_assert_eq!(found, expected.clone(), "on {:?}", dialect);
            let count = SelectCount {
                registry: &databases.registry,
                def: list.def,
                filters: Vec::new(),
                deleted: DeletedMode::Exclude,
                parents: Some(Parents { field, ids: parents.clone(), resource: None }),
            };
            let rows = databases.run(count.compile(dialect, Databases::tenant()).unwrap());
            let counts: HashMap<Uuid, i64> =
                rows.iter().map(|row| (row.uuid(0).unwrap().unwrap(), row.integer(1).unwrap().unwrap())).collect();
            let all: HashMap<Uuid, i64> =
                parents.iter().map(|parent| (*parent, of(parent).len() as i64)).filter(|(_, count)| *count > 0).collect();
            prop_assert_eq!(counts, all);
        }
        Ok(())
    });
    outcome.unwrap_or_else(|error| panic!("{error}"));
}
