//! Two servers on one PostgreSQL: what one has written the other reads, a key has one effect wherever it arrives, of two who change
//! the same version one is told so, and a job is taken once.

use crate::jobs::{fates, rows};
use crate::process::{Request, Server, call, form, send};
use clientela_testkit::Answer;
use clientela_testkit::factory::text;
use clientela_testkit::postgres::Cluster;
use serde_json::{Value as Json, json};
use std::fmt::Write as _;
use std::net::TcpListener;
use std::sync::Barrier;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Two that serve the same database, each with a folder of its own.
struct Pair {
    servers: [Server; 2],
    _folders: [TempDir; 2],
}

impl Pair {
    /// None where there is no PostgreSQL, which is said.
    #[expect(clippy::print_stderr, reason = "a test that is passed over says so")]
    fn start() -> Option<Pair> {
        let url = match Cluster::shared() {
            Ok(cluster) => cluster.fresh_database(),
            Err(skipped) => {
                eprintln!("{skipped}");
                return None;
            }
        };
        let folders = [(); 2].map(|()| TempDir::new().unwrap());
        let servers = folders.each_ref().map(|folder| Server::start(folder.path(), &["--demo", "--database-url", &url]));
        Some(Pair { servers, _folders: folders })
    }

    /// The same request to both, at once.
    fn both(&self, request: &Request) -> [Answer; 2] {
        let together = Barrier::new(2);
        std::thread::scope(|scope| {
            self.servers
                .each_ref()
                .map(|server| {
                    let together = &together;
                    scope.spawn(move || {
                        together.wait();
                        send(&server.address(), &server.text("/tokens/admin"), request).expect("it answers")
                    })
                })
                .map(|asked| asked.join().unwrap())
        })
    }
}

fn request(method: &str, path: &str, header: (&str, &str), body: Json) -> Request {
    let headers = vec![(header.0.to_owned(), header.1.to_owned())];
    Request { method: method.to_owned(), path: path.to_owned(), headers, body: Some(body) }
}

fn total(server: &Server, query: &str) -> Json {
    server.call("GET", &format!("{query}&limit=1&total=true"), None).unwrap().expect(200)["page"]["total"].clone()
}

#[test]
fn two_servers_share_a_database() {
    let Some(pair) = Pair::start() else { return };
    let [one, other] = &pair.servers;
    // What one has acknowledged, the other shows at once.
    let id = text(&one.call("POST", "/v1/accounts", Some(&json!({ "name": "Shared 0" }))).unwrap().expect(201), "id");
    let path = format!("/v1/accounts/{id}");
    for round in 1..=20 {
        let (writes, reads) = if round % 2 == 0 { (one, other) } else { (other, one) };
        let name = format!("Shared {round}");
        let written = writes.call("PATCH", &path, Some(&json!({ "name": name }))).unwrap().expect(200);
        assert_eq!(reads.call("GET", &path, None).unwrap().expect(200), written);
        let words = format!("/v1/accounts/search?q=%22Shared%20{round}%22");
        let found = reads.call("GET", &words, None).unwrap().expect(200);
        assert_eq!(found["data"].as_array().map(Vec::len), Some(1), "{found}");
    }

    // A key has one effect, wherever it arrives.
    for round in 0..10 {
        let body = json!({ "name": format!("Once {round}"), "country": "AT" });
        let answers = pair.both(&request("POST", "/v1/accounts", ("idempotency-key", &format!("once-{round}")), body));
        for answer in &answers {
            assert_eq!(answer.status, 201, "{}", answer.text());
        }
        assert_eq!(answers[0].json()["id"], answers[1].json()["id"]);
        assert_eq!(total(one, &format!("/v1/accounts?filter[name][eq]=Once%20{round}")), 1);
    }

    // Of two who change the same version one is told.
    for version in 21..31 {
        let tag = format!("\"{version}\"");
        let answers =
            pair.both(&request("PATCH", &path, ("if-match", &tag), json!({ "city": format!("City {version}"), "name": "Raced" })));
        let mut statuses = answers.each_ref().map(|answer| answer.status);
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 412], "{} {}", answers[0].text(), answers[1].text());
        assert_eq!(one.call("GET", &path, None).unwrap().expect(200)["version"], version + 1);
    }
    // What one adds to the definitions is there on the other.
    one.call("POST", "/v1/custom-objects", Some(&json!({ "name": "machine", "label": "Machine" }))).unwrap().expect(201);
    let begun = Instant::now();
    while pair.servers[1].call("GET", "/v1/custom/machines", None).unwrap().status != 200 {
        assert!(begun.elapsed() < Duration::from_secs(10), "the other server does not see the object");
        std::thread::yield_now();
    }
    // Without a version both changes are made, one after the other.
    let answers = pair.both(&request("PATCH", &path, ("x-none", "x"), json!({ "tags": ["both"] })));
    assert_eq!(answers.each_ref().map(|answer| answer.status), [200, 200]);
}

/// Each signs with a key of its own, and both know both; what one refuses from now on, the other refuses as well.
#[test]
fn a_token_of_one_is_one_of_the_other_until_it_is_revoked() {
    let Ok(cluster) = Cluster::shared() else { return };
    let url = cluster.fresh_database();
    let folders = [(); 2].map(|()| TempDir::new().unwrap());
    // One address for both, as behind a proxy; so each is called by a port that is known beforehand.
    let ports = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string());
    let start = |index: usize| {
        let port = ports[index].as_str();
        let arguments = ["--demo", "--database-url", &url, "--public-url", "http://sign-in.example", "--port", port];
        Server::start(folders[index].path(), &arguments)
    };
    let servers = [start(0), start(1)];
    let [one, other] = ports.each_ref().map(|port| format!("127.0.0.1:{port}"));
    let admin = servers[0].text("/tokens/admin");
    let me = call(&other, &admin, "GET", "/v1/me", None).unwrap().expect(200)["actor"]["id"].clone();
    let body = json!({ "name": "Nightly", "kind": "CONFIDENTIAL", "clientCredentials": true, "runAsId": me });
    let made = call(&one, &admin, "POST", "/v1/oauth-clients", Some(&body)).unwrap().expect(201);
    let who = format!("client_id={}&client_secret={}", text(&made, "clientId"), text(&made, "secret"));
    for (gives, takes) in [(&one, &other), (&other, &one)] {
        let token =
            text(&form(gives, "/oauth/token", &format!("{who}&grant_type=client_credentials")).unwrap().expect(200), "access_token");
        for server in [takes, gives] {
            assert_eq!(call(server, &token, "GET", "/v1/me", None).unwrap().expect(200)["actor"]["id"], me);
        }
        assert_eq!(form(gives, "/oauth/revoke", &format!("{who}&token={token}")).unwrap().status, 200);
        assert_eq!(call(gives, &token, "GET", "/v1/me", None).unwrap().status, 401);
        let begun = Instant::now();
        while call(takes, &token, "GET", "/v1/me", None).unwrap().status != 401 {
            assert!(begun.elapsed() < Duration::from_secs(10), "the other server goes on taking it");
            std::thread::yield_now();
        }
    }
}

#[test]
fn two_servers_take_a_job_once() {
    let Some(pair) = Pair::start() else { return };
    let mut jobs = Vec::new();
    for job in 0..12 {
        let mut file = "number,name,country\n".to_owned();
        for row in 0..50 {
            let _ = writeln!(file, "{job}-{row},Job {job},AT");
        }
        let made = pair.servers[job % 2].call("POST", "/v1/imports", Some(&rows(&file))).unwrap().expect(202);
        jobs.push(text(&made, "id"));
    }
    let begun = Instant::now();
    for id in &jobs {
        let done = loop {
            let now = pair.servers[0].call("GET", &format!("/v1/imports/{id}"), None).unwrap().expect(200);
            if !["QUEUED", "RUNNING"].contains(&now["state"].as_str().unwrap()) {
                break now;
            }
            assert!(begun.elapsed() < Duration::from_secs(180), "nobody carries it out: {now}");
            std::thread::yield_now();
        };
        // A second time everything would have been there already.
        assert_eq!((&done["state"], fates(&done)), (&json!("SUCCEEDED"), [50, 0, 0, 0]), "{done}");
    }
    assert_eq!(total(&pair.servers[1], "/v1/accounts?filter[name][startsWith]=Job"), 12 * 50);
}
