//! Lists that people come back to.

use crate::table::{Kind, Table, create};
use sea_orm_migration::prelude::*;

/// Makes `saved_view`.
pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0040_saved_views"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let saved_view = Table::new("saved_view")
            .required_folded("name")
            .optional("description", Kind::Text)
            .required("resource", Kind::Text)
            .optional("filter", Kind::Text)
            .optional("sort", Kind::Text)
            .optional("fields", Kind::Text)
            .owned();
        create(manager, &[saved_view]).await
    }
}
