//! `changes` and the subscriptions, with the types of their answers.

use super::types::{Definition, EnumValue, InputField, Kind, OutputField, Role, list, nullable, required, required_list};
use clientela_engine::feed::FeedKind;
use clientela_model::{Registry, ResourceDef, naming};

const FOLLOWED: &str = "What changed of that which you may see: records that were made, changed, deleted, erased, and records that came into sight or went out of it \
     because a role, a share, an owner, a team or the time changed. Rights hold as they are at this moment.";

/// The root field of queries.
pub(super) fn root() -> OutputField {
    let text = format!(
        "{FOLLOWED} Without `after` it begins with everything there is (`PRESENT`), so that a copy is made and kept by one loop: read, apply, go on from \
         `pageInfo.endCursor`, also of an empty page."
    );
    OutputField::new("changes", nullable("FeedConnection"), Role::Feed, text).with_arguments(arguments())
}

/// What a page is asked for by.
pub(super) fn arguments() -> Vec<InputField> {
    let mut arguments = followed();
    arguments.push(InputField::new("first", nullable("Int"), "At most so many entries, 1 to 1000; 50 where absent."));
    arguments.push(InputField::new("after", nullable("String"), "Only what comes after this cursor."));
    arguments
}

fn followed() -> Vec<InputField> {
    vec![
        InputField::new(
            "resources",
            list("String"),
            "Only records of these resources, such as `account`; of all that you may read where absent.",
        ),
        InputField::new(
            "filter",
            nullable("JSON"),
            "Only records that satisfy the filter tree of their resource: `{account: {country: {eq: \"AT\"}}}`. Whoever satisfies it no longer is told as `LEFT`.",
        ),
        InputField::new(
            "scope",
            nullable("ID"),
            "A sync scope that says which resources and which of their records, instead of the two above. Where it changes, what comes into it is told as `ACCESS_GAINED`, what goes out of it as `LEFT`.",
        ),
    ]
}

/// The subscriptions: one over everything, and one for each resource.
pub(super) fn subscriptions(registry: &Registry) -> Vec<OutputField> {
    let after = || InputField::new("after", nullable("String"), "Goes on after this cursor, without a gap; from now on where absent.");
    let mut arguments = followed();
    arguments.push(after());
    let everything = format!("{FOLLOWED} One event an entry, from now on or from a cursor on.");
    let mut fields = vec![OutputField::new("changes", required("FeedEntry"), Role::Live(None), everything).with_arguments(arguments)];
    for (index, def) in registry.resources().iter().enumerate().filter(|(_, def)| !def.mirror) {
        let text = format!("What changes of {}, from now on or from a cursor on. See `changes`.", naming::words(&def.plural));
        let filter = InputField::new("filter", nullable(&format!("{}Filter", def.type_name)), "Only records that satisfy this.");
        fields.push(
            OutputField::new(format!("{}Changed", def.name), required(&change(def)), Role::Live(Some(index)), text)
                .with_arguments(vec![filter, after()]),
        );
    }
    fields
}

fn change(def: &ResourceDef) -> String {
    format!("{}Change", def.type_name)
}

/// The type of the entries of one resource.
pub(super) fn of_resource(def: &ResourceDef) -> Option<Definition> {
    let text = format!("What happened to one of the {}.", naming::words(&def.plural));
    (!def.mirror).then(|| Definition::object(&change(def), &text, false, entry(&def.type_name)))
}

/// The shared types.
pub(super) fn shared() -> Vec<Definition> {
    let connection = vec![
        OutputField::new("edges", required_list("FeedEdge"), Role::Edges, "The entries with their cursors."),
        OutputField::new("nodes", required_list("FeedEntry"), Role::Nodes, "The entries, in order."),
        OutputField::new(
            "pageInfo",
            required("PageInfo"),
            Role::PageInfo,
            "Where the page stands. `endCursor` is there also where the page is empty.",
        ),
    ];
    let edge = vec![
        OutputField::new("cursor", required("String"), Role::Cursor, "The place behind the entry, for `after`."),
        OutputField::new("node", required("FeedEntry"), Role::Node, "The entry."),
    ];
    let kind = |(kind, text): &(FeedKind, &str)| EnumValue { name: kind.name().to_owned(), description: (*text).to_owned() };
    vec![
        Definition::object("FeedConnection", "A page of the feed.", false, connection),
        Definition::object("FeedEdge", "An entry of the feed with its place.", false, edge),
        Definition::object("FeedEntry", "What happened to a record.", false, entry("Node")),
        Definition::new("FeedKind", "What an entry of the feed says.", Kind::Enum(FeedKind::ALL.iter().map(kind).collect())),
    ]
}

fn entry(record: &str) -> Vec<OutputField> {
    let part = |name: &'static str, ty, text: &str| OutputField::new(name, ty, Role::Member(name), text);
    vec![
        part("kind", required("FeedKind"), "What happened."),
        part("resource", required("String"), "What kind of record it is."),
        part("id", required("ID"), "The record."),
        part(
            "version",
            nullable("Int"),
            "The record's version after the change, or as it is; a copy ignores what is not above its own. Null where the record is out of sight.",
        ),
        part("at", nullable("DateTime"), "When it changed; null where it is no change of the record itself."),
        part("actor", nullable("ID"), "Who changed it: the id of a user, an API key or the system itself."),
        part("requestId", nullable("String"), "The request that changed it."),
        part("fields", required_list("String"), "The fields that were changed, of those that you may see."),
        OutputField::new("cursor", required("String"), Role::Cursor, "The place behind this entry, for `after`."),
        OutputField::new(
            "changed",
            nullable("JSON"),
            Role::Changed,
            "Instead of `record`: what a copy lacks that has followed up to here, as `GET /v1/changes?record=changed` shows it. Of an `UPDATED` entry only the fields that were changed, of others the whole record.",
        ),
        OutputField::new("record", nullable(record), Role::Node, "The record as it is now; null where it is gone or out of sight."),
    ]
}
