//! `rejectQuote`.

use super::{QuoteStatus, at, require, said, turn};
use async_trait::async_trait;
use clientela_engine::{Call, Operation};
use clientela_kernel::{Id, Result};
use clientela_macros::Shape;
use clientela_model::OperationDef;

/// Rejects a quote.
pub struct RejectQuote;

/// Who rejects, and why.
#[derive(Shape)]
pub struct QuoteRejection {
    /// Who rejects it, as they call themselves.
    #[field(max = 200, example = "\"Anna Gruber\"")]
    pub rejected_by: Option<String>,
    /// Why.
    #[field(max = 2_000, example = "\"Another supplier was cheaper.\"")]
    pub reason: Option<String>,
}

/// The quote that the customer does not want.
#[derive(Shape)]
pub struct RejectedQuote {
    /// The quote.
    #[field(record = "quote")]
    pub quote: Id,
}

#[async_trait]
impl Operation for RejectQuote {
    type Input = QuoteRejection;
    type Output = RejectedQuote;

    fn definition() -> OperationDef {
        OperationDef::writing::<QuoteRejection, RejectedQuote>(
            "rejectQuote",
            "quote",
            "reject",
            "Notes that the customer does not want a quote that was sent, even after its time. A quote in any other state is refused (409 `INVALID_STATE`).",
        )
        .on_record()
    }

    async fn run(&self, call: &Call<'_>, given: QuoteRejection) -> Result<RejectedQuote> {
        require(call.held().await?, &[QuoteStatus::Sent], "rejected")?;
        let values = vec![("decidedAt", at(call.now())), ("decidedBy", said(given.rejected_by)), ("rejectionReason", said(given.reason))];
        Ok(RejectedQuote { quote: turn(call, QuoteStatus::Rejected, values).await? })
    }
}
