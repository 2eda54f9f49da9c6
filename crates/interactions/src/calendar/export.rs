//! *exportCalendar*.

use super::event::{self, Attendee, Event, MAXIMUM_ATTENDEES};
use crate::meeting::MeetingStatus;
use crate::meeting_attendee::{AttendeeRole, MeetingAnswer};
use async_trait::async_trait;
use clientela_engine::module::Found;
use clientela_engine::{Call, Operation};
use clientela_kernel::{Comparison, Error, ErrorCode, Filter, Result, Value};
use clientela_macros::Shape;
use clientela_model::OperationDef;

/// Writes a meeting as a calendar.
pub struct ExportCalendar;

/// Nothing more is needed.
#[derive(Shape)]
pub struct WantedCalendar {
    /// Whether the attendees are named with their answers; not in what goes to everybody.
    #[field(default = "true", example = "true")]
    pub attendees: bool,
}

/// The calendar.
#[derive(Shape)]
pub struct WrittenCalendar {
    /// An iCalendar object (RFC 5545) of one event, to be saved as an `.ics` file of type `text/calendar`. Times are in UTC.
    #[field(max = 500_000, example = "\"BEGIN:VCALENDAR\\r\\nVERSION:2.0\\r\\nEND:VCALENDAR\\r\\n\"")]
    pub calendar: String,
}

#[async_trait]
impl Operation for ExportCalendar {
    type Input = WantedCalendar;
    type Output = WrittenCalendar;

    fn definition() -> OperationDef {
        OperationDef::reading::<WantedCalendar, WrittenCalendar>(
            "exportCalendar",
            "meeting",
            "export-calendar",
            "Writes a meeting as an iCalendar object (RFC 5545), which calendars import and update by its `uid` and `sequence`.",
        )
        .on_record()
    }

    async fn run(&self, call: &Call<'_>, wanted: WantedCalendar) -> Result<WrittenCalendar> {
        let meeting = call.target()?;
        let of_this = Filter::field("meetingId", Comparison::Equal(Value::Id(meeting.id.0)));
        let found = if wanted.attendees { call.find("meetingAttendee", of_this).await? } else { Vec::new() };
        if found.len() > MAXIMUM_ATTENDEES {
            let text = format!(
                "The meeting has {} attendees; a calendar names {MAXIMUM_ATTENDEES}. Leave them out with attendees: false.",
                found.len()
            );
            return Err(Error::new(ErrorCode::QueryTooComplex, text));
        }
        let event = event(meeting, &found).ok_or_else(|| Error::internal("a meeting without its fields"))?;
        Ok(WrittenCalendar { calendar: event::write(&event, call.now()) })
    }
}

fn text(found: &Found, field: &str) -> Option<String> {
    found.get(field).as_text().map(str::to_owned)
}

fn event(meeting: &Found, attendees: &[Found]) -> Option<Event> {
    use MeetingStatus::{Canceled, Confirmed, Tentative};
    let attendee = |found: &Found| {
        let roles = [AttendeeRole::Chair, AttendeeRole::Required, AttendeeRole::Optional, AttendeeRole::Informed];
        let answers = [MeetingAnswer::NeedsAction, MeetingAnswer::Accepted, MeetingAnswer::Declined, MeetingAnswer::Tentative];
        Some(Attendee {
            email: text(found, "email")?,
            name: text(found, "name"),
            role: event::by_wire(&roles, found.get("role").as_text())?,
            answer: event::by_wire(&answers, found.get("answer").as_text())?,
        })
    };
    Some(Event {
        uid: text(meeting, "uid")?,
        sequence: meeting.get("sequence").as_integer()?,
        title: text(meeting, "title")?,
        description: text(meeting, "description"),
        location: text(meeting, "location"),
        status: event::by_wire(&[Confirmed, Tentative, Canceled], meeting.get("status").as_text())?,
        starts_at: meeting.get("startsAt").as_instant()?,
        ends_at: meeting.get("endsAt").as_instant()?,
        zone: text(meeting, "timeZone").and_then(|name| name.parse().ok()),
        attendees: attendees.iter().filter_map(attendee).collect(),
    })
}
