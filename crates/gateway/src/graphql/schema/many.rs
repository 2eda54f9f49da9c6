//! Many writes in one mutation, what is created along with a record, and what a dry run tells.

use super::inputs::{creation, custom, input};
use super::types::{Definition, InputField, Kind, OutputField, Role, list, nullable, required, required_list};
use async_graphql::parser::types::Type;
use clientela_engine::Engine;
use clientela_engine::batch::{Nest, nests};
use clientela_model::{FieldType, Registry, ResourceDef, WriteMode, naming};
use serde_json::Value as Json;

/// `Change` and `RecordVersion`, which every resource shares.
pub(crate) fn shared(registry: &Registry) -> Vec<Definition> {
    let change = vec![
        OutputField::new(
            "event",
            required("String"),
            Role::ChangeEvent,
            "What happens: the resource and `created`, `updated`, `deleted`, `restored` or `erased`, such as `account.created`.",
        ),
        OutputField::new("id", required("ID"), Role::ChangeId, "The record."),
        OutputField::new("version", required("Int"), Role::ChangeVersion, "Its version afterwards."),
        OutputField::new(
            "fields",
            required_list("String"),
            Role::ChangeFields,
            "The fields that change; none where the record is new, gone or back.",
        ),
    ];
    let mut shared = vec![Definition::object("Change", "A change as the change log tells of it.", false, change)];
    if registry.resources().iter().any(|def| def.deletable) {
        let fields = vec![InputField::new("id", required("ID"), "The record."), expected()];
        shared.push(Definition::input("RecordVersion", "A record, and the version it must have.", fields));
    }
    shared
}

/// `dryRun`, which every mutation takes.
pub(crate) fn dry_run() -> InputField {
    InputField::new(
        "dryRun",
        nullable("Boolean"),
        "Only try it: everything is checked and computed, and answered as if it were done, with `changes`; nothing is written, and an idempotency key \
         stays unused.",
    )
}

/// `allowDuplicates`, which mutations take that make records whose duplicates may be refused.
pub(crate) fn allow_duplicates() -> InputField {
    let text = "Make new records even where a duplicate rule that refuses holds them for others; `DUPLICATE_FOUND` otherwise.";
    InputField::new("allowDuplicates", nullable("Boolean"), text)
}

/// `changes`, which every payload has.
pub(crate) fn changes() -> OutputField {
    OutputField::new("changes", list("Change"), Role::Changes, "What would change; there only with `dryRun`.")
}

fn expected() -> InputField {
    InputField::new("expectedVersion", nullable("Int"), "Do it only if the record still has this version; `VERSION_CONFLICT` otherwise.")
}

/// The types of a resource's batch.
pub(crate) fn of_resource(registry: &Registry, def: &ResourceDef) -> Vec<Definition> {
    let steps = Engine::steps(registry, def);
    let (name, one, words) = (def.type_name.as_ref(), naming::one(&def.name), naming::words(&def.plural));
    let mut types = Vec::new();
    if def.creatable {
        let mut fields = values(def);
        fields.extend(nested(registry, def));
        types.push(Definition::input(&format!("New{name}"), format!("{} that is made along with another record.", capital(&one)), fields));
        let create = InputField::new("create", list(&format!("New{name}")), "New ones.");
        types.push(Definition::input(
            &format!("{name}Children"),
            format!("{} that are made along with a record.", capital(&words)),
            vec![create.clone()],
        ));
        if def.updatable {
            let connect = InputField::new("connect", list("ID"), "The ids of existing ones, which then refer to the record.");
            let text = format!("{} of a new record: new ones, and existing ones that refer to it from then on.", capital(&words));
            types.push(Definition::input(&format!("{name}Nest"), text, vec![create, connect]));
        }
        let link = vec![
            InputField::new("create", nullable(&format!("New{name}")), "A new one."),
            InputField::new("connect", nullable("ID"), "The id of an existing one."),
        ];
        types.push(Definition::new(
            format!("{name}Link"),
            format!("{} that a new record refers to: a new one or an existing one.", capital(&one)),
            Kind::Input { one_of: true, fields: link },
        ));
    }
    if steps.is_empty() {
        return types;
    }
    types.push(Definition::input(&format!("{name}Values"), format!("Fields of {one}; absent ones keep what they have."), values(def)));
    let row = steps.iter().map(|step| {
        let (ty, text) = match *step {
            "create" => (format!("{name}Values"), "Makes one."),
            "update" => (format!("{name}BatchUpdate"), "Changes one: a field that is absent stays as it is, null clears it."),
            "upsert" => (format!("{name}BatchUpsert"), "Changes the one that has a key, or makes one with it."),
            "delete" => ("RecordVersion".to_owned(), "Deletes one."),
            _ => ("RecordVersion".to_owned(), "Brings one back."),
        };
        InputField::new(*step, nullable(&ty), text)
    });
    let row = Kind::Input { one_of: true, fields: row.collect() };
    types.push(Definition::new(format!("{name}BatchRow"), format!("What to do with {one}."), row));
    let given = || InputField::new("values", required(&format!("{name}Values")), "The fields.");
    if steps.contains(&"update") {
        let fields = vec![InputField::new("id", required("ID"), "The record."), given(), expected()];
        types.push(Definition::input(&format!("{name}BatchUpdate"), format!("A change of {one}."), fields));
    }
    if steps.contains(&"upsert") {
        let mode =
            InputField::new("mode", nullable("UpsertMode"), "Whether to create, to change, or both.").with_default(Json::from("UPSERT"));
        let fields = vec![InputField::new("by", required("RecordKey"), "The key."), given(), mode, expected()];
        types.push(Definition::input(&format!("{name}BatchUpsert"), format!("{} by a key.", capital(&one)), fields));
    }
    let stem = format!("Batch{}", naming::pascal(&def.plural));
    let mut batch = vec![
        InputField::new("rows", required_list(&format!("{name}BatchRow")), "What to do, in order."),
        InputField::new("atomic", nullable("Boolean"), "Whether all rows are written or none.").with_default(Json::from(false)),
        dry_run(),
        idempotency_key(),
    ];
    batch.extend(def.checks_duplicates.then(allow_duplicates));
    types.push(Definition::input(&format!("{stem}Input"), format!("Many {words} to write."), batch));
    let errors = |text: &str| OutputField::new("userErrors", required_list("UserError"), Role::UserErrors, text);
    let mut result = vec![
        OutputField::new("status", required("Int"), Role::ResultStatus, "The status that REST would have answered the write alone with."),
        OutputField::new("id", nullable("ID"), Role::WrittenId, "The record; null where the row was refused."),
        OutputField::new("version", nullable("Int"), Role::ResultVersion, "Its version afterwards."),
        OutputField::new(
            def.name.to_string(),
            nullable(name),
            Role::PayloadRecord,
            "The record as it is afterwards; null where it is deleted or the row was refused.",
        ),
    ];
    if let Some((reveals, text)) = &def.reveals {
        result.push(OutputField::new(reveals.to_string(), nullable("String"), Role::Revealed, text.to_string()));
    }
    result.push(errors("Why the row was refused; empty on success."));
    types.push(Definition::object(&format!("{name}BatchResult"), "What became of a row.", false, result));
    let payload = vec![
        OutputField::new(
            "results",
            list(&format!("{name}BatchResult")),
            Role::Results,
            "What became of each row, in order; null where nothing was done at all.",
        ),
        changes(),
        errors("Why nothing was done; empty where `results` tell."),
    ];
    types.push(Definition::object(&format!("{stem}Payload"), format!("What came of writing many {words}."), false, payload));
    if def.updatable {
        types.extend(bulk(def, true));
    }
    if def.deletable {
        types.extend(bulk(def, false));
    }
    types
}

/// The inputs and payloads of changes by filter.
fn bulk(def: &ResourceDef, updates: bool) -> [Definition; 2] {
    let (plural, words) = (naming::pascal(&def.plural), naming::words(&def.plural));
    let stem = format!("Bulk{}{plural}", if updates { "Update" } else { "Delete" });
    let mut fields = vec![InputField::new("filter", required(&format!("{}Filter", def.type_name)), format!("Which {words}."))];
    if updates {
        fields.push(InputField::new("values", required(&format!("{}Values", def.type_name)), "What to set: absent keeps, null clears."));
    }
    let count = "How many you expect it to be: nothing is done if there are more or fewer. Needed where the filter is empty.";
    fields.extend([InputField::new("expectedCount", nullable("Int"), count), dry_run(), idempotency_key()]);
    let payload = vec![
        OutputField::new("count", nullable("Int"), Role::BulkCount, "How many satisfied the filter; null where there are user errors."),
        changes(),
        OutputField::new("userErrors", required_list("UserError"), Role::UserErrors, "Why nothing was done; empty on success."),
    ];
    [
        Definition::input(&format!("{stem}Input"), format!("A change to every one of some {words}."), fields),
        Definition::object(&format!("{stem}Payload"), format!("What came of a change to some {words}."), false, payload),
    ]
}

/// `batchAccounts`, `bulkUpdateAccounts` and `bulkDeleteAccounts`.
pub(crate) fn mutations(registry: &Registry, index: usize, def: &ResourceDef) -> Vec<OutputField> {
    let mut mutations: Vec<OutputField> = mutation(registry, index, def).into_iter().collect();
    let (plural, words) = (naming::pascal(&def.plural), naming::words(&def.plural));
    for (updates, offered, verb, text) in
        [(true, def.updatable, "Update", "Makes the same change to"), (false, def.deletable, "Delete", "Deletes")]
    {
        if !offered {
            continue;
        }
        let stem = format!("Bulk{verb}{plural}");
        let text = format!("{text} all {words} that satisfy a filter, all or none.");
        let field = OutputField::new(format!("bulk{verb}{plural}"), nullable(&format!("{stem}Payload")), Role::Bulk(index, updates), text);
        mutations.push(field.with_arguments(vec![InputField::new("input", required(&format!("{stem}Input")), "Which, and what.")]));
    }
    mutations
}

fn mutation(registry: &Registry, index: usize, def: &ResourceDef) -> Option<OutputField> {
    if Engine::steps(registry, def).is_empty() {
        return None;
    }
    let (plural, words) = (naming::pascal(&def.plural), naming::words(&def.plural));
    let text = format!("Creates, changes and deletes many {words} in one transaction: all rows or none, or each with a result of its own.");
    let field = OutputField::new(format!("batch{plural}"), nullable(&format!("Batch{plural}Payload")), Role::Batch(index), text);
    Some(field.with_arguments(vec![InputField::new("input", required(&format!("Batch{plural}Input")), "The rows.")]))
}

fn idempotency_key() -> InputField {
    InputField::new(
        "idempotencyKey",
        nullable("String"),
        "Makes a retry safe: the same key with the same input acts once and answers the same. 1 to 255 visible ASCII characters.",
    )
}

/// Every field that can be written, none of them required: what a new record must have is said where it is made.
fn values(def: &ResourceDef) -> Vec<InputField> {
    let written = def.own_fields().map(|(_, field)| field).filter(|field| field.write != WriteMode::ReadOnly);
    written
        .map(|field| match field.kind {
            FieldType::Id => creation(field),
            _ => input(field, true, ""),
        })
        .chain(custom(def))
        .collect()
}

/// What can be made along with a new record, or tied to it, by relation.
pub(crate) fn nested(registry: &Registry, def: &ResourceDef) -> Vec<InputField> {
    let named = |nest: Nest<'_>| {
        let target = nest.target.type_name.as_ref();
        let (ty, text): (Type, &str) = match (nest.many, nest.connects) {
            (false, _) => (nullable(&format!("{target}Link")), "The same as an id of its own field, or a new one."),
            (true, true) => (nullable(&format!("{target}Nest")), "Made along with it, or tied to it."),
            (true, false) => (nullable(&format!("{target}Children")), "Made along with it."),
        };
        InputField::new(nest.relation.name.to_string(), ty, format!("{} {text}", nest.relation.description))
    };
    nests(registry, def).into_iter().map(named).collect()
}

fn capital(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
