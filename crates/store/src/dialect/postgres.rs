//! What only PostgreSQL says.

use crate::compile::Level;
use crate::select::Parents;
use crate::sql::{Alias, Argument, Sql};
use clientela_kernel::{Result, Value};

/// Sets from this number of values on are large: a plan for any set would be one for a few values, and be kept from when the table was small.
const MANY: usize = 64;

/// `LIKE`, which a trigram index serves. Whether the index is worth using depends on the pattern, so the statement never goes by the plan for
/// any value that PostgreSQL makes of one it has seen often.
pub(super) fn like(sql: &mut Sql, alias: Alias, column: &str, before: &str, needle: &str, after: &str) {
    let mut pattern = String::with_capacity(needle.len() + 4);
    pattern.push_str(before);
    for letter in needle.chars() {
        if matches!(letter, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(letter);
    }
    pattern.push_str(after);
    sql.of(alias, column).push(" LIKE ").bind(Argument::Value(Value::Text(pattern))).plan_by_value();
}

pub(super) fn is_one_of(sql: &mut Sql, alias: Alias, column: &str, set: Argument) {
    let many = match &set {
        Argument::Ids(ids) => ids.len() >= MANY,
        Argument::Texts(texts) => texts.len() >= MANY,
        _ => false,
    };
    sql.of(alias, column).push(" = ANY(").bind(set).push(")");
    if many {
        sql.plan_by_value();
    }
}

/// An operator between sets, which a GIN index serves.
pub(super) fn set_operator(sql: &mut Sql, alias: Alias, column: &str, operator: &str, texts: Vec<String>) {
    sql.of(alias, column).push(operator).bind(Argument::Texts(texts));
}

/// With a limit, one lateral subquery a parent, each of which stops at its limit; else a join with the parents.
///
/// Ordering by the ordinality costs nothing, since the function scan delivers it, and the nested loop keeps the order
/// of the subquery inside each parent.
pub(super) fn of_parents(sql: &mut Sql, level: &mut Level<'_>, parents: &Parents<'_>) -> Result<()> {
    sql.push("SELECT k.id");
    let Some(limit) = level.select.limit else {
        level.columns(sql, ", ", false)?;
        sql.push(" FROM ");
        keys(sql, parents);
        sql.push(" JOIN ").push(&level.select.def.source()).push(" t0 ON ").column(0, &parents.field.id_column()).push(" = k.id");
        level.joins(sql)?;
        level.all_conditions(sql)?;
        sql.push(" ORDER BY k.n");
        return level.order(sql, ", ");
    };
    for index in 1..=level.width() {
        sql.push(", s.c").push_number(index);
    }
    sql.push(" FROM ");
    keys(sql, parents);
    sql.push(" CROSS JOIN LATERAL (SELECT ");
    level.columns(sql, "", true)?;
    sql.push(" FROM ").push(&level.select.def.source()).push(" t0");
    level.joins(sql)?;
    level.all_conditions(sql)?;
    sql.push(" AND ").column(0, &parents.field.id_column()).push(" = k.id");
    level.order(sql, " ORDER BY ")?;
    sql.push(" LIMIT ").push_limit(limit).push(") s ORDER BY k.n");
    Ok(())
}

fn keys(sql: &mut Sql, parents: &Parents<'_>) {
    sql.push("unnest(").bind(Argument::Ids(parents.ids.clone())).push("::uuid[]) WITH ORDINALITY k(id, n)");
}
