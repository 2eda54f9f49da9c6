//! A place in an ordered list: the sort values and the id of a record, bound to the query it came from.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::Value as Json;
use uuid::Uuid;

/// An opaque cursor, decoded: `[fingerprint, [sort values], id]` as base64url JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// Of resource, filter, order and deletion mode: a cursor serves only the query that gave it.
    pub fingerprint: String,
    /// The record's sort values, in wire form.
    pub values: Vec<Json>,
    /// The record's id.
    pub id: Uuid,
}

impl Cursor {
    /// Reads the opaque text.
    pub fn parse(text: &str) -> Option<Cursor> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (fingerprint, values, id): (String, Vec<Json>, Uuid) = {
            let Json::Array(parts) = serde_json::from_slice(&bytes).ok()? else { return None };
            let [Json::String(fingerprint), Json::Array(values), Json::String(id)] = <[Json; 3]>::try_from(parts).ok()? else {
                return None;
            };
            (fingerprint, values, Uuid::try_parse(&id).ok()?)
        };
        Some(Cursor { fingerprint, values, id })
    }

    /// The opaque text, from the JSON of the sort values (`1,"a"`) written by the row encoder.
    pub fn write(fingerprint: &str, values_json: &[u8], id: Uuid, out: &mut Vec<u8>) {
        let mut plain = Vec::with_capacity(64 + values_json.len());
        plain.extend_from_slice(b"[\"");
        plain.extend_from_slice(fingerprint.as_bytes());
        plain.extend_from_slice(b"\",[");
        plain.extend_from_slice(values_json);
        plain.extend_from_slice(b"],\"");
        let mut buffer = [0u8; 32];
        plain.extend_from_slice(id.simple().encode_lower(&mut buffer).as_bytes());
        plain.extend_from_slice(b"\"]");
        let start = out.len();
        out.resize(start + plain.len().div_ceil(3) * 4, 0);
        let written = out.get_mut(start..).and_then(|room| URL_SAFE_NO_PAD.encode_slice(&plain, room).ok()).unwrap_or(0);
        out.truncate(start + written);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursor_reads_back() {
        let id = Uuid::from_u128(0x0189_0a5d_ac96_774b_bcce_b302_099a_8057);
        let mut text = Vec::new();
        Cursor::write("abc", br#"null,"x""#, id, &mut text);
        let cursor = Cursor::parse(std::str::from_utf8(&text).unwrap()).unwrap();
        assert_eq!(cursor, Cursor { fingerprint: "abc".into(), values: vec![Json::Null, "x".into()], id });
        assert_eq!(Cursor::parse("nonsense"), None);
        assert_eq!(Cursor::parse(""), None);
    }
}
