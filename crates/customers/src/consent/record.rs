//! `recordConsent`.

use super::{ConsentState, ContactChannel};
use crate::party::PartyKind;
use crate::purpose::LegalBasis;
use crate::token;
use async_trait::async_trait;
use clientela_engine::{Call, Operation};
use clientela_kernel::{Error, FieldProblem, Id, ProblemCode, Result, Timestamp, Value};
use clientela_macros::Shape;
use clientela_model::{Choice as _, OperationDef};

/// Records what a party has said.
pub struct RecordConsent;

/// What a party has said about a purpose.
#[derive(Shape)]
pub struct Said {
    /// Whose consent it is: the id of a party, a contact or an account.
    #[field(refers = "party", example = "\"con_01h455vb4pex5vsknk084sn02q\"")]
    pub party_id: Id,
    /// What for.
    #[field(refers = "purpose", example = "\"pur_01h455vb4pex5vsknk084sn02q\"")]
    pub purpose_id: Id,
    /// What was said.
    #[field(default = "\"GRANTED\"", example = "\"GRANTED\"")]
    pub state: ConsentState,
    /// The contact point it is about, one of the party's own; about all of them where left out.
    #[field(refers = "contactPoint", example = "null")]
    pub contact_point_id: Option<Id>,
    /// The channel it is about; about every channel where left out.
    #[field(example = "\"EMAIL\"")]
    pub channel: Option<ContactChannel>,
    /// The organization that may use the data, where that is not us.
    #[field(refers = "account", example = "null")]
    pub controller_id: Option<Id>,
    /// Why the law lets us; the purpose's own legal basis where left out.
    #[field(example = "\"CONSENT\"")]
    pub legal_basis: Option<LegalBasis>,
    /// When it was said, not in the future; now where left out.
    #[field(example = "null")]
    pub occurred_at: Option<Timestamp>,
    /// Where it was said.
    #[field(max = 200, example = "\"Newsletter form\"")]
    pub source: Option<String>,
    /// What proves it: the words, the address of the caller, the name of a scan.
    #[field(max = 4000, example = "\"Ticked the box on https://bergkaese.example/news, from 192.0.2.7\"")]
    pub evidence: Option<String>,
    /// What the party was told: a notice of the purpose.
    #[field(refers = "purposeNotice", example = "null")]
    pub notice_id: Option<Id>,
    /// Whether the party has confirmed a grant already, so that no double opt-in is asked for.
    #[field(default = "false", example = "false")]
    pub confirmed: bool,
}

/// What was written.
#[derive(Shape)]
pub struct Recorded {
    /// The entry of the ledger.
    #[field(record = "consent")]
    pub consent: Id,
    /// Where the entry is pending: the token that confirms it. Send it to the party's address, and give it to `confirmConsent`
    /// when it comes back. It is shown this once; a repetition of the request does not show it again.
    #[field(max = 60, secret, example = "\"cct_4fT9mB2xQ7sVwLr8kZcY1nHdJ5gP3aEu\"")]
    pub confirmation_token: Option<String>,
}

#[async_trait]
impl Operation for RecordConsent {
    type Input = Said;
    type Output = Recorded;

    fn definition() -> OperationDef {
        OperationDef::writing::<Said, Recorded>(
            "recordConsent",
            "consent",
            "record",
            "Writes what a party has said about a purpose into the consent ledger. Where the purpose asks for a double opt-in, a grant is \
             recorded as `PENDING`, and the token that confirms it comes back.",
        )
    }

    async fn run(&self, call: &Call<'_>, said: Said) -> Result<Recorded> {
        let purpose = call.referenced("purposeId", "purpose", said.purpose_id).await?;
        let party = call.referenced("partyId", "party", said.party_id).await?;
        if party.get("kind").as_text() == Some(PartyKind::Household.as_str()) {
            let text = "partyId names a household, which consents to nothing: record what each of its members has said.";
            return Err(Error::validation(vec![FieldProblem::new("/partyId", ProblemCode::NotAllowed, text)]));
        }
        let asks = purpose.get("doubleOptIn") == &Value::Boolean(true) && !said.confirmed;
        let state = if said.state == ConsentState::Granted && asks { ConsentState::Pending } else { said.state };
        let token = (state == ConsentState::Pending).then(token::mint);
        let optional = |id: Option<Id>| id.map_or(Value::Null, |id| Value::Id(id.0));
        let values = vec![
            ("partyId", Value::Id(said.party_id.0)),
            ("purposeId", Value::Id(said.purpose_id.0)),
            ("contactPointId", optional(said.contact_point_id)),
            ("channel", said.channel.map_or(Value::Null, |channel| channel.as_str().into())),
            ("controllerId", optional(said.controller_id)),
            ("legalBasis", said.legal_basis.map_or_else(|| purpose.get("legalBasis").clone(), |basis| basis.as_str().into())),
            ("state", state.as_str().into()),
            ("occurredAt", Value::Instant(said.occurred_at.unwrap_or_else(|| call.now()))),
            ("source", said.source.map_or(Value::Null, Value::from)),
            ("evidence", said.evidence.map_or(Value::Null, Value::from)),
            ("noticeId", optional(said.notice_id)),
            ("tokenDigest", token.as_deref().map_or(Value::Null, |token| token::digest(token).into())),
        ];
        let written = call.create("consent", values).await?;
        Ok(Recorded { consent: written.id, confirmation_token: token })
    }
}
