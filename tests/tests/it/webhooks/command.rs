//! `clientela webhook`, beside a server that works on the same database.

use crate::process::{Server, binary, call};
use clientela_testkit::factory::text;
use serde_json::{Value as Json, json};
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use tempfile::TempDir;

fn clientela(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(binary());
    command.args(arguments).args(["--json", "--data"]).arg(folder).current_dir(folder).env_remove("CLIENTELA_DATABASE_URL");
    command.stdin(Stdio::null());
    command
}

fn answer(folder: &Path, arguments: &[&str]) -> Json {
    let output = clientela(folder, arguments).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn samples_are_sent_taken_and_sent_again() {
    let folder = TempDir::new().unwrap();
    let folder = folder.path();
    std::fs::write(folder.join("clientela.toml"), "private_addresses = \"true\"\n").unwrap();
    answer(folder, &["tenant", "create", "--name", "Mine", "--email", "me@mine.example"]);
    let token = text(&answer(folder, &["api-key", "--name", "Script"]), "secret");
    let server = Server::start(folder, &[]);
    let ask = |method: &str, path: &str, body: Json| call(&server.address(), &token, method, path, Some(&body)).unwrap();
    let made = json!({ "name": "Script", "url": "https://hooks.mine.example/", "events": ["account.created"] });
    let made = ask("POST", "/v1/webhook-endpoints", made).expect(201);
    let (id, secret) = (text(&made, "id"), text(&made, "secret"));
    let mut listening = clientela(folder, &["webhook", "listen", "--port", "0", "--count", "2", "--secret", &secret]);
    let mut listening = listening.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines =
        BufReader::new(listening.stdout.take().unwrap()).lines().map(|line| serde_json::from_str::<Json>(&line.unwrap()).unwrap());
    let url = text(&lines.next().unwrap(), "url");
    let endpoint = format!("/v1/webhook-endpoints/{id}");
    ask("PATCH", &endpoint, json!({ "url": url })).expect(200);
    let sent = answer(folder, &["webhook", "trigger", &id]);
    // The server would look for itself in a few seconds.
    ask("PATCH", &endpoint, json!({ "name": "Script 2" })).expect(200);
    let first = lines.next().unwrap();
    assert_eq!((&first["valid"], &first["body"]["type"]), (&json!(true), &json!("account.created")), "{first}");
    let delivery = text(&sent, "webhookDelivery");
    // What has come in may not have been noted yet.
    let begun = std::time::Instant::now();
    while ask("GET", &format!("/v1/webhook-deliveries/{delivery}"), json!({})).expect(200)["state"] != "DELIVERED" {
        assert!(begun.elapsed().as_secs() < 10, "it is not delivered");
    }
    answer(folder, &["webhook", "replay", &delivery]);
    ask("PATCH", &endpoint, json!({ "name": "Script 3" })).expect(200);
    assert_eq!(lines.next().unwrap()["id"], first["id"], "the same message comes again");
    assert!(listening.wait().unwrap().success());
    let none = answer(folder, &["webhook", "replay", &id, "--from", "2020-01-01T00:00:00Z", "--until", "2020-01-02T00:00:00Z"]);
    assert_eq!((&none["replayed"], &none["made"]), (&json!(0), &json!(0)));
}

#[test]
fn a_kept_message_is_verified() {
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("body.json"), r#"{"test": 2432232314}"#).unwrap();
    let verify = |signature: &str, more: &[&str]| {
        // Published with the standard's own libraries.
        let message =
            ["--id", "msg_p5jXN8AQM9LWM0D4loKWxJek", "--timestamp", "1614265330", "--secret", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"];
        let mut command = clientela(folder.path(), &["webhook", "verify", "--signature", signature, "--file", "body.json"]);
        command.args(message).args(more).output().unwrap()
    };
    let signature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
    assert_eq!(verify(signature, &["--any-time"]).status.code(), Some(0));
    let late = verify(signature, &[]);
    assert_eq!(late.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&late.stdout).contains("five minutes"), "{late:?}");
    assert_eq!(verify("v1,AAAA", &["--any-time"]).status.code(), Some(1));
}
