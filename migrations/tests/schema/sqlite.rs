//! What a migrated SQLite database holds.

use crate::facts::{Column, Facts, Table};
use clientela_migrations::{Migrator, MigratorTrait as _, migrate};
use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbBackend, Statement};
use std::collections::BTreeSet;

/// A migrated database in a folder.
pub(crate) async fn migrated(folder: &tempfile::TempDir) -> DatabaseConnection {
    let connection = connect(folder).await;
    migrate(&connection).await.unwrap();
    connection
}

/// A connection to the database in a folder, which is made if it is not there.
#[expect(clippy::disallowed_methods, reason = "the test stands outside the store on purpose")]
pub(crate) async fn connect(folder: &tempfile::TempDir) -> DatabaseConnection {
    let url = format!("sqlite://{}?mode=rwc", folder.path().join("test.db").display());
    Database::connect(ConnectOptions::new(url)).await.unwrap()
}

async fn rows(connection: &DatabaseConnection, sql: String) -> Vec<sea_orm::QueryResult> {
    connection.query_all_raw(Statement::from_string(DbBackend::Sqlite, sql)).await.unwrap()
}

fn text(row: &sea_orm::QueryResult, column: &str) -> String {
    row.try_get::<Option<String>>("", column).unwrap().unwrap_or_default()
}

/// The statements that made the schema.
pub(crate) async fn snapshot(connection: &DatabaseConnection) -> String {
    let sql = "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND tbl_name NOT LIKE 'sqlite_%' AND tbl_name <> 'seaql_migrations' \
               ORDER BY tbl_name, type DESC, name";
    rows(connection, sql.to_owned()).await.iter().map(|row| format!("{};\n\n", text(row, "sql"))).collect()
}

/// Tables, columns, keys and indexes.
pub(crate) async fn facts(connection: &DatabaseConnection) -> Facts {
    let mut facts = Facts::default();
    let tables = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' \
                  AND name NOT LIKE 'search_document_%' AND name <> 'seaql_migrations'";
    for table in rows(connection, tables.to_owned()).await {
        let name = text(&table, "name");
        let mut found = Table::default();
        for row in rows(connection, format!("SELECT * FROM pragma_table_info('{name}')")).await {
            let required = row.try_get::<i64>("", "notnull").unwrap() == 1;
            found.columns.insert(text(&row, "name"), Column { kind: text(&row, "type"), required });
        }
        for row in rows(connection, format!("SELECT * FROM pragma_foreign_key_list('{name}') WHERE \"from\" <> 'tenant_id'")).await {
            found.references.insert((text(&row, "from"), text(&row, "table")));
        }
        for row in rows(connection, format!("SELECT * FROM pragma_index_list('{name}')")).await {
            let index = text(&row, "name");
            let columns = rows(connection, format!("SELECT name FROM pragma_index_info('{index}') ORDER BY seqno")).await;
            let columns: Vec<String> = columns.iter().map(|row| text(row, "name")).collect();
            let sql = rows(connection, format!("SELECT sql FROM sqlite_schema WHERE name = '{index}'")).await;
            let living = sql.iter().any(|row| text(row, "sql").ends_with("WHERE deleted_at IS NULL"));
            if text(&row, "origin") == "pk" {
                found.primary_key = columns;
            } else if row.try_get::<i64>("", "unique").unwrap() == 1 {
                found.unique.insert(index, (columns, living));
            } else {
                found.indexes.push(columns);
            }
        }
        facts.tables.insert(name, found);
    }
    facts
}

/// The type of each kind of field.
pub(crate) fn column_type(kind: &clientela_model::FieldType) -> &'static str {
    use clientela_model::FieldType::*;
    match kind {
        Id | Reference(_) | AnyReference(_) => "BLOB",
        Text { .. } | Choice(_) | TextSet { .. } | Date => "TEXT",
        Boolean | Integer { .. } | Decimal { .. } | Instant | Duration | Money => "INTEGER",
    }
}

#[tokio::test]
async fn migrating_again_and_at_once_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (one, other) = (connect(&folder).await, connect(&folder).await);
    assert_eq!(clientela_migrations::pending(&one).await.unwrap().len(), Migrator::migrations().len());
    assert!(facts(&one).await.tables.is_empty(), "asking what is pending writes nothing");
    let (first, second) = tokio::join!(migrate(&one), migrate(&other));
    let (first, second) = (first.unwrap(), second.unwrap());
    assert_eq!(first.len() + second.len(), Migrator::migrations().len(), "{first:?} {second:?}");
    assert!(first.is_empty() || second.is_empty());
    assert!(migrate(&one).await.unwrap().is_empty());
    let names: BTreeSet<String> = facts(&one).await.tables.into_keys().collect();
    assert!(names.contains("contact") && names.contains("change_log"));
}
