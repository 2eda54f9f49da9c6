//! The file that a backup is: lines of JSON, a head that says what made it, tables with their rows, and an end that tells
//! whether the file is whole.

mod check;
mod load;
mod walk;

pub(crate) use check::check;
pub(crate) use load::load;

use clientela_kernel::{Error, Result, TenantId};
use clientela_store::Store;
use clientela_store::archive::{ArchiveTable, ColumnKind, Piece};
use serde_json::{Map, Value as Json, json};
use sha2::{Digest as _, Sha256};
use std::io::Write;
use std::time::Duration;

/// The form of the file; a newer one is not read by an older program.
const FORMAT: u64 = 1;

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

    /// Rows of one table.
    pub(crate) fn of(&self, table: &str) -> u64 {
        self.rows.iter().find(|(name, _)| name == table).map_or(0, |(_, rows)| *rows)
    }

    /// What is said of it as JSON, with the time it took.
    pub(crate) fn json(&self, took: Duration) -> Map<String, Json> {
        let tables: Map<String, Json> = self.rows.iter().map(|(name, rows)| (name.clone(), (*rows).into())).collect();
        let milliseconds = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        Map::from_iter([
            ("rows".to_owned(), self.total().into()),
            ("tables".to_owned(), tables.into()),
            ("milliseconds".to_owned(), milliseconds.into()),
        ])
    }

    /// What is said of it in words.
    pub(crate) fn text(&self) -> String {
        format!("{} rows of {} tables", self.total(), self.rows.len())
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

/// Writes everything the database holds at this moment, or everything of one tenant.
pub(crate) async fn write(store: &Store, tenant: Option<TenantId>, at: &str, out: &mut (dyn Write + Send)) -> Result<Contents> {
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
    store.archive(&tables(), tenant, &mut each).await?;
    let digest = lines.digest.clone().finalize();
    let end = json!({"end": contents.total(), "sha256": hex(&digest)}).to_string();
    lines.write(&end)?;
    lines.out.flush().map_err(unwritable)?;
    Ok(contents.close())
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
