//! One value, in wire form, against its field.

use super::format;
use crate::filter::operand::{any_record, kind_of, nearest, prefixes};
use clientela_kernel::currency::Currency;
use clientela_kernel::decimal::{self, DecimalProblem};
use clientela_kernel::money::AmountProblem;
use clientela_kernel::{Date, Duration, FieldProblem, Id, Money, ProblemCode, Timestamp, Value};
use clientela_model::{FieldDef, FieldType};
use serde_json::Value as Json;

/// Reads a value; null is [`Value::Null`] for every type.
pub(crate) fn read(field: &FieldDef, json: &Json, pointer: &str) -> Result<Value, FieldProblem> {
    let fail = |code: ProblemCode, text: String| Err(FieldProblem::new(pointer, code, format!("{} {text}.", field.name)));
    let wrong = |wanted: &str| fail(ProblemCode::WrongType, format!("must be {wanted}, not {}", kind_of(json)));
    match (&field.kind, json) {
        (FieldType::TextSet { .. }, Json::Null) => Ok(Value::TextSet(Vec::new())),
        (_, Json::Null) => Ok(Value::Null),
        (FieldType::Text { max, format }, Json::String(text)) => {
            let length = text.chars().count();
            if length > usize::try_from(*max).unwrap_or(usize::MAX) {
                return fail(ProblemCode::TooLong, format!("has {length} characters; {max} are allowed"));
            }
            if text.trim().is_empty() {
                // A blank says nothing: it is the empty field.
                return Ok(Value::Null);
            }
            match format::check(*format, text) {
                Ok(()) => Ok(Value::Text(text.clone())),
                Err(wanted) => fail(ProblemCode::InvalidFormat, format!("must be {wanted}, not {}", shorten(text))),
            }
        }
        (FieldType::Text { .. }, _) => wrong("a text"),
        (FieldType::TextSet { max_items, max_length }, Json::Array(items)) => {
            let mut set = Vec::with_capacity(items.len());
            for item in items {
                match item {
                    Json::String(text) if text.trim().is_empty() => {
                        return fail(ProblemCode::InvalidFormat, "holds an empty text".to_owned());
                    }
                    Json::String(text) if text.chars().count() > usize::try_from(*max_length).unwrap_or(usize::MAX) => {
                        return fail(
                            ProblemCode::TooLong,
                            format!("holds {}, which is longer than {max_length} characters", shorten(text)),
                        );
                    }
                    Json::String(text) if format::check(clientela_model::TextFormat::Plain, text).is_ok() => set.push(text.clone()),
                    Json::String(_) => return fail(ProblemCode::InvalidFormat, "holds a text with control characters".to_owned()),
                    other => return fail(ProblemCode::WrongType, format!("must be a list of texts; it holds {}", kind_of(other))),
                }
            }
            set.sort();
            set.dedup();
            if set.len() > usize::try_from(*max_items).unwrap_or(usize::MAX) {
                return fail(ProblemCode::TooLong, format!("has {} members; {max_items} are allowed", set.len()));
            }
            Ok(Value::TextSet(set))
        }
        (FieldType::TextSet { .. }, _) => wrong("a list of texts"),
        (FieldType::Boolean, Json::Bool(flag)) => Ok(Value::Boolean(*flag)),
        (FieldType::Boolean, _) => wrong("true or false"),
        (FieldType::Integer { min, max }, Json::Number(number)) => integer(whole(number), *min, *max).ok_or_else(|| {
            FieldProblem::new(
                pointer,
                ProblemCode::OutOfRange,
                format!("{} must be a whole number {}, not {number}.", field.name, range(*min, *max)),
            )
        }),
        (FieldType::Integer { min, max }, Json::String(text)) if *max > (1 << 53) => {
            integer(text.parse().ok(), *min, *max).ok_or_else(|| {
                FieldProblem::new(
                    pointer,
                    ProblemCode::OutOfRange,
                    format!("{} must be a whole number {}, not {}.", field.name, range(*min, *max), shorten(text)),
                )
            })
        }
        (FieldType::Integer { .. }, _) => wrong("a whole number"),
        (FieldType::Decimal { places, min, max }, Json::String(text)) => {
            let range = || format!("from {} to {}", decimal::text(*min, *places), decimal::text(*max, *places));
            match decimal::parse(text, *places) {
                // A sign where nothing is negative is refused even before a zero, as the contract says.
                Ok(number) if (*min..=*max).contains(&number) && !(*min >= 0 && text.starts_with('-')) => Ok(Value::Integer(number)),
                Ok(_) | Err(DecimalProblem::TooLarge) => {
                    fail(ProblemCode::OutOfRange, format!("must be {}, not {}", range(), shorten(text)))
                }
                Err(DecimalProblem::NotDecimal) => {
                    fail(ProblemCode::InvalidFormat, format!("must be a decimal text such as \"12.5\", not {}", shorten(text)))
                }
                Err(DecimalProblem::TooPrecise) => {
                    fail(ProblemCode::OutOfRange, format!("has more than the {places} decimals allowed, in {}", shorten(text)))
                }
            }
        }
        (FieldType::Decimal { .. }, _) => wrong("a decimal text such as \"12.5\""),
        (FieldType::Date, Json::String(text)) => match Date::parse(text) {
            Some(date) => Ok(Value::Date(date)),
            None => fail(ProblemCode::InvalidFormat, format!("must be a calendar date of the form YYYY-MM-DD, not {}", shorten(text))),
        },
        (FieldType::Date, _) => wrong("a date as text"),
        (FieldType::Instant, Json::String(text)) => match Timestamp::parse(text) {
            Some(at) => Ok(Value::Instant(at)),
            None => {
                fail(ProblemCode::InvalidFormat, format!("must be an RFC 3339 instant such as 2026-01-31T08:15:00Z, not {}", shorten(text)))
            }
        },
        (FieldType::Instant, _) => wrong("an instant as text"),
        (FieldType::Duration, Json::String(text)) => match Duration::parse(text) {
            Some(duration) if duration.months == 0 => match i64::from(duration.days) * 86_400 + duration.seconds {
                length if length > Duration::LONGEST => {
                    let longest = Duration::seconds_to_text(Duration::LONGEST);
                    fail(ProblemCode::OutOfRange, format!("is too large: {} is the longest, not {}", longest, shorten(text)))
                }
                length => Ok(Value::Integer(length)),
            },
            _ => fail(
                ProblemCode::InvalidFormat,
                format!("must be an ISO 8601 duration of days and time such as PT1H30M, not {}", shorten(text)),
            ),
        },
        (FieldType::Duration, _) => wrong("a duration as text"),
        (FieldType::Choice(choice), Json::String(text)) => {
            if choice.options.iter().any(|option| option.name == *text) {
                return Ok(Value::Text(text.clone()));
            }
            let options: Vec<&str> = choice.options.iter().map(|option| option.name.as_ref()).collect();
            let hint = nearest(&text.to_uppercase(), options.iter().copied());
            fail(ProblemCode::NotAllowed, format!("must be one of {}, not {}{hint}", options.join(", "), shorten(text)))
        }
        (FieldType::Choice(_), _) => wrong("the name of an option"),
        (FieldType::Reference(reference), Json::String(text)) => {
            let prefixes = std::iter::once(&reference.prefix).chain(&reference.also_accepts);
            match prefixes.clone().find_map(|prefix| Id::parse(text, prefix).ok()) {
                Some(id) => Ok(Value::Id(id.0)),
                None => {
                    let wanted: Vec<String> = prefixes.map(|prefix| format!("{prefix}_…")).collect();
                    fail(ProblemCode::InvalidFormat, format!("must be an id of the form {}, not {}", wanted.join(" or "), shorten(text)))
                }
            }
        }
        (FieldType::AnyReference(reference), Json::String(text)) => match any_record(text, reference) {
            Some(record) => Ok(Value::Record(record)),
            None => {
                let wanted = prefixes(reference);
                fail(ProblemCode::InvalidFormat, format!("must be an id of the form {wanted}, not {}", shorten(text)))
            }
        },
        (FieldType::Reference(_) | FieldType::AnyReference(_) | FieldType::Id, _) => wrong("an id as text"),
        (FieldType::Money, Json::Object(parts)) => money(field, parts, pointer),
        (FieldType::Money, _) => wrong("an object of amount (a decimal text) and currency"),
    }
}

fn money(field: &FieldDef, parts: &serde_json::Map<String, Json>, pointer: &str) -> Result<Value, FieldProblem> {
    let fail = |part: &str, code: ProblemCode, text: String| {
        Err(FieldProblem::new(format!("{pointer}/{part}"), code, format!("{}.{part} {text}.", field.name)))
    };
    if let Some(unknown) = parts.keys().find(|key| !matches!(key.as_str(), "amount" | "currency")) {
        return fail(unknown, ProblemCode::UnknownField, "is not a part of money; it has amount and currency".to_owned());
    }
    let currency = match parts.get("currency") {
        Some(Json::String(code)) => match Currency::parse(code) {
            Some(currency) => currency,
            None => return fail("currency", ProblemCode::NotAllowed, format!("{} is not an ISO 4217 code such as EUR", shorten(code))),
        },
        Some(other) => return fail("currency", ProblemCode::WrongType, format!("must be a text, not {}", kind_of(other))),
        None => return fail("currency", ProblemCode::Required, "must have a value".to_owned()),
    };
    match parts.get("amount") {
        Some(Json::String(amount)) => match Money::parse(amount, currency) {
            Ok(money) => Ok(Value::Money(money)),
            Err(AmountProblem::NotDecimal) => {
                fail("amount", ProblemCode::InvalidFormat, format!("must be a decimal text such as \"1234.50\", not {}", shorten(amount)))
            }
            Err(AmountProblem::TooPrecise) => {
                let (code, digits) = (currency.code(), currency.exponent());
                fail("amount", ProblemCode::OutOfRange, format!("has more decimals than {code} allows ({digits})"))
            }
            Err(AmountProblem::TooLarge) => fail("amount", ProblemCode::OutOfRange, "is too large".to_owned()),
        },
        Some(other) => {
            fail("amount", ProblemCode::WrongType, format!("must be a decimal text such as \"1234.50\", not {}", kind_of(other)))
        }
        None => fail("amount", ProblemCode::Required, "must have a value".to_owned()),
    }
}

/// The largest whole number that every reader of JSON takes for the same.
pub const LARGEST_WHOLE_NUMBER: i64 = 9_007_199_254_740_991;

/// A whole number as JSON has it, where the value is one that every reader takes for the same.
pub fn whole_number(json: &Json) -> Option<i64> {
    json.as_number().and_then(whole).filter(|number| (-LARGEST_WHOLE_NUMBER..=LARGEST_WHOLE_NUMBER).contains(number))
}

/// A JSON number without a fraction; `5.0` is one (JSON Schema).
fn whole(number: &serde_json::Number) -> Option<i64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let float = || number.as_f64().filter(|float| float.fract() == 0.0 && float.abs() <= EXACT);
    number.as_i64().or_else(|| float().and_then(|float| format!("{float:.0}").parse().ok()))
}

fn integer(number: Option<i64>, min: i64, max: i64) -> Option<Value> {
    number.filter(|number| (min..=max).contains(number)).map(Value::Integer)
}

fn range(min: i64, max: i64) -> String {
    match (min == i64::MIN, max == i64::MAX) {
        (true, true) => "of 64 bits".to_owned(),
        (true, false) => format!("of at most {max}"),
        (false, true) => format!("of at least {min}"),
        (false, false) => format!("from {min} to {max}"),
    }
}

/// A given text as a message quotes it.
fn shorten(text: &str) -> String {
    let start: String = text.chars().take(60).collect();
    if start.len() < text.len() { format!("{start:?}…") } else { format!("{start:?}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn whole_numbers_may_be_written_with_a_fraction_of_zero() {
        let read = |json: Json| json.as_number().and_then(whole);
        assert_eq!(read(json!(5)), Some(5));
        assert_eq!(read(json!(5.0)), Some(5));
        assert_eq!(read(json!(-0.0)), Some(0));
        assert_eq!(read(json!(i64::MAX)), Some(i64::MAX));
        for other in [json!(5.5), json!(1e300), json!(u64::MAX), json!(9_007_199_254_740_994.0)] {
            assert_eq!(read(other.clone()), None, "{other}");
        }
    }
}
