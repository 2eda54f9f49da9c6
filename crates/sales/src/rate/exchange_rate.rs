//! The exchange rate.

use clientela_engine::Rules;
use clientela_engine::module::Draft;
use clientela_kernel::{Context, Date, FieldProblem, ProblemCode};
use clientela_macros::resource;

/// What one unit of a currency was worth in another on a day. It holds until the next one of the same two currencies.
#[resource(
    name = "exchangeRate",
    prefix = "fxr",
    unattachable,
    unique("exchange_rate_from_to_on_key", "fromCurrency", "toCurrency", "validOn")
)]
pub struct Model {
    /// ISO 4217 code of the currency of which the rate tells what one unit is worth.
    #[field(format = "currency", max = 3, example = "\"EUR\"")]
    pub from_currency: String,
    /// ISO 4217 code of the currency that it is worth so much of.
    #[field(format = "currency", max = 3, example = "\"USD\"")]
    pub to_currency: String,
    /// From which day on it holds.
    #[field(example = "\"2026-01-30\"")]
    pub valid_on: Date,
    /// How many units of `toCurrency` one unit of `fromCurrency` is.
    #[field(decimal = 10, min = "0.0000000001", max = 100_000_000, example = "\"1.0854\"")]
    pub rate: i64,
    /// Who says so.
    #[field(max = 200, example = "\"European Central Bank\"")]
    pub source: Option<String>,
}

/// The rules of rates.
pub struct ExchangeRateRules;

impl Rules for ExchangeRateRules {
    fn check(&self, _context: &Context, draft: &Draft, problems: &mut Vec<FieldProblem>) {
        if draft.get("fromCurrency") == draft.get("toCurrency") {
            let text = "toCurrency is the same as fromCurrency: a currency is always worth itself. Name two.";
            problems.push(FieldProblem::new("/toCurrency", ProblemCode::Contradiction, text));
        }
    }
}
