//! What devices hold a copy of.

use crate::table::{Kind, Table, create};
use sea_orm_migration::prelude::*;

/// Makes `sync_scope`.
pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0056_sync_scopes"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let scope = Table::new("sync_scope").required_folded("name").optional("description", Kind::Text).required("content", Kind::Text);
        create(manager, &[scope]).await
    }
}
