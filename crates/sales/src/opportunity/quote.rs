//! `quoteOpportunity`: a quote for what a deal is about.

use async_trait::async_trait;
use clientela_engine::{Call, Operation};
use clientela_kernel::{Date, Error, ErrorCode, Filter, Id, Result, Value};
use clientela_macros::Shape;
use clientela_model::OperationDef;

/// Makes a quote of a deal.
pub struct QuoteOpportunity;

/// What the quote has besides.
#[derive(Shape)]
pub struct QuotationOfOpportunity {
    /// The last day on which it can be accepted: 30 days ahead where left out.
    #[field(example = "null")]
    pub valid_until: Option<Date>,
}

/// The quote.
#[derive(Shape)]
pub struct QuotedOpportunity {
    /// The quote, a draft.
    #[field(record = "quote")]
    pub quote: Id,
    /// The deal.
    #[field(record = "opportunity")]
    pub opportunity: Id,
}

/// What the lines of the quote take over.
const OF_LINES: [&str; 6] = ["position", "productId", "description", "quantity", "unitPrice", "discountPercent"];

#[async_trait]
impl Operation for QuoteOpportunity {
    type Input = QuotationOfOpportunity;
    type Output = QuotedOpportunity;

    fn definition() -> OperationDef {
        OperationDef::writing::<QuotationOfOpportunity, QuotedOpportunity>(
            "quoteOpportunity",
            "opportunity",
            "quote",
            "Makes a quote, a draft, of the line items of an opportunity, at their prices and discounts and for its account. An opportunity that has none is refused (409 `INVALID_STATE`).",
        )
        .on_record()
    }

    async fn run(&self, call: &Call<'_>, given: QuotationOfOpportunity) -> Result<QuotedOpportunity> {
        let deal = call.held().await?;
        let mut items = call.find("opportunityLineItem", Filter::equal("opportunityId", Value::Id(deal.id.0))).await?;
        if items.is_empty() {
            let text = "The opportunity has no line items that a quote could be made of. Add some, or make the quote by itself.";
            return Err(Error::new(ErrorCode::InvalidState, text));
        }
        items.sort_by_key(|item| (item.get("position").as_integer(), item.id.0));
        let mut values: Vec<(&'static str, Value)> =
            ["name", "accountId", "contactId", "currency", "ownerId"].map(|field| (field, deal.get(field).clone())).into();
        values.push(("opportunityId", Value::Id(deal.id.0)));
        values.push(("validUntil", given.valid_until.map_or(Value::Null, Value::Date)));
        let quote = call.create("quote", values).await?.id;
        for item in &items {
            let mut values: Vec<(&'static str, Value)> = OF_LINES.map(|field| (field, item.get(field).clone())).into();
            values.push(("quoteId", Value::Id(quote.0)));
            // Whoever gave the discount was allowed to.
            call.create_by_server("quoteLine", values).await?;
        }
        Ok(QuotedOpportunity { quote, opportunity: deal.id })
    }
}
