//! Lists of what one owns, in the order of the name: what is one's own is walked as the list of everybody's is.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

/// Makes the indexes.
pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0054_own_by_name"
    }
}

// What nobody owns is not in them.
const INDEXES: [&str; 3] = [
    "CREATE INDEX account_owner_id_name_index ON account (tenant_id, owner_id, name, id) WHERE owner_id IS NOT NULL",
    "CREATE INDEX contact_owner_id_name_index ON contact (tenant_id, owner_id, name, id) WHERE owner_id IS NOT NULL",
    "CREATE INDEX custom_record_owner_id_name_index ON custom_record (tenant_id, object, owner_id, name, id) WHERE owner_id IS NOT NULL",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        for index in INDEXES {
            connection.execute_unprepared(index).await?;
        }
        // Where SQLite has statistics it takes an index without any for one that leaves few rows, and sorts what a whole team owns.
        if connection.get_database_backend() == DbBackend::Sqlite && manager.has_table("sqlite_stat1").await? {
            connection.execute_unprepared("ANALYZE account; ANALYZE contact; ANALYZE custom_record").await?;
        }
        Ok(())
    }
}
