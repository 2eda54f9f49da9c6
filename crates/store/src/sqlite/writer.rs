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
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
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
pub(crate) struct Writer {
    messages: mpsc::Sender<Message>,
    statements: Arc<AtomicU64>,
}

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
        let statements = Arc::new(AtomicU64::new(0));
        background(serve(Hand { options, connection: Some(connection), statements: Arc::clone(&statements) }, messages));
        Ok(Writer { messages: sender, statements })
    }

    /// Queues a write and waits until it is durable.
    pub(crate) async fn commit(&self, work: Work) -> Result<Commit> {
        let (answer, outcome) = oneshot::channel();
        let message = Message::Commit(Job { work, answer });
        match self.messages.try_send(message) {
            Ok(()) => {}
            Err(mpsc::error::TrySendError::Full(message)) => match self.messages.send_timeout(message, ENQUEUE).await {
                Ok(()) => {}
                Err(_) => return Err(Error::unavailable("the queue of the SQLite writer stayed full for 2 s")),
            },
            Err(mpsc::error::TrySendError::Closed(_)) => return Err(Error::unavailable("the store is closing")),
        }
        outcome.await.unwrap_or_else(|_| Err(Error::unavailable("the SQLite writer ended before it answered")))
    }

    /// How many statements were sent so far, the transactions' own among them.
    pub(crate) fn statements(&self) -> u64 {
        self.statements.load(Ordering::Relaxed)
    }

    /// How many requests wait.
    pub(crate) fn queued(&self) -> usize {
        QUEUE.saturating_sub(self.messages.capacity())
    }

    /// Lets the writer finish what is queued, fold the write-ahead log into the database and end.
    pub(crate) async fn close(&self) {
        let (done, finished) = oneshot::channel();
        if self.messages.send(Message::Close(done)).await.is_ok() {
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
pub(crate) struct Hand {
    options: SqliteConnectOptions,
    /// Absent after it broke; opened again for the next group.
    connection: Option<SqliteConnection>,
    /// Statements sent so far.
    statements: Arc<AtomicU64>,
}

/// Why a whole group came to nothing.
struct Abandoned(Error);

impl Hand {
    /// Opens a connection for a transaction over many writes.
    pub(crate) async fn new(options: SqliteConnectOptions) -> Result<Hand> {
        let mut hand = Hand { options, connection: None, statements: Arc::default() };
        hand.connection().await?;
        Ok(hand)
    }

    /// The connection, opened again where it broke.
    pub(crate) async fn connection(&mut self) -> Result<&mut SqliteConnection> {
        self.open().await.map_err(Failure::into_error)
    }

    async fn open(&mut self) -> std::result::Result<&mut SqliteConnection, Failure> {
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => <SqliteConnection as Link>::connect(&self.options).await.map_err(Failure::from)?,
        };
        Ok(self.connection.insert(connection))
    }

    /// Runs statements without values.
    pub(crate) async fn plainly(&mut self, text: &str) -> Result<()> {
        self.run(text, None).await.map(drop).map_err(Failure::into_error)
    }

    /// One write of a transaction over many, after a prefix that sets its savepoint.
    pub(crate) async fn one_of_many(&mut self, prefix: &str, work: &mut Work) -> Result<Commit> {
        self.request(prefix, work).await.unwrap_or_else(|Abandoned(error)| Err(error))
    }

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
        let parts = std::mem::take(&mut work.parts);
        if parts.len() > 1 {
            self.run(prefix, None).await.map_err(Abandoned::from)?;
        }
        let alone = parts.len() == 1;
        for part in parts {
            let text = if alone { format!("{prefix}{}", part.text) } else { part.text };
            match self.execute(text, Some(part.arguments), part.recurs).await {
                Ok(affected) => {
                    // The prefix has statements of its own.
                    let own = affected.len().saturating_sub(part.guarded.len());
                    let mut guards = affected.iter().skip(own).zip(&part.guarded);
                    if !guards.all(|(affected, expected)| expected.is_none_or(|expected| *affected == expected)) {
                        return Ok(Ok(Commit::GuardFailed));
                    }
                }
                Err(failure) => {
                    return match work.refused(&failure.error) {
                        Some(commit) => Ok(Ok(commit)),
                        None if failure.fault == Fault::Refused => Ok(Err(failure.into_error())),
                        None => Err(failure.into()),
                    };
                }
            }
        }
        Ok(Ok(Commit::Done))
    }

    /// Runs statements that recur and tells how many rows each affected.
    async fn run(&mut self, text: impl Into<String>, arguments: Option<SqliteArguments>) -> std::result::Result<Vec<u64>, Failure> {
        self.execute(text.into(), arguments, true).await
    }

    /// Runs statements, which are kept prepared where they recur, and tells how many rows each affected.
    async fn execute(&mut self, text: String, arguments: Option<SqliteArguments>, recurs: bool) -> std::result::Result<Vec<u64>, Failure> {
        let statements = Arc::clone(&self.statements);
        let connection = self.open().await?;
        let mut affected = Vec::with_capacity(8);
        // Without values the statement is still prepared once and kept.
        let query = sqlx::query_with(AssertSqlSafe(text), arguments.unwrap_or_default()).persistent(recurs);
        let mut stream = connection.fetch_many(query);
        while let Some(item) = stream.try_next().await.map_err(Failure::from)? {
            if let Either::Left(done) = item {
                statements.fetch_add(1, Ordering::Relaxed);
                affected.push(done.rows_affected());
            }
        }
        Ok(affected)
    }

    /// Folds the write-ahead log into the database and closes.
    pub(crate) async fn put_down(mut self) {
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
        match failure.fault {
            Fault::Full => Abandoned(failure.into_error()),
            _ => Abandoned(Error::unavailable(failure.into_error())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::commit::Part;
    use super::*;
    use clientela_kernel::ErrorCode;
    use futures_util::future::join_all;

    /// A writer on a fresh file with a table of texts, whose file may not grow beyond `pages`.
    async fn writer(pages: u32) -> (Writer, SqliteConnectOptions, tempfile::TempDir) {
        let directory = tempfile::tempdir().unwrap();
        let options = super::super::writing_options(&directory.path().join("writer.db"));
        let mut setup = <SqliteConnection as Link>::connect(&options).await.unwrap();
        let tables = "CREATE TABLE word (word TEXT UNIQUE); CREATE TABLE parent (id INTEGER PRIMARY KEY);
            CREATE TABLE child (id INTEGER PRIMARY KEY, parent INTEGER REFERENCES parent (id) DEFERRABLE INITIALLY DEFERRED)";
        sqlx::raw_sql(tables).execute(&mut setup).await.unwrap();
        let limited = options.clone().pragma("max_page_count", pages.to_string());
        (Writer::start(limited).await.unwrap(), options, directory)
    }

    fn work(text: String) -> Work {
        let part = Part { text, arguments: SqliteArguments::default(), guarded: vec![Some(1)], recurs: true };
        Work { parts: vec![part], rows: Vec::new() }
    }

    fn word(word: &str) -> Work {
        work(format!("INSERT INTO word VALUES ('{word}');"))
    }

    async fn words(options: &SqliteConnectOptions) -> i64 {
        let mut reader = <SqliteConnection as Link>::connect(options).await.unwrap();
        sqlx::query_scalar("SELECT count(*) FROM word").fetch_one(&mut reader).await.unwrap()
    }

    /// Sends works at once; this runtime has one thread, so the writer finds them all queued.
    async fn together(writer: &Writer, works: Vec<Work>) -> Vec<Result<Commit>> {
        join_all(works.into_iter().map(|work| writer.commit(work))).await
    }

    fn unavailable(outcome: &Result<Commit>) -> bool {
        outcome.as_ref().is_err_and(|error| error.code() == ErrorCode::DatabaseUnavailable)
    }

    #[tokio::test]
    async fn each_of_a_group_has_its_own_outcome() {
        let (writer, options, _directory) = writer(1_000).await;
        let works = vec![word("a"), word("b"), word("a"), work("UPDATE word SET word = 'c' WHERE word = 'none';".into()), word("d")];
        let outcomes = together(&writer, works).await;
        assert!(
            matches!(outcomes.as_slice(), [
            Ok(Commit::Done),
            Ok(Commit::Done),
            Err(twice),
            Ok(Commit::GuardFailed),
            Ok(Commit::Done),
        ] if twice.code() == ErrorCode::Internal),
            "{outcomes:?}"
        );
        assert_eq!(words(&options).await, 3);
        // Alone, the same.
        assert!(writer.commit(word("a")).await.is_err());
        assert_eq!(writer.commit(word("e")).await.unwrap(), Commit::Done);
        assert_eq!(words(&options).await, 4);
        writer.close().await;
        assert!(unavailable(&writer.commit(word("f")).await));
    }

    #[tokio::test]
    async fn a_commit_that_fails_writes_nothing_of_the_group() {
        let (writer, options, _directory) = writer(1_000).await;
        // A reference that is checked at COMMIT makes the COMMIT fail.
        let orphan = || work("INSERT INTO child VALUES (1, 7);".into());
        let outcomes = together(&writer, vec![word("a"), orphan(), word("b")]).await;
        assert!(outcomes.iter().all(unavailable), "{outcomes:?}");
        assert_eq!(words(&options).await, 0);
        assert!(unavailable(&writer.commit(orphan()).await));
        // And the writer goes on.
        let outcomes = together(&writer, vec![word("a"), word("b")]).await;
        assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
        assert_eq!(words(&options).await, 2);
    }

    #[tokio::test]
    async fn a_full_disk_is_told_and_heals() {
        let (writer, options, _directory) = writer(30).await;
        let long = "x".repeat(8_000);
        let mut written = 0;
        let refused = loop {
            match writer.commit(word(&format!("{written}{long}"))).await {
                Ok(_) => written += 1,
                refused => break refused,
            }
            assert!(written < 100, "the limit on pages does not hold");
        };
        let full = |outcome: &Result<Commit>| outcome.as_ref().is_err_and(|error| error.code() == ErrorCode::StorageFull);
        assert!(full(&refused), "{refused:?}");
        let outcomes = together(&writer, vec![word("small"), word(&format!("again{long}")), word("tiny")]).await;
        assert!(outcomes.iter().all(full), "{outcomes:?}");
        assert_eq!(words(&options).await, written);
        assert_eq!(writer.commit(work("DELETE FROM word WHERE rowid = 1;".into())).await.unwrap(), Commit::Done);
        assert_eq!(writer.commit(word(&format!("room{long}"))).await.unwrap(), Commit::Done);
        assert_eq!(words(&options).await, written);
    }
}
