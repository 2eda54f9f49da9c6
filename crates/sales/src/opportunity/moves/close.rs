//! `win` and `lose`.

use super::{Moved, enter, is, open, stages};
use crate::pipeline::stage::StageKind;
use async_trait::async_trait;
use clientela_engine::module::Found;
use clientela_engine::{Call, Operation};
use clientela_kernel::{Error, ErrorCode, Id, ProblemCode, Result, Timestamp, Value};
use clientela_macros::Shape;
use clientela_model::OperationDef;

/// The customer buys.
pub struct WinOpportunity;

/// The customer does not buy.
pub struct LoseOpportunity;

/// How it was won.
#[derive(Shape)]
pub struct Victory {
    /// The stage of kind `WON`, where the pipeline has several; the first where left out.
    #[field(refers = "stage", example = "null")]
    pub stage_id: Option<Id>,
    /// When; now where left out. Not in the future.
    #[field(example = "null")]
    pub closed_at: Option<Timestamp>,
    /// What there is to say about how it ended.
    #[field(max = 5000, example = "\"The samples convinced the chef.\"")]
    pub note: Option<String>,
}

/// How it was lost.
#[derive(Shape)]
pub struct Defeat {
    /// Why: a reason that is active.
    #[field(refers = "lostReason", example = "\"lsr_01h455vb4pex5vsknk084sn02q\"")]
    pub lost_reason_id: Id,
    /// Who won it instead of us.
    #[field(refers = "competitor", example = "null")]
    pub lost_to_id: Option<Id>,
    /// The stage of kind `LOST`, where the pipeline has several; the first where left out.
    #[field(refers = "stage", example = "null")]
    pub stage_id: Option<Id>,
    /// When; now where left out. Not in the future.
    #[field(example = "null")]
    pub closed_at: Option<Timestamp>,
    /// What there is to say about how it ended.
    #[field(max = 5000, example = "\"They stay with their dairy for another year.\"")]
    pub note: Option<String>,
}

#[async_trait]
impl Operation for WinOpportunity {
    type Input = Victory;
    type Output = Moved;

    fn definition() -> OperationDef {
        OperationDef::writing::<Victory, Moved>(
            "winOpportunity",
            "opportunity",
            "win",
            "Says that the customer buys: the opportunity is won, and its close date is the day of that. It must have what the stage asks for, and have been in every required stage (`TRANSITION_BLOCKED` lists what is \
             missing). Only an open opportunity can be won (`INVALID_STATE`).",
        )
        .on_record()
    }

    async fn run(&self, call: &Call<'_>, given: Victory) -> Result<Moved> {
        close(call, StageKind::Won, "won", given.stage_id, given.closed_at, vec![("outcomeNote", text(given.note))]).await
    }
}

#[async_trait]
impl Operation for LoseOpportunity {
    type Input = Defeat;
    type Output = Moved;

    fn definition() -> OperationDef {
        OperationDef::writing::<Defeat, Moved>(
            "loseOpportunity",
            "opportunity",
            "lose",
            "Says that the customer does not buy, and why: the opportunity is lost, and its close date is the day of that. Only an open opportunity can be lost (`INVALID_STATE`).",
        )
        .on_record()
    }

    async fn run(&self, call: &Call<'_>, given: Defeat) -> Result<Moved> {
        let reason = call.referenced("lostReasonId", "lostReason", given.lost_reason_id).await?;
        if reason.get("active").as_boolean() != Some(true) {
            let text = "lostReasonId names a reason that is no longer active. Give one that is.";
            return Err(Error::invalid("/lostReasonId", ProblemCode::NotAllowed, text));
        }
        if let Some(competitor) = given.lost_to_id {
            call.referenced("lostToId", "competitor", competitor).await?;
        }
        let values = vec![
            ("lostReasonId", Value::Id(given.lost_reason_id.0)),
            ("lostToId", given.lost_to_id.map_or(Value::Null, |competitor| Value::Id(competitor.0))),
            ("outcomeNote", text(given.note)),
        ];
        close(call, StageKind::Lost, "lost", given.stage_id, given.closed_at, values).await
    }
}

fn text(given: Option<String>) -> Value {
    given.map_or(Value::Null, Value::Text)
}

async fn close(
    call: &Call<'_>,
    kind: StageKind,
    verb: &str,
    stage: Option<Id>,
    at: Option<Timestamp>,
    mut values: Vec<(&'static str, Value)>,
) -> Result<Moved> {
    let opportunity = call.held().await?;
    open(opportunity, verb)?;
    let now = call.now();
    let at = at.unwrap_or(now);
    if at > now {
        let text = format!("closedAt is {}, which is in the future. Leave it out to say now.", at.to_text());
        return Err(Error::invalid("/closedAt", ProblemCode::OutOfRange, text));
    }
    let stages = stages(call, opportunity.get("pipelineId")).await?;
    let to = end(&stages, kind, verb, stage)?;
    values.push(("closedAt", Value::Instant(at)));
    values.push(("closeDate", Value::Date(call.context.day_of(at))));
    enter(call, opportunity, &stages, to, values).await
}

/// The stage in which deals end so.
fn end<'s>(stages: &'s [Found], kind: StageKind, verb: &str, wanted: Option<Id>) -> Result<&'s Found> {
    let mut ends = stages.iter().filter(|stage| is(stage, kind));
    match wanted {
        None => ends.next().ok_or_else(|| {
            let text = format!("The pipeline has no stage for what is {verb}. Make one of that kind.");
            Error::new(ErrorCode::InvalidState, text)
        }),
        Some(wanted) => ends.find(|stage| stage.id == wanted).ok_or_else(|| {
            let text = format!("stageId names no stage of the opportunity's pipeline for what is {verb}. Leave it out to take the first.");
            Error::invalid("/stageId", ProblemCode::NotAllowed, text)
        }),
    }
}
