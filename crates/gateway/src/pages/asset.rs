//! Third-party pages carried in the binary, compressed; see `assets/README.md`.

use super::{html, text};
use crate::middleware::RequestInfo;
use crate::problem;
use axum::extract::Request;
use axum::response::Response;
use bytes::Bytes;
use clientela_kernel::{Error, ErrorCode};
use http::{HeaderMap, HeaderValue, header};

static GRAPHIQL: &[u8] = include_bytes!("../../assets/graphiql.html.gz");
static REDOC: &[u8] = include_bytes!("../../assets/redoc.js.gz");

/// GraphiQL is one page with everything in it; its editor runs in workers made from blobs.
const GRAPHIQL_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'unsafe-inline' blob:; style-src 'unsafe-inline'; img-src data:; font-src data:; connect-src 'self'; \
     worker-src blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);

/// `GET /graphiql`.
pub(super) async fn graphiql(request: Request) -> Response {
    let mut response = asset("text/html; charset=utf-8", GRAPHIQL, &request);
    if response.status().is_success() {
        html::secure(&mut response, GRAPHIQL_POLICY);
    }
    response
}

/// `GET /docs/redoc.js`.
pub(super) async fn redoc(request: Request) -> Response {
    let mut response = asset("text/javascript; charset=utf-8", REDOC, &request);
    if response.status().is_success() {
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=86400"));
    }
    response
}

/// The compressed bytes. Every browser takes them; whoever refuses them is told so, which is dearer to nobody than a
/// decompressor in the binary.
fn asset(media_type: &'static str, compressed: &'static [u8], request: &Request) -> Response {
    if !takes_gzip(request.headers()) {
        let error = Error::new(ErrorCode::NotAcceptable, "This page is kept compressed. Send Accept-Encoding: gzip (curl: --compressed).");
        return problem::response(&error, RequestInfo::of(request).id, request.uri().path());
    }
    let mut response = text(media_type, Bytes::from_static(compressed));
    response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    response.headers_mut().insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    response
}

/// A request without Accept-Encoding takes any coding (RFC 9110 §12.5.3).
fn takes_gzip(headers: &HeaderMap) -> bool {
    let Some(accepted) = headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok()) else { return true };
    accepted.split(',').any(|part| {
        let (name, quality) = part.split_once(';').unwrap_or((part, ""));
        matches!(name.trim(), "gzip" | "*") && !matches!(quality.trim(), "q=0" | "q=0.0" | "q=0.00" | "q=0.000")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn assets_go_out_compressed_or_not_at_all() {
        let request = |coding: &str| Request::builder().header(header::ACCEPT_ENCODING, coding).body(axum::body::Body::empty()).unwrap();
        for asset in [GRAPHIQL, REDOC] {
            assert_eq!(asset.get(..2), Some(&[0x1f, 0x8b][..]), "gzip");
        }
        assert_eq!(graphiql(request("gzip")).await.headers()[header::CONTENT_ENCODING], "gzip");
        assert_eq!(redoc(request("identity")).await.status(), 406);
    }

    #[test]
    fn gzip_goes_to_those_who_take_it() {
        let takes = |text: &'static str| takes_gzip(&HeaderMap::from_iter([(header::ACCEPT_ENCODING, HeaderValue::from_static(text))]));
        assert!(takes("gzip, deflate, br") && takes("br;q=1.0, gzip;q=0.8") && takes("*") && takes_gzip(&HeaderMap::new()));
        assert!(!takes("br") && !takes("gzip;q=0"));
    }
}
