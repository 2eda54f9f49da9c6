//! The rules of GraphQL over HTTP, over a database without tables: no request here reads a record.

use crate::{Authenticate, GatewayState, Health, Limits};
use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use clientela_engine::{Engine, Module};
use clientela_kernel::{Clock, Context, Error, ErrorCode, FixedClock, Result, Timestamp};
use clientela_store::{Store, StoreSettings};
use http::{Request, header};
use http_body_util::BodyExt;
use serde_json::{Value as Json, json};
use std::sync::Arc;
use tower::ServiceExt;
use uuid::Uuid;

struct Door;

#[async_trait]
impl Authenticate for Door {
    async fn authenticate(&self, bearer: &str, _: Uuid, _: Timestamp) -> Result<Context> {
        match bearer {
            "good" => Ok(crate::graphql::fixture::context()),
            _ => Err(Error::new(ErrorCode::Unauthenticated, "Unknown token.")),
        }
    }

    fn key_set(&self) -> String {
        String::new()
    }
}

#[async_trait]
impl Health for Door {
    async fn ready(&self) -> Result<()> {
        Ok(())
    }

    fn facts(&self) -> Vec<(&'static str, String)> {
        Vec::new()
    }
}

struct Server {
    routes: Router,
    _directory: tempfile::TempDir,
}

struct Got {
    status: u16,
    headers: http::HeaderMap,
    json: Json,
}

impl Got {
    fn code(&self) -> &str {
        self.json["errors"][0]["extensions"]["code"].as_str().unwrap_or_else(|| panic!("{}", self.json))
    }
}

impl Server {
    async fn new() -> Server {
        let directory = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", directory.path().join("test.db").display());
        let store = Store::open(&StoreSettings::new(url)).await.unwrap();
        let clock: Arc<dyn Clock> = Arc::new(FixedClock::new(Timestamp(1_700_000_000_000)));
        let resources = crate::graphql::fixture::definitions();
        let module = resources.into_iter().fold(Module::default(), Module::define);
        let engine = Engine::new(vec![module], store, Arc::clone(&clock)).unwrap();
        let state = GatewayState {
            authorization: None,
            engine,
            authenticator: Arc::new(Door),
            health: Arc::new(Door),
            clock,
            limits: Limits::default(),
            public_url: "http://test".to_owned(),
            folder: std::env::temp_dir(),
        };
        Server { routes: crate::router(state), _directory: directory }
    }

    async fn send(&self, method: &str, uri: &str, headers: &[(&str, &str)], body: impl Into<Body>) -> Got {
        let builder =
            headers.iter().fold(Request::builder().method(method).uri(uri), |builder, (name, value)| builder.header(*name, *value));
        let (parts, body) = self.routes.clone().oneshot(builder.body(body.into()).unwrap()).await.unwrap().into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Got { status: parts.status.as_u16(), headers: parts.headers, json: serde_json::from_slice(&body).unwrap_or(Json::Null) }
    }

    async fn post(&self, accept: &str, body: Json) -> Got {
        let headers = [("content-type", "application/json"), ("accept", accept), ("authorization", "Bearer good")];
        self.send("POST", "/graphql", &headers, body.to_string()).await
    }
}

const GRAPHQL: &str = "application/graphql-response+json";
const JSON: &str = "application/json";

#[tokio::test]
async fn refused_documents_are_400_in_their_own_type_and_200_in_plain_json() {
    let server = Server::new().await;
    for (query, code) in [
        ("{ a", "GRAPHQL_PARSE_FAILED"),
        ("{ a }", "GRAPHQL_VALIDATION_FAILED"),
        ("query($x: Int!) { __typename @skip(if: false) a: __typename @include(if: $y) }", "GRAPHQL_VALIDATION_FAILED"),
    ] {
        let own = server.post(GRAPHQL, json!({"query": query})).await;
        assert_eq!((own.status, own.json.get("data"), own.code()), (400, None, code), "{query}");
        assert!(own.headers[header::CONTENT_TYPE].to_str().unwrap().starts_with(GRAPHQL));
        let plain = server.post(JSON, json!({"query": query})).await;
        assert_eq!((plain.status, plain.json.get("data"), plain.code()), (200, None, code));
        assert_eq!(plain.headers[header::CONTENT_TYPE], "application/json; charset=utf-8");
    }
    let long = format!("{{ {} }}", (0..10_000).map(|index| format!("a{index}: __typename ")).collect::<String>());
    assert_eq!(server.post(JSON, json!({"query": long})).await.code(), "QUERY_TOO_COMPLEX");
    assert_eq!(server.post(JSON, json!({"query": "{ __typename }"})).await.json, json!({"data": {"__typename": "Query"}}));
}

#[tokio::test]
async fn requests_that_are_none_have_statuses_of_their_own() {
    let server = Server::new().await;
    let kind = ("content-type", "application/json");
    for (headers, body, status, code) in [
        (vec![kind], "{", 400, "MALFORMED_BODY"),
        (vec![kind], "[]", 400, "MALFORMED_BODY"),
        (vec![kind], "{\"query\":1}", 400, "MALFORMED_BODY"),
        (vec![("content-type", "text/plain")], "{\"query\":\"{__typename}\"}", 415, "UNSUPPORTED_MEDIA_TYPE"),
        (vec![], "{\"query\":\"{__typename}\"}", 415, "UNSUPPORTED_MEDIA_TYPE"),
        (vec![kind, ("accept", "text/html")], "{\"query\":\"{__typename}\"}", 406, "NOT_ACCEPTABLE"),
        (vec![kind, ("idempotency-key", "x")], "{\"query\":\"{__typename}\"}", 400, "INVALID_PARAMETER"),
    ] {
        let got = server.send("POST", "/graphql", &headers, body).await;
        assert_eq!((got.status, got.code()), (status, code), "{body} {headers:?}");
    }
    assert_eq!(server.send("PUT", "/graphql", &[kind], "{}").await.status, 405);
}

#[tokio::test]
async fn get_reads_and_never_writes() {
    let server = Server::new().await;
    let query = server.send("GET", "/graphql?query=%7B__typename%7D", &[], "").await;
    assert_eq!((query.status, &query.json), (200, &json!({"data": {"__typename": "Query"}})));
    let mutation = server.send("GET", "/graphql?query=mutation%7B__typename%7D", &[("authorization", "Bearer good")], "").await;
    assert_eq!((mutation.status, mutation.headers[header::ALLOW].to_str().unwrap(), mutation.code()), (405, "POST", "METHOD_NOT_ALLOWED"));
}

#[tokio::test]
async fn the_schema_is_public_and_nothing_else() {
    let server = Server::new().await;
    let kind = ("content-type", "application/json");
    let ask = async |query: &str, headers: &[(&str, &str)]| {
        let headers: Vec<_> = [kind].into_iter().chain(headers.iter().copied()).collect();
        server.send("POST", "/graphql", &headers, json!({"query": query}).to_string()).await
    };
    assert_eq!(ask("{ __schema { queryType { name } } }", &[]).await.json["data"]["__schema"]["queryType"]["name"], "Query");
    for headers in [&[][..], &[("authorization", "Bearer bad")], &[("authorization", "Basic x")]] {
        let got = ask("{ accounts { totalCount } }", headers).await;
        assert_eq!((got.status, got.code()), (401, "UNAUTHENTICATED"));
        assert!(got.headers.contains_key(header::WWW_AUTHENTICATE));
    }
    let mixed = ask("{ __typename accounts { totalCount } }", &[]).await;
    assert_eq!(mixed.status, 401);
    let printed = server.send("GET", "/schema.graphql", &[], "").await;
    assert_eq!(printed.status, 200);
    let tag = printed.headers[header::ETAG].to_str().unwrap().to_owned();
    assert_eq!(server.send("GET", "/schema.graphql", &[("if-none-match", &tag)], "").await.status, 304);
}
