//! The public keys of the nodes.

use crate::table::{Kind, Table, create};
use sea_orm_migration::prelude::*;

/// Makes `published_key`, below the records: by it a node verifies what another one has signed.
pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0026_published_keys"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(manager, &[Table::new("published_key").required("public", Kind::Text)]).await
    }
}
