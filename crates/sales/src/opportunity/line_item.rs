//! The line item: something that a deal is about.

use super::AmountSource;
use super::worth::{follows, shares};
use crate::line::{Lines, amounts};
use crate::look::ByRule;
use crate::price::refuse_negative;
use crate::quote::MOST_LINES;
use async_trait::async_trait;
use clientela_engine::Rules;
use clientela_engine::module::{Companion, Draft, RuleReader};
use clientela_kernel::{Context, FieldProblem, Id, Money, Result, Value};
use clientela_macros::resource;
use clientela_model::Choice as _;

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

const LINES: Lines = Lines { parent: "opportunity", reference: "opportunityId", count: "lineItemCount", most: MOST_LINES };

/// The rules of line items.
pub struct LineItemRules;

#[async_trait]
impl Rules for LineItemRules {
    async fn look_up(&self, context: &Context, reader: &dyn RuleReader, draft: &mut Draft) -> Result<()> {
        let line = LINES.complete(context, reader, draft).await?;
        let money = |minor| Value::Money(Money { minor, currency: line.currency });
        let [_, _, net, _, _] = amounts::of(draft, line.unit_price, None)?;
        draft.set("amount", money(net));
        let credit = draft.get("partnerCreditPercent").as_integer().filter(|_| !draft.get("partnerId").is_null());
        let credit = credit.and_then(|percent| amounts::share(net, percent));
        draft.set("partnerCredit", credit.map_or(Value::Null, money));
        Ok(())
    }

    fn check(&self, _context: &Context, draft: &Draft, problems: &mut Vec<FieldProblem>) {
        refuse_negative(draft, "unitPrice", problems);
    }

    async fn companions(&self, context: &Context, reader: &dyn RuleReader, draft: &Draft) -> Result<Vec<Companion>> {
        let Some(change) = LINES.change(reader, draft).await? else { return Ok(Vec::new()) };
        let deal = &change.parent;
        let sum = change.sum(deal.get("lineTotal"), draft, "amount")?;
        let sum = if change.count > 0 { Value::Money(sum) } else { Value::Null };
        let mut values = vec![("lineItemCount", Value::Integer(change.count)), ("lineTotal", sum.clone())];
        let mut companions = Vec::new();
        if deal.get("amountSource").as_text() == Some(AmountSource::LineItems.as_str()) && *deal.get("amount") != sum {
            companions = shares(reader, deal.id, &sum).await?;
            values.extend(follows(&ByRule(reader), context, deal, sum).await?);
        }
        companions.push(Companion::Patch { resource: "opportunity", id: deal.id, values });
        Ok(companions)
    }
}
