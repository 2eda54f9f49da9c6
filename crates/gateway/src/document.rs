//! A contract as it is served: written when somebody first asks for it, since a server that nobody asks need not carry it, and
//! kept with its entity tag.

use crate::GatewayState;
use crate::middleware::{RequestInfo, authenticate};
use crate::own::Kept;
use crate::problem;
use crate::rest::conditional::knows;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use bytes::Bytes;
use clientela_kernel::{Error, Result};
use clientela_model::Registry;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use sha2::{Digest, Sha256};
use std::sync::{Arc, OnceLock};

/// A text and how it is made.
pub(crate) struct Document {
    media_type: HeaderValue,
    write: Box<dyn Fn() -> Result<String> + Send + Sync>,
    written: OnceLock<Result<Written>>,
}

/// A contract of which tenants that add to the definitions have their own.
pub(crate) struct OwnDocument {
    media_type: &'static str,
    write: fn(&Arc<Registry>) -> Result<String>,
    everybody: Arc<Document>,
    own: Kept<Document>,
}

impl OwnDocument {
    /// A document that `write` makes of a registry; those of at most so many tenants are kept.
    pub(crate) fn new(media_type: &'static str, most: usize, registry: Arc<Registry>, write: fn(&Arc<Registry>) -> Result<String>) -> Self {
        let everybody = Arc::new(Document::new(media_type, move || write(&registry)));
        OwnDocument { media_type, write, everybody, own: Kept::new(most) }
    }

    /// Everybody's.
    pub(crate) fn everybody(&self) -> &Arc<Document> {
        &self.everybody
    }

    /// Answers a request for it. Whoever sends a credential gets that of their tenant.
    pub(crate) async fn answer(&self, state: &GatewayState, request: Request) -> Response {
        let (parts, _) = request.into_parts();
        let info = RequestInfo::among(&parts.extensions);
        let mut response = match self.of(state, info, &parts.headers).await {
            Ok(document) => document.answer(&parts),
            Err(error) => problem::response(&error, info.id, parts.uri.path()),
        };
        response.headers_mut().append(header::VARY, HeaderValue::from_static("authorization"));
        response
    }

    async fn of(&self, state: &GatewayState, info: RequestInfo, headers: &HeaderMap) -> Result<Arc<Document>> {
        if !headers.contains_key(header::AUTHORIZATION) {
            return Ok(Arc::clone(&self.everybody));
        }
        // It is public: a credential that is none changes nothing.
        let Ok(context) = authenticate(state, info, headers).await else { return Ok(Arc::clone(&self.everybody)) };
        let tenant = context.tenant;
        let Some(engine) = state.engine.of(tenant).await? else { return Ok(Arc::clone(&self.everybody)) };
        self.own.of(tenant, engine.registry(), || {
            let (registry, write) = (Arc::clone(engine.registry()), self.write);
            Ok(Document::new(self.media_type, move || write(&registry)))
        })
    }
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
    fn answer(&self, parts: &Parts) -> Response {
        let found = self.written().and_then(|written| Ok((written, knows(&parts.headers, &written.tag)?)));
        let (Written { text, tag }, known) = match found {
            Ok(found) => found,
            Err(error) => return problem::response(&error, RequestInfo::among(&parts.extensions).id, parts.uri.path()),
        };
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
            let tag = tag_of(&text)?;
            Ok(Written { text: text.into(), tag })
        };
        self.written.get_or_init(write).as_ref().map_err(Clone::clone)
    }
}

/// The entity tag of a text.
pub(crate) fn tag_of(text: &str) -> Result<HeaderValue> {
    let digest: String = Sha256::digest(text).iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    HeaderValue::try_from(format!("\"{digest}\"")).map_err(Error::internal)
}
