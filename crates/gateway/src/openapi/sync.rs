//! `POST /v1/sync`.

use super::operation::{answer, authenticated, body, by_oauth, errors, with_parameters};
use super::record;
use crate::rest::feed::{NOW, RECORD};
use crate::rest::media::JSON;
use clientela_engine::sync::{LONGEST_ID, MAXIMUM_OPERATIONS, SyncPolicy, SyncStatus};
use clientela_engine::{Engine, LARGEST_WHOLE_NUMBER};
use clientela_kernel::PageArguments;
use clientela_model::Registry;
use serde_json::{Map, Value as Json, json};
use utoipa::openapi::path::{HttpMethod, OperationBuilder, PathItem, PathsBuilder};
use utoipa::openapi::schema::{AdditionalProperties, OneOfBuilder, SchemaType, Type};
use utoipa::openapi::{ArrayBuilder, ComponentsBuilder, ObjectBuilder, Ref};

/// The tag.
pub(super) const TAG: &str = "Sync";
/// What the tag says.
pub(super) const TAG_TEXT: &str = "For apps that go offline: what was done goes up, what has changed comes down.";

/// Adds schemas and the path.
pub(super) fn add(components: ComponentsBuilder, paths: PathsBuilder, registry: &Registry) -> (ComponentsBuilder, PathsBuilder) {
    let writable = || registry.resources().iter().filter(|def| !Engine::steps(registry, def).is_empty());
    let Some(first) = writable().find(|def| def.creatable) else { return (components, paths) };
    let upsertable = registry.resources().iter().any(|def| registry.is_upsertable(def));
    let components = components
        .schema("SyncRequest", request())
        .schema("SyncOperation", operation(registry, upsertable))
        .schema("SyncPull", pull())
        .schema("SyncResult", result())
        .schema("SyncConflict", conflict())
        .schema("SyncAnswer", whole_answer());
    let example = json!({
        "device": "5f0c6f1e-8f1b-4c58-9a51-1d9d2a1c0f3b",
        "operations": [{ "id": "7b0d3a52-4f9d-4a86-8d7e-0c6b6f0f8a11", "resource": first.path, "create": record::create_example(first) }],
        "pull": { "resources": [first.name], "limit": 100 }
    });
    let operation = OperationBuilder::new()
        .operation_id(Some("sync"))
        .summary(Some("Push and pull in one call"))
        .description(Some(
            "Carries out what a device did while it was offline, in order and each operation once, then answers what has changed of that which its user may see. Operations stand for themselves: one that \
             is refused leaves no trace, and the others go on. Whatever was carried out is remembered under the device's own id for it, so a push that was cut off is sent again as it is; an \
             `Idempotency-Key` is not needed. What others have changed since `baseVersion` is set against an operation field by field; what the device has done itself is not. What the fields of a resource are is said \
             where one of it is created or changed.",
        ))
        .tag(TAG)
        .security(authenticated())
        .security(by_oauth())
        .request_body(Some(body("What was done, and where the copy stands.", &[JSON], "SyncRequest", Some(example))))
        .response("200", answer("What became of each operation, and what has changed.".to_owned(), "SyncAnswer".to_owned()));
    let operation = with_parameters(operation, &["DryRun", "AllowDuplicates"]);
    (components, paths.path("/v1/sync", PathItem::new(HttpMethod::Post, errors(operation, &[400, 401, 403, 413, 415, 422, 500, 503]))))
}

fn text(description: &str) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String).description(Some(description))
}

fn or_null(other: Type, description: &str) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(SchemaType::from_iter([other, Type::Null])).description(Some(description))
}

fn closed(description: &str) -> ObjectBuilder {
    ObjectBuilder::new().description(Some(description)).additional_properties(Some(AdditionalProperties::FreeForm(false)))
}

fn values(description: &str) -> ObjectBuilder {
    let any = AdditionalProperties::FreeForm(true);
    ObjectBuilder::new().description(Some(description)).additional_properties(Some(any)).examples([Json::Object(Map::new())])
}

fn name(description: &str) -> ObjectBuilder {
    text(description).min_length(Some(1)).max_length(Some(LONGEST_ID))
}

fn policy(description: &str) -> ObjectBuilder {
    let meanings: Vec<String> = SyncPolicy::ALL.iter().map(|(_, name, text)| format!("`{name}`: {text}")).collect();
    let names = SyncPolicy::ALL.iter().map(|(_, name, _)| Json::from(*name)).chain([Json::Null]);
    or_null(Type::String, &format!("{description} {}", meanings.join(" "))).enum_values(Some(names))
}

fn request() -> ObjectBuilder {
    let operations = ArrayBuilder::new()
        .items(Ref::from_schema_name("SyncOperation"))
        .max_items(Some(MAXIMUM_OPERATIONS))
        .schema_type(SchemaType::from_iter([Type::Array, Type::Null]))
        .description(Some("What was done, in order. Absent where only something is pulled."));
    let pull = OneOfBuilder::new().item(Ref::from_schema_name("SyncPull")).item(ObjectBuilder::new().schema_type(Type::Null));
    closed("What a device did, and where its copy stands.")
        .property("device", name("What the device calls its copy: the same as long as the copy lives, such as a UUID."))
        .property(
            "policy",
            policy(
                "What becomes of a field that both sides have changed, where an operation says nothing else; `MERGE_FIELDS` where absent.",
            ),
        )
        .property("operations", operations)
        .property("pull", pull.description(Some("What of the feed is read after the operations; nothing where absent.")))
        .required("device")
}

fn operation(registry: &Registry, upsertable: bool) -> ObjectBuilder {
    let writes = registry.operations().iter().filter(|operation| operation.writes && !operation.confidential);
    let performing: Vec<&str> = writes.map(|operation| operation.resource.as_ref()).collect();
    let named =
        registry.resources().iter().filter(|def| !Engine::steps(registry, def).is_empty() || performing.contains(&def.name.as_ref()));
    let paths: Vec<&str> = named.map(|def| def.path.as_ref()).collect();
    let base = || {
        let text = "The version that this builds on: the last one that the device was told of, or 1 for what it made itself. What the device did to the record meanwhile does not count.";
        ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(1)).maximum(Some(LARGEST_WHOLE_NUMBER)).description(Some(text))
    };
    let update = closed("Changes one.")
        .property("id", text("The record."))
        .property("baseVersion", base())
        .property("values", values("The fields that the device has changed."))
        .required("id")
        .required("baseVersion")
        .required("values");
    let delete =
        closed("Deletes one.").property("id", text("The record.")).property("baseVersion", base()).required("id").required("baseVersion");
    let restore = closed("Brings one back.").property("id", text("The record.")).required("id");
    let perform = closed("Performs a verb, as `POST /v1/{resource}/{id}/{verb}` does.")
        .property("verb", text("The last part of the verb's address.").examples([json!("complete")]))
        .property("id", or_null(Type::String, "The record; absent where the verb is done with none."))
        .property("input", values("What the verb takes.").schema_type(SchemaType::from_iter([Type::Object, Type::Null])))
        .property("baseVersion", base().schema_type(SchemaType::from_iter([Type::Integer, Type::Null])))
        .required("verb");
    let operation = closed("One thing that was done. Exactly one member besides `id`, `resource` and `policy`.")
        .property(
            "id",
            name("What the device calls the operation, of which each has its own, such as a UUID. Under it it is carried out once."),
        )
        .property("resource", text("The resource, as its address spells it.").enum_values(Some(paths)))
        .property("policy", policy("What becomes of a field that both sides have changed."))
        .property("create", values("Makes one of these fields. The device gives it its `id`, so that what it does next can name it."))
        .property("update", update)
        .property("delete", delete)
        .property("restore", restore)
        .property("perform", perform)
        .min_properties(Some(3))
        .max_properties(Some(4))
        .required("id")
        .required("resource");
    if !upsertable {
        return operation;
    }
    let mode = text("Whether to create, to change, or both.").enum_values(Some(["UPSERT", "CREATE_ONLY", "UPDATE_ONLY"]));
    let upsert = closed("Changes the record that has a key, or creates one with it.")
        .property("by", Ref::from_schema_name("RecordKey"))
        .property("values", values("The fields to set."))
        .property("mode", mode.default(Some(json!("UPSERT"))))
        .required("by")
        .required("values");
    operation.property("upsert", upsert)
}

fn pull() -> ObjectBuilder {
    let records: Vec<Json> = RECORD.iter().map(|(name, _)| Json::from(*name)).chain([Json::Null]).collect();
    let meanings: Vec<String> = RECORD.iter().map(|(name, text)| format!("`{name}`: {text}")).collect();
    let resources = ArrayBuilder::new()
        .schema_type(SchemaType::from_iter([Type::Array, Type::Null]))
        .items(ObjectBuilder::new().schema_type(Type::String))
        .description(Some("Only records of these resources, such as `account`."));
    let filter = values("By resource a filter tree, of which records.").schema_type(SchemaType::from_iter([Type::Object, Type::Null]));
    let after = format!(
        "Goes on behind this place: `page.next` of the page before. Absent, it begins with everything there is; `{NOW}` begins with what happens from now on."
    );
    closed("A page of the feed, as `GET /v1/changes` reads it.")
        .property("after", or_null(Type::String, &after))
        .property("resources", resources)
        .property("filter", filter)
        .property("scope", or_null(Type::String, "The id of a sync scope, in place of `resources` and `filter`."))
        .property(
            "limit",
            or_null(Type::Integer, "At most so many entries.")
                .minimum(Some(1))
                .maximum(Some(PageArguments::MAXIMUM_LIMIT))
                .default(Some(json!(PageArguments::DEFAULT_LIMIT))),
        )
        .property(
            "record",
            or_null(Type::String, &format!("How much of a record entries show. {}.", meanings.join("; "))).enum_values(Some(records)),
        )
}

fn result() -> ObjectBuilder {
    let names: Vec<&str> = SyncStatus::ALL.iter().map(|(_, name, _)| *name).collect();
    let meanings: Vec<String> = SyncStatus::ALL.iter().map(|(_, name, text)| format!("`{name}`: {text}")).collect();
    let conflicts = ArrayBuilder::new()
        .items(Ref::from_schema_name("SyncConflict"))
        .description(Some("The fields that both sides have changed. Not repeated where the operation is `replayed`."));
    let error = OneOfBuilder::new().item(Ref::from_schema_name("Problem")).item(ObjectBuilder::new().schema_type(Type::Null));
    let all = ["id", "status", "replayed", "requestId", "resource", "recordId", "version", "conflicts", "output", "error"];
    let schema = ObjectBuilder::new()
        .description(Some("What became of an operation."))
        .property("id", text("What the device calls it."))
        .property("status", text(&format!("How it ended. {}", meanings.join(" "))).enum_values(Some(names)))
        .property(
            "replayed",
            ObjectBuilder::new().schema_type(Type::Boolean).description(Some("Whether it was carried out before, by an earlier push.")),
        )
        .property(
            "requestId",
            text("The request as which it stands in the change log: entries of the feed that name it are the device's own doing."),
        )
        .property("resource", or_null(Type::String, "What kind of record."))
        .property("recordId", or_null(Type::String, "The record."))
        .property("version", or_null(Type::Integer, "Its version: after the write, or as it stands where nothing was written."))
        .property("conflicts", conflicts)
        .property("output", or_null(Type::Object, "What came of a verb, with records by their ids."))
        .property("error", error.description(Some("Why nothing was written; null where something was.")));
    all.into_iter().fold(schema, |schema, name| schema.required(name))
}

fn conflict() -> ObjectBuilder {
    let any = |description: &str| ObjectBuilder::new().schema_type(SchemaType::AnyValue).description(Some(description));
    ["field", "base", "mine", "theirs", "kept"].into_iter().fold(
        ObjectBuilder::new()
            .description(Some("A field that both sides have changed."))
            .property("field", text("The field, `custom.…` where it is one of your own."))
            .property("base", any("What the device knew it to be; null also where nobody knows any more."))
            .property("mine", any("What the device makes of it."))
            .property("theirs", any("What it is on the server."))
            .property(
                "kept",
                or_null(Type::String, "Which of both it is now; null where that is still to be decided.").enum_values(Some([
                    json!("MINE"),
                    json!("THEIRS"),
                    Json::Null,
                ])),
            ),
        |schema, name| schema.required(name),
    )
}

fn whole_answer() -> ObjectBuilder {
    let or_nothing = |name: &str| OneOfBuilder::new().item(Ref::from_schema_name(name)).item(ObjectBuilder::new().schema_type(Type::Null));
    let results =
        ArrayBuilder::new().items(Ref::from_schema_name("SyncResult")).description(Some("What became of each operation, in order."));
    ObjectBuilder::new()
        .description(Some("What became of what was done, and what has changed."))
        .property("results", results)
        .property(
            "changes",
            or_nothing("FeedPage").description(Some("A page of the feed; null where none was asked for, or with `dryRun`.")),
        )
        .property(
            "pullError",
            or_nothing("Problem")
                .description(Some("Why there is no page although one was asked for. The operations were carried out all the same.")),
        )
        .property("dryRun", Ref::from_schema_name("DryRun"))
        .required("results")
        .required("changes")
        .required("pullError")
}
