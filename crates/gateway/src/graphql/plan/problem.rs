//! An error on its way into the `errors` of a GraphQL answer.

use crate::problem;
use async_graphql::{Pos, ServerError};
use clientela_kernel::{Error, ErrorCode};
use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

/// An error with its places in the document and in the answer.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    pub(crate) error: Error,
    pub(crate) locations: Vec<Pos>,
    /// Response keys down to the field that became null; none for an error of the request as a whole.
    pub(crate) path: Vec<Box<str>>,
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

    /// An error of a field, whose root field becomes null.
    pub(crate) fn field(error: Error, position: Pos) -> Self {
        Problem { error, locations: vec![position], path: Vec::new() }
    }

    /// Names the field that became null by this, or the one that it is in.
    #[must_use]
    pub(crate) fn under(mut self, key: &str) -> Self {
        self.path.insert(0, key.into());
        self
    }

    /// What async-graphql's validation found.
    pub(crate) fn from_validation(error: ServerError) -> Self {
        Problem { error: Error::new(ErrorCode::GraphqlValidationFailed, error.message), locations: error.locations, path: Vec::new() }
    }

    /// The JSON object of the answer. What only the operator may see goes to the log here.
    pub(crate) fn to_json(&self, request_id: Uuid) -> Json {
        problem::log(&self.error, request_id);
        let mut object = Map::new();
        object.insert("message".to_owned(), Json::from(self.error.detail()));
        if !self.locations.is_empty() {
            let locations = self.locations.iter().map(|at| json!({"line": at.line, "column": at.column})).collect();
            object.insert("locations".to_owned(), Json::Array(locations));
        }
        if !self.path.is_empty() {
            object.insert("path".to_owned(), json!(self.path));
        }
        object.insert("extensions".to_owned(), Json::Object(problem::extensions(&self.error, request_id)));
        Json::Object(object)
    }
}
