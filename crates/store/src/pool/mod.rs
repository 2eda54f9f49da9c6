//! A small pool of connections. An idle connection is handed out and taken back without a round trip, a timer or a
//! task; only a statement that was abandoned half-way costs a clean-up, behind the caller's back.

mod background;
mod lease;

pub use background::in_background;
pub(crate) use background::is_in_background;
pub(crate) use lease::{Failure, Lease};

use crate::fault::Fault;
use crate::sql::Sql;
use crate::{Row, Rows};
use clientela_kernel::{Error, Result};
use parking_lot::Mutex;
use sqlx::SqlStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::Semaphore;

/// How long a request waits for a connection to become free, and for a new one to be made.
const ACQUIRE: Duration = Duration::from_secs(2);

/// A statement in the form of a driver.
pub(crate) struct Ready<A> {
    /// The text.
    pub(crate) text: SqlStr,
    /// The bound values.
    pub(crate) arguments: A,
    /// It stays prepared, since its text will come again and one plan serves all values.
    pub(crate) kept: bool,
}

/// A connection to one of the databases.
pub(crate) trait Link: Send + Sized + 'static {
    /// How to connect.
    type Options: Send + Sync + 'static;
    /// Bound values.
    type Arguments: Send;

    /// A statement in the driver's form.
    fn statement(sql: Sql) -> Result<Ready<Self::Arguments>>;
    /// Opens a connection.
    fn connect(options: &Self::Options) -> impl Future<Output = sqlx::Result<Self>> + Send;
    /// Runs a statement to its end.
    fn rows(&mut self, statement: Ready<Self::Arguments>) -> impl Future<Output = sqlx::Result<Vec<Row>>> + Send;
    /// Waits for the end of a statement whose caller has gone.
    fn settle(&mut self) -> impl Future<Output = sqlx::Result<()>> + Send;
    /// Says goodbye.
    fn end(self) -> impl Future<Output = ()> + Send;
    /// What an error means.
    fn fault(error: &sqlx::Error) -> Fault;
}

/// Connections of one kind. Cheap to clone.
pub(crate) struct Pool<L: Link>(Arc<Shared<L>>);

impl<L: Link> Clone for Pool<L> {
    fn clone(&self) -> Self {
        Pool(Arc::clone(&self.0))
    }
}

/// Connections, by what they do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolFigures {
    /// How many there may be.
    pub most: usize,
    /// In use.
    pub used: usize,
    /// Open and waiting.
    pub idle: usize,
}

struct Shared<L: Link> {
    options: L::Options,
    /// How many connections may be open.
    most: usize,
    /// Last in, first out, so that a quiet pool works on few warm connections.
    idle: Mutex<Vec<L>>,
    /// One for each connection that may be open.
    permits: Semaphore,
    /// One for each connection that work in the background may hold of these.
    background: Semaphore,
    /// Raised when a connection was lost: those opened before are not trusted any more.
    generation: AtomicU64,
    /// Statements sent so far.
    statements: AtomicU64,
}

/// The right to hold one connection; given back however its holder ends.
struct Permit<L: Link> {
    shared: Arc<Shared<L>>,
    background: bool,
}

impl<L: Link> Drop for Permit<L> {
    fn drop(&mut self) {
        self.shared.permits.add_permits(1);
        if self.background {
            self.shared.background.add_permits(1);
        }
    }
}

impl<L: Link> Shared<L> {
    fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// Takes a clean connection back, unless it is outdated or the pool is closed.
    fn give_back(&self, link: L, generation: u64) {
        if generation == self.generation() && !self.permits.is_closed() {
            self.idle.lock().push(link);
        }
    }

    /// Drops every idle connection and outdates those in use.
    fn distrust(&self) {
        self.generation.fetch_add(1, Ordering::AcqRel);
        let outdated = std::mem::take(&mut *self.idle.lock());
        drop(outdated);
    }
}

impl<L: Link> Pool<L> {
    /// An empty pool; connections are made when they are needed.
    pub(crate) fn new(options: L::Options, connections: usize) -> Self {
        Pool(Arc::new(Shared {
            options,
            most: connections,
            idle: Mutex::new(Vec::with_capacity(connections)),
            permits: Semaphore::new(connections),
            background: Semaphore::new((connections / 2).max(1)),
            generation: AtomicU64::new(0),
            statements: AtomicU64::new(0),
        }))
    }

    /// A connection: an idle one, or a new one.
    pub(crate) async fn acquire(&self) -> Result<Lease<L>> {
        let permit = self.permit().await?;
        let generation = self.0.generation();
        let idle = self.0.idle.lock().pop();
        let reused = idle.is_some();
        let link = match idle {
            Some(link) => link,
            None => match tokio::time::timeout(ACQUIRE, L::connect(&self.0.options)).await {
                Ok(Ok(link)) => link,
                Ok(Err(error)) => return Err(Error::unavailable(format!("cannot connect to the database: {error}"))),
                Err(_) => return Err(Error::unavailable("the database did not take the connection within 2 s")),
            },
        };
        Ok(Lease::new(link, permit, generation, reused))
    }

    async fn permit(&self) -> Result<Permit<L>> {
        if is_in_background() {
            let one = self.0.background.acquire().await.map_err(|_| closing())?;
            self.0.permits.acquire().await.map_err(|_| closing())?.forget();
            one.forget();
            return Ok(Permit { shared: Arc::clone(&self.0), background: true });
        }
        let permit = match self.0.permits.try_acquire() {
            Ok(permit) => permit,
            Err(tokio::sync::TryAcquireError::Closed) => return Err(closing()),
            Err(tokio::sync::TryAcquireError::NoPermits) => match tokio::time::timeout(ACQUIRE, self.0.permits.acquire()).await {
                Ok(permit) => permit.map_err(|_| closing())?,
                Err(_) => return Err(Error::unavailable("no database connection became free within 2 s")),
            },
        };
        permit.forget();
        Ok(Permit { shared: Arc::clone(&self.0), background: false })
    }

    /// Reads with one statement. A connection that turns out to be dead is replaced once; `compile` then makes the
    /// statement again.
    pub(crate) async fn read(&self, compile: impl Fn() -> Result<Sql> + Send) -> Result<Rows> {
        let mut second = false;
        loop {
            let statement = L::statement(compile()?)?;
            let mut lease = self.acquire().await?;
            match lease.run(statement).await {
                Ok(rows) => return Ok(rows),
                Err(failure) if failure.fault == Fault::Lost && failure.reused && !second => second = true,
                Err(failure) => return Err(failure.into_error()),
            }
        }
    }

    /// How many statements were sent so far.
    pub(crate) fn statements(&self) -> u64 {
        self.0.statements.load(Ordering::Relaxed)
    }

    /// What is in use.
    pub(crate) fn figures(&self) -> PoolFigures {
        let used = self.0.most.saturating_sub(self.0.permits.available_permits());
        PoolFigures { most: self.0.most, used, idle: self.0.idle.lock().len() }
    }

    /// Hands out no more connections and says goodbye to the idle ones; those in use end when they come back.
    pub(crate) async fn close(&self) {
        self.0.permits.close();
        self.0.background.close();
        let idle = std::mem::take(&mut *self.0.idle.lock());
        for link in idle {
            link.end().await;
        }
    }
}

fn closing() -> Error {
    Error::unavailable("the store is closing")
}
