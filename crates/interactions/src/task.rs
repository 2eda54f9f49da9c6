//! The task: something somebody is to do.

use crate::notification::NotificationKind;
use crate::recurrence::Recurrence;
use async_trait::async_trait;
use clientela_engine::Rules;
use clientela_engine::module::{ChangeKind, Companion, Draft, RuleReader};
use clientela_kernel::{Comparison, Context, FieldProblem, Filter, Id, ProblemCode, RecordKey, Result, Timestamp, Value};
use clientela_macros::{Choice, resource};
use clientela_model::Choice as _;

/// How much it matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Choice)]
pub enum TaskPriority {
    /// Whenever there is time.
    Low,
    /// As it comes.
    Normal,
    /// Before the ordinary.
    High,
    /// Before everything else.
    Urgent,
}

/// How far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Choice)]
pub enum TaskStatus {
    /// Nobody has begun.
    Open,
    /// Somebody is at it.
    InProgress,
    /// It waits for somebody else.
    Waiting,
    /// It is done.
    Completed,
    /// It will not be done.
    Canceled,
}

/// Something somebody is to do, about a record or by itself. Completing a task that recurs makes the next one.
#[resource(
    name = "task",
    owner = "assigneeId",
    prefix = "tsk",
    label = "subject",
    tagged,
    timeline(of = "recordId", at = "createdAt", title = "subject", sort = "status")
)]
pub struct Model {
    /// What is to be done, in a line.
    #[field(search = "name", max = 300, folded, example = "\"Send the price list for the winter season\"")]
    pub subject: String,
    /// What else one should know to do it.
    #[field(search = "text", max = 20_000, no_sort, example = "\"With the new prices for hard cheese; ask for the 2 % cash discount.\"")]
    pub description: Option<String>,
    /// The record the task is about, of any type: the prefix of the id tells which. The task is deleted and comes back with it.
    #[field(
        refers_any,
        inverse = "tasks",
        inverse_description = "What is to be done about this record.",
        on_delete = "cascade",
        example = "\"acc_01h455vb4pex5vsknk084sn02q\""
    )]
    pub record_id: Option<AnyId>,
    /// Who is to do it.
    #[field(
        refers = "user",
        inverse = "assignedTasks",
        inverse_description = "What this user is to do.",
        on_delete = "clear",
        example = "\"usr_01h455vb4pex5vsknk084sn02q\""
    )]
    pub assignee_id: Option<Id>,
    /// When it is to be done by.
    #[field()]
    pub due_at: Option<Timestamp>,
    /// When the assignee wants to be reminded.
    #[field(example = "\"2026-01-31T07:45:00.000Z\"")]
    pub reminder_at: Option<Timestamp>,
    /// How much it matters.
    #[field(default = "\"NORMAL\"")]
    pub priority: TaskPriority,
    /// How far it is.
    #[field(default = "\"OPEN\"", example = "\"OPEN\"")]
    pub status: TaskStatus,
    /// When it was completed; empty while it is not.
    #[field(write = "read_only", derived, example = "null")]
    pub completed_at: Option<Timestamp>,
    /// How it recurs: a recurrence rule of RFC 5545 without a prefix, daily or slower, with or without an end. It is counted from
    /// `dueAt` in `timeZone`, and from the completion where the task has no `dueAt`. When the task is completed the next one
    /// is made, due at the rule's next moment, with the same distance to the reminder; a `COUNT` is then one less.
    #[field(format = "recurrence", max = 500, no_sort, example = "\"FREQ=WEEKLY;BYDAY=MO\"")]
    pub recurrence: Option<String>,
    /// IANA name of the zone in which the recurrence is counted: that of the request, where you leave it out.
    #[field(format = "time_zone", max = 64, derived, example = "\"Europe/Vienna\"")]
    pub time_zone: Option<String>,
    /// The task of which this one is the next.
    #[field(
        refers = "task",
        inverse = "nextTasks",
        inverse_description = "The task that was made when this one was completed.",
        on_delete = "clear",
        write = "read_only",
        derived,
        example = "null"
    )]
    pub previous_task_id: Option<Id>,
}

/// The rules of tasks.
pub struct TaskRules;

fn is(status: &Value, wanted: TaskStatus) -> bool {
    status.as_text() == Some(wanted.as_str())
}

fn zone(draft: &Draft) -> chrono_tz::Tz {
    draft.get("timeZone").as_text().and_then(|name| name.parse().ok()).unwrap_or(chrono_tz::UTC)
}

#[async_trait]
impl Rules for TaskRules {
    fn derive(&self, context: &Context, draft: &mut Draft) {
        let (done, was) = (is(draft.get("status"), TaskStatus::Completed), is(draft.old("status"), TaskStatus::Completed));
        if !done {
            draft.set("completedAt", Value::Null);
        } else if !was {
            draft.set("completedAt", Value::Instant(context.now));
        }
        if !draft.get("recurrence").is_null() && draft.get("timeZone").is_null() {
            draft.set("timeZone", context.zone.name().into());
        }
    }

    fn check(&self, context: &Context, draft: &Draft, problems: &mut Vec<FieldProblem>) {
        let Some(rule) = draft.get("recurrence").as_text() else { return };
        if draft.kind == ChangeKind::Updated && !["recurrence", "dueAt", "timeZone"].iter().any(|field| draft.changed(field)) {
            return;
        }
        let start = draft.get("dueAt").as_instant().unwrap_or(context.now);
        if let Err(wanted) = Recurrence::read(rule, start, zone(draft)) {
            let text = format!("recurrence must be {wanted}. It was {rule:?}.");
            problems.push(FieldProblem::new("/recurrence", ProblemCode::InvalidFormat, text));
        }
    }

    async fn companions(&self, context: &Context, reader: &dyn RuleReader, draft: &Draft) -> Result<Vec<Companion>> {
        let mut companions: Vec<Companion> = assigned(context, draft).into_iter().collect();
        companions.extend(self.next(context, reader, draft).await?);
        Ok(companions)
    }
}

/// What the one who is to do it hears, unless they took it themselves or nothing is left to do.
fn assigned(context: &Context, draft: &Draft) -> Option<Companion> {
    let assignee = draft.get("assigneeId").as_id().filter(|assignee| *assignee != context.me() && draft.changed("assigneeId"))?;
    let over = is(draft.get("status"), TaskStatus::Completed) || is(draft.get("status"), TaskStatus::Canceled);
    if over || !matches!(draft.kind, ChangeKind::Created | ChangeKind::Updated) {
        return None;
    }
    let task = RecordKey { resource: draft.def.name.clone(), id: draft.id.0 };
    let values = vec![
        ("userId", Value::Id(assignee)),
        ("kind", NotificationKind::Assignment.as_str().into()),
        ("recordId", Value::Record(task)),
        ("text", draft.get("subject").clone()),
    ];
    Some(Companion::Create { resource: "notification", values })
}

impl TaskRules {
    /// The task that follows one that recurs.
    async fn next(&self, context: &Context, reader: &dyn RuleReader, draft: &Draft) -> Result<Vec<Companion>> {
        let completed = is(draft.get("status"), TaskStatus::Completed) && !is(draft.old("status"), TaskStatus::Completed);
        let Some(rule) = draft.get("recurrence").as_text().filter(|_| completed && draft.kind == ChangeKind::Updated) else {
            return Ok(Vec::new());
        };
        let due = draft.get("dueAt").as_instant();
        let Ok(recurrence) = Recurrence::read(rule, due.unwrap_or(context.now), zone(draft)) else { return Ok(Vec::new()) };
        let Some(next) = recurrence.next() else { return Ok(Vec::new()) };
        // Opened again and completed once more, it has its next one already.
        let of_this = Filter::field("previousTaskId", Comparison::Equal(Value::Id(draft.id.0)));
        if !reader.find("task", of_this).await?.is_empty() {
            return Ok(Vec::new());
        }
        let reminder = match (draft.get("reminderAt").as_instant(), due) {
            (Some(reminder), Some(due)) => Value::Instant(Timestamp(next.0 + (reminder.0 - due.0))),
            _ => Value::Null,
        };
        let mut values: Vec<(&'static str, Value)> = ["subject", "description", "recordId", "assigneeId", "priority", "timeZone", "tags"]
            .map(|field| (field, draft.get(field).clone()))
            .into();
        values.extend([
            ("dueAt", Value::Instant(next)),
            ("reminderAt", reminder),
            ("recurrence", recurrence.of_next(rule).into()),
            ("previousTaskId", Value::Id(draft.id.0)),
        ]);
        Ok(vec![Companion::Create { resource: "task", values }])
    }
}
