//! Errors on their way out: problem details (RFC 9457) on REST, `extensions` on GraphQL, from the same error.

use axum::body::Body;
use axum::response::Response;
use clientela_kernel::{Error, ErrorCode, FieldProblem};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

/// Media type of problem details.
pub const MEDIA_TYPE: &str = "application/problem+json";

/// The answer to a failed REST request. `instance` is the path of the request. Internal texts are logged here, once.
pub fn response(error: &Error, request_id: Uuid, instance: &str) -> Response {
    log(error, request_id);
    let mut response = Response::new(Body::from(body(error, request_id, instance).to_string()));
    *response.status_mut() = status(error);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
    add_headers(error, headers);
    response
}

/// The HTTP status of an error.
pub fn status(error: &Error) -> StatusCode {
    StatusCode::from_u16(error.code().status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// Adds the headers an error brings along: `Retry-After`, `Allow`, `WWW-Authenticate`.
pub fn add_headers(error: &Error, headers: &mut HeaderMap) {
    if let Some(seconds) = error.retry_after() {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    if let Some(allow) = error.allow().and_then(|allow| HeaderValue::from_str(allow).ok()) {
        headers.insert(header::ALLOW, allow);
    }
    match error.code() {
        ErrorCode::Unauthenticated => {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(r#"Bearer realm="clientela", error="invalid_token""#));
        }
        ErrorCode::Forbidden => {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(r#"Bearer realm="clientela", error="insufficient_scope""#));
        }
        _ => {}
    }
}

/// Problem details as a JSON object.
pub fn body(error: &Error, request_id: Uuid, instance: &str) -> Json {
    let code = error.code();
    let mut members = Map::new();
    members.insert("type".to_owned(), format!("/problems/{}", code.as_str()).into());
    members.insert("title".to_owned(), code.title().into());
    members.insert("status".to_owned(), code.status().into());
    members.insert("detail".to_owned(), error.detail().into());
    members.insert("instance".to_owned(), instance.into());
    add_common(error, request_id, &mut members);
    Json::Object(members)
}

/// The `extensions` of a GraphQL error: the same code, status and facts as problem details.
pub fn extensions(error: &Error, request_id: Uuid) -> Map<String, Json> {
    let mut members = Map::new();
    members.insert("status".to_owned(), error.code().status().into());
    members.insert("docUrl".to_owned(), format!("/problems/{}", error.code().as_str()).into());
    if let Some(seconds) = error.retry_after() {
        members.insert("retryAfter".to_owned(), seconds.into());
    }
    add_common(error, request_id, &mut members);
    members
}

/// Writes what only the operator may see to the log. [`response`] does it; GraphQL calls it once for each error.
pub fn log(error: &Error, request_id: Uuid) {
    match error.code() {
        ErrorCode::Internal => tracing::error!(%request_id, internal = error.internal_text(), "internal error"),
        ErrorCode::DatabaseUnavailable => tracing::warn!(%request_id, internal = error.internal_text(), "database unavailable"),
        code => {
            if let Some(internal) = error.internal_text() {
                tracing::warn!(%request_id, code = code.as_str(), internal, "request failed");
            }
        }
    }
}

fn add_common(error: &Error, request_id: Uuid, members: &mut Map<String, Json>) {
    members.insert("code".to_owned(), error.code().as_str().into());
    members.insert("requestId".to_owned(), request_id.to_string().into());
    if !error.fields().is_empty() {
        members.insert("errors".to_owned(), error.fields().iter().map(field).collect());
    }
    if let Some(version) = error.current_version() {
        members.insert("currentVersion".to_owned(), version.into());
    }
    if let Some(id) = error.existing_id() {
        members.insert("existingId".to_owned(), id.into());
    }
    if let Some(until) = error.locked_until() {
        members.insert("lockedUntil".to_owned(), until.to_text().into());
    }
    if let Some(by) = error.locked_by() {
        members.insert("lockedBy".to_owned(), by.into());
    }
    if error.code() == ErrorCode::DuplicateFound {
        members.insert("candidateIds".to_owned(), error.candidate_ids().into());
    }
}

fn field(problem: &FieldProblem) -> Json {
    json!({ "pointer": problem.pointer, "code": problem.code.as_str(), "detail": problem.detail })
}

#[cfg(test)]
mod tests {
    use super::*;
    use clientela_kernel::ProblemCode;

    #[test]
    fn every_code_has_its_status_and_page() {
        for code in ErrorCode::ALL {
            let error = Error::new(*code, "text");
            let body = body(&error, Uuid::nil(), "/v1/accounts");
            assert_eq!(body["status"], code.status());
            assert_eq!(body["type"], format!("/problems/{}", code.as_str()));
            assert_eq!(body["instance"], "/v1/accounts");
            assert_eq!(extensions(&error, Uuid::nil())["code"], code.as_str());
            assert_eq!(response(&error, Uuid::nil(), "/").status().as_u16(), code.status());
        }
    }

    #[test]
    fn facts_and_headers_come_along() {
        let problem = FieldProblem::new("/amount/currency", ProblemCode::NotAllowed, "no");
        let error = Error::new(ErrorCode::VersionConflict, "changed")
            .with_current_version(7)
            .with_existing_id("acc_x".into())
            .with_fields(vec![problem]);
        let body = body(&error, Uuid::nil(), "/");
        assert_eq!(body["currentVersion"], 7);
        assert_eq!(body["existingId"], "acc_x");
        assert_eq!(body["errors"][0]["pointer"], "/amount/currency");
        let busy = response(&Error::unavailable("secret address"), Uuid::nil(), "/");
        assert_eq!(busy.headers()[header::RETRY_AFTER], "1");
        let wrong_method = response(&Error::new(ErrorCode::MethodNotAllowed, "no").with_allow("GET, POST"), Uuid::nil(), "/");
        assert_eq!(wrong_method.headers()[header::ALLOW], "GET, POST");
        let anonymous = response(&Error::new(ErrorCode::Unauthenticated, "no"), Uuid::nil(), "/");
        assert!(anonymous.headers()[header::WWW_AUTHENTICATE].to_str().unwrap().starts_with("Bearer"));
    }

    #[test]
    fn internals_are_not_shown() {
        assert!(!body(&Error::internal("password=hunter2"), Uuid::nil(), "/").to_string().contains("hunter2"));
        assert!(!Json::Object(extensions(&Error::unavailable("10.0.0.1"), Uuid::nil())).to_string().contains("10.0.0.1"));
    }
}
