//! Many writes in one call, and what a dry run tells.

use super::operation::{JSON, answer, authenticated, body, by_oauth, errors, operation, with_parameters};
use super::{record, response};
use clientela_engine::batch::{LONGEST_NAME, MAXIMUM_BULK, MAXIMUM_OPERATIONS, MAXIMUM_ROWS};
use clientela_engine::{Engine, LARGEST_WHOLE_NUMBER};
use clientela_model::{Registry, ResourceDef, naming};
use serde_json::{Map, Value as Json, json};
use utoipa::openapi::path::{HttpMethod, OperationBuilder, PathItem, PathsBuilder};
use utoipa::openapi::schema::{AdditionalProperties, OneOfBuilder, RefBuilder, SchemaType, Type};
use utoipa::openapi::tag::{Tag, TagBuilder};
use utoipa::openapi::{ArrayBuilder, ComponentsBuilder, ObjectBuilder, Ref, RefOr, Schema};

/// The statuses of errors that many writes answer with.
const ERRORS: [u16; 11] = [400, 401, 403, 404, 409, 412, 413, 415, 422, 500, 503];
/// The tag of transactions.
const TAG: &str = "Transactions";

/// Adds the batch of a resource, where it has one.
pub(super) fn add(paths: PathsBuilder, registry: &Registry, def: &ResourceDef) -> PathsBuilder {
    if Engine::steps(registry, def).is_empty() {
        return paths;
    }
    let paths = if def.updatable { paths.path(format!("/v1/{}/bulk-update", def.path), bulk(def, true)) } else { paths };
    let paths = if def.deletable { paths.path(format!("/v1/{}/bulk-delete", def.path), bulk(def, false)) } else { paths };
    let words = naming::words(&def.plural);
    let operation = operation(def, &format!("batch{}", naming::pascal(&def.plural)), &format!("Write many {words}"))
        .description(Some(format!(
            "Creates, changes and deletes many {words} in one call and one transaction. With `atomic` all rows are written or none; without it \
             each row has a result of its own, and those that are refused are left out. Rows that touch the same record keep their order."
        )))
        .request_body(Some(body("The rows.", &[JSON], &format!("{}Batch", def.type_name), Some(example(registry, def)))))
        .response("200", results());
    let operation = if def.checks_duplicates { with_parameters(operation, &["AllowDuplicates"]) } else { operation };
    paths.path(format!("/v1/{}/batch", def.path), post(operation))
}

/// One change to all that satisfy a filter.
fn bulk(def: &ResourceDef, updates: bool) -> PathItem {
    let (plural, words) = (naming::pascal(&def.plural), naming::words(&def.plural));
    let filter = json!({ "createdAt": { "within": { "last": "P30D" } } });
    let (verb, text, example) = match updates {
        true => ("Update", "Makes the same change to", json!({ "filter": filter, "values": record::patch_example(def) })),
        false => ("Delete", "Deletes", json!({ "filter": filter })),
    };
    let title = if updates { format!("Change {words} by filter") } else { format!("Delete {words} by filter") };
    let operation = operation(def, &format!("bulk{verb}{plural}"), &title)
        .description(Some(format!(
            "{text} all {words} that satisfy a filter, at most {MAXIMUM_BULK}, all or none. With `dryRun=true` it only counts them and names the changes; \
             `expectedCount` then makes sure that it is still the same number: 412 otherwise."
        )))
        .request_body(Some(body("Which, and what.", &[JSON], &format!("{}Bulk{verb}", def.type_name), Some(example))))
        .response(
            "200",
            answer("How many there were.".to_owned(), "BulkResult".to_owned())
                .header_ref("Idempotency-Replayed", response::header("Idempotency-Replayed")),
        );
    post(operation)
}

fn bulk_input(def: &ResourceDef, updates: bool) -> ObjectBuilder {
    let count = number("How many you expect it to be; 412 where there are more or fewer. Needed where the filter is empty.")
        .minimum(Some(0))
        .maximum(Some(LARGEST_WHOLE_NUMBER));
    let schema = closed(format!("A change to {} by filter.", naming::words(&def.plural)))
        .property("filter", Ref::from_schema_name("Filter"))
        .property("expectedCount", count)
        .required("filter");
    if !updates {
        return schema;
    }
    schema.property("values", Ref::from_schema_name(format!("{}Patch", def.type_name))).required("values")
}

fn bulk_result() -> ObjectBuilder {
    ObjectBuilder::new()
        .description(Some("What came of a change by filter."))
        .property("count", number("How many records satisfied the filter.").minimum(Some(0)))
        .property("dryRun", Ref::from_schema_name("DryRun"))
        .required("count")
}

/// Adds the schemas of a resource's batch.
pub(super) fn schemas(components: ComponentsBuilder, registry: &Registry, def: &ResourceDef) -> ComponentsBuilder {
    let steps = Engine::steps(registry, def);
    if steps.is_empty() {
        return components;
    }
    let name = def.type_name.as_ref();
    let row = steps.iter().fold(one_member(format!("What to do with {}.", naming::one(&def.name))), |row, step| {
        let schema: RefOr<Schema> = match *step {
            "create" => described(&format!("{name}Create"), "Makes one."),
            "update" => update(text("The record."), Ref::from_schema_name(format!("{name}Patch")).into()),
            "upsert" => upsert(Ref::from_schema_name(format!("{name}Upsert")).into()),
            "delete" => on_record("Deletes one.", text("The record.")),
            _ => on_record("Brings one back.", text("The record.")),
        };
        row.property(*step, schema)
    });
    let rows = ArrayBuilder::new().items(Ref::from_schema_name(format!("{name}BatchRow"))).min_items(Some(1)).max_items(Some(MAXIMUM_ROWS));
    let batch = closed(format!("Many {} to write.", naming::words(&def.plural)))
        .property("rows", rows.description(Some("What to do, in order.")))
        .property("atomic", flag("Whether all rows are written or none."))
        .required("rows");
    let mut components = components.schema(format!("{name}BatchRow"), row).schema(format!("{name}Batch"), batch);
    if def.updatable {
        components = components.schema(format!("{name}BulkUpdate"), bulk_input(def, true));
    }
    if def.deletable {
        components = components.schema(format!("{name}BulkDelete"), bulk_input(def, false));
    }
    components
}

/// Adds what every resource shares, and transactions.
pub(super) fn shared(components: ComponentsBuilder, paths: PathsBuilder, registry: &Registry) -> (ComponentsBuilder, PathsBuilder) {
    let writable = || registry.resources().iter().filter(|def| !Engine::steps(registry, def).is_empty());
    let upsertable = registry.resources().iter().any(|def| registry.is_upsertable(def));
    let mut components = components.schema("Change", change()).schema("DryRun", dry_run()).schema("Rehearsal", rehearsal());
    let Some(first) = writable().find(|def| def.creatable) else { return (components, paths) };
    if upsertable {
        components = components.schema("RecordKey", key());
    }
    components = components
        .schema("BulkResult", bulk_result())
        .schema("BatchResult", result())
        .schema("BatchResults", all_results())
        .schema("OperationReference", reference())
        .schema("TransactionOperation", transaction_operation(writable().map(|def| def.path.as_ref()), upsertable))
        .schema("Transaction", transaction());
    let example = json!({ "operations": [{ "as": "first", "resource": first.path, "create": record::create_example(first) }] });
    let operation = OperationBuilder::new()
        .operation_id(Some("runTransaction"))
        .summary(Some("Write several resources in one transaction"))
        .description(Some(
            "Carries out operations over several resources in one transaction, all or none. A later operation refers to the record of an earlier one \
             by its name, as `{\"ref\": \"name\"}` in place of an id. What the fields of a resource are is said where one of it is created or changed.",
        ))
        .tag(TAG)
        .security(authenticated())
        .security(by_oauth())
        .request_body(Some(body("The operations.", &[JSON], "Transaction", Some(example))))
        .response("200", results());
    (components, paths.path("/v1/transactions", post(with_parameters(operation, &["AllowDuplicates"]))))
}

/// The tag of transactions.
pub(super) fn tag() -> Tag {
    TagBuilder::new().name(TAG).description(Some("Several resources written in one transaction.")).build()
}

/// The answer of a deletion or an erasure that is only tried.
pub(super) fn rehearsed(operation: OperationBuilder) -> OperationBuilder {
    operation.response("200", answer("What would change, with `dryRun=true`.".to_owned(), "Rehearsal".to_owned()))
}

fn post(operation: OperationBuilder) -> PathItem {
    PathItem::new(HttpMethod::Post, errors(with_parameters(operation, &["DryRun", "IdempotencyKey"]), &ERRORS))
}

fn results() -> utoipa::openapi::response::ResponseBuilder {
    answer("What became of each row, in order.".to_owned(), "BatchResults".to_owned())
        .header_ref("Idempotency-Replayed", response::header("Idempotency-Replayed"))
}

fn example(registry: &Registry, def: &ResourceDef) -> Json {
    let id = || format!("{}_01h455vb4pex5vsknk084sn02q", def.prefix);
    let row = match Engine::steps(registry, def).first() {
        Some(&"create") => json!({ "create": record::create_example(def) }),
        Some(&"update") => json!({ "update": { "id": id(), "values": record::patch_example(def) } }),
        _ => json!({ "delete": { "id": id() } }),
    };
    json!({ "rows": [row], "atomic": true })
}

fn text(description: &str) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String).description(Some(description))
}

fn number(description: &str) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::Integer).description(Some(description))
}

fn flag(description: &str) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::Boolean).description(Some(description)).default(Some(json!(false)))
}

fn closed(description: String) -> ObjectBuilder {
    ObjectBuilder::new().description(Some(description)).additional_properties(Some(AdditionalProperties::FreeForm(false)))
}

fn one_member(description: String) -> ObjectBuilder {
    closed(format!("{description} Exactly one member.")).min_properties(Some(1)).max_properties(Some(1))
}

fn described(schema: &str, description: &str) -> RefOr<Schema> {
    RefOr::Ref(RefBuilder::from(Ref::from_schema_name(schema)).description(Some(description)).build())
}

fn expected() -> ObjectBuilder {
    number("Do it only if the record still has this version.")
        .schema_type(SchemaType::from_iter([Type::Integer, Type::Null]))
        .minimum(Some(1))
        .maximum(Some(LARGEST_WHOLE_NUMBER))
}

fn on_record(description: &str, id: impl Into<RefOr<Schema>>) -> RefOr<Schema> {
    closed(description.to_owned()).property("id", id).property("expectedVersion", expected()).required("id").into()
}

fn update(id: impl Into<RefOr<Schema>>, values: RefOr<Schema>) -> RefOr<Schema> {
    closed("Changes one.".to_owned())
        .property("id", id)
        .property("values", values)
        .property("expectedVersion", expected())
        .required("id")
        .required("values")
        .into()
}

fn upsert(values: RefOr<Schema>) -> RefOr<Schema> {
    let mode = text("Whether to create, to change, or both.").enum_values(Some(["UPSERT", "CREATE_ONLY", "UPDATE_ONLY"]));
    closed("Changes the record that has a key, or creates one with it.".to_owned())
        .property("by", Ref::from_schema_name("RecordKey"))
        .property("values", values)
        .property("mode", mode.default(Some(json!("UPSERT"))))
        .property("expectedVersion", expected())
        .required("by")
        .required("values")
        .into()
}

fn key() -> ObjectBuilder {
    closed("Names a record by something else than its id.".to_owned())
        .property("key", text("A field with a unique value, such as `email`, or the name of an external system, such as `erp`."))
        .property("value", text("The value there."))
        .required("key")
        .required("value")
}

fn change() -> ObjectBuilder {
    let fields = ArrayBuilder::new()
        .items(text("A field."))
        .description(Some("The fields that change; none where the record is new, gone or back."));
    ["event", "id", "version", "fields"].into_iter().fold(
        ObjectBuilder::new()
            .description(Some("A change as the change log tells of it."))
            .property(
                "event",
                text("What happens: the resource and `created`, `updated`, `deleted`, `restored` or `erased`.")
                    .examples([json!("account.created")]),
            )
            .property("id", text("The record."))
            .property("version", number("Its version afterwards."))
            .property("fields", fields),
        |schema, name| schema.required(name),
    )
}

fn dry_run() -> ObjectBuilder {
    let changes = ArrayBuilder::new().items(Ref::from_schema_name("Change")).description(Some("Every change, in order."));
    ObjectBuilder::new()
        .description(Some("What the write would change. There only with `dryRun=true`, and then nothing was written."))
        .property("changes", changes)
        .required("changes")
}

fn rehearsal() -> ObjectBuilder {
    ObjectBuilder::new()
        .description(Some("A write that was only tried."))
        .property("dryRun", Ref::from_schema_name("DryRun"))
        .required("dryRun")
}

fn result() -> ObjectBuilder {
    ObjectBuilder::new()
        .description(Some("What became of a row: the record and its version, or the error."))
        .property("status", number("The status that the write alone would have been answered with."))
        .property("id", text("The record."))
        .property("version", number("Its version afterwards."))
        .property("error", Ref::from_schema_name("Problem"))
        .required("status")
}

fn all_results() -> ObjectBuilder {
    ObjectBuilder::new()
        .description(Some("What became of each row."))
        .property("results", ArrayBuilder::new().items(Ref::from_schema_name("BatchResult")).description(Some("In the order of the rows.")))
        .property("dryRun", Ref::from_schema_name("DryRun"))
        .required("results")
}

fn reference() -> ObjectBuilder {
    closed("The record of an earlier operation.".to_owned()).property("ref", text("The operation's name.")).required("ref")
}

fn transaction_operation<'a>(paths: impl Iterator<Item = &'a str>, upsertable: bool) -> ObjectBuilder {
    let id = || OneOfBuilder::new().item(text("The record.")).item(Ref::from_schema_name("OperationReference"));
    let values = |description: &str| -> RefOr<Schema> {
        let any = AdditionalProperties::FreeForm(true);
        ObjectBuilder::new().description(Some(description)).additional_properties(Some(any)).examples([Json::Object(Map::new())]).into()
    };
    let name = text("What later operations call its record.").schema_type(SchemaType::from_iter([Type::String, Type::Null]));
    let operation = closed("What to do with a record of one resource. Exactly one member besides `resource` and `as`.".to_owned())
        .property("resource", text("The resource, as its address spells it.").enum_values(Some(paths.collect::<Vec<_>>())))
        .property("as", name.min_length(Some(1)).max_length(Some(LONGEST_NAME)))
        .property("create", values("Makes one of these fields."))
        .property("update", update(id(), values("The fields to change.")))
        .property("delete", on_record("Deletes one.", id()))
        .property("restore", on_record("Brings one back.", id()))
        .min_properties(Some(2))
        .max_properties(Some(3))
        .required("resource");
    if upsertable { operation.property("upsert", upsert(values("The fields to set."))) } else { operation }
}

fn transaction() -> ObjectBuilder {
    let operations = ArrayBuilder::new()
        .items(Ref::from_schema_name("TransactionOperation"))
        .min_items(Some(1))
        .max_items(Some(MAXIMUM_OPERATIONS))
        .description(Some("What to do, in order."));
    closed("Operations over several resources.".to_owned()).property("operations", operations).required("operations")
}
