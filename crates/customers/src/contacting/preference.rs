//! The communication preference of a party.

use crate::consent::ContactChannel;
use async_trait::async_trait;
use clientela_engine::Rules;
use clientela_engine::module::Draft;
use clientela_kernel::{Context, FieldProblem, Id, ProblemCode, Timestamp};
use clientela_macros::resource;

/// How a party wishes to be contacted: in which language, on which channels, when, and how often. Consent says whether it may be
/// contacted at all; a party has one of these at most.
#[resource(name = "communicationPreference", prefix = "cpr", unique("communication_preference_party_key", "partyId"))]
pub struct Model {
    /// Whose wishes they are.
    #[field(
        refers = "party",
        inverse = "communicationPreferences",
        inverse_description = "How this party wishes to be contacted; one at most.",
        on_delete = "cascade",
        write = "immutable",
        example = "\"con_01h455vb4pex5vsknk084sn02q\""
    )]
    pub party_id: Id,
    /// The language to use.
    #[field(max = 35, format = "language", example = "\"de-AT\"")]
    pub language: Option<String>,
    /// The channel to try first.
    #[field(example = "\"PHONE\"")]
    pub first_channel: Option<ContactChannel>,
    /// The channel to try next.
    #[field(example = "\"EMAIL\"")]
    pub second_channel: Option<ContactChannel>,
    /// The channel to try last.
    #[field(example = "\"POSTAL\"")]
    pub third_channel: Option<ContactChannel>,
    /// When quiet hours begin, by the party's clock, `HH:MM`. In quiet hours nobody calls, visits, or sends what rings: telephone, text
    /// messages, chat, push messages; mail may go out. There are none where either end is empty.
    #[field(max = 5, format = "time", example = "\"21:00\"")]
    pub quiet_from: Option<String>,
    /// When quiet hours end; on the next day where that is not after `quietFrom`.
    #[field(max = 5, format = "time", example = "\"08:30\"")]
    pub quiet_until: Option<String>,
    /// Where the party's clock stands; the caller's zone where empty.
    #[field(max = 60, format = "time_zone", example = "\"Europe/Vienna\"")]
    pub time_zone: Option<String>,
    /// How many contacts within 24 hours are enough.
    #[field(min = 0, max = 500, example = "2")]
    pub most_per_day: Option<i64>,
    /// How many contacts within seven days are enough.
    #[field(min = 0, max = 500, example = "5")]
    pub most_per_week: Option<i64>,
    /// Until when the party wishes to hear nothing.
    #[field(example = "null")]
    pub paused_until: Option<Timestamp>,
    /// Whether the party wishes never to be contacted.
    #[field(default = "false")]
    pub do_not_contact: bool,
}

/// The rules of communication preferences.
pub struct PreferenceRules;

#[async_trait]
impl Rules for PreferenceRules {
    fn check(&self, _context: &Context, draft: &Draft, problems: &mut Vec<FieldProblem>) {
        let order = ["firstChannel", "secondChannel", "thirdChannel"];
        for (place, field) in order.iter().enumerate() {
            let channel = draft.get(field);
            if !channel.is_null() && order.iter().take(place).any(|before| draft.get(before) == channel) {
                let detail = format!("{field} names a channel that stands before it already. Name another, or none.");
                problems.push(FieldProblem::new(format!("/{field}"), ProblemCode::Contradiction, detail));
            }
        }
    }
}
