//! The inbox event: what another system has sent, and what came of it.

use super::content;
use crate::mirror;
use async_trait::async_trait;
use clientela_engine::Engine;
use clientela_engine::Rules;
use clientela_engine::module::Found;
use clientela_engine::person::Traces;
use clientela_kernel::{Comparison, Context, Error, Filter, Id, Result, Timestamp, Value};
use clientela_macros::{Choice, resource};
use clientela_model::{Choice as _, Registry, ResourceDef};
use clientela_store::{Commit, WriteSet};
use std::sync::Arc;

/// The name of the resource.
pub(crate) const EVENT: &str = "inboxEvent";
/// Events that an erasure looks at together.
const PAGE: u32 = 50;
/// Records of an event that are kept.
pub(crate) const RECORDS: usize = 1_000;

/// How far an event has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Choice)]
pub enum InboxEventStatus {
    /// It is kept and waits to be carried out.
    Received,
    /// The mapping was carried out, and everything it wrote is there.
    Processed,
    /// There was nothing to do: no mapping, no rule for it, or a later event about the same was carried out before.
    Ignored,
    /// It was refused, and nothing of it was written. It is not tried again by itself: mend the mapping or what is missing, and replay it.
    Failed,
}

/// How the body is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Choice)]
pub enum InboxBodyEncoding {
    /// As it is: it is text in UTF-8.
    Text,
    /// In base64: it is not.
    Base64,
}

/// What another system has sent to an inbox source, byte for byte, and what came of it. Events are kept by the server, and tell no history of their own. They go when their time is over (90 days, unless
/// the operator says otherwise); an erased person takes along the contents of those that tell of them.
#[resource(
    name = "inboxEvent",
    prefix = "ine",
    label = "eventId",
    mirror,
    unattachable,
    unique("inbox_event_source_event_key", "sourceId", "eventId")
)]
pub struct Model {
    /// The source.
    #[field(refers = "inboxSource", write = "read_only", on_delete = "cascade", example = "\"ins_01h455vb4pex5vsknk084sn02q\"")]
    pub source_id: Id,
    /// The event's own id, by which a repetition is known: as the sender says, or `sha256:` and the digest of the body.
    #[field(write = "read_only", max = 200, example = "\"msg_2Lzk7\"")]
    pub event_id: String,
    /// When it came in.
    #[field(write = "read_only", example = "\"2026-01-31T08:15:00.000Z\"")]
    pub received_at: Timestamp,
    /// How far it has come.
    #[field(write = "read_only")]
    pub status: InboxEventStatus,
    /// What it is about, where the source has a `keyPointer`.
    #[field(write = "read_only", max = 200, example = "\"4711\"")]
    pub key: Option<String>,
    /// How often it was tried, since it came in or was last replayed.
    #[field(write = "read_only", min = 0, max = 1000, example = "1")]
    pub attempts: i64,
    /// When it was carried out, passed over or refused.
    #[field(write = "read_only", example = "\"2026-01-31T08:15:01.000Z\"")]
    pub finished_at: Option<Timestamp>,
    /// Why it was refused or passed over: a stable code.
    #[field(write = "read_only", max = 60, example = "\"REFERENCE_NOT_FOUND\"")]
    pub failure_code: Option<String>,
    /// Why it was refused or passed over, in words.
    #[field(
        write = "read_only",
        max = 4000,
        no_sort,
        example = "\"ownerId names the user whose email is \\\"x@y.example\\\", and there is none.\""
    )]
    pub failure: Option<String>,
    /// The place in the body that was refused first, as a JSON Pointer.
    #[field(write = "read_only", max = 1000, no_sort, example = "\"/order/lines/2/sku\"")]
    pub failure_pointer: Option<String>,
    /// The step of the mapping that refused it first, as a JSON Pointer into the mapping.
    #[field(write = "read_only", max = 200, no_sort, example = "\"/rules/0/do/1\"")]
    pub failure_step: Option<String>,
    /// The ids of the records that it made, changed or was about; the first 1,000.
    #[field(write = "read_only", max = 100, max_items = 1000, example = "[\"acc_01h455vb4pex5vsknk084sn02q\"]")]
    pub records: TextSet,
    /// Size of the body, in bytes.
    #[field(write = "read_only", min = 0, max = 1_000_000, example = "312")]
    pub body_bytes: i64,
    /// How the body is shown.
    #[field(write = "read_only")]
    pub body_encoding: InboxBodyEncoding,
    /// The body as it came; empty where it was erased with a person.
    #[field(
        write = "read_only",
        max = 400_000,
        no_filter,
        no_sort,
        example = "\"{\\\"type\\\":\\\"customer.saved\\\",\\\"customer\\\":{\\\"number\\\":4711,\\\"name\\\":\\\"Alpine Foods\\\"}}\""
    )]
    pub body: Option<String>,
    /// Its headers as a JSON object, but for those that hold secrets, signatures and cookies.
    #[field(write = "read_only", max = 20_000, no_filter, no_sort, example = "\"{\\\"content-type\\\":\\\"application/json\\\"}\"")]
    pub headers: Option<String>,
}

/// The definition of events.
pub(crate) fn definition(registry: &Registry) -> Result<&Arc<ResourceDef>> {
    registry.resource(EVENT).ok_or_else(|| Error::internal("inbox events are not defined"))
}

/// Of a source.
pub(crate) fn of(source: Id) -> Filter {
    Filter::field("sourceId", Comparison::Equal(Value::Id(source.0)))
}

/// In a status.
pub(crate) fn in_status(status: InboxEventStatus) -> Filter {
    Filter::field("status", Comparison::Equal(status.as_str().into()))
}

/// What makes an event wait to be carried out, as if it had never been tried.
pub(crate) fn afresh() -> Vec<(&'static str, Value)> {
    let mut values = unexplained();
    values.extend([("status", InboxEventStatus::Received.as_str().into()), ("attempts", Value::Integer(0)), ("finishedAt", Value::Null)]);
    values
}

/// Nothing that was wrong.
pub(crate) fn unexplained() -> Vec<(&'static str, Value)> {
    ["failureCode", "failure", "failurePointer", "failureStep"].map(|field| (field, Value::Null)).to_vec()
}

/// The rules of inbox events.
pub struct InboxEventRules;

#[async_trait]
impl Rules for InboxEventRules {
    /// The contents go of every event that tells of the person, by a name, an address, or a record that it was about. What still waited is not carried out any more.
    async fn forget_person(&self, engine: &Engine, context: &Context, traces: &Traces) -> Result<Vec<String>> {
        let own = Context::of_system(context.tenant, context.request_id, context.now);
        let (mut beyond, mut any) = (None, false);
        loop {
            let kept = Filter::field("body", Comparison::IsNull).negate();
            let found = mirror::page(engine, &own, EVENT, vec![kept], beyond, PAGE).await?;
            let Some(last) = found.last() else { break };
            beyond = Some(last.id);
            let rows: Vec<_> = found
                .iter()
                .filter(|event| tells(event, traces))
                .map(|event| mirror::change(&own, event, wiped(event, context.now)))
                .collect();
            if rows.is_empty() {
                continue;
            }
            any = true;
            match engine.scope(&own).commit(WriteSet { tenant: own.tenant, rows, idempotency: None, audit: None }).await? {
                Commit::Done => {}
                failed => return Err(Error::collision(format!("an erasure met an event that was being carried out: {failed:?}"))),
            }
        }
        Ok(if any { vec![definition(engine.registry())?.table.to_string()] } else { Vec::new() })
    }
}

fn tells(event: &Found, traces: &Traces) -> bool {
    let records = matches!(event.get("records"), Value::TextSet(records) if records.iter().any(|record| traces.are_in(record)));
    let texts = ["headers", "failure", "eventId", "key"];
    records || texts.iter().any(|field| event.get(field).as_text().is_some_and(|text| traces.are_in(text))) || {
        let body = content::bytes(event).unwrap_or_default();
        traces.are_in(&String::from_utf8_lossy(&body)) || content::texts(&body).iter().any(|text| traces.are_in(text))
    }
}

fn wiped(event: &Found, now: Timestamp) -> Vec<(&'static str, Value)> {
    let mut values = unexplained();
    values.extend([("body", Value::Null), ("headers", Value::Null), ("records", Value::TextSet(Vec::new())), ("key", Value::Null)]);
    if event.get("status").as_text() == Some(InboxEventStatus::Received.as_str()) {
        values.extend([("status", InboxEventStatus::Ignored.as_str().into()), ("finishedAt", Value::Instant(now))]);
    }
    values
}
