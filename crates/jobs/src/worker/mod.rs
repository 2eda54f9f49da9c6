//! Carrying jobs out: one worker in each server takes what is due, a few jobs at once, and holds a lease on each for as long as it lives. What a worker that died has left
//! is taken up by the next one when the lease has run out.

mod attempt;
mod export;
mod import;
mod retention;
mod running;
mod spool;
mod upkeep;

pub use running::Running;

use crate::content::set;
use crate::inbox;
use crate::on_behalf::in_name_of;
use crate::queue::{About, Due, JobKind};
use crate::state::Wake;
use attempt::Outcome;
use clientela_access::Authenticator;
use clientela_engine::module::Found;
use clientela_engine::{Engine, ids};
use clientela_kernel::{Comparison, Context, Error, ErrorCode, Filter, Id, Result, Scopes, TenantId, Timestamp, Value};
use clientela_model::{ResourceDef, system};
use clientela_store::{Store, in_background};
use parking_lot::Mutex;
use retention::Thinned;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;

/// How often a worker looks for work that nobody has told it of.
const LOOK: Duration = Duration::from_secs(5);
/// How often it looks for files whose time is over, in looks for work.
const UPKEEP: u32 = 120;
/// A day, in milliseconds.
const DAY: i64 = 86_400_000;
/// How many days events and deliveries are kept where nobody says otherwise.
const KEPT_DAYS: i64 = 90;
/// Jobs that it carries out at once.
const PLACES: usize = 4;
/// How many of them may be of one tenant, so that long ones of one do not hold up another's.
const OF_ONE: usize = 2;

/// Carries jobs out. Cheap to clone.
#[derive(Clone)]
pub struct Worker {
    pub(crate) engine: Engine,
    pub(crate) store: Store,
    authenticator: Authenticator,
    /// A folder for files that are being worked on.
    folder: Arc<Path>,
    wake: Wake,
    /// What this worker is called in leases.
    pub(crate) holder: Arc<str>,
    /// What it knows to do, by name.
    pub(crate) kinds: Arc<HashMap<&'static str, Arc<dyn JobKind>>>,
    /// How long events and deliveries are kept, in milliseconds.
    pub(super) kept: i64,
    /// How far old deliveries were looked at.
    thinned: Arc<Mutex<HashMap<TenantId, Thinned>>>,
}

/// The jobs that a worker is carrying out.
#[derive(Default)]
struct Places {
    tasks: JoinSet<(TenantId, Outcome)>,
    busy: HashMap<TenantId, usize>,
    /// Whose turn it was.
    last: Option<TenantId>,
}

impl Places {
    fn are_free(&self) -> bool {
        self.tasks.len() < PLACES
    }

    /// Carries a job out, beside the others.
    fn begin(&mut self, worker: &Worker, due: Due, ended: &watch::Receiver<bool>) {
        let (worker, ended, tenant) = (worker.clone(), ended.clone(), due.tenant);
        self.last = Some(tenant);
        *self.busy.entry(tenant).or_default() += 1;
        // The set owns its tasks: they end with the worker.
        self.tasks.spawn(in_background(async move { (tenant, worker.carry_out(due, ended).await) }));
    }

    /// Waits for the end of one; none where none is carried out.
    async fn end(&mut self) -> Option<Outcome> {
        let (tenant, outcome) = match self.tasks.join_next().await? {
            Ok(ended) => ended,
            Err(error) => {
                tracing::error!(%error, "a worker lost a job; it is taken up again when its lease has run out");
                self.busy.clear();
                return Some(Outcome::Trouble);
            }
        };
        if let Some(count) = self.busy.get_mut(&tenant) {
            *count = count.saturating_sub(1);
        }
        self.busy.retain(|_, count| *count > 0);
        Some(outcome)
    }
}

impl Worker {
    /// A worker that knows imports, exports and the events of inboxes; `folder` is where files are while they are worked on.
    pub fn new(engine: Engine, store: Store, authenticator: Authenticator, folder: PathBuf, wake: Wake) -> Worker {
        let holder = ids::mint(engine.clock().now()).0.to_string().into();
        let (kinds, thinned) = (Arc::default(), Arc::default());
        let worker = Worker { engine, store, authenticator, folder: folder.into(), wake, holder, kinds, kept: KEPT_DAYS * DAY, thinned };
        worker.with_kind(import::Import).with_kind(export::Export).with_kind(inbox::carry::Inbox)
    }

    /// The worker, knowing one more kind of job.
    #[must_use]
    pub fn with_kind(mut self, kind: impl JobKind) -> Worker {
        let mut kinds = HashMap::clone(&self.kinds);
        kinds.insert(kind.name(), Arc::new(kind));
        self.kinds = Arc::new(kinds);
        self
    }

    /// The worker, keeping events that came in, and deliveries of webhooks, for so many days.
    #[must_use]
    pub fn keeping_events_for(self, days: u32) -> Worker {
        Worker { kept: i64::from(days).saturating_mul(DAY), ..self }
    }

    /// Works until `ended` turns true. A job that runs then is left where it stands, for the next worker.
    pub async fn run(self, mut ended: watch::Receiver<bool>) {
        let (mut places, mut looks) = (Places::default(), 0u32);
        let mut next_look = Instant::now();
        let mut troubled = false;
        loop {
            if Instant::now() >= next_look {
                next_look = Instant::now() + LOOK;
                troubled = false;
                if looks.is_multiple_of(UPKEEP)
                    && let Err(error) = self.upkeep().await
                {
                    tracing::warn!(%error, "what is kept for a time could not be removed; it is tried again");
                }
                looks = looks.wrapping_add(1);
                if !*ended.borrow()
                    && let Err(error) = self.run_schedules().await
                {
                    tracing::warn!(%error, "schedules could not be looked at; it is tried again");
                }
            }
            // What stands in the way takes its time to pass.
            if !troubled && let Err(error) = self.fill(&mut places, &ended).await {
                tracing::warn!(%error, "jobs could not be looked for; it is tried again");
                troubled = true;
            }
            if *ended.borrow() && places.tasks.is_empty() {
                return;
            }
            tokio::select! {
                Some(outcome) = places.end() => troubled |= outcome == Outcome::Trouble,
                () = self.wake.heard() => {}
                () = tokio::time::sleep_until(next_look) => {}
                _ = ended.changed(), if !*ended.borrow() => {}
            }
        }
    }

    /// Carries out what is due at this moment. Answers how many jobs it has taken.
    pub async fn work_off(&self, ended: &watch::Receiver<bool>) -> Result<usize> {
        let (mut places, mut taken) = (Places::default(), 0);
        loop {
            self.fill(&mut places, ended).await?;
            match places.end().await {
                None => return Ok(taken),
                Some(Outcome::Carried) => taken += 1,
                Some(Outcome::Nothing) => {}
                Some(Outcome::Trouble) => return Err(Error::unavailable("a job could not be carried to its end")),
            }
        }
    }

    /// Takes jobs that are due while there is a place for them.
    async fn fill(&self, places: &mut Places, ended: &watch::Receiver<bool>) -> Result<()> {
        while places.are_free() && !*ended.borrow() {
            match self.next(&places.busy, OF_ONE, places.last).await? {
                Some(due) => places.begin(self, due, ended),
                None => break,
            }
        }
        Ok(())
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.engine.clock().now()
    }

    /// The authority of whoever wants a job done, as it is now, and no more than the scopes, as text, of the credential that wanted it.
    pub(crate) async fn in_name_of(&self, tenant: TenantId, principal: &str, scopes: Option<&str>) -> Result<Context> {
        let scopes = scopes.map(Scopes::parse_known);
        in_name_of(&self.authenticator, tenant, principal, scopes.as_ref(), self.now()).await
    }

    /// The worker's own authority, for what it notes about a job.
    pub(crate) fn own(&self, tenant: TenantId) -> Context {
        let now = self.now();
        Context::of_system(tenant, ids::mint(now).0, now)
    }

    fn def(&self, resource: &str) -> Result<&Arc<ResourceDef>> {
        self.engine.registry().known(resource)
    }

    /// A record as it is now; none where it is deleted.
    async fn record(&self, of: About) -> Result<Option<Found>> {
        let filter = Filter::field(system::ID, Comparison::Equal(Value::Id(of.id.0)));
        Ok(self.engine.found(&self.own(of.tenant), self.def(of.resource)?, &filter).await?.pop())
    }

    /// Notes something in a record.
    async fn note(&self, of: About, values: Vec<(&'static str, Value)>, version: Option<i64>) -> Result<()> {
        set(&self.engine, &self.own(of.tenant), self.def(of.resource)?, of.id, values, version).await.map(drop)
    }

    /// The record of a job.
    fn job(tenant: TenantId, id: Id) -> About {
        About { resource: "job", tenant, id }
    }
}

/// Whether the record has changed or gone under a note.
fn moved(error: &Error) -> bool {
    matches!(error.code(), ErrorCode::VersionConflict | ErrorCode::NotFound | ErrorCode::RecordDeleted)
}

/// Whether an error passes, so that the job is gone on with later.
fn passes(error: &Error) -> bool {
    matches!(error.code(), ErrorCode::DatabaseUnavailable | ErrorCode::Overloaded)
}
