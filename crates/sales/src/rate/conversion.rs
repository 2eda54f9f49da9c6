//! From one currency into another, by the rates of a day.

use super::RATE_PLACES;
use crate::look::Look;
use clientela_engine::module::Found;
use clientela_kernel::currency::Currency;
use clientela_kernel::decimal::{rounded, unit};
use clientela_kernel::{Comparison, Date, Filter, Id, Money, Result, Value};
use clientela_macros::Choice;

/// How many days back rates are looked for at once: first the usual distance, then as many as one look finds.
const STRETCHES: [i32; 2] = [31, 990];
/// How many of the longer stretches are looked through: some fifty years.
const LONG_STRETCHES: usize = 19;

/// By which rates an amount was converted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Choice)]
pub enum ConversionPath {
    /// It was in that currency already.
    Same,
    /// By the rate from one to the other.
    Direct,
    /// By the rate from the other to the one, turned round.
    Inverse,
    /// By way of the tenant's currency.
    Cross,
}

/// What one unit is worth, as an exact fraction, and where that comes from.
#[derive(Clone, Debug)]
pub(crate) struct Conversion {
    pub(crate) path: ConversionPath,
    numerator: i128,
    denominator: i128,
    /// The rates used, and from which day each is.
    pub(crate) rates: Vec<Id>,
    /// The day of the oldest of them.
    pub(crate) oldest: Option<Date>,
}

impl Conversion {
    fn of(path: ConversionPath, numerator: i128, denominator: i128) -> Self {
        Conversion { path, numerator, denominator, rates: Vec::new(), oldest: None }
    }

    /// The rate as it is shown: rounded to its places; none where it is beyond them.
    pub(crate) fn rate(&self) -> Option<i64> {
        let numerator = self.numerator.checked_mul(i128::from(unit(RATE_PLACES)))?;
        i64::try_from(rounded(numerator, self.denominator)).ok()
    }

    /// The amount in the other currency, rounded half away from zero to its unit; none where it is too large.
    pub(crate) fn apply(&self, amount: Money, to: Currency) -> Option<Money> {
        let (from_unit, to_unit) = (i128::from(unit(amount.currency.exponent())), i128::from(unit(to.exponent())));
        let (numerator, denominator) = lowest(self.numerator.checked_mul(to_unit)?, self.denominator.checked_mul(from_unit)?);
        let minor = rounded(i128::from(amount.minor).checked_mul(numerator)?, denominator);
        Some(Money { minor: i64::try_from(minor).ok()?, currency: to })
    }

    /// One after the other.
    fn then(self, next: Conversion) -> Option<Self> {
        let (numerator, denominator) = (self.numerator.checked_mul(next.numerator)?, self.denominator.checked_mul(next.denominator)?);
        let (numerator, denominator) = lowest(numerator, denominator);
        let rates = self.rates.into_iter().chain(next.rates).collect();
        Some(Conversion { path: ConversionPath::Cross, numerator, denominator, rates, oldest: self.oldest.min(next.oldest) })
    }
}

/// A fraction in lowest terms.
fn lowest(numerator: i128, denominator: i128) -> (i128, i128) {
    let (mut left, mut right) = (numerator.abs(), denominator.abs());
    while right != 0 {
        (left, right) = (right, left % right);
    }
    if left == 0 { (numerator, denominator) } else { (numerator / left, denominator / left) }
}

/// How to come from one currency to another on a day: by the rate between the two, by its inverse, or by way of the base currency; none where rates are missing.
pub(crate) async fn find(look: &dyn Look, from: Currency, to: Currency, base: Currency, on: Date) -> Result<Option<Conversion>> {
    if from == to {
        return Ok(Some(Conversion::of(ConversionPath::Same, 1, 1)));
    }
    if let Some(between) = between(look, from, to, on).await? {
        return Ok(Some(between));
    }
    if from == base || to == base {
        return Ok(None);
    }
    let Some(first) = between(look, from, base, on).await? else { return Ok(None) };
    Ok(between(look, base, to, on).await?.and_then(|second| first.then(second)))
}

/// By a rate between the two, one way or the other.
async fn between(look: &dyn Look, from: Currency, to: Currency, on: Date) -> Result<Option<Conversion>> {
    let one = i128::from(unit(RATE_PLACES));
    let of = |found: &Found, path: ConversionPath| {
        let rate = i128::from(found.get("rate").as_integer()?);
        let (numerator, denominator) = if path == ConversionPath::Direct { (rate, one) } else { (one, rate) };
        let (numerator, denominator) = lowest(numerator, denominator);
        Some(Conversion { rates: vec![found.id], oldest: day(found), ..Conversion::of(path, numerator, denominator) })
    };
    if let Some(found) = latest(look, from, to, on).await? {
        return Ok(of(&found, ConversionPath::Direct));
    }
    Ok(latest(look, to, from, on).await?.and_then(|found| of(&found, ConversionPath::Inverse)))
}

fn day(found: &Found) -> Option<Date> {
    if let Value::Date(day) = found.get("validOn") { Some(*day) } else { None }
}

/// The latest rate of a pair on a day or before.
async fn latest(look: &dyn Look, from: Currency, to: Currency, on: Date) -> Result<Option<Found>> {
    let [usual, long] = STRETCHES;
    let mut until = on;
    for days in std::iter::once(usual).chain(std::iter::repeat_n(long, LONG_STRETCHES)) {
        let beyond = Date(until.0.saturating_sub(days));
        let of_pair = Filter::And(vec![
            Filter::equal("fromCurrency", from.code().into()),
            Filter::equal("toCurrency", to.code().into()),
            Filter::field("validOn", Comparison::LessOrEqual(Value::Date(until))),
            Filter::field("validOn", Comparison::Greater(Value::Date(beyond))),
        ]);
        // A pair has one rate a day.
        let found = look.find("exchangeRate", of_pair).await?;
        if let Some(latest) = found.into_iter().max_by_key(day) {
            return Ok(Some(latest));
        }
        until = beyond;
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn currency(code: &str) -> Currency {
        Currency::parse(code).unwrap()
    }

    fn converted(conversion: &Conversion, minor: i64, from: &str, to: &str) -> Option<i64> {
        conversion.apply(Money { minor, currency: currency(from) }, currency(to)).map(|money| money.minor)
    }

    #[test]
    fn amounts_are_exact_over_exponents_and_ways() {
        let direct = Conversion::of(ConversionPath::Direct, 10_854_000_000, i128::from(unit(RATE_PLACES)));
        assert_eq!(converted(&direct, 10_000, "EUR", "USD"), Some(10_854));
        assert_eq!(direct.rate(), Some(10_854_000_000));
        let yen = Conversion::of(ConversionPath::Direct, 1_623, 10);
        assert_eq!(converted(&yen, 150, "EUR", "JPY"), Some(243), "243.45 yen");
        assert_eq!(converted(&yen, -150, "EUR", "JPY"), Some(-243));
        assert_eq!(converted(&Conversion::of(ConversionPath::Inverse, 10, 1_623), 243, "JPY", "EUR"), Some(150));
        assert_eq!(converted(&Conversion::of(ConversionPath::Direct, 1, 2), 1, "EUR", "EUR"), Some(1), "halves go away from zero");
        // A third of a third and back is what it was.
        let third = || Conversion::of(ConversionPath::Direct, 1, 3);
        let back = Conversion::of(ConversionPath::Inverse, 9, 1);
        let round = third().then(third()).and_then(|ninth| ninth.then(back)).unwrap();
        assert_eq!(converted(&round, i64::MAX, "EUR", "USD"), Some(i64::MAX));
        assert_eq!(converted(&Conversion::of(ConversionPath::Direct, 2, 1), i64::MAX, "EUR", "USD"), None);
    }
}
