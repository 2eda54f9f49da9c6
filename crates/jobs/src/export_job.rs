//! The export: records become a file, in the background.

use crate::queue::queued;
use crate::state::{FileFormat, JobState, expiry};
use async_trait::async_trait;
use clientela_engine::export::{ExportPlan, ExportRequest};
use clientela_engine::module::{ChangeKind, Companion, Draft, RuleReader};
use clientela_engine::{AuditNote, AuditShows, Rules};
use clientela_kernel::{Context, DeletedMode, Error, ErrorCode, FieldProblem, ProblemCode, Result, Timestamp, Value};
use clientela_macros::resource;
use clientela_model::{Choice as _, Registry, system};

/// An export of the records of a resource to a file, in the background, with the rights of whoever made it. Fetch the file from
/// `/v1/exports/{id}/content` when it has succeeded.
#[resource(name = "export", table = "export_job", prefix = "exp", label = "resource", unattachable, no_update, content = "given")]
pub struct Model {
    /// The resource whose records are exported, such as `account` or `contact-points`.
    #[field(max = 60, write = "immutable", example = "\"account\"")]
    pub resource: String,
    /// The columns, with commas between them, also of related records; every field of the record where left out.
    #[field(max = 5000, write = "immutable", no_sort, example = "\"id,name,country\"")]
    pub fields: Option<String>,
    /// Which records: the filter tree as JSON text; all where left out.
    #[field(max = 20_000, write = "immutable", no_filter, no_sort, example = "\"{\\\"country\\\": {\\\"eq\\\": \\\"AT\\\"}}\"")]
    pub filter: Option<String>,
    /// Whether deleted records are exported too.
    #[field(write = "immutable", default = "false")]
    pub with_deleted: bool,
    /// What the file is made of.
    #[field(write = "immutable", default = "\"CSV\"")]
    pub format: FileFormat,
    /// Whether an apostrophe goes before text that a spreadsheet would take for a formula. An import by the export's mapping takes it away
    /// again. It concerns CSV alone: in XLSX and Parquet texts are told to be texts, and no spreadsheet reads NDJSON.
    #[field(write = "immutable", default = "true")]
    pub guarded: bool,
    /// How far it has come.
    #[field(write = "read_only", derived)]
    pub state: JobState,
    /// When it was first taken up.
    #[field(write = "read_only", example = "\"2026-01-31T08:15:00.000Z\"")]
    pub started_at: Option<Timestamp>,
    /// When it ended.
    #[field(write = "read_only", example = "\"2026-01-31T08:15:09.000Z\"")]
    pub finished_at: Option<Timestamp>,
    /// When the file is removed.
    #[field(write = "read_only", derived, example = "\"2026-02-07T08:15:00.000Z\"")]
    pub expires_at: Timestamp,
    /// Why it broke off: a stable code.
    #[field(write = "read_only", max = 60, example = "\"STORAGE_FULL\"")]
    pub failure_code: Option<String>,
    /// Why it broke off, in words.
    #[field(write = "read_only", max = 4000, no_sort, example = "\"The database has no room left on its disk.\"")]
    pub failure: Option<String>,
    /// What the file is called.
    #[field(write = "read_only", max = 200, example = "\"accounts-2026-01-31.csv\"")]
    pub file_name: Option<String>,
    /// The mapping by which an import reads the file back, each record told again by its id. Empty where the columns do not allow it.
    #[field(write = "read_only", max = 100_000, no_filter, no_sort, example = "null")]
    pub mapping_text: Option<String>,
    /// Records written so far.
    #[field(write = "read_only", derived, min = 0, max = 9_007_199_254_740_991, example = "1200")]
    pub records_written: i64,
    /// Size of the file, in bytes.
    #[field(write = "read_only", min = 0, max = 9_007_199_254_740_991, example = "48213")]
    pub content_bytes: Option<i64>,
    /// Where the file is.
    #[field(write = "read_only", secret, max = 60, example = "\"\"")]
    pub content_key: Option<String>,
}

/// The rules of exports.
pub struct ExportRules;

#[async_trait]
impl Rules for ExportRules {
    fn audit(&self, draft: &Draft) -> Option<AuditNote> {
        let made = draft.kind == ChangeKind::Created;
        made.then_some(AuditNote { kind: "EXPORTED", shows: AuditShows::Values })
    }

    fn derive(&self, context: &Context, draft: &mut Draft) {
        if draft.kind == ChangeKind::Created {
            draft.set("state", JobState::Queued.as_str().into());
            draft.set("expiresAt", Value::Instant(expiry(context.now)));
            draft.set("recordsWritten", Value::Integer(0));
        }
    }

    async fn look_up(&self, context: &Context, reader: &dyn RuleReader, draft: &mut Draft) -> Result<()> {
        if draft.kind != ChangeKind::Created {
            return Ok(());
        }
        let registry = reader.registry().ok_or_else(|| Error::internal("no definitions to check an export with"))?;
        let request = Asked::of(|field| draft.get(field));
        let plan = request.plan(registry, context)?;
        let day = context.now.date().to_text();
        draft.set("fileName", format!("{}-{day}.{}", plan.resource().path, request.format.ending()).into());
        draft.set("mappingText", plan.mapping().map_or(Value::Null, Value::Text));
        Ok(())
    }

    async fn companions(&self, context: &Context, _reader: &dyn RuleReader, draft: &Draft) -> Result<Vec<Companion>> {
        if draft.kind != ChangeKind::Created {
            return Ok(Vec::new());
        }
        let now = draft.get(system::CREATED_AT).as_instant().unwrap_or(context.now);
        let values = queued("export", draft.id, &context.actor.to_text(), context.scopes.to_text().into(), now);
        Ok(vec![Companion::Create { resource: "job", values }])
    }
}

/// What an export was asked for.
pub(crate) struct Asked {
    pub(crate) resource: String,
    pub(crate) fields: Option<String>,
    pub(crate) filter: Option<String>,
    pub(crate) with_deleted: bool,
    pub(crate) format: FileFormat,
    pub(crate) guarded: bool,
}

impl Asked {
    /// What a record asks for, by its fields.
    pub(crate) fn of<'v>(get: impl Fn(&str) -> &'v Value) -> Asked {
        let text = |field: &str| get(field).as_text().map(str::to_owned);
        Asked {
            resource: text("resource").unwrap_or_default(),
            fields: text("fields"),
            filter: text("filter"),
            with_deleted: get("withDeleted") == &Value::Boolean(true),
            format: text("format").and_then(|name| FileFormat::named(&name)).unwrap_or(FileFormat::Csv),
            guarded: get("guarded") != &Value::Boolean(false),
        }
    }

    /// Checks it against the definitions and the caller's rights; what is wrong is told by field.
    pub(crate) fn plan(&self, registry: &Registry, context: &Context) -> Result<ExportPlan> {
        let filter = self.filter.as_deref().map(serde_json::from_str).transpose().map_err(|error| {
            let example = r#"{"country": {"eq": "AT"}}"#;
            refuse("filter", format!("The export cannot begin: filter is no JSON: {error}. A filter looks like {example}."))
        })?;
        let fields = self.fields.as_deref().unwrap_or_default().split(',').map(|name| name.trim().to_owned());
        let request = ExportRequest {
            resource: self.resource.clone(),
            fields: fields.filter(|name| !name.is_empty()).collect(),
            filter,
            deleted: if self.with_deleted { DeletedMode::Include } else { DeletedMode::Exclude },
            format: self.format.written(),
            guarded: self.guarded,
        };
        ExportPlan::new(registry, context, &request).map_err(|error| match error.code() {
            ErrorCode::NotFound => refuse("resource", format!("The export cannot begin: {}", error.detail())),
            ErrorCode::InvalidParameter => refuse("fields", error.detail().to_owned()),
            ErrorCode::InvalidFilter => refuse("filter", format!("The export cannot begin: {}", error.detail())),
            _ => error,
        })
    }
}

fn refuse(field: &str, text: String) -> Error {
    Error::validation(vec![FieldProblem::new(format!("/{field}"), ProblemCode::NotAllowed, text)])
}
