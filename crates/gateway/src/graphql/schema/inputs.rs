//! Inputs and payloads of mutations.

use super::scalars::type_name;
use super::types::{Definition, InputField, OutputField, Role, Verb, list, nullable, required, required_list};
use async_graphql::parser::types::Type;
use clientela_model::{FieldDef, FieldType, ResourceDef, WriteMode, naming, system};
use serde_json::Value as Json;

/// `MoneyInput`, which every resource shares.
pub(crate) fn shared() -> Vec<Definition> {
    let fields = vec![
        InputField::new("amount", required("Decimal"), "The exact amount, with at most the decimals of the currency."),
        InputField::new("currency", required("String"), "ISO 4217 code, such as `EUR`."),
    ];
    vec![Definition::input("MoneyInput", "An amount of money.", fields)]
}

/// What may be done with records of a resource.
pub(crate) fn verbs(def: &ResourceDef) -> Vec<Verb> {
    let (create, update, delete) = (def.creatable, def.updatable, def.deletable);
    [(Verb::Create, create), (Verb::Update, update), (Verb::Delete, delete), (Verb::Restore, delete)]
        .into_iter()
        .filter_map(|(verb, allowed)| allowed.then_some(verb))
        .collect()
}

/// The name of a mutation, in PascalCase: `CreateAccount`.
pub(crate) fn type_stem(def: &ResourceDef, verb: Verb) -> String {
    format!("{}{}", naming::pascal(verb.as_str()), def.type_name)
}

/// `CreateAccountInput` and `CreateAccountPayload`.
pub(crate) fn of_verb(def: &ResourceDef, verb: Verb) -> [Definition; 2] {
    let stem = type_stem(def, verb);
    let one = naming::words(&def.name);
    let mut fields = Vec::new();
    if verb != Verb::Create {
        fields.push(InputField::new("id", required("ID"), format!("The {one} to {}.", verb.as_str())));
    }
    match verb {
        Verb::Create => {
            fields.extend(def.visible_fields().filter(|(_, field)| field.write != WriteMode::ReadOnly).map(|(_, field)| creation(field)))
        }
        Verb::Update => fields.extend(
            def.visible_fields()
                .filter(|(_, field)| field.write == WriteMode::Writable)
                .map(|(_, field)| input(field, true, "Absent keeps it")),
        ),
        Verb::Delete | Verb::Restore => {}
    }
    if verb != Verb::Create {
        fields.push(InputField::new(
            "expectedVersion",
            nullable("Int"),
            "Do it only if the record still has this version; `VERSION_CONFLICT` otherwise.",
        ));
    }
    fields.push(InputField::new(
        "idempotencyKey",
        nullable("String"),
        "Makes a retry safe: the same key with the same input acts once and answers the same. 1 to 255 visible ASCII characters.",
    ));
    let mut parts = vec![OutputField::new(
        def.name.to_string(),
        nullable(&def.type_name),
        Role::PayloadRecord,
        format!("The {one} as it is afterwards; null where there are user errors."),
    )];
    if let (Verb::Create, Some((name, text))) = (verb, &def.reveals) {
        parts.push(OutputField::new(name.to_string(), nullable("String"), Role::Revealed, text.to_string()));
    }
    if verb == Verb::Delete {
        parts.push(OutputField::new(
            format!("deleted{}Id", def.type_name),
            nullable("ID"),
            Role::DeletedId,
            format!("The id of the deleted {one}; null where there are user errors."),
        ));
    }
    parts.push(OutputField::new("userErrors", required_list("UserError"), Role::UserErrors, "Why nothing was done; empty on success."));
    let done = match verb {
        Verb::Create => "create",
        Verb::Update => "change",
        Verb::Delete => "delete",
        Verb::Restore => "bring back",
    };
    [
        Definition::input(&format!("{stem}Input"), format!("What it takes to {done} {} {one}.", article(&one)), fields),
        Definition::object(&format!("{stem}Payload"), format!("What came of the wish to {done} {} {one}.", article(&one)), false, parts),
    ]
}

pub(crate) fn article(words: &str) -> &'static str {
    if words.starts_with(['a', 'e', 'i', 'o']) { "an" } else { "a" }
}

fn creation(field: &FieldDef) -> InputField {
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

fn input(field: &FieldDef, optional: bool, note: &str) -> InputField {
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
