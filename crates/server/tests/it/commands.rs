//! The other commands.

use crate::support::{clientela, json, run};
use clientela_store::{Store, StoreSettings};
use sea_orm::ConnectionTrait as _;
use serde_json::json;

#[test]
fn migrate_lists_applies_and_lists_again() {
    let folder = tempfile::tempdir().unwrap();
    let before = json(&run(folder.path(), &["migrate", "--status", "--json"]));
    assert_eq!(before["applied"], json!([]));
    let done = json(&run(folder.path(), &["migrate", "--json"]));
    assert_eq!(done["new"], before["pending"]);
    let after = json(&run(folder.path(), &["migrate", "--status", "--json"]));
    assert_eq!((&after["applied"], &after["pending"]), (&before["pending"], &json!([])));
    assert_eq!(json(&run(folder.path(), &["migrate", "--json"]))["new"], json!([]));
}

#[test]
fn schemas_need_no_database() {
    let folder = tempfile::tempdir().unwrap();
    let sdl = String::from_utf8(run(folder.path(), &["schema", "graphql"]).stdout).unwrap();
    assert!(sdl.contains("type Account "), "{sdl}");
    let openapi = json(&run(folder.path(), &["schema", "openapi", "--json"]));
    assert!(openapi["openapi"].as_str().unwrap().starts_with("3.1"));
    let asyncapi = json(&run(folder.path(), &["schema", "asyncapi", "--json"]));
    assert_eq!(asyncapi["asyncapi"], "3.0.0");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn token_without_a_user_says_how_to_make_one() {
    let folder = tempfile::tempdir().unwrap();
    let refused = run(folder.path(), &["token", "--json"]);
    assert_eq!(refused.status.code(), Some(1));
    let error = json(&refused);
    assert_eq!(error["error"]["code"], "NOT_FOUND");
    assert!(error["error"]["message"].as_str().unwrap().contains("clientela tenant create"));
}

#[test]
fn address_that_cannot_be_used_makes_no_tenant() {
    let folder = tempfile::tempdir().unwrap();
    let refused = run(folder.path(), &["tenant", "create", "--name", "Mine", "--email", "me", "--json"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(json(&refused)["error"]["message"].as_str().unwrap().contains("email"));
    assert_eq!(run(folder.path(), &["token"]).status.code(), Some(1));
}

#[test]
fn settings_come_from_file_environment_and_flags() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("clientela.toml"), "data = \"from_file\"\n").unwrap();
    let exists = |name: &str| folder.path().join(name).join("clientela.db").exists();
    assert!(run(folder.path(), &["migrate"]).status.success());
    assert!(exists("from_file"));
    assert!(clientela(folder.path(), &["migrate"]).env("CLIENTELA_DATA", "from_environment").status().unwrap().success());
    assert!(exists("from_environment") && !exists("from_flag"));
    let both = clientela(folder.path(), &["migrate", "--data", "from_flag"]).env("CLIENTELA_DATA", "other").status().unwrap();
    assert!(both.success() && exists("from_flag") && !exists("other"));
    std::fs::write(folder.path().join("clientela.toml"), "dat = \"x\"\n").unwrap();
    let refused = run(folder.path(), &["migrate", "--json"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(json(&refused)["error"]["message"].as_str().unwrap().contains("Did you mean data?"));
}

#[cfg(unix)]
#[test]
fn secrets_are_readable_by_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    run(folder.path(), &["tenant", "create", "--name", "Mine", "--email", "me@example.com"]);
    let mode = |path: &str| std::fs::metadata(folder.path().join(path)).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode("clientela_data"), 0o700);
    assert_eq!(mode("clientela_data/signing-keys.json"), 0o600);
}

#[tokio::test]
async fn database_of_a_newer_version_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    assert!(run(folder.path(), &["migrate"]).status.success());
    let url = format!("sqlite:{}", folder.path().join("clientela_data/clientela.db").display());
    let store = Store::open(&StoreSettings::new(url)).await.unwrap();
    let connection = store.migration_connection().await.unwrap();
    connection.execute_unprepared("INSERT INTO seaql_migrations (version, applied_at) VALUES ('m9999_future', 0)").await.unwrap();
    connection.close().await.unwrap();
    store.close().await;
    for command in [&["migrate", "--json"][..], &["serve", "--port", "0", "--json"], &["token", "--json"]] {
        let refused = run(folder.path(), command);
        assert_eq!(refused.status.code(), Some(1), "{command:?}");
        let message = json(&refused)["error"]["message"].as_str().unwrap().to_owned();
        assert!(message.contains("m9999_future") && message.contains("newer"), "{message}");
    }
}
