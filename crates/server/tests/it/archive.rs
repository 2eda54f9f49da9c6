//! Backup and restore: everything comes back, on the other database too, and a damaged file leaves nothing behind.

use crate::postgres::Cluster;
use crate::support::{Server, json, run};
use serde_json::{Value as Json, json};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::path::Path;

/// The rows of an archive by table, sorted. What the log keeps, and the values of tenants' own fields, is JSON as text, which each database writes its own way.
fn rows(file: &Path) -> BTreeMap<String, Vec<String>> {
    let text = std::fs::read_to_string(file).unwrap();
    let mut tables: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut table = (String::new(), Vec::new());
    for line in text.lines().skip(1) {
        match serde_json::from_str(line).unwrap() {
            Json::Array(mut row) => {
                for (value, column) in row.iter_mut().zip(&table.1) {
                    if matches!(column, &"before" | &"after" | &"custom") {
                        *value = value.as_str().map_or(Json::Null, |text| serde_json::from_str(text).unwrap());
                    }
                }
                tables.entry(table.0.clone()).or_default().push(Json::Array(row).to_string());
            }
            other if other.get("table").is_some() => {
                let columns = other["columns"].as_array().unwrap().iter();
                table = (
                    other["table"].as_str().unwrap().to_owned(),
                    columns
                        .map(|name| match name.as_str().unwrap() {
                            "before" => "before",
                            "after" => "after",
                            "custom" => "custom",
                            _ => "",
                        })
                        .collect(),
                );
            }
            end => assert!(end.get("end").is_some()),
        }
    }
    for rows in tables.values_mut() {
        rows.sort_unstable();
    }
    tables
}

fn done(folder: &Path, arguments: &[&str]) -> Json {
    let output = run(folder, &[arguments, &["--json"]].concat());
    assert!(
        output.status.success(),
        "{arguments:?}: {}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    json(&output)
}

#[test]
fn everything_comes_back_on_either_database() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let server = Server::start(at, &["--demo", "--data", "one"]);
    let admin = server.token("admin").to_owned();
    // Text with everything that has a meaning somewhere on the way.
    let odd = "\\N \\t tab\tline\nquote\" apostrophe' {brace} \\ é 漢";
    let (status, body) = server.ask("POST", "/v1/accounts", Some(&admin), Some(&json!({"name": odd, "tags": ["a,b", "c\"d\\", "{}"]})));
    assert_eq!(status, 201, "{body}");
    let path = format!("/v1/accounts/{}", serde_json::from_str::<Json>(&body).unwrap()["id"].as_str().unwrap());
    // What a tenant has added is found again as well: its objects, and what its own fields say.
    let made = |path: &str, body: Json| {
        let (status, answer) = server.ask("POST", path, Some(&admin), Some(&body));
        assert_eq!(status, 201, "{answer}");
    };
    made("/v1/custom-objects", json!({ "name": "machine", "label": "Machine" }));
    made("/v1/custom-fields", json!({ "resource": "account", "name": "nickname", "label": "Nickname", "type": "TEXT", "searched": true }));
    made("/v1/custom/machines", json!({ "name": "Kaltpresse" }));
    made("/v1/accounts", json!({ "name": "Dairy", "custom": { "nickname": "Butterberg" } }));
    let finds = |server: &Server, admin: &str| {
        for (word, whose) in [("kaltpresse", "Kaltpresse"), ("butterberg", "Dairy")] {
            let (status, found) = server.ask("GET", &format!("/v1/search?q={word}"), Some(admin), None);
            assert_eq!((status, found.contains(whose)), (200, true), "{word}: {found}");
        }
    };
    finds(&server, &admin);
    // While the server runs, and writes of its own may come.
    let made = done(at, &["backup", "one.backup", "--data", "one"]);
    assert!(made["rows"].as_u64().unwrap() > 500, "{made}");
    let first = rows(&at.join("one.backup"));

    assert_eq!(done(at, &["restore", "one.backup", "--data", "two"])["rows"], made["rows"]);
    done(at, &["backup", "two.backup", "--data", "two"]);
    assert_eq!(rows(&at.join("two.backup")), first);
    // Its keys are others: they are no part of a backup.
    std::fs::copy(at.join("one/signing-keys.json"), at.join("two/signing-keys.json")).ok();
    finds(&Server::start(at, &["--data", "two"]), &admin);

    // The same keys sign for the moved database: its clients go on.
    let shown = server.ask("GET", &path, Some(&admin), None);
    drop(server);
    match Cluster::shared() {
        Ok(cluster) => {
            let url = cluster.fresh_database();
            let database = ["--database-url", &url, "--data", "one"];
            done(at, &[&["restore", "one.backup"], &database[..]].concat());
            done(at, &[&["backup", "three.backup"], &database[..]].concat());
            assert_eq!(rows(&at.join("three.backup")), first);
            let moved = Server::start(at, &database);
            assert_eq!(moved.ask("GET", &path, Some(&admin), None), shown, "clients notice nothing");
            finds(&moved, &admin);
            let (status, found) = moved.ask("GET", "/v1/search?q=brace", Some(&admin), None);
            assert_eq!((status, found.contains("apostrophe")), (200, true), "{found}");
            let (status, body) = moved.ask("PATCH", &path, Some(&admin), Some(&json!({"city": "Graz"})));
            assert_eq!(status, 200, "{body}");
            let back = done(at, &[&["backup", "four.backup"], &database[..]].concat());
            assert_eq!(back["tables"]["change_log"].as_u64(), made["tables"]["change_log"].as_u64().map(|rows| rows + 1));
            done(at, &["restore", "four.backup", "--data", "four"]);
        }
        Err(skipped) => eprintln!("{skipped}"),
    }
}

/// Everything moves with one command, and then one tenant of two moves on.
#[test]
fn a_database_moves_and_a_tenant_moves() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    done(at, &["seed", "--data", "one"]);
    let other = done(at, &["tenant", "create", "--name", "Other", "--email", "anna@other.example", "--data", "one"]);
    let other = other["tenant"].as_str().unwrap().to_owned();
    let whole = done(at, &["backup", "one.backup", "--data", "one"]);
    let verified = done(at, &["backup", "verify", "one.backup"]);
    assert_eq!(
        (&verified["whole"], &verified["rows"], &verified["tenants"]),
        (&Json::from(true), &whole["rows"], &Json::from(2)),
        "{verified}"
    );
    let cluster = Cluster::shared();
    let two = match &cluster {
        Ok(cluster) => cluster.fresh_database(),
        Err(skipped) => {
            eprintln!("{skipped}");
            "sqlite:two.db".to_owned()
        }
    };
    let moved = done(at, &["move", "--to", &two, "--data", "one"]);
    assert_eq!(moved["rows"], whole["rows"], "{moved}");
    done(at, &["backup", "two.backup", "--database-url", &two, "--data", "one"]);
    assert_eq!(rows(&at.join("two.backup")), rows(&at.join("one.backup")));
    let again = run(at, &["move", "--to", &two, "--data", "one"]);
    assert_eq!(again.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&again.stderr).contains("not empty"), "{}", String::from_utf8_lossy(&again.stderr));

    // One tenant leaves for a database that has another one.
    let three = "sqlite:three.db";
    done(at, &["tenant", "create", "--name", "Third", "--email", "anna@third.example", "--database-url", three, "--data", "three"]);
    let alone = ["move", "--from", &two, "--to", three, "--tenant", &other, "--data", "three"];
    let moved = done(at, &alone);
    assert_eq!((&moved["tables"]["tenant"], &moved["tables"]["app_user"]), (&Json::from(1), &Json::from(1)), "{moved}");
    let list = done(at, &["tenant", "list", "--database-url", three, "--data", "three"]).to_string();
    assert!(list.contains(&other) && list.contains("Third"), "{list}");
    assert!(String::from_utf8_lossy(&run(at, &alone).stderr).contains("already"), "it moves twice");
    let nobody = run(at, &["move", "--to", three, "--tenant", "ten_01h455vb4pex5vsknk084sn02q", "--data", "one"]);
    assert_eq!(nobody.status.code(), Some(2), "{}", String::from_utf8_lossy(&nobody.stderr));
    done(at, &["doctor", "--database-url", three, "--data", "three"]);
}

#[test]
fn what_is_no_whole_backup_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    done(at, &["seed", "--data", "one"]);
    done(at, &["backup", "whole", "--data", "one"]);
    let whole = std::fs::read_to_string(at.join("whole")).unwrap();
    let half = &whole[..whole.len() / 2];
    let without_end = whole.trim_end().rsplit_once('\n').unwrap().0;
    let verified = |text: &str| {
        std::fs::write(at.join("damaged"), text).unwrap();
        let output = run(at, &["backup", "verify", "damaged"]);
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    // Whoever damages it and counts and signs it anew is found out by what is in it.
    let signed = |text: &str| {
        let body: String = text.lines().take_while(|line| !line.starts_with("{\"end\"")).map(|line| format!("{line}\n")).collect();
        let rows = body.lines().filter(|line| line.starts_with('[')).count();
        let digest: String = Sha256::digest(body.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
        format!("{body}{}\n", serde_json::json!({ "end": rows, "sha256": digest }))
    };
    assert_eq!(verified(&signed(&whole)), (Some(0), String::new()));
    let account = whole.lines().skip_while(|line| !line.contains("\"table\":\"account\"")).nth(1).unwrap();
    for (damage, why) in [
        (whole.replacen(&format!("{account}\n"), "", 1), "that is not there"),
        (whole.replacen(account, &format!("{account}\n{account}"), 1), "have one id"),
        (whole.replacen(account, &account.replacen("\",1,", "\",\"one\",", 1), 1), "account.version"),
        (whole.replacen(account, &account.replacen('[', "[null,", 1), 1), "values instead of"),
    ] {
        let (code, text) = verified(&signed(&damage));
        assert!(code == Some(1) && text.contains(why), "{why}: {code:?} {text}");
    }
    for (damage, why) in [
        (half.to_owned(), "damaged"),
        (format!("{without_end}\n"), "cut off"),
        (whole.replacen("Graz", "Gras", 1), "damaged"),
        (whole.replacen("\"format\":1", "\"format\":2", 1), "made by version"),
        (whole.replacen("m0001_system", "m0000_other", 1), "made by version"),
        ("name,city\nGmbH,Graz\n".to_owned(), "no JSON"),
        ("{}\n".to_owned(), "no backup"),
        (String::new(), "no backup"),
    ] {
        assert_ne!(damage, whole);
        std::fs::write(at.join("damaged"), &damage).unwrap();
        let output = run(at, &["restore", "damaged", "--data", "two"]);
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{text}");
        assert!(text.contains(why), "{why}: {text}");
        let (code, text) = verified(&damage);
        assert!(code == Some(1) && text.contains(why), "{why}: {code:?} {text}");
    }
    // Nothing was left behind: the whole one goes in. A second time it does not.
    done(at, &["restore", "whole", "--data", "two"]);
    let output = run(at, &["restore", "whole", "--data", "two"]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("not empty"));
    assert!(String::from_utf8_lossy(&run(at, &["restore", "nowhere", "--data", "three"]).stderr).contains("nowhere"));
}
