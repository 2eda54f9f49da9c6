//! People from outside, and tokens for one purpose.

use crate::table::{Kind, Table, create};
use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

/// Adds `audience` to `app_user`, and makes `account_user`, `purpose_token` and `sharing_rule`. The roles that a tenant began with learn of them: without rights of
/// their own, members would say who belongs to whom.
pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0029_audiences"
    }
}

const POSTGRES: &str = r#"
ALTER TABLE app_user ADD audience text COLLATE "C" NOT NULL DEFAULT 'STAFF';
ALTER TABLE app_user ALTER audience DROP DEFAULT;
"#;
const SQLITE: &str = "ALTER TABLE app_user ADD audience TEXT NOT NULL DEFAULT 'STAFF';";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        let postgres = connection.get_database_backend() == DbBackend::Postgres;
        connection.execute_unprepared(if postgres { POSTGRES } else { SQLITE }).await?;
        let account_user = Table::new("account_user")
            .required_reference("user_id", "app_user")
            .optional_reference("account_id", "account")
            .optional_reference("contact_id", "contact")
            .check("account_id IS NOT NULL OR contact_id IS NOT NULL")
            .unique("account_user_user_key", &["user_id"]);
        let purpose_token = Table::new("purpose_token")
            .required_folded("name")
            .required_any_reference("record")
            .optional("fields", Kind::Text)
            .optional("operation", Kind::Text)
            .optional("input", Kind::Text)
            .optional("expires_at", Kind::Instant)
            .optional("revoked_at", Kind::Instant)
            .required("hint", Kind::Text)
            .required("scopes", Kind::Text)
            .required("secret_hash", Kind::Text)
            .unique("purpose_token_secret_hash_key", &["secret_hash"]);
        let sharing_rule = Table::new("sharing_rule")
            .required_folded("name")
            .required("resource", Kind::Text)
            .required("condition", Kind::Text)
            .required_any_reference("recipient")
            .required("level", Kind::Text)
            .optional("until", Kind::Instant)
            .optional("cause", Kind::Text);
        create(manager, &[account_user, purpose_token, sharing_rule]).await?;
        let id = if postgres { "gen_random_uuid()" } else { "randomblob(16)" };
        for (role, resource, action, depth) in RIGHTS {
            connection.execute_unprepared(&right(id, role, resource, action, depth)).await?;
        }
        Ok(())
    }
}

/// Role, resource, action, depth.
const RIGHTS: [(&str, &str, &str, &str); 6] = [
    ("member", "sharingRule", "*", "NONE"),
    ("member", "sharingRule", "read", "ALL"),
    ("member", "accountUser", "*", "NONE"),
    ("member", "accountUser", "read", "ALL"),
    ("member", "purposeToken", "*", "OWN"),
    ("reader", "purposeToken", "*", "NONE"),
];

/// The statement that gives a first role of every tenant a right; `id` is the expression of a new id.
pub(crate) fn right(id: &str, role: &str, resource: &str, action: &str, depth: &str) -> String {
    format!(
        "INSERT INTO role_right (tenant_id, id, version, created_at, created_by, updated_at, updated_by, role_id, resource, action, depth) \
         SELECT tenant_id, {id}, 1, created_at, created_by, created_at, created_by, id, '{resource}', '{action}', '{depth}' \
         FROM role WHERE key = '{role}' AND deleted_at IS NULL"
    )
}
