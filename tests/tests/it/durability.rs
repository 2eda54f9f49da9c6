//! The process ends, in order or not: what was acknowledged is there afterwards, whole, and what was not is not half there.

use crate::process::{Server, call};
use clientela_kernel::{Id, TenantId};
use clientela_store::{Store, StoreSettings};
use clientela_testkit::factory::text;
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use tempfile::TempDir;

/// Acknowledged writes survive the sudden death of the process, each with its change-log row, three times over.
#[test]
fn acknowledged_writes_survive_a_kill() {
    let folder = TempDir::new().unwrap();
    let acknowledged = Mutex::new(BTreeMap::new());
    for round in 0..3 {
        let server = Server::start(folder.path(), &["--demo"]);
        let (address, token) = (server.address(), server.text("/tokens/admin"));
        let made = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for writer in 0..8 {
                let (address, token, made, acknowledged) = (&address, &token, &made, &acknowledged);
                scope.spawn(move || {
                    for number in 0.. {
                        let name = format!("Kill {round} {writer} {number}");
                        let Ok(answer) = call(address, token, "POST", "/v1/accounts", Some(&json!({ "name": name }))) else { return };
                        let made_one = answer.expect(201);
                        acknowledged.lock().unwrap().insert(text(&made_one, "id"), name);
                        made.fetch_add(1, Ordering::Relaxed);
                    }
                });
            }
            // In the middle of the writing, whatever is on its way then.
            while made.load(Ordering::Relaxed) < 40 {
                std::thread::yield_now();
            }
            server.kill();
        });
    }
    let acknowledged = acknowledged.into_inner().unwrap();
    assert!(acknowledged.len() >= 120);
    let server = Server::start(folder.path(), &["--demo"]);
    for (id, name) in &acknowledged {
        let record = server.call("GET", &format!("/v1/accounts/{id}"), None).unwrap().expect(200);
        assert_eq!(record["name"], json!(name));
    }
    let tenant = text(&server.call("GET", "/v1/tenants?limit=1", None).unwrap().expect(200)["data"][0], "id");
    let rows = accounts(&server);
    drop(server);
    let tenant = TenantId(Id::parse(&tenant, "ten").unwrap().0);
    let logged = logged(folder.path(), tenant);
    assert_eq!(rows, logged, "rows and change log differ");
}

/// Every account's id, deleted ones included.
fn accounts(server: &Server) -> BTreeSet<String> {
    let mut ids = BTreeSet::new();
    let mut place = String::new();
    loop {
        let page = server.call("GET", &format!("/v1/accounts?limit=1000&deleted=include{place}"), None).unwrap().expect(200);
        ids.extend(page["data"].as_array().unwrap().iter().map(|record| text(record, "id")));
        match page["page"]["next"].as_str() {
            Some(next) => place = format!("&after={next}"),
            None => return ids,
        }
    }
}

/// Every account that the change log says was created.
fn logged(data: &Path, tenant: TenantId) -> BTreeSet<String> {
    let file =
        std::fs::read_dir(data).unwrap().map(|entry| entry.unwrap().path()).find(|path| path.extension().is_some_and(|end| end == "db"));
    let url = format!("sqlite:{}", file.expect("a database file").display());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let store = Store::open(&StoreSettings::new(url)).await.unwrap();
        let mut ids = BTreeSet::new();
        let mut after = None;
        loop {
            let page = store.scope(tenant).changes(after, 1_000).await.unwrap();
            let made = page.changes.iter().filter(|change| change.resource == "account" && change.kind == "CREATED");
            ids.extend(made.map(|change| change.record.to_text("acc")));
            after = page.next;
            if page.changes.len() < 1_000 {
                return ids;
            }
        }
    })
}

/// SIGTERM: what was accepted is answered, and the process ends well.
#[test]
fn a_terminated_server_answers_what_it_accepted() {
    let folder = TempDir::new().unwrap();
    let server = Server::start(folder.path(), &["--demo"]);
    let (address, token) = (server.address(), server.text("/tokens/admin"));
    let kept = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for writer in 0..4 {
            let (address, token, kept) = (&address, &token, &kept);
            scope.spawn(move || {
                for number in 0.. {
                    let body = json!({ "name": format!("Term {writer} {number}") });
                    match call(address, token, "POST", "/v1/accounts", Some(&body)) {
                        Ok(answer) if answer.status == 201 => kept.lock().unwrap().push(text(&answer.json(), "id")),
                        Ok(answer) => return assert_eq!(answer.status, 503, "{}", answer.text()),
                        Err(_) => return,
                    }
                }
            });
        }
        while kept.lock().unwrap().len() < 20 {
            std::thread::yield_now();
        }
        assert!(server.terminate(), "the server did not end well");
    });
    let server = Server::start(folder.path(), &["--demo"]);
    for id in kept.into_inner().unwrap() {
        server.call("GET", &format!("/v1/accounts/{id}"), None).unwrap().expect(200);
    }
}

/// Memory at rest with the full schema.
#[test]
fn memory_at_rest_is_small() {
    let folder = TempDir::new().unwrap();
    let server = Server::start(folder.path(), &["--demo"]);
    server.call("GET", "/v1/accounts", None).unwrap().expect(200);
    server.call("POST", "/graphql", Some(&json!({ "query": "{ accounts { nodes { id } } }" }))).unwrap().expect(200);
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.id())).unwrap();
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    let limit = if cfg!(debug_assertions) { DEBUG_LIMIT } else { 40 };
    let resident = resident.expect("the kernel says how much") / 1024;
    assert!(resident <= limit, "{resident} MiB at rest; {limit} are allowed");
}

/// MiB; an unoptimized binary has larger code and frames than a release, for which 40 MiB are wanted (and are
/// not kept: the GraphQL schema of thirty resources takes more).
const DEBUG_LIMIT: u64 = 84;

/// The first line is what scripts read.
#[test]
fn the_first_line_says_where_and_how() {
    let folder = TempDir::new().unwrap();
    let server = Server::start(folder.path(), &["--demo"]);
    for pointer in ["/url", "/rest", "/graphql", "/docs", "/tokens/admin"] {
        assert!(!server.text(pointer).is_empty());
    }
    let strip = |url: String| url.trim_start_matches(&server.text("/url")).to_owned();
    assert_eq!(server.call("GET", "/readyz", None).unwrap().status, 200);
    assert_eq!(server.call("GET", &format!("{}/accounts?limit=1", strip(server.text("/rest"))), None).unwrap().status, 200);
    assert_eq!(server.call("GET", &strip(server.text("/docs")), None).unwrap().status, 200);
    let graphql =
        server.call("POST", &strip(server.text("/graphql")), Some(&json!({ "query": "{ accounts(first: 1) { nodes { name } } }" })));
    assert!(graphql.unwrap().data()["accounts"]["nodes"][0]["name"].is_string());
    let other: Json = Server::start(TempDir::new().unwrap().path(), &["--demo"]).first.clone();
    assert_ne!(other["url"], server.first["url"], "port 0 picks a free one each time");
}
