//! The contact's role in a deal.

use clientela_kernel::Id;
use clientela_macros::{Choice, resource};

/// What somebody at the customer has to do with a deal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Choice)]
pub enum BuyingRole {
    /// Decides.
    DecisionMaker,
    /// Has the money for it.
    EconomicBuyer,
    /// Is heard by whoever decides.
    Influencer,
    /// Judges whether it does what it should.
    TechnicalEvaluator,
    /// Will work with it.
    User,
    /// Wants us to win, and helps.
    Champion,
    /// Wants us not to win.
    Opponent,
    /// Buys in the name of the others.
    Purchasing,
    /// Anything else.
    Other,
}

/// Somebody at the customer who has to do with a deal.
#[resource(
    name = "opportunityContact",
    prefix = "ocr",
    unattachable,
    unique("opportunity_contact_key", "opportunityId", "contactId", "role")
)]
pub struct Model {
    /// The deal.
    #[field(
        refers = "opportunity",
        inverse = "contacts",
        inverse_description = "Who at the customer has to do with this deal.",
        on_delete = "cascade",
        write = "immutable",
        example = "\"opp_01h455vb4pex5vsknk084sn02q\""
    )]
    pub opportunity_id: Id,
    /// The person.
    #[field(
        refers = "contact",
        inverse = "opportunityRoles",
        inverse_description = "The deals in which this contact has a role.",
        on_delete = "cascade",
        write = "immutable",
        example = "\"con_01h455vb4pex5vsknk084sn02q\""
    )]
    pub contact_id: Id,
    /// What the person has to do with it.
    #[field(default = "\"OTHER\"", write = "immutable")]
    pub role: BuyingRole,
    /// What else one should know.
    #[field(max = 2_000, no_sort, example = "\"Leaves at the end of the year.\"")]
    pub notes: Option<String>,
}
