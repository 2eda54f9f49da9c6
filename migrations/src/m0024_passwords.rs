//! The passwords of users.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

/// Adds `password_hash` and `password_set_at` to `app_user`.
pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0024_passwords"
    }
}

const POSTGRES: &str = r#"
ALTER TABLE app_user ADD password_set_at timestamptz;
ALTER TABLE app_user ADD password_hash text COLLATE "C";
"#;
const SQLITE: &str = "ALTER TABLE app_user ADD password_set_at INTEGER; ALTER TABLE app_user ADD password_hash TEXT;";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        let script = if connection.get_database_backend() == DbBackend::Postgres { POSTGRES } else { SQLITE };
        connection.execute_unprepared(script).await.map(|_| ())
    }
}
