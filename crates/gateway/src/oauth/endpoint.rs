//! Protocol endpoints: a form in, JSON out (RFC 6749, sections 4.1.3 and 5).

use crate::middleware::{RequestInfo, read_body};
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use clientela_access::oauth::{Answer, AuthorizationServer, OauthError, Origin, Parameters};
use clientela_kernel::Timestamp;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde_json::{Value as Json, json};
use std::sync::Arc;

/// The greatest size of a form, in bytes.
const LARGEST: usize = 32 << 10;

/// A request to a protocol endpoint.
pub(super) struct Ask {
    pub(super) parameters: Parameters,
    /// The `Authorization` header.
    pub(super) authorization: Option<String>,
    pub(super) origin: Origin,
    pub(super) now: Timestamp,
}

/// A document that stays as it is.
pub(super) fn document(text: String) -> Response {
    let mut response = json_response(StatusCode::OK, text);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
    response
}

/// Where a request comes from.
pub(super) fn origin(parts: &Parts) -> Origin {
    let agent = parts.headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let info = RequestInfo::among(&parts.extensions);
    Origin { address: info.address, user_agent: agent, request: Some(info.id) }
}

/// The parameters of a form in the body.
pub(super) async fn form(headers: &HeaderMap, body: Body) -> Answer<Parameters> {
    let invalid = |text: &str| OauthError { code: "invalid_request", description: text.to_owned(), status: 400, retry_after: None };
    let media = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    if !media.split(';').next().unwrap_or("").trim().eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return Err(invalid("Send the parameters as a form: Content-Type: application/x-www-form-urlencoded."));
    }
    let bytes = read_body(body, LARGEST).await.map_err(|_| invalid("The body cannot be read, or is larger than 32 KiB."))?;
    Parameters::read(form_urlencoded::parse(&bytes))
}

/// Answers a request of a program.
pub(super) async fn answer<F, R>(server: Arc<AuthorizationServer>, request: Request, run: F) -> Response
where
    F: FnOnce(Arc<AuthorizationServer>, Ask) -> R,
    R: Future<Output = Answer<Option<Json>>>,
{
    let (parts, body) = request.into_parts();
    let basic = parts.headers.contains_key(header::AUTHORIZATION);
    let done = match asked(&parts, body).await {
        Ok(ask) => run(server, ask).await,
        Err(error) => Err(error),
    };
    match done {
        Ok(Some(json)) => json_response(StatusCode::OK, json.to_string()),
        Ok(None) => Response::new(Body::empty()),
        Err(error) => refusal(&error, basic),
    }
}

async fn asked(parts: &Parts, body: Body) -> Answer<Ask> {
    let parameters = form(&parts.headers, body).await?;
    let mut values = parts.headers.get_all(header::AUTHORIZATION).iter();
    let authorization = values.next().map(|value| value.to_str().unwrap_or("").to_owned());
    let now = RequestInfo::among(&parts.extensions).now;
    Ok(Ask { parameters, authorization, origin: origin(parts), now })
}

/// A refusal as RFC 6749, section 5.2 has it.
fn refusal(error: &OauthError, basic: bool) -> Response {
    let status = StatusCode::from_u16(error.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = json_response(status, json!({ "error": error.code, "error_description": error.description }).to_string());
    if status == StatusCode::UNAUTHORIZED && basic {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(r#"Basic realm="clientela""#));
    }
    if let Some(seconds) = error.retry_after {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

fn json_response(status: StatusCode, text: String) -> Response {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
    response
}
