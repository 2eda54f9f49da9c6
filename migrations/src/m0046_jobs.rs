//! The queue of jobs, with what waits or runs at this moment.

use crate::m0029_audiences::right;
use crate::table::{Kind, Table, create};
use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

/// Makes `job`, which takes over what `export_job` said of the scopes of its maker. The roles that a tenant began with see their own jobs.
pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0046_jobs"
    }
}

/// What is under way goes on: a job bears the id of what it is about.
const TAKEN_OVER: [&str; 2] = ["import", "export"];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let job = Table::new("job")
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
            .optional("maker_scopes", Kind::Text);
        create(manager, &[job]).await?;
        // Whose turn it is, is looked for across tenants, and there is little that waits or runs.
        let mut script = "CREATE INDEX job_turn_index ON job (state, tenant_id, id);\n".to_owned();
        for kind in TAKEN_OVER {
            script.push_str(&format!(
                "INSERT INTO job (tenant_id, id, version, created_at, created_by, updated_at, updated_by, kind, {kind}_id, state, run_at, attempts, started_at, on_behalf_of, maker_scopes) \
                 SELECT tenant_id, id, 1, created_at, created_by, updated_at, updated_by, '{kind}', id, state, updated_at, 0, started_at, created_by, scopes \
                 FROM {kind}_job WHERE state IN ('QUEUED', 'RUNNING') AND deleted_at IS NULL;\n"
            ));
        }
        script.push_str("ALTER TABLE export_job DROP COLUMN scopes;\n");
        let id = if manager.get_database_backend() == DbBackend::Postgres { "gen_random_uuid()" } else { "randomblob(16)" };
        for role in ["member", "reader"] {
            script.push_str(&right(id, role, "job", "*", "OWN"));
            script.push_str(";\n");
        }
        manager.get_connection().execute_unprepared(&script).await.map(|_| ())
    }
}
