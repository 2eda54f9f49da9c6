//! The audit: entries that are only ever added, each bound to the one before by a hash, in one chain for each tenant.
//!
//! An entry's hash is SHA-256 over the hash before it, its number, and everything it says. Whoever adds one locks the tenant's head first
//! (on SQLite there is one writer anyway), so that the chain has no forks, however many write at once and on however many nodes. It is
//! written in the transaction of what it tells of: both are there, or neither is.

use crate::pool::{Link, Ready};
use crate::sql::{Argument, Sql};
use crate::write::Commit;
use crate::{Dialect, Row, Scope};
use clientela_kernel::{Error, Id, Result, TenantId, Timestamp, Value};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

/// Entries that are read at once.
const PAGE: u32 = 1_000;
/// Entries that one statement writes.
const TOGETHER: usize = 200;
/// What the first entry is bound to.
const BEGINNING: &str = "";

/// What a write set adds to the audit.
#[derive(Clone, Debug, Default)]
pub struct AuditWrite {
    /// The entries, in order.
    pub entries: Vec<AuditEntry>,
    /// The set is only written if the chain still ends with this number: nothing that is audited has happened since somebody looked.
    pub as_of: Option<i64>,
}

/// An entry before it has its place in the chain.
#[derive(Clone, Debug)]
pub struct AuditEntry {
    /// Its id.
    pub id: Id,
    /// When it happened.
    pub at: Timestamp,
    /// Who: `usr_…`, `key_…`, `sys_…`.
    pub actor: String,
    /// What it is: UPPER_SNAKE.
    pub kind: String,
    /// What was done with a record: `CREATED`, `UPDATED`, `DELETED`, `RESTORED`, `ERASED`.
    pub change: Option<&'static str>,
    /// The record's resource.
    pub resource: Option<String>,
    /// The record's id on the wire.
    pub record: Option<String>,
    /// The client program.
    pub client: Option<String>,
    /// The network address at the other end.
    pub address: Option<String>,
    /// The request.
    pub request: Uuid,
    /// More, as JSON.
    pub detail: Option<String>,
}

/// What became of a tenant's chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditReport {
    /// How many entries hold, from the beginning on.
    pub entries: i64,
    /// Number and hash of the last entry that holds.
    pub head: (i64, String),
    /// The first that does not.
    pub broken: Option<AuditBreak>,
}

/// Where a chain breaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditBreak {
    /// The number of the first entry that does not hold.
    pub sequence: i64,
    /// Its id, where it is there.
    pub id: Option<Id>,
    /// What is wrong with it.
    pub reason: String,
}

impl Scope {
    /// The number of the last entry of the tenant's audit; 0 where there is none.
    pub async fn audited(&self) -> Result<i64> {
        let rows = self.store().read(|| Ok(head(self.dialect(), self.tenant(), false))).await?;
        rows.first().map_or(Ok(0), |row| Ok(row.integer(0)?.unwrap_or(0)))
    }

    /// Goes through the whole chain. `anchor` is a number and the hash that its entry had once: with it a chain that was written anew from
    /// some place on is told too.
    pub async fn verify_audit(&self, anchor: Option<&(i64, String)>) -> Result<AuditReport> {
        let mut report = AuditReport { entries: 0, head: (0, BEGINNING.to_owned()), broken: None };
        loop {
            let after = report.head.0;
            let rows = self.store().read(|| Ok(page(self, after))).await?;
            for row in &rows {
                let expected = report.head.0.saturating_add(1);
                let sequence = row.integer(0)?.unwrap_or(0);
                if sequence != expected {
                    report.broken = Some(AuditBreak { sequence: expected, id: None, reason: "it is missing".to_owned() });
                    return Ok(report);
                }
                let (entry, stored, whole) = read(row)?;
                let computed = link(&report.head.1, self.tenant(), sequence, &entry);
                let reason = match anchor {
                    _ if computed != stored => Some("it was changed, or its hash was"),
                    _ if !whole => Some("it was marked as deleted or changed"),
                    Some((number, hash)) if *number == sequence && *hash != stored => {
                        Some("its hash is not the one that was noted: the chain was written anew")
                    }
                    _ => None,
                };
                if let Some(reason) = reason {
                    report.broken = Some(AuditBreak { sequence, id: Some(entry.id), reason: reason.to_owned() });
                    return Ok(report);
                }
                report.entries = sequence;
                report.head = (sequence, stored);
            }
            if rows.len() < usize::try_from(PAGE).unwrap_or(usize::MAX) {
                break;
            }
        }
        self.check_end(report, anchor).await
    }

    /// Looks whether entries were taken off the end.
    async fn check_end(&self, report: AuditReport, anchor: Option<&(i64, String)>) -> Result<AuditReport> {
        let rows = self.store().read(|| Ok(head(self.dialect(), self.tenant(), false))).await?;
        let known = match rows.first() {
            Some(row) => (row.integer(0)?.unwrap_or(0), row.text(1)?.unwrap_or_default().to_owned()),
            None => (0, BEGINNING.to_owned()),
        };
        // Entries that were added since the last page was read are no break.
        let cut = known.0 < report.head.0 || (known.0 == report.head.0 && known.1 != report.head.1);
        let missing = known.0 > report.head.0 && self.store().read(|| Ok(page(self, report.head.0))).await?.is_empty();
        let short = anchor.is_some_and(|(number, _)| *number > report.head.0);
        let next = report.head.0.saturating_add(1);
        let broken = if missing || short {
            Some(AuditBreak { sequence: next, id: None, reason: "it is missing: entries were taken off the end".to_owned() })
        } else if cut {
            let reason = "the head of the chain knows nothing of it, or says otherwise".to_owned();
            Some(AuditBreak { sequence: report.head.0, id: None, reason })
        } else {
            None
        };
        Ok(AuditReport { broken, ..report })
    }
}

/// Adds entries inside a transaction, behind what they tell of. `GuardFailed` where the chain has moved on.
pub(crate) async fn append<L: Link>(connection: &mut L, dialect: Dialect, tenant: TenantId, audit: &AuditWrite) -> sqlx::Result<Commit> {
    let mut rows = run(connection, head(dialect, tenant, true)).await?;
    if rows.is_empty() {
        run(connection, found(dialect, tenant)).await?;
        // On PostgreSQL another one may have founded it meanwhile.
        rows = run(connection, head(dialect, tenant, true)).await?;
    }
    let row = rows.first().ok_or_else(|| broken("the audit has no head"))?;
    let mut sequence = row.integer(0).map_err(broken)?.unwrap_or(0);
    let mut hash = row.text(1).map_err(broken)?.unwrap_or_default().to_owned();
    if audit.as_of.is_some_and(|seen| seen != sequence) {
        return Ok(Commit::GuardFailed);
    }
    for entries in audit.entries.chunks(TOGETHER) {
        let mut placed = Vec::with_capacity(entries.len());
        for entry in entries {
            sequence = sequence.saturating_add(1);
            hash = link(&hash, tenant, sequence, entry);
            placed.push((sequence, hash.clone(), entry));
        }
        run(connection, insert(dialect, tenant, &placed)).await?;
    }
    run(connection, advance(dialect, tenant, sequence, &hash)).await?;
    Ok(Commit::Done)
}

async fn run<L: Link>(connection: &mut L, sql: Sql) -> sqlx::Result<Vec<Row>> {
    let statement: Ready<L::Arguments> = L::statement(sql).map_err(broken)?;
    connection.rows(statement).await
}

fn broken(error: impl std::fmt::Display) -> sqlx::Error {
    sqlx::Error::Protocol(error.to_string())
}

/// The hash of an entry: over the one before it, its number and what it says.
fn link(before: &str, tenant: TenantId, sequence: i64, entry: &AuditEntry) -> String {
    let said = json!([
        before,
        sequence,
        tenant.0,
        entry.id.0,
        entry.at.0,
        entry.actor,
        entry.kind,
        entry.change,
        entry.resource,
        entry.record,
        entry.client,
        entry.address,
        entry.request,
        entry.detail,
    ]);
    Sha256::digest(said.to_string().as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn number(number: i64) -> Argument {
    Argument::Value(Value::Integer(number))
}

fn text(text: Option<&str>) -> Argument {
    Argument::Value(text.map_or(Value::Null, |text| Value::Text(text.to_owned())))
}

fn head(dialect: Dialect, tenant: TenantId, locked: bool) -> Sql {
    let mut sql = Sql::of_tenant(dialect, tenant);
    sql.push("SELECT sequence, hash FROM audit_head WHERE tenant_id = ").tenant();
    if locked && dialect == Dialect::Postgres {
        sql.push(" FOR UPDATE");
    }
    sql
}

fn found(dialect: Dialect, tenant: TenantId) -> Sql {
    let mut sql = Sql::of_tenant(dialect, tenant);
    sql.push("INSERT INTO audit_head (tenant_id, sequence, hash) VALUES (").tenant();
    sql.push(", 0, '') ON CONFLICT (tenant_id) DO NOTHING");
    sql
}

fn advance(dialect: Dialect, tenant: TenantId, sequence: i64, hash: &str) -> Sql {
    let mut sql = Sql::of_tenant(dialect, tenant);
    sql.push("UPDATE audit_head SET sequence = ").bind(number(sequence)).push(", hash = ").bind(text(Some(hash)));
    sql.push(" WHERE tenant_id = ").tenant();
    sql
}

fn insert(dialect: Dialect, tenant: TenantId, placed: &[(i64, String, &AuditEntry)]) -> Sql {
    let mut sql = Sql::of_tenant(dialect, tenant);
    sql.push("INSERT INTO audit_entry (tenant_id, id, version, created_at, created_by, updated_at, updated_by, sequence, kind, change, ");
    sql.push("resource, record, client, address, request, detail, hash) VALUES ");
    for (position, (sequence, hash, entry)) in placed.iter().enumerate() {
        sql.push(if position == 0 { "(" } else { ", (" }).tenant();
        sql.push(", ").value(&Value::Id(entry.id.0)).push(", 1");
        for _ in 0..2 {
            sql.push(", ").value(&Value::Instant(entry.at)).push(", ").bind(text(Some(&entry.actor)));
        }
        sql.push(", ").bind(number(*sequence)).push(", ").bind(text(Some(&entry.kind)));
        let request = entry.request.to_string();
        for part in [
            entry.change,
            entry.resource.as_deref(),
            entry.record.as_deref(),
            entry.client.as_deref(),
            entry.address.as_deref(),
            Some(request.as_str()),
            entry.detail.as_deref(),
            Some(hash.as_str()),
        ] {
            // A null alone has no type by which PostgreSQL could tell what it is.
            match part {
                Some(part) => sql.push(", ").bind(text(Some(part))),
                None => sql.push(", NULL"),
            };
        }
        sql.push(")");
    }
    sql
}

fn page(scope: &Scope, after: i64) -> Sql {
    let mut sql = Sql::of_tenant(scope.dialect(), scope.tenant());
    sql.push(
        "SELECT sequence, hash, id, created_at, created_by, kind, change, resource, record, client, address, request, detail, version, ",
    );
    sql.push("updated_at, updated_by, deleted_at FROM audit_entry WHERE tenant_id = ").tenant();
    sql.push(" AND sequence > ").bind(number(after)).push(" ORDER BY sequence, id LIMIT ").push_limit(PAGE);
    sql
}

/// An entry with its hash, and whether its bookkeeping is as it was when it was added.
fn read(row: &Row) -> Result<(AuditEntry, String, bool)> {
    let text = |column: usize| row.text(column).map(|text| text.map(str::to_owned));
    let missing = || Error::internal("an entry of the audit has an empty column");
    let at = row.instant(3)?.ok_or_else(missing)?;
    let actor = text(4)?.ok_or_else(missing)?;
    let whole = row.integer(13)? == Some(1) && row.instant(14)? == Some(at) && text(15)?.as_ref() == Some(&actor) && row.is_null(16)?;
    // What none of us writes breaks the chain; it needs no name here.
    let change = text(6)?.map(|change| CHANGES.into_iter().find(|known| *known == change).unwrap_or("UNKNOWN"));
    let request = text(11)?.and_then(|text| Uuid::parse_str(&text).ok()).unwrap_or_default();
    let entry = AuditEntry {
        id: Id(row.uuid(2)?.ok_or_else(missing)?),
        at,
        actor,
        kind: text(5)?.ok_or_else(missing)?,
        change,
        resource: text(7)?,
        record: text(8)?,
        client: text(9)?,
        address: text(10)?,
        request,
        detail: text(12)?,
    };
    Ok((entry, text(1)?.unwrap_or_default(), whole))
}

const CHANGES: [&str; 5] = ["CREATED", "UPDATED", "DELETED", "RESTORED", "ERASED"];
