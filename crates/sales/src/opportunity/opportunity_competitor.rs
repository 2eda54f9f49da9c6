//! Where a competitor and a deal meet.

use clientela_kernel::Id;
use clientela_macros::{Choice, resource};

/// How much of a danger a competitor is in a deal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Choice)]
pub enum Threat {
    /// Hardly any.
    Low,
    /// As much as we are to it.
    Medium,
    /// It may well win.
    High,
}

/// A competitor in a deal.
#[resource(
    name = "opportunityCompetitor",
    prefix = "opc",
    unattachable,
    unique("opportunity_competitor_key", "opportunityId", "competitorId")
)]
pub struct Model {
    /// The deal.
    #[field(
        refers = "opportunity",
        inverse = "competitors",
        inverse_description = "Who else wants this deal.",
        on_delete = "cascade",
        write = "immutable",
        example = "\"opp_01h455vb4pex5vsknk084sn02q\""
    )]
    pub opportunity_id: Id,
    /// The competitor.
    #[field(
        refers = "competitor",
        inverse = "opportunities",
        inverse_description = "The deals in which we meet it.",
        on_delete = "restrict",
        write = "immutable",
        example = "\"cmp_01h455vb4pex5vsknk084sn02q\""
    )]
    pub competitor_id: Id,
    /// How much of a danger it is.
    #[field(default = "\"MEDIUM\"")]
    pub threat: Threat,
    /// What it offers, and what we know about it.
    #[field(max = 5_000, no_sort, example = "\"Offered 4 % below our list price.\"")]
    pub notes: Option<String>,
}
