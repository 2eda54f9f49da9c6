//! `timeline` and the types of its answer.

use super::types::{Definition, EnumValue, InputField, Kind, OutputField, Role, list, nullable, required, required_list};
use clientela_model::Registry;
use clientela_model::timeline::CHANGE;

/// Whether any record has a timeline.
pub(super) fn is_there(registry: &Registry) -> bool {
    !registry.timeline_kinds().is_empty()
}

/// The root field.
pub(super) fn field() -> OutputField {
    let text = "Everything there is about a party in one list, the latest first: contacts, tasks, meetings, notes, what it did on web sites, consents, \
                decisions, and changes of the record itself. A contact and the accounts of that person have the same timeline, that of their \
                party. What you may not read is no part of it. Null where there is no such record.";
    OutputField::new("timeline", nullable("Timeline"), Role::Timeline, text).with_arguments(vec![
        InputField::new("id", required("ID"), "Id of a party, or of what stands for one: a contact, an account."),
        InputField::new("kinds", list("TimelineKind"), "Entries of these kinds alone; of all where absent."),
        InputField::new("from", nullable("DateTime"), "Only entries from this moment on."),
        InputField::new("to", nullable("DateTime"), "Only entries before this moment."),
        InputField::new("first", nullable("Int"), "The latest so many entries, 1 to 1000; 50 where absent."),
        InputField::new("after", nullable("String"), "Only what comes after this place: `next` of the page before."),
    ])
}

/// `Timeline`, `TimelineEntry` and `TimelineKind`.
pub(super) fn definitions(registry: &Registry) -> Vec<Definition> {
    let part = |name: &'static str, ty, text: &str| OutputField::new(name, ty, Role::Member(name), text);
    let page = vec![
        part("entries", required_list("TimelineEntry"), "The entries, the latest first."),
        part("hasMore", required("Boolean"), "Whether older entries follow."),
        part("next", nullable("String"), "Where to continue with `after`; null where nothing follows."),
    ];
    let entry = vec![
        part("kind", required("TimelineKind"), "What it is."),
        part(
            "type",
            nullable("String"),
            "Of what sort it is or how it stands, such as `CALL`, `COMPLETED` or `GRANTED`; of a change what happened, such as `UPDATED`. Null where the \
             record says nothing of the kind.",
        ),
        part("at", required("DateTime"), "When it happened, or will."),
        part("title", nullable("String"), "What it is about, in a line; null where nothing says it."),
        part("resource", required("String"), "What kind of record it is."),
        part("id", required("ID"), "The record; of a change the one that was changed."),
        part("actor", required("ID"), "Who made it: the id of a user, an API key or the system itself."),
        part("link", required("String"), "Where REST has it: the address of the record, of a change that of the record's history."),
        part("version", nullable("Int"), "Of a change: the record's version after it."),
        part("fields", required_list("String"), "Of a change: the fields it changed. Empty otherwise."),
        OutputField::new("record", nullable("Node"), Role::Node, "The record as it is now; null where it has gone."),
    ];
    let value = |kind: String| {
        let words = kind.to_lowercase().replace('_', " ");
        let description =
            if kind == CHANGE { "A change of the customer's own record.".to_owned() } else { format!("Shows a record: {words}.") };
        EnumValue { name: kind, description }
    };
    let kinds = registry.timeline_kinds().into_iter().map(value).collect();
    vec![
        Definition::object("Timeline", "A page of the timeline of a party.", false, page),
        Definition::object("TimelineEntry", "An entry of a timeline.", false, entry),
        Definition::new("TimelineKind", "What an entry of a timeline is.", Kind::Enum(kinds)),
    ]
}
