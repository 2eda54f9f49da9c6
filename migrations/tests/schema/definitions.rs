//! The definitions alone: they fit together, and what they say about themselves is true.

use clientela_model::{CustomObject, FieldType, Labels, Registry, RelationKind, WriteMode};
use std::sync::Arc;

/// Every built-in resource.
pub(crate) fn registry() -> Registry {
    let modules = [
        clientela_platform::module(Arc::new(|| {}), Arc::new(|| {}), &Default::default()),
        clientela_customers::module(),
        clientela_interactions::module(),
        clientela_sales::module(),
        clientela_jobs::module(&clientela_jobs::Wake::default(), &clientela_jobs::Webhooks::default()),
    ];
    Registry::new(modules.into_iter().flat_map(|module| module.resources).collect()).unwrap()
}

/// The same with an object that a tenant has added: whatever table it is in.
pub(crate) fn with_an_object() -> Registry {
    let [name, plural, key, description, title] = ["machine", "machines", "k0a1b2c3d4e", "A machine.", "Its name"].map(str::to_owned);
    let labels = Labels { label: "Machine".into(), others: Vec::new() };
    registry().with_objects(&[CustomObject { name, plural, key, description, labels, title }]).0
}

#[test]
fn definitions_fit_together() {
    let registry = registry();
    let names: Vec<&str> = registry.resources().iter().map(|def| def.name.as_ref()).collect();
    let expected = [
        "tenant",
        "user",
        "apiKey",
        "externalId",
        "party",
        "account",
        "contact",
        "accountContact",
        "contactPoint",
        "address",
        "taxId",
        "householdMember",
        "relationshipType",
        "relationship",
        "interaction",
        "interactionParticipant",
        "note",
        "task",
        "meeting",
        "meetingAttendee",
        "tag",
        "follower",
        "mention",
        "notification",
        "visitor",
        "customerEvent",
        "importMapping",
        "import",
        "importProblem",
        "export",
    ];
    let missing: Vec<_> = expected.iter().filter(|name| !names.contains(name)).collect();
    assert!(missing.is_empty(), "not defined: {missing:?}");
    let account = registry.resource("account").unwrap();
    for inverse in ["children", "contacts", "accountContacts", "contactPoints", "addresses", "participations"] {
        let relation = account.relation(inverse).unwrap();
        assert!(matches!(relation.kind, RelationKind::ToMany { .. }), "{inverse} leads to many");
    }
    let participations = registry.resource("contact").unwrap().relation("participations").unwrap();
    assert!(matches!(&participations.kind, RelationKind::ToMany { local, .. } if local == "partyId"));
    let party = registry.resource("interactionParticipant").unwrap().field("partyId").unwrap().reference().unwrap();
    assert_eq!((party.prefix.as_ref(), party.also_accepts.len()), ("pty", 2));
}

#[test]
fn every_relation_has_a_sentence() {
    for def in registry().resources() {
        for relation in &def.relations {
            assert!(relation.description.ends_with('.'), "{}.{}: {}", def.name, relation.name, relation.description);
        }
    }
}

#[test]
fn examples_have_the_shape_of_their_type() {
    for def in registry().resources() {
        for field in &def.fields {
            let json: serde_json::Value = serde_json::from_str(&field.example).unwrap();
            let fits = match &field.kind {
                _ if json.is_null() => !field.required,
                FieldType::Boolean => json.is_boolean(),
                FieldType::Integer { min, max } => json.as_i64().is_some_and(|number| (*min..=*max).contains(&number)),
                FieldType::TextSet { .. } => json.is_array(),
                FieldType::Money => json.get("amount").is_some() && json.get("currency").is_some(),
                FieldType::Choice(choice) => choice.options.iter().any(|option| Some(option.name.as_ref()) == json.as_str()),
                FieldType::Text { max, .. } => json.as_str().is_some_and(|text| text.chars().count() <= usize::try_from(*max).unwrap()),
                _ => json.is_string(),
            };
            assert!(fits, "{}.{}: {} is no example of its type", def.name, field.name, field.example);
            if let Some(default) = &field.default {
                assert!(serde_json::from_str::<serde_json::Value>(default).is_ok(), "{}.{}: default {default}", def.name, field.name);
            }
        }
    }
}

#[test]
fn a_caller_is_asked_for_what_nobody_else_fills_in() {
    let registry = registry();
    let asked = |name: &str| -> Vec<String> {
        let def = registry.resource(name).unwrap();
        def.fields.iter().filter(|field| field.required_on_create()).map(|field| field.name.to_string()).collect()
    };
    assert_eq!(asked("account"), ["name"]);
    assert_eq!(asked("contact"), Vec::<String>::new());
    assert_eq!(asked("interaction"), ["kind", "subject"]);
    assert_eq!(asked("interactionParticipant"), ["interactionId", "partyId"]);
    assert_eq!(asked("externalId"), ["system", "value", "recordId"]);
    assert_eq!(asked("accountContact"), ["accountId", "contactId", "role"]);
    let hash = registry.resource("apiKey").unwrap().field("secretHash").unwrap().clone();
    assert!(hash.secret && !hash.filter && !hash.sort && hash.write == WriteMode::ReadOnly);
}
