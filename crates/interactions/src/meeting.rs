//! The meeting: an appointment with others.

use crate::meeting_attendee::{COPIES, MeetingAnswer};
use async_trait::async_trait;
use clientela_engine::Rules;
use clientela_engine::module::{ChangeKind, Companion, Draft, RuleReader};
use clientela_kernel::{Comparison, Context, FieldProblem, Filter, Id, ProblemCode, Result, Timestamp, Value};
use clientela_macros::{Choice, resource};
use clientela_model::Choice as _;

/// Whether it takes place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Choice)]
pub enum MeetingStatus {
    /// It takes place.
    Confirmed,
    /// It may take place.
    Tentative,
    /// It does not take place.
    Canceled,
}

/// An appointment with others, which calendars know by its `uid`. Who is asked to come is in its attendees.
#[resource(
    name = "meeting",
    prefix = "mtg",
    label = "title",
    owned,
    tagged,
    unique("meeting_uid_key", "uid"),
    timeline(of = "recordId", at = "startsAt", title = "title", sort = "status")
)]
pub struct Model {
    /// What it is about, in a line.
    #[field(search = "name", max = 300, folded, example = "\"Assortment for the winter season\"")]
    pub title: String,
    /// What is to be talked about.
    #[field(search = "text", max = 20_000, no_sort, example = "\"1. Hard cheese. 2. Deliveries before Christmas.\"")]
    pub description: Option<String>,
    /// When it begins.
    #[field(example = "\"2026-01-31T08:15:00.000Z\"")]
    pub starts_at: Timestamp,
    /// When it ends, not before it begins.
    #[field(example = "\"2026-01-31T09:00:00.000Z\"")]
    pub ends_at: Timestamp,
    /// IANA name of the zone in which its times are shown: that of the request, where you leave it out.
    #[field(format = "time_zone", max = 64, derived, example = "\"Europe/Vienna\"")]
    pub time_zone: String,
    /// Where it takes place: a room, an address, a link.
    #[field(search = "detail", max = 500, folded, example = "\"Dairy, first floor\"")]
    pub location: Option<String>,
    /// Whether it takes place.
    #[field(default = "\"CONFIRMED\"")]
    pub status: MeetingStatus,
    /// The record the meeting is about, of any type: the prefix of the id tells which. The meeting is deleted and comes back with it.
    #[field(
        refers_any,
        inverse = "meetings",
        inverse_description = "The meetings about this record.",
        on_delete = "cascade",
        example = "\"acc_01h455vb4pex5vsknk084sn02q\""
    )]
    pub record_id: Option<AnyId>,
    /// By what calendars know it everywhere and for ever (RFC 5545, UID); made of the id, where you leave it out.
    #[field(max = 255, write = "immutable", derived, example = "\"mtg_01h455vb4pex5vsknk084sn02q@clientela\"")]
    pub uid: String,
    /// Counts the changes that those who are asked must hear of, from 0 (RFC 5545, SEQUENCE): of times, zone, place and status.
    #[field(min = 0, max = 2_147_483_647, write = "read_only", derived, example = "0")]
    pub sequence: i64,
}

/// What everybody who comes must know.
const ANNOUNCED: [&str; 5] = ["startsAt", "endsAt", "timeZone", "location", "status"];

/// The rules of meetings.
pub struct MeetingRules;

#[async_trait]
impl Rules for MeetingRules {
    fn derive(&self, context: &Context, draft: &mut Draft) {
        if draft.get("timeZone").is_null() {
            draft.set("timeZone", context.zone.name().into());
        }
        if draft.get("uid").is_null() {
            draft.set("uid", format!("{}@clientela", Id::to_text(draft.id, "mtg")).into());
        }
        // A calendar that is taken brings a count of its own.
        if !draft.changed("sequence") {
            let before = draft.old("sequence").as_integer();
            let announced = draft.kind == ChangeKind::Updated && ANNOUNCED.iter().any(|field| draft.changed(field));
            draft.set("sequence", Value::Integer(before.unwrap_or(0) + i64::from(announced)));
        }
    }

    fn check(&self, _context: &Context, draft: &Draft, problems: &mut Vec<FieldProblem>) {
        if let (Some(starts), Some(ends)) = (draft.get("startsAt").as_instant(), draft.get("endsAt").as_instant())
            && ends < starts
        {
            let text = format!("endsAt is {}, before startsAt, {}: nothing ends before it begins.", ends.to_text(), starts.to_text());
            problems.push(FieldProblem::new("/endsAt", ProblemCode::Contradiction, text));
        }
    }

    /// Whoever has answered has answered for another time; and attendees hold copies.
    async fn companions(&self, _context: &Context, reader: &dyn RuleReader, draft: &Draft) -> Result<Vec<Companion>> {
        let moved = ["startsAt", "endsAt"].iter().any(|field| draft.changed(field));
        let copied: Vec<(&'static str, Value)> =
            COPIES.into_iter().filter(|field| draft.changed(field)).map(|field| (field, draft.get(field).clone())).collect();
        if draft.kind != ChangeKind::Updated || !moved && copied.is_empty() {
            return Ok(Vec::new());
        }
        let open: Value = MeetingAnswer::NeedsAction.as_str().into();
        let of_this = Filter::field("meetingId", Comparison::Equal(Value::Id(draft.id.0)));
        let mut patches = Vec::new();
        for attendee in reader.find("meetingAttendee", of_this).await? {
            let mut values = copied.clone();
            if moved && *attendee.get("answer") != open {
                values.extend([("answer", open.clone()), ("answeredAt", Value::Null)]);
            }
            if !values.is_empty() {
                patches.push(Companion::Patch { resource: "meetingAttendee", id: attendee.id, values });
            }
        }
        Ok(patches)
    }
}
