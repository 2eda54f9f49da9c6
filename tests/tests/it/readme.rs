//! Every command of the README is run, in its order, as it stands there.

use crate::architecture::root;
use crate::process::{Server, binary};
use serde_json::Value as Json;
use std::process::Command;
use tempfile::TempDir;

/// The lines of the README's `sh` blocks, joined where they go on.
fn commands() -> Vec<String> {
    let text = std::fs::read_to_string(root().join("README.md")).expect("there is a README");
    let mut commands: Vec<String> = Vec::new();
    let (mut inside, mut open) = (false, false);
    for line in text.lines() {
        if line.starts_with("```") {
            inside = line == "```sh";
            continue;
        }
        if !inside || (line.trim().is_empty() && !open) {
            continue;
        }
        match commands.last_mut() {
            Some(last) if open => {
                last.push('\n');
                last.push_str(line);
            }
            _ => commands.push(line.to_owned()),
        }
        let last = commands.last().expect("just pushed");
        open = last.ends_with('\\') || last.matches('\'').count() % 2 == 1;
    }
    commands
}

#[test]
fn every_command_works() {
    let commands = commands();
    assert!(commands.len() >= 8, "the README's commands were not found: {commands:?}");
    let folder = TempDir::new().unwrap();
    let server = Server::start(folder.path(), &["--demo"]);
    let own = TempDir::new().unwrap();
    let (mut curls, mut ours) = (0, 0);
    for command in &commands {
        let bare = command.split("  #").next().unwrap_or(command).trim();
        if let Some(arguments) = bare.strip_prefix("cargo run --release -- ") {
            ours += 1;
            if arguments.starts_with("serve") {
                // It runs until it is stopped; that it starts and answers is another test's. Here: its flags are known.
                let help = Command::new(binary()).args(["serve", "--help"]).output().unwrap();
                let help = String::from_utf8_lossy(&help.stdout).into_owned();
                for flag in arguments.split_whitespace().filter(|word| word.starts_with("--")) {
                    assert!(help.contains(flag), "{command}: {flag} is not a flag");
                }
                continue;
            }
            shell(&format!("{} {arguments}", binary().display()), own.path(), &server, command);
        } else if bare.starts_with("cargo test")
            || bare.starts_with("export TOKEN=")
            || bare.starts_with("git clone")
            || bare.starts_with("cd ")
        {
            continue;
        } else if bare.starts_with("curl ") {
            curls += 1;
            // Quotes are the reader's shell's; a failure of the server is ours.
            let answer = shell(&bare.replacen("curl ", "curl --fail-with-body ", 1), own.path(), &server, command);
            if let Ok(json) = serde_json::from_str::<Json>(&answer) {
                assert!(json.get("errors").is_none(), "{command}: {answer}");
            }
        } else if SEPARATE.iter().any(|known| bare.starts_with(known)) {
            continue;
        } else {
            panic!("this test does not know how to run {command:?}");
        }
    }
    assert!(curls >= 3 && ours >= 2, "{commands:?}");
}

/// Commands that need a machine of their own: the speed rig, the release build, the whole of CI.
const SEPARATE: &[&str] = &[".ci/run", "tests/load/", "\"$RIG\"", "$RIG/", "cargo build --release"];

fn shell(line: &str, folder: &std::path::Path, server: &Server, command: &str) -> String {
    let line = line.replace("http://127.0.0.1:8080", server.text("/url").trim_end_matches('/'));
    let run = Command::new("sh").args(["-euc", &line]).current_dir(folder).env("TOKEN", server.text("/tokens/admin")).output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&run.stdout).into_owned(), String::from_utf8_lossy(&run.stderr).into_owned());
    assert!(run.status.success(), "{command}\n{line}\n{out}\n{err}");
    out
}
