//! Who took part in an interaction.

use crate::interaction::InteractionKind;
use async_trait::async_trait;
use clientela_engine::Rules;
use clientela_engine::module::{Draft, RuleReader};
use clientela_kernel::{Comparison, Context, Error, FieldProblem, Filter, Id, ProblemCode, Result, Timestamp};
use clientela_macros::{Choice, resource};
use clientela_model::system;

/// The part somebody played in an interaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Choice)]
pub enum ParticipantRole {
    /// The one it was about, or who bought.
    Customer,
    /// Acted for us.
    Agent,
    /// A further person of our own side.
    Colleague,
    /// Anybody else.
    Other,
}

/// A party that took part in an interaction. A contact's or account's interactions are found through its participations.
#[resource(
    name = "interactionParticipant",
    prefix = "ipa",
    unique("interaction_participant_interaction_party_key", "interactionId", "partyId"),
    timeline(of = "partyId", at = "occurredAt", title = "subject", sort = "kind", shows = "interactionId")
)]
pub struct Model {
    /// The interaction.
    #[field(
        refers = "interaction",
        inverse = "participants",
        inverse_description = "Who took part.",
        on_delete = "cascade",
        personal = "shared",
        write = "immutable",
        example = "\"int_01h455vb4pex5vsknk084sn02q\""
    )]
    pub interaction_id: Id,
    /// Who took part: the id of a party, a contact or an account.
    #[field(
        refers = "party",
        inverse = "participations",
        inverse_description = "The interactions this party took part in.",
        on_delete = "cascade",
        write = "immutable",
        example = "\"con_01h455vb4pex5vsknk084sn02q\""
    )]
    pub party_id: Id,
    /// The part it played.
    #[field(default = "\"CUSTOMER\"")]
    pub role: ParticipantRole,
    /// When the interaction happened: a copy, so that a party's interactions are listed in order at once.
    #[field(write = "read_only", derived, copy_of = "interaction.occurredAt")]
    pub occurred_at: Timestamp,
    /// The interaction's kind: a copy, so that a party's interactions are told apart at once.
    #[field(write = "read_only", derived, copy_of = "interaction.kind")]
    pub kind: InteractionKind,
    /// The interaction's subject: a copy, so that a party's interactions are listed at once.
    #[field(max = 300, write = "read_only", derived, copy_of = "interaction.subject", example = "\"Price list for the winter season\"")]
    pub subject: String,
}

/// What a participant copies of its interaction.
pub(crate) const COPIES: [&str; 3] = ["occurredAt", "kind", "subject"];

/// The rules of participants.
pub struct InteractionParticipantRules;

#[async_trait]
impl Rules for InteractionParticipantRules {
    async fn look_up(&self, _context: &Context, reader: &dyn RuleReader, draft: &mut Draft) -> Result<()> {
        let interaction = draft.get("interactionId").clone();
        if interaction.is_null() {
            return Ok(());
        }
        let found = reader.find("interaction", Filter::field(system::ID, Comparison::Equal(interaction))).await?;
        let Some(interaction) = found.first() else {
            let text = "interactionId names no interaction: give the id of one that exists and is not deleted.";
            return Err(Error::validation(vec![FieldProblem::new("/interactionId", ProblemCode::ReferenceNotFound, text)]));
        };
        for field in COPIES {
            draft.set(field, interaction.get(field).clone());
        }
        Ok(())
    }
}
