//! An archive goes into a database.

use super::walk::{Visitor, walk};
use super::{Contents, tables};
use async_trait::async_trait;
use clientela_kernel::{Id, Result, TenantId, Value};
use clientela_model::{Registry, ResourceDef};
use clientela_store::archive::{ArchiveTable, Loading};
use clientela_store::{SearchText, Store};
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::io::BufRead;
use std::path::Path;
use std::sync::Arc;
use uuid::Uuid;

/// Records whose words are written by one statement.
const DOCUMENTS: usize = 500;

/// Loads an archive into an empty database, or that of one tenant into a database that holds nothing of that tenant: all of it or nothing.
///
/// # Errors
/// `VALIDATION_FAILED` where the file is no whole archive, or one of another version, or the database is not empty.
pub(crate) async fn load(store: &Store, tenant: Option<TenantId>, input: &mut (dyn BufRead + Send), path: &Path) -> Result<Contents> {
    let loading = store.load(&tables(), tenant).await?;
    let mut restoring = Restoring { loading, registry: crate::assemble::registry()?, table: None };
    let (_, contents) = walk(input, path, &store.migrations().await?, &mut restoring).await?;
    restoring.loading.finish().await?;
    Ok(contents)
}

/// A database that is being restored, and the table whose rows are coming in.
struct Restoring {
    loading: Loading,
    registry: Arc<Registry>,
    table: Option<(ArchiveTable, Option<Arc<ResourceDef>>)>,
}

#[async_trait]
impl Visitor for Restoring {
    fn table(&mut self, table: &ArchiveTable) {
        let def = self.registry.resources().iter().find(|def| def.table == table.name && def.is_searched());
        self.table = Some((table.clone(), def.cloned()));
        self.loading.table(table);
    }

    async fn rows(&mut self, rows: Vec<Vec<Json>>) -> Result<()> {
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
