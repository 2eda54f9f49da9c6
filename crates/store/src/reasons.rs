//! A list whose rights give several reasons to see a record (it is one's own, it is one's colleague's, it is shared): one ordered list for each reason, merged.
//!
//! `owner = … OR id IN (…)` has no index that follows the order, so a database either walks the whole order for the few records that fit, or collects all that fit and
//! sorts them. Each reason by itself has one: its list stops at the limit, and what all of them cost does not depend on how many records there are.

use crate::compile::Level;
use crate::select::Select;
use crate::sql::Sql;
use crate::{Dialect, order};
use clientela_kernel::{Comparison, Filter, Result, Value};
use clientela_model::system;

/// Owners that are walked one by one; of more the database knows best.
const MOST: usize = 8;

/// Why a record is in a list. No record is there for two of them.
pub(crate) struct Reasons<'a> {
    /// What holds for each record, whatever the reason.
    common: Vec<&'a Filter>,
    /// The reasons.
    each: Vec<Filter>,
}

impl<'a> Reasons<'a> {
    /// The reasons of a list; none where it is better read as it stands.
    pub(crate) fn of(select: &'a Select<'a>) -> Option<Reasons<'a>> {
        let owner = select.def.owner.as_ref().filter(|_| select.parents.is_none() && select.limit.is_some())?;
        let first = select.sort.first()?;
        // An index by owner follows the order of the ids, and that of the label where lists go by it.
        let along = first.table == 0 && [system::ID, select.def.label.as_ref()].contains(&first.field.name.as_ref());
        let mut all = Vec::new();
        select.filters.iter().for_each(|filter| conjuncts(filter, &mut all));
        // Records that are named are found by their names, and there are few of them.
        let named = |filter: &&Filter| matches!(filter, Filter::Field { field, comparison: Comparison::Equal(_) | Comparison::In(_) } if field == system::ID);
        if all.iter().any(named) {
            return None;
        }
        let (place, owners, few) =
            all.iter().enumerate().find_map(|(place, filter)| disjuncts(owner, filter).map(|(owners, few)| (place, owners, few)))?;
        all.remove(place);
        // What else is asked may fit nothing of one owner's, whose list is then read to its end; of several owners' lists that would be dear.
        if owners.len() > 1 && (!along || owners.len() > MOST || !all.is_empty()) {
            return None;
        }
        let mut each: Vec<Filter> = owners.iter().map(|value| Filter::field(owner.clone(), Comparison::Equal(value.clone()))).collect();
        if !few.is_empty() {
            let elsewhere = Filter::field(owner.clone(), Comparison::In(owners)).negate();
            each.push(Filter::And(vec![Filter::Or(few.into_iter().cloned().collect()), elsewhere]));
        }
        (each.len() > 1).then_some(Reasons { common: all, each })
    }

    /// Appends the whole statement.
    pub(crate) fn push(&self, sql: &mut Sql, level: &mut Level<'_>, limit: u32) -> Result<()> {
        // Both merge lists that are in order as they come, and read no more of each than is wanted: PostgreSQL where each of them has an order and a limit, SQLite where the
        // order stands behind them all, over columns of the result.
        let inside = sql.dialect == Dialect::Postgres;
        if inside {
            for column in 1..=level.width() {
                sql.push(if column == 1 { "SELECT u.c" } else { ", u.c" }).push_number(column);
            }
            sql.push(if level.width() == 0 { "SELECT 1 FROM (" } else { " FROM (" });
        }
        for (number, reason) in self.each.iter().enumerate() {
            sql.push(if number == 0 { "" } else { " UNION ALL " }).push(if inside { "(SELECT " } else { "SELECT " });
            level.columns(sql, "", true)?;
            order::push_keys(sql, if level.width() == 0 { "" } else { ", " }, &level.select.sort);
            sql.push(" FROM ").push(&level.select.def.source()).push(" t0");
            level.joins(sql)?;
            level.conditions(sql, self.common.iter().copied().chain([reason]))?;
            if inside {
                level.order(sql, " ORDER BY ")?;
                sql.push(" LIMIT ").push_limit(limit).push(")");
            }
        }
        sql.push(if inside { ") u" } else { "" });
        order::push_order_by_keys(sql, " ORDER BY ", if inside { "u." } else { "" }, &level.select.sort, level.select.backward);
        sql.push(" LIMIT ").push_limit(limit);
        Ok(())
    }
}

/// The conditions that must all hold.
fn conjuncts<'a>(filter: &'a Filter, all: &mut Vec<&'a Filter>) {
    match filter {
        Filter::And(inner) => inner.iter().for_each(|filter| conjuncts(filter, all)),
        filter => all.push(filter),
    }
}

/// The owners of whom a condition speaks, and what else satisfies it: few records, found by their ids. None where it is of another form.
fn disjuncts<'a>(owner: &str, filter: &'a Filter) -> Option<(Vec<Value>, Vec<&'a Filter>)> {
    let (mut owners, mut few) = (Vec::new(), Vec::new());
    collect(owner, filter, &mut owners, &mut few)?;
    (!owners.is_empty()).then_some((owners, few))
}

fn collect<'a>(owner: &str, filter: &'a Filter, owners: &mut Vec<Value>, few: &mut Vec<&'a Filter>) -> Option<()> {
    match filter {
        Filter::Or(inner) => inner.iter().try_for_each(|filter| collect(owner, filter, owners, few)),
        Filter::Field { field, comparison: Comparison::Equal(value) } if field == owner => {
            add(owners, value);
            Some(())
        }
        Filter::Field { field, comparison: Comparison::In(values) } if field == owner => {
            values.iter().for_each(|value| add(owners, value));
            Some(())
        }
        Filter::Among { field, .. } if field == system::ID => {
            few.push(filter);
            Some(())
        }
        _ => None,
    }
}

/// A list for an owner twice would show its records twice.
fn add(owners: &mut Vec<Value>, value: &Value) {
    if !value.is_null() && !owners.contains(value) {
        owners.push(value.clone());
    }
}
