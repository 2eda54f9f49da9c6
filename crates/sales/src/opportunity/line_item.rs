//! The line item: something that a deal is about.

use super::AmountSource;
use super::worth::{follows, shares, total};
use crate::found::{by_id, first};
use crate::look::ByRule;
use crate::price::choose::Terms;
use crate::price::discount_limit::refuse_beyond;
use crate::price::refuse_negative;
use crate::quote::MOST_LINES;
use crate::quote::amounts;
use crate::quote::line::effective;
use async_trait::async_trait;
use clientela_engine::Rules;
use clientela_engine::module::{ChangeKind, Companion, Draft, Found, RuleReader};
use clientela_kernel::currency::Currency;
use clientela_kernel::{Context, Error, FieldProblem, Id, Money, ProblemCode, Result, Value};
use clientela_macros::resource;
use clientela_model::{Choice as _, system};

/// Something that a deal is about: a product, or whatever the description says. The amount of the deal follows from its line items, where its `amountSource` is `LINE_ITEMS`.
#[resource(name = "opportunityLineItem", prefix = "oli", label = "description", unattachable)]
pub struct Model {
    /// The deal.
    #[field(
        refers = "opportunity",
        inverse = "lineItems",
        inverse_description = "What the deal is about.",
        on_delete = "cascade",
        write = "immutable",
        example = "\"opp_01h455vb4pex5vsknk084sn02q\""
    )]
    pub opportunity_id: Id,
    /// Where it stands among the line items; at the end where you leave it out.
    #[field(min = 0, max = 1_000_000, derived, example = "1")]
    pub position: i64,
    /// The product. To change it, delete the line item and add another.
    #[field(
        refers = "product",
        inverse = "opportunityLineItems",
        inverse_description = "The deals that are about it, line by line.",
        on_delete = "restrict",
        write = "immutable",
        example = "\"prd_01h455vb4pex5vsknk084sn02q\""
    )]
    pub product_id: Option<Id>,
    /// What it is: the product's name where you leave it out.
    #[field(max = 1_000, folded, derived, example = "\"Mountain cheese, 12 months\"")]
    pub description: String,
    /// How much of it, in its unit.
    #[field(decimal = 4, min = "0.0001", max = 100_000_000, default = "\"1\"", example = "\"2.5\"")]
    pub quantity: i64,
    /// What one unit costs, in the currency of the deal: where you leave it out what `priceProducts` says of the product on the day.
    #[field(derived, example = "{\"amount\":\"14.90\",\"currency\":\"EUR\"}")]
    pub unit_price: Money,
    /// What one unit of the product cost by the price books when the line item was added; none where it has no price there.
    #[field(write = "read_only", example = "null")]
    pub list_price: Option<Money>,
    /// The discount. How far the price is below the list price counts as one too, and may not be more than the caller's `discountLimit`.
    #[field(decimal = 4, min = 0, max = 100, default = "\"0\"", example = "\"5\"")]
    pub discount_percent: i64,
    /// Unit price times quantity less the discount, each rounded half away from zero; without tax.
    #[field(write = "read_only", derived)]
    pub amount: Money,
    /// The partner to whom the sale of this is credited.
    #[field(
        refers = "account",
        inverse = "creditedLineItems",
        inverse_description = "What of deals is credited to this account as a partner.",
        on_delete = "restrict",
        example = "\"acc_01h455vb4pex5vsknk084sn02q\""
    )]
    pub partner_id: Option<Id>,
    /// How much of it is credited to the partner, in percent, where there is one.
    #[field(decimal = 4, min = 0, max = 100, default = "\"100\"", example = "\"100\"")]
    pub partner_credit_percent: i64,
    /// How much that is; none without a partner.
    #[field(write = "read_only", derived, example = "null")]
    pub partner_credit: Option<Money>,
}

/// The rules of line items.
pub struct LineItemRules;

#[async_trait]
impl Rules for LineItemRules {
    async fn look_up(&self, context: &Context, reader: &dyn RuleReader, draft: &mut Draft) -> Result<()> {
        let deal = match draft.get("opportunityId").as_id() {
            Some(deal) => first(reader, "opportunity", by_id(deal)).await?,
            None => None,
        };
        if let (Some(deal), ChangeKind::Created) = (&deal, draft.kind) {
            fill_in(context, reader, draft, deal).await?;
        }
        complete(draft, deal.as_ref())?;
        if draft.changed("unitPrice") || draft.changed("discountPercent") {
            let given = draft.get("discountPercent").as_integer().unwrap_or(0);
            refuse_beyond(context, reader, "discountPercent", effective(draft).max(given)).await?;
        }
        Ok(())
    }

    fn check(&self, _context: &Context, draft: &Draft, problems: &mut Vec<FieldProblem>) {
        refuse_negative(draft, "unitPrice", problems);
    }

    async fn companions(&self, context: &Context, reader: &dyn RuleReader, draft: &Draft) -> Result<Vec<Companion>> {
        let was = draft.before.is_some() && draft.old(system::DELETED_AT).is_null();
        let is = draft.kind != ChangeKind::Deleted;
        let Some(id) = draft.get("opportunityId").as_id().filter(|_| was || is) else { return Ok(Vec::new()) };
        // It goes and comes back with its deal, which then holds its sum already.
        let Some(deal) = first(reader, "opportunity", by_id(id)).await? else { return Ok(Vec::new()) };
        let count = deal.get("lineItemCount").as_integer().unwrap_or(0) + i64::from(is) - i64::from(was);
        if count > i64::try_from(MOST_LINES).unwrap_or(i64::MAX) {
            let text = format!("opportunityId names an opportunity that has {MOST_LINES} line items already, which is the most.");
            return Err(Error::invalid("/opportunityId", ProblemCode::OutOfRange, text));
        }
        let minor =
            |value: &Value, counts: bool| if let (Value::Money(money), true) = (value, counts) { i128::from(money.minor) } else { 0 };
        let sum = minor(deal.get("lineTotal"), true) + minor(draft.get("amount"), is) - minor(draft.old("amount"), was);
        let sum = if count > 0 { total(sum, currency(&deal)?)? } else { Value::Null };
        let mut values = vec![("lineItemCount", Value::Integer(count)), ("lineTotal", sum.clone())];
        let mut companions = Vec::new();
        if deal.get("amountSource").as_text() == Some(AmountSource::LineItems.as_str()) && *deal.get("amount") != sum {
            companions = shares(reader, deal.id, &sum).await?;
            values.extend(follows(&ByRule(reader), context, &deal, sum).await?);
        }
        companions.push(Companion::Patch { resource: "opportunity", id: deal.id, values });
        Ok(companions)
    }
}

fn currency(deal: &Found) -> Result<Currency> {
    deal.get("currency").as_text().and_then(Currency::parse).ok_or_else(|| Error::internal("an opportunity has no currency"))
}

/// What a new line item takes from its deal and its product, where nothing is said.
async fn fill_in(context: &Context, reader: &dyn RuleReader, draft: &mut Draft, deal: &Found) -> Result<()> {
    if draft.get("position").is_null() {
        let next = deal.get("lineItemCount").as_integer().unwrap_or(0) + 1;
        draft.set("position", Value::Integer(next));
    }
    let product = match draft.get("productId").as_id() {
        Some(product) => first(reader, "product", by_id(product)).await?,
        None => None,
    };
    let Some(product) = product else { return Ok(()) };
    if draft.get("description").is_null() {
        draft.set("description", product.get("name").clone());
    }
    let look = ByRule(reader);
    let account = match deal.get("accountId").as_id() {
        Some(account) => first(reader, "account", by_id(account)).await?,
        None => None,
    };
    let terms = Terms::new(&look, context, account.as_ref(), None, Some(currency(deal)?), context.today()).await?;
    let quantity = draft.get("quantity").as_integer().unwrap_or(0);
    match terms.price(&look, &product, quantity, "/productId").await {
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

/// What follows from the rest, and what is missing.
fn complete(draft: &mut Draft, deal: Option<&Found>) -> Result<()> {
    let currency = match (deal, draft.get("unitPrice")) {
        (Some(deal), _) => currency(deal)?,
        // A deal that is not there is told of by the reference itself.
        (None, Value::Money(price)) => price.currency,
        (None, _) => Currency::parse("EUR").ok_or_else(|| Error::internal("EUR is a currency"))?,
    };
    let mut problems = Vec::new();
    if draft.get("description").is_null() {
        let text = "description is missing, and there is no product whose name could stand for it. Say what it is.";
        problems.push(FieldProblem::new("/description", ProblemCode::Required, text));
    }
    let price = match *draft.get("unitPrice") {
        Value::Money(price) if price.currency != currency => {
            let (given, wanted) = (price.currency.code(), currency.code());
            let text = format!("unitPrice is in {given}, but the opportunity is in {wanted}. Give it in {wanted}.");
            problems.push(FieldProblem::new("/unitPrice/currency", ProblemCode::Contradiction, text));
            Money { minor: 0, currency }
        }
        Value::Money(price) => price,
        _ => {
            let text = "unitPrice is missing, and there is no product whose price could stand for it. Say what one unit costs.";
            problems.push(FieldProblem::new("/unitPrice", ProblemCode::Required, text));
            Money { minor: 0, currency }
        }
    };
    if !problems.is_empty() && deal.is_some() {
        return Err(Error::validation(problems));
    }
    if draft.get("position").is_null() {
        draft.set("position", Value::Integer(0));
    }
    let number = |field: &str| draft.get(field).as_integer();
    let (quantity, discount) = (number("quantity").unwrap_or(0), number("discountPercent").unwrap_or(0));
    let Some([_, _, net, ..]) = amounts::of_line(price, quantity, discount, None) else {
        return Err(Error::invalid("/quantity", ProblemCode::OutOfRange, "quantity times unitPrice is too large."));
    };
    let money = |minor| Value::Money(Money { minor, currency });
    draft.set("amount", money(net));
    let credit = draft.get("partnerCreditPercent").as_integer().filter(|_| !draft.get("partnerId").is_null());
    let credit = credit.and_then(|percent| amounts::share(net, percent));
    draft.set("partnerCredit", credit.map_or(Value::Null, money));
    Ok(())
}
