//! Definitions, migrated schema and committed snapshot are the same on both databases.

use crate::{definitions, facts, postgres, sqlite};
use clientela_model::FieldType;
use std::path::Path;

/// Compares with the committed snapshot; `CLIENTELA_BLESS=1` writes it anew.
#[expect(clippy::disallowed_methods, reason = "a test is asked to write its snapshot by the environment")]
fn assert_snapshot(file: &str, found: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    if std::env::var("CLIENTELA_BLESS").is_ok_and(|value| value == "1") {
        std::fs::write(&path, found).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    let differing = committed.lines().zip(found.lines()).find(|(committed, found)| committed != found);
    assert!(
        committed == found,
        "{file} is not the migrated schema; first difference: {differing:?}. If the change is meant, run CLIENTELA_BLESS=1 cargo nextest run -p clientela-migrations"
    );
}

#[tokio::test]
async fn sqlite_is_what_the_definitions_say() {
    let folder = tempfile::tempdir().unwrap();
    let connection = sqlite::migrated(&folder).await;
    let facts = sqlite::facts(&connection).await;
    let differences = facts::differences(&definitions::with_an_object(), &facts, sqlite::column_type, "TEXT");
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    assert_snapshot("schema.sqlite.sql", &sqlite::snapshot(&connection).await);
}

#[tokio::test]
async fn postgres_is_what_the_definitions_say() {
    let Some((_, connection)) = postgres::empty().await else { return };
    clientela_migrations::migrate(&connection).await.unwrap();
    let facts = postgres::facts(&connection).await;
    let differences = facts::differences(&definitions::with_an_object(), &facts, postgres::column_type, postgres::TEXT);
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    assert_snapshot("schema.postgres.sql", &postgres::snapshot(&connection).await);
}

#[tokio::test]
async fn the_comparison_sees_differences() {
    let folder = tempfile::tempdir().unwrap();
    let connection = sqlite::migrated(&folder).await;
    let mut facts = sqlite::facts(&connection).await;
    facts.tables.remove("party");
    let contact = facts.tables.get_mut("contact").unwrap();
    contact.columns.remove("email_folded");
    contact.columns.get_mut("name").unwrap().required = false;
    contact.references.retain(|(column, _)| column != "account_id");
    contact.indexes.retain(|index| index.get(1).is_none_or(|column| column != "owner_id"));
    facts.tables.get_mut("app_user").unwrap().unique.clear();
    let differences = facts::differences(&definitions::with_an_object(), &facts, sqlite::column_type, "TEXT");
    assert_eq!(differences.len(), 6, "{}", differences.join("\n"));
    assert_eq!(sqlite::column_type(&FieldType::Date), "TEXT");
}
