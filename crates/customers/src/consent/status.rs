//! `consentStatus`.

use super::standing::{Question, standing};
use super::{ConsentState, ContactChannel};
use async_trait::async_trait;
use clientela_engine::{Call, Operation};
use clientela_kernel::{Error, FieldProblem, Id, ProblemCode, Result, Timestamp, Value};
use clientela_macros::Shape;
use clientela_model::{Choice as _, OperationDef};

/// Tells what holds.
pub struct ConsentStatus;

/// What is asked.
#[derive(Shape)]
pub struct ConsentQuestion {
    /// Whom it is about: the id of a party, a contact or an account.
    #[field(refers = "party", example = "\"con_01h455vb4pex5vsknk084sn02q\"")]
    pub party_id: Id,
    /// What for.
    #[field(refers = "purpose", example = "\"pur_01h455vb4pex5vsknk084sn02q\"")]
    pub purpose_id: Id,
    /// On which channel; only what holds for every channel counts where left out.
    #[field(example = "\"EMAIL\"")]
    pub channel: Option<ContactChannel>,
    /// At which of the party's contact points; only what holds for all of them counts where left out.
    #[field(refers = "contactPoint", example = "null")]
    pub contact_point_id: Option<Id>,
    /// By whom, where that is not us.
    #[field(refers = "account", example = "null")]
    pub controller_id: Option<Id>,
    /// As of when; now where left out.
    #[field(example = "null")]
    pub at: Option<Timestamp>,
}

/// What holds.
#[derive(Shape)]
pub struct ConsentAnswer {
    /// Whether the party may be contacted, as far as consent goes: by a grant that holds, or because the purpose needs none and
    /// the party has not objected.
    #[field(example = "true")]
    pub allowed: bool,
    /// The state that the ledger comes to; null where the party has said nothing about this.
    #[field()]
    pub state: Option<ConsentState>,
    /// The entry that decides: the most specific one, of these the latest, of two at the same moment the one that says no.
    #[field(record = "consent")]
    pub consent: Option<Id>,
}

#[async_trait]
impl Operation for ConsentStatus {
    type Input = ConsentQuestion;
    type Output = ConsentAnswer;

    fn definition() -> OperationDef {
        OperationDef::reading::<ConsentQuestion, ConsentAnswer>(
            "consentStatus",
            "consent",
            "status",
            "Tells whether a party may be contacted for a purpose, by everything the consent ledger says about it.",
        )
    }

    async fn run(&self, call: &Call<'_>, asked: ConsentQuestion) -> Result<ConsentAnswer> {
        call.referenced("partyId", "party", asked.party_id).await?;
        let purpose = call.referenced("purposeId", "purpose", asked.purpose_id).await?;
        if let Some(controller) = asked.controller_id {
            call.referenced("controllerId", "account", controller).await?;
        }
        let address = point(call, asked.party_id, asked.contact_point_id)
            .await?
            .and_then(|point| point.get("normalized").as_text().map(str::to_owned));
        let question = Question {
            party: asked.party_id,
            channel: asked.channel.map(|channel| channel.as_str().to_owned()),
            address,
            controller: asked.controller_id,
            at: asked.at.unwrap_or_else(|| call.now()),
        };
        let found = standing(call, &purpose, &question).await?;
        Ok(ConsentAnswer { allowed: found.allowed, state: found.state, consent: found.entry })
    }
}

/// The contact point that an input names, which must be the party's own; none where it names none.
pub(crate) async fn point(call: &Call<'_>, party: Id, id: Option<Id>) -> Result<Option<clientela_engine::module::Found>> {
    let Some(id) = id else { return Ok(None) };
    let point = call.referenced("contactPointId", "contactPoint", id).await?;
    if point.get("partyId") != &Value::Id(party.0) {
        let text = "contactPointId names an address of another party. Name one of the party's own, or none.";
        return Err(Error::validation(vec![FieldProblem::new("/contactPointId", ProblemCode::Contradiction, text)]));
    }
    Ok(Some(point))
}
