//! The rules of deny.toml, held against Cargo.lock in every test run: banned crates, refused versions, crates that may
//! be there once. Licences are cargo-deny's own business.

use crate::architecture::root;

fn read(name: &str) -> toml::Table {
    std::fs::read_to_string(root().join(name)).unwrap().parse().unwrap()
}

/// Name and version of every locked crate, with where it comes from; ours come from nowhere.
fn locked() -> Vec<(String, Vec<u64>, Option<String>)> {
    let lock = read("Cargo.lock");
    let packages = lock.get("package").and_then(toml::Value::as_array).unwrap();
    packages
        .iter()
        .map(|package| {
            let text = |key: &str| package.get(key).and_then(toml::Value::as_str).map(str::to_owned);
            (text("name").unwrap(), numbers(&text("version").unwrap()), text("source"))
        })
        .collect()
}

/// `1.2.3-rc.5+x` → `[1, 2, 3]`.
fn numbers(version: &str) -> Vec<u64> {
    let plain = version.split(['-', '+']).next().unwrap_or_default();
    let mut numbers: Vec<u64> = plain.split('.').map(|number| number.parse().unwrap()).collect();
    numbers.resize(3, 0);
    numbers
}

#[test]
fn banned_crates_and_versions_are_not_locked() {
    let deny = read("deny.toml");
    let rules = deny.get("bans").and_then(|bans| bans.get("deny")).and_then(toml::Value::as_array).unwrap();
    assert!(rules.len() >= 12, "the rules were not read");
    let locked = locked();
    let mut wrong = Vec::new();
    for rule in rules {
        let specification = rule.get("crate").and_then(toml::Value::as_str).unwrap();
        let (name, below) = match specification.split_once("@<") {
            Some((name, version)) => (name, Some(numbers(version))),
            None => (specification, None),
        };
        assert!(!name.contains(['@', '=', '<', '>']), "this check does not understand {specification}");
        let versions: Vec<&Vec<u64>> = locked.iter().filter(|(locked, ..)| locked == name).map(|(_, version, _)| version).collect();
        let once = rule.get("deny-multiple-versions").and_then(toml::Value::as_bool).unwrap_or(false);
        match below {
            Some(below) => {
                let old = versions.iter().filter(|version| ***version < below);
                wrong.extend(old.map(|version| format!("{name} {version:?} is refused: {specification}")));
            }
            None if once => {
                if versions.len() > 1 {
                    wrong.push(format!("{name} is there {} times", versions.len()));
                }
            }
            None => wrong.extend(versions.iter().map(|version| format!("{name} {version:?} is banned"))),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn everything_comes_from_the_registry() {
    for (name, _, source) in locked() {
        match source.as_deref() {
            None => assert!(name.starts_with("clientela-"), "{name} has no source"),
            Some(source) => assert_eq!(source, "registry+https://github.com/rust-lang/crates.io-index", "{name}"),
        }
    }
}
