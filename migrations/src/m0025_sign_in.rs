//! Programs that people sign in to, sessions, and what lies below them.

use crate::table::{Kind, Table, create};
use sea_orm_migration::prelude::*;

/// Makes `oauth_client` and `sign_in_session`, and below them `sign_in_grant` and `token_revocation`. The roles that a tenant began with
/// learn of them: without a right of their own, members would see everybody's sessions.
pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0025_sign_in"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let client = Table::new("oauth_client")
            .required_folded("name")
            .required("kind", Kind::Text)
            .optional("redirect_uris", Kind::Text)
            .required("scopes", Kind::Text)
            .required("authorization_code", Kind::Boolean)
            .required("refresh_tokens", Kind::Boolean)
            .required("device_code", Kind::Boolean)
            .required("client_credentials", Kind::Boolean)
            .required("token_exchange", Kind::Boolean)
            .optional_reference("run_as_id", "app_user")
            .required("active", Kind::Boolean)
            .required("client_id", Kind::Text)
            .optional("hint", Kind::Text)
            .optional("secret_hash", Kind::Text);
        let session = Table::new("sign_in_session")
            .required_reference("user_id", "app_user")
            .required_reference("oauth_client_id", "oauth_client")
            .optional("address", Kind::Text)
            .optional("user_agent", Kind::Text)
            .required("last_used_at", Kind::Instant)
            .required("expires_at", Kind::Instant)
            .optional("revoked_at", Kind::Instant);
        let grant = Table::new("sign_in_grant")
            .required("kind", Kind::Text)
            .required("data", Kind::Text)
            .optional("lookup", Kind::Text)
            .optional("used_at", Kind::Instant)
            .required("expires_at", Kind::Instant);
        let revocation = Table::new("token_revocation").required("until", Kind::Instant);
        create(manager, &[client, session, grant, revocation]).await?;
        let connection = manager.get_connection();
        for statement in INDEXES {
            connection.execute_unprepared(statement).await?;
        }
        for (role, id, resource, action, depth) in RIGHTS {
            connection.execute_unprepared(&right(role, id, resource, action, depth)).await?;
        }
        Ok(())
    }
}

/// What is looked for across tenants.
const INDEXES: [&str; 4] = [
    "CREATE INDEX sign_in_session_revoked ON sign_in_session (revoked_at) WHERE revoked_at IS NOT NULL",
    "CREATE INDEX sign_in_grant_lookup ON sign_in_grant (lookup) WHERE lookup IS NOT NULL",
    "CREATE INDEX sign_in_grant_expires ON sign_in_grant (expires_at)",
    "CREATE INDEX token_revocation_until ON token_revocation (until)",
];

/// Role, where the id comes from (it is unique within its table), resource, action, depth.
const RIGHTS: [(&str, &str, &str, &str, &str); 4] = [
    ("member", "role.id", "session", "*", "OWN"),
    ("member", "role.tenant_id", "oauthClient", "*", "NONE"),
    ("member", "(SELECT u.id FROM app_user u WHERE u.tenant_id = role.tenant_id ORDER BY u.id LIMIT 1)", "oauthClient", "read", "ALL"),
    ("reader", "role.id", "session", "*", "OWN"),
];

fn right(role: &str, id: &str, resource: &str, action: &str, depth: &str) -> String {
    format!(
        "INSERT INTO role_right (tenant_id, id, version, created_at, created_by, updated_at, updated_by, role_id, resource, action, depth) \
         SELECT tenant_id, {id}, 1, created_at, created_by, created_at, created_by, id, '{resource}', '{action}', '{depth}' \
         FROM role WHERE key = '{role}' AND deleted_at IS NULL AND {id} IS NOT NULL"
    )
}
