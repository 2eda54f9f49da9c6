//! The outermost service: id, limits, panics, unknown addresses, headers and the log line of every request.

use super::compression::{Coding, compressed};
use super::request::{RequestIds, X_REQUEST_ID};
use super::{Meter, Peer, RequestInfo, body, cors};
use crate::rest::suggest;
use crate::{GatewayState, problem};
use axum::Router;
use axum::body::Body;
use axum::extract::MatchedPath;
use axum::response::Response;
use clientela_kernel::{Error, ErrorCode};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, header};
use std::any::Any;
use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use tower::Service;

/// Longest time that an upload may take.
const UPLOAD: Duration = Duration::from_secs(60 * 60);

/// Surrounds the routes. Cheap to clone.
#[derive(Clone)]
pub struct Outer {
    routes: Router,
    state: Arc<GatewayState>,
    ids: Arc<RequestIds>,
    meter: Arc<Meter>,
}

impl Outer {
    /// Surrounds these routes.
    pub fn new(routes: Router, state: Arc<GatewayState>, meter: Arc<Meter>) -> Self {
        Outer { routes, state, ids: Arc::new(RequestIds::new()), meter }
    }
}

impl Service<Request<Body>> for Outer {
    type Response = Response;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let Outer { mut routes, state, ids, meter } = self.clone();
        Box::pin(async move {
            let begun = Instant::now();
            let _running = meter.begin();
            let address = request.extensions().get::<Peer>().map(|peer| peer.0);
            let info = RequestInfo { address, ..ids.identify(request.headers(), state.clock.now()) };
            let method = request.method().clone();
            let uri = request.uri().clone();
            let coding = Coding::accepted(request.headers());
            let cross_origin = request.headers().contains_key(header::ORIGIN);
            let mut response = if cors::is_preflight(&method, request.headers()) {
                preflight()
            } else {
                match body::check_declared_length(request.headers(), longest(&state, &method, uri.path())) {
                    Ok(()) => serve(&mut routes, &state, info, request).await,
                    Err(error) => problem::response(&error, info.id, uri.path()),
                }
            };
            if let Some(coding) = coding {
                response = compressed(coding, response).await;
            }
            let took = begun.elapsed();
            let template = response.extensions().get::<MatchedPath>().map(MatchedPath::as_str);
            meter.count(&method, template, response.status(), took);
            let unauthenticated = response.status() == StatusCode::UNAUTHORIZED && state.authorization.is_some();
            let headers = response.headers_mut();
            if unauthenticated {
                point_to_metadata(headers, &state.public_url);
            }
            if cross_origin {
                cors::add(headers);
            }
            add_headers(headers, info);
            tracing::info!(
                target: "clientela::request",
                method = method.as_str(),
                path = uri.path(),
                status = response.status().as_u16(),
                microseconds = u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
                request_id = %info.id,
            );
            Ok(response)
        })
    }
}

/// Whether a request uploads a content: it is streamed, and its own code sees to its size and to whether it comes on.
fn takes_content(state: &GatewayState, method: &Method, path: &str) -> bool {
    let resource = || path.strip_prefix("/v1/").and_then(|path| state.engine.registry().by_path(path));
    *method == Method::POST && resource().is_some_and(|def| def.digest.is_some())
}

/// How long the body of a request may be, as far as its address tells.
fn longest(state: &GatewayState, method: &Method, path: &str) -> u64 {
    if takes_content(state, method, path) {
        return state.engine.file_limits().bytes;
    }
    state.limits.largest_body(path)
}

/// Runs the routes within the time limit; a panic or an answer no route gave becomes a problem.
async fn serve(routes: &mut Router, state: &GatewayState, info: RequestInfo, mut request: Request<Body>) -> Response {
    request.extensions_mut().insert(info);
    let method = request.method().clone();
    let uri = request.uri().clone();
    let patience = if takes_content(state, &method, uri.path()) { UPLOAD } else { state.limits.timeout(uri.path()) };
    let answer = tokio::time::timeout(patience, AssertUnwindSafe(routes.call(request)).catch_unwind()).await;
    let response = match answer {
        Ok(Ok(Ok(response))) => response,
        Ok(Ok(Err(never))) => match never {},
        Ok(Err(panic)) => {
            return problem::response(&Error::internal(format!("panic: {}", panic_text(panic.as_ref()))), info.id, uri.path());
        }
        Err(_) => {
            let seconds = patience.as_secs();
            let text = format!(
                "The request took longer than the {seconds} seconds this server allows. Ask for less, or try again; with an idempotency key a retry is safe."
            );
            return problem::response(&Error::new(ErrorCode::Overloaded, text), info.id, uri.path());
        }
    };
    match response.status() {
        StatusCode::METHOD_NOT_ALLOWED if !response.headers().contains_key(header::CONTENT_TYPE) => {
            other_method(&method, &response, info, uri.path())
        }
        StatusCode::NOT_FOUND if !response.headers().contains_key(header::CONTENT_TYPE) => {
            problem::response(&unknown_route(state, uri.path()), info.id, uri.path())
        }
        _ => response,
    }
}

/// 404 for an address no route has, with the nearest resource where one is close.
fn unknown_route(state: &GatewayState, path: &str) -> Error {
    let name = path.trim_matches('/').strip_prefix("v1/").and_then(|rest| rest.split('/').next());
    let resources = state.engine.registry().resources().iter().map(|def| def.path.as_ref());
    let hint =
        name.and_then(|name| suggest::nearest(name, resources)).map_or_else(String::new, |near| format!(" Did you mean /v1/{near}?"));
    Error::new(ErrorCode::RouteNotFound, format!("There is nothing at {path}.{hint} See /openapi.json for every address."))
}

/// 405, or 204 for OPTIONS, with the methods the address has.
fn other_method(method: &Method, response: &Response, info: RequestInfo, path: &str) -> Response {
    let given = response.headers().get(header::ALLOW).and_then(|value| value.to_str().ok()).unwrap_or("");
    let mut allowed: Vec<&str> = given.split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
    allowed.push("OPTIONS");
    let allow = allowed.join(", ");
    if method != Method::OPTIONS {
        let text = format!("{path} does not know {method}. Use {allow}.");
        return problem::response(&Error::new(ErrorCode::MethodNotAllowed, text).with_allow(allow), info.id, path);
    }
    let mut answer = Response::new(Body::empty());
    *answer.status_mut() = StatusCode::NO_CONTENT;
    if allowed.contains(&"PATCH") {
        answer.headers_mut().insert(crate::rest::ACCEPT_PATCH, crate::rest::PATCH_TYPES);
    }
    if let Ok(value) = HeaderValue::from_str(&allow) {
        answer.headers_mut().insert(header::ALLOW, value);
    }
    answer
}

fn preflight() -> Response {
    let mut answer = Response::new(Body::empty());
    *answer.status_mut() = StatusCode::NO_CONTENT;
    cors::add_preflight(answer.headers_mut());
    answer
}

/// Says where one learns how to get a token (RFC 9728, section 5.1).
fn point_to_metadata(headers: &mut HeaderMap, url: &str) {
    let given = headers.get(header::WWW_AUTHENTICATE).and_then(|value| value.to_str().ok()).filter(|value| value.starts_with("Bearer "));
    let whole =
        given.map(|given| format!("{given}, resource_metadata=\"{}/.well-known/oauth-protected-resource\"", url.trim_end_matches('/')));
    if let Some(value) = whole.and_then(|text| HeaderValue::from_str(&text).ok()) {
        headers.insert(header::WWW_AUTHENTICATE, value);
    }
}

/// Headers of every answer. A handler's own Cache-Control and Vary stand.
fn add_headers(headers: &mut HeaderMap, info: RequestInfo) {
    let mut buffer = [0u8; uuid::fmt::Hyphenated::LENGTH];
    if let Ok(value) = HeaderValue::from_str(info.id.hyphenated().encode_lower(&mut buffer)) {
        headers.insert(X_REQUEST_ID, value);
    }
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers.entry(header::VARY).or_insert(HeaderValue::from_static("Accept, Accept-Encoding, Authorization"));
}

fn panic_text(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&'static str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("without a text")
}
