//! What timelines need: the records about a party in their order, by an index each.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

/// Adds the copies of a meeting to `meeting_attendee`, and the indexes.
pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0015_timeline"
    }
}

const POSTGRES: &str = r#"
ALTER TABLE meeting_attendee ADD starts_at timestamptz, ADD title text COLLATE "C", ADD status text COLLATE "C";
UPDATE meeting_attendee SET starts_at = meeting.starts_at, title = meeting.title, status = meeting.status
FROM meeting WHERE meeting.tenant_id = meeting_attendee.tenant_id AND meeting.id = meeting_attendee.meeting_id;
ALTER TABLE meeting_attendee ALTER starts_at SET NOT NULL, ALTER title SET NOT NULL, ALTER status SET NOT NULL;
"#;

// SQLite adds a column that must have a value only with a default.
const SQLITE: &str = r#"
ALTER TABLE meeting_attendee ADD starts_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE meeting_attendee ADD title TEXT NOT NULL DEFAULT '';
ALTER TABLE meeting_attendee ADD status TEXT NOT NULL DEFAULT '';
UPDATE meeting_attendee SET starts_at = meeting.starts_at, title = meeting.title, status = meeting.status
FROM meeting WHERE meeting.tenant_id = meeting_attendee.tenant_id AND meeting.id = meeting_attendee.meeting_id;
"#;

// The other sources came with such an index.
const INDEXES: &str = r#"
CREATE INDEX meeting_attendee_party_id_starts_at_index ON meeting_attendee (tenant_id, party_id, starts_at, id) WHERE party_id IS NOT NULL;
CREATE INDEX note_record_id_created_at_index ON note (tenant_id, record_id, created_at, id);
CREATE INDEX task_record_id_created_at_index ON task (tenant_id, record_id, created_at, id) WHERE record_id IS NOT NULL;
CREATE INDEX meeting_record_id_starts_at_index ON meeting (tenant_id, record_id, starts_at, id) WHERE record_id IS NOT NULL;
CREATE INDEX consent_party_id_occurred_at_index ON consent (tenant_id, party_id, occurred_at, id);
"#;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        let script = if connection.get_database_backend() == DbBackend::Postgres { POSTGRES } else { SQLITE };
        connection.execute_unprepared(script).await?;
        connection.execute_unprepared(INDEXES).await.map(|_| ())
    }
}
