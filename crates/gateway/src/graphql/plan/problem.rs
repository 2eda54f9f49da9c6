//! An error on its way into the `errors` of a GraphQL answer.

use async_graphql::{Pos, ServerError};
use clientela_kernel::{Error, ErrorCode};
use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

/// An error with its places in the document and in the answer.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    pub(crate) error: Error,
    pub(crate) locations: Vec<Pos>,
    /// Response keys; empty for an error of the request as a whole.
    pub(crate) path: Vec<String>,
}

impl Problem {
    /// An error of the request as a whole.
    pub(crate) fn request(code: ErrorCode, text: impl Into<String>) -> Self {
        Problem { error: Error::new(code, text), locations: Vec::new(), path: Vec::new() }
    }

    /// An error at a place of the document.
    pub(crate) fn at(position: Pos, code: ErrorCode, text: impl Into<String>) -> Self {
        Problem { error: Error::new(code, text), locations: vec![position], path: Vec::new() }
    }

    /// An error of a field.
    pub(crate) fn field(error: Error, position: Pos, key: &str) -> Self {
        Problem { error, locations: vec![position], path: vec![key.to_owned()] }
    }

    /// What async-graphql's validation found.
    pub(crate) fn from_validation(error: ServerError) -> Self {
        Problem { error: Error::new(ErrorCode::GraphqlValidationFailed, error.message), locations: error.locations, path: Vec::new() }
    }

    /// The JSON object of the answer. What only the operator shall see goes to the log here.
    pub(crate) fn to_json(&self, request_id: Uuid) -> Json {
        if let Some(internal) = self.error.internal_text() {
            tracing::error!(%request_id, code = self.error.code().as_str(), path = self.path.join("."), "{internal}");
        }
        let mut object = Map::new();
        object.insert("message".to_owned(), Json::from(self.error.detail()));
        if !self.locations.is_empty() {
            let locations = self.locations.iter().map(|at| json!({"line": at.line, "column": at.column})).collect();
            object.insert("locations".to_owned(), Json::Array(locations));
        }
        if !self.path.is_empty() {
            object.insert("path".to_owned(), Json::from(self.path.clone()));
        }
        let mut extensions = Map::new();
        extensions.insert("code".to_owned(), Json::from(self.error.code().as_str()));
        extensions.insert("requestId".to_owned(), Json::from(request_id.to_string()));
        if let Some(seconds) = self.error.retry_after() {
            extensions.insert("retryAfter".to_owned(), Json::from(seconds));
        }
        object.insert("extensions".to_owned(), Json::Object(extensions));
        Json::Object(object)
    }
}
