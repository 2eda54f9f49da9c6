//! `priceProducts`.

use super::QUANTITY_PLACES;
use super::choose::{Candidate, PriceOutcome, Terms, times};
use crate::rate::convert::currency;
use async_trait::async_trait;
use clientela_engine::{Call, Operation};
use clientela_kernel::{Date, Error, FieldProblem, Id, Money, ProblemCode, Result, decimal};
use clientela_macros::Shape;
use clientela_model::OperationDef;

/// Tells prices.
pub struct PriceProducts;

/// A product and how much of it.
#[derive(Shape)]
pub struct PriceItem {
    /// The product.
    #[field(refers = "product", example = "\"prd_01h455vb4pex5vsknk084sn02q\"")]
    pub product_id: Id,
    /// How much of it, in its unit.
    #[field(decimal = 4, min = "0.0001", max = 100_000_000, default = "\"1\"", example = "\"12\"")]
    pub quantity: i64,
}

/// What is asked.
#[derive(Shape)]
pub struct PriceQuestion {
    /// The products.
    #[field(shape, most = 200)]
    pub items: Vec<PriceItem>,
    /// For which account; for nobody in particular where left out.
    #[field(refers = "account", example = "\"acc_01h455vb4pex5vsknk084sn02q\"")]
    pub account_id: Option<Id>,
    /// For which segment of customers.
    #[field(max = 100, example = "null")]
    pub segment: Option<String>,
    /// ISO 4217 code of the currency; where left out that of the price book named, of the account, or the tenant's.
    #[field(format = "currency", max = 3, example = "\"EUR\"")]
    pub currency: Option<String>,
    /// On which day; today where left out.
    #[field(example = "null")]
    pub date: Option<Date>,
    /// By this price book and no other.
    #[field(refers = "priceBook", example = "null")]
    pub price_book_id: Option<Id>,
}

/// A price that does not apply.
#[derive(Shape)]
pub struct PriceCandidate {
    /// The entry.
    #[field(record = "priceBookEntry")]
    pub price_book_entry: Id,
    /// Its price book.
    #[field(record = "priceBook")]
    pub price_book: Id,
    /// Why it does not apply.
    #[field(example = "\"LOWER_TIER\"")]
    pub outcome: PriceOutcome,
}

/// What a product costs.
#[derive(Shape)]
pub struct PricedItem {
    /// The product.
    #[field(record = "product")]
    pub product: Id,
    /// How much of it.
    #[field(decimal = 4, min = "0.0001", max = 100_000_000, example = "\"12\"")]
    pub quantity: i64,
    /// What one unit costs, in the currency asked for.
    #[field()]
    pub unit_price: Money,
    /// What all of it costs: unit price times quantity, rounded half away from zero to the currency's unit.
    #[field()]
    pub total: Money,
    /// From which quantity on this price holds.
    #[field(decimal = 4, min = 0, max = 100_000_000, example = "\"10\"")]
    pub min_quantity: i64,
    /// What one unit costs in the price book, before it was converted.
    #[field()]
    pub list_price: Money,
    /// The day of the exchange rate by which the price was converted; none where it was in that currency already.
    #[field(example = "\"2026-01-30\"")]
    pub rate_date: Option<Date>,
    /// The entry that applies.
    #[field(record = "priceBookEntry")]
    pub price_book_entry: Id,
    /// The price book that it stands in.
    #[field(record = "priceBook")]
    pub price_book: Id,
    /// The other prices of the product in the price books that were looked at, the nearest first, at most 50.
    #[field(shape, most = 50)]
    pub candidates: Vec<PriceCandidate>,
}

/// The prices.
#[derive(Shape)]
pub struct Prices {
    /// The day on which they hold.
    #[field()]
    pub date: Date,
    /// What each product costs, in the order in which they were asked for.
    #[field(shape, most = 200)]
    pub items: Vec<PricedItem>,
    /// What all of them cost: the sum of their totals.
    #[field()]
    pub total: Money,
}

#[async_trait]
impl Operation for PriceProducts {
    type Input = PriceQuestion;
    type Output = Prices;

    fn definition() -> OperationDef {
        OperationDef::reading::<PriceQuestion, Prices>(
            "priceProducts",
            "product",
            "price",
            "Tells what products cost, and by which price. Looked at are the price books of the account, then those of the segment, then the default ones; within these first those in \
             the currency wanted, of others the price is converted by the exchange rates of the day. In a book the price for the greatest quantity that is reached applies. \
             Where a product has no price, a price book does not hold on the day or an exchange rate is missing, all of it is refused (422) with the reason.",
        )
    }

    async fn run(&self, call: &Call<'_>, asked: PriceQuestion) -> Result<Prices> {
        let account = match asked.account_id {
            Some(id) => Some(call.referenced("accountId", "account", id).await?),
            None => None,
        };
        let book = match asked.price_book_id {
            Some(id) => Some(call.referenced("priceBookId", "priceBook", id).await?),
            None => None,
        };
        let wanted = currency("currency", asked.currency.as_deref())?;
        let on = asked.date.unwrap_or_else(|| call.context.today());
        let terms = Terms::new(call, call.context, account.as_ref(), book.as_ref(), wanted, on).await?;
        let terms = Terms { segment: asked.segment, ..terms };
        let (mut items, mut problems) = (Vec::with_capacity(asked.items.len()), Vec::new());
        for (place, item) in asked.items.into_iter().enumerate() {
            match priced(call, &terms, item, place).await {
                Ok(item) => items.push(item),
                // Every product without a price is told at once.
                Err(error) if !error.fields().is_empty() => problems.extend(error.fields().iter().cloned()),
                Err(error) => return Err(error),
            }
        }
        if !problems.is_empty() {
            return Err(Error::validation(problems));
        }
        let sum = items.iter().try_fold(0i64, |sum, item| sum.checked_add(item.total.minor));
        let Some(minor) = sum else {
            return Err(Error::invalid("/items", ProblemCode::OutOfRange, "The sum of the totals is too large."));
        };
        Ok(Prices { date: on, items, total: Money { minor, currency: terms.currency } })
    }
}

async fn priced(call: &Call<'_>, terms: &Terms, item: PriceItem, place: usize) -> Result<PricedItem> {
    let at = format!("/items/{place}/productId");
    let product = call.referenced("productId", "product", item.product_id).await.map_err(|error| placed(error, &at))?;
    let chosen = terms.price(call, &product, item.quantity, &at).await?;
    let Some(total) = times(chosen.unit_price, item.quantity) else {
        let text = format!("quantity is {}, whose price is too large.", decimal::text(item.quantity, QUANTITY_PLACES));
        return Err(Error::invalid(format!("/items/{place}/quantity"), ProblemCode::OutOfRange, text));
    };
    let shown = |candidate: &Candidate| PriceCandidate {
        price_book_entry: candidate.entry.id,
        price_book: candidate.book,
        outcome: candidate.outcome,
    };
    Ok(PricedItem {
        product: product.id,
        quantity: item.quantity,
        unit_price: chosen.unit_price,
        total,
        min_quantity: chosen.entry.get("minQuantity").as_integer().unwrap_or(0),
        list_price: chosen.list_price,
        rate_date: chosen.conversion.oldest,
        price_book_entry: chosen.entry.id,
        price_book: chosen.book.id,
        candidates: chosen.others.iter().take(50).map(shown).collect(),
    })
}

/// The same refusal of a member of a list.
fn placed(error: Error, at: &str) -> Error {
    let problems: Vec<FieldProblem> =
        error.fields().iter().map(|problem| FieldProblem { pointer: at.to_owned(), ..problem.clone() }).collect();
    if problems.is_empty() { error } else { Error::validation(problems) }
}
