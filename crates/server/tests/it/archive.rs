//! Backup and restore: everything comes back, on the other database too, and a damaged file leaves nothing behind.

use crate::postgres::Cluster;
use crate::support::{Server, json, run};
use serde_json::{Value as Json, json};
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

#[test]
fn what_is_no_whole_backup_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    done(at, &["seed", "--data", "one"]);
    done(at, &["backup", "whole", "--data", "one"]);
    let whole = std::fs::read_to_string(at.join("whole")).unwrap();
    let half = &whole[..whole.len() / 2];
    let without_end = whole.trim_end().rsplit_once('\n').unwrap().0;
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
    }
    // Nothing was left behind: the whole one goes in. A second time it does not.
    done(at, &["restore", "whole", "--data", "two"]);
    let output = run(at, &["restore", "whole", "--data", "two"]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("not empty"));
    assert!(String::from_utf8_lossy(&run(at, &["restore", "nowhere", "--data", "three"]).stderr).contains("nowhere"));
}
