//! What is done again and again.

use crate::m0029_audiences::right;
use crate::table::{Kind, Table, create};
use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

/// Makes `schedule`. The roles that a tenant began with see their own.
pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0047_schedules"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let schedule = Table::new("schedule")
            .required_folded("name")
            .required("cron", Kind::Text)
            .required("time_zone", Kind::Text)
            .required("state", Kind::Text)
            .required("resource", Kind::Text)
            .optional("fields", Kind::Text)
            .optional("filter", Kind::Text)
            .required("with_deleted", Kind::Boolean)
            .required("format", Kind::Text)
            .required("guarded", Kind::Boolean)
            .optional("next_run_at", Kind::Instant)
            .optional("last_run_at", Kind::Instant)
            .optional_reference("last_export_id", "export_job")
            .optional("failure_code", Kind::Text)
            .optional("failure", Kind::Text)
            .optional("maker_scopes", Kind::Text);
        create(manager, &[schedule]).await?;
        let id = if manager.get_database_backend() == DbBackend::Postgres { "gen_random_uuid()" } else { "randomblob(16)" };
        // What is due is looked for across tenants.
        let mut script = "CREATE INDEX schedule_due_index ON schedule (state, next_run_at);\n".to_owned();
        for (role, action) in [("member", "*"), ("reader", "read")] {
            script.push_str(&right(id, role, "schedule", action, "OWN"));
            script.push_str(";\n");
        }
        manager.get_connection().execute_unprepared(&script).await.map(|_| ())
    }
}
