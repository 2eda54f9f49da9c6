//! What other systems send, and the jobs that carry it out.

use crate::m0029_audiences::right;
use crate::table::{Kind, Table, create};
use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

/// Makes `inbox_source` and `inbox_event`, of which jobs may be about the first. The roles that a tenant began with see their own.
pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0051_inbox"
    }
}

const POSTGRES: &str = "
ALTER TABLE job ADD inbox_source_id uuid;
ALTER TABLE job ADD FOREIGN KEY (tenant_id, inbox_source_id) REFERENCES inbox_source (tenant_id, id);
CREATE INDEX job_inbox_source_id_index ON job (tenant_id, inbox_source_id, id) WHERE inbox_source_id IS NOT NULL;
";

/// What jobs consist of without it.
const JOB: &str = "tenant_id, id, version, created_at, created_by, updated_at, updated_by, deleted_at, kind, import_id, export_id, state, run_at, attempts, started_at, finished_at, failure_code, failure, on_behalf_of, maker_scopes";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let source = Table::new("inbox_source")
            .required_folded("name")
            .optional("description", Kind::Text)
            .required("state", Kind::Text)
            .required("signature", Kind::Text)
            .optional("signature_header", Kind::Text)
            .required("signature_encoding", Kind::Text)
            .optional("signature_prefix", Kind::Text)
            .required("format", Kind::Text)
            .optional("event_id_header", Kind::Text)
            .optional("event_id_pointer", Kind::Text)
            .optional("key_pointer", Kind::Text)
            .optional("mapping", Kind::Text)
            .required("allow_duplicates", Kind::Boolean)
            .optional("previous_secret_until", Kind::Instant)
            .required("signing_secret", Kind::Text)
            .optional("previous_secret", Kind::Text)
            .required("scopes", Kind::Text)
            .owned();
        let event = Table::new("inbox_event")
            .required_reference("source_id", "inbox_source")
            .required("event_id", Kind::Text)
            .required("received_at", Kind::Instant)
            .required("status", Kind::Text)
            .optional("key", Kind::Text)
            .required("attempts", Kind::Integer)
            .optional("finished_at", Kind::Instant)
            .optional("failure_code", Kind::Text)
            .optional("failure", Kind::Text)
            .optional("failure_pointer", Kind::Text)
            .optional("failure_step", Kind::Text)
            .required("records", Kind::TextSet)
            .required("body_bytes", Kind::Integer)
            .required("body_encoding", Kind::Text)
            .optional("body", Kind::Text)
            .optional("headers", Kind::Text)
            .unique("inbox_event_source_event_key", &["source_id", "event_id"])
            // What waits is looked for after every event, and what is later of the same key before each.
            .index(&["source_id", "status", "id"])
            .index(&["source_id", "key", "id"]);
        create(manager, &[source, event]).await?;
        let connection = manager.get_connection();
        let postgres = manager.get_database_backend() == DbBackend::Postgres;
        if postgres {
            connection.execute_unprepared(POSTGRES).await?;
        } else {
            // SQLite cannot add a key to a table: it is made anew. Nothing refers to jobs.
            connection.execute_unprepared("CREATE TEMP TABLE job_before AS SELECT * FROM job; DROP TABLE job;").await?;
            create(manager, &[job()]).await?;
            let back = format!(
                "INSERT INTO job ({JOB}) SELECT {JOB} FROM job_before; DROP TABLE job_before; CREATE INDEX job_turn_index ON job (state, tenant_id, id);"
            );
            connection.execute_unprepared(&back).await?;
        }
        let id = if postgres { "gen_random_uuid()" } else { "randomblob(16)" };
        // What is older than it is to be is looked for across tenants.
        let mut script = "CREATE INDEX inbox_event_age_index ON inbox_event (received_at);\nCREATE INDEX webhook_delivery_age_index ON webhook_delivery (occurred_at);\n".to_owned();
        for (role, depth) in [("member", "OWN"), ("reader", "NONE")] {
            script.push_str(&right(id, role, "inboxSource", "*", depth));
            script.push_str(";\n");
        }
        connection.execute_unprepared(&script).await.map(|_| ())
    }
}

/// The table of jobs.
fn job() -> Table {
    Table::new("job")
        .required("kind", Kind::Text)
        .optional_reference("import_id", "import_job")
        .optional_reference("export_id", "export_job")
        .required("state", Kind::Text)
        .required("run_at", Kind::Instant)
        .required("attempts", Kind::Integer)
        .optional("started_at", Kind::Instant)
        .optional("finished_at", Kind::Instant)
        .optional("failure_code", Kind::Text)
        .optional("failure", Kind::Text)
        .required("on_behalf_of", Kind::Text)
        .optional("maker_scopes", Kind::Text)
        .optional_reference("inbox_source_id", "inbox_source")
}
