//! The ways from stage to stage.

pub mod advance;
pub mod close;
pub mod move_to_pipeline;
pub mod reopen;
pub mod transitions;

use super::OpportunityStatus;
use super::obstacle::{Inspector, blocked};
use crate::pipeline::place;
use crate::pipeline::stage::StageKind;
use clientela_engine::Call;
use clientela_engine::module::Found;
use clientela_kernel::{Error, ErrorCode, Filter, Id, Result, Value};
use clientela_macros::Shape;
use clientela_model::Choice as _;

/// The opportunity.
#[derive(Shape)]
pub struct Moved {
    /// The opportunity as it is now.
    #[field(record = "opportunity")]
    pub opportunity: Id,
}

/// Refuses a deal that is not open.
fn open(opportunity: &Found, verb: &str) -> Result<()> {
    let status = opportunity.get("status").as_text().unwrap_or_default();
    if status == OpportunityStatus::Open.as_str() {
        return Ok(());
    }
    let text = format!("The opportunity is {status}, and only an open one can be {verb}. Reopen it first.");
    Err(Error::new(ErrorCode::InvalidState, text))
}

/// The stages of a pipeline in their order.
async fn stages(call: &Call<'_>, pipeline: &Value) -> Result<Vec<Found>> {
    let mut stages = call.find("stage", Filter::equal("pipelineId", pipeline.clone())).await?;
    stages.sort_by_key(place);
    Ok(stages)
}

fn is(stage: &Found, kind: StageKind) -> bool {
    StageKind::of(stage.get("kind")) == kind
}

/// Has a deal enter a stage, where nothing stands in the way.
async fn enter(
    call: &Call<'_>,
    opportunity: &Found,
    stages: &[Found],
    to: &Found,
    mut values: Vec<(&'static str, Value)>,
) -> Result<Moved> {
    let inside = Call::inside(call.engine(), call.context);
    let obstacles = Inspector::new(&inside, opportunity, stages, std::slice::from_ref(to)).await?.obstacles(to).await?;
    if !obstacles.is_empty() {
        return Err(blocked(to, &obstacles));
    }
    values.push(("stageId", Value::Id(to.id.0)));
    call.set("opportunity", opportunity.id, values, None).await?;
    Ok(Moved { opportunity: opportunity.id })
}
