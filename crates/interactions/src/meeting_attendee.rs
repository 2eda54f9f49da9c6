//! Who is asked to come to a meeting.

use crate::meeting::MeetingStatus;
use async_trait::async_trait;
use clientela_engine::Rules;
use clientela_engine::module::{Draft, RuleReader};
use clientela_kernel::{Comparison, Context, Error, FieldProblem, Filter, Id, ProblemCode, Result, Timestamp, Value};
use clientela_macros::{Choice, resource};
use clientela_model::{Choice as _, system};

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
    unique("meeting_attendee_meeting_email_key", "meetingId", "email"),
    timeline(of = "partyId", at = "startsAt", title = "title", sort = "status", shows = "meetingId")
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
    /// When the meeting begins: a copy, so that a party's meetings are listed in order at once.
    #[field(write = "read_only", derived, copy_of = "meeting.startsAt")]
    pub starts_at: Timestamp,
    /// What the meeting is about: a copy, so that a party's meetings are listed at once.
    #[field(max = 300, write = "read_only", derived, copy_of = "meeting.title", example = "\"Assortment for the winter season\"")]
    pub title: String,
    /// Whether the meeting takes place: a copy, so that a party's meetings are listed at once.
    #[field(write = "read_only", derived, copy_of = "meeting.status")]
    pub status: MeetingStatus,
}

/// What an attendee copies of its meeting.
pub(crate) const COPIES: [&str; 3] = ["startsAt", "title", "status"];

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

    async fn look_up(&self, _context: &Context, reader: &dyn RuleReader, draft: &mut Draft) -> Result<()> {
        let meeting = draft.get("meetingId").clone();
        if meeting.is_null() {
            return Ok(());
        }
        let found = reader.find("meeting", Filter::field(system::ID, Comparison::Equal(meeting))).await?;
        let Some(meeting) = found.first() else {
            let text = "meetingId names no meeting: give the id of one that exists and is not deleted.";
            return Err(Error::validation(vec![FieldProblem::new("/meetingId", ProblemCode::ReferenceNotFound, text)]));
        };
        for field in COPIES {
            draft.set(field, meeting.get(field).clone());
        }
        Ok(())
    }
}
