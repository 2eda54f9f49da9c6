//! The command: exit codes, the report, and the sudden death of the process in the middle.

use crate::process::binary;
use clientela_testkit::postgres::Cluster;
use serde_json::{Value as Json, json};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

const MAPPING: &str = r#"
[[record]]
resource = "account"
key = { system = "erp", column = "id" }
[record.fields]
name = "name"
employees = "employees"
"#;

/// The binary on a data directory, and on a database of its own where one is given.
fn clientela(data: &Path, url: Option<&str>, arguments: &[&str]) -> Command {
    let mut command = Command::new(binary());
    command.args(arguments).arg("--data").arg(data).args(url.iter().flat_map(|url| ["--database-url", url]));
    command.env_remove("CLIENTELA_DATABASE_URL").current_dir(data).stdin(Stdio::null());
    command
}

fn run(data: &Path, url: Option<&str>, arguments: &[&str]) -> Output {
    clientela(data, url, arguments).output().expect("the binary runs")
}

fn json_of(output: &Output) -> Json {
    let text = String::from_utf8_lossy(&output.stdout);
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text} {}", String::from_utf8_lossy(&output.stderr)))
}

fn prepare(data: &Path, url: Option<&str>) {
    let made = run(data, url, &["tenant", "create", "--name", "Import", "--email", "import@example.com"]);
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    std::fs::write(data.join("map.toml"), MAPPING).expect("the mapping can be written");
}

#[test]
fn the_exit_code_tells_how_it_went() {
    let folder = TempDir::new().expect("a folder");
    let data = folder.path();
    prepare(data, None);
    std::fs::write(data.join("good.csv"), "id,name,employees\n1,One,1\n").expect("written");
    std::fs::write(data.join("bad.csv"), "id;name;employees\n1;One;1\n2;Two;many\n").expect("written");
    let import = |arguments: &[&str]| run(data, None, &[&["import"], arguments].concat());
    let good = import(&["good.csv", "--mapping", "map.toml", "--json"]);
    assert_eq!((good.status.code(), &json_of(&good)["records"]["account"]["created"]), (Some(0), &json!(1)));
    let bad = import(&["bad.csv", "--mapping", "map.toml", "--json", "--report", "report.ndjson"]);
    assert_eq!(bad.status.code(), Some(2));
    assert_eq!(json_of(&bad)["records"]["account"], json!({"created": 0, "updated": 0, "unchanged": 1, "rejected": 1}));
    assert!(bad.stderr.is_empty(), "{}", String::from_utf8_lossy(&bad.stderr));
    let report = std::fs::read_to_string(data.join("report.ndjson")).expect("the report is there");
    let problem: Json = serde_json::from_str(report.trim()).expect("one line");
    assert_eq!(problem["row"], json!(2));
    assert_eq!((&problem["line"], &problem["column"], &problem["field"]), (&json!(3), &json!("employees"), &json!("employees")));
    assert_eq!((&problem["code"], &problem["value"]), (&json!("WRONG_TYPE"), &json!("many")));
    let atomic = import(&["bad.csv", "--mapping", "map.toml", "--atomic"]);
    assert_eq!(atomic.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&atomic.stdout).contains("Nothing was written"));
    for wrong in [
        &["none.csv", "--mapping", "map.toml"][..],
        &["good.csv", "--mapping", "none.toml"],
        &["good.csv", "--mapping", "good.csv"],
        &["good.csv", "--mapping", "map.toml", "--tenant", "ten_01h455vb4pex5vsknk084sn02q"],
        &["good.csv", "--maping", "map.toml"],
        &["good.csv", "--mapping", "map.toml", "--connections", "0"],
    ] {
        let refused = import(wrong);
        assert_eq!(refused.status.code(), Some(1), "{wrong:?}");
        assert!(!refused.stderr.is_empty() && refused.stdout.is_empty(), "{wrong:?}");
    }
}

/// What was reported as done is there, and a second run completes it.
#[test]
fn an_import_survives_a_kill() {
    survive(None);
    match Cluster::shared() {
        Ok(cluster) => survive(Some(&cluster.fresh_database())),
        Err(skipped) => note(&skipped.to_string()),
    }
}

#[expect(clippy::print_stderr, reason = "a test that passes over a database says so")]
fn note(text: &str) {
    eprintln!("{text}");
}

const ROWS: u64 = 8_000;

fn survive(url: Option<&str>) {
    let folder = TempDir::new().expect("a folder");
    let data = folder.path();
    prepare(data, url);
    let mut file = std::fs::File::create(data.join("many.csv")).expect("a file");
    writeln!(file, "id,name,employees").expect("written");
    for number in 0..ROWS {
        writeln!(file, "{number},Account {number},{}", number % 1_000).expect("written");
    }
    drop(file);
    let arguments = ["import", "many.csv", "--mapping", "map.toml", "--json"];
    let mut command = clientela(data, url, &[&arguments[..], &["--progress"]].concat());
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("the import starts");
    let mut reported = 0;
    let lines = BufReader::new(child.stderr.take().expect("piped")).lines();
    for line in lines.map_while(Result::ok) {
        // "1024 rows read, 960 records done (960 created), …"
        let done = line.split(", ").nth(1).and_then(|part| part.split(' ').next()?.parse::<u64>().ok());
        reported = done.unwrap_or(reported);
        if reported > 100 {
            break;
        }
    }
    child.kill().expect("it runs");
    assert!(!child.wait().expect("it ends").success(), "it had ended before it could be killed");
    assert!(reported > 100 && reported < ROWS, "{reported}");
    let second = json_of(&run(data, url, &arguments));
    let [created, unchanged] = ["created", "unchanged"].map(|name| second["records"]["account"][name].as_u64().expect("a number"));
    assert!(unchanged >= reported, "{reported} were reported as done, and {unchanged} were there");
    assert_eq!((created + unchanged, &second["problems"]), (ROWS, &json!(0)));
    assert!(created > 0, "the kill came too late to show anything");
    let third = run(data, url, &arguments);
    assert_eq!((third.status.code(), &json_of(&third)["total"]["unchanged"]), (Some(0), &json!(ROWS)));
    let healthy = json_of(&run(data, url, &["doctor", "--json"]));
    assert_eq!(healthy["healthy"], json!(true), "{healthy:#}");
}
