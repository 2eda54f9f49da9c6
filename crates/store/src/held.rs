//! One transaction over many writes: a store of its own, on a connection of its own, in which reads see what was written
//! before, and of which nobody else sees anything until it is committed.
//!
//! On SQLite it holds the database's one place for writing: other writers wait for it, and after five seconds are told that
//! the database is busy. On PostgreSQL other writers go on, except where they want the same rows or unique keys.

use crate::audit::{AuditWrite, append};
use crate::pool::{Failure, Link, Ready};
use crate::postgres::many::Use;
use crate::settings::Address;
use crate::sql::Sql;
use crate::sqlite::commit::Work;
use crate::sqlite::writer::Hand;
use crate::store::Backend;
use crate::together::Together;
use crate::write::{Commit, RowChange, WriteSet};
use crate::{Dialect, Rows, Store, postgres, sqlite};
use clientela_kernel::{Error, Result, TenantId};
use sqlx::PgConnection;
use sqlx::postgres::PgArguments;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::Mutex;

/// Opens the transaction, and the savepoint of the first write.
const BEGIN_POSTGRES: [&str; 2] = ["BEGIN", "SAVEPOINT request"];
const BEGIN_SQLITE: &str = "BEGIN IMMEDIATE; SAVEPOINT request";
/// Ends the savepoint of the write before and sets the next one.
const NEXT: &str = "RELEASE SAVEPOINT request; SAVEPOINT request;";
const UNDO: &str = "ROLLBACK TO SAVEPOINT request";
/// Begins a part of several writes that is kept or taken back as a whole, and ends it.
const MARK: [&str; 3] = ["RELEASE SAVEPOINT request", "SAVEPOINT part", "SAVEPOINT request"];
const KEEP: [&str; 2] = ["RELEASE SAVEPOINT part", "SAVEPOINT request"];
const TAKE_BACK: [&str; 3] = ["ROLLBACK TO SAVEPOINT part", "RELEASE SAVEPOINT part", "SAVEPOINT request"];

/// A transaction over many writes. Dropped, it is rolled back.
pub struct Held(Arc<Inside>);

/// The connection, shared between the transaction's store and its end.
pub(crate) struct Inside {
    dialect: Dialect,
    link: Mutex<Option<Connection>>,
    /// Counted with those of the store it came from.
    statements: Arc<AtomicU64>,
}

enum Connection {
    Postgres(PgConnection),
    Sqlite(Box<Hand>),
}

impl Store {
    /// Begins a transaction over many writes: a store for what happens inside, and its end. Writes inside come one after
    /// the other; one that is refused leaves no trace, and the transaction goes on.
    pub async fn begin(&self) -> Result<(Store, Held)> {
        let unavailable = |error: sqlx::Error| Error::unavailable(format!("the transaction cannot begin: {error}"));
        let (dialect, connection) = match self.address() {
            Address::Postgres(options) => {
                let options = postgres::request_options(options.as_ref().clone());
                let mut link = <PgConnection as Link>::connect(&options).await.map_err(unavailable)?;
                for statement in BEGIN_POSTGRES {
                    sqlx::raw_sql(statement).execute(&mut link).await.map_err(unavailable)?;
                }
                (Dialect::Postgres, Connection::Postgres(link))
            }
            Address::Sqlite(path) => {
                let mut hand = Hand::new(sqlite::writing_options(path)).await?;
                hand.plainly(BEGIN_SQLITE).await?;
                (Dialect::Sqlite, Connection::Sqlite(Box::new(hand)))
            }
        };
        let inside = Arc::new(Inside { dialect, link: Mutex::new(Some(connection)), statements: self.held_statements() });
        Ok((self.with_backend(Backend::Held(Arc::clone(&inside))), Held(inside)))
    }

    /// Inside a transaction: begins a part of it. One part at a time.
    pub async fn begin_part(&self) -> Result<()> {
        self.inside()?.tell(&MARK).await
    }

    /// Ends the part that was begun: what it wrote stays in the transaction, or is taken back from it.
    pub async fn end_part(&self, keep: bool) -> Result<()> {
        self.inside()?.tell(if keep { &KEEP } else { &TAKE_BACK }).await
    }

    fn inside(&self) -> Result<&Inside> {
        self.held_inside().ok_or_else(|| Error::internal("a part of no transaction"))
    }
}

impl Held {
    /// Makes everything that was written durable, at once.
    ///
    /// # Errors
    /// Nothing was written.
    pub async fn commit(self) -> Result<()> {
        // On PostgreSQL a COMMIT of a transaction that has failed is a rollback without an error; releasing the savepoint
        // is refused there.
        self.0.end(&["RELEASE SAVEPOINT request", "COMMIT"]).await
    }

    /// Takes everything back.
    pub async fn roll_back(self) -> Result<()> {
        self.0.end(&["ROLLBACK"]).await
    }
}

impl Connection {
    /// Sends statements without values.
    async fn tell(&mut self, statements: &[&'static str]) -> Result<()> {
        for statement in statements {
            match self {
                Connection::Postgres(link) => {
                    let outcome = sqlx::raw_sql(*statement).execute(&mut *link).await;
                    outcome.map_err(|error| <PgConnection as Link>::fault(&error).error(error))?;
                }
                Connection::Sqlite(hand) => hand.plainly(statement).await?,
            }
        }
        Ok(())
    }
}

fn ended() -> Error {
    Error::internal("the transaction has ended")
}

impl Inside {
    pub(crate) fn dialect(&self) -> Dialect {
        self.dialect
    }

    pub(crate) fn statements(&self) -> u64 {
        self.statements.load(Ordering::Relaxed)
    }

    async fn end(&self, statements: &[&'static str]) -> Result<()> {
        let mut connection = self.link.lock().await.take().ok_or_else(ended)?;
        connection.tell(statements).await?;
        match connection {
            Connection::Postgres(link) => link.end().await,
            Connection::Sqlite(hand) => hand.put_down().await,
        }
        Ok(())
    }

    async fn tell(&self, statements: &[&'static str]) -> Result<()> {
        self.statements.fetch_add(1, Ordering::Relaxed);
        self.link.lock().await.as_mut().ok_or_else(ended)?.tell(statements).await
    }

    /// Reads inside the transaction.
    pub(crate) async fn read(&self, sql: Sql) -> Result<Rows> {
        self.statements.fetch_add(1, Ordering::Relaxed);
        let mut link = self.link.lock().await;
        match link.as_mut().ok_or_else(ended)? {
            Connection::Postgres(link) => rows(link, sql).await,
            Connection::Sqlite(hand) => rows(hand.connection().await?, sql).await,
        }
    }

    /// Writes inside the transaction: all of the set, or nothing of it. [`Error::is_collision`] where the transaction met
    /// another head-on: it must be taken back, and can start anew.
    pub(crate) async fn commit(&self, set: &WriteSet) -> Result<Commit> {
        match self.dialect {
            Dialect::Postgres => self.carry_out(Task::Postgres(postgres::commit::alone(set)?, &set.rows), entries(set)).await,
            Dialect::Sqlite => self.carry_out(Task::Sqlite(Box::new(Work::new(set)?)), entries(set)).await,
        }
    }

    /// Writes several sets inside the transaction: all of them, or nothing.
    pub(crate) async fn commit_together(&self, sets: &Together<'_>) -> Result<Commit> {
        match self.dialect {
            Dialect::Postgres => self.carry_out(Task::Postgres(postgres::commit::together(sets, Use::Once)?, &[]), None).await,
            Dialect::Sqlite => self.carry_out(Task::Sqlite(Box::new(Work::together(sets)?)), None).await,
        }
    }

    /// Carries out a write, and adds to the audit what is said of it.
    async fn carry_out(&self, task: Task<'_>, audit: Option<(TenantId, &AuditWrite)>) -> Result<Commit> {
        self.statements.fetch_add(1, Ordering::Relaxed);
        let mut link = self.link.lock().await;
        match (link.as_mut().ok_or_else(ended)?, task) {
            (Connection::Postgres(link), Task::Postgres(statement, changes)) => {
                let plain = |error: sqlx::Error| <PgConnection as Link>::fault(&error).error(error);
                sqlx::raw_sql(NEXT).execute(&mut *link).await.map_err(plain)?;
                let written = match (link.rows(statement).await, audit) {
                    (Ok(rows), _) if rows.is_empty() => Ok(Commit::GuardFailed),
                    (Ok(_), Some((tenant, audit))) => append(link, self.dialect, tenant, audit).await,
                    (written, _) => written.map(|_| Commit::Done),
                };
                let outcome = match written {
                    Ok(Commit::Done) => return Ok(Commit::Done),
                    Ok(other) => Ok(other),
                    // What this transaction wrote before still stands in the other's way: only a new start can help.
                    Err(error) if collided(&error) => Err(Error::collision(error)),
                    Err(error) => {
                        let fault = <PgConnection as Link>::fault(&error);
                        postgres::commit::refused(Failure { fault, error: Some(error), reused: false }, changes)
                    }
                };
                sqlx::raw_sql(UNDO).execute(&mut *link).await.map_err(plain)?;
                outcome
            }
            (Connection::Sqlite(hand), Task::Sqlite(mut work)) => {
                let mut outcome = match work.is_empty() {
                    true if audit.is_none() => return Ok(Commit::Done),
                    true => hand.plainly(NEXT).await.map(|()| Commit::Done),
                    false => hand.one_of_many(NEXT, &mut work).await,
                };
                if let (Ok(Commit::Done), Some((tenant, audit))) = (&outcome, audit) {
                    let connection = hand.connection().await?;
                    let appended = append(connection, self.dialect, tenant, audit).await;
                    outcome = appended.map_err(|error| <sqlx::SqliteConnection as Link>::fault(&error).error(error));
                }
                if !matches!(outcome, Ok(Commit::Done)) {
                    hand.plainly(UNDO).await?;
                }
                outcome
            }
            _ => Err(Error::internal("a write for another database")),
        }
    }
}

/// What the audit says of a set.
fn entries(set: &WriteSet) -> Option<(TenantId, &AuditWrite)> {
    set.audit.as_ref().map(|audit| (set.tenant, audit))
}

fn collided(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    code.is_some_and(|code| postgres::commit::COLLISIONS.contains(&code.as_ref()))
}

/// A write in the form of its database.
enum Task<'s> {
    Postgres(Ready<PgArguments>, &'s [RowChange]),
    Sqlite(Box<Work>),
}

async fn rows<L: Link>(link: &mut L, sql: Sql) -> Result<Rows> {
    let statement = L::statement(sql)?;
    link.rows(statement).await.map_err(|error| L::fault(&error).error(error))
}
