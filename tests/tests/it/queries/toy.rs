//! A registry with every field type and every kind of relation, and two tenants' records of it.

use clientela_kernel::{Date, Money, Name, RecordKey, Timestamp, Value, currency::Currency};
use clientela_model::{
    AnyReferenceDef, ChoiceDef, ChoiceOption, FieldDef, FieldType, OnDelete, ReferenceDef, Registry, ResourceDef, TextFormat, system,
};
use clientela_tests::evaluator::{Record, World};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{Rng as _, SeedableRng as _};
use std::sync::Arc;
use uuid::Uuid;

pub(crate) const TEXTS: &[&str] =
    &["", "a", "ab", "aB", "b", "A%b", "a_b", "a\\b", "Zoë", "zoe", "ﬀ", "ß", "🎈", "\u{10ffff}", "\u{ffff}", "it's \"q\"\n", "abab"];
pub(crate) const CHOICES: &[&str] = &["FOOD", "RETAIL", "TRADE"];
pub(crate) const TAGS: &[&str] = &["", "blue", "it's", "\"", "Grün", "{,}", "null"];
pub(crate) const INTEGERS: &[i64] = &[i64::MIN, -3, 0, 7, 9_007_199_254_740_993, i64::MAX];
pub(crate) const DAYS: &[&str] = &["0001-01-01", "1999-12-31", "2000-01-01", "2026-02-28", "9999-12-31"];
/// Ends of what the wire form has, and moments about the clock changes of 2026 in Europe and of 2011 in Samoa.
pub(crate) const INSTANTS: &[i64] = &[
    -62_135_596_800_000,
    -2_000_000_000_001,
    -1,
    0,
    946_684_799_999,
    1_325_239_199_999,
    1_325_239_200_000,
    1_767_225_600_123,
    1_774_745_999_999,
    1_774_746_000_000,
    1_774_746_060_000,
    1_792_888_200_000,
    1_792_890_000_000,
    1_792_893_000_000,
    253_402_300_799_999,
];
pub(crate) const CURRENCIES: &[&str] = &["EUR", "JPY", "USD"];
pub(crate) const MINORS: &[i64] = &[-150, 0, 99, 1_000_000_000_000];

/// Parties, accounts (faces of parties), contacts, and notes about parties.
pub(crate) fn registry() -> Registry {
    let party = resource("party", "pty", vec![]);
    let mut account =
        resource("account", "acc", vec![required(reference("partyId", "party", None)), reference("parentId", "account", Some("children"))]);
    account.face = Some("party".into());
    let mut contact = resource("contact", "con", vec![reference("accountId", "account", Some("contacts"))]);
    contact.owner = Some("accountId".into());
    let mut note =
        resource("note", "not", vec![reference("partyId", "party", Some("notes")), reference("authorId", "contact", Some("writings"))]);
    let about = AnyReferenceDef {
        inverse: Some("mentions".into()),
        inverse_description: "What mentions this.".into(),
        on_delete: OnDelete::Cascade,
        targets: Arc::from([]),
    };
    note.fields.push(FieldDef { sort: false, column: "about".into(), ..field("aboutId", FieldType::AnyReference(about)) });
    Registry::new(vec![party, account, contact, note]).unwrap()
}

/// The records of a tenant, the same for the same seed.
pub(crate) fn world(registry: &Registry, seed: u64) -> World {
    let mut random = StdRng::seed_from_u64(seed);
    let mut world = World::default();
    for def in registry.resources() {
        // Ids are the same in every tenant, so that a forgotten tenant shows.
        let records = (0..36).map(|number| record(def, number, &mut random)).collect();
        world.records.insert(def.name.to_string(), records);
    }
    world
}

/// The id of a record by number: version 7, not in the order of the numbers.
pub(crate) fn id(number: u128) -> Uuid {
    Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000 | ((number * 7 % 36) << 64) << 16 | number)
}

fn record(def: &ResourceDef, number: u128, random: &mut StdRng) -> Record {
    def.fields
        .iter()
        .map(|field| match field.name.as_ref() {
            system::ID => Value::Id(id(number)),
            system::VERSION => Value::Integer(random.random_range(1..4)),
            system::DELETED_AT => {
                if random.random_bool(0.2) {
                    Value::Instant(Timestamp(5))
                } else {
                    Value::Null
                }
            }
            _ if !field.required && random.random_bool(0.25) => Value::Null,
            _ => any(field, random),
        })
        .collect()
}

fn any(field: &FieldDef, random: &mut StdRng) -> Value {
    match &field.kind {
        FieldType::Id | FieldType::Reference(_) => Value::Id(id(random.random_range(0..36))),
        FieldType::AnyReference(reference) => {
            let target = reference.targets.choose(random).unwrap();
            Value::Record(RecordKey { resource: target.resource.clone(), id: id(random.random_range(0..36)) })
        }
        FieldType::Text { .. } => Value::from(*TEXTS.choose(random).unwrap()),
        FieldType::Choice(_) => Value::from(*CHOICES.choose(random).unwrap()),
        FieldType::TextSet { .. } => {
            let mut tags: Vec<String> = TAGS.iter().filter(|_| random.random_bool(0.3)).map(|tag| (*tag).to_owned()).collect();
            tags.sort();
            Value::TextSet(tags)
        }
        FieldType::Boolean => Value::Boolean(random.random_bool(0.5)),
        FieldType::Integer { .. } | FieldType::Decimal { .. } | FieldType::Duration => Value::Integer(*INTEGERS.choose(random).unwrap()),
        FieldType::Date => Value::Date(Date::parse(DAYS.choose(random).unwrap()).unwrap()),
        FieldType::Instant => Value::Instant(Timestamp(*INSTANTS.choose(random).unwrap())),
        FieldType::Money => {
            let currency = Currency::parse(CURRENCIES.choose(random).unwrap()).unwrap();
            Value::Money(Money { minor: *MINORS.choose(random).unwrap(), currency })
        }
    }
}

fn resource(name: &str, prefix: &'static str, references: Vec<FieldDef>) -> ResourceDef {
    let text = || FieldType::Text { max: 200, format: TextFormat::Plain };
    let option = |name: &&'static str| ChoiceOption { name: (*name).into(), description: "An option.".into(), labels: None };
    let choice = ChoiceDef { name: "Kind".into(), description: "A kind.".into(), options: CHOICES.iter().map(option).collect() };
    let mut def = ResourceDef::named(name);
    def.prefix = prefix.into();
    def.description = "A thing.".into();
    def.fields = system::fields(prefix);
    def.fields.extend([
        FieldDef { folded: true, ..required(field("name", text())) },
        FieldDef { folded: true, ..field("nickname", text()) },
        field("kind", FieldType::Choice(choice)),
        field("active", FieldType::Boolean),
        field("employees", FieldType::Integer { min: i64::MIN, max: i64::MAX }),
        field("weight", FieldType::Decimal { places: 3, min: i64::MIN, max: i64::MAX }),
        field("closeOn", FieldType::Date),
        field("seenAt", FieldType::Instant),
        field("waited", FieldType::Duration),
        field("revenue", FieldType::Money),
        required(field("budget", FieldType::Money)),
        field("tags", FieldType::TextSet { max_items: 9, max_length: 20 }),
    ]);
    def.fields.extend(references);
    def
}

fn field(name: &'static str, kind: FieldType) -> FieldDef {
    FieldDef::new(name, clientela_model::naming::snake(name), kind, "A field.", "null")
}

fn required(field: FieldDef) -> FieldDef {
    FieldDef { required: true, ..field }
}

fn reference(name: &'static str, target: &'static str, inverse: Option<&'static str>) -> FieldDef {
    field(
        name,
        FieldType::Reference(ReferenceDef {
            target: target.into(),
            relation: name.trim_end_matches("Id").to_owned().into(),
            inverse: inverse.map(Name::from),
            inverse_description: Name::default(),
            on_delete: OnDelete::Clear,
            personal: clientela_model::Personal::AsDeleted,
            prefix: Name::default(),
            table: Name::default(),
            also_accepts: Vec::new(),
        }),
    )
}
