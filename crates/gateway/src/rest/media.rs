//! Content types of request bodies.

use clientela_kernel::{Error, ErrorCode, Result};
use http::{HeaderMap, header};

/// Media type of JSON.
pub(crate) const JSON: &str = "application/json";
/// Media type of JSON Merge Patch (RFC 7396).
pub(super) const MERGE_PATCH: &str = "application/merge-patch+json";

/// Checks that the body is of one of the allowed media types, in UTF-8. `UNSUPPORTED_MEDIA_TYPE` otherwise.
pub(crate) fn check(headers: &HeaderMap, allowed: &[&str]) -> Result<()> {
    let Some(value) = headers.get(header::CONTENT_TYPE) else { return Err(refuse("none", allowed)) };
    let given = value.to_str().unwrap_or("one that is not text");
    let mut parts = given.split(';');
    let media_type = parts.next().unwrap_or_default().trim();
    if !allowed.iter().any(|name| name.eq_ignore_ascii_case(media_type)) {
        return Err(refuse(given, allowed));
    }
    for parameter in parts.map(str::trim).filter(|text| !text.is_empty()) {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        if name.eq_ignore_ascii_case("charset") && !value.trim_matches('"').eq_ignore_ascii_case("utf-8") {
            return Err(refuse(given, allowed));
        }
    }
    Ok(())
}

/// The media type of a body that is one of those allowed, in whatever encoding. `UNSUPPORTED_MEDIA_TYPE` otherwise.
pub(super) fn of(headers: &HeaderMap, allowed: &[&'static str]) -> Result<&'static str> {
    let given = headers.get(header::CONTENT_TYPE).map_or("none", |value| value.to_str().unwrap_or("one that is not text"));
    let media_type = given.split(';').next().unwrap_or_default().trim();
    allowed.iter().find(|name| name.eq_ignore_ascii_case(media_type)).copied().ok_or_else(|| {
        let text = format!("The body's Content-Type is {given}, but must be {}.", allowed.join(" or "));
        Error::new(ErrorCode::UnsupportedMediaType, text)
    })
}

fn refuse(given: &str, allowed: &[&str]) -> Error {
    let text = format!("The body's Content-Type is {given}, but must be {}, in UTF-8.", allowed.join(" or "));
    Error::new(ErrorCode::UnsupportedMediaType, text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn accepts(given: Option<&'static str>, allowed: &[&str]) -> bool {
        check(&given.map(|text| (header::CONTENT_TYPE, HeaderValue::from_static(text))).into_iter().collect(), allowed).is_ok()
    }

    #[test]
    fn json_with_or_without_utf8() {
        for good in [
            "application/json",
            "Application/JSON",
            "application/json; charset=utf-8",
            "application/json;charset=\"UTF-8\"",
            "application/json;",
        ] {
            assert!(accepts(Some(good), &[JSON]), "{good}");
        }
        assert!(accepts(Some("application/merge-patch+json"), &[MERGE_PATCH, JSON]));
    }

    #[test]
    fn anything_else_is_refused() {
        for bad in [
            None,
            Some("text/plain"),
            Some("application/json; charset=latin1"),
            Some("application/jsonp"),
            Some("application/merge-patch+json"),
        ] {
            assert!(!accepts(bad, &[JSON]), "{bad:?}");
        }
    }
}
