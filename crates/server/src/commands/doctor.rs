//! `clientela doctor`: looks, and changes nothing.

use super::{Failure, print, store_settings};
use crate::assemble;
use crate::config::Config;
use crate::tenants;
use clientela_access::{SigningKeys, signing};
use clientela_kernel::{Clock as _, Error, ErrorCode, SystemClock, Timestamp};
use clientela_store::{DatabaseFacts, Dialect, Store, StoreSettings};
use serde_json::{Value as Json, json};
use std::path::{Path, PathBuf};

/// Free space on the disk, in MiB, under which one is warned, and under which it is too late.
const SPACE: (u64, u64) = (1_024, 64);
/// How far the database's clock may be off, in milliseconds.
const SKEW: i64 = 5_000;
/// 2026-01-01: before it this program did not exist.
const EARLIEST: Timestamp = Timestamp(1_767_225_600_000);
/// The oldest PostgreSQL that is tested.
const OLDEST_POSTGRES: u32 = 15;

/// How a check came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum State {
    Ok,
    Warn,
    Fail,
}

/// A check.
struct Check {
    name: &'static str,
    state: State,
    found: String,
    advice: Option<String>,
}

impl Check {
    fn ok(name: &'static str, found: impl Into<String>) -> Check {
        Check { name, state: State::Ok, found: found.into(), advice: None }
    }

    fn warn(name: &'static str, found: impl Into<String>, advice: impl Into<String>) -> Check {
        Check { name, state: State::Warn, found: found.into(), advice: Some(advice.into()) }
    }

    fn fail(name: &'static str, found: impl Into<String>, advice: impl Into<String>) -> Check {
        Check { name, state: State::Fail, found: found.into(), advice: Some(advice.into()) }
    }

    fn word(&self) -> &'static str {
        match self.state {
            State::Ok => "ok",
            State::Warn => "warn",
            State::Fail => "fail",
        }
    }
}

/// Checks everything. Answers the exit code: 1 where something is wrong.
pub async fn run(config: Result<Config, Failure>, quick: bool, as_json: bool) -> Result<u8, Failure> {
    let mut checks = vec![Check::ok("program", format!("clientela {}", env!("CARGO_PKG_VERSION")))];
    match config {
        Err(failure) => {
            checks.push(Check::fail("configuration", failure.text(), "Correct the setting; clientela serve --help lists them."))
        }
        Ok(config) => {
            checks.push(Check::ok("configuration", "every setting can be used"));
            checks.extend(on_disk(&config));
            let settings = store_settings(&config);
            match present(&settings) {
                Ok(()) => database(&settings, quick, &mut checks).await,
                Err(missing) => checks.push(missing),
            }
        }
    }
    let worst = checks.iter().map(|check| check.state).max().unwrap_or(State::Ok);
    let of_state = |state: State| checks.iter().filter(|check| check.state == state).count();
    let list: Vec<Json> = checks
        .iter()
        .map(|check| json!({"check": check.name, "state": check.word().to_uppercase(), "found": check.found, "advice": check.advice}))
        .collect();
    let answer =
        json!({"healthy": worst != State::Fail, "warnings": of_state(State::Warn), "failures": of_state(State::Fail), "checks": list});
    let mut lines: Vec<String> = Vec::new();
    for check in &checks {
        lines.push(format!("{:4}  {:16} {}", check.word(), check.name, check.found));
        lines.extend(check.advice.iter().map(|advice| format!("                       → {advice}")));
    }
    print(as_json, &answer, &lines.join("\n"))?;
    Ok(u8::from(worst == State::Fail))
}

/// The data directory, the keys in it and the room beside them.
fn on_disk(config: &Config) -> Vec<Check> {
    let data = &config.data;
    if !data.is_dir() {
        return vec![Check::warn(
            "data directory",
            format!("{} is not there yet", data.display()),
            "clientela serve makes it at its first start; name another with --data DIR.",
        )];
    }
    let mut checks = vec![private("data directory", data, 0o700)];
    let keys = data.join(signing::FILE_NAME);
    checks.push(if keys.is_file() {
        match SigningKeys::load_or_create(&keys, SystemClock.now()) {
            Ok(_) => private("signing keys", &keys, 0o600),
            Err(error) => Check::fail(
                "signing keys",
                error.internal_text().unwrap_or(error.detail()).to_owned(),
                format!("Restore {} from a backup. Without it new keys are made, and every token given out so far ends.", keys.display()),
            ),
        }
    } else {
        Check::warn("signing keys", "none yet", "The first start makes them. Back the file up: tokens are signed with it.")
    });
    checks.push(space(data));
    checks
}

#[cfg(unix)]
fn private(name: &'static str, path: &Path, mode: u32) -> Check {
    use std::os::unix::fs::PermissionsExt as _;
    let shown = path.display();
    match std::fs::metadata(path) {
        Ok(found) if found.permissions().mode() & 0o077 == 0 => Check::ok(name, format!("{shown}, for its owner alone")),
        Ok(found) => Check::warn(
            name,
            format!("{shown} can be read by others (mode {:o})", found.permissions().mode() & 0o777),
            format!("chmod {mode:o} {shown}"),
        ),
        Err(error) => Check::fail(name, format!("{shown} cannot be looked at: {error}"), "Give this user the right to read it."),
    }
}

#[cfg(not(unix))]
fn private(name: &'static str, path: &Path, _mode: u32) -> Check {
    Check::ok(name, path.display().to_string())
}

/// Free space, as `df` tells it.
fn space(folder: &Path) -> Check {
    let told = std::process::Command::new("df").arg("-Pk").arg(folder).output();
    let free = told.ok().and_then(|output| free_of(&String::from_utf8_lossy(&output.stdout)));
    match free {
        None => Check::warn("free disk", "could not be told", "Look with df whether the disk has room."),
        Some(free) if free < SPACE.1 => {
            Check::fail("free disk", format!("{free} MiB"), "Make room: when the disk is full every write is refused (STORAGE_FULL).")
        }
        Some(free) if free < SPACE.0 => Check::warn("free disk", format!("{free} MiB"), "Make room before it fills up."),
        Some(free) => Check::ok("free disk", format!("{free} MiB")),
    }
}

/// Free MiB in what `df -Pk` prints.
fn free_of(table: &str) -> Option<u64> {
    let free: u64 = table.lines().nth(1)?.split_whitespace().nth(3)?.parse().ok()?;
    Some(free / 1_024)
}

/// A SQLite file is made by opening it, so it is looked for first.
fn present(settings: &StoreSettings) -> Result<(), Check> {
    let dialect = settings
        .dialect()
        .map_err(|error| Check::fail("database", error.internal_text().unwrap_or(error.detail()).to_owned(), "Correct database_url."))?;
    let file = settings.url.strip_prefix("sqlite:").map(|path| PathBuf::from(path.strip_prefix("//").unwrap_or(path)));
    match (dialect, file) {
        (Dialect::Sqlite, Some(file)) if !file.exists() => Err(Check::warn(
            "database",
            format!("{} is not there yet", file.display()),
            "Make it with clientela migrate or clientela serve; name another with --data or --database-url.",
        )),
        _ => Ok(()),
    }
}

async fn database(settings: &StoreSettings, quick: bool, checks: &mut Vec<Check>) {
    let reach = "Look whether the server runs and whether --database-url has the right host, user and password.";
    let store = match Store::open(settings).await {
        Ok(store) => store,
        Err(error) => return checks.push(failed("database", &error, reach)),
    };
    match store.facts().await {
        Err(error) => checks.push(failed("database", &error, reach)),
        Ok(facts) => {
            checks.extend(server(&store, &facts));
            checks.push(clock(&facts));
            let up_to_date = migrations(&store).await;
            let whole = up_to_date.state == State::Ok;
            checks.push(up_to_date);
            if whole {
                records(&store, quick, checks).await;
            }
        }
    }
    store.close().await;
}

fn failed(name: &'static str, error: &Error, advice: &str) -> Check {
    Check::fail(name, error.internal_text().unwrap_or(error.detail()).to_owned(), advice)
}

/// Version and settings.
fn server(store: &Store, facts: &DatabaseFacts) -> Vec<Check> {
    let setting = |name: &str| facts.settings.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value.as_str());
    if store.dialect() == Dialect::Sqlite {
        let number = |name: &str| setting(name).parse::<u64>().unwrap_or(0);
        let size = number("page_count") * number("page_size") / (1 << 20);
        let unused = number("freelist_count") * number("page_size") / (1 << 20);
        let file = facts.file.as_ref().map_or_else(String::new, |file| file.display().to_string());
        let mut checks = vec![Check::ok("database", format!("SQLite {}, {file}, {size} MiB of which {unused} unused", facts.version))];
        // Each connection sets it for itself.
        checks.push(match setting("journal_mode") {
            "wal" => Check::ok("durability", "write-ahead log; this program writes with synchronous=FULL"),
            other => Check::warn("durability", format!("journal_mode is {other}"), "clientela serve sets it to WAL at its next start."),
        });
        return checks;
    }
    let major = facts.version.split(['.', ' ']).next().and_then(|major| major.parse::<u32>().ok()).unwrap_or(0);
    let named = format!("PostgreSQL {}", facts.version);
    let mut checks = vec![if major < OLDEST_POSTGRES {
        Check::warn("database", named, format!("Versions before {OLDEST_POSTGRES} are not tested; upgrade the server."))
    } else {
        Check::ok("database", named)
    }];
    if setting("transaction_read_only") == "on" {
        checks.push(Check::fail("database role", "it is read-only, a standby perhaps", "Name the primary in --database-url."));
    }
    if setting("server_encoding") != "UTF8" {
        let found = format!("the database is {}", setting("server_encoding"));
        checks.push(Check::fail("encoding", found, "Make the database with ENCODING 'UTF8'."));
    }
    for (name, wanted, risk) in [
        ("fsync", "on", "a power cut can destroy the database"),
        ("full_page_writes", "on", "a power cut can destroy the database"),
        ("synchronous_commit", "on", "a power cut can lose writes that were acknowledged"),
    ] {
        let found = setting(name);
        checks.push(if found == wanted || (name == "synchronous_commit" && found.starts_with("remote")) {
            Check::ok("durability", format!("{name} is {found}"))
        } else {
            Check::warn("durability", format!("{name} is {found}: {risk}"), format!("ALTER SYSTEM SET {name} = '{wanted}'"))
        });
    }
    checks
}

fn clock(facts: &DatabaseFacts) -> Check {
    let now = SystemClock.now();
    if now < EARLIEST {
        return Check::fail("clock", format!("this machine thinks it is {}", now.to_text()), "Set the clock; records are dated by it.");
    }
    match facts.now {
        Some(theirs) if (theirs.0 - now.0).abs() > SKEW => Check::warn(
            "clock",
            format!("this machine and the database differ by {} ms", (theirs.0 - now.0).abs()),
            "Let both follow a time server.",
        ),
        _ => Check::ok("clock", now.to_text()),
    }
}

async fn migrations(store: &Store) -> Check {
    match assemble::schema(store).await {
        Err(error) => failed("migrations", &error, "Use the version of clientela that this database belongs to, or a newer one."),
        Ok(schema) if schema.pending.is_empty() => Check::ok("migrations", format!("all {} are applied", schema.applied.len())),
        Ok(schema) => Check::warn(
            "migrations",
            format!("not applied: {}", schema.pending.join(", ")),
            "Run clientela migrate (clientela serve does it at its start). Back up first.",
        ),
    }
}

async fn records(store: &Store, quick: bool, checks: &mut Vec<Check>) {
    let advice = "Try again; if it stays, read the database's own log.";
    checks.push(match tenants::list(store).await {
        Ok(found) if found.is_empty() => Check::warn("tenants", "none yet", "Make one: clientela tenant create --name NAME --email EMAIL"),
        Ok(found) => Check::ok("tenants", found.len().to_string()),
        Err(error) => failed("tenants", &error, advice),
    });
    if quick {
        return;
    }
    checks.push(match store.damage().await {
        Ok(found) if found.is_empty() => Check::ok("soundness", "nothing is wrong"),
        Ok(found) => {
            Check::fail("soundness", found.join("; "), "Stop writing, keep a copy of the files as they are, and restore a backup.")
        }
        Err(error) => failed("soundness", &error, advice),
    });
    let registry = match assemble::registry() {
        Ok(registry) => registry,
        Err(error) => return checks.push(failed("change log", &error, advice)),
    };
    let mut wrong = Vec::new();
    for def in registry.resources().iter().filter(|def| !def.mirror) {
        match store.disagreement(def).await {
            Ok(found) => {
                if found.unlogged > 0 {
                    wrong.push(format!("{} {} whose version the log does not know", found.unlogged, def.plural));
                }
                if found.lost > 0 {
                    wrong.push(format!("{} {} that the log knows and that are not there", found.lost, def.plural));
                }
            }
            Err(error) if error.code() == ErrorCode::DatabaseUnavailable => {
                let found = format!("{} could not be compared: {}", def.plural, error.internal_text().unwrap_or(error.detail()));
                let advice =
                    "The database was away, or has too many records to compare them within its limit of time; --quick leaves this out.";
                return checks.push(Check::warn("change log", found, advice));
            }
            Err(error) => return checks.push(failed("change log", &error, advice)),
        }
    }
    checks.push(if wrong.is_empty() {
        Check::ok("change log", "log and records agree")
    } else {
        let why = "Somebody has written to the tables past clientela, or a backup was restored in part. History and feed are not complete for these.";
        Check::fail("change log", wrong.join("; "), why)
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn free_space_is_read_from_the_table() {
        let table = "Filesystem 1024-blocks Used Available Capacity Mounted on\n/dev/vda1 1000000 1 2048000 1% /\n";
        assert_eq!(free_of(table), Some(2_000));
        assert_eq!(free_of("df: no such file"), None);
    }

    #[test]
    fn a_database_that_is_not_there_is_not_made() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("clientela.db");
        let check = present(&StoreSettings::new(format!("sqlite:{}", file.display()))).unwrap_err();
        assert!(check.state == State::Warn && !file.exists());
    }
}
