//! What people are to sell.

use crate::table::{Kind, Table, create};
use sea_orm_migration::prelude::*;

/// Makes `quota`.
pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0059_quotas"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let quota = Table::new("quota")
            .required_reference("user_id", "app_user")
            .required("since", Kind::Date)
            .required("until", Kind::Date)
            .required_money("amount")
            .unique("quota_user_since_key", &["user_id", "since"]);
        create(manager, &[quota]).await
    }
}
