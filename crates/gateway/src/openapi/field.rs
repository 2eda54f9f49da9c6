//! The schema of one field, as it is shown and as it is written.

use clientela_kernel::currency::Currency;
use clientela_kernel::decimal::{self, LONGEST_DECIMAL};
use clientela_kernel::duration::LONGEST_PART;
use clientela_kernel::money::LONGEST_AMOUNT;
use clientela_model::{ChoiceDef, FieldDef, FieldType, ReferenceDef, ResourceDef, TextFormat};
use serde_json::Value as Json;
use utoipa::openapi::schema::{AdditionalProperties, KnownFormat, OneOfBuilder, RefBuilder, SchemaFormat, SchemaType, Type};
use utoipa::openapi::{ArrayBuilder, ObjectBuilder, Ref, RefOr, Schema};

/// What a schema is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    /// The record as it is read.
    Shown,
    /// A value that is written.
    Written,
}

/// The base 32 part of an id: 26 characters, the first at most 7, with the version 7 and the variant where UUIDs have them.
const SUFFIX: &str = "[0-7][0-9a-hjkmnp-tv-z]{9}[ef][0-9a-hjkmnp-tv-z]{2}[89abrstv][0-9a-hjkmnp-tv-z]{12}";
/// A character of a text: no control character but tab and line breaks.
const CHARACTER: &str = r"[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]";
/// Spaces and control characters, as they stand between brackets.
const BLANK: &str = r"\s\x00-\x1f\x7f-\x9f";
/// One that is no space either.
const VISIBLE: &str = r"[^\s\x00-\x1f\x7f-\x9f]";
/// A file's name: no slash, no control character, no mark that turns the direction of writing, and not of dots alone.
const FILE_NAME: &str = r"[^/\\\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]*[^\s./\\\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069][^/\\\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]*";
/// A decimal number as text.
const AMOUNT: &str = r"^-?[0-9]+(\.[0-9]+)?$";
/// The whole is at most 253 characters long, which is checked besides.
const HOST: &str = r"([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?";

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
        FieldType::Text { max, format } => {
            let schema = text(plain(Type::String), *max, *format);
            // Blank empties the field, and is no address; the pattern says both.
            let blank = usage == Use::Written && !field.required && matches!(format, TextFormat::Url | TextFormat::Email);
            let schema = if blank { schema.format(None) } else { schema };
            // What is stored has these forms; where it is written, blank means empty.
            if usage == Use::Written { schema.pattern(Some(written(*format, field.required))).into() } else { schema.into() }
        }
        FieldType::TextSet { max_items, max_length } => {
            let items = ObjectBuilder::new().schema_type(Type::String).min_length(Some(1)).max_length(size(*max_length));
            let items = if usage == Use::Written { items.pattern(Some(written(TextFormat::Plain, true))) } else { items };
            // A set is never null when it is shown: it is empty, and null empties it.
            let schema_type = types(Type::Array, usage == Use::Written);
            let array = ArrayBuilder::new().schema_type(schema_type).items(items).max_items(size(*max_items));
            array.unique_items(usage == Use::Shown).description(Some(description)).examples(example).into()
        }
        FieldType::Boolean => plain(Type::Boolean).into(),
        FieldType::Integer { min, max } => {
            let integer = plain(Type::Integer).format(Some(SchemaFormat::KnownFormat(KnownFormat::Int64)));
            let integer = if *min == i64::MIN { integer } else { integer.minimum(Some(*min)) };
            if *max == i64::MAX { integer.into() } else { integer.maximum(Some(*max)).into() }
        }
        FieldType::Decimal { places, min, max } => {
            let limits = format!(
                "From {} to {}, with at most {places} decimals, as text.",
                decimal::text(*min, *places),
                decimal::text(*max, *places)
            );
            let described = plain(Type::String).description(Some(format!("{description} {limits}")));
            described.pattern(Some(decimal_pattern(*places, *min, *max))).max_length(Some(LONGEST_DECIMAL)).into()
        }
        FieldType::Date => plain(Type::String).format(Some(SchemaFormat::KnownFormat(KnownFormat::Date))).into(),
        FieldType::Instant => plain(Type::String).format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime))).into(),
        FieldType::Duration => plain(Type::String).pattern(Some(duration())).into(),
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

/// Durations as they are stored: ISO 8601 without years and months, whose length depends on the day they begin. The format of that name has these too.
fn duration() -> String {
    let n = format!("[0-9]{{1,{LONGEST_PART}}}");
    let time = format!("T({n}H({n}M)?({n}S)?|{n}M({n}S)?|{n}S)");
    format!("^P({n}W({n}D)?({time})?|{n}D({time})?|{time})$")
}

/// Decimal numbers of so many places in a range, as near as a pattern comes: exact where the greatest number is a power of ten, and the least is nothing or its opposite.
fn decimal_pattern(places: u32, min: i64, max: i64) -> String {
    let sign = if min < 0 { "-?" } else { "" };
    let greatest = max.max(min.saturating_neg()) / decimal::unit(places);
    let digits = greatest.to_string();
    let fraction = if places == 0 { r"(\.0+)?".to_owned() } else { format!(r"(\.[0-9]{{1,{places}}}0*)?") };
    match digits.strip_prefix('1').filter(|zeros| !zeros.is_empty() && zeros.bytes().all(|digit| digit == b'0')) {
        Some(zeros) => format!(r"^{sign}0*({digits}(\.0+)?|[0-9]{{1,{}}}{fraction})$", zeros.len()),
        None => format!(r"^{sign}0*[0-9]{{1,{}}}{fraction}$", digits.len()),
    }
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
        .pattern(Some(AMOUNT))
        .max_length(Some(LONGEST_AMOUNT))
        .description(Some("A decimal number as text, with at most as many decimal places as the currency has."))
        .examples([Json::from("1234.50")]);
    let currency = ObjectBuilder::new()
        .schema_type(Type::String)
        .pattern(Some("^[A-Z]{3}$"))
        .description(Some("The currency by ISO 4217."))
        .examples(Currency::parse("EUR").map(|euro| Json::from(euro.code())));
    ObjectBuilder::new()
        .description(Some("An amount of money in a currency; never a float."))
        .additional_properties(Some(AdditionalProperties::FreeForm(false)))
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
        TextFormat::Recurrence => schema.pattern(Some("^FREQ=[A-Z]+(;[A-Z]+=[0-9A-Z+,-]+)*$")),
        TextFormat::Slug => schema.pattern(Some("^[a-z][a-z0-9-]*$")),
        TextFormat::Time => schema.pattern(Some("^([01][0-9]|2[0-3]):[0-5][0-9]$")),
        TextFormat::Currency => schema.pattern(Some("^[A-Z]{3}$")),
        TextFormat::FileName => schema.pattern(Some(format!("^{FILE_NAME}$"))),
        TextFormat::FilterTree
        | TextFormat::Document
        | TextFormat::Plain
        | TextFormat::Phone
        | TextFormat::Domain
        | TextFormat::Language
        | TextFormat::TimeZone => schema,
    }
}

/// What a written text must look like, as near as a pattern comes: codes of registers (zones, countries, currencies) are
/// looked up besides. A blank text is the empty field, so an optional field takes one.
pub(super) fn written(format: TextFormat, required: bool) -> String {
    let form = match format {
        TextFormat::Plain if required => return format!("^{CHARACTER}*{VISIBLE}{CHARACTER}*$"),
        TextFormat::Plain => return format!("^{CHARACTER}*$"),
        TextFormat::Email => format!(r"[^{BLANK}@,;<>()\x22]+@[^{BLANK}@]+\.[^{BLANK}@]+"),
        TextFormat::Phone => r"\+?([ ()/.-]*[0-9]){3,15}[ ()/.-]*([eE]?[xX][tT. ]*[0-9]{0,5})?".to_owned(),
        TextFormat::Url => format!(r"https?://(localhost|{HOST})(:[0-9]*)?([/?#]{VISIBLE}*)?"),
        TextFormat::Domain => HOST.to_owned(),
        TextFormat::Country => "[A-Z]{2}".to_owned(),
        TextFormat::Currency => "[A-Z]{3}".to_owned(),
        TextFormat::Language => "[a-z]{2,3}(-[A-Za-z0-9]{1,8})*".to_owned(),
        TextFormat::Slug => "[a-z][a-z0-9-]*".to_owned(),
        TextFormat::Recurrence => "FREQ=(DAILY|WEEKLY|MONTHLY|YEARLY)(;(INTERVAL|COUNT|UNTIL|WKST|BY[A-Z]+)=[0-9A-Z+,-]+)*".to_owned(),
        TextFormat::FileName => FILE_NAME.to_owned(),
        TextFormat::FilterTree | TextFormat::Document => format!(r"\{{{CHARACTER}*\}}"),
        TextFormat::Time => "([01][0-9]|2[0-3]):[0-5][0-9]".to_owned(),
        TextFormat::TimeZone => r"[A-Za-z]+[A-Za-z0-9_+/-]*".to_owned(),
    };
    if required { format!("^{form}$") } else { format!(r"^(\s*|{form})$") }
}

fn size(limit: u32) -> Option<usize> {
    usize::try_from(limit).ok()
}
