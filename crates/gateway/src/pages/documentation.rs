//! The REST documentation: the OpenAPI document, the page that shows it, and the keys that verify tokens.

use super::{html, text};
use crate::{GatewayState, openapi};
use axum::response::Response;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// The OpenAPI document, written once at start.
pub(super) struct Document {
    text: Bytes,
    tag: HeaderValue,
}

impl Document {
    /// Writes the document of the state's registry.
    pub(super) fn new(state: &GatewayState) -> Self {
        let text = openapi::text(state.engine.registry()).unwrap_or_else(|error| {
            tracing::error!(%error, "the OpenAPI document cannot be written");
            String::new()
        });
        let digest: String = Sha256::digest(&text).iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        Document { text: text.into(), tag: HeaderValue::try_from(format!("\"{digest}\"")).unwrap_or(HeaderValue::from_static("\"0\"")) }
    }
}

/// `GET /openapi.json`.
pub(super) async fn openapi(document: Arc<Document>, headers: HeaderMap) -> Response {
    let known = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok()).unwrap_or("");
    let tag = document.tag.to_str().unwrap_or("");
    let mut response = text("application/json", document.text.clone());
    if known.split(',').map(|tag| tag.trim().trim_start_matches("W/")).any(|known| known == "*" || known == tag) {
        response = Response::new(axum::body::Body::empty());
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    }
    response.headers_mut().insert(header::ETAG, document.tag.clone());
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

/// `GET /.well-known/jwks.json`.
pub(super) async fn key_set(state: Arc<GatewayState>) -> Response {
    let mut response = text("application/json", state.authenticator.key_set());
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
    response
}

/// Redoc makes style elements and a worker for its search; all it loads comes from here.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'unsafe-inline'; img-src 'self' data:; font-src data:; connect-src 'self'; \
     worker-src blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);

const PAGE: &str = "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
<title>Clientela REST</title><style>body{margin:0}</style></head><body>\
<redoc spec-url=\"/openapi.json\" hide-download-button=\"false\" expand-responses=\"200,201\" json-sample-expand-level=\"2\"></redoc>\
<script src=\"/docs/redoc.js\"></script></body></html>";

/// `GET /docs`.
pub(super) async fn page() -> Response {
    let mut response = text("text/html; charset=utf-8", PAGE);
    html::secure(&mut response, POLICY);
    response
}
