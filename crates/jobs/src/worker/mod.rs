//! Carrying jobs out: one worker in each server takes what waits, in the order in which it was asked for, and holds a lease on it for as
//! long as it lives. What a worker that died has left is taken up by the next one when the lease has run out.

mod export;
mod import;
mod running;
mod spool;
mod upkeep;

use crate::content::set;
use crate::lease::{self, Lease};
use crate::state::{JobState, Wake};
use crate::{export_job, import_job};
use clientela_access::Authenticator;
use clientela_engine::module::Found;
use clientela_engine::{Engine, ids};
use clientela_kernel::{Comparison, Context, Error, ErrorCode, Filter, Id, Result, Scopes, TenantId, Timestamp, Value};
use clientela_model::{Choice as _, system};
use clientela_store::{Scope, Store, SystemTask};
use running::Running;
use sea_orm::{ColumnTrait as _, Condition};
use std::path::PathBuf;
use std::time::Duration;
use tokio::sync::watch;

/// How often a worker looks for work that nobody has told it of.
const LOOK: Duration = Duration::from_secs(5);
/// How many waiting jobs it looks at.
const CANDIDATES: u64 = 100;
/// How often it looks for files whose time is over, in looks for work.
const UPKEEP: u32 = 120;

/// Carries jobs out.
pub struct Worker {
    engine: Engine,
    store: Store,
    authenticator: Authenticator,
    /// A folder for files that are being worked on.
    folder: PathBuf,
    wake: Wake,
    /// What this worker is called in leases.
    holder: String,
}

/// A job, by its place.
#[derive(Clone, Copy)]
struct Job {
    resource: &'static str,
    tenant: TenantId,
    id: Id,
}

/// How a job ended.
enum Ending {
    /// It was carried out; these fields say what came of it.
    Done(Vec<(&'static str, Value)>),
    /// It broke off.
    Broken(Vec<(&'static str, Value)>, Error),
    /// It is left as it is: cancelled, gone, somebody else's, or to be gone on with later.
    Left,
}

impl Worker {
    /// A worker; `folder` is where files are while they are worked on.
    pub fn new(engine: Engine, store: Store, authenticator: Authenticator, folder: PathBuf, wake: Wake) -> Worker {
        let holder = ids::mint(engine.clock().now()).0.to_string();
        Worker { engine, store, authenticator, folder, wake, holder }
    }

    /// Works until `ended` turns true. A job that runs then is left where it stands, for the next worker.
    pub async fn run(self, mut ended: watch::Receiver<bool>) {
        let mut looks = 0u32;
        while !*ended.borrow() {
            if looks.is_multiple_of(UPKEEP)
                && let Err(error) = self.upkeep().await
            {
                tracing::warn!(%error, "files whose time is over could not be removed; it is tried again");
            }
            looks = looks.wrapping_add(1);
            match self.work_off(&ended).await {
                // There may be more.
                Ok(taken) if taken > 0 => continue,
                Ok(_) => {}
                Err(error) => tracing::warn!(%error, "jobs could not be looked for; it is tried again"),
            }
            tokio::select! {
                () = self.wake.heard() => {}
                () = tokio::time::sleep(LOOK) => {}
                _ = ended.changed() => {}
            }
        }
    }

    /// Carries out what waits at this moment, one job after the other. Answers how many it has taken.
    pub async fn work_off(&self, ended: &watch::Receiver<bool>) -> Result<usize> {
        let mut taken = 0;
        for job in self.candidates().await? {
            if *ended.borrow() {
                break;
            }
            let scope = self.store.scope(job.tenant);
            match lease::take(&scope, job.id, &self.holder, self.now()).await {
                // Another worker may have done it since it was looked for.
                Ok(Some(lease)) => taken += usize::from(self.carry_out(job, scope, lease, ended).await),
                Ok(None) => {}
                Err(error) => tracing::warn!(%error, "a job could not be taken; it is tried again"),
            }
        }
        Ok(taken)
    }

    fn now(&self) -> Timestamp {
        self.engine.clock().now()
    }

    /// What waits, or was left by another worker, the oldest first.
    async fn candidates(&self) -> Result<Vec<Job>> {
        use {export_job as e, import_job as i};
        let system = self.store.system(SystemTask::Jobs);
        let open = [JobState::Queued, JobState::Running];
        let imports = Condition::all().add(i::Column::State.is_in(open)).add(i::Column::DeletedAt.is_null());
        let exports = Condition::all().add(e::Column::State.is_in(open)).add(e::Column::DeletedAt.is_null());
        let imports = system.first::<i::Entity>(imports, i::Column::Id, CANDIDATES).await?;
        let exports = system.first::<e::Entity>(exports, e::Column::Id, CANDIDATES).await?;
        let import = |job: i::Model| Job { resource: "import", tenant: job.tenant_id, id: job.id };
        let export = |job: e::Model| Job { resource: "export", tenant: job.tenant_id, id: job.id };
        let mut jobs: Vec<Job> = imports.into_iter().map(import).chain(exports.into_iter().map(export)).collect();
        jobs.sort_by_key(|job| job.id.0);
        Ok(jobs)
    }

    /// Carries a job out. Answers whether there was anything to do.
    async fn carry_out(&self, job: Job, scope: Scope, lease: Lease, ended: &watch::Receiver<bool>) -> bool {
        let running = Running::new(self, job, scope, lease, ended.clone());
        let begun = self.begin(job).await;
        let mut there = !matches!(begun, Ok(None));
        let outcome = match begun {
            Ok(Some(record)) => {
                tokio::select! {
                    // The job itself comes first, so that one that has ended is not held up by its watch.
                    biased;
                    outcome = self.do_it(&record, &running) => outcome,
                    () = running.watch() => Ok(Ending::Left),
                }
            }
            Ok(None) => Ok(Ending::Left),
            Err(error) => Err(error),
        };
        let closed = match outcome {
            Ok(Ending::Done(values)) => self.close(job, JobState::Succeeded, values).await,
            Ok(Ending::Broken(mut values, error)) => {
                let text = error.internal_text().filter(|_| error.code() != ErrorCode::Internal).unwrap_or(error.detail());
                values.extend([
                    ("failureCode", Value::from(error.code().as_str())),
                    ("failure", Value::Text(text.chars().take(4_000).collect())),
                ]);
                self.close(job, JobState::Failed, values).await
            }
            Ok(Ending::Left) => Ok(()),
            Err(error) => Err(error),
        };
        if let Err(error) = closed {
            tracing::warn!(%error, resource = job.resource, "a job could not be carried to its end; it is taken up again");
            // Not at once: what stands in the way takes its time to pass.
            there = false;
        }
        running.end().await;
        there
    }

    async fn do_it(&self, record: &Found, running: &Running<'_>) -> Result<Ending> {
        let principal = record.get(system::CREATED_BY).as_text().unwrap_or_default();
        let context = match self.in_name_of(running.job.tenant, principal).await {
            Ok(context) => match record.get("scopes").as_text() {
                // No more than the credential allowed that asked for it.
                Some(scopes) => Context { scopes: context.scopes.common(&Scopes::parse_known(scopes)), ..context },
                None => context,
            },
            Err(error) if error.code() == ErrorCode::Forbidden => return Ok(Ending::Broken(Vec::new(), error)),
            Err(error) => return Err(error),
        };
        match running.job.resource {
            "import" => self.import(record, running, &context).await,
            _ => self.export(record, running, &context).await,
        }
    }

    /// The authority of whoever made a job, as it is now.
    async fn in_name_of(&self, tenant: TenantId, principal: &str) -> Result<Context> {
        if principal.starts_with("sys_") {
            return Ok(self.own(tenant));
        }
        let now = self.now();
        self.authenticator.in_name_of(tenant, principal, ids::mint(now).0, now).await
    }

    /// The worker's own authority, for what it notes about a job.
    fn own(&self, tenant: TenantId) -> Context {
        let now = self.now();
        Context::of_system(tenant, ids::mint(now).0, now)
    }

    /// A job's record as it is now; none where it is deleted.
    async fn record(&self, job: Job) -> Result<Option<Found>> {
        let def = self.engine.registry().resource(job.resource).ok_or_else(|| Error::internal("a job of no resource"))?;
        let filter = Filter::field(system::ID, Comparison::Equal(Value::Id(job.id.0)));
        Ok(self.engine.found(&self.own(job.tenant), def, &filter).await?.pop())
    }

    /// Notes something about a job.
    async fn note(&self, job: Job, values: Vec<(&'static str, Value)>, version: Option<i64>) -> Result<()> {
        let def = self.engine.registry().resource(job.resource).ok_or_else(|| Error::internal("a job of no resource"))?;
        set(&self.engine, &self.own(job.tenant), def, job.id, values, version).await.map(drop)
    }

    /// Says that a job runs. None where it is not to be carried out any more.
    async fn begin(&self, job: Job) -> Result<Option<Found>> {
        loop {
            let Some(record) = self.record(job).await? else { return Ok(None) };
            let state = record.get("state").as_text().unwrap_or_default();
            if state == JobState::Running.as_str() {
                return Ok(Some(record));
            }
            if state != JobState::Queued.as_str() {
                return Ok(None);
            }
            let values = vec![("state", JobState::Running.as_str().into()), ("startedAt", Value::Instant(self.now()))];
            match self.note(job, values, record.get(system::VERSION).as_integer()).await {
                Ok(()) => {}
                Err(error) if moved(&error) => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Says how a job ended, unless somebody has called it off meanwhile, and drops what it needs no more.
    async fn close(&self, job: Job, state: JobState, values: Vec<(&'static str, Value)>) -> Result<()> {
        loop {
            let Some(record) = self.record(job).await? else { return Ok(()) };
            if record.get("state").as_text() != Some(JobState::Running.as_str()) {
                return Ok(());
            }
            let mut all = vec![("state", Value::from(state.as_str())), ("finishedAt", Value::Instant(self.now()))];
            all.extend(values.iter().cloned());
            match self.note(job, all, record.get(system::VERSION).as_integer()).await {
                Ok(()) => return Ok(()),
                Err(error) if moved(&error) => {}
                Err(error) => return Err(error),
            }
        }
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
