//! `revalueOpportunities`: what deals are worth in the tenant's currency, by the rates there are now.

use super::OpportunityStatus;
use super::worth::{IN_BASE, day, portion};
use crate::condition;
use crate::look::base_currency;
use crate::rate::conversion::{self, Conversion};
use async_trait::async_trait;
use clientela_engine::module::Found;
use clientela_engine::{Action, Call, Operation};
use clientela_kernel::currency::Currency;
use clientela_kernel::{Comparison, Date, Filter, Id, Result, Value};
use clientela_macros::Shape;
use clientela_model::{Choice as _, OperationDef, system};
use std::collections::{BTreeSet, HashMap};

/// Works out anew what deals are worth.
pub struct RevalueOpportunities;

/// Deals that are looked at together.
const TOGETHER: u32 = 1_000;
/// Most lacks that are told.
const LACKS: usize = 1_000;

/// Which deals.
#[derive(Shape)]
pub struct Revaluation {
    /// Which opportunities: a filter tree as JSON, such as `{"currency": {"eq": "USD"}}`; all that you may change where left out.
    #[field(format = "filter_tree", max = 10000, example = "\"{\\\"currency\\\": {\\\"eq\\\": \\\"USD\\\"}}\"")]
    pub filter: Option<String>,
    /// Whether opportunities that were won or lost are looked at too.
    #[field(default = "false", example = "false")]
    pub closed: bool,
}

/// What came of it.
#[derive(Shape)]
pub struct Revalued {
    /// How many were looked at.
    #[field(min = 0, max = 9_007_199_254_740_991, example = "120")]
    pub examined: i64,
    /// How many are worth another amount now. Each has a version and a history of its own.
    #[field(min = 0, max = 9_007_199_254_740_991, example = "7")]
    pub changed: i64,
    /// The rates that are missing, by currency and day; the first 1,000.
    #[field(shape, most = 1000)]
    pub missing: Vec<MissingRate>,
}

/// A rate that is missing.
#[derive(Shape)]
pub struct MissingRate {
    /// ISO 4217 code of the currency that cannot be converted into the tenant's.
    #[field(format = "currency", max = 3, example = "\"USD\"")]
    pub currency: String,
    /// The day on which, or before which, there is none.
    #[field(example = "\"2026-01-31\"")]
    pub date: Date,
}

#[async_trait]
impl Operation for RevalueOpportunities {
    type Input = Revaluation;
    type Output = Revalued;

    fn definition() -> OperationDef {
        OperationDef::writing::<Revaluation, Revalued>(
            "revalueOpportunities",
            "opportunity",
            "revalue",
            "Works out anew what opportunities are worth in the tenant's currency, by the exchange rates that there are now: after rates were added or corrected, or the tenant keeps its books in \
             another currency. With `dryRun` it tells how many would change.",
        )
    }

    async fn run(&self, call: &Call<'_>, asked: Revaluation) -> Result<Revalued> {
        let registry = call.engine().registry();
        let def = registry.known("opportunity")?;
        let mut conditions = vec![Filter::Not(Box::new(Filter::field("amount", Comparison::IsNull)))];
        if !asked.closed {
            conditions.push(Filter::equal("status", OpportunityStatus::Open.as_str().into()));
        }
        if let Some(text) = &asked.filter {
            conditions.push(condition::asked(call, def, text)?.1);
        }
        conditions.extend(clientela_access::authorize(call.context, def, Action::Update)?.rows);
        let filter = Filter::And(conditions);
        let base = base_currency(call, call.context).await?;
        let mut rates = Rates { call, base, known: HashMap::new() };
        let (mut examined, mut changed, mut missing, mut beyond) = (0, 0, BTreeSet::new(), None);
        loop {
            let found = call.visible("opportunity", filter.clone(), beyond, TOGETHER).await?;
            beyond = found.last().map(|deal| deal.id);
            // What is read while it is held is worth what is written.
            let ids: Vec<Id> = found.iter().map(|deal| deal.id).collect();
            call.hold("opportunity", &ids).await?;
            let held = Comparison::In(ids.iter().map(|id| Value::Id(id.0)).collect());
            for deal in &call.find("opportunity", Filter::field(system::ID, held)).await? {
                examined += 1;
                let Value::Money(amount) = *deal.get("amount") else { continue };
                let on = day(call.context, |field| deal.get(field).clone());
                let worth = match rates.of(amount.currency, on).await? {
                    Some(conversion) => conversion.apply(amount, base).map_or(Value::Null, Value::Money),
                    None => {
                        missing.insert((amount.currency.code().to_owned(), on));
                        Value::Null
                    }
                };
                changed += i64::from(keep(call, deal, worth).await?);
            }
            if found.len() < usize::try_from(TOGETHER).unwrap_or(usize::MAX) {
                break;
            }
        }
        let missing = missing.into_iter().take(LACKS).map(|(currency, date)| MissingRate { currency, date }).collect();
        Ok(Revalued { examined, changed, missing })
    }
}

/// Keeps what a deal is worth, where that is something else. Whether it was.
async fn keep(call: &Call<'_>, deal: &Found, worth: Value) -> Result<bool> {
    let values = [worth.clone(), portion(&worth, deal.get("probability"))];
    if IN_BASE.iter().zip(&values).all(|(field, value)| deal.get(field) == value) {
        return Ok(false);
    }
    call.set("opportunity", deal.id, IN_BASE.into_iter().zip(values).collect(), None).await?;
    Ok(true)
}

/// Rates that were looked up once.
struct Rates<'c> {
    call: &'c Call<'c>,
    base: Currency,
    known: HashMap<(Currency, Date), Option<Conversion>>,
}

impl Rates<'_> {
    async fn of(&mut self, from: Currency, on: Date) -> Result<Option<Conversion>> {
        if let Some(known) = self.known.get(&(from, on)) {
            return Ok(known.clone());
        }
        let found = conversion::find(self.call, from, self.base, self.base, on).await?;
        self.known.insert((from, on), found.clone());
        Ok(found)
    }
}
