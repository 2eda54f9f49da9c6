//! Parts of a content (RFC 9110 §14): one range of bytes, and the conditions on it.

use http::{HeaderMap, HeaderName, header};
use std::ops::Range;

/// What of a content is wanted.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// All of it.
    Whole,
    /// These bytes.
    Part(Range<u64>),
    /// Bytes that it does not have.
    Nothing,
}

/// Whether a header names this entity tag, or all.
pub(super) fn names(headers: &HeaderMap, header: &HeaderName, tag: &str) -> bool {
    let values = headers.get_all(header).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(str::trim).any(|value| value == "*" || value.strip_prefix("W/").unwrap_or(value) == tag)
}

/// Reads `Range` and `If-Range`. What we do not understand, several ranges among it, is answered with the whole, as the standard allows.
pub(super) fn wanted(headers: &HeaderMap, tag: &str, size: u64) -> Wanted {
    let text = |name: &HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    if text(&header::IF_RANGE).is_some_and(|value| value.trim() != tag) {
        return Wanted::Whole;
    }
    let Some((first, last)) = text(&header::RANGE).and_then(|value| value.trim().strip_prefix("bytes=")?.trim().split_once('-')) else {
        return Wanted::Whole;
    };
    let number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse::<u64>().ok()).flatten();
    let part = match (first, last) {
        ("", last) => match number(last) {
            Some(count) => size.saturating_sub(count)..size,
            None => return Wanted::Whole,
        },
        (first, "") => match number(first) {
            Some(first) => first..size,
            None => return Wanted::Whole,
        },
        (first, last) => match number(first).zip(number(last)) {
            Some((first, last)) if first <= last => first..last.saturating_add(1).min(size),
            _ => return Wanted::Whole,
        },
    };
    if part.start < part.end { Wanted::Part(part) } else { Wanted::Nothing }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    #[test]
    fn one_range_is_understood() {
        let of = |range: &'static str| wanted(&HeaderMap::from_iter([(header::RANGE, HeaderValue::from_static(range))]), "\"a\"", 10);
        assert_eq!(of("bytes=0-0"), Wanted::Part(0..1));
        assert_eq!(of("bytes=2-"), Wanted::Part(2..10));
        assert_eq!(of("bytes=-3"), Wanted::Part(7..10));
        assert_eq!(of("bytes=-99"), Wanted::Part(0..10));
        assert_eq!(of("bytes=5-99"), Wanted::Part(5..10));
        for nothing in ["bytes=10-", "bytes=-0", "bytes=11-12"] {
            assert_eq!(of(nothing), Wanted::Nothing, "{nothing}");
        }
        for whole in ["bytes=5-2", "bytes=0-1,3-4", "lines=1-2", "bytes=x-", "bytes=--1", "bytes=99999999999999999999-"] {
            assert_eq!(of(whole), Wanted::Whole, "{whole}");
        }
        let mut headers = HeaderMap::from_iter([(header::RANGE, HeaderValue::from_static("bytes=0-1"))]);
        headers.insert(header::IF_RANGE, HeaderValue::from_static("\"b\""));
        assert_eq!(wanted(&headers, "\"a\"", 10), Wanted::Whole);
    }
}
