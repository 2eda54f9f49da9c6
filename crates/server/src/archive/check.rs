//! An archive is looked at, whole, without a database: whether it could be restored.

use super::Contents;
use super::walk::{Visitor, damaged, walk};
use async_trait::async_trait;
use clientela_kernel::Result;
use clientela_migrations::{Migrator, MigratorTrait as _, references};
use clientela_store::archive::{ArchiveTable, ColumnKind};
use serde_json::Value as Json;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::BufRead;
use std::path::{Path, PathBuf};

/// What was found in an archive that is whole.
pub(crate) struct Checked {
    /// Its rows.
    pub contents: Contents,
    /// The version of the program that wrote it.
    pub version: String,
    /// The moment it is of.
    pub at: String,
}

/// Reads an archive twice, from its head to its end: digest, numbers of rows, and every value by its type; then whether every reference leads to a row that is there. What is
/// kept of a row meanwhile are eight bytes, where others may refer to it.
///
/// # Errors
/// `VALIDATION_FAILED`: what is wrong with it.
pub(crate) async fn check<R: BufRead + Send>(path: &Path, open: impl Fn() -> Result<R>) -> Result<Checked> {
    let migrations: Vec<String> = Migrator::get_migration_files().iter().map(|step| step.name().to_owned()).collect();
    let references = references();
    let mut keys = Keys { path: path.to_owned(), table: None, keys: HashMap::new() };
    for (_, _, target) in &references {
        keys.keys.insert((*target).to_owned(), Vec::new());
    }
    let (head, contents) = walk(&mut open()?, path, &migrations, &mut keys).await?;
    let Keys { mut keys, .. } = keys;
    for (table, keys) in &mut keys {
        keys.sort_unstable();
        if keys.windows(2).any(|pair| pair.first() == pair.last()) {
            return Err(damaged(path, format!("two rows of {table} have one id.")));
        }
    }
    let mut followed = References { path: path.to_owned(), references, keys, table: None };
    walk(&mut open()?, path, &migrations, &mut followed).await?;
    Ok(Checked { contents, version: head.version, at: head.at })
}

/// What stands for a row: its tenant and its id.
fn key(tenant: &Json, id: &Json) -> u64 {
    let mut hasher = DefaultHasher::new();
    (tenant.as_str(), id.as_str()).hash(&mut hasher);
    hasher.finish()
}

fn place(table: &ArchiveTable, column: &str) -> Option<usize> {
    table.columns.iter().position(|(name, _)| name == column)
}

/// The first time: values by their types, and which rows there are.
struct Keys {
    path: PathBuf,
    table: Option<(ArchiveTable, Option<(usize, usize)>)>,
    keys: HashMap<String, Vec<u64>>,
}

#[async_trait]
impl Visitor for Keys {
    fn table(&mut self, table: &ArchiveTable) {
        let named = self.keys.contains_key(&table.name).then(|| place(table, "tenant_id").zip(place(table, "id"))).flatten();
        self.table = Some((table.clone(), named));
    }

    async fn rows(&mut self, rows: Vec<Vec<Json>>) -> Result<()> {
        let Some((table, named)) = &self.table else { return Err(damaged(&self.path, "a row stands before any table.")) };
        for row in &rows {
            if row.len() != table.columns.len() {
                let (found, wanted) = (row.len(), table.columns.len());
                return Err(damaged(&self.path, format!("a row of {} has {found} values instead of {wanted}.", table.name)));
            }
            let wrong = row.iter().zip(&table.columns).find(|(value, (_, kind))| !ColumnKind::takes(*kind, value));
            if let Some((value, (column, kind))) = wrong {
                let value: String = value.to_string().chars().take(100).collect();
                return Err(damaged(
                    &self.path,
                    format!("{value} stands in {}.{column}, where a value of the kind {kind:?} should.", table.name),
                ));
            }
            if let Some((tenant, id)) = named.and_then(|(tenant, id)| row.get(tenant).zip(row.get(id)))
                && let Some(keys) = self.keys.get_mut(&table.name)
            {
                keys.push(key(tenant, id));
            }
        }
        Ok(())
    }
}

/// A table, where its tenant stands, and the columns that refer: where each stands, and to which table.
type Referring = (ArchiveTable, usize, Vec<(usize, &'static str)>);

/// The second time: where references lead.
struct References {
    path: PathBuf,
    references: Vec<(&'static str, &'static str, &'static str)>,
    keys: HashMap<String, Vec<u64>>,
    /// The table that is being read.
    table: Option<Referring>,
}

#[async_trait]
impl Visitor for References {
    fn table(&mut self, table: &ArchiveTable) {
        let own = self.references.iter().filter(|(of, ..)| *of == table.name);
        let own = own.filter_map(|(_, column, target)| Some((place(table, column)?, *target))).collect();
        self.table = place(table, "tenant_id").map(|tenant| (table.clone(), tenant, own));
    }

    async fn rows(&mut self, rows: Vec<Vec<Json>>) -> Result<()> {
        let Some((table, tenant, own)) = &self.table else { return Ok(()) };
        for row in &rows {
            let Some(tenant) = row.get(*tenant) else { continue };
            for (column, target) in own {
                let Some(id) = row.get(*column).filter(|id| !id.is_null()) else { continue };
                let there = self.keys.get(*target).is_some_and(|keys| keys.binary_search(&key(tenant, id)).is_ok());
                if !there {
                    let name = table.columns.get(*column).map(|(name, _)| name.as_str()).unwrap_or_default();
                    let text = format!("a row of {} refers by {name} to a row of {target} that is not there.", table.name);
                    return Err(damaged(&self.path, text));
                }
            }
        }
        Ok(())
    }
}
