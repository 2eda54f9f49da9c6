//! One REST request on its way through a handler.

use super::address;
use super::json;
use super::media;
use crate::middleware::{RequestInfo, authenticate, read_body, spool};
use crate::own::Kept;
use crate::{GatewayState, problem};
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use clientela_engine::{Engine, RecordBy, Selection};
use clientela_kernel::{Context, DeletedMode, Error, ErrorCode, Id, Result, TenantId};
use clientela_model::{ResourceDef, naming};
use http::{HeaderValue, StatusCode, header, request::Parts};
use parking_lot::Mutex;
use serde_json::{Map, Value as Json};
use std::future::Future;
use std::sync::Arc;

/// A resource bound to its routes. Made once at start.
pub(super) struct Bound {
    /// The same for tenants that add to the definitions.
    pub(super) own: Kept<Bound>,
    /// The gateway's state.
    pub(super) state: Arc<GatewayState>,
    /// The resource.
    pub(super) def: Arc<ResourceDef>,
    /// `/v1/accounts`.
    pub(super) path: String,
    /// Every field: the answer without `fields` and `expand`.
    pub(super) whole: Arc<Selection>,
}

/// A request, taken apart.
pub(super) struct Call {
    pub(super) parts: Parts,
    pub(super) info: RequestInfo,
    // Never locked: the mutex only makes the call shareable, which a body alone is not.
    body: Mutex<Body>,
    /// Who asks, until somebody asks for it.
    context: Mutex<Option<Context>>,
}

/// How many tenants' own shapes of a resource are kept.
pub(super) const OWN_SHAPES: usize = 256;

/// What is bound to a route: everybody's, or made for a tenant that adds to the definitions.
pub(super) trait Tenanted: Send + Sync + Sized + 'static {
    /// The gateway's state.
    fn state(&self) -> &GatewayState;
    /// The same over the engine of a tenant.
    fn of(&self, tenant: TenantId, engine: Engine) -> Result<Arc<Self>>;
}

impl Tenanted for GatewayState {
    fn state(&self) -> &GatewayState {
        self
    }

    fn of(&self, _tenant: TenantId, engine: Engine) -> Result<Arc<Self>> {
        Ok(Arc::new(GatewayState { engine, ..self.clone() }))
    }
}

impl Tenanted for Bound {
    fn state(&self) -> &GatewayState {
        &self.state
    }

    fn of(&self, tenant: TenantId, engine: Engine) -> Result<Arc<Self>> {
        let registry = Arc::clone(engine.registry());
        self.own.of(tenant, &registry, || {
            let def = registry.resource(&self.def.name).ok_or_else(|| Error::internal("a resource went missing"))?;
            Ok(Bound::new(self.state.of(tenant, engine)?, def, self.path.clone()))
        })
    }
}

impl Bound {
    /// A resource at its address.
    pub(super) fn new(state: Arc<GatewayState>, def: &Arc<ResourceDef>, path: String) -> Bound {
        Bound { state, def: Arc::clone(def), whole: Arc::new(Selection::whole(def)), path, own: Kept::new(OWN_SHAPES) }
    }
}

/// Runs a handler and turns its error into problem details.
pub(super) async fn answer<F, R>(request: Request, run: F) -> Response
where
    F: FnOnce(Call) -> R,
    R: Future<Output = Result<Response>>,
{
    let (parts, body) = request.into_parts();
    let info = RequestInfo::among(&parts.extensions);
    let uri = parts.uri.clone();
    match run(Call { parts, info, body: Mutex::new(body), context: Mutex::default() }).await {
        Ok(response) => response,
        Err(error) => problem::response(&error, info.id, uri.path()),
    }
}

impl Call {
    /// Finds who asks, and what their tenant has of its own.
    pub(super) async fn settle<T: Tenanted>(&self, bound: Arc<T>) -> Result<Arc<T>> {
        match self.tenant(bound.state()).await? {
            (tenant, Some(engine)) => bound.of(tenant, engine),
            (_, None) => Ok(bound),
        }
    }

    /// Whose tenant asks, and its engine where it adds to the definitions.
    pub(super) async fn tenant(&self, state: &GatewayState) -> Result<(TenantId, Option<Engine>)> {
        let context = self.context(state).await?;
        let tenant = context.tenant;
        *self.context.lock() = Some(context);
        Ok((tenant, state.engine.of(tenant).await?))
    }

    /// Who asks.
    pub(super) async fn context(&self, state: &GatewayState) -> Result<Context> {
        if let Some(context) = self.context.lock().take() {
            return Ok(context);
        }
        authenticate(state, self.info, &self.parts.headers).await
    }

    /// The query string, undecoded.
    pub(super) fn query(&self) -> Option<&str> {
        self.parts.uri.query()
    }

    /// The record the address names. A text that is no id of the resource names no record: `NOT_FOUND`.
    pub(super) fn id(&self, bound: &Bound) -> Result<Id> {
        let path = self.parts.uri.path();
        let rest = path.strip_prefix(bound.path.as_str()).and_then(|rest| rest.strip_prefix('/')).unwrap_or("");
        let text = rest.split('/').next().unwrap_or("");
        Id::parse(text, &bound.def.prefix).map_err(|_| {
            let def = &bound.def;
            let text = format!(
                "{text:?} is not the id of {}. Such ids look like {}_01h455vb4pex5vsknk084sn02q.",
                naming::one(&def.name),
                def.prefix
            );
            Error::new(ErrorCode::NotFound, text)
        })
    }

    /// The key the address names: `…/by/{key}/{value}`.
    pub(super) fn by(&self, bound: &Bound) -> Result<RecordBy> {
        let path = self.parts.uri.path();
        let rest = path.strip_prefix(bound.path.as_str()).and_then(|rest| rest.strip_prefix("/by/")).unwrap_or("");
        let (key, value) = rest.split_once('/').unwrap_or((rest, ""));
        Ok(RecordBy { key: address::decode(key)?, value: address::decode(value)? })
    }

    /// The body, unread.
    pub(super) fn into_body(self) -> Body {
        self.body.into_inner()
    }

    /// Reads the body as one JSON object of one of the media types.
    pub(super) async fn object(self, state: &GatewayState, allowed: &[&str]) -> Result<Map<String, Json>> {
        self.object_within(state, allowed, state.limits.body_bytes).await
    }

    /// Reads the body as one JSON object of at most so many bytes.
    pub(super) async fn object_within(self, state: &GatewayState, allowed: &[&str], bytes: usize) -> Result<Map<String, Json>> {
        media::check(&self.parts.headers, allowed)?;
        let bytes = read_body(self.body.into_inner(), bytes).await?;
        json::parse_object(&bytes, state.limits.json_depth)
    }

    /// Writes the body to a file, whatever it holds. Answers its media type, which is one of those allowed, the file and its size.
    pub(super) async fn file(self, state: &GatewayState, allowed: &[&'static str]) -> Result<(&'static str, std::fs::File, u64)> {
        let media_type = media::of(&self.parts.headers, allowed)?;
        let (file, bytes) = spool(self.body.into_inner(), state.limits.content_bytes, &state.folder).await?;
        Ok((media_type, file, bytes))
    }

    /// Reads the body of an operation whose input may be left out: an object, or nothing.
    pub(super) async fn object_or_nothing(self, state: &GatewayState) -> Result<Map<String, Json>> {
        let bytes = read_body(self.body.into_inner(), state.limits.body_bytes).await?;
        if bytes.is_empty() {
            return Ok(Map::new());
        }
        media::check(&self.parts.headers, &[media::JSON])?;
        json::parse_object(&bytes, state.limits.json_depth)
    }

    /// Reads the body of an operation that takes none; an empty JSON object counts as none.
    pub(super) async fn no_body(self, state: &GatewayState) -> Result<()> {
        let bytes = read_body(self.body.into_inner(), state.limits.body_bytes).await?;
        if bytes.is_empty() {
            return Ok(());
        }
        media::check(&self.parts.headers, &[media::JSON])?;
        if json::parse_object(&bytes, state.limits.json_depth)?.is_empty() {
            return Ok(());
        }
        Err(Error::new(ErrorCode::MalformedBody, "This operation takes no members in its body. Send no body."))
    }
}

/// The error of a record that is not there for this caller.
pub(super) fn not_found(bound: &Bound, id: Id, deleted: DeletedMode) -> Error {
    let def = &bound.def;
    let hint = match deleted {
        DeletedMode::Exclude => "It may be deleted: read it with deleted=include.",
        DeletedMode::Only => "It may not be deleted: read it without deleted=only.",
        DeletedMode::Include => "It may have been erased, or you may not see it.",
    };
    let text = format!("There is no {} {}. {hint}", naming::words(&def.name), id.to_text(&def.prefix));
    Error::new(ErrorCode::NotFound, text)
}

/// The error of a record that was not there at a moment, or is none that this caller sees.
pub(super) fn not_found_then(bound: &Bound, id: Id) -> Error {
    let (words, id) = (naming::words(&bound.def.name), id.to_text(&bound.def.prefix));
    let text = format!(
        "There was no {words} {id} at that moment, or none that you may see. Its history tells when it began, and with deleted=include it is shown while it was deleted."
    );
    Error::new(ErrorCode::NotFound, text)
}

/// The error of a key that no record has for this caller.
pub(super) fn not_found_by(bound: &Bound, by: &RecordBy) -> Error {
    let words = naming::words(&bound.def.name);
    let text = format!("There is no {words} with {} {:?}. A deleted record has no keys.", by.key, by.value);
    Error::new(ErrorCode::NotFound, text)
}

/// An answer of JSON bytes.
pub(super) fn json_answer(status: StatusCode, bytes: Vec<u8>) -> Response {
    let mut response = Response::new(Body::from(bytes));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media::JSON));
    response
}

/// An answer without a body.
pub(super) fn empty_answer(status: StatusCode) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}
