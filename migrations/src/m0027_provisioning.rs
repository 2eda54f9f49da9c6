//! What identity providers say of users.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

/// Adds `user_name`, `given_name` and `family_name` to `app_user`.
pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0027_provisioning"
    }
}

const COLUMNS: [&str; 3] = ["user_name", "given_name", "family_name"];
const UNIQUE: &str = "CREATE UNIQUE INDEX app_user_user_name_key ON app_user (tenant_id, user_name_folded) WHERE deleted_at IS NULL";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        let kind = if connection.get_database_backend() == DbBackend::Postgres { "text COLLATE \"C\"" } else { "TEXT" };
        for column in COLUMNS {
            for name in [column.to_owned(), format!("{column}_folded")] {
                connection.execute_unprepared(&format!("ALTER TABLE app_user ADD {name} {kind}")).await?;
            }
        }
        connection.execute_unprepared(UNIQUE).await.map(|_| ())
    }
}
