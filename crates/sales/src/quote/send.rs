//! `sendQuote`.

use super::{QuoteStatus, at, lines_that, require, require_valid, turn};
use async_trait::async_trait;
use clientela_engine::{Call, Operation};
use clientela_kernel::{Comparison, Error, ErrorCode, Filter, Id, Result};
use clientela_macros::Shape;
use clientela_model::OperationDef;

/// Marks a quote as sent.
pub struct SendQuote;

/// Nothing has to be said.
#[derive(Shape)]
pub struct SendingOfQuote {}

/// The quote that the customer has.
#[derive(Shape)]
pub struct SentQuote {
    /// The quote.
    #[field(record = "quote")]
    pub quote: Id,
}

#[async_trait]
impl Operation for SendQuote {
    type Input = SendingOfQuote;
    type Output = SentQuote;

    fn definition() -> OperationDef {
        OperationDef::writing::<SendingOfQuote, SentQuote>(
            "sendQuote",
            "quote",
            "send",
            "Closes a draft: the customer has it from now on, and neither it nor its lines change any more. It must have lines, all of them with a tax, and be valid today; otherwise 409 \
             `INVALID_STATE` tells what is missing. Nothing is delivered by it: `renderQuote` gives the document.",
        )
        .on_record()
    }

    async fn run(&self, call: &Call<'_>, _given: SendingOfQuote) -> Result<SentQuote> {
        let quote = call.held().await?;
        require(quote, &[QuoteStatus::Draft], "sent")?;
        require_valid(quote, call.context.today(), "sent")?;
        let id = quote.id.to_text(&quote.def.prefix);
        if quote.get("lineCount").as_integer().unwrap_or(0) == 0 {
            return Err(Error::new(ErrorCode::InvalidState, format!("quote {id} has no lines and cannot be sent. Add what it offers.")));
        }
        let untaxed = call.find("quoteLine", lines_that(quote.id, Filter::field("taxPercent", Comparison::IsNull))).await?;
        if let Some(line) = untaxed.iter().min_by_key(|line| line.get("position").as_integer()) {
            let text = format!(
                "quote {id} cannot be sent: {} of its lines say no tax, first {}. Give their taxPercent, 0 where there is none.",
                untaxed.len(),
                line.id.to_text(&line.def.prefix)
            );
            return Err(Error::new(ErrorCode::InvalidState, text));
        }
        Ok(SentQuote { quote: turn(call, QuoteStatus::Sent, vec![("sentAt", at(call.now()))]).await? })
    }
}
