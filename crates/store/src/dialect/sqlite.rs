//! What only SQLite says. A set is one parameter here too: a JSON array, read by `json_each`.

use crate::compile::Level;
use crate::select::Parents;
use crate::sql::{Alias, Argument, Sql};
use clientela_kernel::{Result, Value};

pub(super) fn contains(sql: &mut Sql, alias: Alias, column: &str, needle: &str) {
    sql.push("instr(").of(alias, column).push(", ").bind(text(needle)).push(") > 0");
}

pub(super) fn ends_with(sql: &mut Sql, alias: Alias, column: &str, needle: &str) {
    let letters = needle.chars().count();
    sql.push("substr(").of(alias, column).push(", -").bind(number(letters)).push(") = ").bind(text(needle));
}

pub(super) fn is_one_of(sql: &mut Sql, alias: Alias, column: &str, set: Argument) {
    let member = if matches!(set, Argument::Ids(_)) { "unhex(value)" } else { "value" };
    sql.of(alias, column).push(" IN (SELECT ").push(member).push(" FROM json_each(").bind(set).push("))");
}

pub(super) fn has_any(sql: &mut Sql, alias: Alias, column: &str, texts: Vec<String>) {
    sql.push("EXISTS (SELECT 1 FROM json_each(").of(alias, column).push(") h WHERE h.value IN (SELECT w.value FROM json_each(");
    sql.bind(Argument::Texts(texts)).push(") w))");
}

pub(super) fn has_all(sql: &mut Sql, alias: Alias, column: &str, texts: Vec<String>) {
    sql.push("(").of(alias, column).push(" IS NOT NULL AND NOT EXISTS (SELECT 1 FROM json_each(");
    sql.bind(Argument::Texts(texts)).push(") w WHERE w.value NOT IN (SELECT h.value FROM json_each(");
    sql.of(alias, column).push(") h)))");
}

/// With a limit, a window numbers each parent's records; else a join with the parents.
pub(super) fn of_parents(sql: &mut Sql, level: &mut Level<'_>, parents: &Parents<'_>) -> Result<()> {
    let Some(limit) = level.select.limit else {
        sql.push("SELECT unhex(k.value)");
        level.columns(sql, ", ", false)?;
        from_keys(sql, level, parents)?;
        sql.push(" ORDER BY k.key");
        return level.order(sql, ", ");
    };
    sql.push("SELECT p");
    for index in 1..=level.width() {
        sql.push(", c").push_number(index);
    }
    sql.push(" FROM (SELECT unhex(k.value) AS p, k.key AS k");
    level.columns(sql, ", ", true)?;
    sql.push(", row_number() OVER (PARTITION BY k.key");
    level.order(sql, " ORDER BY ")?;
    sql.push(") AS n");
    from_keys(sql, level, parents)?;
    sql.push(") WHERE n <= ").push_limit(limit).push(" ORDER BY k, n");
    Ok(())
}

fn from_keys(sql: &mut Sql, level: &mut Level<'_>, parents: &Parents<'_>) -> Result<()> {
    // CROSS JOIN keeps the parents outside, so that each is found by the index on its reference.
    sql.push(" FROM json_each(").bind(Argument::Ids(parents.ids.clone())).push(") k CROSS JOIN ");
    sql.push(&level.select.def.source()).push(" t0");
    level.joins(sql)?;
    level.all_conditions(sql)?;
    sql.push(" AND ").column(0, &parents.field.id_column()).push(" = unhex(k.value)");
    Ok(())
}

fn text(needle: &str) -> Argument {
    Argument::Value(Value::from(needle))
}

fn number(count: usize) -> Argument {
    Argument::Value(Value::Integer(i64::try_from(count).unwrap_or(i64::MAX)))
}
