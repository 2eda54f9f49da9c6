//! The webhook delivery: what is sent of one event to one endpoint.

use super::event;
use crate::mirror;
use clientela_kernel::{Context, Error, Id, Result, TenantId, Timestamp, Value};
use clientela_macros::{Choice, resource};
use clientela_model::{Choice as _, Registry, ResourceDef};
use clientela_store::{Change, RowChange};
use std::sync::Arc;

/// The name of the resource.
pub(crate) const DELIVERY: &str = "webhookDelivery";

/// How far a delivery has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Choice)]
pub enum WebhookDeliveryState {
    /// It is to be sent, for the first time or again.
    Pending,
    /// The endpoint has taken it: it answered with a status from 200 to 299.
    Delivered,
    /// It was given up after the last attempt. It can be replayed.
    Failed,
    /// It was not sent, since whoever made the endpoint may not read the record.
    Withheld,
}

/// What is sent of one event to one endpoint, and what came of it. Deliveries are made by the server, and tell no history of their own. The body is made when it is sent and is kept nowhere.
#[resource(name = "webhookDelivery", plural = "webhookDeliveries", prefix = "whd", label = "event", mirror, unattachable)]
pub struct Model {
    /// The endpoint.
    #[field(refers = "webhookEndpoint", write = "read_only", on_delete = "cascade", example = "\"whe_01h455vb4pex5vsknk084sn02q\"")]
    pub endpoint_id: Id,
    /// What has happened, such as `account.updated`.
    #[field(write = "read_only", max = 120, example = "\"account.updated\"")]
    pub event: String,
    /// The id of the event, which is the same for every endpoint and every attempt: the header `webhook-id`. Receivers know by it what they have had before.
    #[field(write = "read_only", max = 60, example = "\"evt_01h455vb4pex5vsknk084sn02q\"")]
    pub event_id: String,
    /// The type of record that it is about.
    #[field(write = "read_only", max = 60, example = "\"account\"")]
    pub resource: String,
    /// The id of the record that it is about, which may be gone; empty for a test.
    #[field(write = "read_only", max = 100, example = "\"acc_01h455vb4pex5vsknk084sn02q\"")]
    pub record: Option<String>,
    /// The version that the change made. The deliveries of a record go out in this order: each waits for the one before.
    #[field(write = "read_only", min = 1, max = 9_007_199_254_740_991, example = "3")]
    pub record_version: Option<i64>,
    /// The number of the change in the change log; empty for a test.
    #[field(write = "read_only", min = 1, max = 9_007_199_254_740_991, example = "4711")]
    pub sequence: Option<i64>,
    /// When it happened.
    #[field(write = "read_only", example = "\"2026-01-31T08:15:00.000Z\"")]
    pub occurred_at: Timestamp,
    /// Whether it is a test: a sample that somebody has asked for.
    #[field(write = "read_only")]
    pub test: bool,
    /// How far it has come.
    #[field(write = "read_only")]
    pub state: WebhookDeliveryState,
    /// How often it was tried, since it was made or last replayed.
    #[field(write = "read_only", min = 0, max = 1000, example = "1")]
    pub attempts: i64,
    /// When it is tried next; empty where it is not.
    #[field(write = "read_only", example = "null")]
    pub next_attempt_at: Option<Timestamp>,
    /// When it was last tried.
    #[field(write = "read_only", example = "\"2026-01-31T08:15:01.000Z\"")]
    pub last_attempt_at: Option<Timestamp>,
    /// When it was delivered, given up or withheld.
    #[field(write = "read_only", example = "\"2026-01-31T08:15:01.120Z\"")]
    pub finished_at: Option<Timestamp>,
    /// The status of the last answer; empty where there was none.
    #[field(write = "read_only", min = 100, max = 999, example = "200")]
    pub last_status: Option<i64>,
    /// Why the last attempt failed, or why it is withheld.
    #[field(write = "read_only", max = 1000, no_sort, example = "\"The endpoint answered 503.\"")]
    pub last_problem: Option<String>,
    /// The beginning of the last answer, where the attempt failed. An erasure in the tenant empties it.
    #[field(write = "read_only", max = 2000, no_filter, no_sort, example = "\"upstream unavailable\"")]
    pub last_answer: Option<String>,
}

/// The definition of deliveries.
pub(crate) fn definition(registry: &Registry) -> Result<&Arc<ResourceDef>> {
    registry.resource(DELIVERY).ok_or_else(|| Error::internal("deliveries are not defined"))
}

/// A delivery that is to be made.
pub(crate) struct New<'a> {
    pub(crate) id: Id,
    pub(crate) endpoint: Id,
    pub(crate) event: String,
    pub(crate) event_id: Id,
    pub(crate) resource: &'a str,
    pub(crate) record: Option<String>,
    pub(crate) record_version: Option<i64>,
    pub(crate) sequence: Option<i64>,
    pub(crate) occurred_at: Timestamp,
}

impl<'a> New<'a> {
    /// What is to be sent of a change. `event` is its name.
    pub(crate) fn of(registry: &Registry, tenant: TenantId, endpoint: Id, change: &'a Change, event: String) -> New<'a> {
        let prefix = registry.resource(&change.resource).map(|def| def.prefix.clone()).unwrap_or_default();
        let event_id = event::identity(tenant, change.sequence, change.at);
        New {
            id: event::delivery(endpoint, event_id, change.at),
            endpoint,
            event,
            event_id,
            resource: &change.resource,
            record: Some(change.record.to_text(&prefix)),
            record_version: Some(change.version),
            sequence: Some(change.sequence),
            occurred_at: change.at,
        }
    }

    /// Its row.
    pub(crate) fn row(self, context: &Context, def: &Arc<ResourceDef>) -> RowChange {
        let now = context.now;
        let named = vec![
            ("endpointId", Value::Id(self.endpoint.0)),
            ("event", self.event.into()),
            ("eventId", self.event_id.to_text(event::PREFIX).into()),
            ("resource", self.resource.into()),
            ("test", Value::Boolean(self.record.is_none())),
            ("record", self.record.map_or(Value::Null, Value::Text)),
            ("recordVersion", self.record_version.map_or(Value::Null, Value::Integer)),
            ("sequence", self.sequence.map_or(Value::Null, Value::Integer)),
            ("occurredAt", Value::Instant(self.occurred_at)),
            ("state", WebhookDeliveryState::Pending.as_str().into()),
            ("attempts", Value::Integer(0)),
            ("nextAttemptAt", Value::Instant(now)),
        ];
        mirror::made(context, def, self.id, named)
    }
}

/// What makes a delivery wait to be sent, at once, as if it had never been tried.
pub(crate) fn afresh(now: Timestamp) -> Vec<(&'static str, Value)> {
    vec![
        ("state", WebhookDeliveryState::Pending.as_str().into()),
        ("attempts", Value::Integer(0)),
        ("nextAttemptAt", Value::Instant(now)),
        ("finishedAt", Value::Null),
    ]
}
