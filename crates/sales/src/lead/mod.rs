//! The lead: somebody who may buy, and how far we are in finding out.

pub mod assign;
pub mod assignment_rule;
pub mod capture;
pub mod convert;
pub mod disqualify;
pub mod referral;
mod rules;
pub mod score;
pub mod score_rule;

pub use rules::LeadRules;

use clientela_kernel::{Id, Timestamp};
use clientela_macros::{Choice, resource};

/// How far a lead is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Choice)]
pub enum LeadStatus {
    /// Nobody has looked at it.
    New,
    /// Somebody is at it.
    Working,
    /// It is too early; we stay in touch.
    Nurturing,
    /// It has become a customer to be: an account, and mostly an opportunity.
    Qualified,
    /// Nothing will come of it.
    Disqualified,
}

/// The qualification of a person who may buy, alone or for a company; there may be several of one person over time, also of one who has bought. The person is a contact from the beginning, so
/// that `convertLead` copies nothing. `captureLead` finds or makes the contact.
#[resource(
    name = "lead",
    prefix = "lea",
    label = "topic",
    owned,
    tagged,
    timeline(of = "contactId", at = "createdAt", title = "topic", sort = "status")
)]
pub struct Model {
    /// What it is about, in a line.
    #[field(search = "name", max = 200, folded, example = "\"Wants hard cheese for three restaurants\"")]
    pub topic: String,
    /// Who it is.
    #[field(
        refers = "contact",
        inverse = "leads",
        inverse_description = "The leads that this person has been.",
        on_delete = "cascade",
        write = "immutable",
        example = "\"con_01h455vb4pex5vsknk084sn02q\""
    )]
    pub contact_id: Id,
    /// The company for which the person asks, in the person's words.
    #[field(search = "detail", max = 200, folded, example = "\"Gasthof Adler\"")]
    pub company: Option<String>,
    /// The account it is of: known before where it is one of ours, otherwise set when it is converted.
    #[field(
        refers = "account",
        inverse = "leads",
        inverse_description = "The leads that were or became of this account.",
        on_delete = "clear",
        example = "\"acc_01h455vb4pex5vsknk084sn02q\""
    )]
    pub account_id: Option<Id>,
    /// How far it is. `QUALIFIED` and `DISQUALIFIED` are set by `convertLead` and `disqualifyLead` alone.
    #[field(default = "\"NEW\"", example = "\"NEW\"")]
    pub status: LeadStatus,
    /// Where it came from.
    #[field(max = 100, folded, example = "\"Trade fair\"")]
    pub source: Option<String>,
    /// How promising it is: the points of all score rules that it satisfies. `scoreLead` counts them.
    #[field(min = -1_000_000, max = 1_000_000, default = "0", write = "read_only", example = "0")]
    pub score: i64,
    /// When the points were last counted.
    #[field(write = "read_only", example = "null")]
    pub scored_at: Option<Timestamp>,
    /// What it may be worth.
    #[field()]
    pub estimated_amount: Option<Money>,
    /// What else one should know.
    #[field(search = "text", max = 20_000, no_sort, example = "\"Met at the stand; call after Easter.\"")]
    pub description: Option<String>,
    /// When it was last given to its owner.
    #[field(write = "read_only", derived, example = "null")]
    pub assigned_at: Option<Timestamp>,
    /// Since when it has had its status.
    #[field(write = "read_only", derived)]
    pub status_since: Timestamp,
    /// Why nothing will come of it.
    #[field(max = 2_000, no_sort, write = "read_only", example = "null")]
    pub disqualified_reason: Option<String>,
    /// The opportunity that it became.
    #[field(
        refers = "opportunity",
        inverse = "leads",
        inverse_description = "The leads that became this deal.",
        on_delete = "clear",
        write = "read_only",
        example = "null"
    )]
    pub opportunity_id: Option<Id>,
    /// When it was converted.
    #[field(write = "read_only", example = "null")]
    pub converted_at: Option<Timestamp>,
    /// Whether the account was made when it was converted: only then `revertLeadConversion` takes it back.
    #[field(write = "read_only", default = "false", example = "false")]
    pub made_account: bool,
}
