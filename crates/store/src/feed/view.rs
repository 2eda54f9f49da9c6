//! What a principal follows, and what of it has been in sight: rows of the server's own, which no API shows.

use super::FeedCursor;
use crate::sql::{Argument, Sql};
use crate::{Dialect, Row, Scope};
use clientela_kernel::{Error, Result, Timestamp, Value};
use uuid::Uuid;

/// What a principal follows by one question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedView {
    /// Its id, which cursors name.
    pub id: Uuid,
    /// Whose it is.
    pub principal: String,
    /// What is asked for, as JSON.
    pub request: String,
    /// What is known of each resource, as JSON.
    pub state: String,
    /// How often what is in sight has changed.
    pub step: i64,
    /// Up to where in the log it has been followed.
    pub place: FeedCursor,
    /// When it was used last, to the hour.
    pub used_at: Timestamp,
}

/// A time during which a record was in sight.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedMember {
    /// The resource's name.
    pub resource: String,
    /// The record.
    pub record: Uuid,
    /// The step at which it came into sight.
    pub gained: i64,
    /// `LOGGED` where the log tells it, `ACCESS` where it does not.
    pub gained_by: String,
    /// The step at which it went out of sight.
    pub lost: Option<i64>,
    /// `DELETED`, `ERASED`, `LEFT` or `ACCESS_LOST`.
    pub lost_by: Option<String>,
}

/// A place among members: resource and record.
pub type FeedPlace = (String, Uuid);

const VIEW: &str = "SELECT id, principal, request, state, step, xid, seq, used_at FROM feed_view WHERE tenant_id = ";

impl Scope {
    /// A view by its id. Inside a transaction others wait for it from then on.
    pub async fn feed_view(&self, id: Uuid, alone: bool) -> Result<Option<FeedView>> {
        let compile = || {
            let mut sql = Sql::of_tenant(self.dialect(), self.tenant());
            sql.push(VIEW).tenant().push(" AND id = ").value(&Value::Id(id));
            if alone && self.dialect() == Dialect::Postgres {
                sql.push(" FOR UPDATE");
            }
            Ok(sql)
        };
        self.store().read(compile).await?.first().map(view).transpose()
    }

    /// A principal's view by what it asks for.
    pub async fn feed_view_of(&self, principal: &str, fingerprint: &str) -> Result<Option<FeedView>> {
        let compile = || {
            let mut sql = Sql::of_tenant(self.dialect(), self.tenant());
            sql.push(VIEW).tenant().push(" AND principal = ").value(&Value::from(principal));
            sql.push(" AND fingerprint = ").value(&Value::from(fingerprint));
            Ok(sql)
        };
        self.store().read(compile).await?.first().map(view).transpose()
    }

    /// The times during which records were in sight: of these records, or of those whose sight changed after one step and not after another,
    /// from beyond a place on. In the order of resource, record and time.
    pub async fn feed_members(&self, view: Uuid, of: FeedMembersOf<'_>) -> Result<Vec<FeedMember>> {
        let number = |number: i64| Value::Integer(number);
        let compile = || {
            let mut sql = Sql::of_tenant(self.dialect(), self.tenant());
            sql.push("SELECT resource, record_id, gained, gained_by, lost, lost_by FROM feed_member WHERE tenant_id = ").tenant();
            sql.push(" AND view_id = ").value(&Value::Id(view));
            match of {
                FeedMembersOf::Records { resource, ids } => {
                    sql.push(" AND resource = ").value(&Value::from(resource)).push(" AND record_id ");
                    one_of(&mut sql, ids);
                }
                FeedMembersOf::Changed { since, until, after, limit } => {
                    sql.push(" AND (resource, record_id) IN (SELECT resource, record_id FROM (");
                    for (place, column) in ["gained", "lost"].iter().enumerate() {
                        sql.push(if place == 0 { "SELECT" } else { " UNION SELECT" })
                            .push(" resource, record_id FROM feed_member WHERE tenant_id = ");
                        sql.tenant().push(" AND view_id = ").value(&Value::Id(view)).push(" AND ").push(column).push(" > ");
                        sql.value(&number(since)).push(" AND ").push(column).push(" <= ").value(&number(until));
                        if let Some((resource, record)) = after {
                            sql.push(" AND (resource, record_id) > (").value(&Value::from(resource.as_str())).push(", ");
                            sql.value(&Value::Id(*record)).push(")");
                        }
                    }
                    sql.push(") changed ORDER BY resource, record_id LIMIT ").push_limit(limit).push(")");
                }
            }
            sql.push(" ORDER BY resource, record_id, gained");
            Ok(sql)
        };
        self.store().read(compile).await?.iter().map(member).collect()
    }
}

/// Which times are asked for.
#[derive(Clone, Copy, Debug)]
pub enum FeedMembersOf<'a> {
    /// Those of some records.
    Records {
        /// The resource's name.
        resource: &'a str,
        /// The records.
        ids: &'a [Uuid],
    },
    /// Those of the next records that came into sight or went out of it.
    Changed {
        /// After this step.
        since: i64,
        /// Not after this one.
        until: i64,
        /// From beyond this place on.
        after: Option<&'a FeedPlace>,
        /// How many records.
        limit: u32,
    },
}

/// Appends that what stands before is one of these.
pub(super) fn one_of(sql: &mut Sql, ids: &[Uuid]) {
    let ids = Argument::Ids(ids.to_vec());
    match sql.dialect {
        Dialect::Postgres => sql.push("= ANY(").bind(ids).push(")"),
        Dialect::Sqlite => sql.push("IN (SELECT unhex(value) FROM json_each(").bind(ids).push("))"),
    };
}

fn empty() -> Error {
    Error::internal("a row of the feed has an empty column")
}

fn view(row: &Row) -> Result<FeedView> {
    let text = |column: usize| row.text(column)?.map(str::to_owned).ok_or_else(empty);
    let number = |column: usize| row.integer(column)?.ok_or_else(empty);
    Ok(FeedView {
        id: row.uuid(0)?.ok_or_else(empty)?,
        principal: text(1)?,
        request: text(2)?,
        state: text(3)?,
        step: number(4)?,
        place: FeedCursor { transaction: number(5)?, sequence: number(6)? },
        used_at: row.instant(7)?.ok_or_else(empty)?,
    })
}

fn member(row: &Row) -> Result<FeedMember> {
    let text = |column: usize| row.text(column).map(|text| text.map(str::to_owned));
    Ok(FeedMember {
        resource: text(0)?.ok_or_else(empty)?,
        record: row.uuid(1)?.ok_or_else(empty)?,
        gained: row.integer(2)?.ok_or_else(empty)?,
        gained_by: text(3)?.ok_or_else(empty)?,
        lost: row.integer(4)?,
        lost_by: text(5)?,
    })
}
