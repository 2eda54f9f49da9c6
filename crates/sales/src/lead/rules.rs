//! What holds of a lead whatever way it is written.

use super::LeadStatus;
use async_trait::async_trait;
use clientela_engine::Rules;
use clientela_engine::module::{ChangeKind, Draft};
use clientela_kernel::{Context, FieldProblem, ProblemCode, Value};
use clientela_model::Choice as _;

/// The rules of leads.
pub struct LeadRules;

#[async_trait]
impl Rules for LeadRules {
    fn derive(&self, context: &Context, draft: &mut Draft) {
        if draft.kind == ChangeKind::Created || draft.changed("status") {
            draft.set("statusSince", Value::Instant(context.now));
        }
        if draft.changed("ownerId") {
            let given = if draft.get("ownerId").is_null() { Value::Null } else { Value::Instant(context.now) };
            draft.set("assignedAt", given);
        }
    }

    fn check(&self, _context: &Context, draft: &Draft, problems: &mut Vec<FieldProblem>) {
        let is = |value: &Value, status: LeadStatus| value.as_text() == Some(status.as_str());
        // The verbs leave their mark beside the status; whoever sets only the status has passed them by.
        let (status, converted) = (draft.get("status"), !draft.get("convertedAt").is_null());
        let disqualified = !draft.get("disqualifiedReason").is_null();
        if is(status, LeadStatus::Qualified) != converted || is(status, LeadStatus::Disqualified) != disqualified {
            let text = "status cannot be set to or from QUALIFIED and DISQUALIFIED: convertLead, revertLeadConversion, disqualifyLead and requalifyLead do it.";
            problems.push(FieldProblem::new("/status", ProblemCode::NotAllowed, text));
        }
        if converted && !draft.old("convertedAt").is_null() && draft.changed("accountId") && !draft.get("accountId").is_null() {
            let text = "accountId cannot be changed: the lead has been converted to this account.";
            problems.push(FieldProblem::new("/accountId", ProblemCode::Immutable, text));
        }
    }
}
