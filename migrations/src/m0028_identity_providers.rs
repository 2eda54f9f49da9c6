//! Identity providers, and the people they vouch for.

use crate::table::{Kind, Table, create};
use sea_orm_migration::prelude::*;

/// Makes `identity_provider` and `external_identity`.
pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0028_identity_providers"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let provider = Table::new("identity_provider")
            .required_folded("name")
            .required("issuer", Kind::Text)
            .required("client_id", Kind::Text)
            .required("scopes", Kind::Text)
            .optional("email_domains", Kind::Text)
            .required("creates_users", Kind::Boolean)
            .optional_reference("role_id", "role")
            .required("active", Kind::Boolean)
            .optional("client_secret_set_at", Kind::Instant)
            .optional("shared_secret", Kind::Text)
            .unique("identity_provider_name_key", &["name_folded"])
            .unique("identity_provider_issuer_key", &["issuer"]);
        let identity = Table::new("external_identity")
            .required_reference("user_id", "app_user")
            .required_reference("identity_provider_id", "identity_provider")
            .required("issuer", Kind::Text)
            .required("subject", Kind::Text)
            .required("email", Kind::Text)
            .unique("external_identity_issuer_subject_key", &["issuer", "subject"]);
        create(manager, &[provider, identity]).await
    }
}
