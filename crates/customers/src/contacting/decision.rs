//! The decision record.

use crate::consent::ContactChannel;
use clientela_kernel::{Id, Timestamp};
use clientela_macros::{Choice, resource};

/// What `decideContact` comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Choice)]
pub enum ContactVerdict {
    /// The contact may be made.
    Send,
    /// The contact may not be made, now or at all; the reasons say why.
    Hold,
    /// Not on this channel, but on another one.
    OtherChannel,
}

/// Why a contact may not be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Choice)]
pub enum ContactReason {
    /// The purpose is not in use.
    PurposeInactive,
    /// The party wishes never to be contacted.
    DoNotContact,
    /// The party wishes to hear nothing for a while.
    Paused,
    /// It is quiet hours for the party, and the channel rings.
    QuietHours,
    /// The party was contacted often enough within 24 hours.
    EnoughToday,
    /// The party was contacted often enough within seven days.
    EnoughThisWeek,
    /// The party has no address on this channel.
    NoAddress,
    /// Messages to the address come back for the time being.
    AddressBouncing,
    /// The address does not exist or is somebody else's.
    AddressInvalid,
    /// There is no consent, and the purpose needs one.
    NoConsent,
    /// The consent waits for its confirmation.
    ConsentPending,
    /// The consent has run out.
    ConsentExpired,
    /// The address belonged to somebody who was erased, and whoever has it now has not consented since.
    Erased,
    /// The party has refused, taken its consent back, or objected.
    Refused,
}

/// What was decided before a contact, and why. Written by `decideContact`, and never changed: who asks later why somebody was
/// contacted finds it here. What may be sent counts as a contact towards the party's limits.
#[resource(name = "contactDecision", prefix = "cde", read_only, timeline(of = "partyId", at = "decidedAt", sort = "verdict"))]
pub struct Model {
    /// Who was to be contacted.
    #[field(
        refers = "party",
        inverse = "contactDecisions",
        inverse_description = "What was decided before contacts with this party.",
        on_delete = "cascade",
        example = "\"con_01h455vb4pex5vsknk084sn02q\""
    )]
    pub party_id: Id,
    /// What for.
    #[field(
        refers = "purpose",
        inverse = "contactDecisions",
        inverse_description = "What was decided before contacts for this purpose.",
        example = "\"pur_01h455vb4pex5vsknk084sn02q\""
    )]
    pub purpose_id: Id,
    /// The channel that was asked for.
    #[field()]
    pub channel: ContactChannel,
    /// The contact point to use, on the channel that the verdict comes to; empty where nothing may be sent, or the channel needs none.
    #[field(
        refers = "contactPoint",
        inverse = "contactDecisions",
        inverse_description = "The decisions that named this contact point.",
        on_delete = "clear",
        example = "\"cpt_01h455vb4pex5vsknk084sn02q\""
    )]
    pub contact_point_id: Option<Id>,
    /// The organization that wanted to make the contact, where that was not us.
    #[field(
        refers = "account",
        inverse = "contactDecisionsAsController",
        inverse_description = "What was decided before contacts by this organization.",
        example = "null"
    )]
    pub controller_id: Option<Id>,
    /// What was decided.
    #[field()]
    pub verdict: ContactVerdict,
    /// The channel to use instead.
    #[field(example = "\"PHONE\"")]
    pub other_channel: Option<ContactChannel>,
    /// Why it may not be made on the channel that was asked for: names of `ContactReason`.
    #[field(example = "[\"NO_CONSENT\"]")]
    pub reasons: TextSet,
    /// When it was decided.
    #[field()]
    pub decided_at: Timestamp,
    /// When to ask again, where only time stands in the way.
    #[field()]
    pub not_before: Option<Timestamp>,
    /// The entry of the consent ledger that decided.
    #[field(
        refers = "consent",
        inverse = "contactDecisions",
        inverse_description = "The decisions that rest on this entry.",
        on_delete = "clear",
        example = "\"cns_01h455vb4pex5vsknk084sn02q\""
    )]
    pub consent_id: Option<Id>,
}
