//! Figures in memory: exact, ordered, and written in their wire form.

use crate::values::order;
use clientela_kernel::decimal::{self, rounded};
use clientela_kernel::{Comparison, Duration, Error, Money, Result, Value, currency::Currency};
use clientela_model::FieldType;
use clientela_store::Encoder;
use clientela_store::Figure as Raw;
use std::cmp::Ordering;
use std::io::Write as _;

/// Whole numbers up to this are exact in every JSON reader.
const EXACT_IN_JSON: i128 = 9_007_199_254_740_991;
/// Averages of numbers are rounded to millionths, or to the places of what they are of.
const AVERAGE_PLACES: u32 = 6;

/// A figure of a group.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Figure {
    Empty,
    /// A count or a sum, in minor units where there is a currency.
    Number(i128, Option<Currency>),
    /// The sum of so many values.
    Average(i128, i128, Option<Currency>),
    /// A value of the field, but an amount.
    Value(Value),
}

impl Figure {
    /// A figure of the database, with the currency of its group.
    pub(super) fn new(raw: Raw, currency: Option<&Value>) -> Result<Figure> {
        let currency = match currency {
            Some(Value::Text(code)) => {
                Some(Currency::parse(code).ok_or_else(|| Error::internal(format!("{code} in the database is no currency")))?)
            }
            _ => None,
        };
        Ok(match (raw, currency) {
            (Raw::Empty, _) => Figure::Empty,
            (Raw::Number(number), currency) => Figure::Number(number, currency),
            (Raw::Average(sum, count), currency) => Figure::Average(sum, i128::from(count), currency),
            (Raw::Value(Value::Integer(minor)), Some(currency)) => Figure::Number(i128::from(minor), Some(currency)),
            (Raw::Value(value), _) => Figure::Value(value),
        })
    }

    /// The numerator, denominator and currency of a figure that is a number.
    fn ratio(&self) -> Option<(i128, i128, Option<Currency>)> {
        match self {
            Figure::Number(number, currency) => Some((*number, 1, *currency)),
            Figure::Average(sum, count, currency) => Some((*sum, *count, *currency)),
            Figure::Value(Value::Integer(number)) => Some((i128::from(*number), 1, None)),
            Figure::Empty | Figure::Value(_) => None,
        }
    }

    /// The order of figures of one measure: nothing is greatest, money goes by currency, then amount.
    pub(super) fn order(&self, other: &Figure) -> Ordering {
        match (self, other) {
            (Figure::Empty, Figure::Empty) => Ordering::Equal,
            (Figure::Empty, _) => Ordering::Greater,
            (_, Figure::Empty) => Ordering::Less,
            (Figure::Value(left), Figure::Value(right)) => order(left, right),
            _ => match (self.ratio(), other.ratio()) {
                // A sum has at most 2^31 terms of 64 bits, so the products stay within 128 bits.
                (Some((sum, count, currency)), Some((other_sum, other_count, other_currency))) => {
                    currency.cmp(&other_currency).then((sum.saturating_mul(other_count)).cmp(&other_sum.saturating_mul(count)))
                }
                _ => Ordering::Equal,
            },
        }
    }

    /// How the figure compares with an operand, by its exact value; with another currency or type not at all.
    fn against(&self, operand: &Value) -> Option<Ordering> {
        match (self, operand) {
            (Figure::Value(value), operand) if !matches!(value, Value::Integer(_)) => Some(order(value, operand)),
            (_, Value::Integer(number)) => self.against_decimal(i128::from(*number), 1),
            (_, Value::Money(money)) => {
                let (sum, count, currency) = self.ratio()?;
                (currency == Some(money.currency)).then(|| sum.cmp(&i128::from(money.minor).saturating_mul(count)))
            }
            _ => None,
        }
    }

    /// How the figure compares with `number / unit`.
    pub(super) fn against_decimal(&self, number: i128, unit: i128) -> Option<Ordering> {
        let (sum, count, _) = self.ratio()?;
        match (sum.checked_mul(unit), number.checked_mul(count)) {
            (Some(left), Some(right)) => Some(left.cmp(&right)),
            // Only one of them leaves 128 bits where the operand is far off.
            (None, _) => Some(sum.cmp(&0)),
            (_, None) => Some(0.cmp(&number)),
        }
    }

    /// Whether a comparison of a field holds for the figure.
    pub(super) fn satisfies(&self, comparison: &Comparison) -> bool {
        if matches!(comparison, Comparison::IsNull) {
            return *self == Figure::Empty;
        }
        let is = |operand: &Value, wanted: &[Ordering]| self.against(operand).is_some_and(|found| wanted.contains(&found));
        match comparison {
            Comparison::Equal(operand) => is(operand, &[Ordering::Equal]),
            Comparison::In(operands) => operands.iter().any(|operand| is(operand, &[Ordering::Equal])),
            Comparison::Greater(operand) => is(operand, &[Ordering::Greater]),
            Comparison::GreaterOrEqual(operand) => is(operand, &[Ordering::Greater, Ordering::Equal]),
            Comparison::Less(operand) => is(operand, &[Ordering::Less]),
            Comparison::LessOrEqual(operand) => is(operand, &[Ordering::Less, Ordering::Equal]),
            Comparison::Between { from, until, .. } => is(from, &[Ordering::Greater, Ordering::Equal]) && is(until, &[Ordering::Less]),
            _ => false,
        }
    }

    /// Appends the wire form.
    pub(super) fn write(&self, form: &Form, out: &mut Vec<u8>) {
        match (self, form) {
            (Figure::Empty, _) => out.extend_from_slice(b"null"),
            (Figure::Value(value), Form::Value(encoder)) => encoder.write_value(value, out),
            (figure, Form::Money) => {
                out.extend_from_slice(b"{\"amount\":");
                figure.write_amount(out);
                out.extend_from_slice(b",\"currency\":");
                figure.write_currency(out);
                out.push(b'}');
            }
            (Figure::Number(number, _), Form::Duration) => write_seconds(*number, out),
            (Figure::Average(sum, count, _), Form::Duration) => write_seconds(rounded(*sum, *count), out),
            (Figure::Number(number, _), Form::Decimal(places)) => write_decimal(*number, *places, out),
            (Figure::Average(sum, count, _), Form::Decimal(places)) => {
                let more = AVERAGE_PLACES.saturating_sub(*places);
                write_decimal(rounded(sum.saturating_mul(10i128.pow(more)), *count), places + more, out);
            }
            (Figure::Average(sum, count, _), _) => {
                write_decimal(rounded(sum.saturating_mul(10i128.pow(AVERAGE_PLACES)), *count), AVERAGE_PLACES, out)
            }
            (Figure::Number(number, _), _) if number.abs() <= EXACT_IN_JSON => drop(write!(out, "{number}")),
            (Figure::Number(number, _), _) => drop(write!(out, "\"{number}\"")),
            (Figure::Value(_), _) => out.extend_from_slice(b"null"),
        }
    }

    /// Appends an amount as a JSON string; an average is rounded to the currency's own unit.
    pub(super) fn write_amount(&self, out: &mut Vec<u8>) {
        let Some((sum, count, Some(currency))) = self.ratio() else { return out.extend_from_slice(b"null") };
        let minor = rounded(sum, count);
        out.push(b'"');
        match i64::try_from(minor) {
            Ok(minor) => Money { minor, currency }.write_amount(out),
            Err(_) => {
                let (unit, digits) = (10i128.pow(currency.exponent()), usize::try_from(currency.exponent()).unwrap_or(2));
                let sign = if minor < 0 { "-" } else { "" };
                let (whole, rest) = (minor.unsigned_abs() / unit.unsigned_abs(), minor.unsigned_abs() % unit.unsigned_abs());
                let _ = write!(out, "{sign}{whole}");
                if digits > 0 {
                    let _ = write!(out, ".{rest:0digits$}");
                }
            }
        }
        out.push(b'"');
    }

    /// Appends an amount's currency as a JSON string.
    pub(super) fn write_currency(&self, out: &mut Vec<u8>) {
        match self.ratio() {
            Some((_, _, Some(currency))) => {
                out.push(b'"');
                out.extend_from_slice(currency.code().as_bytes());
                out.push(b'"');
            }
            _ => out.extend_from_slice(b"null"),
        }
    }

    /// The exact value as a cursor carries it.
    pub(super) fn place(&self, encoder: Option<&Encoder>) -> String {
        let code = |currency: &Option<Currency>| currency.as_ref().map(|currency| currency.code().to_owned()).unwrap_or_default();
        match self {
            Figure::Empty => String::new(),
            Figure::Number(number, currency) => format!("n{number}/1/{}", code(currency)),
            Figure::Average(sum, count, currency) => format!("n{sum}/{count}/{}", code(currency)),
            Figure::Value(value) => {
                let mut text = b"v".to_vec();
                if let Some(encoder) = encoder {
                    encoder.write_value(value, &mut text);
                }
                String::from_utf8(text).unwrap_or_default()
            }
        }
    }

    /// Reads what [`Figure::place`] wrote.
    pub(super) fn of_place(text: &str, encoder: Option<&Encoder>) -> Option<Figure> {
        if text.is_empty() {
            return Some(Figure::Empty);
        }
        if let Some(value) = text.strip_prefix('v') {
            return encoder?.parse(&serde_json::from_str(value).ok()?).map(Figure::Value);
        }
        let mut parts = text.strip_prefix('n')?.splitn(3, '/');
        let (sum, count, code) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?, parts.next()?);
        let currency = if code.is_empty() { None } else { Some(Currency::parse(code)?) };
        (count > 0).then_some(Figure::Average(sum, count, currency))
    }
}

/// How a figure is written.
#[derive(Clone, Debug)]
pub(super) enum Form {
    Number,
    Duration,
    Money,
    /// With so many places.
    Decimal(u32),
    Value(Encoder),
}

impl Form {
    /// The form of a sum or an average over fields of a type.
    pub(super) fn of_sum(kind: &FieldType) -> Form {
        match kind {
            FieldType::Money => Form::Money,
            FieldType::Duration => Form::Duration,
            FieldType::Decimal { places, .. } => Form::Decimal(*places),
            _ => Form::Number,
        }
    }
}

fn write_seconds(seconds: i128, out: &mut Vec<u8>) {
    match i64::try_from(seconds) {
        Ok(seconds) => {
            let _ = write!(out, "\"{}\"", Duration::seconds_to_text(seconds));
        }
        Err(_) => {
            let _ = write!(out, "\"PT{seconds}S\"");
        }
    }
}

fn write_decimal(number: i128, places: u32, out: &mut Vec<u8>) {
    out.push(b'"');
    decimal::write(number, places, out);
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(figure: &Figure, form: &Form) -> String {
        let mut out = Vec::new();
        figure.write(form, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn averages_round_halves_away_from_zero() {
        let average = |sum, count| text(&Figure::Average(sum, count, None), &Form::Number);
        assert_eq!([average(10, 4), average(1, 3), average(-2, 3), average(6, 3)], ["\"2.5\"", "\"0.333333\"", "\"-0.666667\"", "\"2\""]);
        let euro = Currency::parse("EUR");
        assert_eq!(text(&Figure::Average(201, 2, euro), &Form::Money), r#"{"amount":"1.01","currency":"EUR"}"#);
        assert_eq!(text(&Figure::Average(-201, 2, euro), &Form::Money), r#"{"amount":"-1.01","currency":"EUR"}"#);
        assert_eq!(text(&Figure::Average(3_601, 2, None), &Form::Duration), "\"PT30M1S\"");
        let decimal = |places| text(&Figure::Average(1, 3, None), &Form::Decimal(places));
        assert_eq!([decimal(2), decimal(8)], ["\"0.003333\"", "\"0\""]);
        assert_eq!(text(&Figure::Number(-1_250, None), &Form::Decimal(3)), "\"-1.25\"");
    }

    #[test]
    fn sums_beyond_what_json_and_64_bits_hold_are_texts() {
        let sum = |number| text(&Figure::Number(number, None), &Form::Number);
        assert_eq!(sum(9_007_199_254_740_991), "9007199254740991");
        assert_eq!(sum(9_007_199_254_740_992), "\"9007199254740992\"");
        assert_eq!(sum(i128::from(i64::MAX) * 3), "\"27670116110564327421\"");
        let euros = Figure::Number(i128::from(i64::MIN) * 10, Currency::parse("EUR"));
        assert_eq!(text(&euros, &Form::Money), r#"{"amount":"-922337203685477580.80","currency":"EUR"}"#);
    }

    #[test]
    fn figures_compare_exactly() {
        let third = Figure::Average(1, 3, None);
        assert_eq!(third.order(&Figure::Average(2, 6, None)), Ordering::Equal);
        assert_eq!(third.against_decimal(333_333, 1_000_000), Some(Ordering::Greater));
        assert_eq!(Figure::Empty.order(&third), Ordering::Greater);
        assert!(!Figure::Empty.satisfies(&Comparison::Less(Value::Integer(1))));
        let huge = Figure::Average(i128::from(i64::MAX) << 31, 1, None);
        assert_eq!(huge.against_decimal(1, 10i128.pow(18)), Some(Ordering::Greater));
        assert_eq!(Figure::of_place(&third.place(None), None).map(|read| read.order(&third)), Some(Ordering::Equal));
    }
}
