//! `confirmConsent`.

use super::ConsentState;
use crate::token;
use async_trait::async_trait;
use clientela_engine::module::Found;
use clientela_engine::{Call, Operation};
use clientela_kernel::{Comparison, Error, FieldProblem, Filter, Id, ProblemCode, Result, Value};
use clientela_macros::Shape;
use clientela_model::{Choice as _, OperationDef, system};

/// For how long a token confirms: 30 days, in milliseconds.
const TOKEN_LIFE: i64 = 30 * 24 * 60 * 60 * 1000;

/// Turns a pending entry into a grant.
pub struct ConfirmConsent;

/// What the party has sent back.
#[derive(Shape)]
pub struct Confirmation {
    /// The token that `recordConsent` gave.
    #[field(max = 60, example = "\"cct_4fT9mB2xQ7sVwLr8kZcY1nHdJ5gP3aEu\"")]
    pub token: String,
    /// What proves the confirmation: when it came from where.
    #[field(max = 4000, example = "\"Link followed from 192.0.2.7\"")]
    pub evidence: Option<String>,
}

/// The grant.
#[derive(Shape)]
pub struct Confirmed {
    /// The entry that grants.
    #[field(record = "consent")]
    pub consent: Id,
    /// Whether it was confirmed before, by the same token.
    #[field(example = "false")]
    pub already: bool,
}

#[async_trait]
impl Operation for ConfirmConsent {
    type Input = Confirmation;
    type Output = Confirmed;

    fn definition() -> OperationDef {
        OperationDef::writing::<Confirmation, Confirmed>(
            "confirmConsent",
            "consent",
            "confirm",
            "Ends a double opt-in: the pending entry whose token comes back is answered by a grant. A token confirms once, within 30 days, and \
             unless the party has taken it back since.",
        )
    }

    async fn run(&self, call: &Call<'_>, given: Confirmation) -> Result<Confirmed> {
        let digest = token::digest(given.token.trim());
        let found = call.find("consent", Filter::field("tokenDigest", Comparison::Equal(digest.into()))).await?.pop();
        let pending = found
            .ok_or_else(|| refused("token is not one that we gave. Ask the party for the whole link, or record the consent again."))?;
        let answers = call.find("consent", Filter::field("answersId", Comparison::Equal(Value::Id(pending.id.0)))).await?;
        if let Some(answer) = answers.first() {
            if answer.get("state").as_text() == Some(ConsentState::Granted.as_str()) {
                return Ok(Confirmed { consent: answer.id, already: true });
            }
            return Err(refused("token belongs to a consent that the party has taken back since. Record a new one."));
        }
        let made = pending.get(system::CREATED_AT).as_instant().map_or(0, |at| at.0);
        if call.now().0.saturating_sub(made) > TOKEN_LIFE {
            return Err(refused("token is older than 30 days. Record the consent again."));
        }
        let values = answer(&pending, ConsentState::Granted, call, None, given.evidence);
        Ok(Confirmed { consent: call.create("consent", values).await?.id, already: false })
    }
}

/// The fields of an entry that answers another: about the same, in another state.
pub(super) fn answer(
    entry: &Found,
    state: ConsentState,
    call: &Call<'_>,
    source: Option<String>,
    evidence: Option<String>,
) -> Vec<(&'static str, Value)> {
    let mut values: Vec<(&'static str, Value)> =
        ["partyId", "purposeId", "contactPointId", "address", "channel", "controllerId", "legalBasis", "noticeId"]
            .into_iter()
            .map(|field| (field, entry.get(field).clone()))
            .collect();
    values.extend([
        ("state", state.as_str().into()),
        ("occurredAt", Value::Instant(call.now())),
        // A confirmation comes the way that the question went; a withdrawal says by itself where it comes from.
        (
            "source",
            source.map_or_else(|| if state == ConsentState::Granted { entry.get("source").clone() } else { Value::Null }, Value::from),
        ),
        ("evidence", evidence.map_or(Value::Null, Value::from)),
        ("answersId", Value::Id(entry.id.0)),
    ]);
    values
}

fn refused(text: &str) -> Error {
    Error::validation(vec![FieldProblem::new("/token", ProblemCode::NotAllowed, text)])
}
