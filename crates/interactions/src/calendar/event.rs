//! Events of iCalendar as text and back.

use super::line::{Line, escape, lines, push, quoted, unescape};
use crate::meeting::MeetingStatus;
use crate::meeting_attendee::{AttendeeRole, MeetingAnswer};
use chrono::{DateTime, Duration, NaiveDate, NaiveDateTime, TimeZone as _, Utc};
use chrono_tz::Tz;
use clientela_kernel::Timestamp;

/// How many events one calendar may hold.
pub(super) const MAXIMUM_EVENTS: usize = 100;
/// How many attendees an event may have.
pub(super) const MAXIMUM_ATTENDEES: usize = 200;
/// Our own property: the zone in which the times are shown, since times are written in UTC.
const ZONE: &str = "X-CLIENTELA-TIME-ZONE";

/// What a calendar wants (RFC 5546), as far as we do it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    /// Events that take place: `REQUEST`, `PUBLISH`, or none.
    Publish,
    /// Events that do not: `CANCEL`.
    Cancel,
    /// Answers of attendees: `REPLY`.
    Reply,
}

/// An event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Event {
    pub(super) uid: String,
    pub(super) sequence: i64,
    pub(super) title: String,
    pub(super) description: Option<String>,
    pub(super) location: Option<String>,
    pub(super) status: MeetingStatus,
    pub(super) starts_at: Timestamp,
    pub(super) ends_at: Timestamp,
    pub(super) zone: Option<Tz>,
    pub(super) attendees: Vec<Attendee>,
}

/// Somebody who is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Attendee {
    pub(super) email: String,
    pub(super) name: Option<String>,
    pub(super) role: AttendeeRole,
    pub(super) answer: MeetingAnswer,
}

const ROLES: [(&str, AttendeeRole); 4] = [
    ("CHAIR", AttendeeRole::Chair),
    ("REQ-PARTICIPANT", AttendeeRole::Required),
    ("OPT-PARTICIPANT", AttendeeRole::Optional),
    ("NON-PARTICIPANT", AttendeeRole::Informed),
];
const ANSWERS: [(&str, MeetingAnswer); 4] = [
    ("NEEDS-ACTION", MeetingAnswer::NeedsAction),
    ("ACCEPTED", MeetingAnswer::Accepted),
    ("DECLINED", MeetingAnswer::Declined),
    ("TENTATIVE", MeetingAnswer::Tentative),
];
const STATES: [(&str, MeetingStatus); 3] =
    [("CONFIRMED", MeetingStatus::Confirmed), ("TENTATIVE", MeetingStatus::Tentative), ("CANCELLED", MeetingStatus::Canceled)];

fn named<T: Copy>(table: &[(&'static str, T)], name: &str) -> Option<T> {
    table.iter().find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| *value)
}

fn name_of<T: Copy + PartialEq>(table: &[(&'static str, T)], value: T) -> &'static str {
    table.iter().find(|(_, other)| *other == value).map_or("", |(name, _)| *name)
}

/// An option of a choice by its wire name.
pub(super) fn by_wire<T: Copy + clientela_model::Choice>(all: &[T], name: Option<&str>) -> Option<T> {
    all.iter().find(|option| Some(option.as_str()) == name).copied()
}

/// A calendar of one event.
pub(super) fn write(event: &Event, stamp: Timestamp) -> String {
    let mut out = String::new();
    let mut line = |text: String| push(&mut out, &text);
    for fixed in ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Clientela//Clientela 1.0//EN", "CALSCALE:GREGORIAN", "BEGIN:VEVENT"] {
        line(fixed.to_owned());
    }
    line(format!("UID:{}", escape(&event.uid)));
    line(format!("DTSTAMP:{}", utc(stamp)));
    line(format!("SEQUENCE:{}", event.sequence));
    line(format!("DTSTART:{}", utc(event.starts_at)));
    line(format!("DTEND:{}", utc(event.ends_at)));
    line(format!("SUMMARY:{}", escape(&event.title)));
    if let Some(description) = &event.description {
        line(format!("DESCRIPTION:{}", escape(description)));
    }
    if let Some(location) = &event.location {
        line(format!("LOCATION:{}", escape(location)));
    }
    line(format!("STATUS:{}", name_of(&STATES, event.status)));
    if let Some(zone) = event.zone {
        line(format!("{ZONE}:{}", zone.name()));
    }
    for attendee in &event.attendees {
        let name = attendee.name.as_ref().map_or(String::new(), |name| format!(";CN={}", quoted(name)));
        let (role, answer) = (name_of(&ROLES, attendee.role), name_of(&ANSWERS, attendee.answer));
        line(format!("ATTENDEE{name};ROLE={role};PARTSTAT={answer}:mailto:{}", attendee.email));
    }
    line("END:VEVENT".to_owned());
    line("END:VCALENDAR".to_owned());
    out
}

fn utc(at: Timestamp) -> String {
    at.to_chrono().format("%Y%m%dT%H%M%SZ").to_string()
}

/// Reads a calendar; times without a zone are in `zone`. The error says what is wrong with it.
pub(super) fn read(text: &str, zone: Tz) -> Result<(Method, Vec<Event>), String> {
    let all = lines(text).map_err(|line| format!("{line:?} is no line of one"))?;
    let is = |line: &Line, name: &str, value: &str| line.name == name && line.value.trim().eq_ignore_ascii_case(value);
    if !all.first().is_some_and(|line| is(line, "BEGIN", "VCALENDAR")) || !all.last().is_some_and(|line| is(line, "END", "VCALENDAR")) {
        return Err("it must begin with BEGIN:VCALENDAR and end with END:VCALENDAR".to_owned());
    }
    let (mut open, mut method, mut events): (Vec<String>, _, _) = (Vec::new(), Method::Publish, Vec::new());
    let mut event: Vec<&Line> = Vec::new();
    for line in &all {
        match line.name.as_str() {
            "BEGIN" => {
                open.push(line.value.trim().to_ascii_uppercase());
                // An alarm within an event is no other event.
                if open.len() == 2 {
                    event.clear();
                }
            }
            "END" => {
                let closed = open.pop().unwrap_or_default();
                if closed != line.value.trim().to_ascii_uppercase() {
                    return Err(format!("END:{} closes what is not open", line.value.trim()));
                }
                if closed == "VEVENT" && open.len() == 1 {
                    events.push(read_event(&std::mem::take(&mut event), method, zone)?);
                }
            }
            "METHOD" if open.len() == 1 => {
                method = match line.value.trim().to_ascii_uppercase().as_str() {
                    "PUBLISH" | "REQUEST" => Method::Publish,
                    "CANCEL" => Method::Cancel,
                    "REPLY" => Method::Reply,
                    other => return Err(format!("METHOD is {other}; PUBLISH, REQUEST, CANCEL and REPLY are understood")),
                };
            }
            _ if open.len() == 2 => event.push(line),
            _ => {}
        }
    }
    if !open.is_empty() {
        return Err("it ends before all of its parts do".to_owned());
    }
    match events.len() {
        0 => Err("it holds no VEVENT".to_owned()),
        count if count > MAXIMUM_EVENTS => Err(format!("it holds {count} events; {MAXIMUM_EVENTS} are taken at once")),
        _ => Ok((method, events)),
    }
}

fn read_event(lines: &[&Line], method: Method, zone: Tz) -> Result<Event, String> {
    let find = |name: &str| lines.iter().find(|line| line.name == name);
    let text = |name: &str| find(name).map(|line| unescape(&line.value)).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    let uid = text("UID").ok_or("an event lacks its UID")?;
    if let Some(rule) = ["RRULE", "RDATE", "RECURRENCE-ID"].into_iter().find(|name| find(name).is_some()) {
        return Err(format!("the event {uid:?} recurs ({rule}), and meetings do not: send each as an event of its own"));
    }
    let sequence = text("SEQUENCE").map_or(Some(0), |text| text.parse().ok().filter(|number| (0..=2_147_483_647).contains(number)));
    let sequence = sequence.ok_or_else(|| format!("SEQUENCE of the event {uid:?} is no number from 0 on"))?;
    let start = find("DTSTART").map(|line| moment(line, zone)).transpose()?;
    let (starts_at, days, named) = match start {
        Some(start) => start,
        // An answer may leave out everything but who answers.
        None if method != Method::Publish => (DateTime::<Utc>::UNIX_EPOCH, false, None),
        None => return Err(format!("the event {uid:?} lacks its DTSTART")),
    };
    let ends_at = match (find("DTEND"), text("DURATION")) {
        (Some(line), _) => moment(line, zone)?.0,
        (None, Some(duration)) => starts_at + span(&duration).ok_or_else(|| format!("DURATION {duration:?} is none"))?,
        (None, None) if days => starts_at + Duration::days(1),
        (None, None) => starts_at,
    };
    if ends_at < starts_at {
        return Err(format!("the event {uid:?} ends before it begins"));
    }
    let status = text("STATUS").map_or(Some(MeetingStatus::Confirmed), |status| named_status(&status));
    let status = status.ok_or_else(|| format!("STATUS of the event {uid:?} is none of CONFIRMED, TENTATIVE and CANCELLED"))?;
    let own = text(ZONE).and_then(|name| name.parse().ok());
    let attendees: Vec<Attendee> = lines.iter().filter(|line| line.name == "ATTENDEE").filter_map(|line| attendee(line)).collect();
    if attendees.len() > MAXIMUM_ATTENDEES {
        return Err(format!("the event {uid:?} has {} attendees; {MAXIMUM_ATTENDEES} are taken", attendees.len()));
    }
    Ok(Event {
        sequence,
        title: text("SUMMARY").unwrap_or_else(|| "Meeting".to_owned()),
        description: text("DESCRIPTION"),
        location: text("LOCATION"),
        status: if method == Method::Cancel { MeetingStatus::Canceled } else { status },
        starts_at: Timestamp(starts_at.timestamp_millis()),
        ends_at: Timestamp(ends_at.timestamp_millis()),
        zone: own.or(named),
        attendees,
        uid,
    })
}

fn named_status(name: &str) -> Option<MeetingStatus> {
    named(&STATES, name)
}

/// Who is asked, where it is somebody with an e-mail address.
fn attendee(line: &Line) -> Option<Attendee> {
    let value = line.value.trim();
    let scheme = value.get(..7).filter(|scheme| scheme.eq_ignore_ascii_case("mailto:"))?;
    let name = line.parameter("CN").map(|name| name.trim().to_owned()).filter(|name| !name.is_empty());
    let role = line.parameter("ROLE").and_then(|role| named(&ROLES, role)).unwrap_or(AttendeeRole::Required);
    let answer = line.parameter("PARTSTAT").and_then(|answer| named(&ANSWERS, answer)).unwrap_or(MeetingAnswer::NeedsAction);
    Some(Attendee { email: value.get(scheme.len()..)?.trim().to_owned(), name, role, answer })
}

/// A moment, whether it is a whole day, and the zone it names.
fn moment(line: &Line, zone: Tz) -> Result<(DateTime<Utc>, bool, Option<Tz>), String> {
    let value = line.value.trim();
    let wrong = || format!("{} is {value:?}, which is no time", line.name);
    let named = match line.parameter("TZID") {
        Some(name) => {
            let found = name.trim_start_matches('/').parse::<Tz>();
            Some(found.map_err(|_| format!("{} names the zone {name:?}, which is no IANA time zone", line.name))?)
        }
        None => None,
    };
    if let Some(text) = value.strip_suffix('Z') {
        let at = NaiveDateTime::parse_from_str(text, "%Y%m%dT%H%M%S").map_err(|_| wrong())?;
        return Ok((at.and_utc(), false, named));
    }
    let (local, days) = match NaiveDateTime::parse_from_str(value, "%Y%m%dT%H%M%S") {
        Ok(local) => (local, false),
        Err(_) => {
            let day = NaiveDate::parse_from_str(value, "%Y%m%d").map_err(|_| wrong())?;
            (day.and_hms_opt(0, 0, 0).ok_or_else(wrong)?, true)
        }
    };
    let zone = named.unwrap_or(zone);
    // What the clock leaves out is read by the clock before it was moved (RFC 5545 §3.3.5).
    let at = zone.from_local_datetime(&local).earliest();
    let at = at.or_else(|| Some(zone.from_local_datetime(&(local - Duration::hours(3))).earliest()? + Duration::hours(3)));
    Ok((at.ok_or_else(wrong)?.with_timezone(&Utc), days, named))
}

/// A duration of weeks, days, hours, minutes and seconds.
fn span(text: &str) -> Option<Duration> {
    let mut rest = text.trim_start_matches('+').strip_prefix('P')?;
    let mut total = Duration::zero();
    while !rest.is_empty() {
        rest = rest.strip_prefix('T').unwrap_or(rest);
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (number, left) = rest.split_at(digits);
        let number: i64 = number.parse().ok().filter(|number| *number < 1_000_000)?;
        let mut letters = left.chars();
        total += match letters.next()? {
            'W' => Duration::weeks(number),
            'D' => Duration::days(number),
            'H' => Duration::hours(number),
            'M' => Duration::minutes(number),
            'S' => Duration::seconds(number),
            _ => return None,
        };
        rest = letters.as_str();
    }
    Some(total)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A text as fields hold it: without control characters and blanks around it.
    fn text() -> impl Strategy<Value = String> {
        "[a-zA-ZäöüÄé€😀 ,;:\\\\\"^'\n]{0,200}".prop_map(|text| format!("x{}", text.trim_end()))
    }

    fn event() -> impl Strategy<Value = Event> {
        let attendee = (text(), 0..4usize, 0..4usize, "[a-z]{1,20}").prop_map(|(name, role, answer, email)| Attendee {
            email: format!("{email}@customer.example"),
            name: Some(name),
            role: ROLES[role].1,
            answer: ANSWERS[answer].1,
        });
        let times = (0..4_000_000_000i64, 0..1_000_000i64, 0..3usize, 0..100i64);
        let texts = (text(), text(), prop::option::of(text()), prop::option::of(text()));
        (times, texts, prop::collection::vec(attendee, 0..5)).prop_map(
            |((start, length, status, sequence), (uid, title, description, location), attendees)| Event {
                uid,
                sequence,
                title,
                description,
                location,
                status: STATES[status].1,
                starts_at: Timestamp(start * 1_000),
                ends_at: Timestamp((start + length) * 1_000),
                zone: Some(chrono_tz::Europe::Vienna),
                attendees,
            },
        )
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(event in event()) {
            let text = write(&event, Timestamp(0));
            prop_assert!(text.split("\r\n").all(|line| line.len() <= 75));
            prop_assert_eq!(read(&text, chrono_tz::UTC).unwrap(), (Method::Publish, vec![event]));
        }

        #[test]
        fn nothing_makes_it_stumble(text in "(BEGIN|END|:|VEVENT|VCALENDAR|\n|DTSTART|;|=|\"|[ -~äö]){0,60}") {
            let _ = read(&text, chrono_tz::UTC);
        }
    }

    fn one(lines: &str) -> Result<Event, String> {
        let text = format!("BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:u\r\n{lines}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n");
        read(&text, chrono_tz::Europe::Rome).map(|(_, mut events)| events.remove(0))
    }

    #[test]
    fn times_in_every_form() {
        let start = |lines: &str| one(lines).map(|event| event.starts_at.to_text());
        assert_eq!(start("DTSTART:20260401T080000Z").unwrap(), "2026-04-01T08:00:00.000Z");
        assert_eq!(start("DTSTART;TZID=America/New_York:20260401T080000").unwrap(), "2026-04-01T12:00:00.000Z");
        assert_eq!(start("DTSTART:20260401T080000").unwrap(), "2026-04-01T06:00:00.000Z", "by the caller's clock");
        assert_eq!(start("DTSTART;TZID=Europe/Vienna:20260329T023000").unwrap(), "2026-03-29T01:30:00.000Z", "an hour that is left out");
        let day = one("DTSTART;VALUE=DATE:20260401").unwrap();
        assert_eq!((day.starts_at.to_text(), day.ends_at.0 - day.starts_at.0), ("2026-03-31T22:00:00.000Z".to_owned(), 86_400_000));
        assert_eq!(one("DTSTART:20260401T080000Z\r\nDURATION:PT1H30M").map(|event| event.ends_at.0 - event.starts_at.0), Ok(5_400_000));
        for wrong in [
            "DTSTART:tomorrow",
            "DTSTART;TZID=Nowhere:20260401T080000",
            "SUMMARY:no time",
            "DTSTART:20260401T080000Z\r\nDTEND:20260401T070000Z",
            "DTSTART:20260401T080000Z\r\nRRULE:FREQ=DAILY",
            "DTSTART:20260401T080000Z\r\nDURATION:P1X",
        ] {
            assert!(one(wrong).is_err(), "{wrong}");
        }
        assert!(read("BEGIN:VCALENDAR\r\nEND:VCALENDAR", chrono_tz::UTC).is_err());
        assert!(read("BEGIN:VCALENDAR\r\nMETHOD:COUNTER\r\nEND:VCALENDAR", chrono_tz::UTC).is_err());
    }
}
