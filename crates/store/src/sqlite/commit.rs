//! A write set as a few statements in one string, which the writer runs in its transaction in one go.

use crate::bind::bind_sqlite_value;
use crate::commit::{Bound, CHANGE_LOG, Draft, IDEMPOTENCY, conditional, logged, runs};
use crate::together::{Together, log};
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

/// How many rows one statement writes. SQLite looks through all parameters of a statement for the place of each, so the work of a
/// statement grows with the square of its rows.
const MOST_ROWS: usize = 24;

/// The statements of a write set and how to read their outcome.
pub(crate) struct Work {
    /// The statements, each ended by a semicolon.
    pub(crate) text: String,
    /// Their values, numbered across all of them.
    pub(crate) arguments: SqliteArguments,
    /// For each statement, how many rows it must affect, where it might affect fewer.
    pub(crate) guarded: Vec<Option<u64>>,
    /// What the rows are, by their position in the write set.
    pub(super) rows: Vec<Arc<ResourceDef>>,
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
        Ok(Work { text: draft.text, arguments: draft.bound, guarded, rows })
    }

    /// Draws up the statements of several sets put together.
    pub(crate) fn together(sets: &Together<'_>) -> Result<Work> {
        let mut draft: Draft<SqliteArguments> = Draft::new(sets.tenant())?;
        let mut guarded = Vec::with_capacity(1 + sets.groups().len());
        for piece in sets.groups().iter().flat_map(|group| group.pieces(MOST_ROWS)) {
            piece.write(&mut draft)?;
            draft.push(";");
            guarded.push(piece.expected());
        }
        for entries in sets.logs().chunks(MOST_ROWS) {
            log(&mut draft, entries)?;
            draft.push(";");
            guarded.push(None);
        }
        index(&mut draft, &mut guarded, sets.tenant(), sets.rows())?;
        let rows = sets.groups().iter().flat_map(|group| &group.rows).map(|row| Arc::clone(&row.def)).collect();
        Ok(Work { text: draft.text, arguments: draft.bound, guarded, rows })
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
    rows: impl Iterator<Item = &'r RowChange>,
) -> Result<()> {
    let rows: Vec<&RowChange> = rows.collect();
    for rows in rows.chunks(MOST_ROWS) {
        if search::documents(draft, tenant, rows.iter().copied(), "true")? {
            draft.push(";");
            guarded.push(None);
        }
        if search::removals(draft, tenant, rows.iter().copied(), "true")? {
            draft.push(";");
            guarded.push(None);
        }
    }
    Ok(())
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
