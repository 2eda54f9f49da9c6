//! A write set as a few statements in one string, which the writer runs in its transaction in one go; many sets put together
//! as statements of certain numbers of rows, each of which the writer keeps prepared.

use crate::bind::bind_sqlite_value;
use crate::commit::{Bound, CHANGE_LOG, Draft, IDEMPOTENCY, conditional, logged, runs};
use crate::search::SearchChange;
use crate::together::{LOG_WIDTH, Together, log};
use crate::write::{Commit, RowChange, RowGuard, WriteSet};
use crate::{Dialect, search};
use clientela_kernel::{Error, Result, TenantId, Timestamp, Value};
use clientela_model::{FieldType, ResourceDef, system};
use sqlx::Arguments as _;
use sqlx::sqlite::SqliteArguments;
use std::sync::Arc;
use uuid::Uuid;

/// SQLITE_CONSTRAINT_FOREIGNKEY.
const FOREIGN_KEY: &str = "787";
/// SQLITE_CONSTRAINT_PRIMARYKEY and SQLITE_CONSTRAINT_UNIQUE.
const UNIQUE: [&str; 2] = ["1555", "2067"];

/// How many rows the statements of many have: as many of the first as there can be, then of the second, then one for the rest. Only
/// the last has a text of its own each time.
const ROWS: [usize; 2] = [256, 32];
/// Values that one statement binds; SQLite takes 32,766.
const VALUES: usize = 24_000;

/// The statements of a write set and how to read their outcome.
pub(crate) struct Work {
    /// What is sent to the connection at once, in this order.
    pub(crate) parts: Vec<Part>,
    /// What the rows are, by their position in the write set.
    pub(super) rows: Vec<Arc<ResourceDef>>,
}

/// Statements that are sent at once.
pub(crate) struct Part {
    /// The statements, each ended by a semicolon.
    pub(crate) text: String,
    /// Their values, in the order of the text.
    pub(crate) arguments: SqliteArguments,
    /// For each statement, how many rows it must affect, where it might affect fewer.
    pub(crate) guarded: Vec<Option<u64>>,
    /// Whether another write will have the same text.
    pub(crate) recurs: bool,
}

impl Work {
    /// Draws up the statements. References are checked after each one, so mirrors come first, and what is removed last: in the
    /// order of the set, then the mirrors.
    pub(crate) fn new(set: &WriteSet) -> Result<Work> {
        let mut draft: Draft<SqliteArguments> = Draft::new(set.tenant)?;
        let mut guarded = Vec::with_capacity(1 + 2 * set.rows.len());
        if let Some(write) = &set.idempotency {
            draft.idempotency(write)?;
            draft.push(";");
            guarded.push(None);
        }
        let mut runs: Vec<&[RowChange]> = runs(set, &conditional(set)).into_iter().map(|(_, run)| run).collect();
        runs.sort_by_key(|run| match run.first().map(|row| row.guard) {
            Some(RowGuard::Unguarded) | None => 0,
            Some(RowGuard::Insert | RowGuard::Version(_)) => 1,
            Some(RowGuard::Erase(_)) => 2,
            Some(RowGuard::Remove) => 3,
        });
        for run in runs {
            match run {
                [row] => draft.row(set, row, "true")?,
                rows => draft.rows(rows, "true")?,
            }
            draft.push(";");
            guarded.push((run.len() == 1 && run.iter().all(|row| row.guard != RowGuard::Remove)).then_some(1));
            for row in run.iter().filter(|row| matches!(row.guard, RowGuard::Erase(_))) {
                draft.forget(row)?;
                draft.push(";");
                guarded.push(None);
            }
        }
        if logged(set).next().is_some() {
            draft.logs(set, "true")?;
            draft.push(";");
            guarded.push(None);
        }
        index(&mut draft, &mut guarded, set.tenant, set.rows.iter())?;
        let rows = set.rows.iter().map(|row| Arc::clone(&row.def)).collect();
        let part = Part { text: draft.text, arguments: draft.bound, guarded, recurs: true };
        Ok(Work { parts: vec![part], rows })
    }

    /// Whether there is nothing to do.
    pub(crate) fn is_empty(&self) -> bool {
        self.parts.iter().all(|part| part.guarded.is_empty())
    }

    /// Draws up the statements of several sets put together.
    pub(crate) fn together(sets: &Together<'_>) -> Result<Work> {
        let mut parts = Vec::with_capacity(16);
        for group in sets.groups() {
            let mut checks = true;
            for rows in portions(&group.rows, group.width()) {
                // What the group refers to is looked at by the first: where that writes nothing, none of them counts.
                let piece = group.piece(rows, std::mem::take(&mut checks));
                let mut draft: Draft<SqliteArguments> = Draft::new(sets.tenant())?;
                piece.write(&mut draft)?;
                // Changes come in many shapes, and what is looked up in many numbers.
                let recurs = ROWS.contains(&rows.len()) && piece.expected().is_none();
                parts.push(part(draft, piece.expected(), recurs));
            }
        }
        for entries in portions(sets.logs(), LOG_WIDTH) {
            let mut draft: Draft<SqliteArguments> = Draft::new(sets.tenant())?;
            log(&mut draft, entries)?;
            parts.push(part(draft, None, ROWS.contains(&entries.len())));
        }
        let put: Vec<&RowChange> = sets.rows().filter(|row| matches!(row.search, Some(SearchChange::Put(_)))).collect();
        for rows in portions(&put, search::WIDTH) {
            let mut draft: Draft<SqliteArguments> = Draft::new(sets.tenant())?;
            search::documents(&mut draft, sets.tenant(), rows.iter().copied(), "true")?;
            parts.push(part(draft, None, ROWS.contains(&rows.len())));
        }
        let mut draft: Draft<SqliteArguments> = Draft::new(sets.tenant())?;
        if search::removals(&mut draft, sets.tenant(), sets.rows(), "true")? {
            parts.push(part(draft, None, false));
        }
        let rows = sets.groups().iter().flat_map(|group| &group.rows).map(|row| Arc::clone(&row.def)).collect();
        Ok(Work { parts, rows })
    }

    /// What a refusal means; `None` if it is not about the data.
    pub(crate) fn refused(&self, error: &sqlx::Error) -> Option<Commit> {
        let said = error.as_database_error()?;
        let code = said.code().unwrap_or_default();
        if code == FOREIGN_KEY {
            return Some(Commit::ReferenceMissing);
        }
        if !UNIQUE.contains(&code.as_ref()) {
            return None;
        }
        // "UNIQUE constraint failed: account.tenant_id, account.domain_folded"
        let (_, columns) = said.message().split_once("constraint failed: ")?;
        // "UNIQUE constraint failed: index 'custom_k0a1b2c3d4e_key'", of an index over expressions.
        if let Some(index) = columns.strip_prefix("index '").and_then(|rest| rest.strip_suffix('\'')) {
            let has = |def: &Arc<ResourceDef>| def.unique.iter().any(|unique| unique.index == index);
            let row = self.rows.iter().position(has)?;
            let only = self.rows.iter().filter(|def| has(def)).count() == 1;
            return Some(Commit::Duplicate { row: only.then_some(row), index: Some(index.to_owned()) });
        }
        let columns: Vec<&str> = columns.split(", ").collect();
        let (table, _) = columns.first()?.split_once('.')?;
        if table == IDEMPOTENCY {
            return Some(Commit::IdempotencyTaken);
        }
        if table == CHANGE_LOG {
            return None;
        }
        let columns: Vec<&str> = columns.iter().filter_map(|column| column.split_once('.')).map(|(_, column)| column).collect();
        let mut of_table = self.rows.iter().enumerate().filter(|(_, def)| def.table == table);
        let (first, def) = of_table.next()?;
        let row = of_table.next().is_none().then_some(first);
        if columns == [system::TENANT, "id"] {
            return Some(Commit::Duplicate { row, index: None });
        }
        let unique = def.unique.iter().find(|unique| {
            let mut wanted: Vec<String> = vec![system::TENANT.to_owned()];
            for field in unique.fields.iter().filter_map(|name| def.fields.iter().find(|field| field.name == *name)) {
                wanted.extend(field.unique_columns());
            }
            wanted.len() == columns.len() && wanted.iter().all(|column| columns.contains(&column.as_str()))
        })?;
        Some(Commit::Duplicate { row, index: Some(unique.index.clone().into_owned()) })
    }
}

/// Adds what the rows change in the full-text search.
fn index<'r>(
    draft: &mut Draft<SqliteArguments>,
    guarded: &mut Vec<Option<u64>>,
    tenant: TenantId,
    rows: impl Iterator<Item = &'r RowChange> + Clone,
) -> Result<()> {
    if search::documents(draft, tenant, rows.clone(), "true")? {
        draft.push(";");
        guarded.push(None);
    }
    if search::removals(draft, tenant, rows, "true")? {
        draft.push(";");
        guarded.push(None);
    }
    Ok(())
}

/// A statement alone.
fn part(mut draft: Draft<SqliteArguments>, expected: Option<u64>, recurs: bool) -> Part {
    draft.push(";");
    Part { text: draft.text, arguments: draft.bound, guarded: vec![expected], recurs }
}

/// Rows in portions of [`ROWS`], of which each binds so many values.
fn portions<T>(rows: &[T], width: usize) -> Vec<&[T]> {
    let most = VALUES.checked_div(width).unwrap_or(VALUES).max(1);
    let mut portions = Vec::new();
    let mut rest = rows;
    while !rest.is_empty() {
        let size = ROWS.into_iter().find(|size| *size <= rest.len() && *size <= most).unwrap_or(rest.len().min(most));
        let (portion, later) = rest.split_at(size);
        portions.push(portion);
        rest = later;
    }
    portions
}

impl Bound for SqliteArguments {
    const DIALECT: Dialect = Dialect::Sqlite;

    fn count(&self) -> usize {
        self.len()
    }

    fn value(&mut self, value: &Value, column: &FieldType) -> Result<()> {
        bind_sqlite_value(self, value, Some(column))
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
        self.add(at.0).map_err(Error::internal)
    }

    fn row_lock(&self) -> &'static str {
        ""
    }

    fn json(&mut self, json: Option<&str>) -> Result<()> {
        self.add(json).map_err(Error::internal)
    }
}
