//! Taking out of the database's files what deleted rows have left in them.
//!
//! A database that deletes a row leaves its bytes where they were until something else is written there. After an erasure
//! they are overwritten: SQLite's file is written anew, without them, and its write-ahead log emptied; on PostgreSQL small tables are written
//! anew and large ones vacuumed, since writing a table anew keeps everybody out of it meanwhile.

use crate::pool::Link as _;
use crate::settings::Address;
use crate::task::background;
use crate::{Store, postgres, sqlite};
use parking_lot::Mutex;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, Row as _, SqliteConnection};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

/// Tables of PostgreSQL of at most so many bytes, indexes included, are written anew.
const SMALL: i64 = 64 * 1024 * 1024;
/// Tables that every erasure touches.
const ALWAYS: [&str; 3] = [crate::commit::CHANGE_LOG, crate::commit::IDEMPOTENCY, "search_document"];
/// How often it is tried, and how long it waits in between.
const ATTEMPTS: usize = 12;
const PAUSE: Duration = Duration::from_secs(4);

/// What is still to be purged.
#[derive(Default)]
pub(crate) struct Purge(Mutex<Waiting>);

#[derive(Default)]
struct Waiting {
    tables: BTreeSet<String>,
    running: bool,
}

impl Store {
    /// Takes what was deleted from these tables out of the database's files, in the background, as soon as it can. Several of these become one.
    pub fn purge(&self, tables: impl IntoIterator<Item = String>) {
        let purge = self.purging();
        let mut waiting = purge.0.lock();
        waiting.tables.extend(tables);
        waiting.tables.extend(ALWAYS.map(str::to_owned));
        if !std::mem::replace(&mut waiting.running, true) {
            background(run(Arc::clone(purge), self.address().clone()));
        }
    }
}

async fn run(purge: Arc<Purge>, address: Address) {
    loop {
        let tables = {
            let mut waiting = purge.0.lock();
            let tables = std::mem::take(&mut waiting.tables);
            waiting.running = !tables.is_empty();
            tables
        };
        if tables.is_empty() {
            return;
        }
        for attempt in 1..=ATTEMPTS {
            let outcome = match &address {
                Address::Postgres(options) => purge_postgres(options.as_ref().clone(), &tables).await,
                Address::Sqlite(path) => purge_sqlite(sqlite::writing_options(path)).await,
            };
            match outcome {
                Ok(true) => break,
                Ok(false) if attempt < ATTEMPTS => {}
                Err(error) if attempt < ATTEMPTS => tracing::debug!(%error, "erased bytes are not out of the database's files yet"),
                Ok(false) => tracing::warn!("erased bytes may still stand in the database's write-ahead log: somebody kept reading it"),
                Err(error) => tracing::warn!(%error, "erased bytes may still stand in the database's files: vacuum it by hand"),
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}

/// Whether the write-ahead log is empty as well.
async fn purge_sqlite(options: SqliteConnectOptions) -> sqlx::Result<bool> {
    let mut connection = <SqliteConnection as crate::pool::Link>::connect(&options.create_if_missing(false)).await?;
    sqlx::raw_sql("VACUUM").execute(&mut connection).await?;
    let row = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").fetch_one(&mut connection).await?;
    let busy: i64 = row.try_get(0)?;
    connection.end().await;
    Ok(busy == 0)
}

async fn purge_postgres(options: sqlx::postgres::PgConnectOptions, tables: &BTreeSet<String>) -> sqlx::Result<bool> {
    let mut connection = <PgConnection as crate::pool::Link>::connect(&postgres::migration_options(options)).await?;
    for table in tables {
        let size = sqlx::query_scalar::<_, Option<i64>>("SELECT pg_total_relation_size(to_regclass($1))").bind(table);
        let Some(size) = size.fetch_one(&mut connection).await? else { continue };
        // Names of tables come from definitions, which the registry has checked.
        let how = if size <= SMALL { "VACUUM (FULL, ANALYZE) " } else { "VACUUM (ANALYZE) " };
        sqlx::raw_sql(AssertSqlSafe(format!("{how}{table}"))).execute(&mut connection).await?;
    }
    connection.close().await?;
    Ok(true)
}
