//! Scopes of single resources, and sensitive fields.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

/// Adds `resource_scopes` and `sensitive` to `api_key` and `oauth_client`, `sensitive` to `custom_field`, and `scopes` to the jobs. Keys and programs that are there
/// keep what they may do, but for sensitive fields: somebody must say so.
pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0031_scopes"
    }
}

const POSTGRES: &str = r#"
ALTER TABLE api_key ADD resource_scopes text COLLATE "C", ADD sensitive boolean NOT NULL DEFAULT false;
ALTER TABLE api_key ALTER sensitive DROP DEFAULT;
ALTER TABLE oauth_client ADD resource_scopes text COLLATE "C", ADD sensitive boolean NOT NULL DEFAULT false;
ALTER TABLE oauth_client ALTER sensitive DROP DEFAULT;
ALTER TABLE custom_field ADD sensitive boolean NOT NULL DEFAULT false;
ALTER TABLE custom_field ALTER sensitive DROP DEFAULT;
ALTER TABLE import_job ADD scopes text COLLATE "C";
ALTER TABLE export_job ADD scopes text COLLATE "C";
"#;

// SQLite adds a column that must have a value only with a default.
const SQLITE: &str = "
ALTER TABLE api_key ADD resource_scopes TEXT;
ALTER TABLE api_key ADD sensitive INTEGER NOT NULL DEFAULT 0;
ALTER TABLE oauth_client ADD resource_scopes TEXT;
ALTER TABLE oauth_client ADD sensitive INTEGER NOT NULL DEFAULT 0;
ALTER TABLE custom_field ADD sensitive INTEGER NOT NULL DEFAULT 0;
ALTER TABLE import_job ADD scopes TEXT;
ALTER TABLE export_job ADD scopes TEXT;
";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        let script = if connection.get_database_backend() == DbBackend::Postgres { POSTGRES } else { SQLITE };
        connection.execute_unprepared(script).await.map(|_| ())
    }
}
