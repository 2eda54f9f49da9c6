//! What SCIM says where a request fails (RFC 7644, section 3.12).

use crate::problem;
use axum::body::Body;
use axum::response::Response;
use clientela_kernel::{Error, ErrorCode, ProblemCode};
use http::{HeaderValue, StatusCode, header};
use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

/// The media type of everything that SCIM answers.
pub(super) const MEDIA_TYPE: &str = "application/scim+json";
/// Name of the schema of errors.
const SCHEMA: &str = "urn:ietf:params:scim:api:messages:2.0:Error";

/// An answer, or why there is none.
pub(super) type Answer<T> = Result<T, Refusal>;

/// Why a request failed.
#[derive(Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    scim_type: Option<&'static str>,
    detail: String,
    /// What the engine said.
    error: Option<Error>,
    allow: Option<&'static str>,
}

impl Refusal {
    fn new(status: StatusCode, scim_type: Option<&'static str>, detail: impl Into<String>) -> Refusal {
        Refusal { status, scim_type, detail: detail.into(), error: None, allow: None }
    }

    /// A 400 of one of the kinds of the RFC: `invalidFilter`, `invalidPath`, `invalidValue`, `invalidSyntax`, `noTarget`, `mutability`.
    pub(super) fn bad(scim_type: &'static str, detail: impl Into<String>) -> Refusal {
        Refusal::new(StatusCode::BAD_REQUEST, Some(scim_type), detail)
    }

    /// A value that somebody else has.
    pub(super) fn taken(detail: impl Into<String>) -> Refusal {
        Refusal::new(StatusCode::CONFLICT, Some("uniqueness"), detail)
    }

    /// What is not there for this caller.
    pub(super) fn missing(detail: impl Into<String>) -> Refusal {
        Refusal::new(StatusCode::NOT_FOUND, None, detail)
    }

    /// A version that is not the present one.
    pub(super) fn stale(detail: impl Into<String>) -> Refusal {
        Refusal::new(StatusCode::PRECONDITION_FAILED, None, detail)
    }

    /// A method that an address does not know.
    pub(super) fn method(allow: &'static str) -> Refusal {
        let refusal = Refusal::new(StatusCode::METHOD_NOT_ALLOWED, None, format!("This address takes {allow}."));
        Refusal { allow: Some(allow), ..refusal }
    }

    /// What the protocol knows and this server does not do.
    pub(super) fn unsupported(detail: impl Into<String>) -> Refusal {
        Refusal::new(StatusCode::NOT_IMPLEMENTED, None, detail)
    }

    /// Whether the same may go well at another try.
    pub(super) fn is_collision(&self) -> bool {
        self.error.as_ref().is_some_and(|error| error.is_collision() || error.code() == ErrorCode::VersionConflict)
    }

    /// The answer; what only the operator may see is logged here, once.
    pub(super) fn response(&self, request: Uuid) -> Response {
        let mut body = Map::new();
        body.insert("schemas".to_owned(), json!([SCHEMA]));
        body.insert("status".to_owned(), self.status.as_str().into());
        if let Some(scim_type) = self.scim_type {
            body.insert("scimType".to_owned(), scim_type.into());
        }
        body.insert("detail".to_owned(), self.detail.as_str().into());
        let mut response = Response::new(Body::from(Json::Object(body).to_string()));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        if let Some(error) = &self.error {
            problem::log(error, request);
            problem::add_headers(error, headers);
        }
        if let Some(allow) = self.allow {
            headers.insert(header::ALLOW, HeaderValue::from_static(allow));
        }
        response
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Refusal {
        let bad = StatusCode::BAD_REQUEST;
        let (status, scim_type) = match error.code() {
            ErrorCode::MalformedBody => (bad, Some("invalidSyntax")),
            ErrorCode::InvalidFilter => (bad, Some("invalidFilter")),
            ErrorCode::QueryTooComplex => (bad, Some("tooMany")),
            ErrorCode::InvalidParameter | ErrorCode::UnknownParameter | ErrorCode::InvalidSort | ErrorCode::InvalidCursor => {
                (bad, Some("invalidValue"))
            }
            ErrorCode::ValidationFailed => {
                let fixed = |code: ProblemCode| matches!(code, ProblemCode::ReadOnly | ProblemCode::Immutable);
                (bad, Some(if error.fields().iter().any(|problem| fixed(problem.code)) { "mutability" } else { "invalidValue" }))
            }
            ErrorCode::Duplicate | ErrorCode::IdTaken => (StatusCode::CONFLICT, Some("uniqueness")),
            _ => (problem::status(&error), None),
        };
        Refusal { error: Some(error.clone()), ..Refusal::new(status, scim_type, error.detail()) }
    }
}
