//! A write set as one statement: every row, log row and the idempotency row is a data-modifying CTE, so the statement is
//! its own transaction and costs one round trip.
//!
//! The idempotency row comes first and every other row hangs on it: a twin waits there for the first to end, and then
//! learns that the key is taken rather than that the version has moved. Where more than one guard could fail, one that
//! does must undo the rest: the statement then divides by zero, on purpose.

use super::many::Use;
use crate::bind::{PgInstant, PgJson, bind_pg_value};
use crate::commit::{Bound, Draft, IDEMPOTENCY, conditional, logged, runs};
use crate::pool::{Failure, Pool, Ready};
use crate::together::Together;
use crate::write::{Commit, RowChange, RowGuard, WriteSet};
use crate::{Dialect, search};
use clientela_kernel::{Error, Result, TenantId, Timestamp, Value};
use clientela_model::FieldType;
use sqlx::postgres::PgArguments;
use sqlx::{Arguments as _, AssertSqlSafe, PgConnection, SqlSafeStr as _};
use uuid::Uuid;

/// SQLSTATE of a division by zero: a guard failed.
const DIVISION_BY_ZERO: &str = "22012";
const UNIQUE_VIOLATION: &str = "23505";
const FOREIGN_KEY_VIOLATION: &str = "23503";
/// Two writes of several rows met head-on, and this one was undone. The caller reads again and finds its guards as they
/// are now, so it is one more way for a guard to fail.
pub(crate) const COLLISIONS: [&str; 2] = ["40P01", "40001"];

/// Writes a set.
pub(crate) async fn commit(pool: &Pool<PgConnection>, set: &WriteSet) -> Result<Commit> {
    let statement = alone(set)?;
    let mut lease = pool.acquire().await?;
    match lease.run(statement).await {
        Ok(rows) if rows.is_empty() => Ok(Commit::GuardFailed),
        Ok(_) => Ok(Commit::Done),
        Err(failure) => refused(failure, &set.rows),
    }
}

/// Writes several sets put together, all or none.
pub(crate) async fn commit_together(pool: &Pool<PgConnection>, sets: &Together<'_>) -> Result<Commit> {
    let statement = together(sets, Use::Once)?;
    let mut lease = pool.acquire().await?;
    match lease.run(statement).await {
        Ok(_) => Ok(Commit::Done),
        Err(failure) => refused(failure, &[]),
    }
}

/// The statement of several sets, in the driver's form.
pub(crate) fn together(sets: &Together<'_>, used: Use) -> Result<Ready<PgArguments>> {
    Ok(ready(super::many::statement(sets, used)?, used == Use::Again))
}

/// The statement of a set, in the driver's form.
pub(crate) fn alone(set: &WriteSet) -> Result<Ready<PgArguments>> {
    Ok(ready(statement(set)?, true))
}

fn ready(draft: Draft<PgArguments>, kept: bool) -> Ready<PgArguments> {
    Ready { text: AssertSqlSafe(draft.text).into_sql_str(), arguments: draft.bound, kept }
}

/// Rows that are written in any case need no look at the end. Where a single row may fail, all others hang on it and
/// nothing has to be undone; an idempotency row cannot hang on anything, since twins must meet there first.
fn statement(set: &WriteSet) -> Result<Draft<PgArguments>> {
    let mut draft = Draft::new(set.tenant)?;
    let flags = conditional(set);
    let conditional: Vec<usize> = (0..).zip(&flags).filter(|(_, flag)| **flag).map(|(index, _)| index).collect();
    let must_look = conditional.len() > 1 || (set.idempotency.is_some() && !conditional.is_empty());
    let anchor = conditional.first().copied().filter(|_| !must_look);
    let mut separator = "WITH ";
    let mut condition = "true".to_owned();
    if let Some(write) = &set.idempotency {
        draft.push(separator).push("i AS (");
        draft.idempotency(write)?;
        draft.push(" RETURNING 1)");
        separator = ", ";
        condition = "EXISTS (SELECT 1 FROM i)".to_owned();
    }
    // What others hang on stands before them.
    let mut runs = runs(set, &flags);
    runs.sort_by_key(|(first, _)| Some(*first) != anchor);
    for (first, run) in runs {
        draft.push(separator).push("r").push_number(first).push(" AS (");
        match run {
            [row] => draft.row(set, row, &condition)?,
            rows => draft.rows(rows, &condition)?,
        }
        draft.push(" RETURNING 1)");
        separator = ", ";
        for row in run.iter().filter(|row| matches!(row.guard, RowGuard::Erase(_))) {
            draft.push(", f").push_number(first).push(" AS (");
            draft.forget(row)?;
            draft.push(" AND EXISTS (SELECT 1 FROM r").push_number(first).push("))");
        }
        if Some(first) == anchor {
            condition = format!("EXISTS (SELECT 1 FROM r{first})");
        }
    }
    index(&mut draft, set.tenant, set.rows.iter(), &condition)?;
    let has_log = logged(set).next().is_some();
    if must_look {
        if has_log {
            draft.push(separator).push("l AS (");
            draft.logs(set, &condition)?;
            draft.push(")");
        }
        draft.push(" SELECT 1 / (CASE WHEN ");
        for (position, index) in conditional.iter().enumerate() {
            draft.push(if position == 0 { "" } else { " AND " });
            draft.push("EXISTS (SELECT 1 FROM r").push_number(*index).push(")");
        }
        draft.push(" THEN 1 ELSE 0 END)");
    } else if has_log {
        draft.push(" ");
        draft.logs(set, &condition)?;
        draft.push(" RETURNING 1");
    } else {
        draft.push(" SELECT 1 WHERE ").push(&condition);
    }
    Ok(draft)
}

/// Adds what the rows change in the full-text search, each as a part of the statement; at least one part stands before it.
fn index<'r>(
    draft: &mut Draft<PgArguments>,
    tenant: TenantId,
    rows: impl Iterator<Item = &'r RowChange> + Clone,
    condition: &str,
) -> Result<()> {
    let start = draft.text.len();
    draft.push(", s AS (");
    if search::documents(draft, tenant, rows.clone(), condition)? {
        draft.push(")");
    } else {
        draft.text.truncate(start);
    }
    let start = draft.text.len();
    draft.push(", x AS (");
    if search::removals(draft, tenant, rows, condition)? {
        draft.push(")");
    } else {
        draft.text.truncate(start);
    }
    Ok(())
}

/// What a refusal means.
pub(crate) fn refused(failure: Failure, rows: &[RowChange]) -> Result<Commit> {
    let Some(said) = failure.error.as_ref().and_then(sqlx::Error::as_database_error) else { return Err(failure.into_error()) };
    let code = said.code().unwrap_or_default();
    if code == DIVISION_BY_ZERO || COLLISIONS.contains(&code.as_ref()) {
        return Ok(Commit::GuardFailed);
    }
    if code == FOREIGN_KEY_VIOLATION {
        return Ok(Commit::ReferenceMissing);
    }
    if code == UNIQUE_VIOLATION {
        let (table, constraint) = (said.table().unwrap_or_default(), said.constraint().unwrap_or_default());
        if table == IDEMPOTENCY {
            return Ok(Commit::IdempotencyTaken);
        }
        let mut of_table = rows.iter().enumerate().filter(|(_, row)| row.def.table == table).map(|(index, _)| index);
        let row = of_table.next().filter(|_| of_table.next().is_none());
        let primary = constraint.strip_suffix("_pkey") == Some(table);
        return Ok(Commit::Duplicate { row, index: (!primary).then(|| constraint.to_owned()) });
    }
    Err(failure.into_error())
}

impl Bound for PgArguments {
    const DIALECT: Dialect = Dialect::Postgres;

    fn count(&self) -> usize {
        self.len()
    }

    fn value(&mut self, value: &Value, column: &FieldType) -> Result<()> {
        bind_pg_value(self, value, Some(column))
    }

    fn id(&mut self, id: Uuid) -> Result<()> {
        self.add(id).map_err(Error::internal)
    }

    fn number(&mut self, number: i64) -> Result<()> {
        self.add(number).map_err(Error::internal)
    }

    fn small_number(&mut self, number: i32) -> Result<()> {
        self.add(number).map_err(Error::internal)
    }

    fn text(&mut self, text: Option<&str>) -> Result<()> {
        self.add(text).map_err(Error::internal)
    }

    fn instant(&mut self, at: Timestamp) -> Result<()> {
        self.add(PgInstant(at)).map_err(Error::internal)
    }

    fn row_lock(&self) -> &'static str {
        " FOR SHARE"
    }

    fn json(&mut self, json: Option<&str>) -> Result<()> {
        self.add(json.map(PgJson)).map_err(Error::internal)
    }
}
