//! The file that a backup is: lines of JSON, a head that says what made it, tables with their rows, and an end that tells
//! whether the file is whole.

use clientela_kernel::{Error, ErrorCode, Id, Result, TenantId, Value};
use clientela_model::{Registry, ResourceDef};
use clientela_store::archive::{ArchiveTable, ColumnKind, Loading, Piece};
use clientela_store::{SearchText, Store};
use serde_json::{Value as Json, json};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::io::{BufRead, Write};
use std::path::Path;
use std::sync::Arc;
use uuid::Uuid;

/// The form of the file; a newer one is not read by an older program.
const FORMAT: u64 = 1;
/// Rows that go into the database together.
const TOGETHER: usize = 2_000;
/// Records whose words are written by one statement.
const DOCUMENTS: usize = 500;

/// Every table an archive holds. What only one database has (the transaction a change was made in, the keys of its nodes) is left out.
fn tables() -> Vec<ArchiveTable> {
    let kinds = |columns: Vec<(&str, &str)>| {
        columns.into_iter().filter_map(|(name, kind)| Some((name.to_owned(), ColumnKind::of(kind)?))).collect()
    };
    clientela_migrations::tables()
        .into_iter()
        // Each node shows its own keys; those of a backup's nodes would vouch for tokens that nobody may have any more.
        .filter(|(name, _)| *name != "published_key")
        .map(|(name, columns)| ArchiveTable { name: name.to_owned(), columns: kinds(columns) })
        .collect()
}

/// What an archive holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Contents {
    /// Rows by table; tables without rows are left out.
    pub rows: Vec<(String, u64)>,
}

impl Contents {
    /// Rows of all tables.
    pub(crate) fn total(&self) -> u64 {
        self.rows.iter().map(|(_, rows)| rows).sum()
    }

    fn count(&mut self) {
        if let Some((_, rows)) = self.rows.last_mut() {
            *rows += 1;
        }
    }

    fn close(mut self) -> Contents {
        self.rows.retain(|(_, rows)| *rows > 0);
        self
    }
}

/// Writes everything the database holds at this moment.
pub(crate) async fn write(store: &Store, at: &str, out: &mut (dyn Write + Send)) -> Result<Contents> {
    let mut lines = Lines { out, digest: Sha256::new() };
    let migrations = store.migrations().await?;
    let head = json!({"archive": "clientela", "format": FORMAT, "version": env!("CARGO_PKG_VERSION"), "migrations": migrations, "at": at});
    lines.write(&head.to_string())?;
    let mut contents = Contents::default();
    let mut each = |piece: Piece<'_>| match piece {
        Piece::Table(table) => {
            contents.rows.push((table.name.clone(), 0));
            let columns: Vec<&str> = table.columns.iter().map(|(name, _)| name.as_str()).collect();
            lines.write(&json!({"table": table.name, "columns": columns}).to_string())
        }
        Piece::Row(row) => {
            contents.count();
            lines.write(row)
        }
    };
    store.archive(&tables(), &mut each).await?;
    let digest = lines.digest.clone().finalize();
    let end = json!({"end": contents.total(), "sha256": hex(&digest)}).to_string();
    lines.write(&end)?;
    lines.out.flush().map_err(unwritable)?;
    Ok(contents.close())
}

/// Loads an archive into an empty database: all of it or nothing.
///
/// # Errors
/// `VALIDATION_FAILED` where the file is no whole archive, or one of another version, or the database is not empty.
pub(crate) async fn read(store: &Store, input: &mut (dyn BufRead + Send), path: &Path) -> Result<Contents> {
    let damaged = |why: String| Error::new(ErrorCode::ValidationFailed, format!("{} cannot be restored: {why}", path.display()));
    let tables = tables();
    let mut digest = Sha256::new();
    let mut line = String::new();
    let mut next = |digest: &mut Sha256, line: &mut String| -> Result<Option<Json>> {
        line.clear();
        let read = input.read_line(line).map_err(|error| damaged(format!("it cannot be read: {error}.")))?;
        if read == 0 {
            return Ok(None);
        }
        let json: Json =
            serde_json::from_str(line).map_err(|_| damaged("a line in it is no JSON; it is damaged or was cut off.".to_owned()))?;
        // The end vouches for what stands before it.
        if json.get("end").is_none() {
            digest.update(line.as_bytes());
        }
        Ok(Some(json))
    };
    let head = next(&mut digest, &mut line)?.unwrap_or_default();
    check_head(&head, &store.migrations().await?).map_err(damaged)?;
    let mut loading = Restoring { loading: store.load(&tables).await?, registry: crate::assemble::registry()?, table: None };
    let mut contents = Contents::default();
    let mut pending = Vec::with_capacity(TOGETHER);
    loop {
        let Some(json) = next(&mut digest, &mut line)? else { return Err(damaged("its end is missing; it was cut off.".to_owned())) };
        match json {
            Json::Array(row) => {
                contents.count();
                pending.push(row);
                if pending.len() == TOGETHER {
                    loading.flush(&mut pending).await?;
                }
            }
            json if json.get("end").is_some() => {
                loading.flush(&mut pending).await?;
                let whole = number(&json, "end") == Some(contents.total()) && text(&json, "sha256") == Some(&hex(&digest.finalize()));
                if !whole {
                    return Err(damaged("its digest does not agree; it is damaged.".to_owned()));
                }
                loading.loading.finish().await?;
                return Ok(contents.close());
            }
            json => {
                loading.flush(&mut pending).await?;
                let name = text(&json, "table").unwrap_or_default();
                let table = tables.iter().find(|table| table.name == name && same_columns(table, json.get("columns")));
                let table = table.ok_or_else(|| damaged(format!("it has a table {name:?} that this version does not know so.")))?;
                contents.rows.push((name.to_owned(), 0));
                loading.table(table);
            }
        }
    }
}

/// A database that is being restored, and the table whose rows are coming in.
struct Restoring {
    loading: Loading,
    registry: Arc<Registry>,
    table: Option<(ArchiveTable, Option<Arc<ResourceDef>>)>,
}

impl Restoring {
    fn table(&mut self, table: &ArchiveTable) {
        let def = self.registry.resources().iter().find(|def| def.table == table.name && def.is_searched());
        self.table = Some((table.clone(), def.cloned()));
        self.loading.table(table);
    }

    async fn flush(&mut self, pending: &mut Vec<Vec<Json>>) -> Result<()> {
        if pending.is_empty() {
            return Ok(());
        }
        let rows = std::mem::take(pending);
        // The search is no part of a backup, since each database has its own: it is built from the records.
        let mut found: BTreeMap<Uuid, Vec<(Arc<ResourceDef>, Id, SearchText)>> = BTreeMap::new();
        if let Some((table, Some(def))) = &self.table {
            for row in &rows {
                if let Some((tenant, id, text)) = document(table, def, row) {
                    found.entry(tenant).or_default().push((Arc::clone(def), id, text));
                }
            }
        }
        self.loading.rows(rows).await?;
        for (tenant, mut documents) in found {
            while !documents.is_empty() {
                let rest = documents.split_off(documents.len().min(DOCUMENTS));
                self.loading.documents(TenantId(tenant), std::mem::replace(&mut documents, rest)).await?;
            }
        }
        Ok(())
    }
}

/// What a living record is found by: its tenant, its id, its words.
fn document(table: &ArchiveTable, def: &ResourceDef, row: &[Json]) -> Option<(Uuid, Id, SearchText)> {
    let value = |column: &str| table.columns.iter().position(|(name, _)| name == column).and_then(|index| row.get(index));
    if !value("deleted_at")?.is_null() {
        return None;
    }
    let mut record = vec![Value::Null; def.fields.len()];
    for (index, field, _) in def.searched_fields() {
        let text = value(&field.column).and_then(Json::as_str);
        if let (Some(slot), Some(text)) = (record.get_mut(index), text) {
            *slot = Value::Text(text.to_owned());
        }
    }
    let uuid = |column: &str| value(column)?.as_str().and_then(|text| Uuid::try_parse(text).ok());
    Some((uuid("tenant_id")?, Id(uuid("id")?), SearchText::of(def, &record)?))
}

fn text<'j>(json: &'j Json, name: &str) -> Option<&'j str> {
    json.get(name).and_then(Json::as_str)
}

fn number(json: &Json, name: &str) -> Option<u64> {
    json.get(name).and_then(Json::as_u64)
}

fn same_columns(table: &ArchiveTable, columns: Option<&Json>) -> bool {
    let names = table.columns.iter().map(|(name, _)| Some(name.as_str()));
    columns.and_then(Json::as_array).is_some_and(|columns| names.eq(columns.iter().map(Json::as_str)))
}

fn check_head(head: &Json, migrations: &[String]) -> std::result::Result<(), String> {
    if text(head, "archive") != Some("clientela") {
        return Err("it is no backup made by clientela backup.".to_owned());
    }
    let version = text(head, "version").unwrap_or("?");
    if number(head, "format") != Some(FORMAT) || head.get("migrations") != Some(&json!(migrations)) {
        return Err(format!(
            "it was made by version {version}, whose tables are others than those of version {}. Restore it with that version, and let the newer one bring the database up to date.",
            env!("CARGO_PKG_VERSION")
        ));
    }
    Ok(())
}

/// Writes lines and takes their digest.
struct Lines<'a> {
    out: &'a mut (dyn Write + Send),
    digest: Sha256,
}

impl Lines<'_> {
    fn write(&mut self, line: &str) -> Result<()> {
        self.digest.update(line.as_bytes());
        self.digest.update(b"\n");
        self.out.write_all(line.as_bytes()).and_then(|()| self.out.write_all(b"\n")).map_err(unwritable)
    }
}

fn unwritable(error: std::io::Error) -> Error {
    Error::internal(format!("The archive cannot be written: {error}."))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
