//! `clientela serve`.

use crate::support::{Server, json, run};
use serde_json::{Value as Json, json};
use std::time::{Duration, Instant};

#[test]
fn demo_serves_drains_and_starts_again() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path(), &["--demo"]);
    let url = server.ready["url"].as_str().unwrap();
    assert!(url.starts_with("http://127.0.0.1:"), "{url}");
    for (key, path) in [("rest", "/v1"), ("graphql", "/graphql"), ("docs", "/docs"), ("graphiql", "/graphiql")] {
        assert_eq!(server.ready[key], format!("{url}{path}"), "{key}");
    }

    assert_eq!(server.ask("GET", "/v1/accounts", None, None).0, 401);
    let (admin, reader) = (server.token("admin"), server.token("reader"));
    for token in [admin, reader] {
        let (status, body) = server.ask("GET", "/v1/accounts?limit=3", Some(token), None);
        assert_eq!(status, 200, "{body}");
        assert_eq!(serde_json::from_str::<Json>(&body).unwrap()["data"].as_array().unwrap().len(), 3);
    }
    let account = json!({"name": "Test & Sons"});
    assert_eq!(server.ask("POST", "/v1/accounts", Some(reader), Some(&account)).0, 403);
    assert_eq!(server.ask("POST", "/v1/accounts", Some(admin), Some(&account)).0, 201);
    for probe in ["/livez", "/readyz"] {
        assert_eq!(server.ask("GET", probe, None, None).0, 200, "{probe}");
    }
    let (_, keys) = server.ask("GET", "/.well-known/jwks.json", None, None);
    assert_eq!(serde_json::from_str::<Json>(&keys).unwrap()["keys"][0]["crv"], "Ed25519", "{keys}");

    let begun = Instant::now();
    let (code, output, log) = server.terminate();
    assert_eq!(code, Some(0), "{log}");
    assert_eq!(output, "", "only the first line goes to standard output");
    assert!(begun.elapsed() < Duration::from_secs(5), "the drain keeps its promise");

    let again = Server::start(folder.path(), &["--demo"]);
    let (status, body) = again.ask("GET", "/v1/accounts?total=true&limit=1", Some(again.token("reader")), None);
    assert_eq!(status, 200, "{body}");
    let (_, _, log) = again.terminate();
    assert!(!log.contains("planted"), "{log}");

    // With demo tokens about, the address must stay on this machine, also without --demo.
    for extra in [&["--demo"][..], &[]] {
        let refused = run(folder.path(), &[&["serve", "--json", "--port", "0", "--host", "0.0.0.0"], extra].concat());
        assert_eq!(refused.status.code(), Some(2));
        let message = json(&refused)["error"]["message"].as_str().unwrap().to_owned();
        assert!(message.contains("127.0.0.1") && message.contains("--data"), "{message}");
    }
}

#[test]
fn revoked_key_is_refused_by_the_next_request() {
    let folder = tempfile::tempdir().unwrap();
    let made = json(&run(folder.path(), &["tenant", "create", "--name", "Mine", "--email", "me@example.com", "--json"]));
    let server = Server::start(folder.path(), &[]);
    assert_eq!(server.ready["tokens"], json!({}));
    let token = made["token"].as_str().unwrap();
    let (status, body) = server.ask("POST", "/v1/api-keys", Some(token), Some(&json!({"name": "import", "scopes": "READ"})));
    assert_eq!(status, 201, "{body}");
    let key: Json = serde_json::from_str(&body).unwrap();
    let secret = key["secret"].as_str().unwrap();
    assert_eq!(server.ask("GET", "/v1/contacts", Some(secret), None).0, 200);
    assert_eq!(server.ask("POST", "/v1/contacts", Some(secret), Some(&json!({"lastName": "X"}))).0, 403);
    let path = format!("/v1/api-keys/{}", key["id"].as_str().unwrap());
    let (status, body) = server.ask("PATCH", &path, Some(token), Some(&json!({"revokedAt": "2026-01-01T00:00:00Z"})));
    assert_eq!(status, 200, "{body}");
    let (status, body) = server.ask("GET", "/v1/contacts", Some(secret), None);
    assert_eq!(status, 401);
    assert!(body.contains("revoked"), "{body}");

    // The same for a user who leaves, who cannot be the last administrator.
    let path = format!("/v1/users/{}", made["user"].as_str().unwrap());
    assert_eq!(server.ask("PATCH", &path, Some(token), Some(&json!({"active": false}))).0, 403);
    run(folder.path(), &["user", "create", "--name", "Second", "--email", "second@example.com", "--role", "administrator"]);
    assert_eq!(server.ask("PATCH", &path, Some(token), Some(&json!({"active": false}))).0, 200);
    let (status, body) = server.ask("GET", "/v1/contacts", Some(token), None);
    assert_eq!(status, 401);
    assert!(body.contains("deactivated"), "{body}");
}

#[test]
fn tenant_and_token_made_beside_a_running_server_are_known_to_it() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path(), &[]);
    let made = run(folder.path(), &["tenant", "create", "--name", "Mine", "--email", "me@example.com", "--json"]);
    let token = json(&run(folder.path(), &["token", "--scope", "read", "--json"]))["token"].as_str().unwrap().to_owned();
    assert_eq!(server.ask("GET", "/v1/accounts", Some(json(&made)["token"].as_str().unwrap()), None).0, 200);
    assert_eq!(server.ask("GET", "/v1/accounts", Some(&token), None).0, 200);
    assert_eq!(server.ask("POST", "/v1/accounts", Some(&token), Some(&json!({"name": "X"}))).0, 403);
}

#[test]
fn taken_port_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let refused = run(folder.path(), &["serve", "--port", &port, "--json"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(json(&refused)["error"]["message"].as_str().unwrap().contains("--port 0"));
}
