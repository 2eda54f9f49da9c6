//! `reopen`.

use super::super::OpportunityStatus;
use super::{Moved, is, stages};
use crate::pipeline::stage::StageKind;
use async_trait::async_trait;
use clientela_engine::module::Found;
use clientela_engine::{Call, Operation};
use clientela_kernel::{Error, ErrorCode, Filter, Id, ProblemCode, Result, Value};
use clientela_macros::Shape;
use clientela_model::Choice as _;
use clientela_model::OperationDef;

/// A deal that was won or lost is worked on again.
pub struct ReopenOpportunity;

/// Where it goes on.
#[derive(Shape)]
pub struct Reopening {
    /// An open stage of its pipeline; the one in which it was last where left out.
    #[field(refers = "stage", example = "null")]
    pub stage_id: Option<Id>,
}

#[async_trait]
impl Operation for ReopenOpportunity {
    type Input = Reopening;
    type Output = Moved;

    fn definition() -> OperationDef {
        OperationDef::writing::<Reopening, Moved>(
            "reopenOpportunity",
            "opportunity",
            "reopen",
            "Has an opportunity that was won or lost go on in an open stage. How it had ended is no longer said of it; the log of its stages keeps it. An open one cannot be reopened (`INVALID_STATE`).",
        )
        .on_record()
    }

    async fn run(&self, call: &Call<'_>, given: Reopening) -> Result<Moved> {
        let opportunity = call.held().await?;
        if opportunity.get("status").as_text() == Some(OpportunityStatus::Open.as_str()) {
            return Err(Error::new(ErrorCode::InvalidState, "The opportunity is open: there is nothing to reopen."));
        }
        let stages = stages(call, opportunity.get("pipelineId")).await?;
        let to = match given.stage_id {
            Some(wanted) => stages.iter().find(|stage| stage.id == wanted && is(stage, StageKind::Open)).ok_or_else(|| {
                let text = "stageId names no open stage of the opportunity's pipeline. Leave it out to take the one in which it was last.";
                Error::invalid("/stageId", ProblemCode::NotAllowed, text)
            })?,
            None => last(call, opportunity, &stages).await?,
        };
        let mut values: Vec<(&'static str, Value)> = vec![("stageId", Value::Id(to.id.0))];
        values.extend(["lostReasonId", "lostToId", "outcomeNote"].map(|field| (field, Value::Null)));
        call.set("opportunity", opportunity.id, values, None).await?;
        Ok(Moved { opportunity: opportunity.id })
    }
}

/// The open stage in which it was last, or else the first one.
async fn last<'s>(call: &Call<'_>, opportunity: &Found, stages: &'s [Found]) -> Result<&'s Found> {
    let mut log = call.find("stageChange", Filter::equal("opportunityId", Value::Id(opportunity.id.0))).await?;
    log.sort_by_key(|change| std::cmp::Reverse(change.id.0));
    let open = |id| stages.iter().find(|stage| is(stage, StageKind::Open) && Some(stage.id.0) == id);
    let found = log.iter().find_map(|change| open(change.get("toStageId").as_id()));
    found.or_else(|| stages.iter().find(|stage| is(stage, StageKind::Open))).ok_or_else(|| {
        Error::new(ErrorCode::InvalidState, "The pipeline has no open stage in which the opportunity could go on. Make one.")
    })
}
