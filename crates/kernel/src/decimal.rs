//! Decimal numbers: whole numbers of the last decimal place. Never a float; on the wire a decimal string.

use std::io::Write as _;

/// The longest text of a decimal number, in characters: sign, point and leading or closing zeros included.
pub const LONGEST_DECIMAL: usize = 24;
/// The most decimal places that a field may have.
pub const MOST_PLACES: u32 = 12;

/// Why a text is not a decimal number of so many places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecimalProblem {
    /// Not `-?digits[.digits]`.
    NotDecimal,
    /// More digits after the point than there are places.
    TooPrecise,
    /// Too long, or beyond 64 bits of the last place.
    TooLarge,
}

/// How many of the last place make one.
pub fn unit(places: u32) -> i64 {
    10i64.saturating_pow(places)
}

/// Reads a decimal number such as `12.5` as a whole number of its last place.
pub fn parse(text: &str, places: u32) -> Result<i64, DecimalProblem> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !all_digits(whole) || !all_digits(fraction) || digits.ends_with('.') {
        return Err(DecimalProblem::NotDecimal);
    }
    if text.len() > LONGEST_DECIMAL {
        return Err(DecimalProblem::TooLarge);
    }
    let places = usize::try_from(places).unwrap_or(2);
    let significant = fraction.trim_end_matches('0');
    if significant.len() > places {
        return Err(DecimalProblem::TooPrecise);
    }
    format!("{}{whole}{significant:0<places$}", if negative { "-" } else { "" }).parse().map_err(|_| DecimalProblem::TooLarge)
}

/// Appends the number without quotes and without needless zeros: `12.5`, `-3`.
pub fn write(number: i128, places: u32, out: &mut Vec<u8>) {
    let unit = 10u128.saturating_pow(places);
    let (whole, rest) = (number.unsigned_abs() / unit, number.unsigned_abs() % unit);
    let _ = write!(out, "{}{whole}", if number < 0 { "-" } else { "" });
    if rest > 0 {
        let digits = format!("{rest:0width$}", width = usize::try_from(places).unwrap_or(2));
        let _ = write!(out, ".{}", digits.trim_end_matches('0'));
    }
}

/// The number as text.
pub fn text(number: i64, places: u32) -> String {
    let mut out = Vec::with_capacity(LONGEST_DECIMAL);
    write(i128::from(number), places, &mut out);
    String::from_utf8(out).unwrap_or_default()
}

/// `numerator / denominator` as a whole number, halves away from zero. Of a denominator that is not positive it is that of one.
pub fn rounded(numerator: i128, denominator: i128) -> i128 {
    let denominator = denominator.max(1);
    let (whole, rest) = (numerator / denominator, numerator % denominator);
    // Compared without doubling, which could leave 128 bits.
    if rest.abs() >= denominator - rest.abs() { whole + rest.signum() } else { whole }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn places_are_a_limit_and_zeros_are_not_written() {
        assert_eq!(parse("12.5", 2), Ok(1_250));
        assert_eq!(parse("-0.050000", 2), Ok(-5));
        assert_eq!(parse("007", 0), Ok(7));
        assert_eq!(parse("1.005", 2), Err(DecimalProblem::TooPrecise));
        for bad in ["", "-", "1.", ".5", "1e5", "1,5", " 1", "+1", "--1", "1.2.3", "١"] {
            assert_eq!(parse(bad, 2), Err(DecimalProblem::NotDecimal), "{bad}");
        }
        assert_eq!(parse("92233720368547758.08", 2), Err(DecimalProblem::TooLarge));
        assert_eq!(parse(&"0".repeat(LONGEST_DECIMAL + 1), 2), Err(DecimalProblem::TooLarge));
        assert_eq!([text(1_250, 2), text(-5, 2), text(300, 2), text(0, 2), text(7, 0)], ["12.5", "-0.05", "3", "0", "7"]);
    }

    #[test]
    fn halves_go_away_from_zero() {
        let of = |numerator| rounded(numerator, 10);
        assert_eq!([of(4), of(5), of(14), of(15), of(-4), of(-5), of(-15), of(10)], [0, 1, 1, 2, 0, -1, -2, 1]);
        assert_eq!(rounded(i128::MAX, i128::MAX), 1);
    }

    proptest! {
        #[test]
        fn numbers_read_back(number: i64, places in 0..=MOST_PLACES) {
            prop_assert_eq!(parse(&text(number, places), places), Ok(number));
        }
    }
}
