//! The notification: what a user should hear of.

use clientela_kernel::{Id, Timestamp};
use clientela_macros::{Choice, resource};

/// Why a user should hear of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Choice)]
pub enum NotificationKind {
    /// Somebody has mentioned the user.
    Mention,
    /// Somebody has given the user something to do.
    Assignment,
    /// The moment has come that the user wanted to be reminded at.
    Reminder,
    /// Something has changed that the user follows.
    Change,
    /// Somebody has answered.
    Answer,
    /// Anything else; `text` says what.
    Other,
}

/// What a user should hear of, until it is read.
#[resource(name = "notification", owner = "userId", prefix = "ntf", label = "text", unattachable)]
pub struct Model {
    /// Who should hear of it.
    #[field(
        refers = "user",
        inverse = "notifications",
        inverse_description = "What this user should hear of.",
        on_delete = "cascade",
        write = "immutable",
        example = "\"usr_01h455vb4pex5vsknk084sn02q\""
    )]
    pub user_id: Id,
    /// Why.
    #[field(write = "immutable")]
    pub kind: NotificationKind,
    /// The record it is about, of any type: the prefix of the id tells which.
    #[field(
        refers_any,
        write = "immutable",
        inverse = "notificationsAbout",
        inverse_description = "What users were told about this record.",
        on_delete = "cascade",
        example = "\"not_01h455vb4pex5vsknk084sn02q\""
    )]
    pub record_id: Option<AnyId>,
    /// What is said, in a line.
    #[field(max = 500, no_sort, write = "immutable", example = "\"@Anna, can you look at the prices?\"")]
    pub text: Option<String>,
    /// When the user read it; empty until then.
    #[field()]
    pub read_at: Option<Timestamp>,
}
