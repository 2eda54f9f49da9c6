//! What holds of a deal whatever way it is written: it is where its stage is, and its figures agree.

use super::stage_change::StageChangeKind;
use super::worth::{day, in_base, portion, shares};
use super::{AmountSource, OpportunityStatus};
use crate::found::{by_id, first};
use crate::look::{ByRule, base_currency};
use crate::pipeline::place;
use crate::pipeline::stage::StageKind;
use async_trait::async_trait;
use clientela_engine::Rules;
use clientela_engine::module::{ChangeKind, Companion, Draft, Found, RuleReader};
use clientela_kernel::{Comparison, Context, Error, FieldProblem, Filter, ProblemCode, Result, Timestamp, Value};
use clientela_model::{Choice as _, system};
use uuid::Uuid;

/// A day in milliseconds.
const DAY: i64 = 86_400_000;

/// The rules of opportunities.
pub struct OpportunityRules;

#[async_trait]
impl Rules for OpportunityRules {
    fn derive(&self, _context: &Context, draft: &mut Draft) {
        let open = draft.old("status").as_text() == Some(OpportunityStatus::Open.as_str()) && !draft.changed("stageId");
        let day = |value: &Value| if let Value::Date(day) = value { Some(*day) } else { None };
        if let (Some(before), Some(after), true) = (day(draft.old("closeDate")), day(draft.get("closeDate")), open)
            && after > before
        {
            let slips = draft.get("closeDateSlips").as_integer().unwrap_or_default() + 1;
            draft.set("closeDateSlips", Value::Integer(slips));
        }
    }

    async fn look_up(&self, context: &Context, reader: &dyn RuleReader, draft: &mut Draft) -> Result<()> {
        if draft.kind == ChangeKind::Created {
            let stage = beginning(reader, draft).await?;
            enter(context, draft, &stage);
        } else if draft.changed("stageId") {
            let stage = stage(reader, draft).await?;
            enter(context, draft, &stage);
        }
        if draft.get("currency").is_null() {
            let currency = currency(context, reader, draft).await?;
            draft.set("currency", currency);
        }
        follow_lines(draft)?;
        value(context, reader, draft).await
    }

    fn check(&self, _context: &Context, draft: &Draft, problems: &mut Vec<FieldProblem>) {
        let (amount, currency) = (draft.get("amount"), draft.get("currency").as_text().unwrap_or_default());
        if let Value::Money(amount) = amount {
            if amount.currency.code() != currency {
                let text =
                    format!("amount is in {}, and the opportunity is in {currency}. Give both in one currency.", amount.currency.code());
                problems.push(FieldProblem::new("/amount/currency", ProblemCode::Contradiction, text));
            }
            if amount.minor < 0 {
                let text = format!("amount must not be negative; it was {} {currency}.", amount.amount());
                problems.push(FieldProblem::new("/amount/amount", ProblemCode::OutOfRange, text));
            }
        }
        if draft.kind == ChangeKind::Created {
            outcome(draft, problems);
        }
    }

    async fn companions(&self, context: &Context, reader: &dyn RuleReader, draft: &Draft) -> Result<Vec<Companion>> {
        let mut companions = Vec::new();
        if draft.kind == ChangeKind::Updated && draft.changed("amount") {
            companions.extend(shares(reader, draft.id, draft.get("amount")).await?);
        }
        if !draft.changed("stageId") || !matches!(draft.kind, ChangeKind::Created | ChangeKind::Updated) {
            return Ok(companions);
        }
        let ends = [draft.old("stageId"), draft.get("stageId")].into_iter().filter(|stage| !stage.is_null()).cloned().collect();
        let stages = reader.find("stage", Filter::field(system::ID, Comparison::In(ends))).await?;
        let end = |stage: &Value| stages.iter().find(|found| stage.as_id() == Some(found.id.0));
        let (from, to) = (end(draft.old("stageId")), end(draft.get("stageId")));
        let entered = draft.get("stageSince").as_instant().unwrap_or(context.now);
        let spent = draft.old("stageSince").as_instant().map(|since| (entered.0 - since.0).max(0) / 1_000);
        let values = vec![
            ("opportunityId", Value::Id(draft.id.0)),
            ("kind", kind(draft, from, to).as_str().into()),
            ("fromStageId", draft.old("stageId").clone()),
            ("toStageId", draft.get("stageId").clone()),
            ("enteredAt", Value::Instant(entered)),
            ("timeInStage", spent.map_or(Value::Null, Value::Integer)),
            ("amount", draft.get("amount").clone()),
            ("probability", draft.get("probability").clone()),
        ];
        companions.push(Companion::Create { resource: "stageChange", values });
        Ok(companions)
    }
}

/// The amount is the sum of the line items, where there are some and nothing else is asked for.
fn follow_lines(draft: &mut Draft) -> Result<()> {
    if draft.get("lineItemCount").as_integer().unwrap_or_default() == 0 {
        return Ok(());
    }
    if draft.changed("currency") {
        let text = "currency cannot be another one while there are line items in it. Delete these first.";
        return Err(Error::invalid("/currency", ProblemCode::Contradiction, text));
    }
    if draft.get("amountSource").as_text() != Some(AmountSource::LineItems.as_str()) {
        return Ok(());
    }
    let total = draft.get("lineTotal").clone();
    if draft.changed("amount") && *draft.get("amount") != total {
        let text = "amount is the sum of the line items. Change these, or set amountSource to MANUAL.";
        return Err(Error::invalid("/amount", ProblemCode::Contradiction, text));
    }
    draft.set("amount", total);
    Ok(())
}

/// What follows from the amount. Rates are looked up where they may count anew; a rate that changes later is `revalueOpportunities`' affair.
async fn value(context: &Context, reader: &dyn RuleReader, draft: &mut Draft) -> Result<()> {
    let anew = ["amount", "closeDate", "closedAt", "status"].into_iter().any(|field| draft.changed(field));
    if anew {
        let base = if let Value::Money(base) = draft.old("baseAmount") { Some(base.currency) } else { None };
        let on = day(context, |field| draft.get(field).clone());
        let amount = in_base(&ByRule(reader), context, draft.get("amount"), base, on).await?;
        draft.set("baseAmount", amount);
    }
    for (whole, expected) in [("amount", "expectedAmount"), ("baseAmount", "baseExpectedAmount")] {
        let value = portion(draft.get(whole), draft.get("probability"));
        draft.set(expected, value);
    }
    Ok(())
}

/// The stage of a new deal, whose pipeline it has from then on.
async fn beginning(reader: &dyn RuleReader, draft: &mut Draft) -> Result<Found> {
    let stage = if draft.get("stageId").is_null() {
        let pipeline = match draft.get("pipelineId").as_id() {
            Some(pipeline) => pipeline,
            None => default_pipeline(reader).await?,
        };
        let Some(stage) = first_open(reader, pipeline).await? else {
            let text = "stageId is missing, and the pipeline has no open stage in which the opportunity could begin. Make a stage for it.";
            return Err(Error::invalid("/stageId", ProblemCode::Required, text));
        };
        draft.set("stageId", Value::Id(stage.id.0));
        stage
    } else {
        stage(reader, draft).await?
    };
    let named = draft.get("pipelineId").as_id();
    let of_stage = stage.get("pipelineId").as_id();
    if named.is_some() && named != of_stage {
        // Whether there is such a pipeline, nobody learns here.
        let text = "pipelineId names no pipeline that has this stage. Leave it out, or name a stage of the pipeline.";
        return Err(Error::invalid("/pipelineId", ProblemCode::ReferenceNotFound, text));
    }
    let pipeline = match of_stage {
        Some(pipeline) => first(reader, "pipeline", by_id(pipeline)).await?,
        None => None,
    };
    if pipeline.is_some_and(|pipeline| pipeline.get("active").as_boolean() == Some(false)) {
        let text = "The pipeline takes no new opportunities: it is not active. Name a stage of another one.";
        return Err(Error::invalid("/stageId", ProblemCode::NotAllowed, text));
    }
    Ok(stage)
}

/// What a deal takes over from the stage it enters.
fn enter(context: &Context, draft: &mut Draft, stage: &Found) {
    let kind = StageKind::of(stage.get("kind"));
    let status = match kind {
        StageKind::Open => OpportunityStatus::Open,
        StageKind::Won => OpportunityStatus::Won,
        StageKind::Lost => OpportunityStatus::Lost,
    };
    draft.set("pipelineId", stage.get("pipelineId").clone());
    draft.set("status", status.as_str().into());
    let made = draft.kind == ChangeKind::Created;
    for field in ["probability", "forecastCategory"] {
        // What the request says of a new one holds, but for what is decided.
        if !made || draft.get(field).is_null() || kind != StageKind::Open {
            draft.set(field, stage.get(field).clone());
        }
    }
    if !made || draft.get("stageSince").is_null() {
        // Of what was decided earlier it is told so: how long it took ends there.
        let told = made || draft.changed("closedAt");
        let since = draft.get("closedAt").as_instant().filter(|_| told && kind != StageKind::Open).unwrap_or(context.now);
        draft.set("stageSince", Value::Instant(since));
    }
    let since = draft.get("stageSince").as_instant().unwrap_or(context.now);
    if kind == StageKind::Open {
        draft.set("closedAt", Value::Null);
    } else if draft.get("closedAt").is_null() {
        draft.set("closedAt", Value::Instant(since));
    }
    let stale = stage.get("staleAfterDays").as_integer().filter(|_| kind == StageKind::Open);
    draft.set("staleAt", stale.map_or(Value::Null, |days| Value::Instant(Timestamp(since.0 + days * DAY))));
}

/// How a deal ended is said of one that has.
fn outcome(draft: &Draft, problems: &mut Vec<FieldProblem>) {
    let lost = draft.get("status").as_text() == Some(OpportunityStatus::Lost.as_str());
    for field in ["lostReasonId", "lostToId"] {
        if !lost && !draft.get(field).is_null() {
            let text = format!("{field} is said of an opportunity that is lost, and this one is not. Leave it out.");
            problems.push(FieldProblem::new(format!("/{field}"), ProblemCode::Contradiction, text));
        }
    }
}

/// The currency of a deal of which none is said.
async fn currency(context: &Context, reader: &dyn RuleReader, draft: &Draft) -> Result<Value> {
    if let Value::Money(amount) = draft.get("amount") {
        return Ok(amount.currency.code().into());
    }
    let account = match draft.get("accountId").as_id() {
        Some(account) => first(reader, "account", by_id(account)).await?,
        None => None,
    };
    match account.map(|account| account.get("currency").clone()).filter(|currency| !currency.is_null()) {
        Some(currency) => Ok(currency),
        None => Ok(base_currency(&ByRule(reader), context).await?.code().into()),
    }
}

async fn stage(reader: &dyn RuleReader, draft: &Draft) -> Result<Found> {
    let found = match draft.get("stageId").as_id() {
        Some(stage) => first(reader, "stage", by_id(stage)).await?,
        None => None,
    };
    found.ok_or_else(|| {
        Error::invalid("/stageId", ProblemCode::ReferenceNotFound, "stageId names no stage that there is, or one that is deleted.")
    })
}

async fn default_pipeline(reader: &dyn RuleReader) -> Result<Uuid> {
    match first(reader, "pipeline", Filter::equal("isDefault", Value::Boolean(true))).await? {
        Some(pipeline) => Ok(pipeline.id.0),
        None => {
            let text =
                "stageId and pipelineId are missing, and no pipeline is the default. Name one of them, or set isDefault of a pipeline.";
            Err(Error::invalid("/stageId", ProblemCode::Required, text))
        }
    }
}

/// The stage in which deals of a pipeline begin.
async fn first_open(reader: &dyn RuleReader, pipeline: Uuid) -> Result<Option<Found>> {
    let stages = reader.find("stage", Filter::equal("pipelineId", Value::Id(pipeline))).await?;
    Ok(stages.into_iter().filter(|stage| StageKind::of(stage.get("kind")) == StageKind::Open).min_by_key(place))
}

/// How a deal came into the stage.
fn kind(draft: &Draft, from: Option<&Found>, to: Option<&Found>) -> StageChangeKind {
    if draft.old("stageId").is_null() {
        return StageChangeKind::Created;
    }
    match to.map(|to| StageKind::of(to.get("kind"))) {
        Some(StageKind::Won) => StageChangeKind::Won,
        Some(StageKind::Lost) => StageChangeKind::Lost,
        _ if draft.old("status").as_text() != Some(OpportunityStatus::Open.as_str()) => StageChangeKind::Reopened,
        _ if draft.old("pipelineId") != draft.get("pipelineId") => StageChangeKind::Moved,
        _ if from.map(place) > to.map(place) => StageChangeKind::Returned,
        _ => StageChangeKind::Advanced,
    }
}
