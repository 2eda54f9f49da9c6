//! `replayInboxEvent` and `replayInboxEvents`.

use super::event::{self, EVENT, InboxEventStatus, afresh};
use super::receive;
use super::source::SOURCE;
use crate::mirror;
use async_trait::async_trait;
use clientela_engine::module::Found;
use clientela_engine::{Call, Operation};
use clientela_kernel::{Comparison, Context, Error, ErrorCode, FieldProblem, Filter, Id, ProblemCode, Result, Timestamp, Value};
use clientela_macros::Shape;
use clientela_model::{Choice as _, OperationDef, system};
use clientela_store::{Commit, WriteSet};

/// Events that one request replays at most.
const MOST: usize = 10_000;
/// Events that are read together.
const PAGE: u32 = 100;

/// Has an event carried out once more.
pub struct ReplayInboxEvent;

/// Has the events of a time carried out once more.
pub struct ReplayInboxEvents;

/// Nothing more needs to be said.
#[derive(Shape)]
pub struct InboxReplay {}

/// What is carried out again.
#[derive(Shape)]
pub struct InboxReplayed {
    /// The event, which waits to be carried out.
    #[field(record = "inboxEvent")]
    pub inbox_event: Id,
}

/// Which events.
#[derive(Shape)]
pub struct InboxRangeReplay {
    /// That came in at this moment or later.
    #[field(example = "\"2026-01-31T08:15:00.000Z\"")]
    pub from: Timestamp,
    /// That came in before this moment.
    #[field(example = "null")]
    pub until: Option<Timestamp>,
    /// In these statuses alone; those that `FAILED` where none is named.
    #[field(most = 4, example = "\"FAILED\"")]
    pub statuses: Vec<InboxEventStatus>,
}

/// What is carried out again.
#[derive(Shape)]
pub struct InboxRangeReplayed {
    /// The source.
    #[field(record = "inboxSource")]
    pub inbox_source: Id,
    /// How many events wait to be carried out again.
    #[field(min = 0, max = 10_000, example = "12")]
    pub replayed: i64,
}

#[async_trait]
impl Operation for ReplayInboxEvent {
    type Input = InboxReplay;
    type Output = InboxReplayed;

    fn definition() -> OperationDef {
        OperationDef::writing::<InboxReplay, InboxReplayed>(
            "replayInboxEvent",
            EVENT,
            "replay",
            "Has an event of an inbox carried out once more, by the mapping as it is now, as if it had just come in. What it has written before is told again by its keys.",
        )
        .on_record()
    }

    async fn run(&self, call: &Call<'_>, _given: InboxReplay) -> Result<InboxReplayed> {
        let found = call.target()?;
        if found.get("body").is_null() {
            let text = "body is empty: it was erased with a person whom it told of, and there is nothing to carry out any more.";
            return Err(Error::validation(vec![FieldProblem::new("/body", ProblemCode::Contradiction, text)]));
        }
        let source = found.get("sourceId").as_id().map(Id).ok_or_else(|| Error::internal("an inbox event of no source"))?;
        renew(call, std::slice::from_ref(found)).await?;
        wake(call, source).await?;
        Ok(InboxReplayed { inbox_event: found.id })
    }
}

#[async_trait]
impl Operation for ReplayInboxEvents {
    type Input = InboxRangeReplay;
    type Output = InboxRangeReplayed;

    fn definition() -> OperationDef {
        OperationDef::writing::<InboxRangeReplay, InboxRangeReplayed>(
            "replayInboxEvents",
            SOURCE,
            "replay",
            "Has the events of an inbox source that came in within a range of time carried out once more, in the order in which they came, by the mapping as it is now. Events whose body was \
             erased are left out. At most 10,000 at once.",
        )
        .on_record()
    }

    async fn run(&self, call: &Call<'_>, given: InboxRangeReplay) -> Result<InboxRangeReplayed> {
        let source = call.target()?.id;
        let own = Context::of_system(call.context.tenant, call.context.request_id, call.now());
        let (mut beyond, mut replayed) = (None, 0usize);
        loop {
            let found = mirror::page(call.engine(), &own, EVENT, bounds(source, &given), beyond, PAGE).await?;
            let Some(last) = found.last() else { break };
            beyond = Some(last.id);
            replayed += found.len();
            if replayed > MOST {
                let text = format!("The range holds more than {MOST} events. Take a smaller one.");
                return Err(Error::new(ErrorCode::QueryTooComplex, text));
            }
            renew(call, &found).await?;
        }
        if replayed > 0 {
            wake(call, source).await?;
        }
        Ok(InboxRangeReplayed { inbox_source: source, replayed: i64::try_from(replayed).unwrap_or(i64::MAX) })
    }
}

fn bounds(source: Id, given: &InboxRangeReplay) -> Vec<Filter> {
    let is = |field: &'static str, comparison| Filter::field(field, comparison);
    let wanted = if given.statuses.is_empty() { &[InboxEventStatus::Failed][..] } else { &given.statuses[..] };
    let wanted = wanted.iter().map(|status| Value::from(status.as_str())).collect();
    let mut all = vec![event::of(source), is("status", Comparison::In(wanted)), is("body", Comparison::IsNull).negate()];
    all.push(is("receivedAt", Comparison::GreaterOrEqual(Value::Instant(given.from))));
    all.extend(given.until.map(|at| is("receivedAt", Comparison::Less(Value::Instant(at)))));
    all
}

/// Makes events wait to be carried out; an operation that meets somebody else's write is told so.
async fn renew(call: &Call<'_>, events: &[Found]) -> Result<()> {
    let context = Context { now: call.now(), ..call.context.clone() };
    let rows = events.iter().map(|event| mirror::change(&context, event, afresh())).collect();
    match call.engine().scope(&context).commit(WriteSet { tenant: context.tenant, rows, idempotency: None, audit: None }).await? {
        Commit::Done => Ok(()),
        _ => Err(Error::new(ErrorCode::VersionConflict, "An event was carried out at the same moment. Ask again.")),
    }
}

/// Has what waits at a source carried out.
async fn wake(call: &Call<'_>, source: Id) -> Result<()> {
    let Some(source) = call.record(SOURCE, source).await? else { return Ok(()) };
    let maker = source.get(system::CREATED_BY).as_text().unwrap_or_default();
    receive::call(call.engine(), call.context.tenant, source.id, maker, source.get("scopes").clone(), call.now()).await
}
