//! Notes about records.

use crate::table::{Kind, Table, create};
use sea_orm_migration::prelude::*;

/// Makes `note`.
pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0007_notes"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let note = Table::new("note")
            .required_any_reference("record")
            .optional_folded("title")
            .required("body", Kind::Text)
            .required("pinned", Kind::Boolean)
            .owned();
        create(manager, &[note]).await
    }
}
