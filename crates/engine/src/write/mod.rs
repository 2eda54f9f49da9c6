//! A write: what is asked for, and how it ended.

mod change;
mod dependents;
mod diagnose;
mod each;
mod erase;
mod limits;
pub mod locks;
pub(crate) mod log;
mod packed;
mod repoint;
mod run;
mod undo;
mod upsert;
mod wipe;

pub(crate) use change::Gathering;
pub(crate) use dependents::id_of;
pub(crate) use each::each;
pub use repoint::Repointed;
pub(crate) use repoint::repoint;
pub(crate) use run::{execute, expect, not_found, version_of};
pub use undo::{Kept, NetChange, WhyKept};
pub(crate) use undo::{episode, undo};

use crate::key::RecordBy;
use crate::module::Draft;
use clientela_kernel::{Id, Name, Value};
use clientela_model::ResourceDef;
use clientela_store::ChangeKind;
use serde_json::{Map, Value as Json};
use std::sync::Arc;

/// A single-record write, as both APIs ask for it.
#[derive(Clone, Debug)]
pub struct WriteRequest {
    /// The resource.
    pub def: Arc<ResourceDef>,
    /// What to do.
    pub action: WriteAction,
    /// The caller's idempotency key with the fingerprint of the request.
    pub idempotency: Option<Idempotency>,
}

/// A caller's idempotency key.
#[derive(Clone, Debug)]
pub struct Idempotency {
    /// 1 to 255 visible ASCII characters.
    pub key: String,
    /// Hex digest of what the request asks for: method, path and canonical body.
    pub fingerprint: String,
}

/// What to do with a record.
#[derive(Clone, Debug)]
pub enum WriteAction {
    /// Make one. The body may carry a client-minted `id`.
    Create {
        /// Field values by name, in wire form.
        body: Map<String, Json>,
    },
    /// Merge a patch: absent keeps, null clears.
    Update {
        /// The record.
        id: Id,
        /// Field values by name, in wire form.
        body: Map<String, Json>,
        /// The version the caller builds on.
        expected: Option<Expected>,
    },
    /// Delete softly.
    Delete {
        /// The record.
        id: Id,
        /// The version the caller builds on.
        expected: Option<Expected>,
    },
    /// Delete softly, whatever the API offers: for operations.
    Discard {
        /// The record.
        id: Id,
    },
    /// Bring back.
    Restore {
        /// The record.
        id: Id,
        /// The version the caller builds on.
        expected: Option<Expected>,
        /// Also one that was merged into another: for who undoes the merge.
        merged: bool,
    },
    /// Change the living record that has a key, or create it with that key.
    Upsert {
        /// The key.
        by: RecordBy,
        /// Field values by name, in wire form: the new record's, or a patch of the one that is there.
        body: Map<String, Json>,
        /// Whether to create, to change, or both.
        mode: UpsertMode,
        /// The version the caller builds on; there must be a record then.
        expected: Option<Expected>,
    },
    /// Make one of these values, among them fields that only the server writes: for operations, whatever the API offers.
    Make {
        /// Field values by name.
        values: Vec<(Name, Value)>,
    },
    /// Set these fields, among them such that only the server writes: for operations, whatever the API offers.
    Set {
        /// The record.
        id: Id,
        /// Field values by name.
        values: Vec<(Name, Value)>,
        /// The version the change builds on.
        expected: Option<Expected>,
    },
    /// Remove for good, whether living or deleted, with what the change log keeps of it.
    Erase {
        /// The record.
        id: Id,
        /// The version the caller builds on.
        expected: Option<Expected>,
    },
}

/// What an upsert may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UpsertMode {
    /// Create where there is no record with the key, change where there is one.
    Upsert,
    /// Create only (`If-None-Match: *`): `VERSION_CONFLICT` where there is one.
    CreateOnly,
    /// Change only (`If-Match: *`): `VERSION_CONFLICT` where there is none.
    UpdateOnly,
}

/// The state a write builds on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// Exactly this version (`If-Match: "7"`, `expectedVersion: 7`).
    Version(i64),
    /// One of an `If-Match` list that holds no version of ours, so it can never match.
    Never,
    /// Any existing version (`If-Match: *`).
    Any,
}

/// A change as the log tells of it.
#[derive(Clone, Debug)]
pub struct Change {
    /// The resource.
    pub def: Arc<ResourceDef>,
    /// The record.
    pub id: Id,
    /// Its version after the change.
    pub version: i64,
    /// What kind of change.
    pub kind: ChangeKind,
    /// The fields that changed, by index of the definition; none for a record that is new, gone or back.
    pub fields: Vec<usize>,
}

impl Change {
    pub(crate) fn of(draft: &Draft) -> Change {
        let fields = match (&draft.before, draft.kind) {
            (Some(before), ChangeKind::Updated) => log::differing(&draft.def, before, &draft.after),
            _ => Vec::new(),
        };
        let version = run::version_of(&draft.def, &draft.after);
        Change { def: Arc::clone(&draft.def), id: draft.id, version, kind: draft.kind, fields }
    }

    /// The name of the event: `account.created`, `account.updated`, `account.deleted`, `account.restored`, `account.erased`.
    pub fn event(&self) -> String {
        crate::event::name(&self.def.name, self.kind)
    }
}

/// A finished write.
#[derive(Clone, Debug)]
pub struct WriteOutcome {
    /// The resource.
    pub def: Arc<ResourceDef>,
    /// The record.
    pub id: Id,
    /// Its version after the write.
    pub version: i64,
    /// Every field after the write, by index of the definition; absent on a replay, which reads again.
    pub record: Option<Vec<Value>>,
    /// Whether the write made the record.
    pub created: bool,
    /// Whether it changed anything; false also for a replay.
    pub changed: bool,
    /// Whether this answers a repeated idempotency key.
    pub replayed: bool,
    /// A value shown this once (an API key's secret).
    pub revealed: Option<String>,
}
