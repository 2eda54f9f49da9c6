//! The job: something to be done in the background, and how far that has come.

use crate::state::{JobState, Wake};
use async_trait::async_trait;
use clientela_engine::Rules;
use clientela_engine::module::{ChangeKind, Companion, Draft, Found, RuleReader};
use clientela_kernel::{Context, FieldProblem, Id, ProblemCode, Result, TenantId, Timestamp, Value};
use clientela_macros::resource;
use clientela_model::{Choice as _, ResourceDef};

/// Something to be done in the background: an import, an export, a custom field that gets another type. A job is made along with the record that it is about, and carried out by one server at a time,
/// with the rights of whoever made it. What goes wrong for a reason that may pass is tried again, about 10 seconds after the first attempt and four times as long after each
/// further one; after five attempts the job is `FAILED` and stays so until somebody retries it. Members see their own jobs, administrators all of them.
#[resource(name = "job", prefix = "job", label = "kind", unattachable, read_only)]
pub struct Model {
    /// What is to be done: `import`, `export`, `retyping`, or `inboxSource` for the events that wait at one.
    #[field(max = 60, write = "read_only", example = "\"export\"")]
    pub kind: String,
    /// The import that is carried out, where the job is about one.
    #[field(
        refers = "import",
        inverse = "jobs",
        inverse_description = "The job that carries the import out; none before there is content.",
        on_delete = "cascade",
        write = "read_only",
        example = "null"
    )]
    pub import_id: Option<Id>,
    /// The export that is carried out, where the job is about one.
    #[field(
        refers = "export",
        inverse = "jobs",
        inverse_description = "The job that carries the export out.",
        on_delete = "cascade",
        write = "read_only",
        example = "\"exp_01h455vb4pex5vsknk084sn02q\""
    )]
    pub export_id: Option<Id>,
    /// The inbox source whose events are carried out, where the job is about one.
    #[field(
        refers = "inboxSource",
        inverse = "jobs",
        inverse_description = "The jobs that carry its events out.",
        on_delete = "cascade",
        write = "read_only",
        example = "null"
    )]
    pub inbox_source_id: Option<Id>,
    /// How far it has come.
    #[field(write = "read_only", derived)]
    pub state: JobState,
    /// Not taken up before this moment; after a failed attempt that of the next one.
    #[field(write = "read_only", derived, example = "\"2026-01-31T08:15:00.000Z\"")]
    pub run_at: Timestamp,
    /// How often it was begun. What it was interrupted by does not count where the server ended in order, or where it has got further since.
    #[field(write = "read_only", derived, min = 0, max = 1_000_000, example = "1")]
    pub attempts: i64,
    /// When its latest attempt began.
    #[field(write = "read_only", example = "\"2026-01-31T08:15:00.000Z\"")]
    pub started_at: Option<Timestamp>,
    /// When it ended.
    #[field(write = "read_only", example = "\"2026-01-31T08:15:09.000Z\"")]
    pub finished_at: Option<Timestamp>,
    /// Why the latest attempt broke off, or what it waits for: a stable code.
    #[field(write = "read_only", max = 60, example = "\"DATABASE_UNAVAILABLE\"")]
    pub failure_code: Option<String>,
    /// Why the latest attempt broke off, or what it waits for, in words.
    #[field(write = "read_only", max = 4000, no_sort, example = "\"The database is not there.\"")]
    pub failure: Option<String>,
    /// In whose name it is carried out.
    #[field(write = "read_only", secret, max = 60, example = "\"\"")]
    pub on_behalf_of: String,
    /// What the credential allowed that wanted it done; it is carried out with no more.
    #[field(write = "read_only", secret, max = 8_000, example = "\"\"")]
    pub maker_scopes: Option<String>,
}

/// What a job may be about: the resource, and the field that names it.
const ABOUT: [(&str, &str); 3] = [("import", "importId"), ("export", "exportId"), ("inboxSource", "inboxSourceId")];
/// What the record that a job is about says of it too, where it has but one.
const TOLD: [&str; 4] = ["state", "finishedAt", "failureCode", "failure"];

/// A record by its place.
#[derive(Clone, Copy, Debug)]
pub struct About {
    /// Its resource.
    pub resource: &'static str,
    /// Its tenant.
    pub tenant: TenantId,
    /// Its id.
    pub id: Id,
}

/// What a job is about.
pub(crate) fn about(tenant: TenantId, job: &Found) -> Option<About> {
    let id = |field: &str| job.get(field).as_id().map(Id);
    ABOUT.iter().find_map(|(resource, field)| Some(About { resource, tenant, id: id(field)? }))
}

/// The fields of a new job that is about a record, to be made in the transaction of whoever wants it done (as a companion, or by an operation). `principal` and `scopes` say
/// in whose name it is carried out, and with what at most. A kind whose record names its job, instead of being named by it, looks for it by the job's id ([`crate::Running::id`]).
pub fn queued(resource: &str, id: Id, principal: &str, scopes: Value, now: Timestamp) -> Vec<(&'static str, Value)> {
    let about = ABOUT.iter().find(|(known, _)| *known == resource).map(|(_, field)| (*field, Value::Id(id.0)));
    let mut values = vec![
        ("kind", resource.into()),
        ("state", JobState::Queued.as_str().into()),
        ("runAt", Value::Instant(now)),
        ("attempts", Value::Integer(0)),
        ("onBehalfOf", principal.into()),
        ("makerScopes", scopes),
    ];
    values.extend(about);
    values
}

/// Whether nothing more happens in a state by itself.
pub(crate) fn has_ended(state: &str) -> bool {
    [JobState::Succeeded, JobState::Failed, JobState::Cancelled].iter().any(|ended| ended.as_str() == state)
}

/// The rules of jobs.
pub struct JobRules {
    /// Rung when a job may begin.
    pub(crate) wake: Wake,
}

#[async_trait]
impl Rules for JobRules {
    fn check(&self, _context: &Context, draft: &Draft, problems: &mut Vec<FieldProblem>) {
        let (old, new) = (draft.old("state").as_text().unwrap_or_default(), draft.get("state").as_text().unwrap_or_default());
        let retried = old == JobState::Failed.as_str() && new == JobState::Queued.as_str();
        if old != new && has_ended(old) && !retried {
            problems.push(ended(&draft.def, old));
        }
    }

    async fn companions(&self, context: &Context, _reader: &dyn RuleReader, draft: &Draft) -> Result<Vec<Companion>> {
        if draft.kind != ChangeKind::Updated || !TOLD.iter().any(|field| draft.changed(field)) {
            return Ok(Vec::new());
        }
        let found = Found { def: draft.def.clone(), id: draft.id, values: draft.after.clone() };
        let Some(about) = about(context.tenant, &found).filter(|about| about.resource != "inboxSource") else { return Ok(Vec::new()) };
        let mut values: Vec<(&'static str, Value)> = TOLD.iter().map(|field| (*field, draft.get(field).clone())).collect();
        if draft.old("startedAt").is_null() && draft.changed("startedAt") {
            values.push(("startedAt", draft.get("startedAt").clone()));
        }
        Ok(vec![Companion::Patch { resource: about.resource, id: about.id, values }])
    }

    fn committed(&self, _context: &Context, draft: &Draft) {
        if draft.get("state").as_text() == Some(JobState::Queued.as_str()) {
            self.wake.ring();
        }
    }
}

/// What is wrong with changing a job that has ended.
pub(crate) fn ended(def: &ResourceDef, state: &str) -> FieldProblem {
    let text = format!("state is {state}: the {} has ended and cannot be called off any more.", def.name);
    FieldProblem::new("/state", ProblemCode::Contradiction, text)
}
