//! Reading everything as of one moment.

use super::{ArchiveTable, Piece};
use crate::pool::Link;
use crate::settings::Address;
use crate::{Dialect, Store, postgres, sqlite};
use clientela_kernel::{Error, Result};
use futures_util::TryStreamExt as _;
use sqlx::{AssertSqlSafe, PgConnection, Row as _, SqliteConnection};

impl Store {
    /// Gives every row of these tables to `each`, table by table, all of one moment.
    ///
    /// # Errors
    /// What `each` answers; `DATABASE_UNAVAILABLE` where the database is not there.
    pub async fn archive(&self, tables: &[ArchiveTable], each: &mut (dyn for<'p> FnMut(Piece<'p>) -> Result<()> + Send)) -> Result<()> {
        match self.address() {
            Address::Postgres(options) => {
                let options = postgres::migration_options(options.as_ref().clone());
                let mut link = <PgConnection as Link>::connect(&options).await.map_err(unavailable)?;
                sqlx::raw_sql("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").execute(&mut link).await.map_err(unavailable)?;
                for table in tables {
                    each(Piece::Table(table))?;
                    postgres_rows(&mut link, table, each).await?;
                }
                link.end().await;
            }
            Address::Sqlite(path) => {
                let mut link = <SqliteConnection as Link>::connect(&sqlite::reading_options(path)).await.map_err(unavailable)?;
                sqlx::raw_sql("BEGIN").execute(&mut link).await.map_err(unavailable)?;
                for table in tables {
                    each(Piece::Table(table))?;
                    sqlite_rows(&mut link, table, each).await?;
                }
                link.end().await;
            }
        }
        Ok(())
    }
}

fn unavailable(error: sqlx::Error) -> Error {
    Error::unavailable(format!("the database cannot be read: {error}"))
}

/// The statement that gives each row of a table as one JSON array.
fn statement(table: &ArchiveTable, dialect: Dialect) -> String {
    let columns: Vec<String> = table.columns.iter().map(|(name, kind)| kind.selected(name, dialect)).collect();
    match dialect {
        Dialect::Postgres => format!("SELECT json_build_array({})::text FROM {}", columns.join(", "), table.name),
        Dialect::Sqlite => format!("SELECT json_array({}) FROM {}", columns.join(", "), table.name),
    }
}

macro_rules! rows {
    ($name:ident, $connection:ty, $dialect:expr) => {
        async fn $name(
            link: &mut $connection,
            table: &ArchiveTable,
            each: &mut (dyn for<'p> FnMut(Piece<'p>) -> Result<()> + Send),
        ) -> Result<()> {
            let mut rows = sqlx::query(AssertSqlSafe(statement(table, $dialect))).persistent(false).fetch(link);
            while let Some(row) = rows.try_next().await.map_err(unavailable)? {
                each(Piece::Row(row.try_get::<&str, _>(0).map_err(Error::internal)?))?;
            }
            Ok(())
        }
    };
}

rows!(postgres_rows, PgConnection, Dialect::Postgres);
rows!(sqlite_rows, SqliteConnection, Dialect::Sqlite);
