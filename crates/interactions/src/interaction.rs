//! The interaction: one entry of the ledger of everything between us and them.

use crate::interaction_participant::COPIES;
use async_trait::async_trait;
use clientela_engine::Rules;
use clientela_engine::module::{ChangeKind, Companion, Draft, RuleReader};
use clientela_kernel::{Comparison, Context, FieldProblem, Filter, ProblemCode, Result, Timestamp, Value};
use clientela_macros::{Choice, resource};

/// What kind of contact it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Choice)]
pub enum InteractionKind {
    /// A telephone or video call.
    Call,
    /// An e-mail.
    Email,
    /// An appointment at our place, online or elsewhere.
    Meeting,
    /// A visit to the customer.
    Visit,
    /// A letter on paper.
    Letter,
    /// A fax.
    Fax,
    /// A text message or a message on a messenger.
    Message,
    /// A live chat.
    Chat,
    /// A visit to our web site.
    WebVisit,
    /// A purchase.
    Purchase,
    /// Something worth remembering that was not a contact.
    Note,
    /// Anything else.
    Other,
}

/// Who began it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Choice)]
pub enum InteractionDirection {
    /// They came to us.
    Inbound,
    /// We went to them.
    Outbound,
    /// Among ourselves.
    Internal,
}

/// The way it took.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Choice)]
pub enum InteractionChannel {
    /// Telephone.
    Phone,
    /// Video conference.
    Video,
    /// E-mail.
    Email,
    /// Certified e-mail.
    CertifiedMail,
    /// Post.
    Post,
    /// Fax.
    Fax,
    /// SMS.
    Sms,
    /// Chat on our web site or in our app.
    Chat,
    /// A social network or messenger.
    Social,
    /// The web site or web shop.
    Web,
    /// A shop.
    Store,
    /// Face to face.
    InPerson,
    /// Through a partner.
    Partner,
    /// Any other way.
    Other,
}

/// One contact with customers, on whatever channel: a call, a visit, a letter, a purchase. Who took part is in its
/// participants.
#[resource(name = "interaction", prefix = "int", label = "subject", owned, tagged)]
pub struct Model {
    /// What kind of contact it was.
    #[field()]
    pub kind: InteractionKind,
    /// Who began it.
    #[field()]
    pub direction: Option<InteractionDirection>,
    /// The way it took.
    #[field()]
    pub channel: Option<InteractionChannel>,
    /// What it was about, in a line.
    #[field(search = "name", max = 300, folded, example = "\"Price list for the winter season\"")]
    pub subject: String,
    /// What was said or written.
    #[field(search = "text", max = 20_000, no_sort, example = "\"Wants the new list by Friday; asks for 2 % cash discount.\"")]
    pub body: Option<String>,
    /// What came of it.
    #[field(search = "detail", max = 300, folded, example = "\"List sent; call again on Monday\"")]
    pub outcome: Option<String>,
    /// When it happened or began; now, where you leave it out.
    #[field(derived)]
    pub occurred_at: Timestamp,
    /// How long it took, in whole seconds.
    #[field(duration, example = "\"PT15M\"")]
    pub duration: Option<i64>,
    /// What it cost us.
    #[field(example = "{\"amount\":\"12.50\",\"currency\":\"EUR\"}")]
    pub cost: Option<Money>,
}

/// The rules of interactions.
pub struct InteractionRules;

#[async_trait]
impl Rules for InteractionRules {
    fn derive(&self, context: &Context, draft: &mut Draft) {
        if draft.kind == ChangeKind::Created && draft.get("occurredAt").is_null() {
            draft.set("occurredAt", Value::Instant(context.now));
        }
    }

    fn check(&self, _context: &Context, draft: &Draft, problems: &mut Vec<FieldProblem>) {
        if draft.get("duration").as_integer().is_some_and(|seconds| seconds < 0) {
            problems.push(FieldProblem::new(
                "/duration",
                ProblemCode::OutOfRange,
                "duration is negative: give zero or more, such as PT15M.",
            ));
        }
    }

    async fn companions(&self, _context: &Context, reader: &dyn RuleReader, draft: &Draft) -> Result<Vec<Companion>> {
        let copied: Vec<&'static str> = COPIES.into_iter().filter(|field| draft.changed(field)).collect();
        if draft.kind != ChangeKind::Updated || copied.is_empty() {
            return Ok(Vec::new());
        }
        let of_this = Filter::field("interactionId", Comparison::Equal(Value::Id(draft.id.0)));
        let participants = reader.find("interactionParticipant", of_this).await?;
        Ok(participants
            .into_iter()
            .map(|participant| Companion::Patch {
                resource: "interactionParticipant",
                id: participant.id,
                values: copied.iter().map(|field| (*field, draft.get(field).clone())).collect(),
            })
            .collect())
    }
}
