//! The audit.

use crate::table::{Kind, Table, create};
use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

/// Makes `audit_entry`, and `audit_head`, where each tenant's chain ends.
pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0032_audit"
    }
}

const POSTGRES: &str = r#"
CREATE TABLE audit_head (
    tenant_id uuid NOT NULL,
    sequence bigint NOT NULL,
    hash text COLLATE "C" NOT NULL,
    PRIMARY KEY (tenant_id)
)"#;

const SQLITE: &str = r#"
CREATE TABLE audit_head (
    tenant_id BLOB NOT NULL,
    sequence INTEGER NOT NULL,
    hash TEXT NOT NULL,
    PRIMARY KEY (tenant_id)
) STRICT"#;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let entry = Table::new("audit_entry")
            .required("sequence", Kind::Integer)
            .required("kind", Kind::Text)
            .optional("change", Kind::Text)
            .optional("resource", Kind::Text)
            .optional("record", Kind::Text)
            .optional("client", Kind::Text)
            .optional("address", Kind::Text)
            .required("request", Kind::Text)
            .optional("detail", Kind::Text)
            .required("hash", Kind::Text)
            .unique("audit_entry_sequence_key", &["sequence"])
            .index(&["record", "id"]);
        create(manager, &[entry]).await?;
        let connection = manager.get_connection();
        let head = if connection.get_database_backend() == DbBackend::Postgres { POSTGRES } else { SQLITE };
        connection.execute_unprepared(head).await.map(|_| ())
    }
}
