//! `predictWin`: how likely a deal is won, by how others like it went.

use super::odds::{Case, Outcomes, UNTRIED, error, fit, fixed, probability};
use super::tally::{decided, outcomes};
use crate::groups::{Sight, bucketed, key};
use crate::opportunity::OpportunityStatus;
use async_trait::async_trait;
use clientela_engine::module::Found;
use clientela_engine::{Call, Operation};
use clientela_kernel::{Date, Error, ErrorCode, Id, Result, Value};
use clientela_macros::{Choice, Shape};
use clientela_model::{Choice as _, OperationDef};
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};

/// Tells how likely a deal is won.
pub struct PredictWin;

/// How many deals must have been decided before anything is said.
const ENOUGH: i64 = 30;
/// How many of the later deals it is tried on at most.
const TRIED: u32 = 400;
/// What of a deal is looked at.
const MARKS: [&str; 4] = ["kind", "source", "ownerId", "accountId"];

/// With which deals one is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Choice)]
pub enum ComparedDeals {
    /// With those of its pipeline that were in its stage.
    Stage,
    /// With all of its pipeline: too few are known to have been in its stage.
    Pipeline,
}

/// Nothing has to be said.
#[derive(Shape)]
pub struct WinQuestion {}

/// How likely it is.
#[derive(Shape)]
pub struct WinPrediction {
    /// How likely it is won, in percent, by how deals went that it is compared with; none where fewer than 30 of them were decided.
    #[field(decimal = 1, min = 0, max = 100, example = "\"42.5\"")]
    pub probability: Option<i64>,
    /// How likely its stage says it is, in percent.
    #[field(min = 0, max = 100, example = "40")]
    pub stage_probability: i64,
    /// With which deals it is compared.
    #[field()]
    pub compared_with: ComparedDeals,
    /// How many of them were won or lost.
    #[field(min = 0, max = 9_007_199_254_740_991, example = "120")]
    pub decided: i64,
    /// How many were won.
    #[field(min = 0, max = 9_007_199_254_740_991, example = "48")]
    pub won: i64,
    /// What moves it up or down, the strongest first.
    #[field(shape, most = 10)]
    pub factors: Vec<WinFactor>,
    /// How well it would have told what came: the last fifth of the decided deals, told from those before. None where there are too few.
    #[field(shape)]
    pub back_test: Option<WinBackTest>,
}

/// What moves the probability.
#[derive(Shape)]
pub struct WinFactor {
    /// The field of the deal.
    #[field(max = 100, example = "\"source\"")]
    pub field: String,
    /// What it says.
    #[field(max = 200, example = "\"Trade fair\"")]
    pub value: String,
    /// How many deals of which it says the same were decided.
    #[field(min = 0, max = 9_007_199_254_740_991, example = "25")]
    pub decided: i64,
    /// How many of them were won.
    #[field(min = 0, max = 9_007_199_254_740_991, example = "15")]
    pub won: i64,
    /// By how many percentage points it moves the probability.
    #[field(decimal = 1, min = -100, max = 100, example = "\"6.3\"")]
    pub points: i64,
}

/// How well it would have told what came.
#[derive(Shape)]
pub struct WinBackTest {
    /// The first close date of the deals it was tried on, which were not counted for it; at most 400 of them.
    #[field(example = "\"2026-07-01\"")]
    pub since: Date,
    /// How many they were.
    #[field(min = 0, max = 9_007_199_254_740_991, example = "24")]
    pub decided: i64,
    /// How many of them were won.
    #[field(min = 0, max = 9_007_199_254_740_991, example = "10")]
    pub won: i64,
    /// How many were expected to be won.
    #[field(decimal = 1, min = 0, max = 1000, example = "\"9.4\"")]
    pub expected: i64,
    /// The mean squared error of the predictions (Brier's score): 0 is always right, 0.25 is what saying one half comes to.
    #[field(decimal = 4, min = 0, max = 1, example = "\"0.2013\"")]
    pub error: i64,
    /// The same of the stage's probability.
    #[field(decimal = 4, min = 0, max = 1, example = "\"0.2401\"")]
    pub stage_error: i64,
    /// The same of saying of each what share was won before.
    #[field(decimal = 4, min = 0, max = 1, example = "\"0.2400\"")]
    pub rate_error: i64,
    /// How much of the factors counts, in percent, so that what is said fits best what came: they overlap.
    #[field(min = 0, max = 100, example = "75")]
    pub weight: i64,
}

#[async_trait]
impl Operation for PredictWin {
    type Input = WinQuestion;
    type Output = WinPrediction;

    fn definition() -> OperationDef {
        OperationDef::reading::<WinQuestion, WinPrediction>(
            "predictWin",
            "opportunity",
            "predict-win",
            "Tells how likely an open opportunity is won, by how those that you may see went that were in the same stage, or in the same pipeline where too few were: what share of them was won, moved by kind, source, owner and account, with what \
             each adds and how well this would have told what came. It is worked out anew each time, from this tenant's deals alone. One that was won or lost is refused (409 `INVALID_STATE`).",
        )
        .on_record()
    }

    async fn run(&self, call: &Call<'_>, _asked: WinQuestion) -> Result<WinPrediction> {
        let deal = call.target()?;
        if deal.get("status").as_text() != Some(OpportunityStatus::Open.as_str()) {
            return Err(Error::new(
                ErrorCode::InvalidState,
                "The opportunity is decided: there is nothing to predict. Reopen it first, if it goes on.",
            ));
        }
        let sight = Sight::of(call, "opportunity")?;
        let (mut compared_with, mut alike) = (ComparedDeals::Stage, in_stage(call, deal)?);
        let mut months = by_month(call, &alike).await?;
        if together(months.values()).decided < ENOUGH {
            compared_with = ComparedDeals::Pipeline;
            alike = in_pipeline(call, deal)?;
            months = by_month(call, &alike).await?;
        }
        let all = together(months.values());
        let stage = stage_probability(call, deal).await?;
        let mut answer = WinPrediction {
            probability: None,
            stage_probability: stage,
            compared_with,
            decided: all.decided,
            won: all.won,
            factors: Vec::new(),
            back_test: None,
        };
        if all.decided < ENOUGH {
            return Ok(answer);
        }
        let marks = Marks::count(call, &alike, &sight, std::slice::from_ref(deal)).await?;
        let mut weight = UNTRIED;
        if let Some((test, fitted)) = back_test(call, &alike, &sight, &months, stage).await? {
            answer.back_test = Some(test);
            weight = fitted;
        }
        let known = marks.of(deal);
        let effects: Vec<f64> = known.iter().map(|(_, _, outcomes)| outcomes.effect(all)).collect();
        let whole = probability(all, &effects, weight);
        answer.probability = Some(fixed(whole, 1_000.0));
        for (place, (field, value, outcomes)) in known.into_iter().enumerate() {
            let others: Vec<f64> = effects.iter().enumerate().filter(|(at, _)| *at != place).map(|(_, effect)| *effect).collect();
            let points = fixed(whole - probability(all, &others, weight), 1_000.0);
            answer.factors.push(WinFactor { field: field.to_owned(), value, decided: outcomes.decided, won: outcomes.won, points });
        }
        answer.factors.sort_by_key(|factor| std::cmp::Reverse(factor.points.abs()));
        Ok(answer)
    }
}

/// The decided deals of its pipeline.
fn in_pipeline(call: &Call<'_>, deal: &Found) -> Result<Vec<Json>> {
    Ok(vec![json!({ "pipelineId": { "eq": named(call, deal, "pipelineId", "pipeline")? } }), decided()])
}

/// Those of them that were in its stage.
fn in_stage(call: &Call<'_>, deal: &Found) -> Result<Vec<Json>> {
    let stage = named(call, deal, "stageId", "stage")?;
    let mut alike = in_pipeline(call, deal)?;
    alike.push(json!({ "stageChanges": { "some": { "toStageId": { "eq": stage } } } }));
    Ok(alike)
}

/// The id that a field names, as the API writes it.
fn named(call: &Call<'_>, deal: &Found, field: &str, resource: &str) -> Result<Option<String>> {
    let prefix = &call.engine().registry().known(resource)?.prefix;
    Ok(deal.get(field).as_id().map(|id| Id(id).to_text(prefix)))
}

async fn by_month(call: &Call<'_>, alike: &[Json]) -> Result<BTreeMap<String, Outcomes>> {
    outcomes(call, alike, bucketed("closeDate", "MONTH")).await
}

fn together<'o>(parts: impl Iterator<Item = &'o Outcomes>) -> Outcomes {
    parts.fold(Outcomes::default(), |sum, part| Outcomes { decided: sum.decided + part.decided, won: sum.won + part.won })
}

async fn stage_probability(call: &Call<'_>, deal: &Found) -> Result<i64> {
    let stage = match deal.get("stageId").as_id() {
        Some(stage) => call.record("stage", Id(stage)).await?,
        None => None,
    };
    Ok(stage.and_then(|stage| stage.get("probability").as_integer()).unwrap_or_default())
}

/// How deals with each mark went, of those marks that some deals have.
struct Marks {
    counted: BTreeMap<&'static str, BTreeMap<String, Outcomes>>,
    prefixes: BTreeMap<&'static str, String>,
}

impl Marks {
    async fn count(call: &Call<'_>, alike: &[Json], sight: &Sight, deals: &[Found]) -> Result<Marks> {
        let mut marks = Marks { counted: BTreeMap::new(), prefixes: BTreeMap::new() };
        for name in MARKS.into_iter().filter(|name| sight.sees(&[name])) {
            if let Some(reference) = sight.def.field(name).and_then(|field| field.reference()) {
                marks.prefixes.insert(name, call.engine().registry().known(&reference.target)?.prefix.to_string());
            }
            let values: BTreeSet<String> = deals.iter().filter_map(|deal| marks.text(deal, name)).collect();
            if values.is_empty() {
                continue;
            }
            let mut conditions = alike.to_vec();
            conditions.push(json!({ name: { "in": values } }));
            marks.counted.insert(name, outcomes(call, &conditions, key(&[name])).await?);
        }
        Ok(marks)
    }

    fn text(&self, deal: &Found, name: &'static str) -> Option<String> {
        match deal.get(name) {
            Value::Id(id) => self.prefixes.get(name).map(|prefix| Id(*id).to_text(prefix)),
            value => value.as_text().map(str::to_owned),
        }
    }

    /// The marks of a deal: field, value, and how deals with it went.
    fn of(&self, deal: &Found) -> Vec<(&'static str, String, Outcomes)> {
        let of = |name: &&'static str| {
            let value = self.text(deal, name)?;
            let counted = self.counted.get(name)?;
            Some((*name, value.clone(), counted.get(&value).copied().unwrap_or_default()))
        };
        MARKS.iter().filter_map(of).collect()
    }
}

/// Tells the last fifth of the decided deals from those before. Answers how well, and how much of the marks should count.
async fn back_test(
    call: &Call<'_>,
    alike: &[Json],
    sight: &Sight,
    months: &BTreeMap<String, Outcomes>,
    stage: i64,
) -> Result<Option<(WinBackTest, f64)>> {
    let all = together(months.values());
    let (mut before, mut cut) = (Outcomes::default(), None);
    for (month, part) in months {
        if before.decided * 5 >= all.decided * 4 {
            cut = Date::parse(month);
            break;
        }
        before = together([before, *part].iter());
    }
    let Some(since) = cut.filter(|_| before.decided >= ENOUGH) else { return Ok(None) };
    let with = |condition: Json| alike.iter().cloned().chain([condition]).collect::<Vec<_>>();
    let later = json!({ "and": with(json!({ "closeDate": { "gte": since.to_text() } })) });
    let later = call.engine().parse_filter(call.context, &sight.def, &later)?;
    let deals = call.visible("opportunity", later, None, TRIED).await?;
    let earlier = with(json!({ "closeDate": { "lt": since.to_text() } }));
    let marks = Marks::count(call, &earlier, sight, &deals).await?;
    let case = |deal: &Found| Case {
        effects: marks.of(deal).into_iter().map(|(_, _, outcomes)| outcomes.effect(before)).collect(),
        won: deal.get("status").as_text() == Some(OpportunityStatus::Won.as_str()),
    };
    let cases: Vec<Case> = deals.iter().map(case).collect();
    let weight = fit(before, &cases);
    let said = |case: &Case| probability(before, &case.effects, weight);
    let count = |cases: usize| i64::try_from(cases).unwrap_or(i64::MAX);
    let test = WinBackTest {
        since,
        decided: count(cases.len()),
        won: count(cases.iter().filter(|case| case.won).count()),
        expected: fixed(cases.iter().map(said).sum(), 10.0),
        error: fixed(error(&cases, said), 10_000.0),
        stage_error: fixed(error(&cases, |_| super::odds::float(stage) / 100.0), 10_000.0),
        rate_error: fixed(error(&cases, |_| before.rate()), 10_000.0),
        weight: fixed(weight, 100.0),
    };
    Ok(Some((test, weight)))
}
