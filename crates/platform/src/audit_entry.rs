//! The audit: who signed in, who changed what others may do, who took records out. The chain is the store's, what is worth an entry the
//! rules of each resource say.

use clientela_engine::{AuditNote, AuditShows};
use clientela_macros::{Choice, resource};
use clientela_model::Choice as _;

/// What an entry of the audit tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Choice)]
pub enum AuditKind {
    /// Somebody signed in, or a program did for itself.
    SignedIn,
    /// Somebody tried to sign in and was refused.
    SignInRefused,
    /// A session was ended before its time.
    SessionRevoked,
    /// A password was set or changed.
    PasswordChanged,
    /// A second factor was set up or taken away, or its recovery codes were made anew.
    SecondFactorChanged,
    /// A user was made, deactivated, deleted or given another address.
    UserChanged,
    /// Roles, rights, field rules, assignments or teams changed.
    RightsChanged,
    /// A record was shared, or is no longer.
    ShareChanged,
    /// An API key or a program that people sign in to was made, changed or revoked.
    CredentialChanged,
    /// A link was made by which a user signs in without a password.
    SignInLinkMade,
    /// Records were taken out of the system.
    Exported,
    /// A sensitive field was read.
    SensitiveRead,
}

impl AuditKind {
    /// A note that shows what the fields were and are.
    pub(crate) fn with_values(self) -> Option<AuditNote> {
        Some(AuditNote { kind: self.as_str(), shows: AuditShows::Values })
    }

    /// A note that shows which fields changed.
    pub(crate) fn with_names(self) -> Option<AuditNote> {
        Some(AuditNote { kind: self.as_str(), shows: AuditShows::Names })
    }
}

/// An entry of the audit: what happened, who did it (`createdBy`), when (`createdAt`) and from where. Entries are only ever added, by the
/// server, and each is bound to the one before by its hash: `clientela audit verify` finds the first that was changed or taken away. Only administrators
/// see them.
#[resource(
    name = "auditEntry",
    plural = "auditEntries",
    prefix = "aud",
    label = "kind",
    mirror,
    unattachable,
    administrators_only,
    unique("audit_entry_sequence_key", "sequence")
)]
pub struct Model {
    /// Its number in the tenant's audit, from 1 on without gaps.
    #[field(write = "read_only", min = 1, max = 9_007_199_254_740_991, example = "4711")]
    pub sequence: i64,
    /// What happened.
    #[field(write = "read_only")]
    pub kind: AuditKind,
    /// What was done with the record: `CREATED`, `UPDATED`, `DELETED`, `RESTORED` or `ERASED`. Empty where nothing was.
    #[field(write = "read_only", max = 20, example = "\"UPDATED\"")]
    pub change: Option<String>,
    /// The type of record that it is about.
    #[field(write = "read_only", max = 60, example = "\"roleAssignment\"")]
    pub resource: Option<String>,
    /// The id of the record that it is about, which may be gone.
    #[field(write = "read_only", max = 60, example = "\"ras_01h455vb4pex5vsknk084sn02q\"")]
    pub record: Option<String>,
    /// The program through which it was done.
    #[field(write = "read_only", max = 300, example = "\"app_kq3x8n5r2v7w9y4z\"")]
    pub client: Option<String>,
    /// The network address it was done from.
    #[field(write = "read_only", max = 60, example = "\"192.0.2.7\"")]
    pub address: Option<String>,
    /// The id of the request, as logs, errors and the change log have it.
    #[field(write = "read_only", max = 36, example = "\"01890a5d-ac96-774b-bcce-b302099a8057\"")]
    pub request: String,
    /// More, as JSON: what the fields of the record were and are, or which changed; why a sign-in was refused; what was exported.
    #[field(write = "read_only", max = 100_000, no_filter, no_sort, example = "\"{\\\"fields\\\":[\\\"active\\\"]}\"")]
    pub detail: Option<String>,
    /// SHA-256 over the hash of the entry before, and everything this one says, in hex.
    #[field(write = "read_only", max = 64, example = "\"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\"")]
    pub hash: String,
}
