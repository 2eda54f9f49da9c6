//! What waits at an endpoint, sent by one server at a time: records side by side, the changes of one record one after the other.

use super::delivery::WebhookDeliveryState;
use super::dispatcher::{in_state, of};
use super::endpoint::{Endpoint, WebhookDisabledReason};
use super::position::Position;
use super::send::Outcome;
use super::{Dispatcher, schedule};
use crate::mirror;
use crate::queue::lease::{self, Lease};
use clientela_engine::Engine;
use clientela_engine::module::Found;
use clientela_kernel::{Comparison, Context, ErrorCode, Filter, Id, Result, TenantId, Timestamp, Value};
use clientela_model::ResourceDef;
use clientela_store::{Dialect, FeedCursor, Scope, WriteSet};
use futures_util::StreamExt as _;
use parking_lot::Mutex;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;

/// Records of one endpoint that are sent side by side.
const ABREAST: usize = 8;
/// After this the lease is renewed. An attempt takes eleven seconds at most, and a lease holds for thirty.
const RENEWAL: Duration = Duration::from_secs(8);
/// After this an endpoint's turn is over; the next look goes on.
const TURN: Duration = Duration::from_secs(60);

/// An endpoint's turn.
struct Turn<'d> {
    dispatcher: &'d Dispatcher,
    engine: Engine,
    scope: Scope,
    endpoint: Endpoint,
    /// The principal's authority.
    context: Context,
    lease: tokio::sync::Mutex<(Lease, Instant)>,
    /// Since when nothing could be delivered, as the endpoint's record says.
    failing: Mutex<Option<Timestamp>>,
    /// Whether nothing more is to be sent: another server has the endpoint, it is disabled, or this server ends.
    over: AtomicBool,
    ended: watch::Receiver<bool>,
    sent: AtomicUsize,
}

impl Dispatcher {
    /// Sends what waits at an endpoint at this moment. Answers how often something was sent.
    pub(super) async fn send_waiting(&self, tenant: TenantId, endpoint: Id, ended: watch::Receiver<bool>) -> Result<usize> {
        let engine = self.engine.for_tenant(tenant).await?;
        if self.due(&engine, tenant, endpoint).await?.is_empty() {
            self.memory.lock().quiet.insert(endpoint, Instant::now());
            return Ok(0);
        }
        let scope = self.store.scope(tenant);
        let Some(lease) = lease::take(&scope, endpoint, &self.holder, self.now()).await? else { return Ok(0) };
        let lease = tokio::sync::Mutex::new((lease, Instant::now()));
        let sent = self.turn(&engine, &scope, endpoint, &lease, ended).await;
        let (lease, _) = lease.into_inner();
        lease.give_back(&scope, &self.holder, self.now()).await?;
        sent
    }

    async fn turn(
        &self,
        engine: &Engine,
        scope: &Scope,
        id: Id,
        lease: &tokio::sync::Mutex<(Lease, Instant)>,
        ended: watch::Receiver<bool>,
    ) -> Result<usize> {
        let (tenant, begun) = (scope.tenant(), Instant::now());
        let mut sent = 0;
        while begun.elapsed() < TURN && !*ended.borrow() {
            // As it is now: somebody may have changed it.
            let Some(endpoint) = self.endpoint(engine, &self.own(tenant), id).await? else { break };
            let due = self.due(engine, tenant, id).await?;
            if due.is_empty() {
                break;
            }
            let context = match self.in_name_of(tenant, &endpoint).await {
                Ok(context) => context,
                Err(error) if error.code() == ErrorCode::Forbidden => {
                    self.disable(engine, tenant, &endpoint, WebhookDisabledReason::PrincipalGone).await?;
                    break;
                }
                Err(error) => return Err(error),
            };
            let (moved, renewed) = *lease.lock().await;
            let turn = Turn {
                dispatcher: self,
                engine: engine.clone(),
                scope: scope.clone(),
                failing: Mutex::new(endpoint.failing_since),
                endpoint,
                context,
                lease: tokio::sync::Mutex::new((moved, renewed)),
                over: AtomicBool::new(false),
                ended: ended.clone(),
                sent: AtomicUsize::new(0),
            };
            let outcome = turn.take(due).await;
            *lease.lock().await = *turn.lease.lock().await;
            let now_sent = turn.sent.load(Ordering::Relaxed);
            sent += now_sent;
            outcome?;
            if turn.is_over() || now_sent == 0 {
                break;
            }
        }
        Ok(sent)
    }

    /// What is to be sent now. A delivery that seems to wait for longer than any does was put off by a clock that was wrong.
    async fn due(&self, engine: &Engine, tenant: TenantId, endpoint: Id) -> Result<Vec<Found>> {
        let now = self.now();
        let past = Filter::field("nextAttemptAt", Comparison::LessOrEqual(Value::Instant(now)));
        let never = Filter::field("nextAttemptAt", Comparison::Greater(Value::Instant(horizon(now))));
        self.deliveries(engine, tenant, vec![of(endpoint), in_state(WebhookDeliveryState::Pending), Filter::Or(vec![past, never])]).await
    }
}

fn horizon(now: Timestamp) -> Timestamp {
    Timestamp(now.0.saturating_add(schedule::HORIZON))
}

fn version(delivery: &Found) -> i64 {
    delivery.get("recordVersion").as_integer().unwrap_or(0)
}

fn record(delivery: &Found) -> Option<&str> {
    delivery.get("record").as_text()
}

impl Turn<'_> {
    fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed) || *self.ended.borrow()
    }

    /// Sends deliveries, those of each record in the order of its versions.
    async fn take(&self, due: Vec<Found>) -> Result<()> {
        let mut records: BTreeMap<String, Vec<Found>> = BTreeMap::new();
        for delivery in due {
            let key = record(&delivery).map_or_else(|| delivery.id.0.to_string(), str::to_owned);
            records.entry(key).or_default().push(delivery);
        }
        for deliveries in records.values_mut() {
            deliveries.sort_by_key(version);
        }
        let waiting = self.waiting(&records).await?;
        let position = self.position().await?;
        let first = Mutex::new(None);
        let sending = futures_util::stream::iter(records).for_each_concurrent(ABREAST, |(key, deliveries)| {
            let (waiting, first, position) = (waiting.get(&key), &first, position);
            async move {
                if let Err(error) = self.one_after_the_other(deliveries, waiting, position).await {
                    first.lock().get_or_insert(error);
                }
            }
        });
        sending.await;
        first.into_inner().map_or(Ok(()), Err)
    }

    /// The earliest deliveries of these records that wait for another attempt: version and moment.
    async fn waiting(&self, records: &BTreeMap<String, Vec<Found>>) -> Result<HashMap<String, (i64, Timestamp)>> {
        let (dispatcher, now) = (self.dispatcher, self.dispatcher.now());
        let these = records.keys().map(|record| Value::Text(record.clone())).collect();
        let all = vec![
            of(self.endpoint.id),
            in_state(WebhookDeliveryState::Pending),
            Filter::field("record", Comparison::In(these)),
            Filter::field("nextAttemptAt", Comparison::Greater(Value::Instant(now))),
            Filter::field("nextAttemptAt", Comparison::LessOrEqual(Value::Instant(horizon(now)))),
        ];
        let mut waiting: HashMap<String, (i64, Timestamp)> = HashMap::new();
        for delivery in dispatcher.deliveries(&self.engine, self.scope.tenant(), all).await? {
            let (Some(record), Some(at)) = (record(&delivery), delivery.get("nextAttemptAt").as_instant()) else { continue };
            let place = waiting.entry(record.to_owned()).or_insert((i64::MAX, at));
            if version(&delivery) < place.0 {
                *place = (version(&delivery), at);
            }
        }
        Ok(waiting)
    }

    /// How far the log has been read, where a version of a record may stand in it before the version it was made from.
    async fn position(&self) -> Result<Option<FeedCursor>> {
        match self.scope.dialect() {
            Dialect::Sqlite => Ok(None),
            Dialect::Postgres => Ok(Position::read(&self.scope).await?.place),
        }
    }

    async fn one_after_the_other(
        &self,
        deliveries: Vec<Found>,
        waiting: Option<&(i64, Timestamp)>,
        position: Option<FeedCursor>,
    ) -> Result<()> {
        let mut before: Option<i64> = None;
        let mut rest = deliveries.into_iter();
        while let Some(delivery) = rest.next() {
            if let Some((_, at)) = waiting.filter(|(earlier, _)| *earlier < version(&delivery)) {
                return self.put_off([delivery].into_iter().chain(rest), *at).await;
            }
            let follows = before.is_some_and(|before| before + 1 == version(&delivery));
            if !follows && !self.is_next(&delivery, position).await? {
                return Ok(());
            }
            before = Some(version(&delivery));
            if self.is_over() || !self.hold().await? {
                return Ok(());
            }
            let outcome = self.dispatcher.attempt(&self.engine, &self.context, &self.endpoint, &delivery).await?;
            if !matches!(outcome, Outcome::Withheld(_)) {
                self.sent.fetch_add(1, Ordering::Relaxed);
            }
            let noted = self.dispatcher.note(&self.engine, &self.scope, &self.endpoint, &delivery, &outcome, &self.failing).await?;
            if noted.disabled {
                self.over.store(true, Ordering::Relaxed);
            }
            if let Some(at) = noted.again {
                return self.put_off(rest, at).await;
            }
        }
        Ok(())
    }

    /// Whether everything that is to be sent of the version before is known: in the log a version may stand before the one that it was made from, and then is read
    /// before it.
    async fn is_next(&self, delivery: &Found, position: Option<FeedCursor>) -> Result<bool> {
        let (Some(position), Some(record)) = (position, record(delivery)) else { return Ok(true) };
        let resource = delivery.get("resource").as_text().unwrap_or_default();
        let parsed = |def: &Arc<ResourceDef>| Id::parse(record, &def.prefix).ok();
        let Some(id) = self.engine.registry().resource(resource).and_then(parsed) else { return Ok(true) };
        let before = self.scope.place(resource, id, version(delivery) - 1, None).await?;
        Ok(before.is_none_or(|before| before <= position))
    }

    /// Has what comes later of a record wait as long as what comes before it.
    async fn put_off(&self, deliveries: impl Iterator<Item = Found>, at: Timestamp) -> Result<()> {
        let (tenant, context) = (self.scope.tenant(), self.dispatcher.own(self.scope.tenant()));
        let change = |delivery: Found| mirror::change(&context, &delivery, vec![("nextAttemptAt", Value::Instant(at))]);
        let rows: Vec<_> = deliveries.map(change).collect();
        if !rows.is_empty() {
            self.scope.commit(WriteSet { tenant, rows, idempotency: None, audit: None }).await?;
        }
        Ok(())
    }

    /// Whether the endpoint is still this server's, for long enough to send something.
    async fn hold(&self) -> Result<bool> {
        let mut held = self.lease.lock().await;
        if held.1.elapsed() < RENEWAL {
            return Ok(true);
        }
        let renewed = held.0.renew(&self.scope, &self.dispatcher.holder, self.dispatcher.now()).await?;
        held.1 = Instant::now();
        if !renewed {
            self.over.store(true, Ordering::Relaxed);
        }
        Ok(renewed)
    }
}
