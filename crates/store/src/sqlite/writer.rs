//! The one writer. A task owns the only connection that writes; what has queued up while it was busy becomes one
//! transaction, so that many requests share one flush to disk. Each request stands under a savepoint of its own and is
//! answered after the COMMIT.

use super::commit::Work;
use crate::fault::Fault;
use crate::pool::Link;
use crate::task::background;
use crate::write::Commit;
use clientela_kernel::{Error, Result};
use futures_util::TryStreamExt as _;
use sqlx::sqlite::{SqliteArguments, SqliteConnectOptions};
use sqlx::{AssertSqlSafe, Either, Executor as _, SqliteConnection};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// Requests that may wait for the writer.
const QUEUE: usize = 1_024;
/// Requests in one transaction.
const GROUP: usize = 128;
/// How long a request waits for a place in the queue.
const ENQUEUE: Duration = Duration::from_secs(2);
/// Opens the transaction of a single request.
const ALONE: &str = "BEGIN IMMEDIATE;";
/// Opens the transaction of a group.
const TOGETHER: &str = "BEGIN IMMEDIATE; SAVEPOINT request";
/// Goes before each request of a group: ends the savepoint of the one before and sets its own.
const NEXT: &str = "RELEASE request; SAVEPOINT request;";

/// The way to the writer. Cheap to clone; the writer ends with the last one.
#[derive(Clone)]
pub(crate) struct Writer(mpsc::Sender<Message>);

enum Message {
    Commit(Job),
    Close(oneshot::Sender<()>),
}

struct Job {
    work: Work,
    answer: oneshot::Sender<Result<Commit>>,
}

impl Writer {
    /// Opens the database, making it if need be, and starts the writer.
    pub(crate) async fn start(options: SqliteConnectOptions) -> Result<Writer> {
        let connection = <SqliteConnection as Link>::connect(&options).await;
        let connection = connection.map_err(|error| {
            Error::unavailable(format!("cannot open the SQLite database {}: {error}", options.get_filename().display()))
        })?;
        let (sender, messages) = mpsc::channel(QUEUE);
        background(serve(Hand { options, connection: Some(connection) }, messages));
        Ok(Writer(sender))
    }

    /// Queues a write and waits until it is durable.
    pub(crate) async fn commit(&self, work: Work) -> Result<Commit> {
        let (answer, outcome) = oneshot::channel();
        let message = Message::Commit(Job { work, answer });
        match self.0.try_send(message) {
            Ok(()) => {}
            Err(mpsc::error::TrySendError::Full(message)) => match self.0.send_timeout(message, ENQUEUE).await {
                Ok(()) => {}
                Err(_) => return Err(Error::unavailable("the queue of the SQLite writer stayed full for 2 s")),
            },
            Err(mpsc::error::TrySendError::Closed(_)) => return Err(Error::unavailable("the store is closing")),
        }
        outcome.await.unwrap_or_else(|_| Err(Error::unavailable("the SQLite writer ended before it answered")))
    }

    /// Lets the writer finish what is queued, fold the write-ahead log into the database and end.
    pub(crate) async fn close(&self) {
        let (done, finished) = oneshot::channel();
        if self.0.send(Message::Close(done)).await.is_ok() {
            let _ = finished.await;
        }
    }
}

async fn serve(mut hand: Hand, mut messages: mpsc::Receiver<Message>) {
    let mut received = Vec::with_capacity(GROUP);
    let mut closers = Vec::new();
    while messages.recv_many(&mut received, GROUP).await > 0 {
        let mut group = Vec::with_capacity(received.len());
        for message in received.drain(..) {
            match message {
                Message::Commit(job) => group.push(job),
                Message::Close(done) => {
                    messages.close();
                    closers.push(done);
                }
            }
        }
        hand.carry_out(group).await;
    }
    hand.put_down().await;
    for done in closers {
        let _ = done.send(());
    }
}

/// The connection that writes.
struct Hand {
    options: SqliteConnectOptions,
    /// Absent after it broke; opened again for the next group.
    connection: Option<SqliteConnection>,
}

/// Why a whole group came to nothing.
struct Abandoned(Error);

impl Hand {
    async fn carry_out(&mut self, group: Vec<Job>) {
        let (mut works, answers): (Vec<Work>, Vec<_>) = group.into_iter().map(|job| (job.work, job.answer)).unzip();
        let outcomes = match works.as_mut_slice() {
            [] => return,
            [work] => self.alone(work).await,
            works => self.together(works).await,
        };
        match outcomes {
            Ok(outcomes) => answers.into_iter().zip(outcomes).for_each(|(answer, outcome)| drop(answer.send(outcome))),
            Err(Abandoned(error)) => {
                // Ends the transaction if the database has not done so itself.
                if self.run("ROLLBACK", None).await.is_err_and(|failure| failure.fault == Fault::Lost) {
                    self.connection = None;
                }
                answers.into_iter().for_each(|answer| drop(answer.send(Err(error.clone()))));
            }
        }
    }

    /// One request, one transaction: undoing the request is undoing the transaction.
    async fn alone(&mut self, work: &mut Work) -> std::result::Result<Vec<Result<Commit>>, Abandoned> {
        let outcome = self.request(ALONE, work).await?;
        let end = if matches!(outcome, Ok(Commit::Done)) { "COMMIT" } else { "ROLLBACK" };
        self.run(end, None).await.map_err(Abandoned::from)?;
        Ok(vec![outcome])
    }

    async fn together(&mut self, works: &mut [Work]) -> std::result::Result<Vec<Result<Commit>>, Abandoned> {
        self.run(TOGETHER, None).await.map_err(Abandoned::from)?;
        let mut outcomes = Vec::with_capacity(works.len());
        for work in works {
            let outcome = self.request(NEXT, work).await?;
            if !matches!(outcome, Ok(Commit::Done)) {
                self.run("ROLLBACK TO request", None).await.map_err(Abandoned::from)?;
            }
            outcomes.push(outcome);
        }
        self.run("COMMIT", None).await.map_err(Abandoned::from)?;
        Ok(outcomes)
    }

    /// Runs the statements of a request after a prefix. What they have done is not undone here.
    async fn request(&mut self, prefix: &str, work: &mut Work) -> std::result::Result<Result<Commit>, Abandoned> {
        let text = format!("{prefix}{}", work.text);
        match self.run(text, Some(std::mem::take(&mut work.arguments))).await {
            Ok(affected) => {
                // The prefix has statements of its own.
                let own = affected.len().saturating_sub(work.guarded.len());
                let mut guards = affected.iter().skip(own).zip(&work.guarded);
                let held = guards.all(|(affected, guarded)| !guarded || *affected == 1);
                Ok(Ok(if held { Commit::Done } else { Commit::GuardFailed }))
            }
            Err(failure) => match work.refused(&failure.error) {
                Some(commit) => Ok(Ok(commit)),
                None if failure.fault == Fault::Refused => Ok(Err(failure.into_error())),
                None => Err(failure.into()),
            },
        }
    }

    /// Runs statements and tells how many rows each affected.
    async fn run(&mut self, text: impl Into<String>, arguments: Option<SqliteArguments>) -> std::result::Result<Vec<u64>, Failure> {
        let connection = match &mut self.connection {
            Some(connection) => connection,
            None => self.connection.insert(<SqliteConnection as Link>::connect(&self.options).await.map_err(Failure::from)?),
        };
        let mut affected = Vec::with_capacity(8);
        // Without values the statement is still prepared once and kept.
        let query = sqlx::query_with(AssertSqlSafe(text.into()), arguments.unwrap_or_default());
        let mut stream = connection.fetch_many(query);
        while let Some(item) = stream.try_next().await.map_err(Failure::from)? {
            if let Either::Left(done) = item {
                affected.push(done.rows_affected());
            }
        }
        Ok(affected)
    }

    /// Folds the write-ahead log into the database and closes.
    async fn put_down(mut self) {
        if let Err(failure) = self.run("PRAGMA wal_checkpoint(TRUNCATE)", None).await {
            tracing::warn!(error = %failure.into_error(), "the SQLite write-ahead log was not folded into the database; the next start does it");
        }
        if let Some(connection) = self.connection {
            connection.end().await;
        }
    }
}

struct Failure {
    fault: Fault,
    error: sqlx::Error,
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        Failure { fault: <SqliteConnection as Link>::fault(&error), error }
    }
}

impl Failure {
    fn into_error(self) -> Error {
        self.fault.error(self.error)
    }
}

impl From<Failure> for Abandoned {
    /// Nothing of the group was written, so each of its requests may simply be tried again.
    fn from(failure: Failure) -> Self {
        Abandoned(Error::unavailable(failure.into_error()))
    }
}
