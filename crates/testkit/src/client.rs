//! A caller of the server under test: REST and GraphQL requests straight into the router, without sockets.

use axum::Router;
use axum::body::Body;
use clientela_kernel::Context;
use http::{HeaderMap, Method, Request, Response, header};
use http_body_util::BodyExt as _;
use serde_json::{Value as Json, json};
use tower::ServiceExt as _;

/// A user of one tenant, with the router of the server.
#[derive(Clone)]
pub struct Client {
    router: Router,
    token: Option<String>,
    /// What the server makes of this client's token: for calls to the engine below the APIs.
    pub context: Context,
}

/// The whole answer to a request.
#[derive(Clone, Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Headers.
    pub headers: HeaderMap,
    /// The body.
    pub bytes: Vec<u8>,
}

impl Client {
    pub(crate) fn new(router: Router, token: Option<String>, context: Context) -> Self {
        Client { router, token, context }
    }

    /// The same caller with another credential, or none.
    #[must_use]
    pub fn with_token(&self, token: Option<&str>) -> Client {
        Client { token: token.map(str::to_owned), ..self.clone() }
    }

    /// The credential that it sends.
    pub fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    /// `GET`.
    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, &[], None).await
    }

    /// `POST` with a JSON body.
    pub async fn post(&self, path: &str, body: &Json) -> Answer {
        self.send(Method::POST, path, &[], Some(body)).await
    }

    /// `PATCH` with a merge patch.
    pub async fn patch(&self, path: &str, body: &Json) -> Answer {
        self.send(Method::PATCH, path, &[], Some(body)).await
    }

    /// `DELETE`.
    pub async fn delete(&self, path: &str) -> Answer {
        self.send(Method::DELETE, path, &[], None).await
    }

    /// Any REST request with further headers.
    pub async fn send(&self, method: Method, path: &str, headers: &[(&str, &str)], body: Option<&Json>) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        if body.is_some() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        self.raw(request.body(body).expect("a test writes a valid request")).await
    }

    /// Uploads a file; `query` holds its parameters.
    pub async fn upload(&self, query: &str, content: impl Into<Body>) -> Answer {
        let request = Request::builder().method(Method::POST).uri(format!("/v1/files?{query}"));
        let request = request.header(header::CONTENT_TYPE, "application/octet-stream").body(content.into());
        self.raw(request.expect("a test writes a valid request")).await
    }

    /// A GraphQL request by POST.
    pub async fn graphql(&self, query: &str, variables: Json) -> Answer {
        self.post("/graphql", &json!({ "query": query, "variables": variables })).await
    }

    /// A request made by hand; the credential is added unless it is there.
    pub async fn raw(&self, request: Request<Body>) -> Answer {
        let (parts, body) = self.open(request).await.into_parts();
        let bytes = body.collect().await.expect("the body of a test's answer can be read").to_bytes().to_vec();
        Answer { status: parts.status.as_u16(), headers: parts.headers, bytes }
    }

    /// The same, with a body that is still to be read: of an answer that goes on.
    pub async fn open(&self, mut request: Request<Body>) -> Response<Body> {
        if let Some(token) = &self.token
            && !request.headers().contains_key(header::AUTHORIZATION)
        {
            let value = format!("Bearer {token}").parse().expect("a token is plain text");
            request.headers_mut().insert(header::AUTHORIZATION, value);
        }
        match self.router.clone().oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        }
    }
}

impl Answer {
    /// The body as JSON; null where it is not.
    pub fn json(&self) -> Json {
        serde_json::from_slice(&self.bytes).unwrap_or_default()
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    /// A header's text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// Status, headers and body, for the message of a failed test.
    pub fn describe(&self) -> String {
        format!("{} {:?} {}", self.status, self.headers, self.text())
    }

    /// The JSON body of a success.
    ///
    /// # Panics
    /// With the whole answer, where the status is another.
    #[track_caller]
    pub fn expect(&self, status: u16) -> Json {
        assert_eq!(self.status, status, "{}", self.describe());
        self.json()
    }

    /// The JSON body of a failure with this status and code.
    ///
    /// # Panics
    /// With the whole answer, where it is another.
    #[track_caller]
    pub fn refused(&self, status: u16, code: &str) -> Json {
        let json = self.json();
        assert_eq!((self.status, json.get("code").and_then(Json::as_str)), (status, Some(code)), "{}", self.describe());
        json
    }

    /// The `data` of a GraphQL answer without errors.
    ///
    /// # Panics
    /// With the whole answer, where there are errors.
    #[track_caller]
    pub fn data(&self) -> Json {
        let mut json = self.json();
        assert!(self.status == 200 && json.get("errors").is_none(), "{}", self.describe());
        json.get_mut("data").map(Json::take).unwrap_or_default()
    }

    /// The code of the first top-level error of a GraphQL answer.
    pub fn graphql_code(&self) -> Option<String> {
        self.json().pointer("/errors/0/extensions/code").and_then(Json::as_str).map(str::to_owned)
    }
}
