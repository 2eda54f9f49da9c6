//! Second factors, and when a signing key was retired.

use crate::table::{Kind, Table, create};
use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

/// Makes `second_factor`, and adds to `published_key` until when it is shown.
pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0033_second_factor"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let factor = Table::new("second_factor")
            .required_reference("user_id", "app_user")
            .optional("confirmed_at", Kind::Instant)
            .optional("last_used_at", Kind::Instant)
            .required("recovery_codes_left", Kind::Integer)
            .optional("totp_secret", Kind::Text)
            .optional("pending_secret", Kind::Text)
            .optional("last_step", Kind::Text)
            .optional("recovery_digests", Kind::Text)
            .unique("second_factor_user_key", &["user_id"]);
        create(manager, &[factor]).await?;
        let connection = manager.get_connection();
        let kind = if connection.get_database_backend() == DbBackend::Postgres { "timestamptz" } else { "INTEGER" };
        connection.execute_unprepared(&format!("ALTER TABLE published_key ADD until {kind}")).await.map(|_| ())
    }
}
