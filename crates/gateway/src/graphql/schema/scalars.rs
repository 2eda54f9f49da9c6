//! Scalars, and which named type a field has.

use super::types::{Definition, Kind, Scalar};
use clientela_engine::TODAY;
use clientela_kernel::{Date, Duration, Timestamp};
use clientela_model::{FieldDef, FieldType, system};
use serde_json::Value as Json;

/// The scalars we define beyond GraphQL's own.
pub(crate) fn definitions() -> Vec<Definition> {
    let scalar = |name: &str, form, specified_by, text: &str| Definition::new(name, text, Kind::Scalar { form, specified_by });
    vec![
        scalar(
            "DateTime",
            Scalar::DateTime,
            Some("https://www.rfc-editor.org/rfc/rfc3339"),
            "A moment, RFC 3339. Always written in UTC with milliseconds, such as `2026-01-31T08:15:00.000Z`; any offset is read. In filters also `today`: when the \
             caller's day began.",
        ),
        scalar(
            "Date",
            Scalar::Date,
            Some("https://www.rfc-editor.org/rfc/rfc3339"),
            "A calendar day without a zone, `YYYY-MM-DD`. In filters also `today`, in the caller's zone.",
        ),
        scalar(
            "Duration",
            Scalar::Duration,
            Some("https://www.iso.org/iso-8601-date-and-time-format.html"),
            "A length of time, ISO 8601, such as `PT1H30M`.",
        ),
        scalar("Decimal", Scalar::Decimal, None, "An exact decimal number as a string, such as `\"1234.50\"`; never a float."),
        scalar(
            "Long",
            Scalar::Long,
            None,
            "A whole number of 64 bits. Written as a number up to 2^53 and as a string beyond; both are read.",
        ),
        scalar(
            "JSON",
            Scalar::Json,
            Some("https://www.rfc-editor.org/rfc/rfc8259"),
            "Any JSON value: the value of some field, in the form that REST writes it in.",
        ),
    ]
}

/// The named type of a field's values.
pub(crate) fn type_name(field: &FieldDef) -> &str {
    match &field.kind {
        FieldType::Id | FieldType::Reference(_) | FieldType::AnyReference(_) => "ID",
        FieldType::Text { .. } | FieldType::TextSet { .. } => "String",
        FieldType::Boolean => "Boolean",
        // A record does not live to see 2^31 changes.
        FieldType::Integer { .. } if field.name == system::VERSION => "Int",
        FieldType::Integer { min, max } if i32::try_from(*min).is_ok() && i32::try_from(*max).is_ok() => "Int",
        FieldType::Integer { .. } => "Long",
        FieldType::Decimal { .. } => "Decimal",
        FieldType::Date => "Date",
        FieldType::Instant => "DateTime",
        FieldType::Duration => "Duration",
        FieldType::Money => "Money",
        FieldType::Choice(choice) => &choice.name,
    }
}

impl Scalar {
    /// A scalar by its name, GraphQL's own included.
    pub(crate) fn standard(name: &str) -> Option<Scalar> {
        Some(match name {
            "ID" => Scalar::Id,
            "String" => Scalar::String,
            "Int" => Scalar::Int,
            "Float" => Scalar::Float,
            "Boolean" => Scalar::Boolean,
            _ => return None,
        })
    }

    /// What a value must be, for messages.
    pub(crate) fn wanted(self) -> &'static str {
        match self {
            Scalar::Id => "an ID as a string",
            Scalar::String => "a string",
            Scalar::Int => "a whole number between -2147483648 and 2147483647",
            Scalar::Float => "a number",
            Scalar::Boolean => "true or false",
            Scalar::Long => "a whole number of 64 bits",
            Scalar::Decimal => "a decimal number as a string, such as \"1234.50\"",
            Scalar::Date => "a date as a string, YYYY-MM-DD",
            Scalar::DateTime => "a moment as a string in RFC 3339, such as \"2026-01-31T08:15:00Z\"",
            Scalar::Json => "any JSON value",
            Scalar::Duration => "a duration as a string in ISO 8601, such as \"PT1H30M\"",
        }
    }

    /// The value in the form the engine reads, or none where the scalar does not take it.
    pub(crate) fn coerce(self, json: &Json) -> Option<Json> {
        let text = |valid: fn(&str) -> bool| json.as_str().filter(|text| valid(text)).map(|_| json.clone());
        match self {
            Scalar::Id => match json {
                Json::String(_) => Some(json.clone()),
                Json::Number(number) if number.is_i64() || number.is_u64() => Some(Json::String(number.to_string())),
                _ => None,
            },
            Scalar::String => text(|_| true),
            Scalar::Boolean => json.is_boolean().then(|| json.clone()),
            Scalar::Float => json.is_number().then(|| json.clone()),
            Scalar::Int => whole(json).filter(|number| i32::try_from(*number).is_ok()).map(Json::from),
            Scalar::Long => whole(json).or_else(|| json.as_str()?.parse().ok()).map(Json::from),
            Scalar::Decimal => text(is_decimal),
            Scalar::Date => text(|text| text == TODAY || Date::parse(text).is_some()),
            Scalar::DateTime => text(|text| text == TODAY || Timestamp::parse(text).is_some()),
            Scalar::Json => Some(json.clone()),
            Scalar::Duration => text(|text| Duration::parse(text).is_some()),
        }
    }
}

/// A whole number, also when a client wrote it as `1.0`.
fn whole(json: &Json) -> Option<i64> {
    let number = json.as_number()?;
    number.as_i64().or_else(|| number.to_string().strip_suffix(".0")?.parse().ok())
}

fn is_decimal(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    all_digits(whole) && all_digits(fraction)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn ranges_and_forms() {
        assert_eq!(Scalar::Int.coerce(&json!(2_147_483_647)), Some(json!(2_147_483_647)));
        assert_eq!(Scalar::Int.coerce(&json!(2_147_483_648_i64)), None);
        assert_eq!(Scalar::Int.coerce(&json!(1.0)), Some(json!(1)));
        assert_eq!(Scalar::Int.coerce(&json!(1.5)), None);
        assert_eq!(Scalar::Int.coerce(&json!("1")), None);
        assert_eq!(Scalar::Long.coerce(&json!("9007199254740993")), Some(json!(9_007_199_254_740_993_i64)));
        assert_eq!(Scalar::Id.coerce(&json!(7)), Some(json!("7")));
        assert_eq!(Scalar::Decimal.coerce(&json!(1.5)), None);
        assert_eq!(Scalar::Decimal.coerce(&json!("-1.50")), Some(json!("-1.50")));
        assert_eq!(Scalar::Decimal.coerce(&json!("1.")), None);
        assert_eq!(Scalar::DateTime.coerce(&json!("2026-01-31")), None);
        assert_eq!(Scalar::Duration.coerce(&json!("P30D")), Some(json!("P30D")));
    }
}
