//! `acceptQuote`.

use super::{QuoteStatus, at, require, require_valid, said, turn};
use async_trait::async_trait;
use clientela_engine::{Call, Operation};
use clientela_kernel::{Id, Result};
use clientela_macros::Shape;
use clientela_model::OperationDef;

/// Accepts a quote.
pub struct AcceptQuote;

/// Who accepts.
#[derive(Shape)]
pub struct QuoteAcceptance {
    /// Who accepts it, as they call themselves.
    #[field(max = 200, example = "\"Anna Gruber\"")]
    pub accepted_by: Option<String>,
}

/// The quote that holds.
#[derive(Shape)]
pub struct AcceptedQuote {
    /// The quote.
    #[field(record = "quote")]
    pub quote: Id,
}

#[async_trait]
impl Operation for AcceptQuote {
    type Input = QuoteAcceptance;
    type Output = AcceptedQuote;

    fn definition() -> OperationDef {
        OperationDef::writing::<QuoteAcceptance, AcceptedQuote>(
            "acceptQuote",
            "quote",
            "accept",
            "Notes that the customer has agreed to a quote that was sent. A quote whose time is over, or that is in any other state, is refused (409 `INVALID_STATE`), so of two who \
             decide at once one does. Customers do it themselves by a `purposeToken` for this operation.",
        )
        .on_record()
    }

    async fn run(&self, call: &Call<'_>, given: QuoteAcceptance) -> Result<AcceptedQuote> {
        let quote = call.held().await?;
        require(quote, &[QuoteStatus::Sent], "accepted")?;
        require_valid(quote, call.context.today(), "accepted")?;
        let values = vec![("decidedAt", at(call.now())), ("decidedBy", said(given.accepted_by))];
        Ok(AcceptedQuote { quote: turn(call, QuoteStatus::Accepted, values).await? })
    }
}
