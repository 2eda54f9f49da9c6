//! The HTTP surface where no record is needed: addresses, methods, sizes, media types, credentials, panics, pages.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail loudly, in its helpers too")]

use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use axum::response::Response;
use clientela_engine::{Engine, Module};
use clientela_gateway::{Authenticate, GatewayState, Health, Limits, router};
use clientela_kernel::{Actor, ActorKind, Clock, Context, Error, ErrorCode, FixedClock, Id, Result, Scopes, TenantId, Timestamp};
use clientela_model::{FieldDef, FieldType, ResourceDef, TextFormat, system};
use clientela_store::{Store, StoreSettings};
use http::{Request, StatusCode, header};
use http_body_util::BodyExt;
use serde_json::Value as Json;
use std::sync::Arc;
use std::time::Duration;
use tower::ServiceExt;
use uuid::Uuid;

/// Knows one token, and two that show what must not happen.
struct Tokens;

#[async_trait]
impl Authenticate for Tokens {
    async fn authenticate(&self, bearer: &str, request_id: Uuid, now: Timestamp) -> Result<Context> {
        match bearer {
            "good" => Ok(Context {
                tenant: TenantId(Uuid::nil()),
                actor: Actor { kind: ActorKind::User, id: Id(Uuid::nil()) },
                client: None,
                scopes: Scopes::READ,
                policy: None,
                request_id,
                now,
                zone: chrono_tz::UTC,
                allow_duplicates: false,
                address: None,
            }),
            "panic" => panic!("a secret in a panic"),
            "slow" => {
                tokio::time::sleep(Duration::from_secs(60)).await;
                Err(Error::internal("too late"))
            }
            _ => Err(Error::new(ErrorCode::Unauthenticated, "Unknown token.")),
        }
    }

    fn key_set(&self) -> String {
        r#"{"keys":[]}"#.to_owned()
    }
}

struct Healthy(bool);

#[async_trait]
impl Health for Healthy {
    async fn ready(&self) -> Result<()> {
        if self.0 { Ok(()) } else { Err(Error::unavailable("secret address")) }
    }

    fn facts(&self) -> Vec<(&'static str, String)> {
        vec![("database", "sqlite".to_owned())]
    }
}

fn resource(name: &str, prefix: &'static str) -> ResourceDef {
    let mut def = ResourceDef::named(name);
    def.prefix = prefix.into();
    def.description = "A thing.".into();
    def.fields = system::fields(prefix);
    def.fields.push(FieldDef::new("name", "name", FieldType::Text { max: 20, format: TextFormat::Plain }, "A name.", "\"x\""));
    def
}

/// A gateway over a database without tables.
struct Gateway {
    routes: Router,
    _directory: tempfile::TempDir,
}

impl Gateway {
    async fn new(limits: Limits, healthy: bool) -> Gateway {
        let directory = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", directory.path().join("test.db").display());
        let store = Store::open(&StoreSettings::new(url)).await.unwrap();
        let clock: Arc<dyn Clock> = Arc::new(FixedClock::new(Timestamp(1_700_000_000_000)));
        let mut mirror = resource("mirror", "mir");
        (mirror.creatable, mirror.updatable, mirror.deletable) = (false, false, false);
        let module = Module::default().define(resource("account", "acc")).define(mirror);
        let engine = Engine::new(vec![module], store, Arc::clone(&clock)).unwrap();
        let routes = router(GatewayState {
            authorization: None,
            engine,
            authenticator: Arc::new(Tokens),
            health: Arc::new(Healthy(healthy)),
            clock,
            limits,
            public_url: "http://test".to_owned(),
            folder: std::env::temp_dir(),
        });
        Gateway { routes, _directory: directory }
    }

    async fn send(&self, request: Request<Body>) -> Response {
        self.routes.clone().oneshot(request).await.unwrap()
    }

    /// Sends a request and checks the problem it is answered with.
    async fn problem(&self, request: Request<Body>, code: ErrorCode) -> (Response<()>, Json) {
        let path = request.uri().path().to_owned();
        let (parts, body) = self.send(request).await.into_parts();
        let body: Json = serde_json::from_slice(&body.collect().await.unwrap().to_bytes()).unwrap();
        assert_eq!(body["code"], code.as_str(), "{body}");
        assert_eq!(parts.status.as_u16(), code.status());
        assert_eq!(parts.headers[header::CONTENT_TYPE], "application/problem+json");
        assert_eq!(body["status"], code.status());
        assert_eq!(body["instance"], path.as_str());
        assert_eq!(parts.headers["x-request-id"], body["requestId"].as_str().unwrap());
        (Response::from_parts(parts, ()), body)
    }
}

fn request(method: &str, path: &str, headers: &[(&str, &str)], body: impl Into<Body>) -> Request<Body> {
    let builder = headers.iter().fold(Request::builder().method(method).uri(path), |builder, (name, value)| builder.header(*name, *value));
    builder.body(body.into()).unwrap()
}

fn get(path: &str) -> Request<Body> {
    request("GET", path, &[("authorization", "Bearer good")], "")
}

const JSON: (&str, &str) = ("content-type", "application/json");
const GOOD: (&str, &str) = ("authorization", "Bearer good");

async fn gateway() -> Gateway {
    Gateway::new(Limits::default(), true).await
}

#[tokio::test]
async fn unknown_addresses_are_problems_with_the_nearest() {
    let gateway = gateway().await;
    for path in ["/v2", "/v1/accounts/", "/v1/accounts/x/y/z", "/nowhere"] {
        gateway.problem(get(path), ErrorCode::RouteNotFound).await;
    }
    let (_, body) = gateway.problem(get("/v1/acounts"), ErrorCode::RouteNotFound).await;
    assert!(body["detail"].as_str().unwrap().contains("Did you mean /v1/accounts?"));
}

#[tokio::test]
async fn other_methods_are_told_the_right_ones() {
    let gateway = gateway().await;
    let (answer, _) = gateway.problem(request("PUT", "/v1/accounts", &[], ""), ErrorCode::MethodNotAllowed).await;
    assert_eq!(answer.headers()[header::ALLOW], "GET, HEAD, POST, OPTIONS");
    let (answer, _) = gateway.problem(request("POST", "/v1/mirrors", &[], ""), ErrorCode::MethodNotAllowed).await;
    assert_eq!(answer.headers()[header::ALLOW], "GET, HEAD, OPTIONS");
    gateway.problem(request("DELETE", "/v1/mirrors/mir_01h455vb4pex5vsknk084sn02q", &[], ""), ErrorCode::MethodNotAllowed).await;
    let options = gateway.send(request("OPTIONS", "/v1/accounts/x", &[], "")).await;
    assert_eq!(options.status(), StatusCode::NO_CONTENT);
    assert_eq!(options.headers()[header::ALLOW], "GET, HEAD, PATCH, DELETE, OPTIONS");
    assert!(options.headers()["accept-patch"].to_str().unwrap().contains("application/merge-patch+json"));
}

#[tokio::test]
async fn credentials_come_before_everything_about_records() {
    let gateway = gateway().await;
    for headers in [&[][..], &[("authorization", "Bearer bad")], &[("authorization", "Basic x")]] {
        for (method, path) in
            [("GET", "/v1/accounts"), ("GET", "/v1/accounts/x"), ("POST", "/v1/accounts"), ("GET", "/v1/me"), ("GET", "/v1/limits")]
        {
            let (answer, _) = gateway.problem(request(method, path, headers, ""), ErrorCode::Unauthenticated).await;
            assert!(answer.headers()[header::WWW_AUTHENTICATE].to_str().unwrap().starts_with("Bearer"));
        }
    }
}

#[tokio::test]
async fn texts_that_are_no_ids_name_no_record() {
    let gateway = gateway().await;
    for id in ["x", "con_01h455vb4pex5vsknk084sn02q", "acc_01H455VB4PEX5VSKNK084SN02Q", "%00", "acc_00000000000000000000000000"] {
        let (_, body) = gateway.problem(get(&format!("/v1/accounts/{id}")), ErrorCode::NotFound).await;
        assert!(body["detail"].as_str().unwrap().contains("look like acc_"));
    }
}

#[tokio::test]
async fn bad_parameters_are_named() {
    let gateway = gateway().await;
    for (query, code, hint) in [
        ("limt=5", ErrorCode::UnknownParameter, "Did you mean limit?"),
        ("limit=0", ErrorCode::InvalidParameter, "1 to 1000"),
        ("limit=1001", ErrorCode::InvalidParameter, "1 to 1000"),
        ("limit=1&limit=2", ErrorCode::InvalidParameter, "more than once"),
        ("fields=nam", ErrorCode::InvalidParameter, "Did you mean name?"),
        ("expand=parent", ErrorCode::InvalidParameter, "not a relation"),
        ("deleted=yes", ErrorCode::InvalidParameter, "exclude, include or only"),
        ("after=a&before=b", ErrorCode::InvalidParameter, "after and before"),
        ("after=nonsense", ErrorCode::InvalidCursor, "cursor"),
        ("filter={", ErrorCode::InvalidFilter, "line 1"),
        ("filter={}&filter[name][eq]=x", ErrorCode::InvalidParameter, "not both"),
        ("filter[nam][eq]=x", ErrorCode::InvalidFilter, "name"),
        ("sort=nam", ErrorCode::InvalidSort, "name"),
    ] {
        let query = query.replace('{', "%7B").replace('}', "%7D");
        let (_, body) = gateway.problem(get(&format!("/v1/accounts?{query}")), code).await;
        assert!(body["detail"].as_str().unwrap().contains(hint), "{query}: {body}");
    }
    gateway.problem(get("/v1/accounts/acc_01h455vb4pex5vsknk084sn02q?sort=name"), ErrorCode::UnknownParameter).await;
    gateway.problem(get("/v1/me?x=1"), ErrorCode::UnknownParameter).await;
    gateway.problem(request("POST", "/v1/accounts?x=1", &[GOOD, JSON], "{}"), ErrorCode::UnknownParameter).await;
}

#[tokio::test]
async fn bodies_are_json_objects_of_the_right_type() {
    let gateway = gateway().await;
    let patch = "/v1/accounts/acc_01h455vb4pex5vsknk084sn02q";
    for (method, path) in [("POST", "/v1/accounts"), ("PATCH", patch), ("POST", "/v1/accounts/search")] {
        gateway.problem(request(method, path, &[GOOD, ("content-type", "text/plain")], "{}"), ErrorCode::UnsupportedMediaType).await;
        gateway.problem(request(method, path, &[GOOD], "{}"), ErrorCode::UnsupportedMediaType).await;
        for bad in ["", "{", "[]", "null", "{\"name\": 1, \"name\": 2}", "{\"a\": \"\u{1}\"}"] {
            gateway.problem(request(method, path, &[GOOD, JSON], bad.to_owned()), ErrorCode::MalformedBody).await;
        }
        gateway.problem(request(method, path, &[GOOD, JSON], vec![b'"', 0xff, b'"']), ErrorCode::MalformedBody).await;
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(64), "]".repeat(64));
        gateway.problem(request(method, path, &[GOOD, JSON], deep), ErrorCode::MalformedBody).await;
    }
    gateway
        .problem(
            request("POST", "/v1/accounts", &[GOOD, ("content-type", "application/merge-patch+json")], "{}"),
            ErrorCode::UnsupportedMediaType,
        )
        .await;
    gateway.problem(request("POST", &format!("{patch}/restore"), &[GOOD, JSON], "{\"a\": 1}"), ErrorCode::MalformedBody).await;
}

#[tokio::test]
async fn headers_of_writes_are_checked() {
    let gateway = gateway().await;
    let path = "/v1/accounts/acc_01h455vb4pex5vsknk084sn02q";
    for header in [("if-match", "7"), ("if-match", ""), ("idempotency-key", "a b"), ("idempotency-key", "")] {
        gateway.problem(request("PATCH", path, &[GOOD, JSON, header], "{}"), ErrorCode::InvalidParameter).await;
    }
    let (_, body) = gateway.problem(request("PATCH", path, &[GOOD, JSON], "{}"), ErrorCode::Forbidden).await;
    assert!(body["detail"].as_str().unwrap().contains("write"));
}

#[tokio::test]
async fn bodies_over_the_limit_are_refused_declared_or_streamed() {
    let gateway = Gateway::new(Limits { body_bytes: 100, ..Limits::default() }, true).await;
    let declared = request("POST", "/v1/accounts", &[("content-length", "101")], "");
    gateway.problem(declared, ErrorCode::PayloadTooLarge).await;
    let chunks = futures_util::stream::iter((0..30).map(|_| Ok::<_, std::io::Error>("     ")));
    gateway.problem(request("POST", "/v1/accounts", &[GOOD, JSON], Body::from_stream(chunks)), ErrorCode::PayloadTooLarge).await;
}

#[tokio::test]
async fn a_panic_is_answered_and_kept_secret() {
    let gateway = gateway().await;
    let (_, body) = gateway.problem(request("GET", "/v1/accounts", &[("authorization", "Bearer panic")], ""), ErrorCode::Internal).await;
    assert!(!body.to_string().contains("secret"));
    assert_eq!(gateway.send(get("/v1/me")).await.status(), StatusCode::OK, "the next request is served");
}

#[tokio::test]
async fn a_request_that_takes_too_long_is_given_up() {
    let gateway = Gateway::new(Limits { request_timeout: Duration::from_millis(20), ..Limits::default() }, true).await;
    let (answer, _) = gateway.problem(request("GET", "/v1/me", &[("authorization", "Bearer slow")], ""), ErrorCode::Overloaded).await;
    assert!(answer.headers().contains_key(header::RETRY_AFTER));
}

#[tokio::test]
async fn faults_of_the_database_are_not_shown() {
    // The database has no tables, so every read fails inside.
    let (_, body) = gateway().await.problem(get("/v1/accounts"), ErrorCode::Internal).await;
    assert!(!body.to_string().contains("no such table"), "{body}");
}

#[tokio::test]
async fn browsers_of_any_origin_may_call() {
    let gateway = gateway().await;
    let ask = [("origin", "https://app.example"), ("access-control-request-method", "PATCH")];
    let preflight = gateway.send(request("OPTIONS", "/v1/accounts/x", &ask, "")).await;
    assert_eq!(preflight.status(), StatusCode::NO_CONTENT);
    assert!(preflight.headers()[header::ACCESS_CONTROL_ALLOW_HEADERS].to_str().unwrap().contains("Authorization"));
    assert!(preflight.headers()[header::ACCESS_CONTROL_ALLOW_METHODS].to_str().unwrap().contains("PATCH"));
    let refused = gateway.send(request("GET", "/v1/accounts", &[("origin", "https://app.example")], "")).await;
    assert_eq!(refused.headers()[header::ACCESS_CONTROL_ALLOW_ORIGIN], "*", "errors can be read too");
    assert!(refused.headers()[header::ACCESS_CONTROL_EXPOSE_HEADERS].to_str().unwrap().contains("ETag"));
    assert!(!refused.headers().contains_key(header::ACCESS_CONTROL_ALLOW_CREDENTIALS));
}

#[tokio::test]
async fn every_answer_carries_its_id_and_is_not_stored() {
    let gateway = gateway().await;
    let answer = gateway.send(get("/v1/me")).await;
    assert!(Uuid::try_parse(answer.headers()["x-request-id"].to_str().unwrap()).is_ok());
    assert_eq!(answer.headers()[header::CACHE_CONTROL], "no-store");
    assert_eq!(answer.headers()[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
    let own = "01890a5d-ac96-774b-bcce-b302099a8057";
    let answer = gateway.send(request("GET", "/v1/me", &[GOOD, ("x-request-id", own)], "")).await;
    assert_eq!(answer.headers()["x-request-id"], own);
}

#[tokio::test]
async fn me_and_limits_tell_what_holds() {
    let gateway = gateway().await;
    let read =
        |answer: Response| async { serde_json::from_slice::<Json>(&answer.into_body().collect().await.unwrap().to_bytes()).unwrap() };
    let me = read(gateway.send(get("/v1/me")).await).await;
    assert_eq!(me["scopes"], serde_json::json!(["read"]));
    assert_eq!(me["timeZone"], "UTC");
    assert!(me["actor"]["id"].as_str().unwrap().starts_with("usr_"));
    assert_eq!(read(gateway.send(get("/v1/limits")).await).await["page"]["maximum"], 1000);
}

#[tokio::test]
async fn health_is_public_and_says_nothing_secret() {
    let healthy = gateway().await;
    assert_eq!(healthy.send(request("GET", "/livez", &[], "")).await.status(), StatusCode::OK);
    let verbose = healthy.send(request("GET", "/readyz?verbose", &[], "")).await;
    let facts = verbose.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(facts, r#"{"facts":{"database":"sqlite"},"status":"ready"}"#);
    let (answer, body) =
        Gateway::new(Limits::default(), false).await.problem(request("GET", "/readyz", &[], ""), ErrorCode::DatabaseUnavailable).await;
    assert!(answer.headers().contains_key(header::RETRY_AFTER));
    assert!(!body.to_string().contains("secret"));
}

#[tokio::test]
async fn every_code_is_explained_for_people_and_programs() {
    let gateway = gateway().await;
    let codes = ErrorCode::ALL.iter().map(|code| code.as_str()).chain(clientela_kernel::ProblemCode::ALL.iter().map(|code| code.as_str()));
    for code in codes {
        let path = format!("/problems/{code}");
        let json = gateway.send(request("GET", &path, &[], "")).await;
        assert_eq!((json.status(), json.headers()[header::CONTENT_TYPE].to_str().unwrap()), (StatusCode::OK, "application/json"));
        let page = gateway.send(request("GET", &path, &[("accept", "text/html")], "")).await;
        assert!(page.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap().contains("default-src 'none'"));
        assert!(String::from_utf8(page.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap().contains(code));
    }
    let (_, body) = gateway.problem(request("GET", "/problems/NOT_FUOND", &[], ""), ErrorCode::NotFound).await;
    assert!(body["detail"].as_str().unwrap().contains("NOT_FOUND"));
}

#[tokio::test]
async fn pages_and_documents_are_served() {
    let gateway = gateway().await;
    for (path, media_type) in [
        ("/", "text/html"),
        ("/docs", "text/html"),
        ("/graphiql", "text/html"),
        ("/docs/redoc.js", "text/javascript"),
        ("/openapi.json", "application/json"),
        ("/.well-known/jwks.json", "application/json"),
        ("/problems", "application/json"),
    ] {
        let answer = gateway.send(request("GET", path, &[("accept-encoding", "gzip")], "")).await;
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        assert!(answer.headers()[header::CONTENT_TYPE].to_str().unwrap().starts_with(media_type), "{path}");
        let head = gateway.send(request("HEAD", path, &[("accept-encoding", "gzip")], "")).await;
        assert_eq!(head.status(), StatusCode::OK, "{path}");
        assert!(head.into_body().collect().await.unwrap().to_bytes().is_empty(), "{path}");
    }
    let document = gateway.send(request("GET", "/openapi.json", &[], "")).await;
    let tag = document.headers()[header::ETAG].to_str().unwrap().to_owned();
    let known = gateway.send(request("GET", "/openapi.json", &[("if-none-match", &tag)], "")).await;
    assert_eq!(known.status(), StatusCode::NOT_MODIFIED);
}

#[tokio::test]
async fn every_documented_operation_has_a_route() {
    let gateway = gateway().await;
    let document = gateway.send(request("GET", "/openapi.json", &[], "")).await;
    let document: Json = serde_json::from_slice(&document.into_body().collect().await.unwrap().to_bytes()).unwrap();
    for (path, item) in document["paths"].as_object().unwrap() {
        let address = path.replace("{id}", "acc_01h455vb4pex5vsknk084sn02q").replace("{code}", "NOT_FOUND");
        let allowed = gateway.send(request("OPTIONS", &address, &[], "")).await;
        let allowed = allowed.headers()[header::ALLOW].to_str().unwrap().to_owned();
        let mut documented: Vec<String> = item.as_object().unwrap().keys().map(|method| method.to_uppercase()).collect();
        documented.extend(["HEAD", "OPTIONS"].iter().filter(|method| allowed.contains(*method)).map(|method| (*method).to_owned()));
        documented.sort();
        let mut served: Vec<&str> = allowed.split(", ").collect();
        served.sort_unstable();
        assert_eq!(documented, served, "{path}");
    }
}
