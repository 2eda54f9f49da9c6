//! A job while it runs: its lease, how far it has come, and whether it is still wanted.

use super::{Worker, moved};
use crate::queue::About;
use crate::queue::job::about;
use crate::queue::lease::{HELD, Lease};
use crate::state::JobState;
use clientela_engine::Engine;
use clientela_engine::import::Problem;
use clientela_engine::module::Found;
use clientela_kernel::{Error, ErrorCode, Id, Result, Timestamp, Value};
use clientela_model::Choice as _;
use clientela_store::Scope;
use parking_lot::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::watch;

/// How often a job is looked at from outside: whether it is still wanted, and what is to be told of it.
const LOOK: Duration = Duration::from_secs(1);
/// Looks between renewals of the lease.
const RENEWAL: i64 = HELD / 1_000 / 3;

/// Why a job that runs is to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Halt {
    /// It was called off, or its record is deleted.
    Unwanted,
    /// Another worker has it.
    Lost,
    /// The server ends.
    Ended,
}

/// A job that runs.
pub struct Running {
    pub(super) worker: Worker,
    pub(super) job: About,
    /// The record that it is about.
    pub(super) about: Option<About>,
    pub(super) scope: Scope,
    /// When this attempt began, by which it is told from others.
    begun: Option<Timestamp>,
    /// Whether there were attempts before that are to be forgotten once this one has got further.
    again: AtomicBool,
    lease: tokio::sync::Mutex<Lease>,
    ended: watch::Receiver<bool>,
    halt: Mutex<Option<Halt>>,
    /// What is to be noted at the next look.
    news: Mutex<Vec<(&'static str, Value)>>,
    /// Where another worker may go on, to be noted once the problems up to there are kept.
    place: Mutex<Option<String>>,
    /// What is wrong with the rows of an import, and how much of it is kept.
    problems: Mutex<(Vec<Problem>, usize)>,
}

impl Running {
    pub(super) fn new(worker: Worker, job: About, record: &Found, scope: Scope, lease: Lease, ended: watch::Receiver<bool>) -> Self {
        Running {
            worker,
            job,
            about: about(job.tenant, record),
            scope,
            begun: record.get("startedAt").as_instant(),
            again: AtomicBool::new(record.get("attempts").as_integer().is_some_and(|attempts| attempts > 1)),
            lease: tokio::sync::Mutex::new(lease),
            ended,
            halt: Mutex::default(),
            news: Mutex::default(),
            place: Mutex::default(),
            problems: Mutex::default(),
        }
    }

    /// What reads and writes records.
    pub fn engine(&self) -> &Engine {
        &self.worker.engine
    }

    /// The id of the job.
    pub fn id(&self) -> Id {
        self.job.id
    }

    /// The record that the job is about, as it is now; none where it is deleted.
    pub async fn record(&self) -> Result<Option<Found>> {
        match self.about {
            Some(about) => self.worker.record(about).await,
            None => Ok(None),
        }
    }

    /// Whether this is still the attempt that counts.
    pub(super) fn is_mine(&self, job: &Found) -> bool {
        job.get("state").as_text() == Some(JobState::Running.as_str()) && job.get("startedAt").as_instant() == self.begun
    }

    /// Whether there were attempts before of which nothing came.
    pub fn is_repeated(&self) -> bool {
        self.again.load(Ordering::Relaxed)
    }

    /// Whether the job is to stop, and why.
    pub(super) fn halted(&self) -> Option<Halt> {
        if *self.ended.borrow() {
            return Some(Halt::Ended);
        }
        *self.halt.lock()
    }

    /// The same as an error that breaks off what runs.
    pub fn stop(&self) -> Option<Error> {
        self.halted().map(|halt| Error::new(ErrorCode::Overloaded, format!("The job was stopped: {halt:?}.")))
    }

    /// Remembers what is to be told in the record that the job is about, within a second.
    pub fn tell(&self, values: Vec<(&'static str, Value)>) {
        *self.news.lock() = values;
    }

    /// Whether the place that was told last has been noted, and the next one is of interest.
    pub(super) fn wants_place(&self) -> bool {
        self.place.lock().is_none()
    }

    /// Remembers where another worker may go on.
    pub(super) fn reached(&self, place: Option<String>) {
        *self.place.lock() = place;
    }

    /// Remembers what is wrong with a row.
    pub(super) fn refused(&self, problem: Problem) {
        self.problems.lock().0.push(problem);
    }

    /// Keeps what was found wrong and is not kept yet.
    pub(super) async fn keep_problems(&self) -> Result<()> {
        let (new, end) = {
            let problems = self.problems.lock();
            (problems.0.get(problems.1..).unwrap_or_default().to_vec(), problems.0.len())
        };
        if let Some(import) = self.about {
            self.worker.keep_problems(import, new).await?;
        }
        let mut problems = self.problems.lock();
        problems.1 = problems.1.max(end);
        Ok(())
    }

    /// Notes the place, after the problems up to there.
    async fn note_place(&self) -> Result<()> {
        let Some(place) = self.place.lock().clone() else { return Ok(()) };
        self.keep_problems().await?;
        if let Some(import) = self.about {
            self.worker.note(import, vec![("checkpoint", Value::Text(place))], None).await?;
        }
        self.place.lock().take();
        // It has got further than the attempts before: they do not count any more.
        if self.again.swap(false, Ordering::Relaxed) {
            self.worker.note(self.job, vec![("attempts", Value::Integer(1))], None).await?;
        }
        Ok(())
    }

    /// Holds the lease, tells how far the job has come and notices that it is wanted no more. Answers only when the job has not heeded
    /// that for long.
    pub(super) async fn watch(&self) {
        let mut looks = 0i64;
        let mut unheeded = 0;
        while unheeded < 60 {
            tokio::time::sleep(LOOK).await;
            looks += 1;
            unheeded = if self.halted().is_some() { unheeded + 1 } else { 0 };
            let values = std::mem::take(&mut *self.news.lock());
            if let (Some(about), false) = (self.about, values.is_empty()) {
                match self.worker.note(about, values, None).await {
                    Ok(()) => {}
                    Err(error) if moved(&error) => self.to_stop(Halt::Unwanted),
                    Err(error) => tracing::debug!(%error, "progress could not be told"),
                }
            }
            if let Err(error) = self.note_place().await {
                tracing::debug!(%error, "how far an import has come could not be noted");
            }
            match self.worker.record(self.job).await {
                Ok(Some(job)) if self.is_mine(&job) => {}
                Ok(Some(job)) if job.get("state").as_text() == Some(JobState::Running.as_str()) => self.to_stop(Halt::Lost),
                Ok(_) => self.to_stop(Halt::Unwanted),
                Err(error) => tracing::debug!(%error, "a job could not be looked at"),
            }
            if looks % RENEWAL == 0 {
                let renewed = self.lease.lock().await.renew(&self.scope, &self.worker.holder, self.worker.now()).await;
                match renewed {
                    Ok(true) => {}
                    Ok(false) => self.to_stop(Halt::Lost),
                    Err(error) => tracing::debug!(%error, "a lease could not be renewed"),
                }
            }
        }
    }

    fn to_stop(&self, halt: Halt) {
        self.halt.lock().get_or_insert(halt);
    }

    /// Gives the lease back, or removes it where nobody is to have it any more.
    pub(super) async fn end(self, open: bool) {
        let (lease, worker) = (self.lease.into_inner(), &self.worker);
        let ended = match open {
            true => lease.give_back(&self.scope, &worker.holder, worker.now()).await.map(drop),
            false => lease.remove(&self.scope, worker.now()).await,
        };
        if let Err(error) = ended {
            tracing::debug!(%error, "a lease was not given back; it runs out by itself");
        }
    }
}
