//! The referral: who recommends us to whom.

use clientela_kernel::{Date, Id};
use clientela_macros::{Choice, resource};

/// How far a referral is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Choice)]
pub enum ReferralStatus {
    /// The one recommended was written to.
    Invited,
    /// They have answered.
    Registered,
    /// They may buy.
    Qualified,
    /// The advocate has had the reward.
    Rewarded,
    /// Nothing came of it.
    Rejected,
}

/// A recommendation: a customer has sent somebody to us.
#[resource(name = "referral", prefix = "ref", tagged, unattachable, unique("referral_key", "advocateId", "refereeId"))]
pub struct Model {
    /// Who recommends us.
    #[field(
        refers = "contact",
        inverse = "referrals",
        inverse_description = "Whom this contact has sent to us.",
        on_delete = "cascade",
        write = "immutable",
        example = "\"con_01h455vb4pex5vsknk084sn02q\""
    )]
    pub advocate_id: Id,
    /// To whom.
    #[field(
        refers = "contact",
        inverse = "referredBy",
        inverse_description = "Who has sent this contact to us.",
        on_delete = "cascade",
        write = "immutable",
        example = "\"con_01h455vb4pex5vsknk084sn02r\""
    )]
    pub referee_id: Id,
    /// The lead that it became.
    #[field(
        refers = "lead",
        inverse = "referrals",
        inverse_description = "The recommendations that this lead comes from.",
        on_delete = "clear",
        example = "\"lea_01h455vb4pex5vsknk084sn02q\""
    )]
    pub lead_id: Option<Id>,
    /// How far it is.
    #[field(default = "\"INVITED\"")]
    pub status: ReferralStatus,
    /// When it was made.
    #[field()]
    pub referred_on: Option<Date>,
    /// What the advocate gets for it.
    #[field(max = 200, example = "\"A hamper\"")]
    pub reward: Option<String>,
}
