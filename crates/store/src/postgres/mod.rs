//! PostgreSQL: connections, and what its errors mean.

pub(crate) mod commit;
pub(crate) mod gather;
pub(crate) mod many;

use crate::Row;
use crate::fault::{Fault, classify};
use crate::pool::{Link, Ready};
use crate::sql::Sql;
use clientela_kernel::Result;
use futures_util::TryStreamExt as _;
use sqlx::postgres::{PgArguments, PgConnectOptions};
use sqlx::{ConnectOptions as _, Connection as _, Either, Executor as _, PgConnection};

/// Options of a connection that serves requests.
pub(crate) fn request_options(options: PgConnectOptions) -> PgConnectOptions {
    with_limits(base_options(options))
}

/// Options of a connection that serves the server itself, such as its bells. It has a name of its own: the limit of connections is on those of requests.
pub(crate) fn background_options(options: PgConnectOptions) -> PgConnectOptions {
    with_limits(base_options(options)).application_name("clientela background")
}

fn with_limits(options: PgConnectOptions) -> PgConnectOptions {
    options.options([("statement_timeout", "30s"), ("lock_timeout", "5s"), ("idle_in_transaction_session_timeout", "60s")])
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

    fn statement(sql: Sql) -> Result<Ready<PgArguments>> {
        let kept = !sql.by_value;
        let (text, arguments) = sql.into_pg()?;
        Ok(Ready { text, arguments, kept })
    }

    async fn connect(options: &PgConnectOptions) -> sqlx::Result<Self> {
        options.connect().await
    }

    async fn rows(&mut self, statement: Ready<PgArguments>) -> sqlx::Result<Vec<Row>> {
        let query = sqlx::query_with(statement.text, statement.arguments).persistent(statement.kept);
        let mut stream = self.fetch_many(query);
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
