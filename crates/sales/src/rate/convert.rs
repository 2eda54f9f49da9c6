//! `convertMoney`.

use super::conversion::{self, Conversion, ConversionPath};
use crate::look::{Look, base_currency};
use async_trait::async_trait;
use clientela_engine::{Call, Operation};
use clientela_kernel::currency::Currency;
use clientela_kernel::{Date, Error, Id, Money, ProblemCode, Result};
use clientela_macros::Shape;
use clientela_model::OperationDef;

/// Converts an amount.
pub struct ConvertMoney;

/// What is asked.
#[derive(Shape)]
pub struct ConversionQuestion {
    /// The amount.
    #[field(example = "{\"amount\":\"100.00\",\"currency\":\"EUR\"}")]
    pub amount: Money,
    /// ISO 4217 code of the currency that it is wanted in; the tenant's where left out.
    #[field(format = "currency", max = 3, example = "\"USD\"")]
    pub currency: Option<String>,
    /// By the rates of which day; today where left out. Each rate is the latest on that day or before.
    #[field(example = "\"2026-01-31\"")]
    pub date: Option<Date>,
}

/// What comes of it.
#[derive(Shape)]
pub struct ConvertedMoney {
    /// The amount in the other currency, rounded half away from zero to its unit.
    #[field(example = "{\"amount\":\"108.54\",\"currency\":\"USD\"}")]
    pub amount: Money,
    /// What one unit is worth, rounded to ten decimals; the amount is computed by the unrounded one. None where it is beyond what a rate can be.
    #[field(decimal = 10, min = 0, max = 100_000_000, example = "\"1.0854\"")]
    pub rate: Option<i64>,
    /// By which rates.
    #[field()]
    pub path: ConversionPath,
    /// The rates used: one, two where it went by way of the tenant's currency, none where nothing had to be converted.
    #[field(record = "exchangeRate", most = 2)]
    pub exchange_rates: Vec<Id>,
    /// The day of the rate used, of the older one where there are two.
    #[field(example = "\"2026-01-30\"")]
    pub rate_date: Option<Date>,
}

#[async_trait]
impl Operation for ConvertMoney {
    type Input = ConversionQuestion;
    type Output = ConvertedMoney;

    fn definition() -> OperationDef {
        OperationDef::reading::<ConversionQuestion, ConvertedMoney>(
            "convertMoney",
            "exchangeRate",
            "convert",
            "Converts an amount by the exchange rates of a day: by the rate between the two currencies, else by the inverse of that of the other direction, else by way of the \
             tenant's currency. Where rates are missing it is refused (422), and the pairs that would do are named.",
        )
    }

    async fn run(&self, call: &Call<'_>, asked: ConversionQuestion) -> Result<ConvertedMoney> {
        let base = base_currency(call, call.context).await?;
        let to = currency("currency", asked.currency.as_deref())?.unwrap_or(base);
        let on = asked.date.unwrap_or_else(|| call.context.today());
        let found = needed(call, asked.amount.currency, to, base, on, "currency").await?;
        let Some(amount) = found.apply(asked.amount, to) else {
            return Err(Error::invalid("/amount", ProblemCode::OutOfRange, format!("amount is too large in {}.", to.code())));
        };
        Ok(ConvertedMoney { amount, rate: found.rate(), path: found.path, exchange_rates: found.rates, rate_date: found.oldest })
    }
}

/// A currency by its code; fields of that form have been checked.
pub(crate) fn currency(field: &str, code: Option<&str>) -> Result<Option<Currency>> {
    let Some(code) = code else { return Ok(None) };
    match Currency::parse(code) {
        Some(currency) => Ok(Some(currency)),
        None => Err(Error::invalid(
            format!("/{field}"),
            ProblemCode::NotAllowed,
            format!("{field} is {code:?}, which is not an ISO 4217 code such as EUR."),
        )),
    }
}

/// The conversion, which must be possible.
pub(crate) async fn needed(look: &dyn Look, from: Currency, to: Currency, base: Currency, on: Date, field: &str) -> Result<Conversion> {
    if let Some(found) = conversion::find(look, from, to, base, on).await? {
        return Ok(found);
    }
    let (from, to, base) = (from.code(), to.code(), base.code());
    let way = if from == base || to == base { String::new() } else { format!(", or rates of both with {base}") };
    let text = format!(
        "{field} is {to}, and there is no exchange rate from {from} to {to} on {} or before. Add one of the two in either direction{way}.",
        on.to_text()
    );
    Err(Error::invalid(format!("/{field}"), ProblemCode::Contradiction, text))
}
