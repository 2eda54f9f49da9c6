//! `advance`.

use super::{Moved, enter, is, open, stages};
use crate::pipeline::place;
use crate::pipeline::stage::StageKind;
use async_trait::async_trait;
use clientela_engine::{Call, Operation};
use clientela_kernel::{Error, ErrorCode, Id, ProblemCode, Result};
use clientela_macros::Shape;
use clientela_model::OperationDef;

/// Moves a deal within its pipeline.
pub struct AdvanceOpportunity;

/// Where to.
#[derive(Shape)]
pub struct Advance {
    /// An open stage of its pipeline, later or earlier; the next one where left out.
    #[field(refers = "stage", example = "null")]
    pub stage_id: Option<Id>,
}

#[async_trait]
impl Operation for AdvanceOpportunity {
    type Input = Advance;
    type Output = Moved;

    fn definition() -> OperationDef {
        OperationDef::writing::<Advance, Moved>(
            "advanceOpportunity",
            "opportunity",
            "advance",
            "Moves an open opportunity to the next stage of its pipeline, or to the one named. On its way forward it must have what the stage asks for: fields, checklist, condition, approval, no required \
             stage skipped (`TRANSITION_BLOCKED` lists what is missing). Backward nothing is asked.",
        )
        .on_record()
    }

    async fn run(&self, call: &Call<'_>, given: Advance) -> Result<Moved> {
        let opportunity = call.held().await?;
        open(opportunity, "advanced")?;
        let stages = stages(call, opportunity.get("pipelineId")).await?;
        let here = opportunity.get("stageId").as_id();
        let to = match given.stage_id {
            Some(wanted) => {
                let found = stages.iter().find(|stage| stage.id == wanted && is(stage, StageKind::Open));
                found.ok_or_else(|| {
                    let text =
                        "stageId names no open stage of the opportunity's pipeline. Name one of these; win and lose lead to the others.";
                    Error::invalid("/stageId", ProblemCode::NotAllowed, text)
                })?
            }
            None => {
                let from = stages.iter().find(|stage| Some(stage.id.0) == here).map(place);
                let next = stages.iter().find(|stage| is(stage, StageKind::Open) && Some(place(stage)) > from);
                let last = "The opportunity is in the last open stage of its pipeline. Win it or lose it, or name an earlier stage.";
                next.ok_or_else(|| Error::new(ErrorCode::InvalidState, last))?
            }
        };
        if Some(to.id.0) == here {
            return Err(Error::invalid("/stageId", ProblemCode::NotAllowed, "The opportunity is in this stage already."));
        }
        enter(call, opportunity, &stages, to, Vec::new()).await
    }
}
