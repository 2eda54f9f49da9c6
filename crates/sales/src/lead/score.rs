//! `scoreLead`: how promising a lead is, and why.

use crate::condition::holds;
use async_trait::async_trait;
use clientela_engine::module::Found;
use clientela_engine::{Call, Operation};
use clientela_kernel::{Filter, Id, Result, Value};
use clientela_macros::Shape;
use clientela_model::OperationDef;

/// Counts the points of a lead.
pub struct ScoreLead;

/// Nothing has to be said.
#[derive(Shape)]
pub struct ScoreQuestion {
    /// Whether rules that the lead does not satisfy are told too.
    #[field(default = "false", example = "true")]
    pub all_rules: bool,
}

/// How promising it is.
#[derive(Shape)]
pub struct Score {
    /// The lead with its points.
    #[field(record = "lead")]
    pub lead: Id,
    /// What they are made of.
    #[field(shape, most = 1000)]
    pub reasons: Vec<ScoreReason>,
}

/// A rule and what came of it.
#[derive(Shape)]
pub struct ScoreReason {
    /// The rule.
    #[field(record = "scoreRule")]
    pub rule: Id,
    /// Whether the lead satisfies it.
    #[field(example = "true")]
    pub satisfied: bool,
    /// The points it gives to this lead.
    #[field(min = -1000, max = 1000, example = "20")]
    pub points: i64,
}

#[async_trait]
impl Operation for ScoreLead {
    type Input = ScoreQuestion;
    type Output = Score;

    fn definition() -> OperationDef {
        OperationDef::writing::<ScoreQuestion, Score>(
            "scoreLead",
            "lead",
            "score",
            "Counts the points that the active score rules give to a lead now, keeps the sum in `score`, and tells what it is made of.",
        )
        .on_record()
    }

    async fn run(&self, call: &Call<'_>, asked: ScoreQuestion) -> Result<Score> {
        let lead = call.target()?.clone();
        let mut reasons = count(call, &lead).await?;
        reasons.retain(|reason| reason.satisfied || asked.all_rules);
        Ok(Score { lead: lead.id, reasons })
    }
}

/// Counts and keeps the points of a lead.
pub(super) async fn count(call: &Call<'_>, lead: &Found) -> Result<Vec<ScoreReason>> {
    let mut reasons = Vec::new();
    for rule in call.find("scoreRule", Filter::equal("active", Value::Boolean(true))).await? {
        let satisfied = holds(call, lead, rule.get("condition").as_text().unwrap_or_default()).await?;
        let points = if satisfied { rule.get("points").as_integer().unwrap_or_default() } else { 0 };
        reasons.push(ScoreReason { rule: rule.id, satisfied, points });
    }
    let score = reasons.iter().map(|reason| reason.points).sum();
    let values = vec![("score", Value::Integer(score)), ("scoredAt", Value::Instant(call.now()))];
    call.set("lead", lead.id, values, None).await?;
    Ok(reasons)
}
