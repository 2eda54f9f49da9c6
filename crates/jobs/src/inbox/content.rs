//! What the bytes of an event say.

use super::event::InboxBodyEncoding;
use super::source::InboxFormat;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clientela_engine::import::MessageContent;
use clientela_engine::module::Found;
use clientela_kernel::Value;
use clientela_model::Choice as _;
use serde_json::{Map, Value as Json};
use std::collections::BTreeMap;

/// Greatest nesting of a body.
const DEPTH: usize = 64;

/// A body as it is kept: how, and the text.
pub(super) fn kept(body: &[u8]) -> (InboxBodyEncoding, String) {
    match std::str::from_utf8(body) {
        // PostgreSQL's texts hold no zero.
        Ok(text) if !text.contains('\0') => (InboxBodyEncoding::Text, text.to_owned()),
        _ => (InboxBodyEncoding::Base64, STANDARD.encode(body)),
    }
}

/// The bytes of an event that is kept; none where they were erased.
pub(super) fn bytes(event: &Found) -> Option<Vec<u8>> {
    let text = event.get("body").as_text()?;
    match event.get("bodyEncoding") == &Value::from(InboxBodyEncoding::Base64.as_str()) {
        true => STANDARD.decode(text).ok(),
        false => Some(text.as_bytes().to_vec()),
    }
}

/// What an event that is kept says; an error says why it cannot be read.
pub(super) fn of(event: &Found, form: bool) -> Result<MessageContent, String> {
    let body = bytes(event).ok_or_else(|| "The body was erased with a person whom it told of.".to_owned())?;
    let headers: BTreeMap<String, String> =
        event.get("headers").as_text().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    Ok(MessageContent { body: document(&body, form)?, headers })
}

/// Whether a format is a form's.
pub(super) fn is_form(format: &Value) -> bool {
    format == &Value::from(InboxFormat::Form.as_str())
}

/// The document in a body; an error says why it is none.
pub(super) fn document(body: &[u8], form: bool) -> Result<Json, String> {
    if form {
        return Ok(fields(body));
    }
    let document: Json = serde_json::from_slice(body).map_err(|error| format!("The body is no JSON: {error}."))?;
    if depth(&document) > DEPTH { Err(format!("The body is nested deeper than {DEPTH} levels.")) } else { Ok(document) }
}

fn fields(body: &[u8]) -> Json {
    let mut object = Map::new();
    for (name, value) in form_urlencoded::parse(body) {
        let value = Json::from(value.into_owned());
        match object.get_mut(name.as_ref()) {
            None => drop(object.insert(name.into_owned(), value)),
            Some(Json::Array(several)) => several.push(value),
            Some(one) => *one = Json::Array(vec![one.take(), value]),
        }
    }
    Json::Object(object)
}

fn depth(json: &Json) -> usize {
    match json {
        Json::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Json::Object(members) => 1 + members.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

/// Every text in a body, as it reads when escapes are undone, whatever its format.
pub(super) fn texts(body: &[u8]) -> Vec<String> {
    let mut texts = Vec::new();
    collect(&document(body, false).unwrap_or_else(|_| fields(body)), &mut texts);
    texts
}

fn collect(json: &Json, texts: &mut Vec<String>) {
    match json {
        Json::String(text) => texts.push(text.clone()),
        Json::Array(items) => items.iter().for_each(|item| collect(item, texts)),
        Json::Object(members) => members.values().for_each(|member| collect(member, texts)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn forms_are_objects() {
        let read = document(b"name=Anna+Gruber&tag=a&tag=b&tag=c&empty=", true).unwrap();
        assert_eq!(read, json!({ "name": "Anna Gruber", "tag": ["a", "b", "c"], "empty": "" }));
    }

    #[test]
    fn bytes_are_kept_as_they_are() {
        assert_eq!(kept("{\"a\": \"ü\"} \r\n".as_bytes()), (InboxBodyEncoding::Text, "{\"a\": \"ü\"} \r\n".to_owned()));
        assert_eq!(kept(b"\xff\x00"), (InboxBodyEncoding::Base64, "/wA=".to_owned()));
        assert_eq!(kept(b"a\0"), (InboxBodyEncoding::Base64, "YQA=".to_owned()));
    }

    #[test]
    fn texts_are_found_behind_escapes() {
        assert_eq!(texts(br#"{"a":["M\u00fcller",1],"b":{"c":"x"}}"#), ["Müller", "x"]);
        assert_eq!(texts(b"name=M%C3%BCller"), ["Müller"]);
        assert!(document("[".repeat(200_000).as_bytes(), false).is_err());
        assert!(document(format!("{}1{}", "[".repeat(65), "]".repeat(65)).as_bytes(), false).is_err());
    }
}
