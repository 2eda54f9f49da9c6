//! At what price: price books, taxes, and how far prices may be lowered.

pub mod book;
pub mod choose;
pub mod discount_limit;
pub mod entry;
pub mod products;
pub mod tax_rate;

use clientela_engine::module::Draft;
use clientela_engine::period::Period;
use clientela_kernel::{FieldProblem, ProblemCode, Value};

/// When prices, books and taxes hold.
pub(crate) const VALID: Period = Period { since: "validFrom", until: "validUntil" };
/// How many decimals quantities have.
pub(crate) const QUANTITY_PLACES: u32 = 4;
/// How many decimals percentages have.
pub(crate) const PERCENT_PLACES: u32 = 4;

/// Refuses an amount below zero.
pub(crate) fn refuse_negative(draft: &Draft, field: &str, problems: &mut Vec<FieldProblem>) {
    if let Value::Money(money) = draft.get(field)
        && money.minor < 0
    {
        let text = format!("{field} is {} {}, and must not be less than nothing.", money.amount(), money.currency.code());
        problems.push(FieldProblem::new(format!("/{field}"), ProblemCode::OutOfRange, text));
    }
}
