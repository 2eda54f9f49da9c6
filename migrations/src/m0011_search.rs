//! The documents of the full-text search.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

/// Makes `search_document`.
pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0011_search"
    }
}

// Words come cut and folded, so no language and no dictionary has a say. New entries wait in the index's own list
// (fastupdate), so that a write pays for one page and not for one a word.
const POSTGRES: &str = r#"
CREATE TABLE search_document (
    tenant_id uuid NOT NULL,
    resource text COLLATE "C" NOT NULL,
    record_id uuid NOT NULL,
    words tsvector NOT NULL,
    PRIMARY KEY (tenant_id, resource, record_id)
);
CREATE INDEX search_document_words ON search_document USING gin (words) WITH (fastupdate = on);
"#;

// The tokenizer cuts at blanks and leaves letters beyond ASCII alone. With secure-delete the words of an erased record leave
// the index at once, and not when it is merged some day.
const SQLITE: &str = r#"
CREATE VIRTUAL TABLE search_document USING fts5 (
    name, detail, body, tenant_id UNINDEXED, resource UNINDEXED, record_id UNINDEXED, tokenize = 'ascii'
);
INSERT INTO search_document (search_document, rank) VALUES ('secure-delete', 1);
"#;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        let script = if connection.get_database_backend() == DbBackend::Postgres { POSTGRES } else { SQLITE };
        connection.execute_unprepared(script).await.map(|_| ())
    }
}
