//! Tenants, users and API keys.

use crate::table::{Kind, Table, create};
use sea_orm_migration::prelude::*;

/// Makes `tenant`, `app_user` and `api_key`.
pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0002_platform"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let tenant = Table::new("tenant")
            .required_folded("name")
            .required("time_zone", Kind::Text)
            .required("currency", Kind::Text)
            .required("language", Kind::Text)
            .optional("country", Kind::Text)
            .check("tenant_id = id");
        let user = Table::new("app_user")
            .required_folded("name")
            .optional_folded("email")
            .optional("title", Kind::Text)
            .optional("phone", Kind::Text)
            .optional("time_zone", Kind::Text)
            .optional("language", Kind::Text)
            .required("active", Kind::Boolean)
            .optional("hired_on", Kind::Date)
            .optional_reference("manager_id", "app_user")
            .unique("app_user_email_key", &["email_folded"]);
        let api_key = Table::new("api_key")
            .required_folded("name")
            .required("scopes", Kind::Text)
            .optional("expires_at", Kind::Instant)
            .optional("revoked_at", Kind::Instant)
            .required("hint", Kind::Text)
            .required("secret_hash", Kind::Text)
            .unique("api_key_secret_hash_key", &["secret_hash"]);
        create(manager, &[tenant, user, api_key]).await
    }
}
