//! `sync` and the types of its input and payload.

use super::many;
use super::types::{Definition, EnumValue, InputField, Kind, OutputField, Role, list, nullable, required, required_list};
use clientela_engine::sync::{LONGEST_ID, MAXIMUM_OPERATIONS, SyncPolicy, SyncStatus};
use serde_json::Value as Json;

/// The mutation.
pub(super) fn root() -> OutputField {
    let text = "Carries out what a device did while it was offline, in order and each operation once, and answers what has changed meanwhile: push and pull in one call. Operations stand for \
                themselves: one that is refused leaves no trace, and the others go on. Whatever was carried out is remembered under the device's own id for it, so a push that was cut off is sent again \
                as it is. What others have changed since the version that an operation builds on is set against it field by field.";
    OutputField::new("sync", nullable("SyncPayload"), Role::Sync, text).with_arguments(vec![InputField::new(
        "input",
        required("SyncInput"),
        "Who syncs, and what was done.",
    )])
}

/// The types.
pub(super) fn shared() -> Vec<Definition> {
    let member = |name: &'static str, ty, text: &str| OutputField::new(name, ty, Role::Member(name), text);
    let device =
        format!("What the device calls its copy, 1 to {LONGEST_ID} characters: the same as long as the copy lives, such as a UUID.");
    let operations = format!(
        "What was done, at most {MAXIMUM_OPERATIONS}, in order: objects as `operations` of REST's `POST /v1/sync` takes them. `{{id: \"…\", resource: \"accounts\", update: {{id: \"acc_…\", \
         baseVersion: 3, values: {{name: \"…\"}}}}}}`, or `create`, `upsert`, `delete`, `restore`, `perform`."
    );
    let input = vec![
        InputField::new("device", required("String"), device),
        InputField::new(
            "policy",
            nullable("SyncPolicy"),
            "What becomes of a field that both sides have changed, where an operation says nothing else.",
        )
        .with_default(Json::from(SyncPolicy::default().name())),
        InputField::new("operations", list("JSON"), operations),
        many::dry_run(),
        many::allow_duplicates(),
    ];
    let mut payload = vec![
        OutputField::new("results", list("SyncResult"), Role::Results, "What became of each operation, in order; null where nothing was done at all."),
        OutputField::new(
            "changes",
            nullable("FeedConnection"),
            Role::Feed,
            "What has changed of that which you may see, what the operations have changed among it: as the query `changes` tells it. Null with `dryRun`.",
        )
        .with_arguments(super::feed::arguments()),
    ];
    payload.push(OutputField::new("dryRun", list("Change"), Role::Changes, "What would change; there only with `dryRun`."));
    payload.push(OutputField::new(
        "userErrors",
        required_list("UserError"),
        Role::UserErrors,
        "Why nothing was done at all; empty on success.",
    ));
    let result = vec![
        member("id", required("String"), "What the device calls the operation."),
        member("status", required("SyncStatus"), "How it ended."),
        member("replayed", required("Boolean"), "Whether it was carried out before, by an earlier push."),
        member(
            "requestId",
            required("String"),
            "The request as which it stands in the change log: entries of the feed that name it are the device's own doing.",
        ),
        member("resource", nullable("String"), "What kind of record."),
        member("recordId", nullable("ID"), "The record."),
        member("version", nullable("Int"), "The record's version: after the write, or as it stands where nothing was written."),
        member(
            "conflicts",
            required_list("SyncConflict"),
            "The fields that both sides have changed. Not repeated where the operation is `replayed`.",
        ),
        member("output", nullable("JSON"), "What came of a verb, with records by their ids."),
        OutputField::new("userErrors", required_list("UserError"), Role::UserErrors, "Why nothing was written; empty where something was."),
    ];
    let conflict = vec![
        member("field", required("String"), "The field, `custom.…` where it is one of your own."),
        member("base", nullable("JSON"), "What the device knew it to be; null also where nobody knows any more."),
        member("mine", nullable("JSON"), "What the device makes of it."),
        member("theirs", nullable("JSON"), "What it is on the server."),
        member("kept", nullable("String"), "Which of both it is now, `MINE` or `THEIRS`; null where that is still to be decided."),
    ];
    let value = |name: &str, text: &str| EnumValue { name: name.to_owned(), description: text.to_owned() };
    vec![
        Definition::input("SyncInput", "What a device did while it was offline.", input),
        Definition::object("SyncPayload", "What became of it, and what has changed meanwhile.", false, payload),
        Definition::object("SyncResult", "What became of an operation.", false, result),
        Definition::object("SyncConflict", "A field that both sides have changed.", false, conflict),
        Definition::new(
            "SyncPolicy",
            "What becomes of a field that both sides have changed.",
            Kind::Enum(SyncPolicy::ALL.iter().map(|(_, name, text)| value(name, text)).collect()),
        ),
        Definition::new(
            "SyncStatus",
            "How an operation ended.",
            Kind::Enum(SyncStatus::ALL.iter().map(|(_, name, text)| value(name, text)).collect()),
        ),
    ]
}
