//! Requests remembered under their idempotency keys. They are written with their effect, see [`crate::WriteSet`].

use crate::forget::FORGOTTEN;
use crate::sql::{Argument, Sql};
use crate::write::IdempotencyRecord;
use crate::{Row, Scope};
use clientela_kernel::{Error, ErrorCode, Id, Result};

/// The request remembered under a key. `NOT_FOUND` where its answer was forgotten: it was carried out, and must not be again.
pub(crate) async fn find(scope: &Scope, principal: &str, key: &str) -> Result<Option<IdempotencyRecord>> {
    let rows = scope.store().read(|| {
        let mut sql = Sql::of_tenant(scope.dialect(), scope.tenant());
        // The driver knows a status as any other whole number.
        sql.push("SELECT fingerprint, CAST(status AS bigint), resource, record_id, version, answer FROM idempotency WHERE tenant_id = ")
            .tenant();
        sql.push(" AND principal = ").bind(Argument::Value(principal.into()));
        sql.push(" AND key = ").bind(Argument::Value(key.into()));
        Ok(sql)
    });
    let found = rows.await?.first().map(record).transpose()?;
    match found {
        Some(record) if record.answer.as_deref() == Some(FORGOTTEN) => {
            let text = "This request was carried out before. What it was answered with is forgotten, since a person it told of was erased.";
            Err(Error::new(ErrorCode::NotFound, text))
        }
        found => Ok(found),
    }
}

fn record(row: &Row) -> Result<IdempotencyRecord> {
    let broken = || Error::internal("a remembered request has an empty column");
    Ok(IdempotencyRecord {
        fingerprint: row.text(0)?.ok_or_else(broken)?.to_owned(),
        status: row.integer(1)?.and_then(|status| u16::try_from(status).ok()).ok_or_else(broken)?,
        resource: row.text(2)?.ok_or_else(broken)?.to_owned(),
        record: Id(row.uuid(3)?.ok_or_else(broken)?),
        version: row.integer(4)?.ok_or_else(broken)?,
        answer: row.text(5)?.map(str::to_owned),
    })
}
