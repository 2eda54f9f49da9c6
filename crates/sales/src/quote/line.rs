//! The line of a quote.

use super::{MOST_LINES, QuoteStatus, require, tax};
use crate::line::Lines;
use crate::line::amounts::{self, FIELDS};
use crate::price::refuse_negative;
use async_trait::async_trait;
use clientela_engine::Rules;
use clientela_engine::module::{ChangeKind, Companion, Draft, RuleReader};
use clientela_kernel::{Context, FieldProblem, Id, Result, Value};
use clientela_macros::resource;

/// Something that a quote offers: a product, or whatever the description says. Its amounts follow from quantity, price, discount and tax: each is rounded half away from zero to the unit of the
/// currency. Lines change only while their quote is a draft, and the quote's amounts change with them.
#[resource(name = "quoteLine", prefix = "qln", label = "description", unattachable)]
pub struct Model {
    /// The quote.
    #[field(
        refers = "quote",
        inverse = "lines",
        inverse_description = "What the quote offers.",
        on_delete = "cascade",
        write = "immutable",
        example = "\"quo_01h455vb4pex5vsknk084sn02q\""
    )]
    pub quote_id: Id,
    /// Where it stands among the lines; at the end where you leave it out.
    #[field(min = 0, max = 1_000_000, derived, example = "1")]
    pub position: i64,
    /// The product. To change it, delete the line and add another.
    #[field(
        refers = "product",
        inverse = "quoteLines",
        inverse_description = "The lines of quotes that offer it.",
        on_delete = "restrict",
        write = "immutable",
        example = "\"prd_01h455vb4pex5vsknk084sn02q\""
    )]
    pub product_id: Option<Id>,
    /// What is offered: the product's name where you leave it out.
    #[field(max = 1_000, folded, derived, example = "\"Mountain cheese, 12 months\"")]
    pub description: String,
    /// How much of it, in its unit.
    #[field(decimal = 4, min = "0.0001", max = 100_000_000, default = "\"1\"", example = "\"2.5\"")]
    pub quantity: i64,
    /// What one unit costs, in the currency of the quote: where you leave it out what `priceProducts` says of the product on the day.
    #[field(derived, example = "{\"amount\":\"14.90\",\"currency\":\"EUR\"}")]
    pub unit_price: Money,
    /// What one unit of the product cost by the price books when the line was added; none where it has no price there.
    #[field(write = "read_only", example = "null")]
    pub list_price: Option<Money>,
    /// The discount. How far the price is below the list price counts as one too, and may not be more than the caller's `discountLimit`.
    #[field(decimal = 4, min = 0, max = 100, default = "\"0\"", example = "\"5\"")]
    pub discount_percent: i64,
    /// The tax: where you leave it out that of the product's class in the country of the quote. A quote is not sent while one is missing; say 0 where there is none.
    #[field(decimal = 4, min = 0, max = 100, derived, example = "\"20\"")]
    pub tax_percent: Option<i64>,
    /// Unit price times quantity.
    #[field(write = "read_only", derived)]
    pub subtotal: Money,
    /// The discount of that.
    #[field(write = "read_only", derived)]
    pub discount: Money,
    /// Without tax: `subtotal` less `discount`.
    #[field(write = "read_only", derived)]
    pub net: Money,
    /// The tax of `net`.
    #[field(write = "read_only", derived)]
    pub tax: Money,
    /// What is to be paid: `net` and `tax`.
    #[field(write = "read_only", derived)]
    pub gross: Money,
}

const LINES: Lines = Lines { parent: "quote", reference: "quoteId", count: "lineCount", most: MOST_LINES };

/// The rules of lines.
pub struct LineRules;

#[async_trait]
impl Rules for LineRules {
    async fn look_up(&self, context: &Context, reader: &dyn RuleReader, draft: &mut Draft) -> Result<()> {
        let line = LINES.complete(context, reader, draft).await?;
        if let (Some(quote), ChangeKind::Created, true) = (&line.parent, draft.kind, draft.get("taxPercent").is_null()) {
            let percent = tax::percent(reader, quote, line.product.as_ref(), context.today()).await?;
            draft.set("taxPercent", percent.map_or(Value::Null, Value::Integer));
        }
        let amounts = amounts::of(draft, line.unit_price, draft.get("taxPercent").as_integer())?;
        amounts::set(draft, amounts, line.currency);
        Ok(())
    }

    fn check(&self, _context: &Context, draft: &Draft, problems: &mut Vec<FieldProblem>) {
        refuse_negative(draft, "unitPrice", problems);
    }

    async fn companions(&self, _context: &Context, reader: &dyn RuleReader, draft: &Draft) -> Result<Vec<Companion>> {
        let Some(change) = LINES.change(reader, draft).await? else { return Ok(Vec::new()) };
        let quote = &change.parent;
        require(quote, &[QuoteStatus::Draft], "given other lines")?;
        let changes = quote.get("lineChanges").as_integer().unwrap_or(0) + 1;
        let mut values = vec![("lineCount", Value::Integer(change.count)), ("lineChanges", Value::Integer(changes))];
        for field in FIELDS {
            values.push((field, Value::Money(change.sum(quote.get(field), draft, field)?)));
        }
        Ok(vec![Companion::Patch { resource: "quote", id: quote.id, values }])
    }
}
