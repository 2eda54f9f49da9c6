//! The house keeps its shape: which crate may depend on which, and how long a file may get.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Every crate with the crates of ours it may depend on; ARCHITECTURE.md says why. A new crate must be entered here.
const ARROWS: &[(&str, &[&str])] = &[
    ("kernel", &[]),
    ("macros", &[]),
    ("model", &["kernel"]),
    ("migrations", &[]),
    ("store", &["kernel", "model"]),
    ("access", &["kernel", "model"]),
    ("engine", &["kernel", "model", "store", "access"]),
    // Platform alone among the domains reads below the tenant: who owns this key, which tenants are there. What it does to many records is a job.
    ("platform", &["kernel", "model", "macros", "engine", "access", "store", "jobs"]),
    ("customers", DOMAIN),
    ("interactions", DOMAIN),
    ("sales", DOMAIN),
    // Leases and the pieces of files lie below the records, work that waits is looked for across tenants, and webhooks are sent.
    ("jobs", &["kernel", "model", "macros", "engine", "access", "store", "outgoing"]),
    ("gateway", &["kernel", "model", "access", "engine"]),
    // Knows nobody: whoever asks says whom.
    ("outgoing", &[]),
    (
        "server",
        &[
            "kernel",
            "model",
            "migrations",
            "store",
            "access",
            "engine",
            "platform",
            "customers",
            "interactions",
            "sales",
            "jobs",
            "gateway",
            "outgoing",
        ],
    ),
    (
        "testkit",
        &[
            "kernel",
            "model",
            "migrations",
            "store",
            "access",
            "engine",
            "platform",
            "customers",
            "interactions",
            "sales",
            "jobs",
            "gateway",
            "outgoing",
        ],
    ),
    ("tests", &["kernel", "model", "macros", "migrations", "store", "access", "engine", "jobs", "gateway", "server", "testkit"]),
];

/// Crates whose tests alone may look further.
const TESTS_ONLY: &[(&str, &[&str])] = &[
    ("migrations", &["model", "platform", "customers", "interactions", "sales", "jobs", "testkit"]),
    ("store", &["migrations", "testkit"]),
    ("gateway", &["store"]),
];

/// A domain knows the engine and what the engine stands on; never the database, never another domain.
const DOMAIN: &[&str] = &["kernel", "model", "macros", "engine", "access"];

/// Longest permitted source file, in lines.
const LONGEST: usize = 600;

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

/// Our crates by name without the prefix, with the folder of each.
fn crates() -> BTreeMap<String, PathBuf> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(root().join("crates")).unwrap() {
        let path = entry.unwrap().path();
        found.insert(path.file_name().unwrap().to_str().unwrap().to_owned(), path);
    }
    for name in ["migrations", "tests"] {
        found.insert(name.to_owned(), root().join(name));
    }
    found
}

fn dependencies(manifest: &toml::Table, tables: &[&str]) -> BTreeSet<String> {
    let names = tables.iter().filter_map(|table| manifest.get(*table)?.as_table()).flat_map(|table| table.keys());
    names.filter_map(|name| name.strip_prefix("clientela-")).map(str::to_owned).collect()
}

#[test]
fn crates_depend_along_the_arrows_only() {
    let mut wrong = Vec::new();
    let allowed: BTreeMap<&str, &[&str]> = ARROWS.iter().copied().collect();
    let found = crates();
    assert!(found.len() >= 14, "the crates were not found: {found:?}");
    for (name, folder) in &found {
        let manifest: toml::Table = std::fs::read_to_string(folder.join("Cargo.toml")).unwrap().parse().unwrap();
        let Some(allowed) = allowed.get(name.as_str()) else {
            wrong.push(format!("{name} is not in the table of arrows"));
            continue;
        };
        let further = TESTS_ONLY.iter().find(|(tested, _)| tested == name).map_or(&[][..], |(_, further)| further);
        let (own, tests) =
            (dependencies(&manifest, &["dependencies", "build-dependencies"]), dependencies(&manifest, &["dev-dependencies"]));
        for dependency in own.iter().chain(tests.iter().filter(|name| !further.contains(&name.as_str()))) {
            if !allowed.contains(&dependency.as_str()) {
                wrong.push(format!("{name} must not depend on {dependency}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn only_the_store_knows_the_drivers() {
    let mut wrong = Vec::new();
    for (name, folder) in crates() {
        let manifest: toml::Table = std::fs::read_to_string(folder.join("Cargo.toml")).unwrap().parse().unwrap();
        let own = manifest.get("dependencies").and_then(toml::Value::as_table).cloned().unwrap_or_default();
        let rules: [(&str, &[&str]); 4] =
            [("sqlx", &["store", "testkit"]), ("async-graphql", &["gateway"]), ("utoipa", &["gateway"]), ("jsonwebtoken", &["access"])];
        for (dependency, homes) in rules {
            if own.contains_key(dependency) && !homes.contains(&name.as_str()) {
                wrong.push(format!("{name} must not depend on {dependency}; it belongs to {homes:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_file_is_too_long() {
    let mut files = Vec::new();
    for folder in crates().values() {
        collect(folder, &mut files);
    }
    assert!(files.len() > 50, "the sources were not found");
    let mut wrong = Vec::new();
    for file in files {
        let lines = std::fs::read_to_string(&file).unwrap().lines().count();
        if lines > LONGEST {
            wrong.push(format!("{} has {lines} lines; split it by reason, {LONGEST} is the most", file.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("target") && !path.ends_with("node_modules") {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}
