//! Forgetting what the change log and remembered answers hold, inside a transaction over many writes.

use crate::sql::{Argument, Sql};
use crate::{Dialect, Scope};
use clientela_kernel::{Error, Id, Result, Timestamp, Value};

/// What stands in the place of a remembered answer that was forgotten: a repetition is told so, and does not act again.
pub(crate) const FORGOTTEN: &str = "forgotten";

/// What a request is answered with when it is repeated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RememberedAnswer {
    /// The principal's wire id.
    pub principal: String,
    /// The caller's key.
    pub key: String,
    /// The resource written.
    pub resource: String,
    /// The record written.
    pub record: Id,
    /// The answer.
    pub text: String,
}

impl Scope {
    /// Overwrites what a change of the log holds; the row stays, with when it was and who did it.
    pub async fn rewrite_change(&self, sequence: i64, before: Option<&str>, after: Option<&str>) -> Result<()> {
        let compile = || {
            let mut sql = Sql::of_tenant(self.dialect(), self.tenant());
            sql.push("UPDATE change_log SET before = ");
            push_json(&mut sql, before);
            sql.push(", after = ");
            push_json(&mut sql, after);
            sql.push(" WHERE tenant_id = ").tenant().push(" AND seq = ").value(&Value::Integer(sequence)).push(" RETURNING seq");
            Ok(sql)
        };
        self.store().read(compile).await.map(drop)
    }

    /// Takes a field out of what the change log holds of a resource, in changes from one moment on and before another. The rows stay.
    pub async fn forget_field(&self, resource: &str, field: &str, (from, until): (Timestamp, Option<Timestamp>)) -> Result<()> {
        let compile = || {
            let mut sql = Sql::of_tenant(self.dialect(), self.tenant());
            let name = Value::from(field);
            let path = Value::from(format!("$.\"{field}\"").as_str());
            sql.push("UPDATE change_log SET ");
            for (number, column) in ["before", "after"].into_iter().enumerate() {
                sql.push(if number == 0 { "" } else { ", " }).push(column).push(" = ");
                match self.dialect() {
                    Dialect::Postgres => sql.push(column).push(" - ").value(&name).push("::text"),
                    Dialect::Sqlite => sql.push("json_remove(").push(column).push(", ").value(&path).push(")"),
                };
            }
            sql.push(" WHERE tenant_id = ").tenant().push(" AND resource = ").value(&Value::from(resource));
            sql.push(" AND at >= ").value(&Value::Instant(from));
            if let Some(until) = until {
                sql.push(" AND at < ").value(&Value::Instant(until));
            }
            sql.push(" AND (");
            for (number, column) in ["before", "after"].into_iter().enumerate() {
                sql.push(if number == 0 { "" } else { " OR " });
                match self.dialect() {
                    Dialect::Postgres => sql.push("jsonb_exists(").push(column).push(", ").value(&name).push(")"),
                    Dialect::Sqlite => sql.push("json_type(").push(column).push(", ").value(&path).push(") IS NOT NULL"),
                };
            }
            sql.push(") RETURNING seq");
            Ok(sql)
        };
        self.store().read(compile).await.map(drop)
    }

    /// At most `limit` remembered answers, in the order of principal and key, from beyond one on.
    pub async fn answers(&self, beyond: Option<&(String, String)>, limit: u32) -> Result<Vec<RememberedAnswer>> {
        let compile = || {
            let mut sql = Sql::of_tenant(self.dialect(), self.tenant());
            sql.push("SELECT principal, key, resource, record_id, answer FROM idempotency WHERE tenant_id = ").tenant();
            sql.push(" AND answer IS NOT NULL");
            if let Some((principal, key)) = beyond {
                sql.push(" AND (principal, key) > (").value(&Value::from(principal.as_str()));
                sql.push(", ").value(&Value::from(key.as_str())).push(")");
            }
            sql.push(" ORDER BY principal, key LIMIT ").push_limit(limit);
            Ok(sql)
        };
        let rows = self.store().read(compile).await?;
        let broken = || Error::internal("a remembered request has an empty column");
        rows.iter()
            .map(|row| {
                let text = |column: usize| row.text(column)?.map(str::to_owned).ok_or_else(broken);
                Ok(RememberedAnswer {
                    principal: text(0)?,
                    key: text(1)?,
                    resource: text(2)?,
                    record: Id(row.uuid(3)?.ok_or_else(broken)?),
                    text: text(4)?,
                })
            })
            .collect()
    }

    /// Forgets a remembered answer, though not that the request was made.
    pub async fn forget_answer(&self, principal: &str, key: &str) -> Result<()> {
        let compile = || {
            let mut sql = Sql::of_tenant(self.dialect(), self.tenant());
            sql.push("UPDATE idempotency SET answer = ").value(&Value::from(FORGOTTEN));
            sql.push(" WHERE tenant_id = ").tenant().push(" AND principal = ").value(&Value::from(principal));
            sql.push(" AND key = ").value(&Value::from(key)).push(" RETURNING key");
            Ok(sql)
        };
        self.store().read(compile).await.map(drop)
    }
}

fn push_json(sql: &mut Sql, json: Option<&str>) {
    match (json, sql.dialect) {
        (None, _) => sql.push("NULL"),
        (Some(json), Dialect::Postgres) => sql.bind(Argument::Json(json.to_owned())),
        (Some(json), Dialect::Sqlite) => sql.value(&Value::from(json)),
    };
}
