//! The privacy request: what somebody asked for, and the report of what was done.

use clientela_engine::Call;
use clientela_kernel::{Id, Result, Timestamp, Value};
use clientela_macros::{Choice, resource};
use clientela_model::Choice as _;
use serde_json::Value as Json;
use sha2::{Digest as _, Sha256};

/// What was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Choice)]
pub enum PrivacyRequestKind {
    /// Everything that is known about a person.
    Export,
    /// That a person be forgotten.
    Erase,
}

/// How far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Choice)]
pub enum PrivacyRequestStatus {
    /// It is done.
    Completed,
}

/// What a person asked for, and the report of what was done. Written by `exportPerson` and `erasePerson`, never changed, and kept when the
/// person is erased: it says what was done, and nothing about the person but the id.
#[resource(name = "privacyRequest", prefix = "prq", label = "subject", read_only, unattachable)]
pub struct Model {
    /// What was asked for.
    #[field()]
    pub kind: PrivacyRequestKind,
    /// How far it is.
    #[field()]
    pub status: PrivacyRequestStatus,
    /// The id of the party it was about, which may be gone.
    #[field(max = 40, example = "\"pty_01h455vb4pex5vsknk084sn02q\"")]
    pub subject: String,
    /// Your own number of the request.
    #[field(max = 100, example = "\"DSR-2026-17\"")]
    pub reference: Option<String>,
    /// Records that belonged to the person: exported, or gone.
    #[field(min = 0, max = 1_000_000_000, example = "12")]
    pub own_records: i64,
    /// Records of others that named the person: exported as well, or changed so that they no longer tell of the person.
    #[field(min = 0, max = 1_000_000_000, example = "2")]
    pub other_records: i64,
    /// What was done, as JSON with sorted names: `own` and `others`, each with the number of records by resource; of an erasure also
    /// `changes` and `answers`, the changes in the log of other records and the remembered answers that were overwritten.
    #[field(max = 100_000, no_filter, no_sort, example = "\"{\\\"others\\\":{},\\\"own\\\":{\\\"contact\\\":1}}\"")]
    pub report: String,
    /// SHA-256, in hex, of kind, subject, `completedAt` and report with a line feed between: who keeps it can tell later whether the report
    /// was changed.
    #[field(max = 64, no_sort, example = "\"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\"")]
    pub digest: String,
    /// When it was done.
    #[field()]
    pub completed_at: Timestamp,
    /// Of an erasure: what the addresses and numbers of the person look like after HMAC-SHA256 with a key of the tenant's that never leaves the
    /// server. `checkSuppression` and `decideContact` recognize them by it.
    #[field(example = "[\"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\"]")]
    pub suppressed: TextSet,
}

/// What is to be written about a request.
pub(super) struct Done {
    pub(super) kind: PrivacyRequestKind,
    pub(super) subject: Id,
    pub(super) reference: Option<String>,
    pub(super) own: i64,
    pub(super) others: i64,
    pub(super) report: Json,
    pub(super) suppressed: Vec<String>,
}

/// Writes it down.
pub(super) async fn write(call: &Call<'_>, done: Done) -> Result<Id> {
    let (at, subject, report) = (call.now(), done.subject.to_text("pty"), done.report.to_string());
    let told = [done.kind.as_str(), &subject, &at.to_text(), &report].join("\n");
    let digest: String = Sha256::digest(told.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
    let values = vec![
        ("kind", done.kind.as_str().into()),
        ("status", PrivacyRequestStatus::Completed.as_str().into()),
        ("subject", Value::Text(subject)),
        ("reference", done.reference.map_or(Value::Null, Value::Text)),
        ("ownRecords", Value::Integer(done.own)),
        ("otherRecords", Value::Integer(done.others)),
        ("report", Value::Text(report)),
        ("digest", Value::Text(digest)),
        ("completedAt", Value::Instant(at)),
        ("suppressed", Value::TextSet(done.suppressed)),
    ];
    Ok(call.create("privacyRequest", values).await?.id)
}
