//! `replayWebhookDelivery` and `replayWebhookDeliveries`.

use super::delivery::{self, DELIVERY, WebhookDeliveryState};
use super::endpoint::ENDPOINT;
use super::{Webhooks, dispatcher, missed};
use crate::mirror;
use async_trait::async_trait;
use clientela_engine::{Call, Operation};
use clientela_kernel::{Comparison, Context, Error, ErrorCode, Filter, Id, Result, Timestamp, Value};
use clientela_macros::Shape;
use clientela_model::{Choice as _, OperationDef, system};
use clientela_store::{Commit, WriteSet};

/// Deliveries that one request replays at most.
pub(super) const MOST: usize = 10_000;

/// Sends a delivery once more.
pub struct ReplayWebhookDelivery {
    /// Who sends it.
    pub(crate) webhooks: Webhooks,
}

/// Sends the deliveries of a time once more.
pub struct ReplayWebhookDeliveries {
    /// Who sends them.
    pub(crate) webhooks: Webhooks,
}

/// Nothing more needs to be said.
#[derive(Shape)]
pub struct WebhookReplay {}

/// What is sent again.
#[derive(Shape)]
pub struct WebhookReplayed {
    /// The delivery, which waits to be sent.
    #[field(record = "webhookDelivery")]
    pub webhook_delivery: Id,
}

/// Which deliveries.
#[derive(Shape)]
pub struct WebhookRangeReplay {
    /// Of events that happened at this moment or later.
    #[field(example = "\"2026-01-31T08:15:00.000Z\"")]
    pub from: Timestamp,
    /// Of events that happened before this moment.
    #[field(example = "null")]
    pub until: Option<Timestamp>,
    /// Of changes with this number in the change log (`sequence`) or a greater one.
    #[field(min = 1, max = 9_007_199_254_740_991, example = "null")]
    pub from_sequence: Option<i64>,
    /// Of changes with this number in the change log or a smaller one.
    #[field(min = 1, max = 9_007_199_254_740_991, example = "null")]
    pub until_sequence: Option<i64>,
    /// In these states alone; delivered, given up and withheld ones where none is named.
    #[field(most = 4, example = "\"FAILED\"")]
    pub states: Vec<WebhookDeliveryState>,
    /// Whether deliveries are also made of changes for which there are none, such as those that happened while the endpoint was disabled, or before it was made: as far as it wants to hear of
    /// them now. They are not where it is left out.
    #[field(example = "null")]
    pub missed: Option<bool>,
}

/// What is sent again.
#[derive(Shape)]
pub struct WebhookRangeReplayed {
    /// The endpoint.
    #[field(record = "webhookEndpoint")]
    pub webhook_endpoint: Id,
    /// How many deliveries wait to be sent again.
    #[field(min = 0, max = 10_000, example = "12")]
    pub replayed: i64,
    /// How many deliveries were made of changes that had none.
    #[field(min = 0, max = 10_000, example = "3")]
    pub made: i64,
}

#[async_trait]
impl Operation for ReplayWebhookDelivery {
    type Input = WebhookReplay;
    type Output = WebhookReplayed;

    fn definition() -> OperationDef {
        OperationDef::writing::<WebhookReplay, WebhookReplayed>(
            "replayWebhookDelivery",
            DELIVERY,
            "replay",
            "Sends a delivery once more, with the same event id, as if it had never been tried. The payload is made anew.",
        )
        .on_record()
    }

    async fn run(&self, call: &Call<'_>, _given: WebhookReplay) -> Result<WebhookReplayed> {
        let found = call.target()?;
        let context = Context { now: call.now(), ..call.context.clone() };
        let rows = vec![mirror::change(&context, found, delivery::afresh(context.now))];
        commit(call, rows).await?;
        self.webhooks.wake.ring();
        Ok(WebhookReplayed { webhook_delivery: found.id })
    }
}

#[async_trait]
impl Operation for ReplayWebhookDeliveries {
    type Input = WebhookRangeReplay;
    type Output = WebhookRangeReplayed;

    fn definition() -> OperationDef {
        OperationDef::writing::<WebhookRangeReplay, WebhookRangeReplayed>(
            "replayWebhookDeliveries",
            ENDPOINT,
            "replay",
            "Sends the deliveries of an endpoint within a range of time, or of the change log within that, once more, each with the event id that it had, and on request what it has \
             missed for the first time. At most 10,000 deliveries are replayed at once, and at most 100,000 changes looked at.",
        )
        .on_record()
    }

    async fn run(&self, call: &Call<'_>, given: WebhookRangeReplay) -> Result<WebhookRangeReplayed> {
        let endpoint = call.target()?.id;
        let context = Context { now: call.now(), ..call.context.clone() };
        let system = Context::of_system(context.tenant, context.request_id, context.now);
        let def = delivery::definition(call.engine().registry())?;
        let (mut beyond, mut replayed) = (None::<Id>, 0usize);
        loop {
            let mut all = bounds(endpoint, &given);
            all.extend(beyond.map(|id| Filter::field(system::ID, Comparison::Greater(Value::Id(id.0)))));
            let found = call.engine().found_in_order(&system, def, &Filter::And(all)).await?;
            let Some(last) = found.last() else { break };
            beyond = Some(last.id);
            replayed += found.len();
            if replayed > MOST {
                let text = format!("The range holds more than {MOST} deliveries. Take a smaller one.");
                return Err(Error::new(ErrorCode::QueryTooComplex, text));
            }
            commit(call, found.iter().map(|found| mirror::change(&context, found, delivery::afresh(context.now))).collect()).await?;
        }
        let made = if given.missed == Some(true) { missed::make(call, &given).await? } else { 0 };
        self.webhooks.wake.ring();
        let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
        Ok(WebhookRangeReplayed { webhook_endpoint: endpoint, replayed: count(replayed), made: count(made) })
    }
}

fn bounds(endpoint: Id, given: &WebhookRangeReplay) -> Vec<Filter> {
    let is = |field: &'static str, comparison| Filter::field(field, comparison);
    let ended = [WebhookDeliveryState::Delivered, WebhookDeliveryState::Failed, WebhookDeliveryState::Withheld];
    let states = if given.states.is_empty() { &ended[..] } else { &given.states[..] };
    let states = states.iter().map(|state| Value::from(state.as_str())).collect();
    let mut all = vec![dispatcher::of(endpoint), is("state", Comparison::In(states))];
    all.push(is("occurredAt", Comparison::GreaterOrEqual(Value::Instant(given.from))));
    all.extend(given.until.map(|at| is("occurredAt", Comparison::Less(Value::Instant(at)))));
    all.extend(given.from_sequence.map(|number| is("sequence", Comparison::GreaterOrEqual(Value::Integer(number)))));
    all.extend(given.until_sequence.map(|number| is("sequence", Comparison::LessOrEqual(Value::Integer(number)))));
    all
}

/// Writes rows; an operation that meets somebody else's write starts anew.
pub(super) async fn commit(call: &Call<'_>, rows: Vec<clientela_store::RowChange>) -> Result<()> {
    let tenant = call.context.tenant;
    match call.engine().scope(call.context).commit(WriteSet { tenant, rows, idempotency: None, audit: None }).await? {
        Commit::Done => Ok(()),
        _ => Err(Error::new(ErrorCode::VersionConflict, "A delivery was tried at the same moment. Ask again.")),
    }
}
