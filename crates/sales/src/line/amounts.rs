//! What a line comes to. Each amount is rounded half away from zero to the unit of the currency, and every other one is a sum or a difference of these: so
//! whatever is added up, of one line or of many, comes to the same.

use crate::price::PERCENT_PLACES;
use crate::price::choose::times;
use clientela_engine::module::Draft;
use clientela_kernel::currency::Currency;
use clientela_kernel::decimal::rounded;
use clientela_kernel::{Error, Money, ProblemCode, Result, Value};

/// The fields of a line, and of a quote, that hold them.
pub(crate) const FIELDS: [&str; 5] = ["subtotal", "discount", "net", "tax", "gross"];

/// The amounts of a line, in the order of [`FIELDS`], in minor units.
pub(crate) type Amounts = [i64; 5];

/// All of it, in units of a percentage's last place.
pub(crate) const WHOLE: i64 = 100 * 10i64.pow(PERCENT_PLACES);

/// So many percent of an amount; none where that is too large.
pub(crate) fn share(minor: i64, percent: i64) -> Option<i64> {
    i64::try_from(rounded(i128::from(minor) * i128::from(percent), i128::from(WHOLE))).ok()
}

/// What a line comes to; none where that is too large.
fn of_line(unit_price: Money, quantity: i64, discount: i64, tax: Option<i64>) -> Option<Amounts> {
    let subtotal = times(unit_price, quantity)?.minor;
    let discount = share(subtotal, discount)?;
    let net = subtotal.checked_sub(discount)?;
    let tax = share(net, tax.unwrap_or(0))?;
    Some([subtotal, discount, net, tax, net.checked_add(tax)?])
}

/// What a line comes to by its quantity and discount.
///
/// # Errors
/// Where that is too large.
pub(crate) fn of(draft: &Draft, unit_price: Money, tax: Option<i64>) -> Result<Amounts> {
    let number = |field: &str| draft.get(field).as_integer().unwrap_or(0);
    of_line(unit_price, number("quantity"), number("discountPercent"), tax)
        .ok_or_else(|| Error::invalid("/quantity", ProblemCode::OutOfRange, "quantity times unitPrice is too large."))
}

/// Sets the amounts of a record.
pub(crate) fn set(draft: &mut Draft, amounts: Amounts, currency: Currency) {
    for (field, minor) in FIELDS.into_iter().zip(amounts) {
        draft.set(field, Value::Money(Money { minor, currency }));
    }
}

/// How much less than a price is paid, in percent rounded to its places: for whoever has to be told. None where there is nothing to compare with.
pub(crate) fn discount_from(list: Money, price: Money, discount: i64) -> Option<i64> {
    if list.minor <= 0 || list.currency != price.currency {
        return None;
    }
    let paid = i128::from(price.minor) * i128::from(WHOLE - discount);
    let less = i128::from(list.minor) * i128::from(WHOLE) - paid;
    // A price that is rounded up to the last place is not beyond what it was rounded to.
    i64::try_from(less.max(0) / i128::from(list.minor)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use clientela_kernel::decimal::unit;
    use proptest::prelude::*;

    /// One piece.
    fn one() -> i64 {
        unit(crate::price::QUANTITY_PLACES)
    }

    fn euro(minor: i64) -> Money {
        Money { minor, currency: Currency::parse("EUR").unwrap() }
    }

    #[test]
    fn halves_go_away_from_zero_at_every_step() {
        // 3 × 0.35 less 50 % is 1.05 − 0.53, and 20 % of 0.52 are 0.10.
        assert_eq!(of_line(euro(35), 3 * one(), 50 * 10_000, Some(20 * 10_000)), Some([105, 53, 52, 10, 62]));
        assert_eq!(of_line(euro(1), one() / 2, 0, None), Some([1, 0, 1, 0, 1]), "half a cent is one");
        assert_eq!(of_line(euro(1_000), one(), WHOLE, Some(0)), Some([1_000, 1_000, 0, 0, 0]));
        assert_eq!(of_line(euro(i64::MAX), 2 * one(), 0, None), None);
    }

    #[test]
    fn a_lower_price_is_a_discount_as_well() {
        assert_eq!(discount_from(euro(1_000), euro(900), 0), Some(10 * 10_000));
        assert_eq!(discount_from(euro(1_000), euro(900), 10 * 10_000), Some(19 * 10_000));
        assert_eq!(discount_from(euro(1_000), euro(1_100), 0), Some(0));
        assert_eq!(discount_from(euro(0), euro(0), 0), None);
    }

    proptest! {
        #[test]
        fn it_always_adds_up(
            lines in prop::collection::vec((0i64..1_000_000_000, 0i64..1_000_000_000, 0..=WHOLE, prop::option::of(0..=WHOLE)), 0..20)
        ) {
            let lines: Vec<Amounts> = lines.into_iter().filter_map(|(price, quantity, discount, tax)| of_line(euro(price), quantity, discount, tax)).collect();
            let total = |at: usize| lines.iter().map(|line| i128::from(line[at])).sum::<i128>();
            for line in &lines {
                prop_assert_eq!(line[0] - line[1], line[2]);
                prop_assert_eq!(line[2] + line[3], line[4]);
                prop_assert!(line.iter().all(|amount| *amount >= 0), "{:?}", line);
            }
            prop_assert_eq!(total(0) - total(1), total(2));
            prop_assert_eq!(total(2) + total(3), total(4));
        }
    }
}
