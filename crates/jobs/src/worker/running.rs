//! A job while it runs: its lease, how far it has come, and whether it is still wanted.

use super::{Job, Worker, moved};
use crate::lease::{HELD, Lease};
use crate::state::JobState;
use clientela_engine::import::Problem;
use clientela_kernel::{Error, ErrorCode, Result, Value};
use clientela_model::Choice as _;
use clientela_store::Scope;
use parking_lot::Mutex;
use std::time::Duration;
use tokio::sync::watch;

/// How often a job is looked at from outside: whether it is still wanted, and what is to be told of it.
const LOOK: Duration = Duration::from_secs(1);
/// Looks between renewals of the lease.
const RENEWAL: i64 = HELD / 1_000 / 3;

/// Why a job that runs is to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Halt {
    /// It was called off, or its record is deleted.
    Unwanted,
    /// Another worker has it.
    Lost,
    /// The server ends.
    Ended,
}

/// A job that runs.
pub(super) struct Running<'w> {
    worker: &'w Worker,
    pub(super) job: Job,
    pub(super) scope: Scope,
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

impl<'w> Running<'w> {
    pub(super) fn new(worker: &'w Worker, job: Job, scope: Scope, lease: Lease, ended: watch::Receiver<bool>) -> Self {
        let (lease, halt, news) = (tokio::sync::Mutex::new(lease), Mutex::default(), Mutex::default());
        Running { worker, job, scope, lease, ended, halt, news, place: Mutex::default(), problems: Mutex::default() }
    }

    /// Whether the job is to stop, and why.
    pub(super) fn halted(&self) -> Option<Halt> {
        if *self.ended.borrow() {
            return Some(Halt::Ended);
        }
        *self.halt.lock()
    }

    /// The same as an error that breaks off what runs.
    pub(super) fn stop(&self) -> Option<Error> {
        self.halted().map(|halt| Error::new(ErrorCode::Overloaded, format!("The job was stopped: {halt:?}.")))
    }

    /// Remembers what is to be told of the job.
    pub(super) fn tell(&self, values: Vec<(&'static str, Value)>) {
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
        self.worker.keep_problems(self.job, new).await?;
        let mut problems = self.problems.lock();
        problems.1 = problems.1.max(end);
        Ok(())
    }

    /// Notes the place, after the problems up to there.
    async fn note_place(&self) -> Result<()> {
        let Some(place) = self.place.lock().clone() else { return Ok(()) };
        self.keep_problems().await?;
        self.worker.note(self.job, vec![("checkpoint", Value::Text(place))], None).await?;
        self.place.lock().take();
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
            if !values.is_empty() {
                match self.worker.note(self.job, values, None).await {
                    Ok(()) => {}
                    Err(error) if moved(&error) => self.to_stop(Halt::Unwanted),
                    Err(error) => tracing::debug!(%error, "progress could not be told"),
                }
            }
            if let Err(error) = self.note_place().await {
                tracing::debug!(%error, "how far an import has come could not be noted");
            }
            match self.worker.record(self.job).await {
                Ok(Some(record)) if record.get("state").as_text() == Some(JobState::Running.as_str()) => {}
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

    /// Gives the lease back.
    pub(super) async fn end(self) {
        let lease = self.lease.into_inner();
        if let Err(error) = lease.give_back(&self.scope, &self.worker.holder, self.worker.now()).await {
            tracing::debug!(%error, "a lease was not given back; it runs out by itself");
        }
    }
}
