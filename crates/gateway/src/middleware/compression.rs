//! Answers go out compressed to whoever takes them so: JSON of some size, whole in memory. An answer with an ETag stays as it is, since the tag names its very bytes and
//! comes back in If-Match; streams go out as they come.

use axum::body::{Body, to_bytes};
use axum::response::Response;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::{HeaderMap, HeaderValue, header};
use std::io::Write as _;

/// Below so many bytes nothing is gained.
const WORTH_IT: u64 = 1_024;
/// How much effort zstd makes: the least that is worth having.
const EFFORT: i32 = 1;

/// A way to compress.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coding {
    Zstd,
    Gzip,
}

impl Coding {
    /// What a client takes (RFC 9110, section 12.5.3), the denser first; none where it names neither.
    pub(super) fn accepted(headers: &HeaderMap) -> Option<Coding> {
        let given: Vec<&str> = headers
            .get_all(header::ACCEPT_ENCODING)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|text| text.split(','))
            .collect();
        let takes = |coding: Coding| {
            given.iter().any(|one| {
                let mut parts = one.split(';').map(str::trim);
                let named = parts.next().is_some_and(|name| name.eq_ignore_ascii_case(coding.name()));
                named && !parts.any(|part| part.strip_prefix("q=").is_some_and(|weight| weight.parse() == Ok(0.0_f32)))
            })
        };
        [Coding::Zstd, Coding::Gzip].into_iter().find(|coding| takes(*coding))
    }

    fn name(self) -> &'static str {
        match self {
            Coding::Zstd => "zstd",
            Coding::Gzip => "gzip",
        }
    }

    fn compress(self, bytes: &[u8]) -> std::io::Result<Vec<u8>> {
        match self {
            Coding::Zstd => zstd::stream::encode_all(bytes, EFFORT),
            Coding::Gzip => {
                let mut encoder = GzEncoder::new(Vec::with_capacity(bytes.len() / 4), Compression::fast());
                encoder.write_all(bytes)?;
                encoder.finish()
            }
        }
    }
}

/// Whether an answer is worth it: how long it is, where that is so.
fn length(response: &Response) -> Option<usize> {
    let headers = response.headers();
    let json = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).is_some_and(|kind| kind.contains("json"));
    let plain = json && !headers.contains_key(header::CONTENT_ENCODING) && !headers.contains_key(header::ETAG);
    let length = axum::body::HttpBody::size_hint(response.body()).exact().filter(|length| plain && *length >= WORTH_IT)?;
    usize::try_from(length).ok()
}

/// The answer as the client takes it.
pub(super) async fn compressed(coding: Coding, response: Response) -> Response {
    let Some(length) = length(&response) else { return response };
    let (mut parts, body) = response.into_parts();
    // It is there already, so neither of the two can fail; if one did, the client would get a broken answer and no wrong one.
    let Ok(bytes) = to_bytes(body, length).await else { return Response::from_parts(parts, Body::empty()) };
    let Ok(packed) = coding.compress(&bytes) else { return Response::from_parts(parts, Body::from(bytes)) };
    parts.headers.remove(header::CONTENT_LENGTH);
    parts.headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(coding.name()));
    Response::from_parts(parts, Body::from(packed))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepted(text: &'static str) -> Option<Coding> {
        Coding::accepted(&HeaderMap::from_iter([(header::ACCEPT_ENCODING, HeaderValue::from_static(text))]))
    }

    #[test]
    fn the_client_chooses() {
        assert_eq!(accepted("gzip, deflate, br"), Some(Coding::Gzip));
        assert_eq!(accepted("gzip, zstd"), Some(Coding::Zstd));
        assert_eq!(accepted("GZIP;q=0.5, zstd;q=0"), Some(Coding::Gzip));
        for none in ["", "identity", "br", "*", "gzip;q=0", "zstd;q=0.0"] {
            assert_eq!(accepted(none), None, "{none}");
        }
    }

    #[tokio::test]
    async fn what_is_compressed_reads_back_and_what_has_a_tag_stays() {
        let text = "{\"name\":\"Clientela\"}".repeat(200);
        let answer = |kind: &'static str, tagged: bool| {
            let mut response = Response::new(Body::from(text.clone()));
            response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
            if tagged {
                response.headers_mut().insert(header::ETAG, HeaderValue::from_static("\"1\""));
            }
            response
        };
        for coding in [Coding::Zstd, Coding::Gzip] {
            let response = compressed(coding, answer("application/json", false)).await;
            assert_eq!(response.headers()[header::CONTENT_ENCODING], coding.name());
            let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
            assert!(bytes.len() * 10 < text.len());
            let mut read = Vec::new();
            match coding {
                Coding::Zstd => read = zstd::stream::decode_all(&*bytes).unwrap(),
                Coding::Gzip => drop(std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(&*bytes), &mut read).unwrap()),
            }
            assert_eq!(read, text.as_bytes());
        }
        for (kind, tagged) in [("application/json", true), ("text/event-stream", false), ("application/octet-stream", false)] {
            let response = compressed(Coding::Gzip, answer(kind, tagged)).await;
            assert!(!response.headers().contains_key(header::CONTENT_ENCODING), "{kind}");
            assert_eq!(to_bytes(response.into_body(), usize::MAX).await.unwrap(), text);
        }
    }
}
