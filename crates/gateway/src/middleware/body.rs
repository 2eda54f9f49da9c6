//! Reading a request's body within the limit.

use axum::body::Body;
use bytes::Bytes;
use clientela_kernel::{Error, ErrorCode, Result};
use futures_util::StreamExt as _;
use http::{HeaderMap, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use std::path::Path;
use tokio::fs::File;
use tokio::io::{AsyncSeekExt as _, AsyncWriteExt as _};

/// Refuses a body whose declared length is over the limit, before a byte of it is read.
pub(crate) fn check_declared_length(headers: &HeaderMap, limit: u64) -> Result<()> {
    let declared = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()).and_then(|text| text.parse::<u64>().ok());
    match declared {
        Some(length) if length > limit => Err(too_large(limit)),
        _ => Ok(()),
    }
}

/// Reads the whole body, at most `limit` bytes. `PAYLOAD_TOO_LARGE` beyond, `MALFORMED_BODY` where it breaks off.
pub async fn read_body(body: Body, limit: usize) -> Result<Bytes> {
    match Limited::new(body, limit).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.downcast_ref::<LengthLimitError>().is_some() => Err(too_large(u64::try_from(limit).unwrap_or(u64::MAX))),
        Err(error) => {
            Err(Error::new(ErrorCode::MalformedBody, format!("The body broke off before its end: {error}. Send the request again.")))
        }
    }
}

/// Writes the whole body to a file without a name in a folder, at most `limit` bytes, and answers the file, at its beginning, and its
/// size. `PAYLOAD_TOO_LARGE` beyond, `MALFORMED_BODY` where it breaks off, `STORAGE_FULL` where the disk is full. Whatever happens, nothing
/// stays behind.
pub(crate) async fn spool(body: Body, limit: u64, folder: &Path) -> Result<(std::fs::File, u64)> {
    let mut file = File::from_std(tempfile::tempfile_in(folder).map_err(|error| unwritable(&error))?);
    let mut pieces = body.into_data_stream();
    let mut bytes = 0u64;
    while let Some(piece) = pieces.next().await {
        let piece = piece.map_err(|error| {
            Error::new(ErrorCode::MalformedBody, format!("The body broke off before its end: {error}. Send the request again."))
        })?;
        bytes = bytes.saturating_add(u64::try_from(piece.len()).unwrap_or(u64::MAX));
        if bytes > limit {
            return Err(too_large(limit));
        }
        file.write_all(&piece).await.map_err(|error| unwritable(&error))?;
    }
    file.flush().await.map_err(|error| unwritable(&error))?;
    file.rewind().await.map_err(|error| unwritable(&error))?;
    Ok((file.into_std().await, bytes))
}

fn unwritable(error: &std::io::Error) -> Error {
    match error.kind() {
        std::io::ErrorKind::StorageFull => Error::new(
            ErrorCode::StorageFull,
            "The server has no room left on its disk, and nothing was kept. The operator must make room; then send the request again.",
        )
        .with_retry_after(60),
        _ => Error::internal(format!("a received file cannot be written: {error}")),
    }
}

fn too_large(limit: u64) -> Error {
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

    #[tokio::test]
    async fn a_body_goes_to_disk_up_to_the_limit() {
        use std::io::Read as _;
        let folder = tempfile::tempdir().unwrap();
        let chunks = || Body::from_stream(futures_util::stream::iter((0..10).map(|_| Ok::<_, std::io::Error>(Bytes::from_static(b"abc")))));
        let (mut file, bytes) = spool(chunks(), 30, folder.path()).await.unwrap();
        let mut text = String::new();
        file.read_to_string(&mut text).unwrap();
        assert_eq!((text.as_str(), bytes), ("abcabcabcabcabcabcabcabcabcabc", 30));
        assert_eq!(spool(chunks(), 29, folder.path()).await.unwrap_err().code(), ErrorCode::PayloadTooLarge);
        let broken = futures_util::stream::iter([Ok(Bytes::from_static(b"abc")), Err(std::io::Error::other("gone"))]);
        assert_eq!(spool(Body::from_stream(broken), 30, folder.path()).await.unwrap_err().code(), ErrorCode::MalformedBody);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "something stayed behind");
    }
}
