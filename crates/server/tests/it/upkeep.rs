//! What the operator looks at: doctor, metrics, seed.

use crate::support::{Server, clientela, json, run};
use serde_json::{Value as Json, json};
use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

fn state(answer: &Json, check: &str) -> String {
    let checks = answer["checks"].as_array().unwrap();
    let found = checks.iter().find(|found| found["check"] == check).unwrap_or_else(|| panic!("no {check} in {answer:#}"));
    found["state"].as_str().unwrap().to_owned()
}

#[test]
fn the_doctor_looks_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let ask = |arguments: &[&str]| {
        let output = run(folder.path(), &[&["doctor", "--json", "--data", "data"], arguments].concat());
        (output.status.code(), json(&output))
    };
    let (code, answer) = ask(&[]);
    assert_eq!((code, &answer["healthy"], state(&answer, "database").as_str()), (Some(0), &json!(true), "WARN"));
    assert!(!data.exists(), "it makes nothing");

    assert!(run(folder.path(), &["migrate", "--data", "data"]).status.success());
    let (code, answer) = ask(&[]);
    assert_eq!((code, state(&answer, "tenants").as_str(), state(&answer, "migrations").as_str()), (Some(0), "WARN", "OK"));

    let seeded = json(&run(folder.path(), &["seed", "--json", "--data", "data"]));
    assert_eq!(seeded["records"]["account"], json!(40));
    let (code, answer) = ask(&[]);
    for check in ["configuration", "data directory", "database", "durability", "clock", "migrations", "tenants", "soundness", "change log"]
    {
        assert_eq!(state(&answer, check), "OK", "{answer:#}");
    }
    assert_eq!(code, Some(0));

    let (code, answer) = ask(&["--log-format", "xml"]);
    assert_eq!((code, state(&answer, "configuration").as_str(), &answer["healthy"]), (Some(1), "FAIL", &json!(false)));
    std::fs::write(data.join("clientela.db"), b"this is no database, and long enough to be looked at as one").unwrap();
    let (code, answer) = ask(&[]);
    assert_eq!((code, state(&answer, "database").as_str()), (Some(1), "FAIL"), "{answer:#}");
}

#[test]
fn seeding_repeats_and_says_what_it_made() {
    let folder = tempfile::tempdir().unwrap();
    let seed = |data: &str| json(&run(folder.path(), &["seed", "--size", "s", "--json", "--data", data]));
    let (one, other) = (seed("one"), seed("other"));
    assert_eq!((&one["tenant"], &one["records"]), (&other["tenant"], &other["records"]));
    assert_eq!(seed("one")["total"], json!(0), "it is there already");
    let user = one["user"].as_str().unwrap();
    let tenant = one["tenant"].as_str().unwrap();
    let token = run(folder.path(), &["token", "--user", user, "--tenant", tenant, "--data", "one"]);
    assert!(token.status.success(), "{}", String::from_utf8_lossy(&token.stderr));
}

#[test]
fn metrics_count_requests_and_name_no_tenant() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path(), &["--demo"]);
    let token = server.token("admin");
    for _ in 0..3 {
        assert_eq!(server.ask("GET", "/v1/accounts?limit=1", Some(token), None).0, 200);
    }
    let (_, me) = server.ask("GET", "/v1/me", Some(token), None);
    let me: Json = serde_json::from_str(&me).unwrap();
    server.ask("GET", "/v1/accounts/acc_01h455vb4pex5vsknk084sn02q", Some(token), None);
    server.ask("GET", "/no/such/thing", None, None);
    let (status, text) = server.ask("GET", "/metrics", None, None);
    assert_eq!(status, 200, "{text}");
    for line in [
        "http_server_request_duration_seconds_count{route=\"/v1/accounts\",method=\"GET\",status=\"2xx\"} 3",
        "http_server_request_duration_seconds_count{route=\"/v1/accounts/{id}\",method=\"GET\",status=\"4xx\"} 1",
        "http_server_request_duration_seconds_count{route=\"none\",method=\"GET\",status=\"4xx\"} 1",
        "http_server_active_requests 1",
        &format!("clientela_build_info{{version=\"{}\",database=\"sqlite\"}} 1", env!("CARGO_PKG_VERSION")),
        "clientela_store_writer_queue 0",
    ] {
        assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
    }
    assert!(!text.contains(me["tenantId"].as_str().unwrap()));
}

#[test]
fn the_two_lines_of_the_banner_work() {
    let has_curl = std::process::Command::new("curl").arg("--version").output().is_ok();
    if !has_curl {
        eprintln!("skipped: there is no curl");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut command = clientela(folder.path(), &["serve", "--demo", "--port", "0"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    // Kept open to the end: the banner is longer than these two lines.
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let commands: Vec<String> = lines.by_ref().filter(|line| line.starts_with("curl ")).take(2).collect();
    for (command, pointer) in commands.iter().zip(["/data/2/name", "/data/accounts/nodes/2/name"]) {
        let output = std::process::Command::new("sh").args(["-c", command]).output().unwrap();
        let answer: Json = serde_json::from_slice(&output.stdout).unwrap();
        assert!(answer.pointer(pointer).is_some_and(Json::is_string), "{command}: {answer:#}");
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(commands.len(), 2);
}
