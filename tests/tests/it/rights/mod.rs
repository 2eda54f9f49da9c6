//! Rights: what roles, field rules and shares allow, on both APIs and both databases.

mod audiences;
mod explained;
mod fields;
mod matrix;
mod purpose_tokens;
mod rows;
mod rules;
mod scopes;
mod views;

use clientela_testkit::{Client, TestApp};
use serde_json::{Value as Json, json};

/// Makes a record as the administrator, and answers its id.
pub(crate) async fn make(app: &TestApp, path: &str, body: Json) -> String {
    made_by(&app.alpha, path, body).await
}

/// Makes a record as somebody, and answers its id.
pub(crate) async fn made_by(client: &Client, path: &str, body: Json) -> String {
    let answer = client.post(&format!("/v1/{path}"), &body).await;
    assert_eq!(answer.status, 201, "{path} {body}: {}", answer.describe());
    answer.json()["id"].as_str().expect("a record has an id").to_owned()
}

/// A role with these rights: resource, action, depth.
pub(crate) async fn role(app: &TestApp, key: &str, rights: &[(&str, &str, &str)]) -> String {
    let role = make(app, "roles", json!({ "key": key, "name": key })).await;
    for (resource, action, depth) in rights {
        make(app, "role-rights", json!({ "roleId": role, "resource": resource, "action": action, "depth": depth })).await;
    }
    role
}

/// A user who holds these roles, signed in, with the user's id.
pub(crate) async fn user(app: &TestApp, name: &str, roles: &[&str]) -> (String, Client) {
    let id = make(app, "users", json!({ "name": name, "email": format!("{name}@alpha.example") })).await;
    for role in roles {
        make(app, "role-assignments", json!({ "roleId": role, "userId": id })).await;
    }
    let client = app.sign_in(&id).await;
    (id, client)
}

/// The names in a list.
pub(super) async fn names(client: &Client, path: &str) -> Vec<String> {
    let list = client.get(path).await.expect(200);
    let mut names: Vec<String> =
        list["data"].as_array().expect("a list").iter().map(|record| record["name"].as_str().unwrap_or_default().to_owned()).collect();
    names.sort();
    names
}
