//! Sync: what a device did while it was offline is carried out in order, each operation once, and what has changed meanwhile is set against it field by field.
//!
//! A push is one transaction. Each operation in it stands for itself: one that is refused leaves no trace, and the others go on. It is remembered under the
//! device's own id for it together with its effect, so a push that was cut off is simply sent again. In the change log each operation is a request of its own,
//! whose id tells the device it came from (`origin.rs`): so what a device itself has done since the version that an operation builds on is not held against it.

mod compare;
mod origin;
mod push;
mod wire;

pub use push::MAXIMUM_OPERATIONS;

use crate::batch::BatchEntry;
use crate::operation::OperationRequest;
use crate::{Engine, task};
use clientela_kernel::{Context, Error, Name, ProblemCode, Result};
use serde_json::{Value as Json, json};
use uuid::Uuid;

/// How long the name of a device and the id of an operation may be, in characters.
pub const LONGEST_ID: usize = 100;

/// What a device has done.
#[derive(Clone, Debug)]
pub struct SyncRequest {
    device: String,
    policy: SyncPolicy,
    operations: Vec<SyncOperation>,
}

/// What becomes of a field that both sides have changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SyncPolicy {
    /// Fields that only one side has changed are merged; where both have changed one, nothing is written.
    #[default]
    MergeFields,
    /// The server's value stays; the other fields are written.
    ServerWins,
    /// The device's value is written.
    ClientWins,
    /// Nothing is written where anybody else has changed the record at all.
    Ask,
}

impl SyncPolicy {
    /// All of them, with what each means.
    pub const ALL: [(SyncPolicy, &'static str, &'static str); 4] = [
        (
            SyncPolicy::MergeFields,
            "MERGE_FIELDS",
            "Fields that only one side has changed are merged; where both have changed one, nothing of the operation is written (`CONFLICT`).",
        ),
        (
            SyncPolicy::ServerWins,
            "SERVER_WINS",
            "Where both have changed a field the server's value stays; the other fields are written (`MERGED`).",
        ),
        (SyncPolicy::ClientWins, "CLIENT_WINS", "The device's values are written, whatever they replace (`MERGED`)."),
        (SyncPolicy::Ask, "ASK", "Nothing is written where anybody else has changed the record since (`CONFLICT`)."),
    ];

    /// The name on the wire.
    pub fn name(self) -> &'static str {
        SyncPolicy::ALL.iter().find(|(policy, ..)| *policy == self).map_or("", |(_, name, _)| name)
    }

    fn read(json: Option<&Json>, pointer: &str) -> Result<Option<SyncPolicy>> {
        let Some(json) = json.filter(|json| !json.is_null()) else { return Ok(None) };
        let found = SyncPolicy::ALL.iter().find(|(_, name, _)| json.as_str() == Some(name)).map(|(policy, ..)| *policy);
        found.map(Some).ok_or_else(|| {
            let names: Vec<&str> = SyncPolicy::ALL.iter().map(|(_, name, _)| *name).collect();
            Error::invalid(pointer, ProblemCode::NotAllowed, format!("policy is {json}, but must be one of {}.", names.join(", ")))
        })
    }
}

/// How an operation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SyncStatus {
    /// It was carried out as it was asked for.
    Applied,
    /// Others had changed the record; it was carried out as far as the policy says.
    Merged,
    /// Others had changed the record, and nothing was written. Decide, and send it again.
    Conflict,
    /// It cannot be carried out. Nothing was written.
    Rejected,
}

impl SyncStatus {
    /// All of them, with what each means.
    pub const ALL: [(SyncStatus, &'static str, &'static str); 4] = [
        (SyncStatus::Applied, "APPLIED", "It was carried out as it was asked for."),
        (
            SyncStatus::Merged,
            "MERGED",
            "Others had changed the record meanwhile; it was carried out as far as the policy says. `conflicts` tells of each field that both sides had changed.",
        ),
        (
            SyncStatus::Conflict,
            "CONFLICT",
            "Others had changed the record meanwhile, and nothing was written. Decide, and send it again, with the version you know now or with another policy.",
        ),
        (SyncStatus::Rejected, "REJECTED", "It cannot be carried out, as `error` says. Nothing was written."),
    ];

    /// The name on the wire.
    pub fn name(self) -> &'static str {
        SyncStatus::ALL.iter().find(|(status, ..)| *status == self).map_or("", |(_, name, _)| name)
    }
}

/// One thing that a device has done.
#[derive(Clone, Debug)]
struct SyncOperation {
    /// What the device calls it; empty where it says nothing of the kind.
    id: String,
    /// Hashed, to tell it from another one of the same id.
    fingerprint: String,
    policy: Option<SyncPolicy>,
    /// What to do; an error where it says nothing that could be done.
    step: Result<SyncStep>,
}

#[derive(Clone, Debug)]
enum SyncStep {
    /// A write. Of an update and a deletion, what is expected is the version that it builds on.
    Write(BatchEntry),
    /// A verb, and where what it takes stands in the body.
    Perform(OperationRequest, String),
}

/// What became of an operation.
#[derive(Clone, Debug)]
pub struct SyncResult {
    /// What the device calls it.
    pub id: String,
    /// How it ended.
    pub status: SyncStatus,
    /// Whether it was carried out before, by an earlier push.
    pub replayed: bool,
    /// The request as which it stands in the change log; entries of the feed name it.
    pub request: Uuid,
    /// The resource.
    pub resource: Option<Name>,
    /// The record, by its id on the wire.
    pub record: Option<String>,
    /// Its version: after the write, or as it stands where nothing was written.
    pub version: Option<i64>,
    /// The fields that both sides have changed: `{field, base, mine, theirs, kept}`.
    pub conflicts: Vec<Json>,
    /// What came of a verb: its output, with records by their ids.
    pub output: Option<Json>,
    /// Why it was not carried out.
    pub error: Option<Error>,
}

impl SyncResult {
    /// The result as both APIs show it, without the error: `id status replayed requestId resource recordId version conflicts output`.
    pub fn to_json(&self) -> Json {
        json!({
            "id": self.id,
            "status": self.status.name(),
            "replayed": self.replayed,
            "requestId": self.request.to_string(),
            "resource": self.resource,
            "recordId": self.record,
            "version": self.version,
            "conflicts": self.conflicts,
            "output": self.output,
        })
    }
}

impl Engine {
    /// Reads what a device has done from its wire form: `device`, `policy`, `operations`. What is wrong with one operation is that operation's error.
    ///
    /// # Errors
    /// `VALIDATION_FAILED` where there is no device, or too many operations.
    pub fn read_sync(&self, device: Option<&Json>, policy: Option<&Json>, operations: Option<&Json>) -> Result<SyncRequest> {
        wire::read(&self.inner.registry, device, policy, operations)
    }

    /// Carries out what a device has done, in order, and answers what became of each operation. Inside a transaction it becomes part of it.
    pub async fn sync(&self, context: &Context, request: SyncRequest) -> Result<Vec<SyncResult>> {
        if self.inner.held.is_some() {
            return push::carry_out(self, context, &request).await;
        }
        task::owned(push::push(self.clone(), context.clone(), request)).await
    }
}
