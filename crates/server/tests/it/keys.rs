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
