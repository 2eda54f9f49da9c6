//! Amounts and how they are divided: whole minor units, rounded half away from zero.

use clientela_kernel::Money;

/// So many parts of an amount; nothing where it would be beyond what an amount can hold.
pub(crate) fn portion(amount: Money, parts: i64, whole: i64) -> Option<Money> {
    let (minor, whole) = (i128::from(amount.minor) * i128::from(parts), i128::from(whole));
    let (quotient, remainder) = (minor.checked_div(whole)?, minor.checked_rem(whole)?);
    let away = if remainder.abs() * 2 >= whole.abs() { minor.signum() * whole.signum() } else { 0 };
    Some(Money { minor: i64::try_from(quotient + away).ok()?, currency: amount.currency })
}

#[cfg(test)]
mod tests {
    use super::*;
    use clientela_kernel::currency::Currency;
    use proptest::prelude::*;

    fn euro(minor: i64) -> Money {
        Money { minor, currency: Currency::parse("EUR").unwrap() }
    }

    #[test]
    fn halves_go_away_from_zero() {
        for (minor, percent, expected) in [(250, 50, 125), (1, 50, 1), (-1, 50, -1), (333, 33, 110), (0, 40, 0), (i64::MAX, 100, i64::MAX)]
        {
            assert_eq!(portion(euro(minor), percent, 100), Some(euro(expected)), "{percent} % of {minor}");
        }
        assert_eq!(portion(euro(i64::MAX), 101, 100), None);
        assert_eq!(portion(euro(1), 1, 0), None);
    }

    proptest! {
        #[test]
        fn nothing_is_off_by_more_than_half(minor in -1_000_000_000_000i64..1_000_000_000_000, parts in 0i64..10_000) {
            let found = portion(euro(minor), parts, 10_000).unwrap().minor;
            let exact = i128::from(minor) * i128::from(parts);
            prop_assert!((i128::from(found) * 10_000 - exact).abs() * 2 <= 10_000);
        }
    }
}
