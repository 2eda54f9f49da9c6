//! The opportunity: a deal on its way through a pipeline.

pub mod approval;
pub mod competitor;
pub mod contact_role;
pub mod line_item;
pub mod lost_reason;
pub mod member;
pub mod moves;
mod obstacle;
pub mod opportunity_competitor;
pub mod quote;
pub mod revalue;
mod rules;
pub mod split;
pub mod stage_change;
mod worth;

pub use rules::OpportunityRules;

use crate::pipeline::stage::ForecastCategory;
use clientela_kernel::{Date, Id, Timestamp};
use clientela_macros::{Choice, resource};

/// How far a deal is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Choice)]
pub enum OpportunityStatus {
    /// It is being worked on.
    Open,
    /// The customer has bought.
    Won,
    /// The customer has not bought.
    Lost,
}

/// What kind of business it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Choice)]
pub enum OpportunityKind {
    /// With a customer who has not bought before.
    NewBusiness,
    /// More with a customer who buys already.
    ExistingBusiness,
    /// What a customer has goes on.
    Renewal,
}

/// Where the amount of a deal comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Choice)]
pub enum AmountSource {
    /// It is the sum of the line items, where there are some; until then it is set by hand.
    LineItems,
    /// It is set by hand, whatever the line items come to.
    Manual,
}

/// A deal that may come about. It moves from stage to stage by `advance`, `win`, `lose`, `reopen` and `moveToPipeline`, which hold to what the stages ask for; `transitions` tells beforehand which
/// of these can be done and what is missing.
#[resource(
    name = "opportunity",
    plural = "opportunities",
    prefix = "opp",
    label = "name",
    owned,
    tagged,
    timeline(of = "accountId", at = "createdAt", title = "name", sort = "status")
)]
pub struct Model {
    /// What it is called.
    #[field(search = "name", max = 200, folded, example = "\"Hard cheese for the winter season\"")]
    pub name: String,
    /// Who buys. It cannot be deleted while it has opportunities.
    #[field(
        refers = "account",
        inverse = "opportunities",
        inverse_description = "The deals with this account.",
        on_delete = "restrict",
        example = "\"acc_01h455vb4pex5vsknk084sn02q\""
    )]
    pub account_id: Id,
    /// With whom we speak there first. Others are `opportunityContact`s.
    #[field(
        refers = "contact",
        inverse = "opportunities",
        inverse_description = "The deals in which this contact is the one we speak with first.",
        on_delete = "clear",
        example = "\"con_01h455vb4pex5vsknk084sn02q\""
    )]
    pub contact_id: Option<Id>,
    /// The pipeline it is in: that of its stage. Only `moveToPipeline` changes it.
    #[field(
        refers = "pipeline",
        inverse = "opportunities",
        inverse_description = "The deals in this pipeline.",
        on_delete = "restrict",
        write = "immutable",
        derived,
        example = "\"ppl_01h455vb4pex5vsknk084sn02q\""
    )]
    pub pipeline_id: Id,
    /// The stage it is in. Left out, a new one is in the first open stage of `pipelineId`, or of the default pipeline. Only the verbs change it.
    #[field(
        refers = "stage",
        inverse = "opportunities",
        inverse_description = "The deals in this stage.",
        on_delete = "restrict",
        write = "immutable",
        derived,
        example = "\"stg_01h455vb4pex5vsknk084sn02q\""
    )]
    pub stage_id: Id,
    /// How far it is: what its stage means.
    #[field(write = "read_only", derived, example = "\"OPEN\"")]
    pub status: OpportunityStatus,
    /// What kind of business it is.
    #[field(default = "\"NEW_BUSINESS\"")]
    pub kind: OpportunityKind,
    /// ISO 4217 code of the currency of everything in it. Left out, that of its amount, else of its account, else of the tenant.
    #[field(format = "currency", max = 3, derived, example = "\"EUR\"")]
    pub currency: String,
    /// What it is worth to us, in its currency: by `amountSource` the sum of its line items, or set by hand.
    #[field()]
    pub amount: Option<Money>,
    /// Where the amount comes from.
    #[field(default = "\"LINE_ITEMS\"", example = "\"LINE_ITEMS\"")]
    pub amount_source: AmountSource,
    /// How many line items there are.
    #[field(min = 0, max = 1_000_000, default = "0", write = "read_only", derived, example = "0")]
    pub line_item_count: i64,
    /// What the line items come to; empty where there are none.
    #[field(write = "read_only", derived, example = "null")]
    pub line_total: Option<Money>,
    /// What it is worth times how likely it is, rounded half away from zero to the places of the currency.
    #[field(write = "read_only", derived, example = "null")]
    pub expected_amount: Option<Money>,
    /// `amount` in the tenant's currency, by the exchange rates of the day on which it was decided or is expected to be, each the latest on that day or before; empty where there is no rate. It is worked out
    /// whenever amount or day change; `revalueOpportunities` does so again after rates have changed.
    #[field(write = "read_only", derived, example = "null")]
    pub base_amount: Option<Money>,
    /// `baseAmount` times how likely it is.
    #[field(write = "read_only", derived, example = "null")]
    pub base_expected_amount: Option<Money>,
    /// How likely it is won, in percent. It takes over that of each stage it enters, where the request says nothing else; it may be changed afterwards.
    #[field(min = 0, max = 100, derived, example = "40")]
    pub probability: i64,
    /// Where it counts in a forecast. It takes over that of each stage it enters; it may be changed afterwards.
    #[field(derived, example = "\"PIPELINE\"")]
    pub forecast_category: ForecastCategory,
    /// The day on which it is expected to be decided, or was.
    #[field(example = "\"2026-12-18\"")]
    pub close_date: Date,
    /// How often the day was put off to a later one while it was open.
    #[field(min = 0, max = 1_000_000, default = "0", write = "read_only", derived, example = "0")]
    pub close_date_slips: i64,
    /// Where it came from.
    #[field(max = 100, folded, example = "\"Trade fair\"")]
    pub source: Option<String>,
    /// What is done next.
    #[field(max = 500, example = "\"Send samples\"")]
    pub next_step: Option<String>,
    /// What else one should know.
    #[field(search = "text", max = 20_000, no_sort, example = "\"They want to leave their present dairy by March.\"")]
    pub description: Option<String>,
    /// What is ticked off of the checklists of stages.
    #[field(max_items = 100, max = 100, example = "[\"Budget is confirmed\"]")]
    pub checked_items: TextSet,
    /// Since when it has been in its stage. For a deal that was made elsewhere it may be given when the record is made.
    #[field(write = "immutable", derived)]
    pub stage_since: Timestamp,
    /// From when on it counts as stale in its stage; never where empty.
    #[field(write = "read_only", derived, example = "null")]
    pub stale_at: Option<Timestamp>,
    /// When it was won or lost. For a deal that was made elsewhere it may be given when the record is made.
    #[field(write = "immutable", derived, example = "null")]
    pub closed_at: Option<Timestamp>,
    /// Why it was lost.
    #[field(
        refers = "lostReason",
        inverse = "opportunities",
        inverse_description = "The deals that were lost for this reason.",
        on_delete = "restrict",
        write = "immutable",
        example = "null"
    )]
    pub lost_reason_id: Option<Id>,
    /// Who won it instead of us.
    #[field(
        refers = "competitor",
        inverse = "wonOpportunities",
        inverse_description = "The deals that this competitor won instead of us.",
        on_delete = "clear",
        write = "immutable",
        example = "null"
    )]
    pub lost_to_id: Option<Id>,
    /// What there is to say about how it ended.
    #[field(max = 5_000, no_sort, write = "immutable", example = "null")]
    pub outcome_note: Option<String>,
}
