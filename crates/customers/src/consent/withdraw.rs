//! `withdrawConsent`.

use super::ConsentState;
use super::confirm::answer;
use async_trait::async_trait;
use clientela_engine::{Call, Operation};
use clientela_kernel::{Error, FieldProblem, Id, ProblemCode, Result, Timestamp, Value};
use clientela_macros::Shape;
use clientela_model::OperationDef;

/// Takes a consent back.
pub struct WithdrawConsent;

/// How it was taken back.
#[derive(Shape)]
pub struct Withdrawal {
    /// When, not in the future and not before the entry that is taken back; now where left out.
    #[field(example = "null")]
    pub occurred_at: Option<Timestamp>,
    /// Where.
    #[field(max = 200, example = "\"Unsubscribe link\"")]
    pub source: Option<String>,
    /// What proves it.
    #[field(max = 4000, example = "\"Call of 31 January, recorded\"")]
    pub evidence: Option<String>,
}

/// The entry that says so.
#[derive(Shape)]
pub struct Withdrawn {
    /// The entry that takes the consent back.
    #[field(record = "consent")]
    pub consent: Id,
}

#[async_trait]
impl Operation for WithdrawConsent {
    type Input = Withdrawal;
    type Output = Withdrawn;

    fn definition() -> OperationDef {
        OperationDef::writing::<Withdrawal, Withdrawn>(
            "withdrawConsent",
            "consent",
            "withdraw",
            "Takes a consent back: writes an entry about the same party, purpose, channel, address and controller that withdraws it. Whatever \
             state the entry is in, afterwards there is no consent for what it was about.",
        )
        .on_record()
    }

    async fn run(&self, call: &Call<'_>, given: Withdrawal) -> Result<Withdrawn> {
        let entry = call.target()?;
        let mut values = answer(entry, ConsentState::Withdrawn, call, given.source, given.evidence);
        if let Some(at) = given.occurred_at {
            let said = entry.get("occurredAt").as_instant().unwrap_or(at);
            if at < said {
                let text = format!("occurredAt is {}, before the consent was given, {}.", at.to_text(), said.to_text());
                return Err(Error::validation(vec![FieldProblem::new("/occurredAt", ProblemCode::OutOfRange, text)]));
            }
            values.retain(|(field, _)| *field != "occurredAt");
            values.push(("occurredAt", Value::Instant(at)));
        }
        Ok(Withdrawn { consent: call.create("consent", values).await?.id })
    }
}
