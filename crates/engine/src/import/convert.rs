//! From the cells of a row to a field's value in wire form.

use super::mapping::{Case, NamePart};
use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, TimeZone as _};
use chrono_tz::Tz;
use clientela_kernel::currency::Currency;
use clientela_model::FieldType;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;

/// What a rule asks to be done with a text.
#[derive(Clone, Debug, Default)]
pub(super) struct Treatment {
    pub(super) split: Option<NamePart>,
    pub(super) case: Option<Case>,
    pub(super) map: Option<BTreeMap<String, Json>>,
    pub(super) default: Option<Json>,
    pub(super) dates: Vec<String>,
    pub(super) zone: Option<Tz>,
    pub(super) separator: Option<String>,
    pub(super) decimal: Option<char>,
}

/// Why a value cannot be used: a code and a text that completes "… has …".
pub(super) type Fault = (&'static str, String);

impl Treatment {
    /// A cell as the field takes it; null where there is nothing.
    pub(super) fn value(&self, cell: Json, kind: &FieldType, currency: Option<&str>) -> Result<Json, Fault> {
        let cell = match cell {
            Json::String(text) => self.text(&text),
            other => other,
        };
        let mapped = match (&self.map, &cell) {
            (Some(map), Json::String(_) | Json::Number(_) | Json::Bool(_)) => {
                let key = cell.as_str().map_or_else(|| cell.to_string(), str::to_owned);
                match map.get(&key).or(self.default.as_ref()) {
                    Some(value) => return Ok(value.clone()),
                    None => return Err(("UNMAPPED_VALUE", unmapped(&key, map))),
                }
            }
            _ => cell,
        };
        match mapped {
            Json::Null => Ok(self.default.clone().unwrap_or_default()),
            Json::String(text) => self.typed(text, kind, currency),
            Json::Number(number) if matches!(kind, FieldType::Money | FieldType::Decimal { .. }) => {
                self.typed(number.to_string(), kind, currency)
            }
            // Numbers of an NDJSON file in a field of text: an identifier, most likely.
            Json::Number(number) if matches!(kind, FieldType::Text { .. }) => Ok(number.to_string().into()),
            other => Ok(other),
        }
    }

    /// Splitting and casing.
    pub(super) fn text(&self, text: &str) -> Json {
        let part = match self.split {
            Some(part) => split(text, part),
            None => text.to_owned(),
        };
        let text = match self.case {
            None => part,
            Some(Case::Upper) => part.to_uppercase(),
            Some(Case::Lower) => part.to_lowercase(),
            Some(Case::UpperSnake) => {
                let letters: String = part.chars().map(|letter| if letter.is_alphanumeric() { letter } else { ' ' }).collect();
                letters.split_whitespace().collect::<Vec<_>>().join("_").to_uppercase()
            }
        };
        if text.is_empty() { Json::Null } else { text.into() }
    }

    fn typed(&self, text: String, kind: &FieldType, currency: Option<&str>) -> Result<Json, Fault> {
        Ok(match kind {
            FieldType::Boolean => match text.to_lowercase().as_str() {
                "true" | "yes" | "y" | "1" => json!(true),
                "false" | "no" | "n" | "0" => json!(false),
                _ => return Err(("WRONG_TYPE", "must be true or false; yes, no, y, n, 1 and 0 are understood as well".to_owned())),
            },
            FieldType::Integer { .. } => match self.plain_number(&text).parse::<i64>() {
                Ok(number) => json!(number),
                Err(_) => return Err(("WRONG_TYPE", "must be a whole number".to_owned())),
            },
            FieldType::Decimal { .. } => self.plain_number(&text).into(),
            // As an export writes a set with a comma in a member.
            FieldType::TextSet { .. } if text.starts_with('[') && serde_json::from_str::<Vec<String>>(&text).is_ok() => {
                serde_json::from_str(&text).unwrap_or_default()
            }
            FieldType::TextSet { .. } => {
                let separator = self.separator.as_deref().unwrap_or(",");
                text.split(separator).map(str::trim).filter(|member| !member.is_empty()).map(Json::from).collect()
            }
            FieldType::Money => match currency {
                Some(currency) => {
                    let amount = self.plain_number(&text);
                    let digits = Currency::parse(currency).map_or(2, Currency::exponent);
                    let digits = usize::try_from(digits).unwrap_or(2);
                    json!({"amount": without_empty_decimals(&amount, digits), "currency": currency})
                }
                None => return Err(("REQUIRED", "is an amount without a currency".to_owned())),
            },
            FieldType::Date if !self.dates.is_empty() => match self.dates.iter().find_map(|form| date(&text, form)) {
                Some(date) => date.format("%Y-%m-%d").to_string().into(),
                None => return Err(("INVALID_FORMAT", format!("must be a date of the form {}", self.dates.join(" or ")))),
            },
            FieldType::Instant if !self.dates.is_empty() => match self.dates.iter().find_map(|form| self.instant(&text, form)) {
                Some(at) => at.into(),
                None => return Err(("INVALID_FORMAT", format!("must be a moment of the form {}", self.dates.join(" or ")))),
            },
            _ => text.into(),
        })
    }

    /// A number with a point before its decimals and nothing between its thousands.
    fn plain_number(&self, text: &str) -> String {
        match self.decimal {
            Some(',') => text.replace(['.', ' ', '\u{a0}', '\u{202f}', '\''], "").replace(',', "."),
            Some(_) => text.replace([',', ' ', '\u{a0}', '\u{202f}', '\''], ""),
            None => text.to_owned(),
        }
    }

    fn instant(&self, text: &str, form: &str) -> Option<String> {
        let zone = self.zone.unwrap_or(chrono_tz::UTC);
        let local = || {
            let local = NaiveDateTime::parse_from_str(text, form)
                .or_else(|_| NaiveDate::parse_from_str(text, form).map(|date| date.and_time(NaiveTime::MIN)));
            zone.from_local_datetime(&local.ok()?).earliest().map(|at| at.to_utc())
        };
        let at = DateTime::parse_from_str(text, form).ok().map(|at| at.to_utc()).or_else(local)?;
        Some(at.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string())
    }
}

fn date(text: &str, form: &str) -> Option<NaiveDate> {
    NaiveDate::parse_from_str(text, form).ok().or_else(|| NaiveDateTime::parse_from_str(text, form).ok().map(|at| at.date()))
}

/// `18.0000` of a currency with two decimals is `18.00`; what would change the amount is left for the engine to refuse.
fn without_empty_decimals(amount: &str, digits: usize) -> &str {
    let Some((whole, decimals)) = amount.split_once('.') else { return amount };
    let superfluous = decimals.get(digits..).is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte == b'0'));
    if !superfluous {
        return amount;
    }
    let kept = if digits == 0 { whole.len() } else { whole.len() + 1 + digits };
    amount.get(..kept).unwrap_or(amount)
}

fn split(name: &str, part: NamePart) -> String {
    let name = name.trim();
    let (first, last) = match name.split_once(',') {
        Some((last, first)) => (first.trim(), last.trim()),
        None => name.rsplit_once(char::is_whitespace).map_or(("", name), |(first, last)| (first.trim_end(), last)),
    };
    match part {
        NamePart::First => first.to_owned(),
        NamePart::Last => last.to_owned(),
    }
}

fn unmapped(key: &str, map: &BTreeMap<String, Json>) -> String {
    let known: Vec<&str> = map.keys().take(12).map(String::as_str).collect();
    let more = if map.len() > known.len() { ", …" } else { "" };
    format!("has the value {key:?}, which the map does not know; it knows {}{more}. Add it, or give a default", known.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn convert(treatment: &Treatment, text: &str, kind: &FieldType) -> Result<Json, &'static str> {
        treatment.value(text.into(), kind, Some("EUR")).map_err(|(code, _)| code)
    }

    #[test]
    fn dates_and_moments_are_read_by_their_forms() {
        let forms =
            |forms: &[&str], zone| Treatment { dates: forms.iter().map(|form| (*form).to_owned()).collect(), zone, ..Treatment::default() };
        let day = forms(&["%d.%m.%Y", "%Y-%m-%d %H:%M:%S%.f"], None);
        assert_eq!(convert(&day, "31.12.2025", &FieldType::Date), Ok(json!("2025-12-31")));
        assert_eq!(convert(&day, "1948-12-08 00:00:00.000", &FieldType::Date), Ok(json!("1948-12-08")));
        assert_eq!(convert(&day, "31.02.2025", &FieldType::Date), Err("INVALID_FORMAT"));
        let moment = forms(&["%d.%m.%Y %H:%M"], Some(chrono_tz::Europe::Vienna));
        assert_eq!(convert(&moment, "01.07.2025 08:30", &FieldType::Instant), Ok(json!("2025-07-01T06:30:00.000Z")));
        let zoned = forms(&["%Y-%m-%d %H:%M %z"], None);
        assert_eq!(convert(&zoned, "2025-07-01 08:30 +0200", &FieldType::Instant), Ok(json!("2025-07-01T06:30:00.000Z")));
    }

    #[test]
    fn values_become_what_the_field_takes() {
        let plain = Treatment::default();
        let integer = FieldType::Integer { min: 0, max: 100 };
        assert_eq!(convert(&plain, "12", &integer), Ok(json!(12)));
        assert_eq!(convert(&plain, "12.5", &integer), Err("WRONG_TYPE"));
        assert_eq!(convert(&plain, "Yes", &FieldType::Boolean), Ok(json!(true)));
        assert_eq!(convert(&plain, "maybe", &FieldType::Boolean), Err("WRONG_TYPE"));
        let set = FieldType::TextSet { max_items: 9, max_length: 9 };
        assert_eq!(convert(&plain, "a, b,,c", &set), Ok(json!(["a", "b", "c"])));
        let german = Treatment { decimal: Some(','), ..Treatment::default() };
        assert_eq!(convert(&german, "1.234,5", &FieldType::Money), Ok(json!({"amount": "1234.5", "currency": "EUR"})));
        let decimal = FieldType::Decimal { places: 2, min: 0, max: 10_000 };
        assert_eq!(convert(&german, "1,50", &decimal), Ok(json!("1.50")));
        assert_eq!(plain.value(json!(1.5), &decimal, None), Ok(json!("1.5")));
        assert_eq!(convert(&plain, "18.0000", &FieldType::Money), Ok(json!({"amount": "18.00", "currency": "EUR"})));
        assert_eq!(convert(&plain, "18.0050", &FieldType::Money), Ok(json!({"amount": "18.0050", "currency": "EUR"})));
    }

    #[test]
    fn maps_refuse_what_they_do_not_know() {
        let map = BTreeMap::from([("Germany".to_owned(), json!("DE"))]);
        let strict = Treatment { map: Some(map.clone()), ..Treatment::default() };
        let text = FieldType::Text { max: 2, format: clientela_model::TextFormat::Country };
        assert_eq!(convert(&strict, "Germany", &text), Ok(json!("DE")));
        assert_eq!(convert(&strict, "Gremany", &text), Err("UNMAPPED_VALUE"));
        assert_eq!(strict.value(Json::Null, &text, None).unwrap(), Json::Null);
        let lenient = Treatment { map: Some(map), default: Some(json!("AT")), ..Treatment::default() };
        assert_eq!(convert(&lenient, "Gremany", &text), Ok(json!("AT")));
    }

    #[test]
    fn names_are_taken_apart() {
        for (name, first, last) in [
            ("Maria Anders", "Maria", "Anders"),
            ("Ana Maria Trujillo", "Ana Maria", "Trujillo"),
            ("Trujillo, Ana Maria", "Ana Maria", "Trujillo"),
            ("Madonna", "", "Madonna"),
        ] {
            assert_eq!((split(name, NamePart::First).as_str(), split(name, NamePart::Last).as_str()), (first, last));
        }
    }

    #[test]
    fn options_of_a_choice_may_be_written_loosely() {
        let snake = Treatment { case: Some(Case::UpperSnake), ..Treatment::default() };
        assert_eq!(snake.text("public sector"), json!("PUBLIC_SECTOR"));
        assert_eq!(snake.text("Real-Estate "), json!("REAL_ESTATE"));
    }
}
