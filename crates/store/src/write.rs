//! An atomic unit of writing: rows, their change-log rows and the idempotency row, all or nothing.

use crate::audit::AuditWrite;
use crate::search::SearchChange;
use clientela_kernel::{Id, TenantId, Timestamp, Value};
use clientela_model::ResourceDef;
use std::sync::Arc;
use uuid::Uuid;

/// What one request writes.
#[derive(Clone, Debug)]
pub struct WriteSet {
    /// The tenant of every row.
    pub tenant: TenantId,
    /// The rows, in order. All are written, or none.
    pub rows: Vec<RowChange>,
    /// Remembers the request under its idempotency key.
    pub idempotency: Option<IdempotencyWrite>,
    /// What the audit says of it.
    pub audit: Option<AuditWrite>,
}

/// One row to insert, update or remove.
#[derive(Clone, Debug)]
pub struct RowChange {
    /// The resource.
    pub def: Arc<ResourceDef>,
    /// The record.
    pub id: Id,
    /// Column values by field index of `def`; on insert every field but the tenant, on update the changed ones, none
    /// where the row goes. The
    /// folded copies are added by the store.
    pub values: Vec<(usize, Value)>,
    /// Insert, or update or remove under a guard.
    pub guard: RowGuard,
    /// References that must point to living records: field index and id. Checked in the statement itself.
    pub references: Vec<(usize, Uuid)>,
    /// The change-log row; mirrors have none.
    pub log: Option<LogEntry>,
    /// What becomes of the record's document in the full-text search; none where it stays as it is.
    pub search: Option<SearchChange>,
}

/// When a row is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowGuard {
    /// The row is new.
    Insert,
    /// The row has exactly this version now.
    Version(i64),
    /// The row goes for good if it has exactly this version now; what the log kept of it is overwritten.
    Erase(i64),
    /// The row, a mirror of one that is erased, goes for good.
    Remove,
    /// The row follows another record (a mirror) and has no guard of its own.
    Unguarded,
}

/// What changed, as the change log keeps it.
#[derive(Clone, Debug)]
pub struct LogEntry {
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
    /// What kind of change.
    pub kind: ChangeKind,
    /// Whether a lock that somebody else holds keeps the change back.
    pub minds_locks: bool,
    /// Canonical JSON object of the changed fields before; `null` at creation and erasure.
    pub before: Option<String>,
    /// Canonical JSON object of the changed fields after; `null` at erasure.
    pub after: Option<String>,
}

/// The kinds of change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ChangeKind {
    /// The record was made.
    Created,
    /// Fields changed.
    Updated,
    /// The record was deleted, softly.
    Deleted,
    /// The record came back.
    Restored,
    /// The record was removed for good, and what the log kept of it.
    Erased,
}

impl ChangeKind {
    /// UPPER_SNAKE, as stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            ChangeKind::Created => "CREATED",
            ChangeKind::Updated => "UPDATED",
            ChangeKind::Deleted => "DELETED",
            ChangeKind::Restored => "RESTORED",
            ChangeKind::Erased => "ERASED",
        }
    }
}

/// A request to remember: scope (tenant, principal, key).
#[derive(Clone, Debug)]
pub struct IdempotencyWrite {
    /// The principal's wire id.
    pub principal: String,
    /// The caller's key.
    pub key: String,
    /// Hex digest of method, path and canonical body.
    pub fingerprint: String,
    /// The answer's status.
    pub status: u16,
    /// The resource written.
    pub resource: String,
    /// The record written.
    pub record: Id,
    /// Its version after the write.
    pub version: i64,
    /// When.
    pub at: Timestamp,
    /// What a repetition is answered with, where the record alone does not say it: JSON, records in it by their ids.
    pub answer: Option<String>,
}

/// A remembered request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotencyRecord {
    /// Hex digest of method, path and canonical body.
    pub fingerprint: String,
    /// The answer's status.
    pub status: u16,
    /// The resource written.
    pub resource: String,
    /// The record written.
    pub record: Id,
    /// Its version after the write.
    pub version: i64,
    /// What a repetition is answered with, where the record alone does not say it.
    pub answer: Option<String>,
}

/// How a write set ended. Everything but `Done` means that nothing was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Commit {
    /// Written and durable.
    Done,
    /// A guard or a reference check did not hold: the caller reads again to learn which.
    GuardFailed,
    /// The idempotency key is taken: the caller replays.
    IdempotencyTaken,
    /// A unique key is taken by another living record: the index, or `None` for the primary key.
    Duplicate {
        /// Index of the row in the write set, where it can be told.
        row: Option<usize>,
        /// The unique index's name; `None` when the id itself is taken.
        index: Option<String>,
    },
    /// A reference points to no record of this tenant.
    ReferenceMissing,
}
