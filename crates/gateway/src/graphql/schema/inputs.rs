//! Inputs and payloads of mutations.

use super::many;
use super::scalars::type_name;
use super::types::{Definition, EnumValue, InputField, Kind, OutputField, Role, Verb, list, nullable, required, required_list};
use async_graphql::parser::types::Type;
use clientela_model::{FieldDef, FieldType, Registry, ResourceDef, WriteMode, document, naming, system};
use serde_json::Value as Json;

/// What `expectedVersion` is for.
pub(crate) const EXPECTED_VERSION: &str = "Do it only if the record still has this version; `VERSION_CONFLICT` otherwise.";
/// What `idempotencyKey` is for.
pub(crate) const IDEMPOTENCY_KEY: &str =
    "Makes a retry safe: the same key with the same input acts once and answers the same. 1 to 255 visible ASCII characters.";

/// `MoneyInput`, `RecordKey` and `UpsertMode`, which every resource shares.
pub(crate) fn shared(registry: &Registry) -> Vec<Definition> {
    let fields = vec![
        InputField::new("amount", required("Decimal"), "The exact amount, with at most the decimals of the currency."),
        InputField::new("currency", required("String"), "ISO 4217 code, such as `EUR`."),
    ];
    let mut shared = vec![Definition::input("MoneyInput", "An amount of money.", fields)];
    if registry.resources().iter().any(|def| registry.has_keys(def)) {
        let key = vec![
            InputField::new(
                "key",
                required("String"),
                "A field with a unique value, such as `email`, or the name of an external system, such as `erp`.",
            ),
            InputField::new("value", required("String"), "The value there."),
        ];
        shared.push(Definition::input("RecordKey", "Names a record by something else than its id.", key));
    }
    if registry.resources().iter().any(|def| registry.is_upsertable(def)) {
        let mode = |name: &str, description: &str| EnumValue { name: name.to_owned(), description: description.to_owned() };
        let modes = vec![
            mode("UPSERT", "Change the record that has the key; create one where there is none."),
            mode("CREATE_ONLY", "Create only: `VERSION_CONFLICT` where there is one."),
            mode("UPDATE_ONLY", "Change only: `VERSION_CONFLICT` where there is none."),
        ];
        shared.push(Definition::new("UpsertMode", "What an upsert may do.", Kind::Enum(modes)));
    }
    shared
}

/// What may be done with records of a resource.
pub(crate) fn verbs(registry: &Registry, def: &ResourceDef) -> Vec<Verb> {
    let (create, update, delete, upsert) = (def.creatable, def.updatable, def.deletable, registry.is_upsertable(def));
    let verbs = [
        (Verb::Create, create),
        (Verb::Update, update),
        (Verb::Upsert, upsert),
        (Verb::Delete, delete),
        (Verb::Restore, delete),
        (Verb::Erase, delete),
    ];
    verbs.into_iter().filter_map(|(verb, allowed)| allowed.then_some(verb)).collect()
}

/// The name of a mutation, in PascalCase: `CreateAccount`.
pub(crate) fn type_stem(def: &ResourceDef, verb: Verb) -> String {
    format!("{}{}", naming::pascal(verb.as_str()), def.type_name)
}

/// What a verb means in a sentence: "to … an account".
fn infinitive(verb: Verb) -> &'static str {
    match verb {
        Verb::Create => "create",
        Verb::Update => "change",
        Verb::Delete => "delete",
        Verb::Restore => "bring back",
        Verb::Upsert => "create or change",
        Verb::Erase => "erase",
    }
}

/// `CreateAccountInput` and `CreateAccountPayload`.
pub(crate) fn of_verb(registry: &Registry, def: &ResourceDef, verb: Verb) -> [Definition; 2] {
    let stem = type_stem(def, verb);
    let (words, one, done) = (naming::words(&def.name), naming::one(&def.name), infinitive(verb));
    let input =
        Definition::input(&format!("{stem}Input"), format!("What it takes to {done} {one}."), arguments(registry, def, verb, &words));
    let text = format!("What came of the wish to {done} {one}.");
    [input, Definition::object(&format!("{stem}Payload"), text, false, parts(def, verb, &words))]
}

fn arguments(registry: &Registry, def: &ResourceDef, verb: Verb, one: &str) -> Vec<InputField> {
    let mut fields = Vec::new();
    match verb {
        Verb::Create => {}
        Verb::Upsert => {
            fields.push(InputField::new("by", required("RecordKey"), format!("The key of the {one}.")));
            let mode = InputField::new("mode", nullable("UpsertMode"), "Whether to create, to change, or both.");
            fields.push(mode.with_default(Json::from("UPSERT")));
        }
        _ => fields.push(InputField::new("id", required("ID"), format!("The {one} to {}.", verb.as_str()))),
    }
    let written = def.own_fields().map(|(_, field)| field).filter(|field| field.write != WriteMode::ReadOnly);
    if matches!(verb, Verb::Create | Verb::Update | Verb::Upsert) {
        fields.extend(custom(def));
    }
    match verb {
        Verb::Create => {
            fields.extend(written.map(creation));
            fields.extend(many::nested(registry, def));
        }
        Verb::Update => {
            fields.extend(written.filter(|field| field.write == WriteMode::Writable).map(|field| input(field, true, "Absent keeps it")));
        }
        Verb::Upsert => fields.extend(written.map(|field| match field.write {
            WriteMode::Writable => input(field, true, "Absent keeps it"),
            _ => InputField::new(
                field.name.to_string(),
                input(field, true, "").ty,
                format!("{} It cannot be changed later.", field.description),
            ),
        })),
        Verb::Delete | Verb::Restore | Verb::Erase => {}
    }
    if verb != Verb::Create {
        fields.push(InputField::new("expectedVersion", nullable("Int"), EXPECTED_VERSION));
    }
    if def.checks_duplicates && matches!(verb, Verb::Create | Verb::Upsert) {
        fields.push(many::allow_duplicates());
    }
    fields.push(many::dry_run());
    fields.push(InputField::new("idempotencyKey", nullable("String"), IDEMPOTENCY_KEY));
    fields
}

fn parts(def: &ResourceDef, verb: Verb, one: &str) -> Vec<OutputField> {
    let mut parts = Vec::new();
    if verb != Verb::Erase {
        parts.push(OutputField::new(
            def.name.to_string(),
            nullable(&def.type_name),
            Role::PayloadRecord,
            format!("The {one} as it is afterwards; null where there are user errors."),
        ));
    }
    if verb == Verb::Upsert {
        let text = format!("Whether the {one} is new; null where there are user errors.");
        parts.push(OutputField::new("created", nullable("Boolean"), Role::Created, text));
    }
    if let (Verb::Create | Verb::Upsert, Some((name, text))) = (verb, &def.reveals) {
        parts.push(OutputField::new(name.to_string(), nullable("String"), Role::Revealed, text.to_string()));
    }
    let gone = match verb {
        Verb::Delete => Some("deleted"),
        Verb::Erase => Some("erased"),
        _ => None,
    };
    if let Some(gone) = gone {
        parts.push(OutputField::new(
            format!("{gone}{}Id", def.type_name),
            nullable("ID"),
            Role::WrittenId,
            format!("The id of the {gone} {one}; null where there are user errors."),
        ));
    }
    parts.push(many::changes());
    parts.push(OutputField::new("userErrors", required_list("UserError"), Role::UserErrors, "Why nothing was done; empty on success."));
    parts
}

/// The tenant's own fields, where there are any.
pub(super) fn custom(def: &ResourceDef) -> Option<InputField> {
    let text = "The fields that you have added. Those that are absent stay as they are, null clears one.";
    def.custom_fields().next()?;
    Some(InputField::new(document::NAME, nullable(&custom_name(def)), text))
}

fn custom_name(def: &ResourceDef) -> String {
    format!("{}CustomInput", def.type_name)
}

/// `AccountCustomInput`, where the tenant has added fields.
pub(crate) fn of_custom(def: &ResourceDef) -> Option<Definition> {
    def.custom_fields().next()?;
    let fields =
        def.custom_fields().map(|(_, field)| InputField { name: field.own_name().to_owned(), ..input(field, true, "Absent keeps it") });
    let text = format!("The fields that you have added to {}.", naming::words(&def.plural));
    Some(Definition::input(&custom_name(def), text, fields.collect()))
}

pub(super) fn creation(field: &FieldDef) -> InputField {
    if field.name == system::ID {
        return InputField::new("id", nullable("ID"), field.description.to_string());
    }
    let default = field.default.as_ref().and_then(|text| serde_json::from_str::<Json>(text).ok());
    let optional = !field.required_on_create() || matches!(field.kind, FieldType::TextSet { .. });
    let made = input(field, optional, "");
    match default {
        Some(default) => made.with_default(default),
        None => made,
    }
}

pub(super) fn input(field: &FieldDef, optional: bool, note: &str) -> InputField {
    let ty: Type = match &field.kind {
        FieldType::TextSet { .. } => list("String"),
        FieldType::Money => nullable("MoneyInput"),
        _ => nullable(type_name(field)),
    };
    let description = match note {
        "" => field.description.to_string(),
        note if field.required => format!("{} {note}.", field.description),
        note => format!("{} {note}, null clears it.", field.description),
    };
    InputField::new(field.name.to_string(), Type { nullable: optional, ..ty }, description)
}
