//! The dispatcher: makes deliveries of what the change log tells and sends them. Every server has one; what each does is divided by guards and leases in the
//! database.

use super::endpoint::{self, Endpoint};
use super::position::Position;
use super::{Webhooks, delivery};
use crate::on_behalf::in_name_of;
use clientela_access::Authenticator;
use clientela_engine::module::Found;
use clientela_engine::{Engine, ids};
use clientela_kernel::{Comparison, Context, Filter, Id, Result, TenantId, Timestamp, Value};
use clientela_model::{Choice as _, system};
use clientela_outgoing::Outgoing;
use clientela_store::{Bell, FeedCursor, Store, SystemTask};
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use parking_lot::Mutex;
use sea_orm::{ColumnTrait as _, Condition};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;

/// How often the log is looked at.
const LOOK: Duration = Duration::from_secs(1);
/// How often an endpoint is looked at for which nothing was waiting: others may have put something there.
const QUIET: Duration = Duration::from_secs(5);

/// Makes deliveries and sends them.
pub struct Dispatcher {
    pub(super) engine: Engine,
    pub(super) store: Store,
    pub(super) authenticator: Authenticator,
    pub(super) door: Outgoing,
    pub(super) webhooks: Webhooks,
    /// What this dispatcher is called in leases.
    pub(super) holder: String,
    pub(super) memory: Mutex<Memory>,
}

/// What need not be read again each time.
#[derive(Default)]
pub(super) struct Memory {
    /// How far each tenant's log is read. It is never more than what the database says, and checked when it is moved.
    pub(super) positions: HashMap<TenantId, Position>,
    /// Where each endpoint began to listen, by its version then.
    pub(super) begins: HashMap<(Id, i64), FeedCursor>,
    /// Endpoints for which nothing was waiting, and when.
    pub(super) quiet: HashMap<Id, Instant>,
}

impl Dispatcher {
    /// A dispatcher that sends through this door.
    pub fn new(engine: Engine, store: Store, authenticator: Authenticator, door: Outgoing, webhooks: Webhooks) -> Dispatcher {
        let holder = ids::mint(engine.clock().now()).0.to_string();
        Dispatcher { engine, store, authenticator, door, webhooks, holder, memory: Mutex::default() }
    }

    /// Works until `ended` turns true. What is being sent then is sent to its end.
    pub async fn run(self, mut ended: watch::Receiver<bool>) {
        let (this, mut busy, mut sending) = (&self, FuturesUnordered::new(), HashSet::new());
        let mut changes = self.store.changes_bell();
        while !*ended.borrow() {
            let active = while_sending(self.look(&ended), &mut busy, &mut sending).await;
            for (tenant, endpoint) in active {
                if !self.is_quiet(endpoint) && sending.insert(endpoint) {
                    let ended = ended.clone();
                    busy.push(async move { (endpoint, this.send_waiting(tenant, endpoint, ended).await) });
                }
            }
            let rest = async {
                tokio::select! {
                    () = self.pause(&mut changes) => {}
                    _ = ended.changed() => {}
                }
            };
            while_sending(rest, &mut busy, &mut sending).await;
        }
        while let Some((_, outcome)) = busy.next().await {
            told(outcome.map(drop));
        }
    }

    /// Makes deliveries of all that the logs tell. Answers the active endpoints.
    async fn look(&self, ended: &watch::Receiver<bool>) -> Vec<(TenantId, Id)> {
        let active = match self.active().await {
            Ok(active) => active,
            Err(error) => {
                tracing::warn!(%error, "webhook endpoints could not be looked for; it is tried again");
                return Vec::new();
            }
        };
        for tenant in active.keys() {
            self.make_all(*tenant, ended).await;
        }
        active.into_iter().flat_map(|(tenant, endpoints)| endpoints.into_iter().map(move |endpoint| (tenant, endpoint))).collect()
    }

    /// Waits until there may be something to do.
    async fn pause(&self, changes: &mut Bell) {
        tokio::select! {
            () = self.webhooks.wake.heard() => self.memory.lock().quiet.clear(),
            // The log has grown, here or on another node.
            true = changes.heard() => {}
            () = tokio::time::sleep(LOOK) => {}
        }
    }

    /// Makes and sends what there is at this moment, all of it. Answers how often something was sent.
    ///
    /// # Errors
    /// Where the database is away.
    pub async fn work_off(&self) -> Result<usize> {
        let (_running, ended) = watch::channel(false);
        let mut sent = 0;
        for (tenant, endpoints) in self.active().await? {
            while self.make(tenant).await? {}
            let sending = endpoints.into_iter().map(|endpoint| self.send_waiting(tenant, endpoint, ended.clone()));
            for outcome in futures_util::future::join_all(sending).await {
                sent += outcome?;
            }
        }
        Ok(sent)
    }

    /// Makes deliveries of all that the log of a tenant tells.
    async fn make_all(&self, tenant: TenantId, ended: &watch::Receiver<bool>) {
        loop {
            match self.make(tenant).await {
                Ok(true) if !*ended.borrow() => {}
                Ok(_) => return,
                Err(error) => {
                    tracing::warn!(%error, %tenant, "no webhook deliveries could be made; it is tried again");
                    return;
                }
            }
        }
    }

    /// The active endpoints, by tenant.
    async fn active(&self) -> Result<BTreeMap<TenantId, Vec<Id>>> {
        let state = endpoint::Column::State.eq(endpoint::WebhookEndpointState::Active);
        let condition = Condition::all().add(state).add(endpoint::Column::DeletedAt.is_null());
        let mut active: BTreeMap<TenantId, Vec<Id>> = BTreeMap::new();
        for found in self.store.system(SystemTask::Jobs).find::<endpoint::Entity>(condition).await? {
            active.entry(found.tenant_id).or_default().push(found.id);
        }
        Ok(active)
    }

    fn is_quiet(&self, endpoint: Id) -> bool {
        self.memory.lock().quiet.get(&endpoint).is_some_and(|since| since.elapsed() < QUIET)
    }

    pub(super) fn now(&self) -> Timestamp {
        self.engine.clock().now()
    }

    /// The server's own authority, for what it notes.
    pub(super) fn own(&self, tenant: TenantId) -> Context {
        let now = self.now();
        Context::of_system(tenant, ids::mint(now).0, now)
    }

    /// The authority of whoever made an endpoint, as it is now, and no more than the credential allowed that made it. `FORBIDDEN` where it has none any more.
    pub(super) async fn in_name_of(&self, tenant: TenantId, endpoint: &Endpoint) -> Result<Context> {
        in_name_of(&self.authenticator, tenant, &endpoint.principal, Some(&endpoint.scopes), self.now()).await
    }

    /// The endpoints of a tenant that satisfy a filter.
    pub(super) async fn endpoints(&self, engine: &Engine, context: &Context, filter: Filter) -> Result<Vec<Endpoint>> {
        let Some(def) = engine.registry().resource(endpoint::ENDPOINT) else { return Ok(Vec::new()) };
        Ok(engine.found(context, def, &filter).await?.iter().map(Endpoint::of).collect())
    }

    /// An endpoint as it is now; none where it is deleted or disabled.
    pub(super) async fn endpoint(&self, engine: &Engine, context: &Context, id: Id) -> Result<Option<Endpoint>> {
        let this = Filter::field(system::ID, Comparison::Equal(Value::Id(id.0)));
        Ok(self.endpoints(engine, context, this).await?.pop().filter(|endpoint| endpoint.active))
    }

    /// The first thousand deliveries that satisfy all of this, in the order in which they were made.
    pub(super) async fn deliveries(&self, engine: &Engine, tenant: TenantId, all: Vec<Filter>) -> Result<Vec<Found>> {
        let def = delivery::definition(engine.registry())?;
        engine.found_in_order(&self.own(tenant), def, &Filter::And(all)).await
    }

    /// Whether something about a record was delivered to an endpoint.
    pub(super) async fn has_heard(&self, engine: &Engine, context: &Context, endpoint: &Endpoint, record: &str) -> Result<bool> {
        let all = vec![
            of(endpoint.id),
            Filter::field("record", Comparison::Equal(record.into())),
            in_state(delivery::WebhookDeliveryState::Delivered),
        ];
        Ok(!self.deliveries(engine, context.tenant, all).await?.is_empty())
    }
}

/// Of an endpoint.
pub(super) fn of(endpoint: Id) -> Filter {
    Filter::field("endpointId", Comparison::Equal(Value::Id(endpoint.0)))
}

/// In a state.
pub(super) fn in_state(state: delivery::WebhookDeliveryState) -> Filter {
    Filter::field("state", Comparison::Equal(state.as_str().into()))
}

/// Waits for something while what is being sent goes on: left alone, that would keep the connections which others wait for.
async fn while_sending<T>(
    work: impl Future<Output = T>,
    busy: &mut FuturesUnordered<impl Future<Output = (Id, Result<usize>)>>,
    sending: &mut HashSet<Id>,
) -> T {
    tokio::pin!(work);
    loop {
        tokio::select! {
            outcome = &mut work => return outcome,
            Some((endpoint, outcome)) = busy.next(), if !busy.is_empty() => {
                sending.remove(&endpoint);
                told(outcome.map(drop));
            }
        }
    }
}

fn told(outcome: Result<()>) {
    if let Err(error) = outcome {
        tracing::warn!(%error, "webhook deliveries could not be sent; it is tried again");
    }
}
