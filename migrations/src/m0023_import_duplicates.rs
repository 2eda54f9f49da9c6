//! Whether an import makes what looks like a duplicate.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

/// Adds `allow_duplicates` to `import_job`.
pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0023_import_duplicates"
    }
}

const POSTGRES: &str = r#"
ALTER TABLE import_job ADD allow_duplicates boolean NOT NULL DEFAULT false;
ALTER TABLE import_job ALTER allow_duplicates DROP DEFAULT;
"#;

// SQLite adds a column that must have a value only with a default.
const SQLITE: &str = "ALTER TABLE import_job ADD allow_duplicates INTEGER NOT NULL DEFAULT 0";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        let script = if connection.get_database_backend() == DbBackend::Postgres { POSTGRES } else { SQLITE };
        connection.execute_unprepared(script).await.map(|_| ())
    }
}
