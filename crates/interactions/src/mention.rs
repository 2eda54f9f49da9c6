//! The mention: somebody's name in a text.

use crate::notification::NotificationKind;
use async_trait::async_trait;
use clientela_engine::Rules;
use clientela_engine::module::{ChangeKind, Companion, Draft, RuleReader};
use clientela_kernel::{ActorKind, Context, Id, Result, Value};
use clientela_macros::resource;
use clientela_model::Choice as _;

/// A colleague's name in the text of a record: of a note, an interaction, a task. Whoever is mentioned by somebody else
/// is notified in the same breath.
#[resource(name = "mention", owner = "userId", prefix = "men", unattachable)]
pub struct Model {
    /// Who is mentioned.
    #[field(
        refers = "user",
        inverse = "mentions",
        inverse_description = "Where this user is mentioned.",
        on_delete = "cascade",
        write = "immutable",
        example = "\"usr_01h455vb4pex5vsknk084sn02q\""
    )]
    pub user_id: Id,
    /// The record whose text it is, of any type: the prefix of the id tells which.
    #[field(
        refers_any,
        write = "immutable",
        inverse = "mentionsOfUsers",
        inverse_description = "The users who are mentioned in this record's text.",
        on_delete = "cascade",
        example = "\"not_01h455vb4pex5vsknk084sn02q\""
    )]
    pub record_id: AnyId,
    /// The words around the name.
    #[field(max = 500, no_sort, example = "\"@Anna, can you look at the prices?\"")]
    pub excerpt: Option<String>,
}

/// The rules of mentions.
pub struct MentionRules;

#[async_trait]
impl Rules for MentionRules {
    async fn companions(&self, context: &Context, _reader: &dyn RuleReader, draft: &Draft) -> Result<Vec<Companion>> {
        let oneself = context.actor.kind == ActorKind::User && draft.get("userId") == &Value::Id(context.actor.id.0);
        if draft.kind != ChangeKind::Created || oneself {
            return Ok(Vec::new());
        }
        let values = vec![
            ("userId", draft.get("userId").clone()),
            ("kind", NotificationKind::Mention.as_str().into()),
            ("recordId", draft.get("recordId").clone()),
            ("text", draft.get("excerpt").clone()),
        ];
        Ok(vec![Companion::Create { resource: "notification", values }])
    }
}
