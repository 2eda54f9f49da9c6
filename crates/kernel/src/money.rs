//! Money: whole minor units and a currency. Never a float; on the wire a decimal string by the currency's exponent.

use crate::currency::Currency;
use crate::decimal;
use std::io::Write as _;

/// Why a decimal text is not an amount of a currency; its places are those of the currency.
pub use crate::decimal::DecimalProblem as AmountProblem;
/// The longest text of an amount, in characters: sign, point and leading or closing zeros included.
pub use crate::decimal::LONGEST_DECIMAL as LONGEST_AMOUNT;

/// An amount in minor units (cents for EUR, yen for JPY).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Money {
    /// Minor units; may be negative.
    pub minor: i64,
    /// The currency the amount is in.
    pub currency: Currency,
}

impl Money {
    /// Reads a decimal amount such as `1234.50`.
    pub fn parse(amount: &str, currency: Currency) -> Result<Money, AmountProblem> {
        Ok(Money { minor: decimal::parse(amount, currency.exponent())?, currency })
    }

    /// Appends the decimal amount without quotes.
    pub fn write_amount(self, out: &mut Vec<u8>) {
        // By hand, since lists write one for each row: sign, whole part, point, fraction.
        let exponent = self.currency.exponent();
        let unit = 10u64.pow(exponent);
        let minor = self.minor.unsigned_abs();
        let sign = if self.minor < 0 { "-" } else { "" };
        let _ = write!(out, "{sign}{}", minor / unit);
        if exponent > 0 {
            let _ = write!(out, ".{:0width$}", minor % unit, width = usize::try_from(exponent).unwrap_or(2));
        }
    }

    /// The decimal amount, such as `-0.50`.
    pub fn amount(self) -> String {
        let mut out = Vec::with_capacity(24);
        self.write_amount(&mut out);
        String::from_utf8(out).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn money(amount: &str, code: &str) -> Result<Money, AmountProblem> {
        Money::parse(amount, Currency::parse(code).unwrap())
    }

    #[test]
    fn exponents_differ() {
        assert_eq!(money("1234.5", "EUR").unwrap().minor, 123_450);
        assert_eq!(money("1234", "JPY").unwrap().amount(), "1234");
        assert_eq!(money("-0.005", "KWD").unwrap().amount(), "-0.005");
        assert_eq!(money("1.5", "JPY"), Err(AmountProblem::TooPrecise));
        assert_eq!(money("1e5", "EUR"), Err(AmountProblem::NotDecimal));
        assert_eq!(money("1.", "EUR"), Err(AmountProblem::NotDecimal));
        assert_eq!(money("92233720368547758.08", "EUR"), Err(AmountProblem::TooLarge));
        assert_eq!(Currency::parse("EURO"), None);
    }

    proptest! {
        #[test]
        fn amounts_read_back(minor: i64, code in prop::sample::select(vec!["EUR", "JPY", "KWD"])) {
            let currency = Currency::parse(code).unwrap();
            let money = Money { minor, currency };
            prop_assert_eq!(Money::parse(&money.amount(), currency), Ok(money));
        }
    }
}
