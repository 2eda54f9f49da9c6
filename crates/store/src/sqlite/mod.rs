//! SQLite: connections, and what its errors mean.

pub(crate) mod commit;
pub(crate) mod writer;

use crate::Row;
use crate::fault::{Fault, classify};
use crate::pool::{Link, Ready};
use crate::sql::Sql;
use clientela_kernel::Result;
use futures_util::TryStreamExt as _;
use sqlx::sqlite::{SqliteArguments, SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Connection as _, Either, Executor as _, SqliteConnection};
use std::path::Path;
use std::time::Duration;

/// Pages that the connection that writes keeps in memory at most, in KiB: an import comes by many of them again.
const WRITER_CACHE: &str = "-8192";
/// Pages of the write-ahead log that are folded into the database at once: a page that is written often is folded once.
const FOLD: &str = "4000";

/// Options of a connection that writes. `synchronous=FULL` makes an acknowledged write survive a power cut.
pub(crate) fn writing_options(path: &Path) -> SqliteConnectOptions {
    base_options(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .pragma("cache_size", WRITER_CACHE)
        .pragma("wal_autocheckpoint", FOLD)
}

/// Options of a connection that only reads. The file is opened like the writer's, since a connection opened read-only
/// could not map the log of a database that nobody else has open.
pub(crate) fn reading_options(path: &Path) -> SqliteConnectOptions {
    base_options(path).create_if_missing(false).pragma("query_only", "ON")
}

fn base_options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .foreign_keys(true)
        .busy_timeout(Duration::from_secs(5))
        .statement_cache_capacity(1_000)
        .pragma("temp_store", "MEMORY")
        .disable_statement_logging()
}

impl Link for SqliteConnection {
    type Options = SqliteConnectOptions;
    type Arguments = SqliteArguments;

    fn statement(sql: Sql) -> Result<Ready<SqliteArguments>> {
        let (text, arguments) = sql.into_sqlite()?;
        Ok(Ready { text, arguments, kept: true })
    }

    async fn connect(options: &SqliteConnectOptions) -> sqlx::Result<Self> {
        options.connect().await
    }

    async fn rows(&mut self, statement: Ready<SqliteArguments>) -> sqlx::Result<Vec<Row>> {
        let query = sqlx::query_with(statement.text, statement.arguments).persistent(statement.kept);
        let mut stream = self.fetch_many(query);
        let mut rows = Vec::new();
        while let Some(item) = stream.try_next().await? {
            if let Either::Right(row) = item {
                rows.push(Row::Sqlite(row));
            }
        }
        Ok(rows)
    }

    async fn settle(&mut self) -> sqlx::Result<()> {
        self.ping().await
    }

    async fn end(self) {
        if let Err(error) = self.close().await {
            tracing::debug!(%error, "a database connection did not end in order");
        }
    }

    fn fault(error: &sqlx::Error) -> Fault {
        classify(error, answered)
    }
}

/// Judges an answer by its extended result code (<https://www.sqlite.org/rescode.html>).
fn answered(code: &str, _message: &str) -> Fault {
    match code.parse::<u32>().map_or(0, |code| code & 0xff) {
        // FULL.
        13 => Fault::Full,
        // BUSY, LOCKED, NOMEM, READONLY, IOERR, CANTOPEN.
        5 | 6 | 7 | 8 | 10 | 14 => Fault::Busy,
        _ => Fault::Refused,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_judged() {
        assert_eq!(answered("13", ""), Fault::Full);
        assert_eq!(answered("778", ""), Fault::Busy, "IOERR_WRITE is an I/O error");
        assert_eq!(answered("2067", ""), Fault::Refused, "a unique key is not trouble of the database");
        assert_eq!(answered("1", ""), Fault::Refused);
    }
}
