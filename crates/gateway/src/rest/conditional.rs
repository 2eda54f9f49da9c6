//! Conditional requests (RFC 9110 §13). An entity tag is the record's version in quotes.

use clientela_kernel::{Error, ErrorCode, Result};
use http::{HeaderMap, HeaderName, HeaderValue, header};

/// What an `If-Match` header asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum IfMatch {
    /// `*`: any existing record.
    Any,
    /// One of these versions; empty where no tag is one of ours, so that nothing can match.
    OneOf(Vec<i64>),
}

/// The entity tag of a version.
pub(super) fn entity_tag(version: i64) -> HeaderValue {
    HeaderValue::try_from(format!("\"{version}\"")).unwrap_or(HeaderValue::from_static("\"0\""))
}

/// Reads `If-Match`: strong or weak tags, a list, or `*`.
pub(crate) fn if_match(headers: &HeaderMap) -> Result<Option<IfMatch>> {
    Ok(tags(headers, header::IF_MATCH)?.map(|tags| match tags {
        Tags::Any => IfMatch::Any,
        Tags::Listed(tags) => IfMatch::OneOf(tags.iter().filter_map(|tag| tag.parse().ok()).collect()),
    }))
}

/// Whether `If-None-Match` names this version, so that 304 answers a read.
pub(crate) fn none_match_hits(headers: &HeaderMap, version: i64) -> Result<bool> {
    Ok(match tags(headers, header::IF_NONE_MATCH)? {
        None => false,
        Some(Tags::Any) => true,
        Some(Tags::Listed(tags)) => tags.iter().any(|tag| tag.parse() == Ok(version)),
    })
}

/// Whether `If-None-Match` names an entity tag that is no version.
pub(crate) fn knows(headers: &HeaderMap, tag: &HeaderValue) -> Result<bool> {
    Ok(match tags(headers, header::IF_NONE_MATCH)? {
        None => false,
        Some(Tags::Any) => true,
        Some(Tags::Listed(known)) => known.iter().any(|known| tag.as_bytes() == format!("\"{known}\"").as_bytes()),
    })
}

/// Whether a write is to happen only where nothing is yet: `If-None-Match: *`. Versions mean nothing to a write there.
pub(super) fn creates_only(headers: &HeaderMap) -> Result<bool> {
    match tags(headers, header::IF_NONE_MATCH)? {
        None => Ok(false),
        Some(Tags::Any) => Ok(true),
        Some(Tags::Listed(_)) => Err(Error::new(
            ErrorCode::InvalidParameter,
            "If-None-Match takes only * here: create, change nothing. To change one version of the record, send it as If-Match.",
        )),
    }
}

enum Tags {
    Any,
    Listed(Vec<String>),
}

fn tags(headers: &HeaderMap, name: HeaderName) -> Result<Option<Tags>> {
    let mut listed = Vec::new();
    let mut any = false;
    let mut seen = false;
    for value in headers.get_all(&name) {
        seen = true;
        let text = value.to_str().map_err(|_| malformed(&name))?;
        if text.trim() == "*" {
            any = true;
            continue;
        }
        for tag in text.split(',').map(str::trim).filter(|tag| !tag.is_empty()) {
            let opaque = tag.strip_prefix("W/").unwrap_or(tag);
            let inner = opaque.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).ok_or_else(|| malformed(&name))?;
            listed.push(inner.to_owned());
        }
    }
    match (seen, any, listed.is_empty()) {
        (false, ..) => Ok(None),
        (true, true, true) => Ok(Some(Tags::Any)),
        (true, false, false) => Ok(Some(Tags::Listed(listed))),
        _ => Err(malformed(&name)),
    }
}

fn malformed(name: &HeaderName) -> Error {
    let text = format!(
        "The {name} header is not an entity tag. Send the ETag of the record as you got it, such as \"7\" with its quotes, several of them with commas between, or *."
    );
    Error::new(ErrorCode::InvalidParameter, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(name: HeaderName, values: &[&'static str]) -> HeaderMap {
        values.iter().map(|value| (name.clone(), HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn if_match_takes_every_form() {
        let read = |values: &[&'static str]| if_match(&given(header::IF_MATCH, values)).unwrap();
        assert_eq!(read(&[]), None);
        assert_eq!(read(&["\"7\""]), Some(IfMatch::OneOf(vec![7])));
        assert_eq!(read(&["W/\"7\""]), Some(IfMatch::OneOf(vec![7])));
        assert_eq!(read(&["\"7\", W/\"8\"", "\"9\""]), Some(IfMatch::OneOf(vec![7, 8, 9])));
        assert_eq!(read(&["*"]), Some(IfMatch::Any));
        assert_eq!(read(&["\"abc\""]), Some(IfMatch::OneOf(vec![])));
    }

    #[test]
    fn other_forms_are_refused() {
        for bad in [&["7"][..], &[""], &["\"7"], &["*", "\"7\""], &["\"7\" \"8\"x"]] {
            assert_eq!(if_match(&given(header::IF_MATCH, bad)).unwrap_err().code(), ErrorCode::InvalidParameter, "{bad:?}");
        }
    }

    #[test]
    fn none_match_compares_weakly() {
        let hits = |value| none_match_hits(&given(header::IF_NONE_MATCH, &[value]), 7).unwrap();
        assert!(hits("\"7\"") && hits("W/\"7\"") && hits("*") && hits("\"6\", \"7\""));
        assert!(!hits("\"6\"") && !hits("\"x\""));
        assert_eq!(entity_tag(7), "\"7\"");
        let creates = |value| creates_only(&given(header::IF_NONE_MATCH, &[value]));
        assert!(creates("*").unwrap() && creates("\"7\"").is_err());
    }
}
