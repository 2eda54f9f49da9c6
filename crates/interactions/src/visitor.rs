//! The visitor: somebody on our web site or in our app of whom nobody knows yet who it is.

use async_trait::async_trait;
use clientela_engine::Rules;
use clientela_engine::module::{ChangeKind, Draft};
use clientela_kernel::{Context, FieldProblem, Id, ProblemCode, Timestamp, Value};
use clientela_macros::resource;

/// Somebody on a web site or in an app: known by an id in the browser or on the device until somebody finds out who it is.
#[resource(name = "visitor", prefix = "vis", label = "anonymousId", unique("visitor_anonymous_id_key", "anonymousId"))]
pub struct Model {
    /// The id that the web site or the app gave: a cookie's value, a device's number.
    #[field(max = 200, write = "immutable", example = "\"b7f0c2d4-51a7-4d0e-9a53-5a8d4a1f1c11\"")]
    pub anonymous_id: String,
    /// Who it is, once that is known: the id of a party, a contact or an account.
    #[field(
        refers = "party",
        inverse = "visitors",
        inverse_description = "The browsers and devices of this party.",
        on_delete = "clear",
        personal = "own",
        example = "\"con_01h455vb4pex5vsknk084sn02q\""
    )]
    pub party_id: Option<Id>,
    /// When the visitor was first seen: when the record is made, where you leave it out.
    #[field(derived)]
    pub first_seen_at: Timestamp,
    /// When the visitor was last seen. Events move it on, to within half an hour.
    #[field(derived)]
    pub last_seen_at: Timestamp,
    /// BCP 47 tag of the language the browser or device asks for.
    #[field(format = "language", max = 35, example = "\"de-AT\"")]
    pub language: Option<String>,
    /// Where the visitor came from first: the address of the page with the link.
    #[field(format = "url", max = 500, example = "\"https://news.example/alpine-cheese\"")]
    pub referrer: Option<String>,
    /// What the browser or device calls itself.
    #[field(max = 500, no_sort, example = "\"Mozilla/5.0 (Windows NT 10.0; Win64; x64)\"")]
    pub user_agent: Option<String>,
}

/// The rules of visitors.
pub struct VisitorRules;

#[async_trait]
impl Rules for VisitorRules {
    fn derive(&self, context: &Context, draft: &mut Draft) {
        let now = Value::Instant(context.now);
        let (first, last) = (draft.get("firstSeenAt").clone(), draft.get("lastSeenAt").clone());
        match (first.as_instant(), last.as_instant()) {
            (None, None) => {
                draft.set("firstSeenAt", now.clone());
                draft.set("lastSeenAt", now);
            }
            (Some(_), None) => draft.set("lastSeenAt", first),
            (None, Some(_)) => draft.set("firstSeenAt", last),
            // What is corrected takes the other along: seen earlier than was thought, or later.
            (Some(since), Some(until)) if until < since && draft.kind == ChangeKind::Updated => {
                if draft.changed("lastSeenAt") && !draft.changed("firstSeenAt") {
                    draft.set("firstSeenAt", last);
                } else if !draft.changed("lastSeenAt") {
                    draft.set("lastSeenAt", first);
                }
            }
            _ => {}
        }
    }

    fn check(&self, _context: &Context, draft: &Draft, problems: &mut Vec<FieldProblem>) {
        if let (Some(first), Some(last)) = (draft.get("firstSeenAt").as_instant(), draft.get("lastSeenAt").as_instant())
            && last < first
        {
            let text = format!("lastSeenAt is {}, before firstSeenAt, {}. Give them in their order.", last.to_text(), first.to_text());
            problems.push(FieldProblem::new("/lastSeenAt", ProblemCode::Contradiction, text));
        }
    }
}
