//! The member of a deal's team.

use clientela_kernel::Id;
use clientela_macros::resource;

/// Somebody of ours who works on a deal besides its owner.
#[resource(name = "opportunityMember", prefix = "opm", unattachable, unique("opportunity_member_key", "opportunityId", "userId"))]
pub struct Model {
    /// The deal.
    #[field(
        refers = "opportunity",
        inverse = "members",
        inverse_description = "Who of ours works on this deal besides its owner.",
        on_delete = "cascade",
        write = "immutable",
        example = "\"opp_01h455vb4pex5vsknk084sn02q\""
    )]
    pub opportunity_id: Id,
    /// Who.
    #[field(
        refers = "user",
        inverse = "opportunityMemberships",
        inverse_description = "The deals on which this user works besides their owners.",
        on_delete = "cascade",
        write = "immutable",
        example = "\"usr_01h455vb4pex5vsknk084sn02q\""
    )]
    pub user_id: Id,
    /// As what.
    #[field(max = 100, folded, example = "\"Technical presales\"")]
    pub role: Option<String>,
}
