//! `forecastSales`: what is expected to come when, by whom.

pub mod quota;

use crate::condition;
use crate::groups::{Group, bucketed, groups, key, path};
use crate::pipeline::stage::ForecastCategory;
use async_trait::async_trait;
use clientela_engine::aggregate::{AggregateRequest, Function};
use clientela_engine::module::Found;
use clientela_engine::{Call, Operation};
use clientela_kernel::currency::Currency;
use clientela_kernel::decimal::rounded;
use clientela_kernel::{Comparison, Date, Error, Filter, Id, Money, ProblemCode, Result, Value};
use clientela_macros::{Choice, Shape};
use clientela_model::{Choice as _, OperationDef};
use serde_json::json;
use std::collections::BTreeMap;

/// Longest time that is looked at, in days.
const LONGEST: i32 = 3_660;

/// Tells what is expected to come.
pub struct ForecastSales;

/// By what the time is divided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Choice)]
pub enum ForecastPeriod {
    /// By calendar months.
    Month,
    /// By calendar quarters.
    Quarter,
    /// By calendar years.
    Year,
}

/// What is asked.
#[derive(Shape)]
pub struct ForecastQuestion {
    /// The first close date that counts.
    #[field(example = "\"2026-10-01\"")]
    pub since: Date,
    /// The last one.
    #[field(example = "\"2026-12-31\"")]
    pub until: Date,
    /// By what the time is divided; each part begins on its first day within the time.
    #[field(default = "\"MONTH\"", example = "\"QUARTER\"")]
    pub period: ForecastPeriod,
    /// Whether it is told for each owner.
    #[field(default = "false", example = "true")]
    pub by_owner: bool,
    /// Which opportunities: a filter tree as JSON; all that you may see where left out.
    #[field(format = "filter_tree", max = 10000, example = "\"{\\\"kind\\\": {\\\"eq\\\": \\\"RENEWAL\\\"}}\"")]
    pub filter: Option<String>,
}

/// What is expected.
#[derive(Shape)]
pub struct SalesForecast {
    /// By time, owner and currency, in this order; what nothing is expected of is left out.
    #[field(shape, most = 1000)]
    pub rows: Vec<ForecastRow>,
}

/// What is expected of one owner, in one part of the time and one currency. The categories do not hold each other.
#[derive(Shape)]
pub struct ForecastRow {
    /// The first day of the calendar month, quarter or year.
    #[field(example = "\"2026-10-01\"")]
    pub period: Date,
    /// Whose deals they are; empty where it is told of all together, or where nobody owns them.
    #[field(refers = "user", example = "\"usr_01h455vb4pex5vsknk084sn02q\"")]
    pub owner_id: Option<Id>,
    /// How many deals.
    #[field(min = 0, max = 9_007_199_254_740_991, example = "7")]
    pub count: i64,
    /// What is possible.
    #[field()]
    pub pipeline: Money,
    /// What is likely if all goes well.
    #[field()]
    pub best_case: Money,
    /// What we say will come.
    #[field()]
    pub commit: Money,
    /// What has come.
    #[field()]
    pub closed: Money,
    /// What all of it is worth by how likely each deal is.
    #[field()]
    pub expected: Money,
    /// What was to be sold: of each quota the part that falls on the days of this row. Of one owner alone, and where there is one.
    #[field(example = "null")]
    pub quota: Option<Money>,
    /// What has come, in percent of the quota.
    #[field(decimal = 2, min = 0, max = 1_000_000_000, example = "null")]
    pub attainment: Option<i64>,
}

#[async_trait]
impl Operation for ForecastSales {
    type Input = ForecastQuestion;
    type Output = SalesForecast;

    fn definition() -> OperationDef {
        OperationDef::reading::<ForecastQuestion, SalesForecast>(
            "forecastSales",
            "opportunity",
            "forecast",
            "Adds up what opportunities are worth by close date and category, of those that you may see: by calendar month, quarter or year, and by owner, beside what each was to sell (`quota`). Lost and omitted ones do not count, nor those without an amount.",
        )
    }

    async fn run(&self, call: &Call<'_>, asked: ForecastQuestion) -> Result<SalesForecast> {
        if asked.until < asked.since || asked.until.0 - asked.since.0 > LONGEST {
            let text = format!(
                "until must not be before since, {}, nor more than ten years after it; it was {}.",
                asked.since.to_text(),
                asked.until.to_text()
            );
            return Err(Error::invalid("/until", ProblemCode::OutOfRange, text));
        }
        let mut rows: BTreeMap<(Date, String, String), ForecastRow> = BTreeMap::new();
        for group in figures(call, &asked).await? {
            let Some(found) = Figures::read(&group) else { continue };
            let key = (found.period, found.owner.clone().unwrap_or_default(), found.amount.currency.code().to_owned());
            let nothing = Money { minor: 0, ..found.amount };
            let row = rows.entry(key).or_insert_with(|| ForecastRow {
                period: found.period,
                owner_id: found.owner.as_deref().and_then(|owner| Id::parse(owner, "usr").ok()),
                count: 0,
                pipeline: nothing,
                best_case: nothing,
                commit: nothing,
                closed: nothing,
                expected: nothing,
                quota: None,
                attainment: None,
            });
            row.count += found.count;
            row.expected.minor += found.expected.minor;
            match found.category.as_str() {
                name if name == ForecastCategory::Pipeline.as_str() => row.pipeline.minor += found.amount.minor,
                name if name == ForecastCategory::BestCase.as_str() => row.best_case.minor += found.amount.minor,
                name if name == ForecastCategory::Commit.as_str() => row.commit.minor += found.amount.minor,
                _ => row.closed.minor += found.amount.minor,
            }
        }
        let mut rows: Vec<ForecastRow> = rows.into_values().collect();
        if asked.by_owner {
            quotas(call, &asked, &mut rows).await?;
        }
        Ok(SalesForecast { rows })
    }
}

/// What one group of the aggregate says.
struct Figures {
    period: Date,
    owner: Option<String>,
    category: String,
    count: i64,
    amount: Money,
    expected: Money,
}

impl Figures {
    fn read(group: &Group) -> Option<Figures> {
        Some(Figures {
            period: Date::parse(group.text("/keys/closeDate")?)?,
            owner: group.text("/keys/ownerId").map(str::to_owned),
            category: group.text("/keys/forecastCategory")?.to_owned(),
            count: group.count(),
            amount: group.money("/sum/amount")?,
            expected: group.money("/sum/expectedAmount")?,
        })
    }
}

async fn figures(call: &Call<'_>, asked: &ForecastQuestion) -> Result<Vec<Group>> {
    let def = call.engine().registry().known("opportunity")?;
    let mut conditions = vec![
        json!({ "closeDate": { "gte": asked.since.to_text(), "lte": asked.until.to_text() } }),
        json!({ "forecastCategory": { "ne": ForecastCategory::Omitted.as_str() } }),
        json!({ "status": { "ne": "LOST" } }),
    ];
    if let Some(text) = &asked.filter {
        conditions.push(condition::asked(call, def, text)?.0);
    }
    let mut group_by = vec![
        bucketed("closeDate", asked.period.as_str()),
        key(&["forecastCategory"]),
        key(&["amount", "currency"]),
        key(&["expectedAmount", "currency"]),
    ];
    group_by.extend(asked.by_owner.then(|| key(&["ownerId"])));
    let request = AggregateRequest {
        filter: Some(json!({ "and": conditions })),
        group_by,
        measures: vec![(Function::Count, Vec::new()), (Function::Sum, path(&["amount"])), (Function::Sum, path(&["expectedAmount"]))],
        ..AggregateRequest::default()
    };
    groups(call, call.context, def, request).await
}

/// Says of each row what was to be sold.
async fn quotas(call: &Call<'_>, asked: &ForecastQuestion, rows: &mut [ForecastRow]) -> Result<()> {
    let within = Filter::And(vec![
        Filter::field("since", Comparison::LessOrEqual(Value::Date(asked.until))),
        Filter::field("until", Comparison::GreaterOrEqual(Value::Date(asked.since))),
    ]);
    let quotas = match call.find("quota", within).await {
        // Who may not read quotas has none to compare with.
        Err(error) if error.code() == clientela_kernel::ErrorCode::Forbidden => return Ok(()),
        quotas => quotas?,
    };
    for row in rows {
        let Some(owner) = row.owner_id else { continue };
        let (first, last) = (row.period.max(asked.since), end(row.period, asked.period).min(asked.until));
        let theirs = quotas.iter().filter(|quota| quota.get("userId").as_id() == Some(owner.0));
        let parts: Vec<i64> = theirs.filter_map(|quota| part(quota, row.closed.currency, first, last)).collect();
        if parts.is_empty() {
            continue;
        }
        let quota: i64 = parts.iter().sum();
        row.quota = Some(Money { minor: quota, ..row.closed });
        row.attainment =
            (quota > 0).then(|| i64::try_from(rounded(i128::from(row.closed.minor) * 10_000, i128::from(quota))).ok()).flatten();
    }
    Ok(())
}

/// The part of a quota that falls on some days, to the smallest unit of the currency.
fn part(quota: &Found, currency: Currency, first: Date, last: Date) -> Option<i64> {
    let (Value::Money(amount), Value::Date(since), Value::Date(until)) = (quota.get("amount"), quota.get("since"), quota.get("until"))
    else {
        return None;
    };
    let days = (last.min(*until).0 - first.max(*since).0 + 1).max(0);
    if days == 0 || amount.currency != currency {
        return None;
    }
    let all = until.0 - since.0 + 1;
    // Up to the end of these days less up to their beginning: so the parts of one quota are the whole of it.
    let up_to = |day: i32| rounded(i128::from(amount.minor) * i128::from((day - since.0 + 1).clamp(0, all)), i128::from(all));
    i64::try_from(up_to(last.min(*until).0) - up_to(first.max(*since).0 - 1)).ok()
}

/// The last day of a part of the time.
fn end(first: Date, period: ForecastPeriod) -> Date {
    use chrono::{Datelike as _, Months};
    let months = match period {
        ForecastPeriod::Month => 1,
        ForecastPeriod::Quarter => 3,
        ForecastPeriod::Year => 12,
    };
    let day = first.to_chrono();
    let next = day.with_day(1).and_then(|day| day.checked_add_months(Months::new(months)));
    next.map_or(first, |next| Date(Date::from_chrono(next).0 - 1))
}
