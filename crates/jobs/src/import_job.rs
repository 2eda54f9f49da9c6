//! The import: rows of a foreign file become records, in the background.

use crate::import_mapping::checked;
use crate::queue::queued;
use crate::state::{FileFormat, JobState, expiry};
use async_trait::async_trait;
use clientela_engine::Rules;
use clientela_engine::module::{ChangeKind, Companion, Draft, Found, RuleReader};
use clientela_kernel::{Comparison, Context, Error, FieldProblem, Filter, Id, ProblemCode, Result, Timestamp, Value};
use clientela_macros::{Choice, resource};
use clientela_model::{Choice as _, system};

/// How an import writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Choice)]
pub enum ImportWriting {
    /// Each record by itself; what is refused is left out, and the rest goes on.
    Each,
    /// All or nothing: one transaction, taken back where anything is refused.
    Atomic,
    /// Nothing: everything is tried, and the same is refused as would be.
    DryRun,
}

/// An import of a foreign file: its rows become records by a mapping, in the background, with the rights and in the name of whoever
/// made the import. Records are told again by their keys, so that importing a file another time changes nothing. Give the rows with
/// `rows` where they are few, else send the file to `/v1/imports/{id}/content`; a job takes them up from there.
#[resource(name = "import", table = "import_job", prefix = "imp", label = "fileName", unattachable, no_update, content = "received")]
pub struct Model {
    /// What the file is called.
    #[field(max = 200, folded, write = "immutable", example = "\"customers-2026-01.csv\"")]
    pub file_name: Option<String>,
    /// The saved mapping to use.
    #[field(refers = "importMapping", write = "immutable", on_delete = "clear", example = "\"imm_01h455vb4pex5vsknk084sn02q\"")]
    pub mapping_id: Option<Id>,
    /// The name of the saved mapping to use, instead of its id.
    #[field(max = 100, write = "immutable", example = "null")]
    pub mapping_name: Option<String>,
    /// The mapping in TOML: yours, or that of the saved one as it was when the import was made.
    #[field(
        max = 100_000,
        write = "immutable",
        derived,
        no_filter,
        no_sort,
        example = "\"[[record]]\\nresource = \\\"account\\\"\\nkey = { system = \\\"erp\\\", column = \\\"number\\\" }\\nfields.name = \\\"name\\\"\\n\""
    )]
    pub mapping_text: String,
    /// The rows themselves, where they are few: a line of column names and a line each, or a JSON object a line.
    #[field(max = 200_000, write = "immutable", no_filter, no_sort, example = "\"number,name\\n4711,Alfreds Futterkiste\\n\"")]
    pub rows: Option<String>,
    /// What the file is made of; told from the file or from its media type where left out.
    #[field(write = "immutable", example = "\"CSV\"")]
    pub format: Option<FileFormat>,
    /// How the import writes.
    #[field(write = "immutable", default = "\"EACH\"")]
    pub writing: ImportWriting,
    /// Whether records are made even where a duplicate rule that refuses holds them for others.
    #[field(write = "immutable", default = "false")]
    pub allow_duplicates: bool,
    /// How far it has come.
    #[field(write = "read_only", derived)]
    pub state: JobState,
    /// When it was first taken up.
    #[field(write = "read_only", example = "\"2026-01-31T08:15:00.000Z\"")]
    pub started_at: Option<Timestamp>,
    /// When it ended.
    #[field(write = "read_only", example = "\"2026-01-31T08:15:09.000Z\"")]
    pub finished_at: Option<Timestamp>,
    /// When content that was sent and not imported is removed. Imported content is removed at once.
    #[field(write = "read_only", derived, example = "\"2026-02-07T08:15:00.000Z\"")]
    pub expires_at: Timestamp,
    /// Why it broke off, or what it waits for: a stable code. An import that finds the disk full goes on when there is room.
    #[field(write = "read_only", max = 60, example = "\"STORAGE_FULL\"")]
    pub failure_code: Option<String>,
    /// Why it broke off, or what it waits for, in words.
    #[field(write = "read_only", max = 4000, no_sort, example = "\"The file has no column \\\"number\\\".\"")]
    pub failure: Option<String>,
    /// The encoding the file was read in.
    #[field(write = "read_only", max = 40, example = "\"UTF-8\"")]
    pub encoding: Option<String>,
    /// Rows read so far.
    #[field(write = "read_only", derived, min = 0, max = 9_007_199_254_740_991, example = "1200")]
    pub rows_read: i64,
    /// Rows of which something was refused.
    #[field(write = "read_only", derived, min = 0, max = 9_007_199_254_740_991, example = "3")]
    pub rows_refused: i64,
    /// Records made.
    #[field(write = "read_only", derived, min = 0, max = 9_007_199_254_740_991, example = "1000")]
    pub records_created: i64,
    /// Records that were there and have changed.
    #[field(write = "read_only", derived, min = 0, max = 9_007_199_254_740_991, example = "100")]
    pub records_updated: i64,
    /// Records that were there, the same.
    #[field(write = "read_only", derived, min = 0, max = 9_007_199_254_740_991, example = "97")]
    pub records_unchanged: i64,
    /// Records that were refused.
    #[field(write = "read_only", derived, min = 0, max = 9_007_199_254_740_991, example = "3")]
    pub records_refused: i64,
    /// How much is wrong with the rows. The first 10,000 problems are kept, each as an `importProblem`.
    #[field(write = "read_only", derived, min = 0, max = 9_007_199_254_740_991, example = "4")]
    pub problem_count: i64,
    /// Size of the content that was sent, in bytes.
    #[field(write = "read_only", min = 0, max = 9_007_199_254_740_991, example = "48213")]
    pub content_bytes: Option<i64>,
    /// Where the content is.
    #[field(write = "read_only", secret, max = 60, example = "\"\"")]
    pub content_key: Option<String>,
    /// How far the rows are written for good, for whoever goes on after a crash (`engine::import::Checkpoint`).
    #[field(write = "read_only", secret, max = 4_000_000, example = "\"\"")]
    pub checkpoint: Option<String>,
    /// What the credential allowed that made it, for its job.
    #[field(write = "read_only", secret, max = 8_000, example = "\"\"")]
    pub scopes: Option<String>,
}

/// Fields that count.
const COUNTS: [&str; 7] =
    ["rowsRead", "rowsRefused", "recordsCreated", "recordsUpdated", "recordsUnchanged", "recordsRefused", "problemCount"];

/// The rules of imports.
pub struct ImportRules;

#[async_trait]
impl Rules for ImportRules {
    fn derive(&self, context: &Context, draft: &mut Draft) {
        if draft.kind != ChangeKind::Created {
            return;
        }
        let state = if draft.get("rows").is_null() { JobState::Waiting } else { JobState::Queued };
        draft.set("state", state.as_str().into());
        draft.set("expiresAt", Value::Instant(expiry(context.now)));
        draft.set("scopes", context.scopes.to_text().into());
        for count in COUNTS {
            draft.set(count, Value::Integer(0));
        }
    }

    async fn look_up(&self, _context: &Context, reader: &dyn RuleReader, draft: &mut Draft) -> Result<()> {
        if draft.kind != ChangeKind::Created {
            return Ok(());
        }
        let saved = match (draft.get("mappingId").as_id(), draft.get("mappingName").as_text()) {
            (Some(id), _) => Some(saved(reader, "mappingId", Filter::field(system::ID, Comparison::Equal(Value::Id(id)))).await?),
            (None, Some(name)) => Some(saved(reader, "mappingName", Filter::field("name", Comparison::Equal(name.into()))).await?),
            (None, None) => None,
        };
        if let Some(saved) = saved {
            for (field, theirs) in [("mappingText", saved.get("text")), ("mappingName", saved.get("name"))] {
                let own = draft.get(field);
                if !own.is_null() && own != theirs {
                    let text = format!("{field} is another than that of the saved mapping that is named. Give one of them.");
                    return Err(refuse(field, ProblemCode::Contradiction, text));
                }
            }
            draft.set("mappingId", Value::Id(saved.id.0));
            draft.set("mappingText", saved.get("text").clone());
        }
        let Some(text) = draft.get("mappingText").as_text() else {
            let text = "An import needs a mapping: give at least one of mappingId, mappingName and mappingText.";
            return Err(refuse("mappingText", ProblemCode::Required, text.to_owned()));
        };
        checked(text, reader.registry(), "/mappingText").map(drop)
    }

    async fn companions(&self, context: &Context, _reader: &dyn RuleReader, draft: &Draft) -> Result<Vec<Companion>> {
        // It begins when its rows are there: at once, or when its content has come.
        let waits = draft.kind == ChangeKind::Created || draft.old("state").as_text() == Some(JobState::Waiting.as_str());
        if !waits || draft.get("state").as_text() != Some(JobState::Queued.as_str()) {
            return Ok(Vec::new());
        }
        let now = draft.get(system::UPDATED_AT).as_instant().unwrap_or(context.now);
        let maker = draft.get(system::CREATED_BY).as_text().unwrap_or_default();
        let values = queued("import", draft.id, maker, draft.get("scopes").clone(), now);
        Ok(vec![Companion::Create { resource: "job", values }])
    }
}

async fn saved(reader: &dyn RuleReader, field: &str, filter: Filter) -> Result<Found> {
    reader.find("importMapping", filter).await?.pop().ok_or_else(|| {
        let text = format!("{field} names a saved mapping that there is not. Make it first, at /v1/import-mappings.");
        refuse(field, ProblemCode::ReferenceNotFound, text)
    })
}

fn refuse(field: &str, code: ProblemCode, text: String) -> Error {
    Error::validation(vec![FieldProblem::new(format!("/{field}"), code, text)])
}
