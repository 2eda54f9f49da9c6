//! Going through an archive from its head to its end, whatever is done with what is in it.

use super::{Contents, FORMAT, hex, tables};
use async_trait::async_trait;
use clientela_kernel::{Error, ErrorCode, Result};
use clientela_store::archive::ArchiveTable;
use serde_json::{Value as Json, json};
use sha2::{Digest as _, Sha256};
use std::io::BufRead;
use std::path::Path;

/// Rows that are handed on together.
const TOGETHER: usize = 2_000;

/// What is done with the rows of an archive.
#[async_trait]
pub(super) trait Visitor: Send {
    /// The rows that follow are of this table.
    fn table(&mut self, table: &ArchiveTable);

    /// Rows of the table.
    async fn rows(&mut self, rows: Vec<Vec<Json>>) -> Result<()>;
}

/// What an archive says of itself.
#[derive(Clone, Debug, Default)]
pub(super) struct Head {
    /// The version of the program that wrote it.
    pub version: String,
    /// The moment it is of.
    pub at: String,
}

/// What is wrong with an archive.
pub(super) fn damaged(path: &Path, why: impl AsRef<str>) -> Error {
    Error::new(ErrorCode::ValidationFailed, format!("{} cannot be restored: {}", path.display(), why.as_ref()))
}

/// Shows every row to a visitor. `migrations` are those of the database that could take the archive.
///
/// # Errors
/// `VALIDATION_FAILED` where the file is no whole archive, or one of another version; what the visitor answers.
pub(super) async fn walk(
    input: &mut (dyn BufRead + Send),
    path: &Path,
    migrations: &[String],
    visitor: &mut dyn Visitor,
) -> Result<(Head, Contents)> {
    let damaged = |why: String| damaged(path, why);
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
    let head = check_head(&head, migrations).map_err(damaged)?;
    let mut contents = Contents::default();
    let mut pending = Vec::with_capacity(TOGETHER);
    loop {
        let Some(json) = next(&mut digest, &mut line)? else { return Err(damaged("its end is missing; it was cut off.".to_owned())) };
        match json {
            Json::Array(row) => {
                contents.count();
                pending.push(row);
                if pending.len() == TOGETHER {
                    visitor.rows(std::mem::take(&mut pending)).await?;
                }
            }
            json if json.get("end").is_some() => {
                if !pending.is_empty() {
                    visitor.rows(pending).await?;
                }
                let whole = number(&json, "end") == Some(contents.total()) && text(&json, "sha256") == Some(&hex(&digest.finalize()));
                if !whole {
                    return Err(damaged("its digest does not agree; it is damaged.".to_owned()));
                }
                return Ok((head, contents.close()));
            }
            json => {
                if !pending.is_empty() {
                    visitor.rows(std::mem::take(&mut pending)).await?;
                }
                let name = text(&json, "table").unwrap_or_default();
                let table = tables.iter().find(|table| table.name == name && same_columns(table, json.get("columns")));
                let table = table.ok_or_else(|| damaged(format!("it has a table {name:?} that this version does not know so.")))?;
                contents.rows.push((name.to_owned(), 0));
                visitor.table(table);
            }
        }
    }
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

fn check_head(head: &Json, migrations: &[String]) -> std::result::Result<Head, String> {
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
    Ok(Head { version: version.to_owned(), at: text(head, "at").unwrap_or_default().to_owned() })
}
