//! Two servers behind one PostgreSQL.

use crate::postgres::Cluster;
use crate::support::{Server, json, run};
use serde_json::{Value as Json, json};
use std::time::{Duration, Instant};

#[test]
fn revocation_on_one_node_reaches_the_other() {
    let cluster = match Cluster::shared() {
        Ok(cluster) => cluster,
        Err(skipped) => return eprintln!("{skipped}"),
    };
    let url = cluster.fresh_database();
    let folder = tempfile::tempdir().unwrap();
    let database = ["--database-url", &url];
    // Both start at once on an empty database: one of them migrates, the other one waits for it.
    let (here, there) = std::thread::scope(|scope| {
        let start = || scope.spawn(|| Server::start(folder.path(), &database));
        let (here, there) = (start(), start());
        (here.join().unwrap(), there.join().unwrap())
    });
    let made = json(&run(
        folder.path(),
        &[&["tenant", "create", "--name", "Mine", "--email", "me@example.com", "--json"][..], &database].concat(),
    ));
    let token = made["token"].as_str().unwrap();
    let (status, body) = here.ask("POST", "/v1/api-keys", Some(token), Some(&json!({"name": "import"})));
    assert_eq!(status, 201, "{body}");
    let key: Json = serde_json::from_str(&body).unwrap();
    let secret = key["secret"].as_str().unwrap();
    assert_eq!(there.ask("GET", "/v1/accounts", Some(secret), None).0, 200);

    let path = format!("/v1/api-keys/{}", key["id"].as_str().unwrap());
    assert_eq!(here.ask("PATCH", &path, Some(token), Some(&json!({"revokedAt": "2026-01-01T00:00:00Z"}))).0, 200);
    assert_eq!(here.ask("GET", "/v1/accounts", Some(secret), None).0, 401, "at once on the node itself");
    let begun = Instant::now();
    while there.ask("GET", "/v1/accounts", Some(secret), None).0 != 401 {
        assert!(begun.elapsed() < Duration::from_secs(20), "the other node never heard of it");
    }
    assert_eq!(here.terminate().0, Some(0));
    assert_eq!(there.terminate().0, Some(0));
}
