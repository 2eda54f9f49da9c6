//! Idempotency keys: their form, and the fingerprint that tells a repeated request from another one.

use clientela_engine::write::Idempotency;
use clientela_kernel::{Error, ErrorCode, Result};
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value as Json;
use sha2::{Digest, Sha256};
use std::fmt::Write as _;

/// The header that carries the key.
pub const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// Says that an answer is a replay.
pub const IDEMPOTENCY_REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
/// The value of [`IDEMPOTENCY_REPLAYED`].
pub const TRUE: HeaderValue = HeaderValue::from_static("true");
/// The greatest length of a key.
pub const LONGEST: usize = 255;

/// A key bound to what is asked for: the operation (`POST /v1/accounts`, `createAccount`) and its canonical body.
pub fn bind(key: &str, operation: &str, body: &Json) -> Result<Idempotency> {
    if key.is_empty() || key.len() > LONGEST || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
        let text = format!("The idempotency key must be 1 to {LONGEST} visible ASCII characters without spaces. A UUID is a good one.");
        return Err(Error::new(ErrorCode::InvalidParameter, text));
    }
    let mut text = format!("{operation}\n");
    write_canonical(body, &mut text);
    let mut fingerprint = String::with_capacity(64);
    for byte in Sha256::digest(text.as_bytes()) {
        // Writing to a string cannot fail.
        let _ = write!(fingerprint, "{byte:02x}");
    }
    Ok(Idempotency { key: key.to_owned(), fingerprint })
}

/// The key of a REST request, bare or as the draft's quoted string, bound to method, path and body.
pub fn from_headers(headers: &HeaderMap, operation: &str, body: &Json) -> Result<Option<Idempotency>> {
    let mut values = headers.get_all(IDEMPOTENCY_KEY).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(Error::new(ErrorCode::InvalidParameter, "The Idempotency-Key header stands there more than once. Send one key."));
    }
    let text = value.to_str().unwrap_or("").trim();
    let bare = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(text);
    bind(bare, operation, body).map(Some)
}

/// JSON with sorted keys and without spaces.
fn write_canonical(value: &Json, out: &mut String) {
    match value {
        Json::Object(members) => {
            let mut sorted: Vec<_> = members.iter().collect();
            sorted.sort_unstable_by_key(|(key, _)| *key);
            out.push('{');
            for (index, (key, member)) in sorted.into_iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                out.push_str(&Json::from(key.as_str()).to_string());
                out.push(':');
                write_canonical(member, out);
            }
            out.push('}');
        }
        Json::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write_canonical(item, out);
            }
            out.push(']');
        }
        scalar => out.push_str(&scalar.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn fingerprint(operation: &str, body: Json) -> String {
        bind("k", operation, &body).unwrap().fingerprint
    }

    #[test]
    fn the_order_of_keys_does_not_matter_and_everything_else_does() {
        let one = fingerprint("POST /v1/accounts", serde_json::from_str(r#"{"a":1,"b":{"c":2,"d":[1,2]}}"#).unwrap());
        let same = fingerprint("POST /v1/accounts", serde_json::from_str(r#"{ "b":{"d":[1,2],"c":2}, "a":1}"#).unwrap());
        assert_eq!(one, same);
        assert_eq!(one.len(), 64);
        assert_ne!(one, fingerprint("POST /v1/contacts", json!({"a": 1, "b": {"c": 2, "d": [1, 2]}})));
        assert_ne!(one, fingerprint("POST /v1/accounts", json!({"a": 1, "b": {"c": 2, "d": [2, 1]}})));
    }

    #[test]
    fn keys_are_bare_or_quoted_visible_ascii() {
        let key = |text: &str| {
            let headers = HeaderMap::from_iter([(IDEMPOTENCY_KEY, HeaderValue::from_str(text).unwrap())]);
            from_headers(&headers, "POST /", &Json::Null).map(|found| found.unwrap().key)
        };
        assert_eq!(key("abc-1").unwrap(), "abc-1");
        assert_eq!(key("\"abc-1\"").unwrap(), "abc-1");
        assert_eq!(key(&"x".repeat(255)).unwrap().len(), 255);
        for bad in ["", "\"\"", "a b", "ä", &"x".repeat(256)] {
            assert_eq!(key(bad).unwrap_err().code(), ErrorCode::InvalidParameter, "{bad}");
        }
        assert!(from_headers(&HeaderMap::new(), "POST /", &Json::Null).unwrap().is_none());
    }
}
