//! `transitions`: which moves there are.

use super::super::OpportunityStatus;
use super::super::obstacle::{Inspector, Obstacle, ObstacleKind};
use super::{is, stages};
use crate::found::by_id;
use crate::pipeline::stage::StageKind;
use async_trait::async_trait;
use clientela_engine::module::Found;
use clientela_engine::{Action, Call, Operation};
use clientela_kernel::{Error, ErrorCode, Filter, Id, Result};
use clientela_macros::{Choice, Shape};
use clientela_model::Choice as _;
use clientela_model::OperationDef;

/// Tells which moves there are.
pub struct Transitions;

/// Nothing has to be said.
#[derive(Shape)]
pub struct TransitionsQuestion {
    /// Only moves that could be made now.
    #[field(default = "false", example = "false")]
    pub only_allowed: bool,
}

/// The verb by which a move is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Choice)]
pub enum MoveVerb {
    /// `advanceOpportunity`, `POST …/advance`.
    Advance,
    /// `winOpportunity`, `POST …/win`.
    Win,
    /// `loseOpportunity`, `POST …/lose`.
    Lose,
    /// `reopenOpportunity`, `POST …/reopen`.
    Reopen,
}

/// The moves of an opportunity.
#[derive(Shape)]
pub struct TransitionsAnswer {
    /// One for each stage of its pipeline but the one it is in, in the order of the stages.
    #[field(shape, most = 1000)]
    pub transitions: Vec<Transition>,
}

/// A move.
#[derive(Shape)]
pub struct Transition {
    /// By which verb.
    #[field(example = "\"ADVANCE\"")]
    pub verb: MoveVerb,
    /// Where it leads.
    #[field(record = "stage")]
    pub stage: Id,
    /// Whether you could make it now.
    #[field(example = "true")]
    pub allowed: bool,
    /// What stands in the way; empty where nothing does.
    #[field(shape, most = 200)]
    pub obstacles: Vec<Obstacle>,
}

#[async_trait]
impl Operation for Transitions {
    type Input = TransitionsQuestion;
    type Output = TransitionsAnswer;

    fn definition() -> OperationDef {
        OperationDef::reading::<TransitionsQuestion, TransitionsAnswer>(
            "opportunityTransitions",
            "opportunity",
            "transitions",
            "Tells which moves an opportunity could make within its pipeline, and for each what is missing, who must approve, and whether you may make it at all.",
        )
        .on_record()
    }

    async fn run(&self, call: &Call<'_>, asked: TransitionsQuestion) -> Result<TransitionsAnswer> {
        let id = call.target()?.id;
        let inside = Call::inside(call.engine(), call.context);
        // As it is, and not as the caller sees it: a field that is hidden is not empty for that.
        let gone = || Error::new(ErrorCode::NotFound, "The opportunity has been deleted meanwhile.");
        let opportunity = inside.record("opportunity", id).await?.ok_or_else(gone)?;
        let stages = stages(&inside, opportunity.get("pipelineId")).await?;
        let barred = barred(&inside, &opportunity).await?;
        let is_open = opportunity.get("status").as_text() == Some(OpportunityStatus::Open.as_str());
        let inspector = Inspector::new(&inside, &opportunity, &stages, &stages).await?;
        let mut transitions = Vec::new();
        for stage in stages.iter().filter(|stage| opportunity.get("stageId").as_id() != Some(stage.id.0)) {
            let verb = match (is_open, StageKind::of(stage.get("kind"))) {
                (true, StageKind::Open) => MoveVerb::Advance,
                (true, StageKind::Won) => MoveVerb::Win,
                (true, StageKind::Lost) => MoveVerb::Lose,
                (false, _) if is(stage, StageKind::Open) => MoveVerb::Reopen,
                // What has ended must be open again before it ends otherwise.
                (false, _) => continue,
            };
            let mut obstacles: Vec<Obstacle> = barred.iter().cloned().collect();
            if verb != MoveVerb::Reopen {
                obstacles.extend(inspector.obstacles(stage).await?);
            }
            transitions.push(Transition { verb, stage: stage.id, allowed: obstacles.is_empty(), obstacles });
        }
        transitions.retain(|transition| transition.allowed || !asked.only_allowed);
        Ok(TransitionsAnswer { transitions })
    }
}

/// Whether the caller may not change the deal.
async fn barred(call: &Call<'_>, opportunity: &Found) -> Result<Option<Obstacle>> {
    let may = match clientela_access::authorize(call.context, &opportunity.def, Action::Update) {
        Ok(grant) => {
            let rows = [by_id(opportunity.id.0)].into_iter().chain(grant.rows).collect();
            !call.find("opportunity", Filter::And(rows)).await?.is_empty()
        }
        Err(error) if error.code() == ErrorCode::Forbidden => false,
        Err(error) => return Err(error),
    };
    Ok((!may).then(|| Obstacle::new(ObstacleKind::Right, "You may not change this opportunity.")))
}
