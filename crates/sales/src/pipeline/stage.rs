//! The stage: a place on the way, and what it takes to get there.

use async_trait::async_trait;
use clientela_engine::Rules;
use clientela_engine::module::{Draft, RuleReader};
use clientela_kernel::{Context, Error, FieldProblem, Id, ProblemCode, Result, Value};
use clientela_macros::{Choice, resource};
use clientela_model::Choice as _;
use clientela_model::WriteMode;

/// What a stage means for a deal that is in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Choice)]
pub enum StageKind {
    /// It is being worked on.
    Open,
    /// The customer buys.
    Won,
    /// The customer does not buy.
    Lost,
}

impl StageKind {
    /// The kind that a record says.
    pub fn of(value: &Value) -> StageKind {
        match value.as_text() {
            Some(text) if text == StageKind::Won.as_str() => StageKind::Won,
            Some(text) if text == StageKind::Lost.as_str() => StageKind::Lost,
            _ => StageKind::Open,
        }
    }
}

/// Where a deal counts in a forecast.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Choice)]
pub enum ForecastCategory {
    /// Not at all.
    Omitted,
    /// In the pipeline: possible.
    Pipeline,
    /// In the best case: likely if all goes well.
    BestCase,
    /// Committed: we say that it will come.
    Commit,
    /// It has come.
    Closed,
}

/// A stage of a pipeline, and what a deal needs to enter it. Stages are ordered by `position`. A stage in which there are deals, closed ones included, cannot be deleted.
#[resource(name = "stage", prefix = "stg", label = "name", common, unattachable)]
pub struct Model {
    /// The pipeline.
    #[field(
        refers = "pipeline",
        inverse = "stages",
        inverse_description = "Its stages.",
        on_delete = "cascade",
        write = "immutable",
        example = "\"ppl_01h455vb4pex5vsknk084sn02q\""
    )]
    pub pipeline_id: Id,
    /// What it is called.
    #[field(max = 100, folded, example = "\"Offer\"")]
    pub name: String,
    /// Its place: stages with smaller numbers come before it.
    #[field(min = 0, max = 100_000, example = "30")]
    pub position: i64,
    /// What it means for a deal that is in it.
    #[field(default = "\"OPEN\"", write = "immutable", example = "\"OPEN\"")]
    pub kind: StageKind,
    /// How likely a deal in it is won, in percent: a deal takes it over when it enters. 100 where `kind` is `WON`, 0 where it is `LOST`.
    #[field(min = 0, max = 100, default = "0", derived, example = "40")]
    pub probability: i64,
    /// Where a deal in it counts in a forecast: a deal takes it over when it enters. `CLOSED` where `kind` is `WON`, `OMITTED` where it is `LOST`.
    #[field(default = "\"PIPELINE\"", derived, example = "\"PIPELINE\"")]
    pub forecast_category: ForecastCategory,
    /// Whether a deal may not skip it on its way forward, nor be won without having been in it.
    #[field(name = "required", default = "false", example = "false")]
    pub is_required: bool,
    /// Fields of the opportunity that must have a value before it enters, such as `amount` and `contactId`.
    #[field(max_items = 50, max = 60, example = "[\"amount\",\"contactId\"]")]
    pub required_fields: TextSet,
    /// What an opportunity must satisfy before it enters: a filter tree as JSON. In it `today` is the day of the request, and `me` whoever asks.
    #[field(
        format = "filter_tree",
        max = 10_000,
        no_sort,
        no_filter,
        example = "\"{\\\"account\\\": {\\\"lifecycle\\\": {\\\"ne\\\": \\\"FORMER\\\"}}}\""
    )]
    pub entry_condition: Option<String>,
    /// What must be ticked off (`opportunity.checkedItems`) before a deal enters.
    #[field(max_items = 30, max = 100, example = "[\"Budget is confirmed\"]")]
    pub checklist: TextSet,
    /// After how many days in this stage a deal counts as stale (`opportunity.staleAt`); never where empty. Deals that are in it already keep their day.
    #[field(min = 1, max = 3_650, example = "30")]
    pub stale_after_days: Option<i64>,
    /// What helps to get a deal out of it, for whoever works on one.
    #[field(max = 5_000, no_sort, example = "\"Agree on who signs, and by when.\"")]
    pub guidance: Option<String>,
}

/// The rules of stages.
pub struct StageRules;

#[async_trait]
impl Rules for StageRules {
    fn derive(&self, _context: &Context, draft: &mut Draft) {
        let (probability, category) = match StageKind::of(draft.get("kind")) {
            StageKind::Open => return,
            StageKind::Won => (100, ForecastCategory::Closed),
            StageKind::Lost => (0, ForecastCategory::Omitted),
        };
        draft.set("probability", Value::Integer(probability));
        draft.set("forecastCategory", category.as_str().into());
    }

    async fn look_up(&self, context: &Context, reader: &dyn RuleReader, draft: &mut Draft) -> Result<()> {
        if let Some(problem) = unknown_fields(reader, draft).filter(|_| draft.changed("requiredFields")) {
            return Err(Error::validation(vec![problem]));
        }
        crate::condition::check(context, reader, draft, "opportunity", "entryCondition")
    }
}

/// Names that are no field which somebody can fill in.
fn unknown_fields(reader: &dyn RuleReader, draft: &Draft) -> Option<FieldProblem> {
    let def = reader.registry()?.resource("opportunity")?;
    let writable = |name: &str| def.field(name).is_some_and(|field| !field.secret && field.write != WriteMode::ReadOnly);
    let Value::TextSet(names) = draft.get("requiredFields") else { return None };
    let unknown: Vec<&str> = names.iter().map(String::as_str).filter(|name| !writable(name)).collect();
    (!unknown.is_empty()).then(|| {
        let text =
            format!("requiredFields names {}, and opportunities have no field of this name that can be filled in.", unknown.join(", "));
        FieldProblem::new("/requiredFields", ProblemCode::NotAllowed, text)
    })
}
