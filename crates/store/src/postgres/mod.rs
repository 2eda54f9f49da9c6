//! PostgreSQL: connections, and what its errors mean.

pub(crate) mod commit;
mod many;

use crate::Row;
use crate::dialect::postgres::{LIKE, OF_MANY};
use crate::fault::{Fault, classify};
use crate::pool::Link;
use crate::search::MATCHES;
use crate::sql::Sql;
use clientela_kernel::Result;
use commit::MANY;
use futures_util::TryStreamExt as _;
use sqlx::postgres::{PgArguments, PgConnectOptions};
use sqlx::{ConnectOptions as _, Connection as _, Either, Executor as _, PgConnection, SqlStr};

/// Options of a connection that serves requests.
pub(crate) fn request_options(options: PgConnectOptions) -> PgConnectOptions {
    base_options(options).options([("statement_timeout", "30s"), ("lock_timeout", "5s"), ("idle_in_transaction_session_timeout", "60s")])
}

/// Options of the connection that migrates: it may take its time, but not queue for a lock without end.
pub(crate) fn migration_options(options: PgConnectOptions) -> PgConnectOptions {
    base_options(options).options([("lock_timeout", "10s")])
}

fn base_options(options: PgConnectOptions) -> PgConnectOptions {
    // Compiling a plan to machine code pays off for reports only; here it would cost milliseconds on a first execution.
    options.application_name("clientela").statement_cache_capacity(1_000).disable_statement_logging().options([
        ("jit", "off"),
        ("timezone", "UTC"),
        ("client_min_messages", "error"),
    ])
}

impl Link for PgConnection {
    type Options = PgConnectOptions;
    type Arguments = PgArguments;

    fn statement(sql: Sql) -> Result<(SqlStr, PgArguments)> {
        sql.into_pg()
    }

    async fn connect(options: &PgConnectOptions) -> sqlx::Result<Self> {
        options.connect().await
    }

    async fn rows(&mut self, text: SqlStr, arguments: PgArguments) -> sqlx::Result<Vec<Row>> {
        let said = text.as_str();
        let any_values_alike = !said.starts_with(MANY) && ![LIKE, MATCHES, OF_MANY].into_iter().any(|part| said.contains(part));
        let mut stream = self.fetch_many(sqlx::query_with(text, arguments).persistent(any_values_alike));
        let mut rows = Vec::new();
        while let Some(item) = stream.try_next().await? {
            if let Either::Right(row) = item {
                rows.push(Row::Postgres(row));
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

/// Judges an answer by its SQLSTATE (<https://www.postgresql.org/docs/current/errcodes-appendix.html>).
fn answered(code: &str, message: &str) -> Fault {
    match code {
        // The session was ended, or the server became a standby.
        "57P01" | "57P02" | "57P04" | "57P05" | "25P03" | "25006" => Fault::Lost,
        // The schema changed under a prepared statement, or something in between dropped it.
        "26000" => Fault::Lost,
        "0A000" if message.contains("cached plan") => Fault::Lost,
        // Starting or stopping; statement timeout; lock timeout; disk trouble.
        "57P03" | "57014" | "55P03" | "58030" => Fault::Busy,
        _ if code.starts_with("08") => Fault::Lost,
        // Out of disk.
        "53100" => Fault::Full,
        // Out of memory, connections.
        _ if code.starts_with("53") => Fault::Busy,
        _ => Fault::Refused,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_judged() {
        assert_eq!(answered("57P01", ""), Fault::Lost);
        assert_eq!(answered("08006", ""), Fault::Lost);
        assert_eq!(answered("53300", ""), Fault::Busy);
        assert_eq!(answered("53100", ""), Fault::Full);
        assert_eq!(answered("55P03", ""), Fault::Busy);
        assert_eq!(answered("0A000", "cached plan must not change result type"), Fault::Lost);
        assert_eq!(answered("0A000", "something else is not supported"), Fault::Refused);
        assert_eq!(answered("42P01", ""), Fault::Refused);
    }
}
