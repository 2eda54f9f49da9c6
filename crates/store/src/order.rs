//! The order of a list and the places in it. Null counts as greatest; money goes by currency, then amount.

use crate::select::{Seek, SortColumn};
use crate::sql::{Alias, Sql};
use clientela_kernel::{Error, Result, Value};
use clientela_model::FieldType;

/// One database column of an order.
struct Key<'a> {
    alias: Alias,
    column: &'a str,
    suffix: &'static str,
    nullable: bool,
    descending: bool,
}

fn keys<'a>(sort: &'a [SortColumn<'a>]) -> impl Iterator<Item = Key<'a>> {
    sort.iter().flat_map(|part| {
        let suffixes: &[&str] = if matches!(part.field.kind, FieldType::Money) { &["_currency", "_minor"] } else { &[""] };
        suffixes.iter().map(|suffix| Key {
            alias: Alias::table(part.table),
            column: &part.field.column,
            suffix,
            nullable: part.nullable,
            descending: part.descending,
        })
    })
}

impl Key<'_> {
    fn push<'s>(&self, sql: &'s mut Sql) -> &'s mut Sql {
        sql.part(self.alias, self.column, self.suffix)
    }
}

/// Appends the keys of the order, led by `before`; nothing where there is no order.
pub(crate) fn push_order(sql: &mut Sql, before: &str, sort: &[SortColumn<'_>], backward: bool) {
    for (index, key) in keys(sort).enumerate() {
        sql.push(if index == 0 { before } else { ", " });
        key.push(sql);
        sql.dialect.direction(sql, key.descending != backward, key.nullable);
    }
}

/// Appends the keys of the order as columns `o1`, `o2`, …, the first led by `before`.
pub(crate) fn push_keys(sql: &mut Sql, before: &str, sort: &[SortColumn<'_>]) {
    for (index, key) in keys(sort).enumerate() {
        sql.push(if index == 0 { before } else { ", " });
        key.push(sql).push(" AS o").push_number(index + 1);
    }
}

/// Appends the same order by those columns, the first led by `before`, each by the name of their table.
pub(crate) fn push_order_by_keys(sql: &mut Sql, before: &str, table: &str, sort: &[SortColumn<'_>], backward: bool) {
    for (index, key) in keys(sort).enumerate() {
        sql.push(if index == 0 { before } else { ", " }).push(table).push("o").push_number(index + 1);
        sql.dialect.direction(sql, key.descending != backward, key.nullable);
    }
}

/// Appends the condition that a record comes after a place in the order, or before it.
pub(crate) fn push_seek(sql: &mut Sql, sort: &[SortColumn<'_>], seek: &Seek, before: bool) -> Result<()> {
    if seek.values.len() != sort.len() {
        return Err(Error::internal(format!("a place has {} values for an order of {} keys", seek.values.len(), sort.len())));
    }
    let keys: Vec<Key<'_>> = keys(sort).collect();
    let mut places = Vec::with_capacity(keys.len());
    for (value, part) in seek.values.iter().zip(sort) {
        match (value, &part.field.kind) {
            (Value::Null, FieldType::Money) => places.extend([Value::Null, Value::Null]),
            (Value::Money(money), FieldType::Money) => places.extend([Value::from(money.currency.code()), Value::Integer(money.minor)]),
            (Value::Money(_), _) | (_, FieldType::Money) => {
                return Err(Error::internal(format!("a place has a value of another type for {}", part.field.name)));
            }
            (value, _) => places.push(value.clone()),
        }
    }
    let Some(first) = keys.first() else {
        return Err(Error::internal("a place in a list without an order"));
    };
    let uniform = keys.iter().all(|key| !key.nullable && key.descending == first.descending);
    if uniform && !places.iter().any(Value::is_null) {
        row_comparison(sql, &keys, &places, first.descending != before);
        return Ok(());
    }
    // Each value is bound once and used in several places.
    let numbers: Vec<Option<usize>> = places
        .into_iter()
        .map(|value| {
            (!value.is_null()).then(|| {
                sql.arguments.push(crate::sql::Argument::Value(value));
                sql.arguments.len()
            })
        })
        .collect();
    let steps: Vec<Step<'_>> =
        keys.iter().zip(numbers).map(|(key, number)| Step { key, number, downward: key.descending != before }).collect();
    beyond(sql, &steps, true);
    Ok(())
}

/// `(a, b) > ($1, $2)`: the one form for which an index finds the place at once.
fn row_comparison(sql: &mut Sql, keys: &[Key<'_>], places: &[Value], downward: bool) {
    let single = keys.len() == 1;
    sql.push(if single { "" } else { "(" });
    for (index, key) in keys.iter().enumerate() {
        sql.push(if index == 0 { "" } else { ", " });
        key.push(sql);
    }
    sql.push(match (single, downward) {
        (true, false) => " > ",
        (true, true) => " < ",
        (false, false) => ") > (",
        (false, true) => ") < (",
    });
    for (index, value) in places.iter().enumerate() {
        sql.push(if index == 0 { "" } else { ", " }).value(value);
    }
    sql.push(if single { "" } else { ")" });
}

/// One key with its place: the placeholder of the value, none for null, and the way the walk goes along it.
struct Step<'k> {
    key: &'k Key<'k>,
    number: Option<usize>,
    downward: bool,
}

/// Beyond the place along the first key, or level with it and beyond along the rest.
fn beyond(sql: &mut Sql, steps: &[Step<'_>], outermost: bool) {
    let [step, rest @ ..] = steps else {
        sql.push("1=0");
        return;
    };
    sql.push("(");
    if outermost
        && !rest.is_empty()
        && (step.downward || !step.key.nullable)
        && let Some(number) = step.number
    {
        // Implied by what follows, but a bound that an index can start from.
        step.key.push(sql).push(if step.downward { " <= " } else { " >= " }).placeholder(number).push(" AND (");
        alternatives(sql, step, rest);
        sql.push(")");
    } else {
        alternatives(sql, step, rest);
    }
    sql.push(")");
}

fn alternatives(sql: &mut Sql, step: &Step<'_>, rest: &[Step<'_>]) {
    match (step.number, step.downward) {
        (Some(number), true) => {
            step.key.push(sql).push(" < ").placeholder(number);
        }
        (Some(number), false) => {
            step.key.push(sql).push(" > ").placeholder(number);
            if step.key.nullable {
                sql.push(" OR ");
                step.key.push(sql).push(" IS NULL");
            }
        }
        (None, true) => {
            step.key.push(sql).push(" IS NOT NULL");
        }
        (None, false) => {
            sql.push("1=0");
        }
    }
    if rest.is_empty() {
        return;
    }
    sql.push(" OR (");
    match step.number {
        Some(number) => step.key.push(sql).push(" = ").placeholder(number),
        None => step.key.push(sql).push(" IS NULL"),
    };
    sql.push(" AND ");
    beyond(sql, rest, false);
    sql.push(")");
}
