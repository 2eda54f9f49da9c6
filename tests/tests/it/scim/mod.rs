//! SCIM 2.0: what identity providers do, by the protocol, and that it goes the way of every other request.

mod groups;
mod rights;
mod users;

use clientela_testkit::{Answer, Client};
use http::Method;
use serde_json::{Value as Json, json};

pub(crate) const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
pub(crate) const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

/// Sends a request of the protocol.
pub(crate) async fn ask(client: &Client, method: Method, path: &str, body: Option<Json>) -> Answer {
    with(client, method, path, &[], body).await
}

/// The same with further headers.
pub(crate) async fn with(client: &Client, method: Method, path: &str, headers: &[(&str, &str)], body: Option<Json>) -> Answer {
    let mut request = http::Request::builder().method(method).uri(format!("/scim/v2{path}"));
    for (name, value) in headers.iter().chain(&[("content-type", "application/scim+json")]) {
        request = request.header(*name, *value);
    }
    let body = body.map_or_else(axum::body::Body::empty, |body| axum::body::Body::from(body.to_string()));
    let answer = client.raw(request.body(body).unwrap()).await;
    if answer.status != 204 && answer.status != 304 {
        assert_eq!(answer.header("content-type"), Some("application/scim+json"), "{}", answer.describe());
    }
    answer
}

/// What a filter finds: how many in all, and the names of those shown.
pub(crate) async fn found(client: &Client, path: &str, filter: &str) -> (u64, Vec<String>) {
    let query = form_urlencoded::Serializer::new(String::new()).append_pair("filter", filter).finish();
    let list = ask(client, Method::GET, &format!("{path}?{query}"), None).await.expect(200);
    let names = list["Resources"].as_array().unwrap().iter().map(|one| one["displayName"].as_str().unwrap().to_owned());
    (list["totalResults"].as_u64().unwrap(), names.collect())
}

/// A user as it is answered when it is made.
pub(crate) async fn made(client: &Client, body: Json) -> Json {
    ask(client, Method::POST, "/Users", Some(body)).await.expect(201)
}

/// A PATCH of one operation.
pub(crate) fn operation(op: &str, path: &str, value: Json) -> Json {
    json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [{ "op": op, "path": path, "value": value }] })
}

/// A refusal in the form of the protocol.
#[track_caller]
pub(crate) fn refused(answer: &Answer, status: u16, scim_type: Option<&str>) -> Json {
    let body = answer.expect(status);
    assert_eq!(body["schemas"], json!(["urn:ietf:params:scim:api:messages:2.0:Error"]), "{}", answer.describe());
    assert_eq!(
        (body["status"].as_str(), body["scimType"].as_str()),
        (Some(status.to_string().as_str()), scim_type),
        "{}",
        answer.describe()
    );
    assert!(body["detail"].as_str().is_some_and(|detail| detail.len() > 10), "{}", answer.describe());
    body
}
