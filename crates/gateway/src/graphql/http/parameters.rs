//! The parameters of a request: `query`, `operationName`, `variables`, `extensions`.

use clientela_kernel::{Error, ErrorCode};
use serde_json::{Map, Value as Json};

/// What a client sends.
#[derive(Debug, PartialEq)]
pub(in crate::graphql) struct Parameters {
    pub(in crate::graphql) query: String,
    pub(in crate::graphql) operation_name: Option<String>,
    pub(in crate::graphql) variables: Map<String, Json>,
}

impl Parameters {
    /// From the body of a POST.
    pub(super) fn from_body(body: &[u8]) -> Result<Self, Error> {
        let text = std::str::from_utf8(body).map_err(|error| malformed(format!("The body is not UTF-8: {error}.")))?;
        let json = serde_json::from_str(text).map_err(|error| malformed(format!("The body is not JSON: {error}.")))?;
        match json {
            Json::Object(object) => Self::from_object(object),
            Json::Array(_) => {
                Err(malformed("Batches of requests are not served; send one JSON object with the member \"query\".".to_owned()))
            }
            _ => Err(malformed("The body must be a JSON object with the member \"query\".".to_owned())),
        }
    }

    /// From the query of a GET.
    pub(super) fn from_query(query: &str) -> Result<Self, Error> {
        let mut object = Map::new();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let value = match name.as_ref() {
                "variables" | "extensions" => {
                    serde_json::from_str(&value).map_err(|error| malformed(format!("The parameter {name} is not JSON: {error}.")))?
                }
                _ => Json::from(value),
            };
            object.insert(name.into_owned(), value);
        }
        Self::from_object(object)
    }

    fn from_object(mut object: Map<String, Json>) -> Result<Self, Error> {
        let query = match object.remove("query") {
            Some(Json::String(query)) => query,
            Some(_) => return Err(malformed("query must be a string that holds a GraphQL document.".to_owned())),
            None => return Err(malformed("query is missing; it holds the GraphQL document.".to_owned())),
        };
        let operation_name = match object.remove("operationName") {
            None | Some(Json::Null) => None,
            // Some clients send an empty name for none.
            Some(Json::String(name)) => Some(name).filter(|name| !name.is_empty()),
            Some(_) => return Err(malformed("operationName must be a string or null.".to_owned())),
        };
        let variables = match object.remove("variables") {
            None | Some(Json::Null) => Map::new(),
            Some(Json::Object(variables)) => variables,
            Some(_) => return Err(malformed("variables must be an object or null.".to_owned())),
        };
        match object.remove("extensions") {
            None | Some(Json::Null | Json::Object(_)) => Ok(Parameters { query, operation_name, variables }),
            Some(_) => Err(malformed("extensions must be an object or null.".to_owned())),
        }
    }
}

fn malformed(text: String) -> Error {
    Error::new(ErrorCode::MalformedBody, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_are_checked() {
        let good =
            Parameters::from_body(br#"{"query":"{a}","operationName":null,"variables":{"x":1},"extensions":null,"other":3}"#).unwrap();
        assert_eq!((good.query.as_str(), good.operation_name, good.variables.len()), ("{a}", None, 1));
        for bad in [
            r#"{}"#,
            r#"{"query":1}"#,
            r#"{"query":null}"#,
            r#"{"query":"{a}","operationName":1}"#,
            r#"{"query":"{a}","variables":[]}"#,
            r#"{"query":"{a}","variables":"x"}"#,
            r#"{"query":"{a}","extensions":0}"#,
            r#"[{"query":"{a}"}]"#,
            r#""x""#,
            "{",
            "\u{0}",
        ] {
            assert_eq!(Parameters::from_body(bad.as_bytes()).unwrap_err().code(), ErrorCode::MalformedBody, "{bad}");
        }
        assert_eq!(Parameters::from_body(b"{\"query\":\"\xff\"}").unwrap_err().code(), ErrorCode::MalformedBody);
        let get = Parameters::from_query("query=%7Ba%7D&variables=%7B%22x%22%3A1%7D").unwrap();
        assert_eq!((get.query.as_str(), get.variables.len()), ("{a}", 1));
        assert!(Parameters::from_query("query=%7Ba%7D&variables=x").is_err());
    }
}
