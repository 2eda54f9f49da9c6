//! *importCalendar*.

use super::event::{self, Attendee, Event, MAXIMUM_EVENTS, Method};
use crate::meeting_attendee::MeetingAnswer;
use async_trait::async_trait;
use clientela_engine::module::{Found, check_format};
use clientela_engine::{Call, Operation, WriteAction};
use clientela_kernel::{Comparison, Error, FieldProblem, Filter, Id, ProblemCode, Result, Value, fold::fold};
use clientela_macros::Shape;
use clientela_model::{Choice as _, OperationDef, TextFormat};

/// Takes a calendar.
pub struct ImportCalendar;

/// The calendar.
#[derive(Shape)]
pub struct GivenCalendar {
    /// An iCalendar object (RFC 5545), at most 100 events.
    #[field(
        max = 500_000,
        example = "\"BEGIN:VCALENDAR\\r\\nVERSION:2.0\\r\\nPRODID:-//Example//EN\\r\\nBEGIN:VEVENT\\r\\nUID:4711@example.com\\r\\nDTSTAMP:20260101T080000Z\\r\\nDTSTART:20260131T081500Z\\r\\nDTEND:20260131T090000Z\\r\\nSUMMARY:Assortment\\r\\nEND:VEVENT\\r\\nEND:VCALENDAR\\r\\n\""
    )]
    pub calendar: String,
}

/// What came of it.
#[derive(Shape)]
pub struct TakenCalendar {
    /// The meetings of the events, in their order: made, changed, or as they were where the calendar says nothing newer.
    #[field(record = "meeting", most = 100)]
    pub meetings: Vec<Id>,
}

#[async_trait]
impl Operation for ImportCalendar {
    type Input = GivenCalendar;
    type Output = TakenCalendar;

    fn definition() -> OperationDef {
        OperationDef::writing::<GivenCalendar, TakenCalendar>(
            "importCalendar",
            "meeting",
            "import-calendar",
            "Takes an iCalendar object (RFC 5545): makes or changes the meeting of each event, by its UID, with its attendees. A lower SEQUENCE than \
             the meeting has changes nothing. METHOD:CANCEL cancels meetings that are there; METHOD:REPLY takes the attendees\u{2019} answers and nothing else. \
             Times without a zone are in that of the request. Events that recur are refused. All or nothing.",
        )
    }

    async fn run(&self, call: &Call<'_>, given: GivenCalendar) -> Result<TakenCalendar> {
        let (method, events) = event::read(&given.calendar, call.context.zone).map_err(|why| refuse(&why))?;
        let mut meetings = Vec::with_capacity(events.len().min(MAXIMUM_EVENTS));
        for event in &events {
            check(event)?;
            let by_uid = Filter::field("uid", Comparison::Equal(event.uid.as_str().into()));
            let there = call.find("meeting", by_uid).await?.pop();
            let meeting = match (method, there) {
                (Method::Publish, None) => publish(call, event, None).await?,
                (_, None) => return Err(refuse(&format!("there is no meeting with the UID {:?} that it is about", event.uid))),
                (_, Some(there)) if there.get("sequence").as_integer() > Some(event.sequence) => there.id,
                (Method::Publish, Some(there)) => publish(call, event, Some(&there)).await?,
                (Method::Cancel, Some(there)) => cancel(call, event, &there).await?,
                (Method::Reply, Some(there)) => reply(call, event, &there).await?,
            };
            if !meetings.contains(&meeting) {
                meetings.push(meeting);
            }
        }
        Ok(TakenCalendar { meetings })
    }
}

fn refuse(why: &str) -> Error {
    let text = format!("calendar is no calendar by RFC 5545 that can be taken: {why}.");
    Error::validation(vec![FieldProblem::new("/calendar", ProblemCode::InvalidFormat, text)])
}

/// Refuses what no meeting can hold.
fn check(event: &Event) -> Result<()> {
    let optional = |text: &Option<String>| text.clone().unwrap_or_default();
    let lengths = [("UID", event.uid.clone(), 255), ("SUMMARY", event.title.clone(), 300)];
    let more = [("DESCRIPTION", optional(&event.description), 20_000), ("LOCATION", optional(&event.location), 500)];
    let names = event.attendees.iter().map(|attendee| ("CN", optional(&attendee.name), 200));
    for (name, text, most) in lengths.into_iter().chain(more).chain(names) {
        if text.chars().count() > most {
            return Err(refuse(&format!("{name} of an event has more than {most} characters")));
        }
        if check_format(TextFormat::Plain, &text).is_err() {
            return Err(refuse(&format!("{name} of an event holds control characters")));
        }
    }
    match event.attendees.iter().find(|attendee| attendee.email.len() > 254 || check_format(TextFormat::Email, &attendee.email).is_err()) {
        Some(attendee) => Err(refuse(&format!("{:?} is no e-mail address of an attendee", attendee.email))),
        None => Ok(()),
    }
}

fn values(event: &Event) -> Vec<(&'static str, Value)> {
    let optional = |text: &Option<String>| text.as_deref().map_or(Value::Null, Value::from);
    let mut values = vec![
        ("title", event.title.as_str().into()),
        ("description", optional(&event.description)),
        ("location", optional(&event.location)),
        ("status", event.status.as_str().into()),
        ("startsAt", Value::Instant(event.starts_at)),
        ("endsAt", Value::Instant(event.ends_at)),
        ("sequence", Value::Integer(event.sequence)),
    ];
    values.extend(event.zone.map(|zone| ("timeZone", zone.name().into())));
    values
}

/// Makes the meeting or brings it up to date, with everybody who is asked.
async fn publish(call: &Call<'_>, event: &Event, there: Option<&Found>) -> Result<Id> {
    let id = match there {
        Some(there) => call.set("meeting", there.id, values(event), None).await?.id,
        None => {
            let mut values = values(event);
            values.push(("uid", event.uid.as_str().into()));
            call.create("meeting", values).await?.id
        }
    };
    let known = attendees(call, id).await?;
    for gone in known.iter().filter(|known| !event.attendees.iter().any(|attendee| is(known, attendee))) {
        call.write("meetingAttendee", WriteAction::Delete { id: gone.id, expected: None }).await?;
    }
    let mut seen: Vec<String> = Vec::new();
    for attendee in &event.attendees {
        let email = fold(&attendee.email);
        if seen.contains(&email) {
            continue;
        }
        seen.push(email);
        match known.iter().find(|known| is(known, attendee)) {
            Some(known) => {
                let mut values = vec![("role", attendee.role.as_str().into())];
                values.extend(attendee.name.as_deref().map(|name| ("name", name.into())));
                if attendee.answer != MeetingAnswer::NeedsAction {
                    values.push(("answer", attendee.answer.as_str().into()));
                }
                call.set("meetingAttendee", known.id, values, None).await?;
            }
            None => ask(call, id, attendee).await?,
        }
    }
    Ok(id)
}

async fn cancel(call: &Call<'_>, event: &Event, there: &Found) -> Result<Id> {
    let values = vec![("status", Value::from(event.status.as_str())), ("sequence", Value::Integer(event.sequence))];
    Ok(call.set("meeting", there.id, values, None).await?.id)
}

/// Takes the answers; who answers without having been asked is noted as welcome.
async fn reply(call: &Call<'_>, event: &Event, there: &Found) -> Result<Id> {
    let known = attendees(call, there.id).await?;
    for attendee in &event.attendees {
        match known.iter().find(|known| is(known, attendee)) {
            Some(known) => {
                call.set("meetingAttendee", known.id, vec![("answer", Value::from(attendee.answer.as_str()))], None).await?;
            }
            None => ask(call, there.id, attendee).await?,
        }
    }
    Ok(there.id)
}

async fn attendees(call: &Call<'_>, meeting: Id) -> Result<Vec<Found>> {
    call.find("meetingAttendee", Filter::field("meetingId", Comparison::Equal(Value::Id(meeting.0)))).await
}

fn is(known: &Found, attendee: &Attendee) -> bool {
    known.get("email").as_text().is_some_and(|email| fold(email) == fold(&attendee.email))
}

/// Notes somebody who is asked, and which customer that is where just one has this address.
async fn ask(call: &Call<'_>, meeting: Id, attendee: &Attendee) -> Result<()> {
    let customers = call.find("contact", Filter::field("email", Comparison::Same(fold(&attendee.email)))).await?;
    let party = match customers.as_slice() {
        [one] => one.get("partyId").clone(),
        _ => Value::Null,
    };
    let values = vec![
        ("meetingId", Value::Id(meeting.0)),
        ("email", attendee.email.as_str().into()),
        ("name", attendee.name.as_deref().map_or(Value::Null, Value::from)),
        ("role", attendee.role.as_str().into()),
        ("answer", attendee.answer.as_str().into()),
        ("partyId", party),
    ];
    call.create("meetingAttendee", values).await.map(drop)
}
