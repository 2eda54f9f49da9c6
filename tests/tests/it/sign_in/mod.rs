//! Signing in: what programs and people do, and what is refused.

mod codes;
mod external;
mod links;
mod programs;
mod refusals;
mod second_factor;

use axum::body::Body;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clientela_testkit::{Answer, Client, TestApp};
use http::{Method, Request};
use serde_json::{Value as Json, json};
use sha2::{Digest as _, Sha256};

pub(crate) const PASSWORD: &str = "correct horse battery staple";
pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub(crate) const CALLBACK: &str = "https://portal.example/callback";

/// A program of a tenant, as its record was shown when it was made.
pub(crate) struct Program {
    pub(crate) record: Json,
    pub(crate) id: String,
    pub(crate) client_id: String,
    pub(crate) secret: Option<String>,
}

/// A program; `fields` go into its record.
pub(crate) async fn program(client: &Client, fields: Json) -> Program {
    let mut body = json!({ "name": "Portal", "redirectUris": format!("{CALLBACK} https://other.example/cb?x=1") });
    for (name, value) in fields.as_object().unwrap() {
        body[name] = value.clone();
    }
    let record = client.post("/v1/oauth-clients", &body).await.expect(201);
    let text = |name: &str| record[name].as_str().map(str::to_owned);
    Program { id: text("id").unwrap(), client_id: text("clientId").unwrap(), secret: text("secret"), record }
}

/// A user with the role of members and a password.
pub(crate) async fn person(app: &TestApp, name: &str) -> (String, String) {
    let email = format!("{name}@alpha.example");
    let id = app.alpha.post("/v1/users", &json!({ "name": name, "email": email })).await.expect(201)["id"].as_str().unwrap().to_owned();
    let role = app.alpha.get("/v1/roles/by/key/member").await.expect(200)["id"].clone();
    app.alpha.post("/v1/role-assignments", &json!({ "roleId": role, "userId": id })).await.expect(201);
    app.alpha.post(&format!("/v1/users/{id}/set-password"), &json!({ "password": PASSWORD })).await.expect(200);
    (id, email)
}

pub(crate) fn encode(pairs: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

/// Sends a form, without a credential of ours.
pub(crate) async fn post(app: &TestApp, path: &str, headers: &[(&str, &str)], pairs: &[(&str, &str)]) -> Answer {
    let mut request = Request::builder().method(Method::POST).uri(path).header("content-type", "application/x-www-form-urlencoded");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    app.alpha.with_token(None).raw(request.body(Body::from(encode(pairs))).unwrap()).await
}

/// Sends a form to the token endpoint for a program.
pub(crate) async fn token(app: &TestApp, program: &Program, pairs: &[(&str, &str)]) -> Answer {
    let mut all = vec![("client_id", program.client_id.as_str())];
    all.extend(program.secret.as_deref().map(|secret| ("client_secret", secret)));
    all.extend(pairs);
    post(app, "/oauth/token", &[], &all).await
}

pub(crate) fn challenge() -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER))
}

/// The query of an authorization request; `more` stands in the place of what it names.
pub(crate) fn asking(program: &Program, more: &[(&str, &str)]) -> String {
    let challenge = challenge();
    let usual = [
        ("response_type", "code"),
        ("client_id", program.client_id.as_str()),
        ("redirect_uri", CALLBACK),
        ("state", "st&te"),
        ("code_challenge", challenge.as_str()),
        ("code_challenge_method", "S256"),
    ];
    let kept = usual.into_iter().filter(|(name, _)| more.iter().all(|(other, _)| name != other));
    encode(&kept.chain(more.iter().copied().filter(|(_, value)| !value.is_empty())).collect::<Vec<_>>())
}

/// Shows the page, enters address and password, and answers what the server says to that.
pub(crate) async fn enter(app: &TestApp, query: &str, email: &str, password: &str) -> Answer {
    let path = format!("/oauth/authorize?{query}");
    let shown = app.alpha.with_token(None).get(&path).await;
    assert_eq!(shown.status, 200, "{}", shown.describe());
    let key = between(&shown.text(), "name=\"form\" value=\"", "\"");
    let cookie = format!("clientela_form={key}");
    let fields = [("form", key.as_str()), ("email", email), ("password", password), ("decision", "allow")];
    post(app, &path, &[("cookie", &cookie)], &fields).await
}

pub(crate) fn between(text: &str, before: &str, after: &str) -> String {
    let rest = text.split_once(before).unwrap_or_else(|| panic!("no {before} in {text}")).1;
    rest.split_once(after).unwrap_or_else(|| panic!("no {after} in {rest}")).0.to_owned()
}

/// The parameters of the address that the answer leads on to.
pub(crate) fn onward(answer: &Answer) -> std::collections::BTreeMap<String, String> {
    assert_eq!(answer.status, 303, "{}", answer.describe());
    let address = answer.header("location").unwrap();
    assert!(address.starts_with(CALLBACK), "{address}");
    form_urlencoded::parse(address.split_once('?').unwrap().1.as_bytes()).into_owned().collect()
}

/// A person signs in to a program: the code.
pub(crate) async fn code(app: &TestApp, program: &Program, email: &str) -> String {
    onward(&enter(app, &asking(program, &[]), email, PASSWORD).await)["code"].clone()
}

/// A person signs in to a program: the tokens.
pub(crate) async fn sign_in(app: &TestApp, program: &Program, email: &str) -> Json {
    let code = code(app, program, email).await;
    let pairs = [("grant_type", "authorization_code"), ("code", &code), ("code_verifier", VERIFIER), ("redirect_uri", CALLBACK)];
    token(app, program, &pairs).await.expect(200)
}

pub(crate) fn with(app: &TestApp, tokens: &Json) -> Client {
    app.alpha.with_token(Some(tokens["access_token"].as_str().unwrap()))
}

/// A refusal in the form of RFC 6749.
#[track_caller]
pub(crate) fn refused(answer: &Answer, status: u16, code: &str) {
    assert_eq!((answer.status, answer.json()["error"].as_str()), (status, Some(code)), "{}", answer.describe());
    assert_eq!(answer.header("cache-control"), Some("no-store"));
}
