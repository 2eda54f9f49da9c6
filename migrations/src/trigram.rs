//! Trigram indexes, which let PostgreSQL answer `contains` without reading every row. They need the extension pg_trgm:
//! where it is missing or may not be installed, searches are slower and everything else is the same.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend, Statement};

/// Installs the extension where that is possible; otherwise nothing happens. A trusted extension (as pg_trgm is since
/// PostgreSQL 13) needs the right to create in the database, any other a superuser.
const INSTALL: &str = "
DO $$ BEGIN
    IF EXISTS (SELECT 1 FROM pg_available_extensions WHERE name = 'pg_trgm' AND installed_version IS NULL) THEN
        CREATE EXTENSION IF NOT EXISTS pg_trgm;
    END IF;
EXCEPTION WHEN insufficient_privilege OR undefined_file OR feature_not_supported OR unique_violation OR duplicate_object THEN
    RAISE NOTICE 'pg_trgm could not be installed: %', SQLERRM;
END $$";

/// Where the extension's operators live.
const SCHEMA: &str =
    "SELECT quote_ident(n.nspname) AS name FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'pg_trgm'";

/// Indexes folded columns for searches: by their trigrams where the database can, for `startsWith` and `contains`; on
/// SQLite in their order, for `startsWith` (`contains` reads the tenant's rows there).
pub(crate) async fn index(manager: &SchemaManager<'_>, columns: &[(&str, &str)]) -> Result<(), DbErr> {
    let connection = manager.get_connection();
    if manager.get_database_backend() != DbBackend::Postgres {
        for (table, column) in columns {
            let index = format!("CREATE INDEX {table}_{column}_index ON {table} (tenant_id, {column}, id)");
            connection.execute_unprepared(&index).await?;
        }
        return Ok(());
    }
    connection.execute_unprepared(INSTALL).await?;
    let Some(row) = connection.query_one_raw(Statement::from_string(DbBackend::Postgres, SCHEMA)).await? else {
        return Ok(());
    };
    let schema: String = row.try_get("", "name")?;
    for (table, column) in columns {
        let index = format!("CREATE INDEX {table}_{column}_trigrams ON {table} USING gin ({column} {schema}.gin_trgm_ops)");
        connection.execute_unprepared(&index).await?;
    }
    Ok(())
}
