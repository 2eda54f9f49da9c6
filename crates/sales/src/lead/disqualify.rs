//! `disqualifyLead` and `requalifyLead`.

use super::LeadStatus;
use async_trait::async_trait;
use clientela_engine::{Call, Operation};
use clientela_kernel::{Error, ErrorCode, Id, Result, Value};
use clientela_macros::Shape;
use clientela_model::{Choice as _, OperationDef};

/// Nothing will come of a lead.
pub struct DisqualifyLead;

/// A lead is looked at again.
pub struct RequalifyLead;

/// Why.
#[derive(Shape)]
pub struct Disqualification {
    /// Why nothing will come of it.
    #[field(max = 2000, example = "\"Bought elsewhere.\"")]
    pub reason: String,
}

/// Nothing has to be said.
#[derive(Shape)]
pub struct Requalification {
    /// Whether it is only kept in touch with: it is `NURTURING` then, and otherwise `WORKING`.
    #[field(default = "false", example = "false")]
    pub nurture: bool,
}

/// The lead.
#[derive(Shape)]
pub struct LeadOf {
    /// The lead as it is now.
    #[field(record = "lead")]
    pub lead: Id,
}

#[async_trait]
impl Operation for DisqualifyLead {
    type Input = Disqualification;
    type Output = LeadOf;

    fn definition() -> OperationDef {
        OperationDef::writing::<Disqualification, LeadOf>(
            "disqualifyLead",
            "lead",
            "disqualify",
            "Says that nothing will come of a lead, and why. One that was converted cannot be disqualified (`INVALID_STATE`).",
        )
        .on_record()
    }

    async fn run(&self, call: &Call<'_>, given: Disqualification) -> Result<LeadOf> {
        let lead = call.held().await?;
        refuse_ended(lead, "disqualified")?;
        let values = vec![("status", LeadStatus::Disqualified.as_str().into()), ("disqualifiedReason", Value::Text(given.reason))];
        call.set("lead", lead.id, values, None).await?;
        Ok(LeadOf { lead: lead.id })
    }
}

#[async_trait]
impl Operation for RequalifyLead {
    type Input = Requalification;
    type Output = LeadOf;

    fn definition() -> OperationDef {
        OperationDef::writing::<Requalification, LeadOf>(
            "requalifyLead",
            "lead",
            "requalify",
            "Has a lead that was disqualified be worked on again, or kept in touch with.",
        )
        .on_record()
    }

    async fn run(&self, call: &Call<'_>, given: Requalification) -> Result<LeadOf> {
        let lead = call.held().await?;
        let status = lead.get("status").as_text().unwrap_or_default();
        if status != LeadStatus::Disqualified.as_str() {
            return Err(Error::new(
                ErrorCode::InvalidState,
                format!("The lead is {status}, and only one that is DISQUALIFIED can be taken up again."),
            ));
        }
        let status = if given.nurture { LeadStatus::Nurturing } else { LeadStatus::Working };
        call.set("lead", lead.id, vec![("status", status.as_str().into()), ("disqualifiedReason", Value::Null)], None).await?;
        Ok(LeadOf { lead: lead.id })
    }
}

/// Refuses a lead of which it is decided what became of it.
pub(super) fn refuse_ended(lead: &clientela_engine::module::Found, verb: &str) -> Result<()> {
    let status = lead.get("status").as_text().unwrap_or_default();
    if status == LeadStatus::Qualified.as_str() || status == LeadStatus::Disqualified.as_str() {
        let text = format!(
            "The lead is {status} and cannot be {verb}: what became of it is decided. revertLeadConversion or requalifyLead takes that back."
        );
        return Err(Error::new(ErrorCode::InvalidState, text));
    }
    Ok(())
}
