//! Strict JSON: one object in UTF-8, no key twice, no deeper than the limit. A lenient reader would let two parties
//! see two different requests in the same bytes.

use clientela_kernel::{Error, ErrorCode, Result};
use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value as Json};
use std::fmt;

/// Reads the body of a request. `MALFORMED_BODY` names line and column.
pub(crate) fn parse_object(bytes: &[u8], depth: usize) -> Result<Map<String, Json>> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(malformed("The body is empty. Send one JSON object.".to_owned()));
    }
    match parse(bytes, depth).map_err(|problem| malformed(format!("The body cannot be read: {problem}.")))? {
        Json::Object(members) => Ok(members),
        other => Err(malformed(format!("The body is {}, but must be one JSON object.", kind(&other)))),
    }
}

/// Reads any JSON value; the error says what is wrong, at which line and column.
pub(super) fn parse(bytes: &[u8], depth: usize) -> std::result::Result<Json, String> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        let column = before.iter().rev().take_while(|byte| **byte != b'\n').count() + 1;
        format!("it is not UTF-8 at line {line} column {column}")
    })?;
    let mut reader = serde_json::Deserializer::from_str(text);
    let value = Strict { depth, limit: depth }.deserialize(&mut reader).map_err(|error| error.to_string())?;
    reader.end().map_err(|error| error.to_string())?;
    Ok(value)
}

/// What kind of JSON value this is, with its article.
pub(super) fn kind(value: &Json) -> &'static str {
    match value {
        Json::Null => "null",
        Json::Bool(_) => "a boolean",
        Json::Number(_) => "a number",
        Json::String(_) => "a string",
        Json::Array(_) => "an array",
        Json::Object(_) => "an object",
    }
}

fn malformed(text: String) -> Error {
    Error::new(ErrorCode::MalformedBody, text)
}

#[derive(Clone, Copy)]
struct Strict {
    /// Levels left.
    depth: usize,
    limit: usize,
}

impl Strict {
    fn inside<E: serde::de::Error>(self) -> std::result::Result<Strict, E> {
        let depth =
            self.depth.checked_sub(1).ok_or_else(|| E::custom(format!("it nests deeper than the {} levels allowed", self.limit)))?;
        Ok(Strict { depth, ..self })
    }
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Json;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> std::result::Result<Json, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Json;

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("a JSON value")
    }
    fn visit_unit<E>(self) -> std::result::Result<Json, E> {
        Ok(Json::Null)
    }
    fn visit_bool<E>(self, value: bool) -> std::result::Result<Json, E> {
        Ok(Json::Bool(value))
    }
    fn visit_i64<E>(self, value: i64) -> std::result::Result<Json, E> {
        Ok(Json::from(value))
    }
    fn visit_u64<E>(self, value: u64) -> std::result::Result<Json, E> {
        Ok(Json::from(value))
    }
    fn visit_f64<E: serde::de::Error>(self, value: f64) -> std::result::Result<Json, E> {
        Number::from_f64(value).map(Json::Number).ok_or_else(|| E::custom("a number is not finite"))
    }
    fn visit_str<E>(self, value: &str) -> std::result::Result<Json, E> {
        Ok(Json::String(value.to_owned()))
    }
    fn visit_string<E>(self, value: String) -> std::result::Result<Json, E> {
        Ok(Json::String(value))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> std::result::Result<Json, A::Error> {
        let inside = self.inside()?;
        let mut values = Vec::new();
        while let Some(value) = items.next_element_seed(inside)? {
            values.push(value);
        }
        Ok(Json::Array(values))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> std::result::Result<Json, A::Error> {
        let inside = self.inside()?;
        let mut members = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            if members.contains_key(&key) {
                return Err(A::Error::custom(format!("the key {key:?} stands twice in one object")));
            }
            members.insert(key, entries.next_value_seed(inside)?);
        }
        Ok(Json::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn detail(body: &[u8]) -> String {
        let error = parse_object(body, 64).unwrap_err();
        assert_eq!(error.code(), ErrorCode::MalformedBody);
        error.detail().to_owned()
    }

    #[test]
    fn an_object_is_read_as_it_is() {
        let body = parse_object(br#" {"a": [1, -2, 1.5, "x\n", null, true], "b": {"c": {}}} "#, 64).unwrap();
        assert_eq!(Json::Object(body), serde_json::json!({"a": [1, -2, 1.5, "x\n", null, true], "b": {"c": {}}}));
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        assert!(detail(b"{\n  \"a\": 1,\n  \"a\": 2}").contains("\"a\" stands twice in one object at line 3"));
        assert!(detail(b"{\"a\": }").contains("at line 1 column 7"));
        assert!(detail(b"{\"a\": 1} x").contains("trailing characters"));
        assert!(detail(b"{\"a\": \"\xff\"}").contains("not UTF-8 at line 1 column 8"));
        assert!(detail(b"  ").contains("empty"));
        assert!(detail(b"[1]").contains("an array"));
        assert!(detail(br#"{"a": "\ud800"}"#).contains("line 1"));
        assert!(detail(b"{\"a\": 1e999}").contains("number out of range"));
    }

    #[test]
    fn depth_serves_at_its_limit_and_refuses_one_more() {
        let nested = |levels: usize| format!("{{\"a\":{}{}}}", "[".repeat(levels - 1), "]".repeat(levels - 1));
        assert!(parse_object(nested(64).as_bytes(), 64).is_ok());
        assert!(detail(nested(65).as_bytes()).contains("deeper than the 64 levels"));
        assert!(detail(nested(100_000).as_bytes()).contains("deeper"));
    }
}
