//! Assets.

use clientela_migrations::table::{Kind, Table, create};
use sea_orm_migration::prelude::*;

/// Makes `asset`.
pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m9001_asset"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let asset = Table::new("asset")
            .required_folded("name")
            .optional("serial_number", Kind::Text)
            .required_reference("account_id", "account")
            .required("state", Kind::Text)
            .optional("installed_on", Kind::Date)
            .money("price")
            .owned()
            .tagged()
            .unique("asset_serial_number_key", &["serial_number"]);
        create(manager, &[asset]).await
    }
}
