//! Imports and exports as jobs, saved mappings, and what carries them out.

use crate::table::{Kind, Table, create};
use sea_orm_migration::prelude::*;

/// Makes `import_mapping`, `import_job`, `import_problem`, `export_job`, and below them `job_lease` and `job_content`.
pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0016_jobs"
    }
}

/// What both kinds of job have.
fn job(table: Table) -> Table {
    table
        .required("state", Kind::Text)
        .optional("started_at", Kind::Instant)
        .optional("finished_at", Kind::Instant)
        .required("expires_at", Kind::Instant)
        .optional("failure_code", Kind::Text)
        .optional("failure", Kind::Text)
        .optional("content_bytes", Kind::Integer)
        .optional("content_key", Kind::Text)
        // What waits or runs is looked for across tenants, and there is little of it.
        .index(&["state", "id"])
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let import_mapping = Table::new("import_mapping")
            .required_folded("name")
            .optional("description", Kind::Text)
            .required("text", Kind::Text)
            .required("resources", Kind::TextSet)
            .unique("import_mapping_name_key", &["name_folded"]);
        let import_job = job(Table::new("import_job")
            .optional_folded("file_name")
            .optional_reference("mapping_id", "import_mapping")
            .optional("mapping_name", Kind::Text)
            .required("mapping_text", Kind::Text)
            .optional("rows", Kind::Text)
            .optional("format", Kind::Text)
            .required("writing", Kind::Text))
        .optional("encoding", Kind::Text)
        .required("rows_read", Kind::Integer)
        .required("rows_refused", Kind::Integer)
        .required("records_created", Kind::Integer)
        .required("records_updated", Kind::Integer)
        .required("records_unchanged", Kind::Integer)
        .required("records_refused", Kind::Integer)
        .required("problem_count", Kind::Integer)
        .optional("checkpoint", Kind::Text);
        let import_problem = Table::new("import_problem")
            .required_reference("import_id", "import_job")
            .required("row_number", Kind::Integer)
            .required("line_number", Kind::Integer)
            .optional("record", Kind::Text)
            .optional("field", Kind::Text)
            .optional("column_names", Kind::Text)
            .required("code", Kind::Text)
            .required("message", Kind::Text)
            .optional("given", Kind::Text);
        let export_job = job(Table::new("export_job")
            .required("resource", Kind::Text)
            .optional("fields", Kind::Text)
            .optional("filter", Kind::Text)
            .required("with_deleted", Kind::Boolean)
            .required("format", Kind::Text)
            .required("guarded", Kind::Boolean))
        .optional("file_name", Kind::Text)
        .optional("mapping_text", Kind::Text)
        .required("records_written", Kind::Integer);
        let job_lease = Table::new("job_lease").required("holder", Kind::Text).required("until", Kind::Instant);
        let job_content = Table::new("job_content").required("data", Kind::Text);
        create(manager, &[import_mapping, import_job, import_problem, export_job, job_lease, job_content]).await
    }
}
