//! Media types: what is sent and what is wanted.

use clientela_kernel::{Error, ErrorCode};
use http::{HeaderMap, HeaderValue, header};

/// The media type of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// `application/graphql-response+json`
    GraphqlResponse,
    /// `application/json`
    Json,
    /// `text/event-stream`: results over time.
    Events,
}

impl Format {
    pub(super) fn content_type(self) -> HeaderValue {
        match self {
            Format::GraphqlResponse => HeaderValue::from_static("application/graphql-response+json; charset=utf-8"),
            Format::Json => HeaderValue::from_static("application/json; charset=utf-8"),
            Format::Events => HeaderValue::from_static("text/event-stream"),
        }
    }
}

/// The wanted media type with the greatest weight, the first of equals; `NOT_ACCEPTABLE` where we have none of them.
pub(super) fn negotiate(headers: &HeaderMap) -> Result<Format, Error> {
    let mut best: Option<(f32, Format)> = None;
    let mut asked = false;
    for range in headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(',')) {
        asked = true;
        let mut parts = range.split(';').map(str::trim);
        let format = match parts.next().unwrap_or_default().to_ascii_lowercase().as_str() {
            "application/graphql-response+json" => Format::GraphqlResponse,
            "text/event-stream" => Format::Events,
            "application/json" | "application/*" | "*/*" => Format::Json,
            _ => continue,
        };
        let weight = parts
            .find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")))
            .map_or(1.0, |text| text.parse().unwrap_or(0.0));
        if weight > 0.0 && best.is_none_or(|(known, _)| weight > known) {
            best = Some((weight, format));
        }
    }
    match best {
        Some((_, format)) => Ok(format),
        None if !asked => Ok(Format::Json),
        None => Err(Error::new(
            ErrorCode::NotAcceptable,
            "None of the media types in Accept can be served. Accept application/graphql-response+json or application/json.",
        )),
    }
}

/// A body must say that it is JSON in UTF-8: a form of another site cannot.
pub(super) fn check_content_type(headers: &HeaderMap) -> Result<(), Error> {
    let given = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut parts = given.split(';').map(str::trim);
    let json = parts.next().is_some_and(|kind| kind.eq_ignore_ascii_case("application/json"));
    let utf8 = parts.filter(|part| !part.is_empty()).all(|part| match part.split_once('=') {
        Some((name, value)) if name.eq_ignore_ascii_case("charset") => value.trim_matches('"').eq_ignore_ascii_case("utf-8"),
        _ => true,
    });
    if json && utf8 {
        return Ok(());
    }
    let text = format!("The body's media type is {given:?}; application/json in UTF-8 is wanted. Send Content-Type: application/json.");
    Err(Error::new(ErrorCode::UnsupportedMediaType, text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accept(text: &'static str) -> Option<Format> {
        negotiate(&HeaderMap::from_iter([(header::ACCEPT, HeaderValue::from_static(text))])).ok()
    }

    #[test]
    fn the_greatest_weight_wins_and_the_first_of_equals() {
        assert_eq!(negotiate(&HeaderMap::new()).unwrap(), Format::Json);
        assert_eq!(accept("*/*"), Some(Format::Json));
        assert_eq!(
            accept("application/graphql-response+json; charset=utf-8, application/json; charset=utf-8"),
            Some(Format::GraphqlResponse)
        );
        assert_eq!(accept("application/json;q=0.9, application/graphql-response+json;q=1.0"), Some(Format::GraphqlResponse));
        assert_eq!(accept("application/json, application/graphql-response+json;q=0.5"), Some(Format::Json));
        assert_eq!(accept("text/html"), None);
        assert_eq!(accept("application/json;q=0"), None);
    }

    #[test]
    fn only_json_in_utf_8_is_read() {
        let check = |text: &'static str| {
            check_content_type(&HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static(text))])).is_ok()
        };
        assert!(check("application/json"));
        assert!(check("Application/JSON; charset=\"UTF-8\""));
        assert!(!check("application/json; charset=iso-8859-1"));
        assert!(!check("text/plain"));
        assert!(!check("application/jsonp"));
        assert!(check_content_type(&HeaderMap::new()).is_err());
    }
}
