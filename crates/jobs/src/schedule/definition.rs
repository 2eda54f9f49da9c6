//! The schedule: an export that is made again and again.

use super::Cron;
use crate::export_job::Asked;
use crate::state::{FileFormat, Wake};
use async_trait::async_trait;
use clientela_engine::Rules;
use clientela_engine::module::{ChangeKind, Draft, RuleReader};
use clientela_kernel::{Context, Error, FieldProblem, Id, ProblemCode, Result, Timestamp, Value};
use clientela_macros::{Choice, resource};
use clientela_model::{Choice as _, system};

/// Whether a schedule is carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Choice)]
pub enum ScheduleState {
    /// It is carried out whenever its time comes.
    Active,
    /// It is not, until it is active again.
    Paused,
}

/// An export that is made again and again, at the times of a cron expression in a time zone, in the name and with the rights of whoever made the schedule. Each time one export
/// is made, by whatever server; times that passed while no server ran, or while clocks were wrong, are made up for once, and not once each. Members see their own schedules.
#[resource(name = "schedule", prefix = "sch", label = "name", unattachable)]
pub struct Model {
    /// What the schedule is called.
    #[field(max = 200, folded, example = "\"Customers for the data warehouse\"")]
    pub name: String,
    /// When: minute, hour, day of the month, month and day of the week, as cron takes them. An hour that clocks leave out is made up for at once, one that they show twice counts
    /// once, unless every hour is meant.
    #[field(max = 200, no_filter, no_sort, example = "\"0 6 * * MON-FRI\"")]
    pub cron: String,
    /// The zone whose clocks count: an IANA name; yours where left out.
    #[field(format = "time_zone", max = 64, derived, example = "\"Europe/Vienna\"")]
    pub time_zone: String,
    /// Whether it is carried out.
    #[field(default = "\"ACTIVE\"")]
    pub state: ScheduleState,
    /// The resource whose records are exported, such as `account`.
    #[field(max = 60, example = "\"account\"")]
    pub resource: String,
    /// The columns, with commas between them, also of related records; every field of the record where left out.
    #[field(max = 5000, no_sort, example = "\"id,name,country\"")]
    pub fields: Option<String>,
    /// Which records: the filter tree as JSON text; all where left out. With `within`, what counts is the moment of the export.
    #[field(max = 20_000, no_filter, no_sort, example = "\"{\\\"country\\\": {\\\"eq\\\": \\\"AT\\\"}}\"")]
    pub filter: Option<String>,
    /// Whether deleted records are exported too.
    #[field(default = "false")]
    pub with_deleted: bool,
    /// What the file is made of.
    #[field(default = "\"CSV\"")]
    pub format: FileFormat,
    /// Whether an apostrophe goes before text that a spreadsheet would take for a formula (CSV alone).
    #[field(default = "true")]
    pub guarded: bool,
    /// When it is carried out next; empty while it is paused.
    #[field(write = "read_only", example = "\"2026-02-02T05:00:00.000Z\"")]
    pub next_run_at: Option<Timestamp>,
    /// When it was last carried out.
    #[field(write = "read_only", example = "\"2026-01-30T05:00:00.000Z\"")]
    pub last_run_at: Option<Timestamp>,
    /// The export that was made last.
    #[field(refers = "export", write = "read_only", on_delete = "clear", example = "\"exp_01h455vb4pex5vsknk084sn02q\"")]
    pub last_export_id: Option<Id>,
    /// Why no export could be made the last time: a stable code. Empty where one was.
    #[field(write = "read_only", max = 60, example = "\"FORBIDDEN\"")]
    pub failure_code: Option<String>,
    /// Why no export could be made the last time, in words.
    #[field(write = "read_only", max = 4000, no_sort, example = "\"Your roles do not let you export contacts.\"")]
    pub failure: Option<String>,
    /// What the credential allowed that made it; it is carried out with no more.
    #[field(write = "read_only", secret, max = 8_000, example = "\"\"")]
    pub maker_scopes: Option<String>,
}

/// What an export takes over from its schedule.
pub(super) const TAKEN_OVER: [&str; 6] = ["resource", "fields", "filter", "withDeleted", "format", "guarded"];

/// The rules of schedules.
pub struct ScheduleRules {
    /// Rung when a schedule may be due soon.
    pub(crate) wake: Wake,
}

#[async_trait]
impl Rules for ScheduleRules {
    fn derive(&self, context: &Context, draft: &mut Draft) {
        if draft.kind == ChangeKind::Created {
            draft.set("makerScopes", context.scopes.to_text().into());
        }
        if draft.get("timeZone").is_null() {
            draft.set("timeZone", context.zone.name().into());
        }
        let planned = draft.kind == ChangeKind::Restored || ["cron", "timeZone", "state"].into_iter().any(|field| draft.changed(field));
        if planned {
            let now = draft.get(system::UPDATED_AT).as_instant().unwrap_or(context.now);
            let active = draft.get("state").as_text() == Some(ScheduleState::Active.as_str());
            let next = next(draft.get("cron"), draft.get("timeZone"), now).filter(|_| active);
            draft.set("nextRunAt", next.map_or(Value::Null, Value::Instant));
        }
    }

    fn check(&self, context: &Context, draft: &Draft, problems: &mut Vec<FieldProblem>) {
        let Some(text) = draft.get("cron").as_text().filter(|_| draft.changed("cron")) else { return };
        let problem = match Cron::parse(text) {
            Err(problem) => problem,
            Ok(cron) if cron.next(chrono_tz::UTC, context.now).is_none() => "never comes".to_owned(),
            Ok(_) => return,
        };
        problems.push(FieldProblem::new("/cron", ProblemCode::InvalidFormat, format!("cron {problem}. An example is 0 6 * * MON-FRI.")));
    }

    async fn look_up(&self, context: &Context, reader: &dyn RuleReader, draft: &mut Draft) -> Result<()> {
        if !TAKEN_OVER.into_iter().any(|field| draft.changed(field)) {
            return Ok(());
        }
        let registry = reader.registry().ok_or_else(|| Error::internal("no definitions to check a schedule with"))?;
        Asked::of(|field| draft.get(field)).plan(registry, context).map(drop)
    }

    fn committed(&self, _context: &Context, _draft: &Draft) {
        self.wake.ring();
    }
}

/// The next moment after another, of an expression in a zone.
pub(super) fn next(cron: &Value, zone: &Value, after: Timestamp) -> Option<Timestamp> {
    let zone = zone.as_text()?.parse().ok()?;
    Cron::parse(cron.as_text()?).ok()?.next(zone, after)
}
