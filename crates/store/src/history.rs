//! The change log by record: history, and what replaying it needs.

use crate::feed::changes::{COLUMNS, Change, change};
use crate::sql::{Argument, Sql};
use crate::{Dialect, Scope};
use clientela_kernel::{Result, Timestamp, Value};
use uuid::Uuid;

/// A place in a record's history: its version, and the row's number in the log, since a record of an erased one's id counts
/// its versions anew.
pub type HistoryPlace = (i64, i64);

impl Scope {
    /// At most `limit` changes of one record, the latest first, from before a place on.
    pub async fn history(&self, resource: &str, record: Uuid, before: Option<HistoryPlace>, limit: u32) -> Result<Vec<Change>> {
        self.history_between(resource, record, before, (None, None), limit).await
    }

    /// The same, of changes made from one moment on and not after another.
    pub async fn history_between(
        &self,
        resource: &str,
        record: Uuid,
        before: Option<HistoryPlace>,
        (from, to): (Option<Timestamp>, Option<Timestamp>),
        limit: u32,
    ) -> Result<Vec<Change>> {
        let compile = || {
            let mut sql = self.log(resource);
            sql.push(" AND record_id = ").value(&Value::Id(record));
            if let Some(from) = from {
                sql.push(" AND at >= ").value(&Value::Instant(from));
            }
            if let Some(to) = to {
                sql.push(" AND at <= ").value(&Value::Instant(to));
            }
            if let Some((version, sequence)) = before {
                sql.push(" AND (version, seq) < (").value(&Value::Integer(version)).push(", ").value(&Value::Integer(sequence)).push(")");
            }
            sql.push(" ORDER BY version DESC, seq DESC LIMIT ").push_limit(limit);
            Ok(sql)
        };
        self.store().read(compile).await?.iter().map(change).collect()
    }

    /// At most `limit` changes of records of a resource, of these alone or of all beyond an id: record by record, each
    /// record's in the order they were made.
    pub async fn lives(&self, resource: &str, records: Option<&[Uuid]>, beyond: Option<Uuid>, limit: u32) -> Result<Vec<Change>> {
        let compile = || {
            let mut sql = self.log(resource);
            match records {
                Some([one]) => {
                    sql.push(" AND record_id = ").value(&Value::Id(*one));
                }
                Some(ids) => {
                    sql.push(" AND record_id ");
                    match self.dialect() {
                        Dialect::Postgres => sql.push("= ANY(").bind(Argument::Ids(ids.to_vec())).push(")"),
                        Dialect::Sqlite => sql.push("IN (SELECT unhex(value) FROM json_each(").bind(Argument::Ids(ids.to_vec())).push("))"),
                    };
                }
                None => {}
            }
            if let Some(id) = beyond {
                sql.push(" AND record_id > ").value(&Value::Id(id));
            }
            sql.push(" ORDER BY record_id, version, seq LIMIT ").push_limit(limit);
            Ok(sql)
        };
        self.store().read(compile).await?.iter().map(change).collect()
    }

    /// At most `limit` changes of one request, of any resource, in the order of their numbers in the log, between two of these.
    pub async fn request_changes(&self, request: Uuid, from: i64, until: i64, limit: u32) -> Result<Vec<Change>> {
        let compile = || {
            let mut sql = self.columns();
            sql.push(" AND seq >= ").value(&Value::Integer(from)).push(" AND seq <= ").value(&Value::Integer(until));
            sql.push(" AND request = ").value(&Value::Id(request)).push(" ORDER BY seq LIMIT ").push_limit(limit);
            Ok(sql)
        };
        self.store().read(compile).await?.iter().map(change).collect()
    }

    fn log(&self, resource: &str) -> Sql {
        let mut sql = self.columns();
        sql.push(" AND resource = ").value(&Value::from(resource));
        sql
    }

    fn columns(&self) -> Sql {
        let mut sql = Sql::of_tenant(self.dialect(), self.tenant());
        let text = if self.dialect() == Dialect::Postgres { "::text" } else { "" };
        sql.push("SELECT ").push(COLUMNS).push(", before").push(text).push(", after").push(text);
        sql.push(" FROM change_log WHERE tenant_id = ").tenant();
        sql
    }
}
