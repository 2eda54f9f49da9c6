//! What persons may ask for.

use crate::table::{Kind, Table, create};
use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

/// Makes `privacy_request`, and room for the tenant's suppression key.
pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0014_privacy"
    }
}

// Every decision about a contact asks for it.
const POSTGRES: &str = r#"
ALTER TABLE tenant ADD COLUMN suppression_key text COLLATE "C";
CREATE INDEX privacy_request_suppressed ON privacy_request USING gin (suppressed);
"#;
const SQLITE: &str = "ALTER TABLE tenant ADD COLUMN suppression_key TEXT;";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let request = Table::new("privacy_request")
            .required("kind", Kind::Text)
            .required("status", Kind::Text)
            .required("subject", Kind::Text)
            .optional("reference", Kind::Text)
            .required("own_records", Kind::Integer)
            .required("other_records", Kind::Integer)
            .required("report", Kind::Text)
            .required("digest", Kind::Text)
            .required("completed_at", Kind::Instant)
            .required("suppressed", Kind::TextSet);
        create(manager, &[request]).await?;
        let connection = manager.get_connection();
        let script = if connection.get_database_backend() == DbBackend::Postgres { POSTGRES } else { SQLITE };
        connection.execute_unprepared(script).await.map(|_| ())
    }
}
