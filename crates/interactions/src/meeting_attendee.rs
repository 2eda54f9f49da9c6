//! Who is asked to come to a meeting.

use async_trait::async_trait;
use clientela_engine::Rules;
use clientela_engine::module::Draft;
use clientela_kernel::{Context, Id, Timestamp, Value};
use clientela_macros::{Choice, resource};
use clientela_model::Choice as _;

/// What somebody who was asked has answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Choice)]
pub enum MeetingAnswer {
    /// Nothing yet, or nothing since the meeting was moved.
    NeedsAction,
    /// Comes.
    Accepted,
    /// Does not come.
    Declined,
    /// May come.
    Tentative,
}

/// The part somebody has at a meeting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Choice)]
pub enum AttendeeRole {
    /// Leads it.
    Chair,
    /// Is needed.
    Required,
    /// Is welcome.
    Optional,
    /// Is told of it and not expected.
    Informed,
}

/// Somebody who is asked to come to a meeting. Calendars know people by their e-mail address, so each attendee has one.
#[resource(
    name = "meetingAttendee",
    prefix = "mta",
    label = "email",
    unattachable,
    unique("meeting_attendee_meeting_email_key", "meetingId", "email")
)]
pub struct Model {
    /// The meeting.
    #[field(
        refers = "meeting",
        inverse = "attendees",
        inverse_description = "Who is asked to come.",
        on_delete = "cascade",
        personal = "shared",
        write = "immutable",
        example = "\"mtg_01h455vb4pex5vsknk084sn02q\""
    )]
    pub meeting_id: Id,
    /// The e-mail address by which the attendee is asked.
    #[field(format = "email", max = 254, folded, write = "immutable", example = "\"anna.gruber@bergkaeserei.example\"")]
    pub email: String,
    /// What the attendee is called.
    #[field(max = 200, folded, example = "\"Anna Gruber\"")]
    pub name: Option<String>,
    /// The customer who that is: the id of a party, a contact or an account.
    #[field(
        refers = "party",
        inverse = "meetingAttendances",
        inverse_description = "The meetings this party is asked to.",
        on_delete = "clear",
        personal = "own",
        example = "\"con_01h455vb4pex5vsknk084sn02q\""
    )]
    pub party_id: Option<Id>,
    /// The colleague who that is.
    #[field(
        refers = "user",
        inverse = "meetingAttendances",
        inverse_description = "The meetings this user is asked to.",
        on_delete = "clear",
        example = "\"usr_01h455vb4pex5vsknk084sn02q\""
    )]
    pub user_id: Option<Id>,
    /// The part the attendee has.
    #[field(default = "\"REQUIRED\"")]
    pub role: AttendeeRole,
    /// What the attendee has answered. Asked anew when the meeting is moved.
    #[field(default = "\"NEEDS_ACTION\"")]
    pub answer: MeetingAnswer,
    /// When the attendee answered; empty while there is no answer.
    #[field(write = "read_only", derived, example = "null")]
    pub answered_at: Option<Timestamp>,
}

/// The rules of attendees.
pub struct MeetingAttendeeRules;

#[async_trait]
impl Rules for MeetingAttendeeRules {
    fn derive(&self, context: &Context, draft: &mut Draft) {
        if draft.get("answer").as_text() == Some(MeetingAnswer::NeedsAction.as_str()) {
            draft.set("answeredAt", Value::Null);
        } else if draft.changed("answer") {
            draft.set("answeredAt", Value::Instant(context.now));
        }
    }
}
