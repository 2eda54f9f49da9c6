//! Files.

use crate::table::{Kind, Table, create};
use sea_orm_migration::prelude::*;

/// Makes `file`.
pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0017_files"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let file = Table::new("file")
            .required_folded("name")
            .optional_any_reference("record")
            .optional("description", Kind::Text)
            .required("media_type", Kind::Text)
            .required("size", Kind::Integer)
            .required("sha256", Kind::Text)
            .required("content_path", Kind::Text)
            .owned()
            .tagged()
            .check("size >= 0")
            // A record's files in their order.
            .index(&["record_id", "created_at", "id"])
            // Whether any record still holds a content.
            .index(&["sha256", "id"]);
        create(manager, &[file]).await
    }
}
