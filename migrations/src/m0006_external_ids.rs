//! The keys by which other systems know records.

use crate::table::{Kind, Table, create};
use sea_orm_migration::prelude::*;

/// Makes `external_id`.
pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0006_external_ids"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let external_id = Table::new("external_id")
            .required("system", Kind::Text)
            .required("value", Kind::Text)
            .required_any_reference("record")
            .unique("external_id_system_resource_value_key", &["system", "record_resource", "value"]);
        create(manager, &[external_id]).await
    }
}
