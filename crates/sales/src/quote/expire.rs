//! `expireQuote`.

use super::{QuoteStatus, require, turn};
use async_trait::async_trait;
use clientela_engine::{Call, Operation};
use clientela_kernel::{Id, Result};
use clientela_macros::Shape;
use clientela_model::OperationDef;

/// Ends a quote.
pub struct ExpireQuote;

/// Nothing has to be said.
#[derive(Shape)]
pub struct ExpiryOfQuote {}

/// The quote that can no longer be accepted.
#[derive(Shape)]
pub struct ExpiredQuote {
    /// The quote.
    #[field(record = "quote")]
    pub quote: Id,
}

#[async_trait]
impl Operation for ExpireQuote {
    type Input = ExpiryOfQuote;
    type Output = ExpiredQuote;

    fn definition() -> OperationDef {
        OperationDef::writing::<ExpiryOfQuote, ExpiredQuote>(
            "expireQuote",
            "quote",
            "expire",
            "Ends a quote that was sent and not decided, before its time or after it. After its time it cannot be accepted whether this was done or not. A quote in any other state is refused \
             (409 `INVALID_STATE`).",
        )
        .on_record()
    }

    async fn run(&self, call: &Call<'_>, _given: ExpiryOfQuote) -> Result<ExpiredQuote> {
        require(call.held().await?, &[QuoteStatus::Sent], "ended")?;
        Ok(ExpiredQuote { quote: turn(call, QuoteStatus::Expired, Vec::new()).await? })
    }
}
