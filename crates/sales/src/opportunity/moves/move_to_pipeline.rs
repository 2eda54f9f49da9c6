//! `moveToPipeline`.

use super::{Moved, enter, is, open, stages};
use crate::pipeline::stage::StageKind;
use async_trait::async_trait;
use clientela_engine::{Call, Operation};
use clientela_kernel::{Error, ErrorCode, Id, ProblemCode, Result, Value};
use clientela_macros::Shape;
use clientela_model::OperationDef;

/// A deal goes on in another pipeline.
pub struct MoveToPipeline;

/// Where to.
#[derive(Shape)]
pub struct Destination {
    /// The other pipeline, which must be active.
    #[field(refers = "pipeline", example = "\"ppl_01h455vb4pex5vsknk084sn02q\"")]
    pub pipeline_id: Id,
    /// An open stage of that pipeline; its first where left out.
    #[field(refers = "stage", example = "null")]
    pub stage_id: Option<Id>,
}

#[async_trait]
impl Operation for MoveToPipeline {
    type Input = Destination;
    type Output = Moved;

    fn definition() -> OperationDef {
        OperationDef::writing::<Destination, Moved>(
            "moveToPipeline",
            "opportunity",
            "move-to-pipeline",
            "Has an open opportunity go on in another pipeline. It must have what the stage that it enters there asks for (`TRANSITION_BLOCKED` lists what is missing).",
        )
        .on_record()
    }

    async fn run(&self, call: &Call<'_>, given: Destination) -> Result<Moved> {
        let opportunity = call.held().await?;
        open(opportunity, "moved")?;
        let pipeline = call.referenced("pipelineId", "pipeline", given.pipeline_id).await?;
        if opportunity.get("pipelineId").as_id() == Some(pipeline.id.0) {
            let text = "The opportunity is in this pipeline already. Advance moves it within one.";
            return Err(Error::invalid("/pipelineId", ProblemCode::NotAllowed, text));
        }
        if pipeline.get("active").as_boolean() != Some(true) {
            let text = "pipelineId names a pipeline that takes no further opportunities: it is not active.";
            return Err(Error::invalid("/pipelineId", ProblemCode::NotAllowed, text));
        }
        let here = stages(call, opportunity.get("pipelineId")).await?;
        let there = stages(call, &Value::Id(pipeline.id.0)).await?;
        let mut open = there.iter().filter(|stage| is(stage, StageKind::Open));
        let to = match given.stage_id {
            Some(wanted) => open.find(|stage| stage.id == wanted).ok_or_else(|| {
                let text = "stageId names no open stage of that pipeline. Leave it out to take the first.";
                Error::invalid("/stageId", ProblemCode::NotAllowed, text)
            })?,
            None => open.next().ok_or_else(|| {
                Error::new(ErrorCode::InvalidState, "That pipeline has no open stage in which the opportunity could go on. Make one.")
            })?,
        };
        enter(call, opportunity, &here, to, Vec::new()).await
    }
}
