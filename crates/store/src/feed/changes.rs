//! The change log of a tenant in order, from a place on.
//!
//! On PostgreSQL a sequence number is drawn before its transaction commits, so a reader that went by it would skip what
//! commits late. The feed goes by (transaction, sequence) and shows nothing of a transaction younger than the oldest one
//! still running: what appears later sorts after everything shown so far. A record's own order is its `version`.

use crate::sql::{Argument, Sql};
use crate::{Dialect, Row, Scope};
use clientela_kernel::{Error, Id, Result, Timestamp, Value};
use std::fmt;
use uuid::Uuid;

/// A place in the feed. Its text is opaque to callers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FeedCursor {
    /// The transaction on PostgreSQL, 0 on SQLite.
    pub(super) transaction: i64,
    pub(super) sequence: i64,
}

/// One change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Its number in the log.
    pub sequence: i64,
    /// The resource's name.
    pub resource: String,
    /// The record.
    pub record: Id,
    /// The record's version after the change.
    pub version: i64,
    /// When.
    pub at: Timestamp,
    /// Who: `usr_…`, `key_…`, `sys_…`.
    pub actor: String,
    /// The client program.
    pub client: Option<String>,
    /// The request.
    pub request: Uuid,
    /// `CREATED`, `UPDATED`, `DELETED`, `RESTORED` or `ERASED`.
    pub kind: String,
    /// JSON object of the changed fields before; absent at creation, and for good once the record is erased.
    pub before: Option<String>,
    /// JSON object of the changed fields after; absent once the record is erased.
    pub after: Option<String>,
}

/// A stretch of the feed.
#[derive(Clone, Debug)]
pub struct ChangePage {
    /// The changes, in the feed's order.
    pub changes: Vec<Change>,
    /// Where to go on: the place of the last change, or where the reading began if there was none.
    pub next: Option<FeedCursor>,
}

impl FeedCursor {
    /// Before every change.
    pub const START: FeedCursor = FeedCursor { transaction: 0, sequence: 0 };

    /// Reads the opaque text.
    pub fn parse(text: &str) -> Option<FeedCursor> {
        let (transaction, sequence) = text.split_once('-')?;
        let number = |text: &str| i64::from_str_radix(text, 16).ok().filter(|number| *number >= 0);
        Some(FeedCursor { transaction: number(transaction)?, sequence: number(sequence)? })
    }
}

impl fmt::Display for FeedCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}-{:x}", self.transaction, self.sequence)
    }
}

impl Scope {
    /// At most `limit` changes of the tenant after a place in the feed, or from its beginning.
    pub async fn changes(&self, after: Option<FeedCursor>, limit: u32) -> Result<ChangePage> {
        let placed = self.changes_until(after.unwrap_or(FeedCursor::START), None, &[], limit).await?;
        let next = placed.last().map(|(place, _)| *place).or(after);
        Ok(ChangePage { changes: placed.into_iter().map(|(_, change)| change).collect(), next })
    }

    /// At most `limit` changes after a place, with their own places: up to another one, where there is one, and of these resources, where there are any.
    pub async fn changes_until(
        &self,
        after: FeedCursor,
        until: Option<FeedCursor>,
        resources: &[String],
        limit: u32,
    ) -> Result<Vec<(FeedCursor, Change)>> {
        let rows = self.store().read(|| Ok(statement(self, after, until, resources, limit))).await?;
        let placed = |row: &Row| {
            let change = change(row)?;
            Ok((FeedCursor { transaction: row.integer(11)?.unwrap_or(0), sequence: change.sequence }, change))
        };
        rows.iter().map(placed).collect()
    }

    /// The place of the last change that can be read: whatever appears later has a later place.
    pub async fn feed_end(&self) -> Result<FeedCursor> {
        let compile = || {
            let mut sql = Sql::of_tenant(self.dialect(), self.tenant());
            match self.dialect() {
                Dialect::Postgres => {
                    sql.push("SELECT xid::text::bigint, seq FROM change_log WHERE tenant_id = ").tenant();
                    sql.push(" AND xid < pg_snapshot_xmin(pg_current_snapshot()) ORDER BY xid DESC, seq DESC LIMIT 1")
                }
                Dialect::Sqlite => sql.push("SELECT 0, seq FROM change_log WHERE tenant_id = ").tenant().push(" ORDER BY seq DESC LIMIT 1"),
            };
            Ok(sql)
        };
        let rows = self.store().read(compile).await?;
        let Some(row) = rows.first() else { return Ok(FeedCursor::START) };
        Ok(FeedCursor { transaction: row.integer(0)?.unwrap_or(0), sequence: row.integer(1)?.unwrap_or(0) })
    }

    /// The place in the feed of a version of a record, of this number in the log where one is given; none where the log has no such change. Where the
    /// versions of an erased record of the same id were counted before, the later one's. It may lie beyond what the feed shows at this moment.
    pub async fn place(&self, resource: &str, record: Id, version: i64, sequence: Option<i64>) -> Result<Option<FeedCursor>> {
        let compile = || {
            let transaction = if self.dialect() == Dialect::Postgres { "xid::text::bigint" } else { "0" };
            let mut sql = Sql::of_tenant(self.dialect(), self.tenant());
            sql.push("SELECT seq, ").push(transaction).push(" FROM change_log WHERE tenant_id = ").tenant();
            sql.push(" AND record_id = ").value(&Value::Id(record.0)).push(" AND version = ").value(&Value::Integer(version));
            sql.push(" AND resource = ").value(&Value::from(resource));
            if let Some(sequence) = sequence {
                sql.push(" AND seq = ").value(&Value::Integer(sequence));
            }
            sql.push(" ORDER BY seq DESC LIMIT 1");
            Ok(sql)
        };
        let rows = self.store().read(compile).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let number = |column: usize| row.integer(column).map(|number| number.unwrap_or(0));
        Ok(Some(FeedCursor { transaction: number(1)?, sequence: number(0)? }))
    }

    /// The place before the first change, in the feed's order, that was made at a moment or later and has a number or a greater one. None where there is no such change.
    pub async fn place_before(&self, from: Timestamp, sequence: Option<i64>) -> Result<Option<FeedCursor>> {
        let compile = || {
            let postgres = self.dialect() == Dialect::Postgres;
            let transaction = if postgres { "xid::text::bigint" } else { "0" };
            let mut sql = Sql::of_tenant(self.dialect(), self.tenant());
            sql.push("SELECT seq, ").push(transaction).push(" FROM change_log WHERE tenant_id = ").tenant();
            sql.push(" AND at >= ").value(&Value::Instant(from));
            if let Some(sequence) = sequence {
                sql.push(" AND seq >= ").value(&Value::Integer(sequence));
            }
            sql.push(if postgres { " ORDER BY xid, seq LIMIT 1" } else { " ORDER BY seq LIMIT 1" });
            Ok(sql)
        };
        let rows = self.store().read(compile).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let number = |column: usize| row.integer(column).map(|number| number.unwrap_or(0));
        Ok(Some(FeedCursor { transaction: number(1)?, sequence: number(0)? - 1 }))
    }
}

fn statement(scope: &Scope, after: FeedCursor, until: Option<FeedCursor>, resources: &[String], limit: u32) -> Sql {
    let mut sql = Sql::of_tenant(scope.dialect(), scope.tenant());
    sql.push("SELECT ").push(COLUMNS).push(match scope.dialect() {
        Dialect::Postgres => ", before::text, after::text, xid::text::bigint FROM change_log WHERE ",
        Dialect::Sqlite => ", before, after, 0 FROM change_log WHERE ",
    });
    within(&mut sql, after, until);
    if !resources.is_empty() {
        let texts = Argument::Texts(resources.to_vec());
        match scope.dialect() {
            Dialect::Postgres => sql.push(" AND resource = ANY(").bind(texts).push(")"),
            Dialect::Sqlite => sql.push(" AND resource IN (SELECT value FROM json_each(").bind(texts).push("))"),
        };
    }
    sql.push(if scope.dialect() == Dialect::Postgres { " ORDER BY xid, seq LIMIT " } else { " ORDER BY seq LIMIT " });
    sql.bind(number(i64::from(limit)));
    sql
}

/// Appends the condition on rows of the log that lie after one place and not after another, and below the horizon.
pub(super) fn within(sql: &mut Sql, after: FeedCursor, until: Option<FeedCursor>) {
    let dialect = sql.dialect;
    sql.push("tenant_id = ").tenant();
    let bound = |sql: &mut Sql, operator: &str, place: FeedCursor| match dialect {
        Dialect::Postgres => {
            sql.push(" AND (xid, seq) ").push(operator).push(" (").bind(number(place.transaction)).push("::text::xid8, ");
            sql.bind(number(place.sequence)).push(")");
        }
        Dialect::Sqlite => {
            sql.push(" AND seq ").push(operator).push(" ").bind(number(place.sequence));
        }
    };
    bound(sql, ">", after);
    match until {
        Some(until) => bound(sql, "<=", until),
        None if dialect == Dialect::Postgres => {
            sql.push(" AND xid < pg_snapshot_xmin(pg_current_snapshot())");
        }
        None => {}
    }
}

fn number(number: i64) -> Argument {
    Argument::Value(Value::Integer(number))
}

/// The columns of a change but for what was and what is, which follow as text.
pub(crate) const COLUMNS: &str = "seq, resource, record_id, version, at, actor, client, request, kind";

/// A row of [`COLUMNS`] with what was and what is.
pub(crate) fn change(row: &Row) -> Result<Change> {
    let broken = || Error::internal("a row of the change log has an empty column");
    let text = |column: usize| row.text(column).map(|text| text.map(str::to_owned));
    Ok(Change {
        sequence: row.integer(0)?.ok_or_else(broken)?,
        resource: text(1)?.ok_or_else(broken)?,
        record: Id(row.uuid(2)?.ok_or_else(broken)?),
        version: row.integer(3)?.ok_or_else(broken)?,
        at: row.instant(4)?.ok_or_else(broken)?,
        actor: text(5)?.ok_or_else(broken)?,
        client: text(6)?,
        request: row.uuid(7)?.ok_or_else(broken)?,
        kind: text(8)?.ok_or_else(broken)?,
        before: text(9)?,
        after: text(10)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_read_back() {
        let cursor = FeedCursor { transaction: 748, sequence: i64::MAX };
        assert_eq!(FeedCursor::parse(&cursor.to_string()), Some(cursor));
        for bad in ["", "-", "1", "1-", "-1-2", "1--2", "1-2-3", "g-1"] {
            assert_eq!(FeedCursor::parse(bad), None, "{bad}");
        }
    }
}
