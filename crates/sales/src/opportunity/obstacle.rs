//! What stands in the way of a deal that is to enter a stage.

use super::approval::ApprovalStatus;
use crate::condition::holds;
use crate::pipeline::place;
use crate::pipeline::stage::StageKind;
use clientela_engine::module::Found;
use clientela_engine::{Action, Call};
use clientela_kernel::{Comparison, Error, ErrorCode, FieldProblem, Filter, ProblemCode, RecordKey, Result, Value};
use clientela_macros::{Choice, Shape};
use clientela_model::Choice as _;
use std::collections::BTreeSet;
use uuid::Uuid;

/// What kind of thing is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Choice)]
pub enum ObstacleKind {
    /// You may not do this with the deal.
    Right,
    /// A stage that must not be skipped would be.
    SkippedStage,
    /// A field has no value.
    MissingField,
    /// Something on the checklist is not ticked off.
    UncheckedItem,
    /// The deal does not satisfy the condition of the stage.
    Condition,
    /// Somebody must approve.
    Approval,
}

/// Something that stands in the way of a move.
#[derive(Clone, Shape)]
pub struct Obstacle {
    /// What kind of thing it is.
    #[field(example = "\"MISSING_FIELD\"")]
    pub kind: ObstacleKind,
    /// What is missing and what to do, in a sentence.
    #[field(max = 2000, example = "\"amount has no value.\"")]
    pub text: String,
    /// The field that has no value, where it is one that you may see.
    #[field(max = 60, example = "\"amount\"")]
    pub field: Option<String>,
    /// What is not ticked off.
    #[field(max = 100, example = "null")]
    pub item: Option<String>,
    /// Users and teams one of whom must approve.
    #[field(refers_any, most = 100, example = "\"usr_01h455vb4pex5vsknk084sn02q\"")]
    pub approver_ids: Vec<RecordKey>,
}

impl Obstacle {
    pub(super) fn new(kind: ObstacleKind, text: impl Into<String>) -> Obstacle {
        Obstacle { kind, text: text.into(), field: None, item: None, approver_ids: Vec::new() }
    }

    fn problem(&self) -> FieldProblem {
        let code = match self.kind {
            ObstacleKind::MissingField | ObstacleKind::UncheckedItem => ProblemCode::Required,
            ObstacleKind::Condition => ProblemCode::Contradiction,
            ObstacleKind::Right | ObstacleKind::SkippedStage | ObstacleKind::Approval => ProblemCode::NotAllowed,
        };
        FieldProblem::new("/stageId", code, self.text.clone())
    }
}

/// The refusal of a move.
pub(super) fn blocked(to: &Found, obstacles: &[Obstacle]) -> Error {
    let name = to.get("name").as_text().unwrap_or_default();
    let texts: Vec<&str> = obstacles.iter().map(|obstacle| obstacle.text.as_str()).collect();
    Error::new(ErrorCode::TransitionBlocked, format!("The opportunity cannot enter {name:?} yet. {}", texts.join(" ")))
        .with_fields(obstacles.iter().map(Obstacle::problem).collect())
}

/// Looks at what stands in the way of one deal.
pub(super) struct Inspector<'c, 'e> {
    /// Without limits: what a stage asks for does not depend on who looks.
    call: &'c Call<'e>,
    /// The deal.
    opportunity: &'c Found,
    /// The stages of the pipeline that it is in.
    stages: &'c [Found],
    /// The stages that it has been in, where one of these must have been.
    visited: BTreeSet<Uuid>,
    /// Who must approve that deals enter the stages that are looked at.
    approvers: Vec<Found>,
    /// What was asked for of these approvals.
    approvals: Vec<Found>,
}

impl<'c, 'e> Inspector<'c, 'e> {
    /// Reads what it takes to look at some stages, however many they are: `stages` are those of the pipeline that the deal is in.
    pub(super) async fn new(call: &'c Call<'e>, opportunity: &'c Found, stages: &'c [Found], to: &[Found]) -> Result<Self> {
        let of_deal = || Filter::equal("opportunityId", Value::Id(opportunity.id.0));
        let mut visited = BTreeSet::new();
        if stages.iter().any(is_required) {
            visited.extend(call.find("stageChange", of_deal()).await?.iter().filter_map(|change| change.get("toStageId").as_id()));
        }
        let approvers = approvers_of(call, to).await?;
        let approvals = if approvers.is_empty() { Vec::new() } else { call.find("stageApproval", of_deal()).await? };
        Ok(Inspector { call, opportunity, stages, visited, approvers, approvals })
    }

    /// What is missing before the deal may enter a stage. Nothing is asked of one that goes back in its pipeline.
    pub(super) async fn obstacles(&self, to: &Found) -> Result<Vec<Obstacle>> {
        let from = self.stages.iter().find(|stage| self.opportunity.get("stageId").as_id() == Some(stage.id.0));
        let same = self.opportunity.get("pipelineId") == to.get("pipelineId");
        let open = StageKind::of(to.get("kind")) == StageKind::Open;
        if let Some(from) = from
            && same
            && open
            && place(to) < place(from)
        {
            return Ok(Vec::new());
        }
        let mut obstacles = Vec::new();
        if let Some(from) = from.filter(|_| same && StageKind::of(to.get("kind")) != StageKind::Lost) {
            obstacles.extend(self.skipped(from, to));
        }
        obstacles.extend(self.fields(to)?);
        obstacles.extend(self.checklist(to));
        obstacles.extend(self.condition(to).await?);
        obstacles.extend(self.approval(to));
        Ok(obstacles)
    }

    /// Stages between here and there, or before the end, that the deal has never been in and must have been.
    fn skipped(&self, from: &Found, to: &Found) -> Vec<Obstacle> {
        let wins = StageKind::of(to.get("kind")) == StageKind::Won;
        let between = |stage: &&Found| is_required(stage) && place(stage) > place(from) && (wins || place(stage) < place(to));
        let missing = self.stages.iter().filter(between).filter(|stage| !self.visited.contains(&stage.id.0));
        missing
            .map(|stage| {
                let name = stage.get("name").as_text().unwrap_or_default();
                Obstacle::new(ObstacleKind::SkippedStage, format!("The stage {name:?} must not be skipped. Advance to it first."))
            })
            .collect()
    }

    fn fields(&self, to: &Found) -> Result<Vec<Obstacle>> {
        let Value::TextSet(names) = to.get("requiredFields") else { return Ok(Vec::new()) };
        let def = &self.opportunity.def;
        let empty = |value: &Value| value.is_null() || matches!(value, Value::TextSet(members) if members.is_empty());
        let mask = clientela_access::authorize(self.call.context, def, Action::Read)?.fields;
        let missing = names.iter().filter(|name| empty(self.opportunity.get(name)));
        Ok(missing
            .map(|name| match def.field(name) {
                Some(field) if mask.is_open() || mask.sees(field) => {
                    let text = format!("{name} has no value.");
                    Obstacle { field: Some(name.clone()), ..Obstacle::new(ObstacleKind::MissingField, text) }
                }
                // A field that is hidden, or that there is no more.
                _ => Obstacle::new(ObstacleKind::MissingField, "A field that you cannot see has no value. Ask somebody who sees it."),
            })
            .collect())
    }

    fn checklist(&self, to: &Found) -> Vec<Obstacle> {
        let (Value::TextSet(wanted), done) = (to.get("checklist"), self.opportunity.get("checkedItems")) else { return Vec::new() };
        let done: &[String] = if let Value::TextSet(done) = done { done } else { &[] };
        let missing = wanted.iter().filter(|item| !done.contains(item));
        missing
            .map(|item| {
                let text = format!("{item:?} is not ticked off. Add it to checkedItems.");
                Obstacle { item: Some(item.clone()), ..Obstacle::new(ObstacleKind::UncheckedItem, text) }
            })
            .collect()
    }

    async fn condition(&self, to: &Found) -> Result<Option<Obstacle>> {
        let Some(text) = to.get("entryCondition").as_text() else { return Ok(None) };
        let met = holds(self.call, self.opportunity, text).await?;
        let text = || format!("The condition of the stage does not hold: {text}");
        Ok((!met).then(|| Obstacle::new(ObstacleKind::Condition, text())))
    }

    fn approval(&self, to: &Found) -> Option<Obstacle> {
        let approvers = among(&self.approvers, self.opportunity, to);
        if approvers.is_empty() || self.approved(to) {
            return None;
        }
        let text = "Somebody must approve. Ask for it with requestApproval.";
        Some(Obstacle { approver_ids: approvers, ..Obstacle::new(ObstacleKind::Approval, text) })
    }

    /// Whether the latest answer about this stage is yes, and was about the amount that the deal has.
    fn approved(&self, to: &Found) -> bool {
        let about = self.approvals.iter().filter(|approval| approval.get("stageId").as_id() == Some(to.id.0));
        about.max_by_key(|approval| approval.id.0).is_some_and(|latest| {
            latest.get("status").as_text() == Some(ApprovalStatus::Approved.as_str())
                && latest.get("amount") == self.opportunity.get("amount")
        })
    }
}

/// Whether a deal must have been in a stage before it goes beyond.
fn is_required(stage: &Found) -> bool {
    StageKind::of(stage.get("kind")) == StageKind::Open && stage.get("required").as_boolean() == Some(true)
}

async fn approvers_of(call: &Call<'_>, stages: &[Found]) -> Result<Vec<Found>> {
    let stages = stages.iter().map(|stage| Value::Id(stage.id.0)).collect();
    call.find("stageApprover", Filter::field("stageId", Comparison::In(stages))).await
}

/// Who must approve that a deal enters a stage: one of these; nobody where there are none.
pub(super) async fn needed(call: &Call<'_>, opportunity: &Found, stage: &Found) -> Result<Vec<RecordKey>> {
    Ok(among(&approvers_of(call, std::slice::from_ref(stage)).await?, opportunity, stage))
}

/// Those of a stage whose approval what the deal is worth asks for.
fn among(approvers: &[Found], opportunity: &Found, stage: &Found) -> Vec<RecordKey> {
    let counts = |approver: &&Found| match (approver.get("fromAmount"), opportunity.get("amount")) {
        (Value::Money(from), Value::Money(amount)) => from.currency != amount.currency || amount.minor >= from.minor,
        (Value::Money(_), _) => false,
        _ => true,
    };
    let of_stage = approvers.iter().filter(|approver| approver.get("stageId").as_id() == Some(stage.id.0));
    of_stage.filter(counts).filter_map(|approver| approver.get("approverId").as_record().cloned()).collect()
}
