//! Whom saved views are shared with.

use crate::table::{Kind, Table, create};
use sea_orm_migration::prelude::*;

/// Makes `saved_view_share`.
pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0041_saved_view_shares"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let share = Table::new("saved_view_share")
            .required_reference("saved_view_id", "saved_view")
            .optional_any_reference("recipient")
            .required("level", Kind::Text)
            .optional("until", Kind::Instant);
        create(manager, &[share]).await
    }
}
