//! The schema of one field, as it is shown and as it is written.

use clientela_kernel::currency::Currency;
use clientela_model::{ChoiceDef, FieldDef, FieldType, ReferenceDef, ResourceDef, TextFormat};
use serde_json::Value as Json;
use utoipa::openapi::schema::{KnownFormat, OneOfBuilder, RefBuilder, SchemaFormat, SchemaType, Type};
use utoipa::openapi::{ArrayBuilder, ObjectBuilder, Ref, RefOr, Schema};

/// What a schema is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    /// The record as it is read.
    Shown,
    /// A value that is written.
    Written,
}

/// The base 32 part of an id: 26 characters, the first at most 7, with a 7 where UUIDs have their version.
const SUFFIX: &str = "[0-7][0-9a-hjkmnp-tv-z]{25}";

/// The schema of a field, null among its types where `nullable`.
pub(super) fn schema(def: &ResourceDef, field: &FieldDef, usage: Use, nullable: bool) -> RefOr<Schema> {
    let description = field.description.as_ref();
    let example = example(field, usage);
    let plain =
        |base: Type| ObjectBuilder::new().schema_type(types(base, nullable)).description(Some(description)).examples(example.clone());
    match &field.kind {
        FieldType::Id => plain(Type::String).pattern(Some(format!("^{}_{SUFFIX}$", def.prefix))).into(),
        FieldType::Reference(reference) => plain(Type::String).pattern(Some(reference_pattern(reference, usage))).into(),
        FieldType::AnyReference(reference) => {
            let prefixes: Vec<&str> = reference.targets.iter().map(|target| target.prefix.as_ref()).collect();
            plain(Type::String).pattern(Some(format!("^({})_{SUFFIX}$", prefixes.join("|")))).into()
        }
        FieldType::Text { max, format } => text(plain(Type::String), *max, *format).into(),
        FieldType::TextSet { max_items, max_length } => {
            let items = ObjectBuilder::new().schema_type(Type::String).min_length(Some(1)).max_length(size(*max_length));
            // A set is never null when it is shown: it is empty.
            let schema_type = types(Type::Array, nullable && usage == Use::Written);
            let array = ArrayBuilder::new().schema_type(schema_type).items(items).max_items(size(*max_items));
            array.unique_items(usage == Use::Shown).description(Some(description)).examples(example).into()
        }
        FieldType::Boolean => plain(Type::Boolean).into(),
        FieldType::Integer { min, max } => {
            let integer = plain(Type::Integer).format(Some(SchemaFormat::KnownFormat(KnownFormat::Int64)));
            let integer = if *min == i64::MIN { integer } else { integer.minimum(Some(*min)) };
            if *max == i64::MAX { integer.into() } else { integer.maximum(Some(*max)).into() }
        }
        FieldType::Date => plain(Type::String).format(Some(SchemaFormat::KnownFormat(KnownFormat::Date))).into(),
        FieldType::Instant => plain(Type::String).format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime))).into(),
        FieldType::Duration => plain(Type::String).format(Some(SchemaFormat::KnownFormat(KnownFormat::Duration))).into(),
        FieldType::Money => named("Money", description, nullable),
        FieldType::Choice(choice) => named(&choice.name, description, nullable),
    }
}

/// The definition's example. A reference is shown as its target's id, even where its example names a face of it.
fn example(field: &FieldDef, usage: Use) -> Option<Json> {
    let example = serde_json::from_str::<Json>(&field.example).ok()?;
    match (field.reference(), example.as_str().and_then(|text| text.rsplit_once('_'))) {
        (Some(reference), Some((_, suffix))) if usage == Use::Shown => Some(format!("{}_{suffix}", reference.prefix).into()),
        _ => Some(example),
    }
}

/// Whether null may stand there: an optional field, but for sets, which are empty instead when they are shown.
pub(super) fn nullable(field: &FieldDef) -> bool {
    !field.required
}

/// The schema of a choice.
pub(super) fn choice(choice: &ChoiceDef) -> ObjectBuilder {
    let options = choice.options.iter().map(|option| format!("\n- `{}`: {}", option.name, option.description)).collect::<String>();
    ObjectBuilder::new()
        .schema_type(Type::String)
        .description(Some(format!("{}\n{options}", choice.description)))
        .enum_values(Some(choice.options.iter().map(|option| option.name.as_ref())))
}

/// The schema of money.
pub(super) fn money() -> ObjectBuilder {
    let amount = ObjectBuilder::new()
        .schema_type(Type::String)
        .pattern(Some(r"^-?[0-9]+(\.[0-9]+)?$"))
        .max_length(Some(24))
        .description(Some("A decimal number as text, with at most as many decimal places as the currency has."))
        .examples([Json::from("1234.50")]);
    let currency = ObjectBuilder::new()
        .schema_type(Type::String)
        .pattern(Some("^[A-Z]{3}$"))
        .description(Some("The currency by ISO 4217."))
        .examples(Currency::parse("EUR").map(|euro| Json::from(euro.code())));
    ObjectBuilder::new()
        .description(Some("An amount of money in a currency; never a float."))
        .property("amount", amount)
        .property("currency", currency)
        .required("amount")
        .required("currency")
}

fn types(base: Type, nullable: bool) -> SchemaType {
    if nullable { SchemaType::from_iter([base, Type::Null]) } else { SchemaType::new(base) }
}

/// A reference to a named schema, or null.
fn named(name: &str, description: &str, nullable: bool) -> RefOr<Schema> {
    let reference = Ref::from_schema_name(name);
    if nullable {
        let null = ObjectBuilder::new().schema_type(Type::Null);
        OneOfBuilder::new().item(reference).item(null).description(Some(description)).into()
    } else {
        RefOr::Ref(RefBuilder::from(reference).description(Some(description)).build())
    }
}

/// An answer shows the target's own id; a request may name one of its faces.
fn reference_pattern(reference: &ReferenceDef, usage: Use) -> String {
    let mut prefixes = vec![reference.prefix.as_ref()];
    if usage == Use::Written {
        prefixes.extend(reference.also_accepts.iter().map(AsRef::as_ref));
    }
    match prefixes.as_slice() {
        [one] => format!("^{one}_{SUFFIX}$"),
        many => format!("^({})_{SUFFIX}$", many.join("|")),
    }
}

fn text(schema: ObjectBuilder, max: u32, format: TextFormat) -> ObjectBuilder {
    let schema = schema.max_length(size(max));
    match format {
        TextFormat::Email => schema.format(Some(SchemaFormat::Custom("email".to_owned()))),
        TextFormat::Url => schema.format(Some(SchemaFormat::Custom("uri".to_owned()))),
        TextFormat::Country => schema.pattern(Some("^[A-Z]{2}$")),
        TextFormat::Slug => schema.pattern(Some("^[a-z][a-z0-9-]*$")),
        TextFormat::Currency => schema.pattern(Some("^[A-Z]{3}$")),
        TextFormat::Plain | TextFormat::Phone | TextFormat::Domain | TextFormat::Language | TextFormat::TimeZone => schema,
    }
}

fn size(limit: u32) -> Option<usize> {
    usize::try_from(limit).ok()
}
