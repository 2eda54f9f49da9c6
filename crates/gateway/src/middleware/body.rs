//! Reading a request's body within the limit.

use axum::body::Body;
use bytes::Bytes;
use clientela_kernel::{Error, ErrorCode, Result};
use http::{HeaderMap, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};

/// Refuses a body whose declared length is over the limit, before a byte of it is read.
pub(crate) fn check_declared_length(headers: &HeaderMap, limit: usize) -> Result<()> {
    let declared = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()).and_then(|text| text.parse::<u64>().ok());
    match declared {
        Some(length) if usize::try_from(length).is_err() || usize::try_from(length).is_ok_and(|length| length > limit) => {
            Err(too_large(limit))
        }
        _ => Ok(()),
    }
}

/// Reads the whole body, at most `limit` bytes. `PAYLOAD_TOO_LARGE` beyond, `MALFORMED_BODY` where it breaks off.
pub async fn read_body(body: Body, limit: usize) -> Result<Bytes> {
    match Limited::new(body, limit).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.downcast_ref::<LengthLimitError>().is_some() => Err(too_large(limit)),
        Err(error) => {
            Err(Error::new(ErrorCode::MalformedBody, format!("The body broke off before its end: {error}. Send the request again.")))
        }
    }
}

fn too_large(limit: usize) -> Error {
    Error::new(
        ErrorCode::PayloadTooLarge,
        format!("The body is larger than the {limit} bytes this server accepts. Send a smaller one, or split the work."),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    #[tokio::test]
    async fn the_limit_serves_at_its_value_and_refuses_one_more() {
        assert_eq!(read_body(Body::from("1234"), 4).await.unwrap(), "1234");
        assert_eq!(read_body(Body::from("12345"), 4).await.unwrap_err().code(), ErrorCode::PayloadTooLarge);
    }

    #[tokio::test]
    async fn a_streamed_body_without_a_length_is_limited_too() {
        let chunks = futures_util::stream::iter((0..10).map(|_| Ok::<_, std::io::Error>(Bytes::from_static(b"abc"))));
        assert_eq!(read_body(Body::from_stream(chunks), 20).await.unwrap_err().code(), ErrorCode::PayloadTooLarge);
    }

    #[test]
    fn a_declared_length_is_refused_before_reading() {
        let declared = |text: &'static str| {
            check_declared_length(&HeaderMap::from_iter([(header::CONTENT_LENGTH, HeaderValue::from_static(text))]), 10)
        };
        assert!(declared("10").is_ok());
        assert!(declared("11").is_err());
        assert!(declared("99999999999999999999").is_ok(), "not a number hyper lets through");
        assert!(declared("18446744073709551615").is_err());
    }
}
