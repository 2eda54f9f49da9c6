//! What consumers of the feed hold: a view for each principal and question, and the records that are in it.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

/// Makes `feed_view` and `feed_member`.
pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0050_feed"
    }
}

// Both are the server's own bookkeeping: no resource, no log, and no part of a backup, since places in the log differ between databases.
const POSTGRES: &str = r#"
CREATE TABLE feed_view (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    principal text COLLATE "C" NOT NULL,
    fingerprint text COLLATE "C" NOT NULL,
    request text COLLATE "C" NOT NULL,
    state text COLLATE "C" NOT NULL,
    step bigint NOT NULL,
    xid bigint NOT NULL,
    seq bigint NOT NULL,
    used_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX feed_view_of ON feed_view (tenant_id, principal, fingerprint);
CREATE INDEX feed_view_used ON feed_view (used_at);
CREATE TABLE feed_member (
    tenant_id uuid NOT NULL,
    view_id uuid NOT NULL,
    resource text COLLATE "C" NOT NULL,
    record_id uuid NOT NULL,
    gained bigint NOT NULL,
    gained_by text COLLATE "C" NOT NULL,
    lost bigint,
    lost_by text COLLATE "C",
    PRIMARY KEY (tenant_id, view_id, resource, record_id, gained),
    FOREIGN KEY (tenant_id, view_id) REFERENCES feed_view (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX feed_member_gained ON feed_member (tenant_id, view_id, gained) WHERE gained > 0;
CREATE INDEX feed_member_lost ON feed_member (tenant_id, view_id, lost) WHERE lost IS NOT NULL;
"#;

const SQLITE: &str = r#"
CREATE TABLE feed_view (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    principal TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    request TEXT NOT NULL,
    state TEXT NOT NULL,
    step INTEGER NOT NULL,
    xid INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    used_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id)
) WITHOUT ROWID;
CREATE UNIQUE INDEX feed_view_of ON feed_view (tenant_id, principal, fingerprint);
CREATE INDEX feed_view_used ON feed_view (used_at);
CREATE TABLE feed_member (
    tenant_id BLOB NOT NULL,
    view_id BLOB NOT NULL,
    resource TEXT NOT NULL,
    record_id BLOB NOT NULL,
    gained INTEGER NOT NULL,
    gained_by TEXT NOT NULL,
    lost INTEGER,
    lost_by TEXT,
    PRIMARY KEY (tenant_id, view_id, resource, record_id, gained),
    FOREIGN KEY (tenant_id, view_id) REFERENCES feed_view (tenant_id, id) ON DELETE CASCADE
) WITHOUT ROWID;
CREATE INDEX feed_member_gained ON feed_member (tenant_id, view_id, gained) WHERE gained > 0;
CREATE INDEX feed_member_lost ON feed_member (tenant_id, view_id, lost) WHERE lost IS NOT NULL;
"#;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        let steps = if connection.get_database_backend() == DbBackend::Postgres { POSTGRES } else { SQLITE };
        connection.execute_unprepared(steps).await?;
        Ok(())
    }
}
