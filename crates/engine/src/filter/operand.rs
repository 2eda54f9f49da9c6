//! Operands of filters, and words for what is wrong with a value.

use super::within;
use clientela_kernel::currency::Currency;
use clientela_kernel::decimal;
use clientela_kernel::{Comparison, Context, Date, Duration, Id, Money, RecordKey, Timestamp, Value};
use clientela_model::{AnyReferenceDef, FieldDef, FieldType, ResourceDef};
use serde_json::Value as Json;

/// The day of the request, in the caller's zone; of an instant, when that day began.
pub const TODAY: &str = "today";

/// What is wrong with a value, as the end of a sentence.
pub(crate) struct Problem(pub(crate) String);

fn problem<T>(text: impl Into<String>) -> Result<T, Problem> {
    Err(Problem(text.into()))
}

/// What kind of JSON value it is, for messages.
pub(crate) fn kind_of(json: &Json) -> &'static str {
    match json {
        Json::Null => "null",
        Json::Bool(_) => "true or false",
        Json::Number(_) => "a number",
        Json::String(_) => "a text",
        Json::Array(_) => "a list",
        Json::Object(_) => "an object",
    }
}

/// ` (did you mean "name"?)` where a known name is near.
pub(crate) fn nearest<'a>(given: &str, known: impl Iterator<Item = &'a str>) -> String {
    known
        .map(|name| (strsim::jaro_winkler(given, name), name))
        .filter(|(score, _)| *score > 0.8)
        .max_by(|left, right| left.0.total_cmp(&right.0))
        .map_or_else(String::new, |(_, name)| format!(" (did you mean {name:?}?)"))
}

/// Reads one operand in the wire form of the field.
pub(crate) fn read(context: &Context, def: &ResourceDef, field: &FieldDef, json: &Json, currency: Option<&Json>) -> Result<Value, Problem> {
    let wrong = |wanted: &str| problem(format!("{} is compared with {wanted}, not {}", field.name, kind_of(json)));
    match (&field.kind, json) {
        (FieldType::Id, Json::String(text)) => id(text, &def.prefix, &[]).map(Value::Id),
        (FieldType::Reference(reference), Json::String(text)) => {
            if text == "me" && reference.target == "user" {
                return Ok(Value::Id(context.me()));
            }
            id(text, &reference.prefix, &reference.also_accepts).map(Value::Id)
        }
        (FieldType::AnyReference(reference), Json::String(text)) => match any_record(text, reference) {
            Some(record) => Ok(Value::Record(record)),
            None => problem(format!("{text:?} is not an id of a record such as {}", prefixes(reference))),
        },
        (FieldType::Id | FieldType::Reference(_) | FieldType::AnyReference(_), _) => wrong("an id as text"),
        (FieldType::Text { .. }, Json::String(text)) if text.contains('\0') => problem("a text cannot hold a NUL character"),
        (FieldType::Text { .. }, Json::String(text)) => Ok(Value::Text(text.clone())),
        (FieldType::Text { .. }, _) => wrong("a text"),
        (FieldType::Choice(choice), Json::String(text)) => {
            if choice.options.iter().any(|option| option.name == *text) {
                Ok(Value::Text(text.clone()))
            } else {
                let options: Vec<&str> = choice.options.iter().map(|option| option.name.as_ref()).collect();
                problem(format!("{text:?} is not one of {}", options.join(", ")))
            }
        }
        (FieldType::Choice(_), _) => wrong("the name of an option"),
        (FieldType::Boolean, Json::Bool(flag)) => Ok(Value::Boolean(*flag)),
        (FieldType::Boolean, _) => wrong("true or false"),
        (FieldType::Integer { .. }, Json::Number(number)) => match number.as_i64() {
            Some(number) => Ok(Value::Integer(number)),
            None => problem(format!("{number} is not a whole number of 64 bits")),
        },
        (FieldType::Integer { .. }, Json::String(text)) => match text.parse() {
            Ok(number) => Ok(Value::Integer(number)),
            Err(_) => problem(format!("{text:?} is not a whole number of 64 bits")),
        },
        (FieldType::Integer { .. }, _) => wrong("a whole number"),
        (FieldType::Decimal { places, .. }, Json::String(text)) => match decimal::parse(text, *places) {
            Ok(number) => Ok(Value::Integer(number)),
            Err(_) => problem(format!("{text:?} is not a decimal number with at most {places} decimals")),
        },
        (FieldType::Decimal { .. }, _) => wrong("a decimal number as text"),
        (FieldType::Date, Json::String(text)) if text == TODAY => Ok(Value::Date(within::today(context))),
        (FieldType::Instant, Json::String(text)) if text == TODAY => Ok(Value::Instant(within::start_of_today(context))),
        (FieldType::Date, Json::String(text)) => match Date::parse(text) {
            Some(date) => Ok(Value::Date(date)),
            None => problem(format!("{text:?} is not a date of the form YYYY-MM-DD, nor {TODAY}")),
        },
        (FieldType::Date, _) => wrong("a date as text"),
        (FieldType::Instant, Json::String(text)) => match Timestamp::parse(text) {
            Some(at) => Ok(Value::Instant(at)),
            None => {
                problem(format!("{text:?} is not an instant of the form 2026-01-31T08:15:00Z, nor {TODAY}, which is when the day began"))
            }
        },
        (FieldType::Instant, _) => wrong("an instant as text"),
        (FieldType::Duration, Json::String(text)) => match Duration::parse(text) {
            Some(duration) if duration.months == 0 => Ok(Value::Integer(i64::from(duration.days) * 86_400 + duration.seconds)),
            _ => problem(format!("{text:?} is not a duration of days, hours, minutes and seconds such as PT1H30M")),
        },
        (FieldType::Duration, _) => wrong("a duration as text"),
        (FieldType::Money, Json::String(amount)) => {
            let Some(Json::String(code)) = currency else {
                return problem("an amount is compared in a currency: add \"currency\": \"EUR\" beside the operator");
            };
            let Some(currency) = Currency::parse(code) else {
                return problem(format!("{code:?} is not an ISO 4217 currency code"));
            };
            match Money::parse(amount, currency) {
                Ok(money) => Ok(Value::Money(money)),
                Err(_) => problem(format!("{amount:?} is not an amount of {code} with at most {} decimals", currency.exponent())),
            }
        }
        (FieldType::Money, _) => wrong("a decimal amount as text"),
        (FieldType::TextSet { .. }, _) => wrong("has, hasAny or hasAll"),
    }
}

/// `{"currency": "EUR"}` alone: the field is an amount in this currency.
pub(crate) fn currency(json: &Json) -> Result<Comparison, Problem> {
    let bounds = json.as_str().and_then(Currency::parse).map(|currency| Money { minor: i64::MIN, currency });
    match bounds {
        Some(money) => Ok(Comparison::GreaterOrEqual(Value::Money(money))),
        None => problem("currency takes an ISO 4217 code such as EUR"),
    }
}

/// Reads the id of a record of any resource: the prefix tells which.
pub(crate) fn any_record(text: &str, reference: &AnyReferenceDef) -> Option<RecordKey> {
    let target = reference.by_prefix(Id::prefix_of(text)?)?;
    let id = Id::parse(text, &target.prefix).ok()?.0;
    Some(RecordKey { resource: target.resource.clone(), id })
}

/// The id forms that a reference to any record takes, for messages.
pub(crate) fn prefixes(reference: &AnyReferenceDef) -> String {
    let forms: Vec<String> = reference.targets.iter().map(|target| format!("{}_…", target.prefix)).collect();
    forms.join(" or ")
}

fn id(text: &str, prefix: &str, also: &[clientela_kernel::Name]) -> Result<uuid::Uuid, Problem> {
    std::iter::once(prefix)
        .chain(also.iter().map(AsRef::as_ref))
        .find_map(|prefix| Id::parse(text, prefix).ok())
        .map(|id| id.0)
        .ok_or_else(|| Problem(format!("{text:?} is not an id of the form {prefix}_…")))
}
