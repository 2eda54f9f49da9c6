//! The entry of a price book.

use super::{QUANTITY_PLACES, VALID, refuse_negative};
use crate::found::{by_id, first};
use async_trait::async_trait;
use clientela_engine::Rules;
use clientela_engine::module::{ChangeKind, Companion, Draft, RuleReader};
use clientela_kernel::{Context, Date, Error, FieldProblem, Filter, Id, ProblemCode, Result, Value, decimal};
use clientela_macros::resource;

/// The price of a product in a price book, from a quantity on and for a time. At one time there is one price for each such quantity.
#[resource(
    name = "priceBookEntry",
    prefix = "pbe",
    unattachable,
    unique("price_book_entry_tier_key", "priceBookId", "productId", "minQuantity", "validFrom"),
    unique("price_book_entry_open_key", "openKey")
)]
pub struct Model {
    /// The price book.
    #[field(
        refers = "priceBook",
        inverse = "entries",
        inverse_description = "The prices in this book.",
        on_delete = "cascade",
        write = "immutable",
        example = "\"pbk_01h455vb4pex5vsknk084sn02q\""
    )]
    pub price_book_id: Id,
    /// The product.
    #[field(
        refers = "product",
        inverse = "prices",
        inverse_description = "The prices of this product.",
        on_delete = "cascade",
        write = "immutable",
        example = "\"prd_01h455vb4pex5vsknk084sn02q\""
    )]
    pub product_id: Id,
    /// What one unit costs, in the currency of the price book.
    #[field(example = "{\"amount\":\"14.90\",\"currency\":\"EUR\"}")]
    pub unit_price: Money,
    /// From which quantity on the price holds (a tier).
    #[field(decimal = 4, min = 0, max = 100_000_000, default = "\"0\"", example = "\"10\"")]
    pub min_quantity: i64,
    /// The first day on which the price holds; since ever where empty.
    #[field(example = "\"2026-01-01\"")]
    pub valid_from: Option<Date>,
    /// The last day on which the price holds; for ever where empty.
    #[field(example = "null")]
    pub valid_until: Option<Date>,
    /// What must be unique among prices without an end: two writers at once cannot both have it.
    #[field(max = 100, secret, write = "read_only", derived, example = "null")]
    pub open_key: Option<String>,
}

/// The rules of entries.
pub struct EntryRules;

#[async_trait]
impl Rules for EntryRules {
    fn derive(&self, _context: &Context, draft: &mut Draft) {
        let key = match (draft.get("priceBookId").as_id(), draft.get("productId").as_id(), draft.get("minQuantity").as_integer()) {
            (Some(book), Some(product), Some(tier)) if draft.get("validUntil").is_null() => {
                Value::Text(format!("{}:{}:{tier}", book.simple(), product.simple()))
            }
            _ => Value::Null,
        };
        draft.set("openKey", key);
    }

    async fn look_up(&self, _context: &Context, reader: &dyn RuleReader, draft: &mut Draft) -> Result<()> {
        let (Some(book), Value::Money(price)) = (draft.get("priceBookId").as_id(), draft.get("unitPrice")) else { return Ok(()) };
        if let Some(book) = first(reader, "priceBook", by_id(book)).await?
            && let Some(currency) = book.get("currency").as_text().filter(|currency| *currency != price.currency.code())
        {
            let text = format!("unitPrice is in {}, but the price book is in {currency}. Give it in {currency}.", price.currency.code());
            return Err(Error::invalid("/unitPrice/currency", ProblemCode::Contradiction, text));
        }
        refuse_overlap(reader, draft).await
    }

    async fn companions(&self, _context: &Context, reader: &dyn RuleReader, draft: &Draft) -> Result<Vec<Companion>> {
        if draft.kind == ChangeKind::Restored {
            refuse_overlap(reader, draft).await?;
        }
        Ok(Vec::new())
    }

    fn check(&self, _context: &Context, draft: &Draft, problems: &mut Vec<FieldProblem>) {
        VALID.check(draft, problems);
        refuse_negative(draft, "unitPrice", problems);
    }
}

/// Refuses a second price of the product for the same quantity at the same time.
async fn refuse_overlap(reader: &dyn RuleReader, draft: &Draft) -> Result<()> {
    let like = ["priceBookId", "productId", "minQuantity"].map(|field| Filter::equal(field, draft.get(field).clone()));
    match VALID.overlapping(reader, draft, like.into()).await? {
        None => Ok(()),
        Some(other) => {
            let tier = decimal::text(draft.get("minQuantity").as_integer().unwrap_or(0), QUANTITY_PLACES);
            let text = format!(
                "minQuantity is {tier}, and {} has a price of the product from that quantity on already, {}. End that time before this one begins, or change it.",
                other.id.to_text(&other.def.prefix),
                VALID.words(&other)
            );
            Err(Error::invalid("/minQuantity", ProblemCode::Contradiction, text))
        }
    }
}
