//! A contract as it is served: written when somebody first asks for it, since a server that nobody asks need not carry it, and
//! kept with its entity tag.

use crate::middleware::RequestInfo;
use crate::problem;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use bytes::Bytes;
use clientela_kernel::{Error, Result};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use sha2::{Digest, Sha256};
use std::sync::OnceLock;

/// A text and how it is made.
pub(crate) struct Document {
    media_type: HeaderValue,
    write: Box<dyn Fn() -> Result<String> + Send + Sync>,
    written: OnceLock<Result<Written>>,
}

struct Written {
    text: Bytes,
    tag: HeaderValue,
}

impl Document {
    /// A document that `write` makes.
    pub(crate) fn new(media_type: &'static str, write: impl Fn() -> Result<String> + Send + Sync + 'static) -> Self {
        Document { media_type: HeaderValue::from_static(media_type), write: Box::new(write), written: OnceLock::new() }
    }

    /// Its text.
    pub(crate) fn text(&self) -> Result<&Bytes> {
        self.written().map(|written| &written.text)
    }

    /// Answers a request for it: 304 where `If-None-Match` names its tag.
    pub(crate) fn answer(&self, request: &Request) -> Response {
        let Written { text, tag } = match self.written() {
            Ok(written) => written,
            Err(error) => return problem::response(&error, RequestInfo::of(request).id, request.uri().path()),
        };
        let known = is_known(request.headers(), tag);
        let mut response = Response::new(if known { Body::empty() } else { Body::from(text.clone()) });
        if known {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
        }
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, self.media_type.clone());
        headers.insert(header::ETAG, tag.clone());
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        response
    }

    fn written(&self) -> Result<&Written> {
        let write = || {
            let text = (self.write)()?;
            let digest: String = Sha256::digest(&text).iter().take(8).map(|byte| format!("{byte:02x}")).collect();
            let tag = HeaderValue::try_from(format!("\"{digest}\"")).map_err(Error::internal)?;
            Ok(Written { text: text.into(), tag })
        };
        self.written.get_or_init(write).as_ref().map_err(Clone::clone)
    }
}

fn is_known(headers: &HeaderMap, tag: &HeaderValue) -> bool {
    let known = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok()).unwrap_or_default();
    known.split(',').map(|known| known.trim().trim_start_matches("W/")).any(|known| known == "*" || known.as_bytes() == tag.as_bytes())
}
