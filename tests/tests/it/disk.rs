//! The disk is full: it is said, nothing is half written, reading goes on, and it heals.

use crate::process::{Server, call};
use clientela_testkit::factory::text;
use serde_json::json;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
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
            Command::new("mount").args(["-t", "tmpfs", "-o", "size=12m", "tmpfs"]).arg(folder.path()).stderr(Stdio::null()).status();
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
        let filler = self.path().join("filler");
        let _ = std::fs::write(&filler, vec![0; 64 << 20]);
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
