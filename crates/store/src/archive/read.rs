//! Reading everything as of one moment.

use super::{ArchiveTable, Piece};
use crate::pool::Link;
use crate::settings::Address;
use crate::{Dialect, Store, postgres, sqlite};
use clientela_kernel::{Error, Result, TenantId};
use futures_util::TryStreamExt as _;
use sqlx::{AssertSqlSafe, PgConnection, Row as _, SqliteConnection};

impl Store {
    /// Gives every row of these tables, or every one of a tenant, to `each`, table by table, all of one moment.
    ///
    /// # Errors
    /// What `each` answers; `DATABASE_UNAVAILABLE` where the database is not there.
    pub async fn archive(
        &self,
        tables: &[ArchiveTable],
        tenant: Option<TenantId>,
        each: &mut (dyn for<'p> FnMut(Piece<'p>) -> Result<()> + Send),
    ) -> Result<()> {
        match self.address() {
            Address::Postgres(options) => {
                let options = postgres::migration_options(options.as_ref().clone());
                let mut link = <PgConnection as Link>::connect(&options).await.map_err(unavailable)?;
                sqlx::raw_sql("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").execute(&mut link).await.map_err(unavailable)?;
                for table in tables {
                    each(Piece::Table(table))?;
                    postgres_rows(&mut link, table, tenant, each).await?;
                }
                link.end().await;
            }
            Address::Sqlite(path) => {
                let mut link = <SqliteConnection as Link>::connect(&sqlite::reading_options(path)).await.map_err(unavailable)?;
                sqlx::raw_sql("BEGIN").execute(&mut link).await.map_err(unavailable)?;
                for table in tables {
                    each(Piece::Table(table))?;
                    sqlite_rows(&mut link, table, tenant, each).await?;
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

/// The statement that gives each row of a table as one JSON array; of a tenant, its first argument.
fn statement(table: &ArchiveTable, dialect: Dialect, tenant: Option<TenantId>) -> String {
    let of = match (tenant, dialect) {
        (None, _) => "",
        (Some(_), Dialect::Postgres) => " WHERE tenant_id = $1",
        (Some(_), Dialect::Sqlite) => " WHERE tenant_id = ?",
    };
    let columns: Vec<String> = table.columns.iter().map(|(name, kind)| kind.selected(name, dialect)).collect();
    match dialect {
        Dialect::Postgres => format!("SELECT json_build_array({})::text FROM {}{of}", columns.join(", "), table.name),
        Dialect::Sqlite => format!("SELECT json_array({}) FROM {}{of}", columns.join(", "), table.name),
    }
}

macro_rules! rows {
    ($name:ident, $connection:ty, $dialect:expr) => {
        async fn $name(
            link: &mut $connection,
            table: &ArchiveTable,
            tenant: Option<TenantId>,
            each: &mut (dyn for<'p> FnMut(Piece<'p>) -> Result<()> + Send),
        ) -> Result<()> {
            let mut query = sqlx::query(AssertSqlSafe(statement(table, $dialect, tenant))).persistent(false);
            if let Some(tenant) = tenant {
                query = query.bind(tenant.0);
            }
            let mut rows = query.fetch(link);
            while let Some(row) = rows.try_next().await.map_err(unavailable)? {
                each(Piece::Row(row.try_get::<&str, _>(0).map_err(Error::internal)?))?;
            }
            Ok(())
        }
    };
}

rows!(postgres_rows, PgConnection, Dialect::Postgres);
rows!(sqlite_rows, SqliteConnection, Dialect::Sqlite);
