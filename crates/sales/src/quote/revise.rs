//! `reviseQuote`.

use super::{QuoteStatus, lines, require, turn};
use async_trait::async_trait;
use clientela_engine::{Call, Operation};
use clientela_kernel::{Date, Id, Result, Value};
use clientela_macros::Shape;
use clientela_model::OperationDef;

/// Makes a new revision.
pub struct ReviseQuote;

/// What the new revision has.
#[derive(Shape)]
pub struct QuoteRevision {
    /// The last day on which the new revision can be accepted: 30 days ahead where left out.
    #[field(example = "null")]
    pub valid_until: Option<Date>,
}

/// Both revisions.
#[derive(Shape)]
pub struct RevisedQuote {
    /// The new revision, a draft.
    #[field(record = "quote")]
    pub quote: Id,
    /// The one whose place it takes.
    #[field(record = "quote")]
    pub superseded: Id,
}

/// What a revision takes over.
const COPIED: [&str; 13] = [
    "number",
    "name",
    "accountId",
    "contactId",
    "opportunityId",
    "priceBookId",
    "segment",
    "currency",
    "taxCountry",
    "taxRegion",
    "terms",
    "ownerId",
    "tags",
];
/// What its lines take over.
const OF_LINES: [&str; 7] = ["position", "productId", "description", "quantity", "unitPrice", "discountPercent", "taxPercent"];

#[async_trait]
impl Operation for ReviseQuote {
    type Input = QuoteRevision;
    type Output = RevisedQuote;

    fn definition() -> OperationDef {
        OperationDef::writing::<QuoteRevision, RevisedQuote>(
            "reviseQuote",
            "quote",
            "revise",
            "Makes a new revision of a quote that was sent, rejected or has expired: a draft of the same number with the same lines at the same prices. The old one is `SUPERSEDED`. A draft is changed \
             as it is, and what was accepted stays: both are refused (409 `INVALID_STATE`), and so is a second revision of the same one.",
        )
        .on_record()
    }

    async fn run(&self, call: &Call<'_>, given: QuoteRevision) -> Result<RevisedQuote> {
        let old = call.held().await?;
        require(old, &[QuoteStatus::Sent, QuoteStatus::Rejected, QuoteStatus::Expired], "revised")?;
        let mut values: Vec<(&'static str, Value)> = COPIED.map(|field| (field, old.get(field).clone())).into();
        // What has gone meanwhile is not taken over.
        for (field, resource) in [("contactId", "contact"), ("opportunityId", "opportunity"), ("priceBookId", "priceBook")] {
            let gone = match old.get(field).as_id() {
                Some(id) => call.record(resource, Id(id)).await?.is_none(),
                None => false,
            };
            values.retain(|(name, _)| !gone || *name != field);
        }
        values.push(("revision", Value::Integer(old.get("revision").as_integer().unwrap_or(1) + 1)));
        values.push(("previousId", Value::Id(old.id.0)));
        values.push(("validUntil", given.valid_until.map_or(Value::Null, Value::Date)));
        let copied = lines(call, old.id).await?;
        let superseded = turn(call, QuoteStatus::Superseded, Vec::new()).await?;
        let quote = call.create("quote", values).await?.id;
        for line in &copied {
            let mut values: Vec<(&'static str, Value)> = OF_LINES.map(|field| (field, line.get(field).clone())).into();
            values.push(("quoteId", Value::Id(quote.0)));
            // Whoever gave the discount was allowed to.
            call.create_by_server("quoteLine", values).await?;
        }
        Ok(RevisedQuote { quote, superseded })
    }
}
