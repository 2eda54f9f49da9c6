//! The line of a quote.

use super::amounts::{self, Amounts, FIELDS, WHOLE};
use super::{MOST_LINES, QuoteStatus, require, tax};
use crate::found::{by_id, first};
use crate::look::ByRule;
use crate::price::choose::Terms;
use crate::price::discount_limit::refuse_beyond;
use crate::price::refuse_negative;
use async_trait::async_trait;
use clientela_engine::Rules;
use clientela_engine::module::{ChangeKind, Companion, Draft, Found, RuleReader};
use clientela_kernel::currency::Currency;
use clientela_kernel::{Context, Error, FieldProblem, Id, Money, ProblemCode, Result, Value};
use clientela_macros::resource;
use clientela_model::system;

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

/// The rules of lines.
pub struct LineRules;

#[async_trait]
impl Rules for LineRules {
    async fn look_up(&self, context: &Context, reader: &dyn RuleReader, draft: &mut Draft) -> Result<()> {
        let quote = match draft.get("quoteId").as_id() {
            Some(quote) => first(reader, "quote", by_id(quote)).await?,
            None => None,
        };
        if let (Some(quote), ChangeKind::Created) = (&quote, draft.kind) {
            fill_in(context, reader, draft, quote).await?;
        }
        let currency = match (&quote, draft.get("unitPrice")) {
            (Some(quote), _) => quote.get("currency").as_text().and_then(Currency::parse),
            // A quote that is not there is told of by the reference itself.
            (None, Value::Money(price)) => Some(price.currency),
            (None, _) => Currency::parse("EUR"),
        };
        let currency = currency.ok_or_else(|| Error::internal("a quote has no currency"))?;
        let mut problems = Vec::new();
        if draft.get("description").is_null() {
            let text = "description is missing, and there is no product whose name could stand for it. Say what is offered.";
            problems.push(FieldProblem::new("/description", ProblemCode::Required, text));
        }
        match *draft.get("unitPrice") {
            Value::Money(price) if price.currency != currency => {
                let (given, wanted) = (price.currency.code(), currency.code());
                let text = format!("unitPrice is in {given}, but the quote is in {wanted}. Give it in {wanted}.");
                problems.push(FieldProblem::new("/unitPrice/currency", ProblemCode::Contradiction, text));
            }
            Value::Money(_) => {}
            _ => {
                let text = "unitPrice is missing, and there is no product whose price could stand for it. Say what one unit costs.";
                problems.push(FieldProblem::new("/unitPrice", ProblemCode::Required, text));
            }
        }
        if !problems.is_empty() && quote.is_some() {
            return Err(Error::validation(problems));
        }
        let amounts = computed(draft)?;
        amounts::set(draft, amounts, currency);
        if draft.get("position").is_null() {
            draft.set("position", Value::Integer(0));
        }
        if draft.changed("unitPrice") || draft.changed("discountPercent") {
            let given = draft.get("discountPercent").as_integer().unwrap_or(0);
            refuse_beyond(context, reader, "discountPercent", effective(draft).max(given)).await?;
        }
        Ok(())
    }

    fn check(&self, _context: &Context, draft: &Draft, problems: &mut Vec<FieldProblem>) {
        refuse_negative(draft, "unitPrice", problems);
    }

    async fn companions(&self, _context: &Context, reader: &dyn RuleReader, draft: &Draft) -> Result<Vec<Companion>> {
        let was = draft.before.is_some() && draft.old(system::DELETED_AT).is_null();
        let is = draft.kind != ChangeKind::Deleted;
        let Some(id) = draft.get("quoteId").as_id().filter(|_| was || is) else { return Ok(Vec::new()) };
        // It goes and comes back with its quote, which then holds its amounts already.
        let Some(quote) = first(reader, "quote", by_id(id)).await? else { return Ok(Vec::new()) };
        require(&quote, &[QuoteStatus::Draft], "given other lines")?;
        let count = |field: &str| quote.get(field).as_integer().unwrap_or(0);
        let lines = count("lineCount") + i64::from(is) - i64::from(was);
        if lines > i64::try_from(MOST_LINES).unwrap_or(i64::MAX) {
            let text = format!("quoteId names a quote that has {MOST_LINES} lines already, which is the most. Begin another quote.");
            return Err(Error::invalid("/quoteId", ProblemCode::OutOfRange, text));
        }
        let mut values = vec![("lineCount", Value::Integer(lines)), ("lineChanges", Value::Integer(count("lineChanges") + 1))];
        for field in FIELDS {
            let minor =
                |value: &Value, counts: bool| if let (Value::Money(money), true) = (value, counts) { i128::from(money.minor) } else { 0 };
            let Value::Money(total) = *quote.get(field) else { continue };
            let sum = i128::from(total.minor) + minor(draft.get(field), is) - minor(draft.old(field), was);
            let Ok(minor) = i64::try_from(sum) else {
                return Err(Error::invalid(
                    "/quantity",
                    ProblemCode::OutOfRange,
                    format!("quantity makes the {field} of the quote too large."),
                ));
            };
            values.push((field, Value::Money(Money { minor, currency: total.currency })));
        }
        Ok(vec![Companion::Patch { resource: "quote", id: Id(id), values }])
    }
}

/// What a new line takes from its quote and its product, where nothing is said.
async fn fill_in(context: &Context, reader: &dyn RuleReader, draft: &mut Draft, quote: &Found) -> Result<()> {
    if draft.get("position").is_null() {
        let next = quote.get("lineCount").as_integer().unwrap_or(0) + 1;
        draft.set("position", Value::Integer(next));
    }
    let product = match draft.get("productId").as_id() {
        Some(product) => first(reader, "product", by_id(product)).await?,
        None => None,
    };
    if let Some(product) = &product {
        if draft.get("description").is_null() {
            draft.set("description", product.get("name").clone());
        }
        price(context, reader, draft, quote, product).await?;
    }
    if draft.get("taxPercent").is_null() {
        let percent = tax::percent(reader, quote, product.as_ref(), context.today()).await?;
        draft.set("taxPercent", percent.map_or(Value::Null, Value::Integer));
    }
    Ok(())
}

/// Sets the price that the price books say.
async fn price(context: &Context, reader: &dyn RuleReader, draft: &mut Draft, quote: &Found, product: &Found) -> Result<()> {
    let look = ByRule(reader);
    let of = |field: &str| quote.get(field).as_id();
    let account = match of("accountId") {
        Some(account) => first(reader, "account", by_id(account)).await?,
        None => None,
    };
    let currency = quote.get("currency").as_text().and_then(Currency::parse);
    let terms = Terms::new(&look, context, account.as_ref(), None, currency, context.today()).await?;
    let terms = Terms { book: of("priceBookId"), segment: quote.get("segment").as_text().map(str::to_owned), ..terms };
    let quantity = draft.get("quantity").as_integer().unwrap_or(0);
    match terms.price(&look, product, quantity, "/productId").await {
        Ok(chosen) => {
            draft.set("listPrice", Value::Money(chosen.unit_price));
            if draft.get("unitPrice").is_null() {
                draft.set("unitPrice", Value::Money(chosen.unit_price));
            }
            Ok(())
        }
        // Whoever says what it costs needs no price book.
        Err(error) if error.fields().is_empty() || draft.get("unitPrice").is_null() => Err(error),
        Err(_) => Ok(()),
    }
}

/// What the line comes to.
fn computed(draft: &Draft) -> Result<Amounts> {
    let number = |field: &str| draft.get(field).as_integer();
    let Value::Money(price) = *draft.get("unitPrice") else { return Ok(Amounts::default()) };
    let (quantity, discount) = (number("quantity").unwrap_or(0), number("discountPercent").unwrap_or(0));
    amounts::of_line(price, quantity, discount, number("taxPercent"))
        .ok_or_else(|| Error::invalid("/quantity", ProblemCode::OutOfRange, "quantity times unitPrice is too large."))
}

/// How far what is paid is below the list price, in percent; none at all where there is no list price.
pub(crate) fn effective(draft: &Draft) -> i64 {
    match (draft.get("listPrice"), draft.get("unitPrice"), draft.get("discountPercent").as_integer()) {
        (Value::Money(list), Value::Money(price), Some(discount)) => {
            amounts::discount_from(*list, *price, discount).unwrap_or(0).min(WHOLE)
        }
        _ => 0,
    }
}
