//! The rotation of signing keys, while a server runs.

use crate::support::{Server, json, run};
use serde_json::{Value as Json, json};
use std::time::{Duration, Instant};

fn names(server: &Server) -> Vec<String> {
    let (_, keys) = server.ask("GET", "/.well-known/jwks.json", None, None);
    let keys: Json = serde_json::from_str(&keys).unwrap();
    keys["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

/// Waits until it is so, a few seconds at most.
fn until(what: &str, so: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_secs(20);
    while !so() {
        assert!(Instant::now() < end, "{what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn keys_are_rotated_under_a_running_server() {
    let folder = tempfile::tempdir().unwrap();
    let made = run(folder.path(), &["tenant", "create", "--name", "Mine", "--email", "me@mine.example", "--json"]);
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let token = || json(&run(folder.path(), &["token", "--json"]))["token"].as_str().unwrap().to_owned();
    let server = Server::start(folder.path(), &[]);
    let status = |token: &str| server.ask("GET", "/v1/me", Some(token), None).0;
    let old = token();
    assert_eq!(status(&old), 200);
    let before = names(&server);

    // A key that is young enough stays.
    let kept = json(&run(folder.path(), &["keys", "rotate", "--older-than", "P1D", "--json"]));
    assert_eq!(kept, json!({ "rotated": false }));
    let done = json(&run(folder.path(), &["keys", "rotate", "--json"]));
    assert_eq!((&done["rotated"], &done["revoked"]), (&json!(true), &json!(false)));
    until("the server does not show the new key", || names(&server).len() == before.len() + 1);
    let new = token();
    until("the new token is refused", || status(&new) == 200);
    assert_eq!(status(&old), 200, "tokens of the old key hold");
    assert!(before.iter().all(|kid| names(&server).contains(kid)));

    // One that somebody else may have is not trusted a moment longer.
    let done = json(&run(folder.path(), &["keys", "rotate", "--revoke", "--json"]));
    assert_eq!((&done["revoked"], &done["until"]), (&json!(true), &Json::Null));
    until("tokens of the revoked key are taken", || status(&new) == 401);
    let newest = token();
    until("the newest token is refused", || status(&newest) == 200);
    assert_eq!(status(&old), 200, "those of the key before it were not meant");
    assert_eq!(names(&server).len(), 2);
}

#[test]
fn a_server_replaces_a_key_that_is_too_old() {
    let folder = tempfile::tempdir().unwrap();
    let made = run(folder.path(), &["tenant", "create", "--name", "Mine", "--email", "me@mine.example", "--json"]);
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let old = json(&made)["token"].as_str().unwrap().to_owned();
    let file = folder.path().join("clientela_data/signing-keys.json");
    let mut keys: Json = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
    let began = keys["keys"][0]["made_at"].as_i64().unwrap();
    std::fs::write(folder.path().join("clientela.toml"), "rotate_keys_days = 30\n").unwrap();
    let server = Server::start(folder.path(), &[]);
    assert_eq!(names(&server).len(), 1, "a young key stays");
    drop(server);
    keys["keys"][0]["made_at"] = json!(began - 31 * 86_400_000);
    std::fs::write(&file, keys.to_string()).unwrap();
    let server = Server::start(folder.path(), &[]);
    until("the old key is not replaced", || names(&server).len() == 2);
    let new = json(&run(folder.path(), &["token", "--json"]))["token"].as_str().unwrap().to_owned();
    until("the new token is refused", || server.ask("GET", "/v1/me", Some(&new), None).0 == 200);
    assert_eq!(server.ask("GET", "/v1/me", Some(&old), None).0, 200, "tokens of the old key hold");
}
