//! The store: one database, opened once, shared by everything.

use crate::bell::Bells;
use crate::held::Inside;
use crate::pool::{Pool, PoolFigures};
use crate::postgres::gather::Gather;
use crate::purge::Purge;
use crate::ringer::Ringer;
use crate::settings::{Address, StoreSettings};
use crate::sql::Sql;
use crate::sqlite::commit::Work;
use crate::sqlite::writer::Writer;
use crate::system::SystemPool;
use crate::together::Together;
use crate::write::{Commit, WriteSet};
use crate::{Dialect, Rows, Scope, postgres, sqlite};
use clientela_kernel::{Error, Result, TenantId};
use sqlx::SqliteConnection;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// How long the database may take to answer a health check.
const PING: Duration = Duration::from_secs(1);

/// A database. Cheap to clone.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

/// What a store has in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoreFigures {
    /// Statements sent since it was opened.
    pub statements: u64,
    /// Connections that serve requests; on SQLite those that read.
    pub connections: PoolFigures,
    /// Writes that wait for SQLite's one writer.
    pub writer_queue: Option<usize>,
}

struct Inner {
    backend: Backend,
    address: Address,
    system: SystemPool,
    bells: Bells,
    ringer: Ringer,
    /// Statements sent inside transactions over many writes.
    held: Arc<AtomicU64>,
    purge: Arc<Purge>,
}

pub(crate) enum Backend {
    Postgres(Gather),
    Sqlite {
        readers: Pool<SqliteConnection>,
        writer: Writer,
    },
    /// Inside a transaction over many writes.
    Held(Arc<Inside>),
}

impl Store {
    /// Opens a database. A SQLite file is made if it is not there; a PostgreSQL server is not contacted before it is
    /// needed ([`Store::ready`] asks it). Must be called inside a runtime.
    pub async fn open(settings: &StoreSettings) -> Result<Store> {
        let address = settings.address()?;
        let connections = settings.connections(settings.dialect()?);
        let backend = match &address {
            Address::Postgres(options) => {
                let pool = Pool::new(postgres::request_options(options.as_ref().clone()), connections);
                Backend::Postgres(Gather::new(pool, connections))
            }
            Address::Sqlite(path) => {
                let writer = Writer::start(sqlite::writing_options(path)).await?;
                Backend::Sqlite { readers: Pool::new(sqlite::reading_options(path), connections), writer }
            }
        };
        let (system, bells) = (SystemPool::default(), Bells::default());
        let ringer = Ringer::default();
        Ok(Store(Arc::new(Inner { backend, address, system, bells, ringer, held: Arc::default(), purge: Arc::default() })))
    }

    /// Which database it is.
    pub fn dialect(&self) -> Dialect {
        match &self.0.backend {
            Backend::Postgres(_) => Dialect::Postgres,
            Backend::Sqlite { .. } => Dialect::Sqlite,
            Backend::Held(inside) => inside.dialect(),
        }
    }

    /// The door to the records of one tenant.
    pub fn scope(&self, tenant: TenantId) -> Scope {
        Scope::new(self.clone(), tenant)
    }

    /// How many statements requests have sent to the database since it was opened; on SQLite those that begin and end a
    /// transaction count too. Tests hold requests to their number.
    pub fn statements(&self) -> u64 {
        match &self.0.backend {
            Backend::Postgres(gather) => gather.pool().statements() + self.0.held.load(Ordering::Relaxed),
            Backend::Sqlite { readers, writer } => readers.statements() + writer.statements() + self.0.held.load(Ordering::Relaxed),
            Backend::Held(inside) => inside.statements(),
        }
    }

    /// Whether the database answers within a second.
    pub async fn ready(&self) -> Result<()> {
        let ping = self.read(|| Ok(self.plain("SELECT 1")));
        match tokio::time::timeout(PING, ping).await {
            Ok(answer) => answer.map(drop),
            Err(_) => Err(Error::unavailable("the database did not answer within 1 s")),
        }
    }

    /// The names of the migrations that the database has seen, in order; none if it was never migrated.
    pub async fn migrations(&self) -> Result<Vec<String>> {
        let known = self.read(|| {
            Ok(self.plain(match self.dialect() {
                Dialect::Postgres => "SELECT 1 WHERE to_regclass('seaql_migrations') IS NOT NULL",
                Dialect::Sqlite => "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'seaql_migrations'",
            }))
        });
        if known.await?.is_empty() {
            return Ok(Vec::new());
        }
        let rows = self.read(|| Ok(self.plain("SELECT version FROM seaql_migrations ORDER BY version"))).await?;
        rows.iter().map(|row| row.text(0).map(|name| name.unwrap_or_default().to_owned())).collect()
    }

    /// Finishes what is queued, folds SQLite's write-ahead log into the database, ends every connection. Whatever comes
    /// later is refused as unavailable.
    pub async fn close(&self) {
        self.0.bells.close();
        self.0.system.close().await;
        match &self.0.backend {
            Backend::Postgres(gather) => gather.pool().close().await,
            Backend::Sqlite { readers, writer } => {
                readers.close().await;
                writer.close().await;
            }
            Backend::Held(_) => {}
        }
    }

    /// Runs a reading statement.
    pub(crate) async fn read(&self, compile: impl Fn() -> Result<Sql> + Send) -> Result<Rows> {
        match &self.0.backend {
            Backend::Postgres(gather) => gather.pool().read(compile).await,
            Backend::Sqlite { readers, .. } => readers.read(compile).await,
            Backend::Held(inside) => inside.read(compile()?).await,
        }
    }

    /// Writes a set, all or nothing.
    pub(crate) async fn commit(&self, set: Arc<WriteSet>) -> Result<Commit> {
        if set.audit.is_some() && !matches!(self.0.backend, Backend::Held(_)) {
            return self.commit_audited(set).await;
        }
        let logs = set.rows.iter().any(|row| row.log.is_some());
        let outcome = match &self.0.backend {
            Backend::Postgres(gather) => gather.commit(set).await,
            Backend::Sqlite { writer, .. } => {
                let work = Work::new(&set)?;
                if work.is_empty() { Ok(Commit::Done) } else { writer.commit(work).await }
            }
            // It has grown when the transaction ends.
            Backend::Held(inside) => return inside.commit(&set).await,
        };
        if logs && matches!(outcome, Ok(Commit::Done)) {
            self.changed();
        }
        outcome
    }

    /// Writes a set and what the audit says of it, in a transaction of its own: it is rare, and need not be fast.
    async fn commit_audited(&self, set: Arc<WriteSet>) -> Result<Commit> {
        let (inside, transaction) = self.begin().await?;
        // Inside it is the transaction's own affair, so this goes no deeper.
        match Box::pin(inside.commit(set)).await {
            Ok(Commit::Done) => {
                transaction.commit().await?;
                self.changed();
                Ok(Commit::Done)
            }
            Ok(other) => transaction.roll_back().await.map(|()| other),
            // The caller reads again, as after any guard that failed.
            Err(error) if error.is_collision() => transaction.roll_back().await.map(|()| Commit::GuardFailed),
            Err(error) => Err(error),
        }
    }

    /// Writes several sets of one tenant, all or none, with few statements; none where they cannot be put together.
    pub(crate) async fn commit_together(&self, tenant: TenantId, sets: &[&WriteSet]) -> Result<Option<Commit>> {
        let Some(together) = Together::new(tenant, sets)? else { return Ok(None) };
        let outcome = match &self.0.backend {
            Backend::Postgres(gather) => postgres::commit::commit_together(gather.pool(), &together).await,
            Backend::Sqlite { writer, .. } => writer.commit(Work::together(&together)?).await,
            Backend::Held(inside) => return inside.commit_together(&together).await.map(Some),
        };
        if matches!(outcome, Ok(Commit::Done)) {
            self.changed();
        }
        outcome.map(Some)
    }

    /// A statement without values.
    pub(crate) fn plain(&self, text: &'static str) -> Sql {
        let mut sql = Sql::new(self.dialect());
        sql.push(text);
        sql
    }

    /// SQLite's file.
    pub(crate) fn file(&self) -> Option<&Path> {
        match &self.0.address {
            Address::Sqlite(path) => Some(path),
            Address::Postgres(_) => None,
        }
    }

    /// What is in use at this moment.
    pub fn figures(&self) -> StoreFigures {
        let (connections, writer_queue) = match &self.0.backend {
            Backend::Postgres(gather) => (gather.pool().figures(), None),
            Backend::Sqlite { readers, writer } => (readers.figures(), Some(writer.queued())),
            Backend::Held(_) => (PoolFigures { most: 1, used: 1, idle: 0 }, None),
        };
        StoreFigures { statements: self.statements(), connections, writer_queue }
    }

    /// The same database by another way.
    pub(crate) fn with_backend(&self, backend: Backend) -> Store {
        let (address, purge) = (self.0.address.clone(), Arc::clone(&self.0.purge));
        let (system, bells, ringer) = (SystemPool::default(), Bells::default(), Ringer::default());
        Store(Arc::new(Inner { backend, address, system, bells, ringer, held: Arc::default(), purge }))
    }

    /// The transaction that this is the inside of.
    pub(crate) fn held_inside(&self) -> Option<&Inside> {
        match &self.0.backend {
            Backend::Held(inside) => Some(inside),
            _ => None,
        }
    }

    pub(crate) fn held_statements(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.0.held)
    }

    pub(crate) fn purging(&self) -> &Arc<Purge> {
        &self.0.purge
    }

    pub(crate) fn address(&self) -> &Address {
        &self.0.address
    }

    pub(crate) fn system_pool(&self) -> &SystemPool {
        &self.0.system
    }

    pub(crate) fn ringer(&self) -> &Ringer {
        &self.0.ringer
    }

    pub(crate) fn bells(&self) -> &Bells {
        &self.0.bells
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("dialect", &self.dialect()).finish_non_exhaustive()
    }
}
