//! `pipelineFigures`: how the deals of a pipeline went, and how fast.

use super::odds::Outcomes;
use super::tally::{between, count, decided, won};
use crate::condition;
use crate::groups::{Group, Sight, key, path};
use crate::look::base_currency;
use crate::opportunity::OpportunityStatus;
use crate::opportunity::stage_change::StageChangeKind;
use crate::pipeline::place;
use crate::pipeline::stage::StageKind;
use async_trait::async_trait;
use clientela_engine::aggregate::Function;
use clientela_engine::{Call, Operation};
use clientela_kernel::currency::Currency;
use clientela_kernel::decimal::rounded;
use clientela_kernel::{Date, Duration, Error, Filter, Id, Money, ProblemCode, Result, Value};
use clientela_macros::{Choice, Shape};
use clientela_model::{Choice as _, OperationDef};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;

/// Tells how the deals of a pipeline went.
pub struct PipelineFigures;

/// Longest time that is looked at, in days.
const LONGEST: i32 = 3_660;
/// A day in seconds.
const DAY: i128 = 86_400;

/// By what deals are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Choice)]
pub enum FiguresBy {
    /// By whose they are.
    Owner,
    /// By where they came from.
    Source,
    /// By what kind of business they are.
    Kind,
}

impl FiguresBy {
    fn field(self) -> &'static str {
        match self {
            FiguresBy::Owner => "ownerId",
            FiguresBy::Source => "source",
            FiguresBy::Kind => "kind",
        }
    }
}

/// What is asked.
#[derive(Shape)]
pub struct FiguresQuestion {
    /// The first close date of the deals that count as decided.
    #[field(example = "\"2026-01-01\"")]
    pub since: Date,
    /// The last one.
    #[field(example = "\"2026-12-31\"")]
    pub until: Date,
    /// By what they are told apart; all together where left out.
    #[field(example = "\"OWNER\"")]
    pub by: Option<FiguresBy>,
    /// Which opportunities: a filter tree as JSON; all that you may see where left out.
    #[field(format = "filter_tree", max = 10000, example = "\"{\\\"kind\\\": {\\\"eq\\\": \\\"RENEWAL\\\"}}\"")]
    pub filter: Option<String>,
}

/// How they went.
#[derive(Shape)]
pub struct PipelineReport {
    /// All together, or one for each owner, source or kind, in their order; those with neither a decided nor an open deal are left out.
    #[field(shape, most = 100_000)]
    pub groups: Vec<DealFigures>,
    /// How the decided deals went from stage to stage, in the order of the stages.
    #[field(shape, most = 1000)]
    pub stages: Vec<StageFigures>,
}

/// How deals went, and how fast.
#[derive(Shape)]
pub struct DealFigures {
    /// What they have in common: a user's id, a source or a kind; none for all together, and for those of whom nothing is said.
    #[field(max = 200, example = "\"Trade fair\"")]
    pub key: Option<String>,
    /// How many were won.
    #[field(min = 0, max = 9_007_199_254_740_991, example = "12")]
    pub won: i64,
    /// How many were lost.
    #[field(min = 0, max = 9_007_199_254_740_991, example = "20")]
    pub lost: i64,
    /// What share of the decided ones was won, in percent.
    #[field(decimal = 2, min = 0, max = 100, example = "\"37.5\"")]
    pub win_rate: Option<i64>,
    /// How long the decided ones took on average, over all stages they were in; of those that were brought in decided nobody knows.
    #[field(duration, example = "\"PT1200H\"")]
    pub cycle_time: Option<i64>,
    /// What the won ones brought, in the tenant's currency; none where you may not see it.
    #[field(example = "{\"amount\":\"24000.00\",\"currency\":\"EUR\"}")]
    pub won_amount: Option<Money>,
    /// What one of them brought on average.
    #[field(example = "{\"amount\":\"2000.00\",\"currency\":\"EUR\"}")]
    pub average_won: Option<Money>,
    /// How many are open now.
    #[field(min = 0, max = 9_007_199_254_740_991, example = "30")]
    pub open: i64,
    /// What they are worth, in the tenant's currency.
    #[field(example = "{\"amount\":\"60000.00\",\"currency\":\"EUR\"}")]
    pub open_amount: Option<Money>,
    /// What comes in a day, if things go on as they went: open deals times the share that is won times what one brings, over how long one takes.
    #[field(example = "{\"amount\":\"450.00\",\"currency\":\"EUR\"}")]
    pub velocity: Option<Money>,
}

/// How deals went on from a stage.
#[derive(Shape)]
pub struct StageFigures {
    /// The stage.
    #[field(record = "stage")]
    pub stage: Id,
    /// How many times a deal left it.
    #[field(min = 0, max = 9_007_199_254_740_991, example = "32")]
    pub left: i64,
    /// How many of these times for a later stage.
    #[field(min = 0, max = 9_007_199_254_740_991, example = "20")]
    pub advanced: i64,
    /// How many times it was won there.
    #[field(min = 0, max = 9_007_199_254_740_991, example = "2")]
    pub won: i64,
    /// How many times it was lost there.
    #[field(min = 0, max = 9_007_199_254_740_991, example = "8")]
    pub lost: i64,
    /// How many times it went back to an earlier stage, or to another pipeline.
    #[field(min = 0, max = 9_007_199_254_740_991, example = "2")]
    pub returned: i64,
    /// What share of the times it went on or was won, in percent.
    #[field(decimal = 2, min = 0, max = 100, example = "\"68.75\"")]
    pub conversion: Option<i64>,
    /// How long a deal was there on average.
    #[field(duration, example = "\"PT240H\"")]
    pub time_in_stage: Option<i64>,
}

#[async_trait]
impl Operation for PipelineFigures {
    type Input = FiguresQuestion;
    type Output = PipelineReport;

    fn definition() -> OperationDef {
        OperationDef::reading::<FiguresQuestion, PipelineReport>(
            "pipelineFigures",
            "pipeline",
            "figures",
            "Tells how the opportunities of a pipeline went that were decided in a time: what share was won, what they brought and how long they took, in all or by owner, source or kind, and how \
             they went on from stage to stage; and what the open ones promise, if things go on as they went. Of those that you may see.",
        )
        .on_record()
    }

    async fn run(&self, call: &Call<'_>, asked: FiguresQuestion) -> Result<PipelineReport> {
        if asked.until < asked.since || asked.until.0 - asked.since.0 > LONGEST {
            let text = format!("until must be on since or up to {LONGEST} days later.");
            return Err(Error::invalid("/until", ProblemCode::Contradiction, text));
        }
        let pipeline = call.target()?.id;
        let registry = call.engine().registry();
        let mut deals = vec![json!({ "pipelineId": { "eq": pipeline.to_text(&registry.known("pipeline")?.prefix) } })];
        if let Some(text) = &asked.filter {
            deals.push(condition::asked(call, registry.known("opportunity")?, text)?.0);
        }
        let base = base_currency(call, call.context).await?;
        let cohort: Vec<Json> = deals.iter().cloned().chain([decided(), between(asked.since, asked.until)]).collect();
        let groups = by_group(call, &asked, &deals, &cohort, base).await?;
        let stages = by_stage(call, pipeline, &cohort).await?;
        Ok(PipelineReport { groups, stages })
    }
}

/// What is counted of a group.
#[derive(Default)]
struct Counted {
    outcomes: Outcomes,
    won: i128,
    open: i64,
    promised: i128,
    seconds: i128,
    timed: i64,
}

async fn by_group(call: &Call<'_>, asked: &FiguresQuestion, deals: &[Json], cohort: &[Json], base: Currency) -> Result<Vec<DealFigures>> {
    let sight = Sight::of(call, "opportunity")?;
    let money = sight.sees(&["baseAmount"]);
    let field = asked.by.map(FiguresBy::field);
    let of = |group: &Group| field.and_then(|field| group.text(&format!("/keys/{field}"))).map(str::to_owned);
    let mut counted: BTreeMap<Option<String>, Counted> = BTreeMap::new();
    let open = [deals, &[json!({ "status": { "eq": OpportunityStatus::Open.as_str() } })]].concat();
    for (conditions, is_open) in [(cohort, false), (&open[..], true)] {
        let mut keys = vec![key(&["status"])];
        let mut measures = vec![(Function::Count, Vec::new())];
        keys.extend(field.map(|field| key(&[field])));
        if money {
            keys.push(key(&["baseAmount", "currency"]));
            measures.push((Function::Sum, path(&["baseAmount"])));
        }
        for group in count(call, "opportunity", conditions, keys, measures).await? {
            let figures = counted.entry(of(&group)).or_default();
            let sum = group.money("/sum/baseAmount").filter(|sum| sum.currency == base).map_or(0, |sum| i128::from(sum.minor));
            if is_open {
                figures.open += group.count();
                figures.promised += sum;
            } else {
                figures.outcomes.add(group.count(), won(&group));
                figures.won += if won(&group) { sum } else { 0 };
            }
        }
    }
    let keys: Vec<_> = field.map(|field| key(&["opportunity", field])).into_iter().collect();
    let measures = vec![(Function::Sum, path(&["timeInStage"])), (Function::CountDistinct, path(&["opportunityId"]))];
    for group in count(call, "stageChange", &steps(cohort), keys, measures).await? {
        let value = field.and_then(|field| group.text(&format!("/keys/opportunity/{field}"))).map(str::to_owned);
        if let Some(figures) = counted.get_mut(&value) {
            figures.seconds += i128::from(seconds(&group));
            figures.timed += group.number("/countDistinct/opportunityId");
        }
    }
    Ok(counted.into_iter().map(|(key, counted)| counted.figures(key, money.then_some(base))).collect())
}

impl Counted {
    fn figures(self, key: Option<String>, currency: Option<Currency>) -> DealFigures {
        let Outcomes { decided, won } = self.outcomes;
        let amount = |minor: i128| i64::try_from(minor).ok().zip(currency).map(|(minor, currency)| Money { minor, currency });
        let timed = i128::from(self.timed);
        let cycle = (timed > 0 && self.seconds > 0).then(|| rounded(self.seconds, timed));
        // Open deals times won over decided, times the sum over won, over the seconds over those that were timed: divided once, so that it is rounded once.
        let velocity = || {
            let product = i128::from(self.open).checked_mul(self.won)?.checked_mul(DAY)?.checked_mul(timed)?;
            Some(rounded(product, i128::from(decided).checked_mul(self.seconds)?))
        };
        let velocity = cycle.filter(|_| decided > 0).and_then(|_| velocity());
        DealFigures {
            key,
            won,
            lost: decided - won,
            win_rate: percent(won, decided),
            cycle_time: cycle.and_then(|seconds| i64::try_from(seconds).ok()),
            won_amount: amount(self.won),
            average_won: (won > 0).then(|| amount(rounded(self.won, i128::from(won)))).flatten(),
            open: self.open,
            open_amount: amount(self.promised),
            velocity: velocity.and_then(amount),
        }
    }
}

/// A share in hundredths of a percent.
fn percent(part: i64, whole: i64) -> Option<i64> {
    (whole > 0).then(|| i64::try_from(rounded(i128::from(part) * 10_000, i128::from(whole))).ok()).flatten()
}

/// How long deals were in stages, in seconds.
fn seconds(group: &Group) -> i64 {
    let duration = group.text("/sum/timeInStage").and_then(Duration::parse);
    duration.map_or(0, |duration| i64::from(duration.days) * 86_400 + duration.seconds)
}

/// The steps of deals from one stage to another.
fn steps(cohort: &[Json]) -> [Json; 2] {
    [json!({ "opportunity": { "and": cohort } }), json!({ "fromStageId": { "isNull": false } })]
}

async fn by_stage(call: &Call<'_>, pipeline: Id, cohort: &[Json]) -> Result<Vec<StageFigures>> {
    let keys = vec![key(&["fromStageId"]), key(&["kind"])];
    let measures = vec![(Function::Count, Vec::new()), (Function::Sum, path(&["timeInStage"]))];
    let found = count(call, "stageChange", &steps(cohort), keys, measures).await?;
    let mut stages = call.find("stage", Filter::equal("pipelineId", Value::Id(pipeline.0))).await?;
    stages.sort_by_key(place);
    // Only from open stages deals go on: an end is left when one is reopened.
    stages.retain(|stage| stage.get("kind").as_text() == Some(StageKind::Open.as_str()));
    let figures = stages.iter().map(|stage| {
        let id = stage.id.to_text(&stage.def.prefix);
        let mut figures =
            StageFigures { stage: stage.id, left: 0, advanced: 0, won: 0, lost: 0, returned: 0, conversion: None, time_in_stage: None };
        let mut spent = 0;
        for group in found.iter().filter(|group| group.text("/keys/fromStageId") == Some(&id)) {
            let (kind, count) = (group.text("/keys/kind").unwrap_or_default(), group.count());
            figures.left += count;
            spent += i128::from(seconds(group));
            let counted = [
                (StageChangeKind::Advanced, &mut figures.advanced),
                (StageChangeKind::Won, &mut figures.won),
                (StageChangeKind::Lost, &mut figures.lost),
            ];
            match counted.into_iter().find(|(each, _)| each.as_str() == kind) {
                Some((_, counter)) => *counter += count,
                None => figures.returned += count,
            }
        }
        figures.conversion = percent(figures.advanced + figures.won, figures.left);
        figures.time_in_stage = (figures.left > 0).then(|| i64::try_from(rounded(spent, i128::from(figures.left))).ok()).flatten();
        figures
    });
    Ok(figures.collect())
}
