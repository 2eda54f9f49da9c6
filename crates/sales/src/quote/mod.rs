//! What we offer to whom: quotes, their lines, and what becomes of them.

pub mod accept;
pub mod expire;
pub mod line;
pub mod reject;
pub mod render;
pub mod revise;
pub mod rules;
pub mod send;
pub mod tax;

use clientela_engine::Call;
use clientela_engine::module::Found;
use clientela_kernel::{Date, Error, ErrorCode, Filter, Id, Result, Timestamp, Value};
use clientela_macros::{Choice, resource};
use clientela_model::Choice as _;

/// How many lines a quote has at most.
pub const MOST_LINES: i64 = 500;

/// How far a quote has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Choice)]
pub enum QuoteStatus {
    /// It is being written. Only now can it and its lines be changed, and only now can it be deleted.
    Draft,
    /// The customer has it.
    Sent,
    /// The customer has agreed.
    Accepted,
    /// The customer does not want it.
    Rejected,
    /// It was not accepted in time.
    Expired,
    /// Another revision has taken its place.
    Superseded,
}

/// An offer to an account, with lines and what they come to. Amounts are those of the lines, summed up: whatever changes a line changes them in the same transaction. `sendQuote`,
/// `acceptQuote`, `rejectQuote`, `expireQuote` and `reviseQuote` change the status; what was sent is no longer changed.
#[resource(name = "quote", prefix = "quo", label = "number", owned, tagged, unique("quote_number_revision_key", "number", "revision"))]
pub struct Model {
    /// The number, the same for all its revisions. One is given where you leave it out.
    #[field(search = "detail", max = 60, folded, derived, write = "immutable", example = "\"Q-20260131-7K3F9A\"")]
    pub number: String,
    /// Which revision it is, counted from 1.
    #[field(min = 1, max = 100_000, default = "1", write = "read_only", example = "1")]
    pub revision: i64,
    /// What it is about.
    #[field(search = "name", max = 200, folded, example = "\"Cheese for the winter season\"")]
    pub name: Option<String>,
    /// To whom.
    #[field(
        refers = "account",
        inverse = "quotes",
        inverse_description = "The quotes to this account.",
        on_delete = "cascade",
        write = "immutable",
        example = "\"acc_01h455vb4pex5vsknk084sn02q\""
    )]
    pub account_id: Id,
    /// The person there whom it goes to.
    #[field(
        refers = "contact",
        inverse = "quotes",
        inverse_description = "The quotes that go to this person.",
        on_delete = "clear",
        example = "\"con_01h455vb4pex5vsknk084sn02q\""
    )]
    pub contact_id: Option<Id>,
    /// The deal that it is part of.
    #[field(
        refers = "opportunity",
        inverse = "quotes",
        inverse_description = "What was quoted in this deal.",
        on_delete = "clear",
        example = "\"opp_01h455vb4pex5vsknk084sn02q\""
    )]
    pub opportunity_id: Option<Id>,
    /// The price book that lines are priced by; where empty the nearest one, as `priceProducts` finds it.
    #[field(
        refers = "priceBook",
        inverse = "quotes",
        inverse_description = "The quotes that are priced by this book.",
        on_delete = "clear",
        example = "\"pbk_01h455vb4pex5vsknk084sn02q\""
    )]
    pub price_book_id: Option<Id>,
    /// The segment of customers whose prices count.
    #[field(max = 100, example = "null")]
    pub segment: Option<String>,
    /// ISO 4217 code of the currency of all its amounts. Where you leave it out that of the price book, of the account, or the tenant's.
    #[field(format = "currency", max = 3, derived, write = "immutable", example = "\"EUR\"")]
    pub currency: String,
    /// The last day on which it can be accepted: 30 days ahead where you leave it out.
    #[field(derived, example = "\"2099-12-31\"")]
    pub valid_until: Date,
    /// ISO 3166-1 alpha-2 code of the country whose taxes are on it. Where you leave it out that of the account, or the tenant's.
    #[field(format = "country", max = 2, derived, example = "\"AT\"")]
    pub tax_country: Option<String>,
    /// The region of that country, where it has taxes of its own.
    #[field(max = 100, example = "null")]
    pub tax_region: Option<String>,
    /// What else is agreed: delivery, payment.
    #[field(max = 10_000, no_sort, example = "\"Free delivery. Payment within 30 days.\"")]
    pub terms: Option<String>,
    /// How far it has come.
    #[field(default = "\"DRAFT\"", write = "read_only", example = "\"DRAFT\"")]
    pub status: QuoteStatus,
    /// What the lines come to before discounts.
    #[field(write = "read_only", derived)]
    pub subtotal: Money,
    /// How much of that is given as discounts.
    #[field(write = "read_only", derived)]
    pub discount: Money,
    /// Without tax: `subtotal` less `discount`.
    #[field(write = "read_only", derived)]
    pub net: Money,
    /// The taxes, each rounded on its line.
    #[field(write = "read_only", derived)]
    pub tax: Money,
    /// What is to be paid: `net` and `tax`.
    #[field(write = "read_only", derived)]
    pub gross: Money,
    /// How many lines it has, at most 500.
    #[field(min = 0, max = 500, default = "0", write = "read_only", example = "2")]
    pub line_count: i64,
    /// When it was sent.
    #[field(write = "read_only", example = "null")]
    pub sent_at: Option<Timestamp>,
    /// When the customer accepted or rejected it.
    #[field(write = "read_only", example = "null")]
    pub decided_at: Option<Timestamp>,
    /// Who accepted or rejected it, as they said.
    #[field(max = 200, folded, write = "read_only", example = "null")]
    pub decided_by: Option<String>,
    /// Why it was rejected.
    #[field(max = 2_000, no_sort, write = "read_only", example = "null")]
    pub rejection_reason: Option<String>,
    /// The revision whose place it has taken.
    #[field(
        refers = "quote",
        inverse = "nextRevisions",
        inverse_description = "The revision that has taken its place.",
        on_delete = "clear",
        write = "read_only",
        example = "null"
    )]
    pub previous_id: Option<Id>,
    /// How often its lines were changed: what keeps a line from changing while the quote is sent.
    #[field(default = "0", secret, write = "read_only", example = "0")]
    pub line_changes: i64,
}

/// The status of a quote.
pub(crate) fn status(quote: &Found) -> &str {
    quote.get("status").as_text().unwrap_or_default()
}

/// Refuses a quote that is in none of the states in which something can be done.
pub(crate) fn require(quote: &Found, allowed: &[QuoteStatus], what: &str) -> Result<()> {
    let is = status(quote);
    if allowed.iter().any(|allowed| allowed.as_str() == is) {
        return Ok(());
    }
    let allowed: Vec<&str> = allowed.iter().map(|allowed| allowed.as_str()).collect();
    let id = quote.id.to_text(&quote.def.prefix);
    Err(Error::new(
        ErrorCode::InvalidState,
        format!("quote {id} is {is} and cannot be {what}; a quote can be that is {}.", allowed.join(" or ")),
    ))
}

/// Refuses a quote whose time is over.
pub(crate) fn require_valid(quote: &Found, today: Date, what: &str) -> Result<()> {
    let Value::Date(until) = quote.get("validUntil") else { return Ok(()) };
    if today <= *until {
        return Ok(());
    }
    let (id, until) = (quote.id.to_text(&quote.def.prefix), until.to_text());
    let text = format!("quote {id} was valid until {until} and cannot be {what} any more. Revise it.");
    Err(Error::new(ErrorCode::InvalidState, text))
}

/// The lines of a quote in their order.
pub(crate) async fn lines(call: &Call<'_>, quote: Id) -> Result<Vec<Found>> {
    let mut lines = call.find("quoteLine", Filter::equal("quoteId", Value::Id(quote.0))).await?;
    lines.sort_by_key(|line| (line.get("position").as_integer(), line.id.0));
    Ok(lines)
}

/// Changes the state of the quote that the operation is done with.
pub(crate) async fn turn(call: &Call<'_>, to: QuoteStatus, mut values: Vec<(&'static str, Value)>) -> Result<Id> {
    let quote = call.target()?.id;
    values.push(("status", to.as_str().into()));
    Ok(call.set("quote", quote, values, None).await?.id)
}

/// A moment as a value.
pub(crate) fn at(now: Timestamp) -> Value {
    Value::Instant(now)
}

/// A text that may be missing as a value.
pub(crate) fn said(text: Option<String>) -> Value {
    text.map_or(Value::Null, Value::Text)
}

/// The lines of a quote that satisfy a condition.
pub(crate) fn lines_that(quote: Id, condition: Filter) -> Filter {
    Filter::And(vec![Filter::equal("quoteId", Value::Id(quote.0)), condition])
}
