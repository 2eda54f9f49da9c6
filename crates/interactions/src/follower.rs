//! The follower: a user who wants to hear of a record.

use async_trait::async_trait;
use clientela_engine::Rules;
use clientela_engine::module::Draft;
use clientela_kernel::{Context, Id, Value};
use clientela_macros::resource;

/// A user who wants to hear of a record. Nobody follows a record twice.
#[resource(
    name = "follower",
    owner = "userId",
    prefix = "flw",
    unattachable,
    unique("follower_user_record_key", "userId", "userWithRecord")
)]
pub struct Model {
    /// Who follows.
    #[field(
        refers = "user",
        inverse = "follows",
        inverse_description = "What this user follows.",
        on_delete = "cascade",
        write = "immutable",
        example = "\"usr_01h455vb4pex5vsknk084sn02q\""
    )]
    pub user_id: Id,
    /// The record that is followed, of any type: the prefix of the id tells which.
    #[field(
        refers_any,
        write = "immutable",
        inverse = "followers",
        inverse_description = "The users who want to hear of this record.",
        on_delete = "cascade",
        example = "\"acc_01h455vb4pex5vsknk084sn02q\""
    )]
    pub record_id: AnyId,
    /// Whether the user wants to hear nothing for the time being.
    #[field(default = "false")]
    pub muted: bool,
    /// User and record in one, so that the two are unique together.
    #[field(max = 200, secret, write = "read_only", derived, example = "\"\"")]
    pub user_with_record: String,
}

/// The rules of followers.
pub struct FollowerRules;

#[async_trait]
impl Rules for FollowerRules {
    fn derive(&self, _context: &Context, draft: &mut Draft) {
        let both = match (draft.get("userId").as_id(), draft.get("recordId").as_record()) {
            (Some(user), Some(record)) => format!("{}:{}:{}", user.simple(), record.resource, record.id.simple()).into(),
            _ => Value::Null,
        };
        draft.set("userWithRecord", both);
    }
}
