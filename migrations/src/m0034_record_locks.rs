//! Locks of records.

use crate::table::{Kind, Table, create};
use sea_orm_migration::prelude::*;

/// Makes `record_lock`.
pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0034_record_locks"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let lock = Table::new("record_lock")
            .required_any_reference("record")
            .required("until", Kind::Instant)
            .optional("reason", Kind::Text)
            .optional_reference("holder_id", "app_user")
            .optional("exclusive_key", Kind::Text)
            .unique("record_lock_exclusive_key", &["exclusive_key"]);
        create(manager, &[lock]).await
    }
}
