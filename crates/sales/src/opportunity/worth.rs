//! What a deal is worth: its amount, times how likely it is, and both in the currency that the tenant keeps its books in.

use super::OpportunityStatus;
use super::split::{SplitKind, amounts};
use crate::look::{Look, base_currency};
use crate::rate::conversion;
use clientela_engine::module::{Companion, Found, RuleReader};
use clientela_kernel::currency::Currency;
use clientela_kernel::decimal::rounded;
use clientela_kernel::{Context, Date, Filter, Id, Money, Result, Value};
use clientela_model::Choice as _;

/// The fields that follow from the amount of a deal.
pub(super) const IN_BASE: [&str; 2] = ["baseAmount", "baseExpectedAmount"];

/// So many percent of an amount.
pub(super) fn portion(amount: &Value, percent: &Value) -> Value {
    let (Value::Money(amount), Some(percent)) = (amount, percent.as_integer()) else { return Value::Null };
    let minor = rounded(i128::from(amount.minor) * i128::from(percent), 100);
    i64::try_from(minor).map_or(Value::Null, |minor| Value::Money(Money { minor, ..*amount }))
}

/// The day whose rates count: the one on which it was decided, or is expected to be.
pub(super) fn day(context: &Context, get: impl Fn(&str) -> Value) -> Date {
    let closed = get("closedAt").as_instant().filter(|_| get("status").as_text() != Some(OpportunityStatus::Open.as_str()));
    match (closed, get("closeDate")) {
        (Some(at), _) => context.day_of(at),
        (None, Value::Date(day)) => day,
        (None, _) => context.today(),
    }
}

/// An amount in the tenant's currency by the rates of a day; null where there are none.
pub(super) async fn in_base(look: &dyn Look, context: &Context, amount: &Value, base: Option<Currency>, on: Date) -> Result<Value> {
    let Value::Money(amount) = *amount else { return Ok(Value::Null) };
    let base = match base {
        Some(base) => base,
        None => base_currency(look, context).await?,
    };
    let found = conversion::find(look, amount.currency, base, base, on).await?;
    Ok(found.and_then(|found| found.apply(amount, base)).map_or(Value::Null, Value::Money))
}

/// Everything of a deal that changes with its amount, where something other than a request for the deal itself changes that.
pub(super) async fn follows(look: &dyn Look, context: &Context, deal: &Found, amount: Value) -> Result<Vec<(&'static str, Value)>> {
    let base = in_base(look, context, &amount, None, day(context, |field| deal.get(field).clone())).await?;
    let probability = deal.get("probability");
    Ok(vec![
        ("expectedAmount", portion(&amount, probability)),
        ("baseExpectedAmount", portion(&base, probability)),
        ("baseAmount", base),
        ("amount", amount),
    ])
}

/// The shares of a deal follow its amount.
pub(super) async fn shares(reader: &dyn RuleReader, deal: Id, amount: &Value) -> Result<Vec<Companion>> {
    let mut changes = Vec::new();
    let all = reader.find("opportunitySplit", Filter::equal("opportunityId", Value::Id(deal.0))).await?;
    for kind in [SplitKind::Revenue, SplitKind::Overlay] {
        let mut splits: Vec<&Found> = all.iter().filter(|split| split.get("kind").as_text() == Some(kind.as_str())).collect();
        splits.sort_by_key(|split| split.id.0);
        let percents: Vec<i64> = splits.iter().filter_map(|split| split.get("percent").as_integer()).collect();
        for (split, amount) in splits.into_iter().zip(amounts(amount, &percents)) {
            if *split.get("amount") != amount {
                changes.push(Companion::Patch { resource: "opportunitySplit", id: split.id, values: vec![("amount", amount)] });
            }
        }
    }
    Ok(changes)
}
