//! One attempt at a job: it is begun, run and closed, and each of these only by whoever has it.

use super::running::{Halt, Running};
use super::{Worker, moved, passes};
use crate::queue::{About, Due, Ending, JobKind, WAIT, delay};
use crate::state::JobState;
use clientela_engine::module::Found;
use clientela_kernel::{Error, ErrorCode, Result, Timestamp, Value};
use clientela_model::{Choice as _, system};
use futures_util::FutureExt as _;
use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use tokio::sync::watch;

/// What became of a job that was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It was carried out, well or badly.
    Carried,
    /// There was nothing to do any more.
    Nothing,
    /// Something is in the way that concerns other jobs too.
    Trouble,
}

/// What is to be said of a job.
type Values = Vec<(&'static str, Value)>;

impl Worker {
    /// Carries a job out.
    pub(super) async fn carry_out(self, due: Due, ended: watch::Receiver<bool>) -> Outcome {
        let Due { tenant, id, kind, scope, lease } = due;
        let job = Worker::job(tenant, id);
        let begun = match self.begin(job, kind.as_ref()).await {
            Ok(Some(begun)) => begun,
            Ok(None) => {
                if let Err(error) = lease.remove(&scope, self.now()).await {
                    tracing::debug!(%error, "a lease was not removed; it runs out by itself");
                }
                return Outcome::Nothing;
            }
            Err(error) => {
                tracing::warn!(%error, kind = kind.name(), "a job could not be begun; it is taken up again");
                if let Err(error) = lease.give_back(&scope, &self.holder, self.now()).await {
                    tracing::debug!(%error, "a lease was not given back; it runs out by itself");
                }
                return Outcome::Trouble;
            }
        };
        let running = Running::new(self.clone(), job, &begun, scope, lease, ended);
        let outcome = tokio::select! {
            // The job itself comes first, so that one that has ended is not held up by its watch.
            biased;
            outcome = AssertUnwindSafe(self.attempt(&kind, &begun, &running)).catch_unwind() => outcome.unwrap_or_else(|panic| Err(panicked(panic))),
            () = running.watch() => Ok(Ending::Left),
        };
        match self.close(&running, &kind, outcome).await {
            Ok(open) => {
                running.end(open).await;
                Outcome::Carried
            }
            Err(error) => {
                tracing::warn!(%error, kind = kind.name(), "a job could not be carried to its end; it is taken up again");
                running.end(true).await;
                Outcome::Trouble
            }
        }
    }

    /// Says that a job runs. None where it is not to be carried out any more.
    async fn begin(&self, job: About, kind: &dyn JobKind) -> Result<Option<Found>> {
        loop {
            let Some(record) = self.record(job).await? else { return Ok(None) };
            let state = record.get("state").as_text().unwrap_or_default();
            let interrupted = state == JobState::Running.as_str();
            // Between being looked for and being taken it may have been tried, and have to wait.
            let waits = record.get("runAt").as_instant().is_some_and(|at| at > self.now());
            if !interrupted && (waits || state != JobState::Queued.as_str()) {
                return Ok(None);
            }
            let attempts = record.get("attempts").as_integer().unwrap_or(0);
            let now = Value::Instant(self.now());
            // Whoever had it before has ended without a word. What brings servers down is not tried for ever.
            let given_up = interrupted && attempts >= kind.attempts();
            let values: Values = if given_up {
                let text =
                    format!("Given up: it was begun {attempts} times, and each time the server that carried it out ended or went silent.");
                vec![
                    ("state", JobState::Failed.as_str().into()),
                    ("finishedAt", now),
                    ("failureCode", "JOB_ABANDONED".into()),
                    ("failure", text.into()),
                ]
            } else {
                vec![("state", JobState::Running.as_str().into()), ("startedAt", now), ("attempts", Value::Integer(attempts + 1))]
            };
            match self.note(job, values, record.get(system::VERSION).as_integer()).await {
                Ok(()) if given_up => return Ok(None),
                Ok(()) => return self.record(job).await,
                Err(error) if moved(&error) => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Does it, in the name of whoever wants it done.
    async fn attempt(&self, kind: &Arc<dyn JobKind>, job: &Found, running: &Running) -> Result<Ending> {
        let principal = job.get("onBehalfOf").as_text().unwrap_or_default();
        let context = match self.in_name_of(running.job.tenant, principal, job.get("makerScopes").as_text()).await {
            Ok(context) => context,
            Err(error) if error.code() == ErrorCode::Forbidden => return Ok(Ending::Broken(Vec::new(), error)),
            Err(error) => return Err(error),
        };
        kind.run(running, &context).await
    }

    /// Says how an attempt ended, unless somebody else has said something about the job meanwhile. Answers whether there will be another one.
    async fn close(&self, running: &Running, kind: &Arc<dyn JobKind>, outcome: Result<Ending>) -> Result<bool> {
        // What breaks off because it is told to stop says nothing of the job.
        let stopped = outcome.is_err() && running.halted().is_some();
        let (told, attempt) = match if stopped { Ok(Ending::Left) } else { outcome } {
            Ok(Ending::Done(told)) => (told, Attempt::Done),
            Ok(Ending::Broken(told, error)) if error.code() == ErrorCode::Internal => (told, Attempt::Failed(error)),
            Ok(Ending::Broken(told, error)) => (told, Attempt::Refused(error)),
            Ok(Ending::Left) => match running.halted() {
                Some(Halt::Ended) => (Vec::new(), Attempt::Interrupted),
                Some(Halt::Unwanted) => return Ok(false),
                Some(Halt::Lost) | None => return Ok(true),
            },
            Err(error) if passes(&error) || error.code() == ErrorCode::StorageFull => (Vec::new(), Attempt::Waits(error)),
            Err(error) => (Vec::new(), Attempt::Failed(error)),
        };
        if let (Some(about), false) = (running.about, told.is_empty()) {
            match self.note(about, told, None).await {
                Err(error) if moved(&error) => return Ok(false),
                noted => noted?,
            }
        }
        loop {
            let Some(record) = self.record(running.job).await? else { return Ok(false) };
            if !running.is_mine(&record) {
                return Ok(record.get("state").as_text() == Some(JobState::Running.as_str()));
            }
            let attempts = record.get("attempts").as_integer().unwrap_or(0);
            let (open, values) = attempt.said(attempts, kind.attempts(), self.now());
            match self.note(running.job, values, record.get(system::VERSION).as_integer()).await {
                Ok(()) => {
                    attempt.log(kind.name(), attempts, open);
                    if matches!(attempt, Attempt::Done)
                        && let Err(error) = kind.clear(running).await
                    {
                        tracing::debug!(%error, "what a job needs no more was not cleared away; it goes when its time is over");
                    }
                    return Ok(open);
                }
                Err(error) if moved(&error) => {}
                Err(error) => return Err(error),
            }
        }
    }
}

/// How an attempt ended.
enum Attempt {
    Done,
    /// The server ends in order: it does not count.
    Interrupted,
    /// It would end so every time.
    Refused(Error),
    /// Something is in the way that passes by itself: it does not count.
    Waits(Error),
    /// It may go well the next time.
    Failed(Error),
}

impl Attempt {
    /// What is said of the job, and whether there will be another attempt.
    fn said(&self, attempts: i64, most: i64, now: Timestamp) -> (bool, Values) {
        let ended = |state: JobState| vec![("state", Value::from(state.as_str())), ("finishedAt", Value::Instant(now))];
        let waits = |wait: i64| {
            vec![("state", Value::from(JobState::Queued.as_str())), ("runAt", Value::Instant(Timestamp(now.0.saturating_add(wait))))]
        };
        let why = |error: &Error, before: String| {
            let text = error.internal_text().filter(|_| error.code() != ErrorCode::Internal).unwrap_or(error.detail());
            let text = format!("{before}{text}").chars().take(4_000).collect();
            [("failureCode", Value::from(error.code().as_str())), ("failure", Value::Text(text))]
        };
        let uncounted = ("attempts", Value::Integer((attempts - 1).max(0)));
        let with = |mut values: Values, more: [(&'static str, Value); 2]| {
            values.extend(more);
            values
        };
        match self {
            Attempt::Done => (false, with(ended(JobState::Succeeded), [("failureCode", Value::Null), ("failure", Value::Null)])),
            Attempt::Interrupted => (true, vec![uncounted]),
            Attempt::Refused(error) => (false, with(ended(JobState::Failed), why(error, String::new()))),
            Attempt::Waits(error) => {
                let mut values = with(waits(WAIT), why(error, String::new()));
                values.push(uncounted);
                (true, values)
            }
            Attempt::Failed(error) if attempts >= most => {
                let before = format!("Given up after {attempts} attempts; the last one: ");
                (false, with(ended(JobState::Failed), why(error, before)))
            }
            Attempt::Failed(error) => (true, with(waits(delay(attempts, now)), why(error, String::new()))),
        }
    }

    fn log(&self, kind: &str, attempts: i64, open: bool) {
        match self {
            Attempt::Failed(error) => {
                let text = error.internal_text().unwrap_or(error.detail());
                tracing::warn!(error = text, kind, attempts, tried_again = open, "an attempt at a job failed");
            }
            Attempt::Waits(error) => tracing::warn!(%error, kind, "a job waits for what is in its way to pass"),
            Attempt::Done | Attempt::Interrupted | Attempt::Refused(_) => {}
        }
    }
}

fn panicked(panic: Box<dyn Any + Send>) -> Error {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned()).or_else(|| panic.downcast_ref::<String>().cloned());
    Error::internal(format!("a job panicked: {}", text.unwrap_or_default()))
}
