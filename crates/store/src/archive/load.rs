//! Loading rows into an empty database, in one transaction.

use super::ArchiveTable;
use super::column::Kept;
use crate::commit::Draft;
use crate::pool::Link;
use crate::search::documents;
use crate::settings::Address;
use crate::write::{RowChange, RowGuard};
use crate::{SearchChange, SearchText, Store, postgres, sqlite};
use clientela_kernel::{Error, ErrorCode, Id, Result, TenantId};
use clientela_model::ResourceDef;
use serde_json::Value as Json;
use sqlx::postgres::PgArguments;
use sqlx::sqlite::SqliteArguments;
use sqlx::{AssertSqlSafe, PgConnection, Row as _, SqliteConnection};
use std::sync::Arc;

/// Greatest number of values bound by one statement on SQLite.
const MOST_VALUES: usize = 30_000;

/// A database that is being loaded. Dropped unfinished, it stays empty.
pub struct Loading {
    connection: Connection,
    table: Option<ArchiveTable>,
}

enum Connection {
    Postgres {
        link: PgConnection,
        /// References, which are checked again once everything is there: table, name, definition.
        references: Vec<(String, String, String)>,
    },
    Sqlite(SqliteConnection),
}

impl Store {
    /// Begins to load an empty database that has seen its migrations; or one that has no row of a tenant, where only that tenant's rows come.
    ///
    /// # Errors
    /// `VALIDATION_FAILED` where there is a row already, in any of these tables.
    pub async fn load(&self, tables: &[ArchiveTable], tenant: Option<TenantId>) -> Result<Loading> {
        let connection = match self.address() {
            Address::Postgres(options) => {
                let options = postgres::migration_options(options.as_ref().clone());
                let mut link = <PgConnection as Link>::connect(&options).await.map_err(fault)?;
                run_postgres(&mut link, "BEGIN").await?;
                for table in tables {
                    // Nobody may write meanwhile.
                    run_postgres(&mut link, &format!("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE", table.name)).await?;
                    let mut query = sqlx::query(AssertSqlSafe(any_row(table, tenant, "$1")));
                    if let Some(tenant) = tenant {
                        query = query.bind(tenant.0);
                    }
                    let found = query.fetch_one(&mut link).await.map_err(fault)?;
                    refuse_rows(table, tenant, found.try_get(0).map_err(fault)?)?;
                }
                let references = references(&mut link).await?;
                for (table, name, _) in &references {
                    run_postgres(&mut link, &format!("ALTER TABLE {table} DROP CONSTRAINT {name}")).await?;
                }
                Connection::Postgres { link, references }
            }
            Address::Sqlite(path) => {
                let options = sqlite::writing_options(path).foreign_keys(false);
                let mut link = <SqliteConnection as Link>::connect(&options).await.map_err(fault)?;
                sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut link).await.map_err(fault)?;
                for table in tables {
                    let mut query = sqlx::query(AssertSqlSafe(any_row(table, tenant, "?")));
                    if let Some(tenant) = tenant {
                        query = query.bind(tenant.0);
                    }
                    let found = query.fetch_one(&mut link).await.map_err(fault)?;
                    refuse_rows(table, tenant, found.try_get(0).map_err(fault)?)?;
                }
                Connection::Sqlite(link)
            }
        };
        Ok(Loading { connection, table: None })
    }
}

impl Store {
    /// Makes records found by the full-text search, whose documents are missing or no longer right.
    ///
    /// # Errors
    /// Where the database is away; none of them was written.
    pub async fn put_documents(&self, tenant: TenantId, records: Vec<(Arc<ResourceDef>, Id, SearchText)>) -> Result<()> {
        let connection = match self.address() {
            Address::Postgres(options) => {
                let options = postgres::migration_options(options.as_ref().clone());
                Connection::Postgres { link: <PgConnection as Link>::connect(&options).await.map_err(fault)?, references: Vec::new() }
            }
            Address::Sqlite(path) => {
                Connection::Sqlite(<SqliteConnection as Link>::connect(&sqlite::writing_options(path)).await.map_err(fault)?)
            }
        };
        let mut loading = Loading { connection, table: None };
        let written = loading.documents(tenant, records).await;
        match loading.connection {
            Connection::Postgres { link, .. } => link.end().await,
            Connection::Sqlite(link) => link.end().await,
        }
        written
    }
}

impl Loading {
    /// The rows that follow are of this table.
    pub fn table(&mut self, table: &ArchiveTable) {
        self.table = Some(table.clone());
    }

    /// Writes rows of the table, each with a value for every column.
    ///
    /// # Errors
    /// `INTERNAL` for a row that does not fit: the archive is damaged.
    pub async fn rows(&mut self, rows: Vec<Vec<Json>>) -> Result<()> {
        let table = self.table.as_ref().ok_or_else(|| Error::internal("The archive is damaged: a row stands before any table."))?;
        if let Some(row) = rows.iter().find(|row| row.len() != table.columns.len()) {
            let (found, wanted) = (row.len(), table.columns.len());
            return Err(Error::internal(format!(
                "The archive is damaged: a row of {} has {found} values instead of {wanted}.",
                table.name
            )));
        }
        match &mut self.connection {
            Connection::Postgres { link, .. } => copy(link, table, &rows).await,
            Connection::Sqlite(link) => insert(link, table, rows).await,
        }
    }

    /// Makes records found by the full-text search, which is no part of an archive.
    pub async fn documents(&mut self, tenant: TenantId, records: Vec<(Arc<ResourceDef>, Id, SearchText)>) -> Result<()> {
        let row = |(def, id, text)| {
            let search = Some(SearchChange::Put(text));
            RowChange { def, id, values: Vec::new(), guard: RowGuard::Insert, references: Vec::new(), log: None, search }
        };
        let rows: Vec<RowChange> = records.into_iter().map(row).collect();
        match &mut self.connection {
            Connection::Postgres { link, .. } => {
                let mut draft = Draft::<PgArguments>::new(tenant)?;
                if documents(&mut draft, tenant, rows.iter(), "true")? {
                    let query = sqlx::query_with(AssertSqlSafe(draft.text), draft.bound).persistent(false);
                    query.execute(link).await.map_err(fault)?;
                }
            }
            Connection::Sqlite(link) => {
                let mut draft = Draft::<SqliteArguments>::new(tenant)?;
                if documents(&mut draft, tenant, rows.iter(), "true")? {
                    let query = sqlx::query_with(AssertSqlSafe(draft.text), draft.bound).persistent(false);
                    query.execute(link).await.map_err(fault)?;
                }
            }
        }
        Ok(())
    }

    /// Checks every reference and makes everything durable.
    ///
    /// # Errors
    /// `INTERNAL` where a reference leads nowhere; nothing was written then.
    pub async fn finish(self) -> Result<()> {
        match self.connection {
            Connection::Postgres { mut link, references } => {
                for (table, name, definition) in &references {
                    run_postgres(&mut link, &format!("ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")).await?;
                }
                let next =
                    "SELECT setval(pg_get_serial_sequence('change_log', 'seq'), (SELECT coalesce(max(seq), 0) + 1 FROM change_log), false)";
                run_postgres(&mut link, next).await?;
                run_postgres(&mut link, "COMMIT").await?;
                run_postgres(&mut link, "ANALYZE").await?;
                link.end().await;
            }
            Connection::Sqlite(mut link) => {
                let orphans =
                    sqlx::query("SELECT \"table\", \"parent\" FROM pragma_foreign_key_check LIMIT 1").fetch_optional(&mut link).await;
                if let Some(row) = orphans.map_err(fault)? {
                    let (table, parent): (&str, &str) = (row.try_get(0).map_err(fault)?, row.try_get(1).map_err(fault)?);
                    return Err(Error::internal(format!(
                        "The archive is damaged: a row of {table} refers to a row of {parent} that is not there."
                    )));
                }
                sqlx::raw_sql("COMMIT").execute(&mut link).await.map_err(fault)?;
                sqlx::raw_sql("ANALYZE").execute(&mut link).await.map_err(fault)?;
                link.end().await;
            }
        }
        Ok(())
    }
}

fn fault(error: sqlx::Error) -> Error {
    Error::internal(format!("The database cannot be loaded: {error}."))
}

fn any_row(table: &ArchiveTable, tenant: Option<TenantId>, argument: &str) -> String {
    let of = tenant.map(|_| format!(" WHERE tenant_id = {argument}")).unwrap_or_default();
    format!("SELECT EXISTS (SELECT 1 FROM {}{of})", table.name)
}

fn refuse_rows(table: &ArchiveTable, tenant: Option<TenantId>, found: bool) -> Result<()> {
    if !found {
        return Ok(());
    }
    let text = match tenant {
        None => format!("The database is not empty: there are rows in {}. An archive is loaded into a database of its own.", table.name),
        Some(tenant) => {
            format!("The database has rows of the tenant {tenant} already, in {}. A tenant is moved to where it is not.", table.name)
        }
    };
    Err(Error::new(ErrorCode::ValidationFailed, text))
}

async fn run_postgres(link: &mut PgConnection, statement: &str) -> Result<()> {
    sqlx::raw_sql(AssertSqlSafe(statement.to_owned())).execute(link).await.map(drop).map_err(fault)
}

async fn references(link: &mut PgConnection) -> Result<Vec<(String, String, String)>> {
    let statement = "SELECT conrelid::regclass::text, quote_ident(conname), pg_get_constraintdef(oid) FROM pg_constraint \
                     WHERE contype = 'f' AND connamespace = current_schema()::regnamespace ORDER BY 1, 2";
    let rows = sqlx::query(statement).fetch_all(link).await.map_err(fault)?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?))).collect::<sqlx::Result<_>>().map_err(fault)
}

async fn copy(link: &mut PgConnection, table: &ArchiveTable, rows: &[Vec<Json>]) -> Result<()> {
    let mut text = String::new();
    for row in rows {
        for (index, (value, (_, kind))) in row.iter().zip(&table.columns).enumerate() {
            if index > 0 {
                text.push('\t');
            }
            kind.copy(value, &mut text)?;
        }
        text.push('\n');
    }
    let columns: Vec<&str> = table.columns.iter().map(|(name, _)| name.as_str()).collect();
    let mut sink = link.copy_in_raw(&format!("COPY {} ({}) FROM STDIN", table.name, columns.join(", "))).await.map_err(fault)?;
    sink.send(text.as_bytes()).await.map_err(fault)?;
    sink.finish().await.map(drop).map_err(fault)
}

async fn insert(link: &mut SqliteConnection, table: &ArchiveTable, rows: Vec<Vec<Json>>) -> Result<()> {
    let columns: Vec<&str> = table.columns.iter().map(|(name, _)| name.as_str()).collect();
    let places = format!("({})", vec!["?"; columns.len()].join(", "));
    let together = (MOST_VALUES / columns.len().max(1)).max(1);
    let mut rows = rows.into_iter().peekable();
    while rows.peek().is_some() {
        let chunk: Vec<Vec<Json>> = rows.by_ref().take(together).collect();
        let all = vec![places.as_str(); chunk.len()].join(", ");
        let mut query = sqlx::query(AssertSqlSafe(format!("INSERT INTO {} ({}) VALUES {all}", table.name, columns.join(", "))));
        for row in chunk {
            for (value, (_, kind)) in row.into_iter().zip(&table.columns) {
                query = match kind.kept(value)? {
                    Kept::Null => query.bind(None::<i64>),
                    Kept::Integer(number) => query.bind(number),
                    Kept::Text(text) => query.bind(text),
                    Kept::Bytes(bytes) => query.bind(bytes),
                };
            }
        }
        query.execute(&mut *link).await.map_err(fault)?;
    }
    Ok(())
}
