//! Events: what the changes of records are called where others hear of them, and what they look like.

use clientela_kernel::Timestamp;
use clientela_model::{ResourceDef, naming, system};
use clientela_store::ChangeKind;
use serde_json::{Map, Value as Json, json};

/// What can happen to a record, and what it means.
pub const KINDS: [(ChangeKind, &str); 5] = [
    (ChangeKind::Created, "was made"),
    (ChangeKind::Updated, "was changed"),
    (ChangeKind::Deleted, "was deleted; it can be restored"),
    (ChangeKind::Restored, "was restored after it had been deleted"),
    (ChangeKind::Erased, "was removed for good, with what the history kept of it"),
];

/// The name of an event: `account.created`.
pub fn name(resource: &str, kind: ChangeKind) -> String {
    named(resource, kind.as_str())
}

/// The same by the kind's name in the change log: `CREATED`.
pub fn named(resource: &str, kind: &str) -> String {
    format!("{resource}.{}", kind.to_ascii_lowercase())
}

/// Whether changes of such records are events: whether the change log tells of them.
pub fn is_told(def: &ResourceDef) -> bool {
    !def.mirror
}

/// The events of a resource, with what each means; none where nobody is told of its changes.
pub fn of(def: &ResourceDef) -> impl Iterator<Item = (String, ChangeKind, String)> + '_ {
    let told = |(kind, meaning): (ChangeKind, &str)| {
        let text = format!("{} {meaning}.", naming::one(&def.name));
        let mut letters = text.chars();
        let text = letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect());
        (name(&def.name, kind), kind, text)
    };
    KINDS.into_iter().filter(|_| is_told(def)).map(told)
}

/// A record of examples: every field that can be read.
pub fn sample_record(def: &ResourceDef) -> Map<String, Json> {
    let example = |text: &str| serde_json::from_str::<Json>(text).unwrap_or(Json::Null);
    def.own_fields().map(|(_, field)| (field.name.to_string(), example(&field.example))).collect()
}

/// What an event tells, made of examples: with the record (`full`), or without.
pub fn sample(def: &ResourceDef, kind: ChangeKind, at: Timestamp, full: bool) -> Map<String, Json> {
    let mut record = sample_record(def);
    let version = if kind == ChangeKind::Created { 1 } else { 3 };
    let id = record.get(system::ID).cloned().unwrap_or_default();
    let mut data = Map::new();
    for (key, value) in [
        ("resource", json!(def.name.as_ref())),
        ("id", id),
        ("version", json!(version)),
        ("kind", json!(kind.as_str())),
        ("actor", json!("usr_01h455vb4pex5vsknk084sn02q")),
        ("requestId", json!("01890a5d-ac96-774b-bcce-b302099a8057")),
    ] {
        data.insert(key.to_owned(), value);
    }
    if kind == ChangeKind::Updated {
        let changed = def.own_fields().map(|(_, field)| field.name.as_ref()).find(|name| *name == def.label.as_ref());
        data.insert("changedFields".to_owned(), json!(changed.into_iter().collect::<Vec<_>>()));
    }
    if full && kind != ChangeKind::Erased {
        record.insert(system::VERSION.to_owned(), json!(version));
        let deleted = if kind == ChangeKind::Deleted { json!(at.to_text()) } else { Json::Null };
        record.insert(system::DELETED_AT.to_owned(), deleted);
        data.insert("record".to_owned(), Json::Object(record));
    }
    data
}
