//! The disk is full: it is said, nothing is half written, reading goes on, and it heals.

use crate::jobs::{MAPPING, fates};
use crate::process::{Server, call, upload};
use clientela_testkit::factory::text;
use serde_json::json;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A file system of a few megabytes; taken down when dropped.
struct Tiny {
    folder: TempDir,
}

impl Tiny {
    /// None where this machine does not let us make one, which is said.
    #[expect(clippy::print_stderr, reason = "a test that is passed over says so")]
    fn mount() -> Option<Tiny> {
        let folder = TempDir::new().expect("a folder");
        let mounted =
            Command::new("mount").args(["-t", "tmpfs", "-o", "size=24m", "tmpfs"]).arg(folder.path()).stderr(Stdio::null()).status();
        if mounted.is_ok_and(|status| status.success()) {
            return Some(Tiny { folder });
        }
        eprintln!("skipped: a small file system cannot be mounted here");
        None
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Takes all the room that is left.
    fn fill(&self) -> PathBuf {
        self.fill_but(0)
    }

    /// Takes all the room that is left but for so many bytes.
    fn fill_but(&self, left: u64) -> PathBuf {
        let filler = self.path().join("filler");
        let _ = std::fs::write(&filler, vec![0; 64 << 20]);
        let file = std::fs::OpenOptions::new().write(true).open(&filler).expect("a file is there");
        let taken = file.metadata().expect("it has a size").len();
        file.set_len(taken.saturating_sub(left)).expect("a file can be cut");
        filler
    }
}

impl Drop for Tiny {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.folder.path()).status();
    }
}

#[test]
fn a_full_disk_is_told_and_nothing_is_half_written() {
    let Some(disk) = Tiny::mount() else { return };
    let server = Server::start(disk.path(), &["--demo"]);
    let (address, token) = (server.address(), server.text("/tokens/admin"));
    let make = |number: usize| {
        let body = json!({ "name": format!("Full {number}"), "legalName": "x".repeat(200) });
        call(&address, &token, "POST", "/v1/accounts", Some(&body)).expect("the server answers")
    };
    let kept = text(&make(0).expect(201), "id");
    let filler = disk.fill();
    let mut made = 1;
    let refused = loop {
        let answer = make(made);
        if answer.status != 201 {
            break answer;
        }
        made += 1;
        assert!(made < 5_000, "the disk does not fill up");
    };
    assert_eq!((refused.status, refused.json()["code"].clone()), (503, json!("STORAGE_FULL")), "{}", refused.text());
    assert!(refused.headers.contains_key("retry-after"));
    let record = server.call("GET", &format!("/v1/accounts/{kept}"), None).expect("reading goes on").expect(200);
    assert_eq!(record["name"], json!("Full 0"));
    let count = |server: &Server| {
        let path = "/v1/accounts?filter[name][startsWith]=Full&limit=1&total=true";
        server.call("GET", path, None).expect("the server answers").expect(200)["page"]["total"].as_u64()
    };
    let expected = u64::try_from(made).ok();
    assert_eq!(count(&server), expected, "what was refused is not there, what was acknowledged is");
    std::fs::remove_file(filler).expect("there is room again");
    make(made).expect(201);
    server.kill();
    let server = Server::start(disk.path(), &["--demo"]);
    assert_eq!(count(&server), expected.map(|expected| expected + 1));
}

/// So many rows for the mapping of accounts.
fn rows(count: usize) -> String {
    let rows = (0..count).map(|number| format!("{number},Firma mit einem Namen von einiger Länge {number},AT\n"));
    std::iter::once("number,name,country\n".to_owned()).chain(rows).collect()
}

fn total(server: &Server, query: &str) -> u64 {
    let page = server.call("GET", &format!("{query}&limit=1&total=true"), None).expect("reading goes on").expect(200);
    page["page"]["total"].as_u64().expect("a total")
}

/// An import that runs into a full disk waits for room, with every record whole or not there, and goes on where it was; a file for which
/// there is no room is refused, and may be sent again.
#[test]
fn an_import_waits_for_room() {
    let Some(disk) = Tiny::mount() else { return };
    let server = Server::start(disk.path(), &["--demo"]);
    let made = server.call("POST", "/v1/imports", Some(&json!({ "mappingText": MAPPING }))).expect("it answers").expect(202);
    let path = format!("/v1/imports/{}", text(&made, "id"));
    const COUNT: usize = 2_500;
    let file = rows(COUNT);
    let send = || upload(&server.address(), &server.text("/tokens/admin"), &format!("{path}/content"), "text/csv", file.as_bytes());
    let filler = disk.fill();
    let refused = send().expect("it answers");
    assert_eq!((refused.status, refused.json()["code"].clone()), (503, json!("STORAGE_FULL")), "{}", refused.text());
    assert_eq!(server.call("GET", &path, None).expect("reading goes on").expect(200)["state"], "WAITING");
    std::fs::remove_file(filler).expect("there is room again");

    // Room for the file and for some of its records.
    let filler = disk.fill_but(2 << 20);
    send().expect("it answers").expect(202);
    let begun = Instant::now();
    while server.call("GET", &path, None).expect("it answers").expect(200)["state"] == "QUEUED" {
        assert!(begun.elapsed() < Duration::from_secs(60), "nobody takes it up");
    }
    let probe = json!({ "name": "Probe", "description": "x".repeat(10_000) });
    let refused = loop {
        let answer = server.call("POST", "/v1/accounts", Some(&probe)).expect("it answers");
        if answer.status != 201 {
            break answer;
        }
        assert!(begun.elapsed() < Duration::from_secs(120), "the disk does not fill up");
    };
    assert_eq!((refused.status, refused.json()["code"].clone()), (503, json!("STORAGE_FULL")), "{}", refused.text());
    let now = server.call("GET", &path, None).expect("reading goes on").expect(200);
    // It says that it waits, where there is room for that.
    assert!(now["state"] == "RUNNING" || (now["state"] == "QUEUED" && now["failureCode"] == "STORAGE_FULL"), "{now}");
    let written = total(&server, "/v1/accounts?filter[name][startsWith]=Firma");
    assert!(written < 2_500, "everything was written");
    let keyless = json!({ "name": { "startsWith": "Firma" }, "not": { "externalIds": { "some": { "system": { "eq": "erp" } } } } });
    let keyless = format!("/v1/accounts?filter={}", crate::isolation::form(&keyless));
    assert_eq!(total(&server, &keyless), 0, "a record without its key");

    std::fs::remove_file(filler).expect("there is room again");
    let done = loop {
        let now = server.call("GET", &path, None).expect("it answers").expect(200);
        if now["state"] != "RUNNING" && now["state"] != "QUEUED" {
            break now;
        }
        assert!(begun.elapsed() < Duration::from_secs(240), "nobody goes on: {now}");
        std::thread::yield_now();
    };
    assert_eq!((&done["state"], &done["failureCode"], &done["rowsRead"]), (&json!("SUCCEEDED"), &json!(null), &json!(COUNT)), "{done}");
    let [created, updated, unchanged, refused] = fates(&done);
    assert_eq!((created + unchanged, updated, refused), (2_500, 0, 0), "{done}");
    assert_eq!(total(&server, "/v1/accounts?filter[name][startsWith]=Firma"), 2_500);
    assert_eq!(total(&server, "/v1/external-ids?filter[system][eq]=erp"), 2_500);
}
