//! Indexes of fields that tenants add. A key of the document belongs to one tenant's field alone, and only records that have a value
//! stand in its index, so that it costs the others nothing but a look at the condition.

use crate::document::expression;
use crate::sql::{Argument, Sql};
use crate::{Dialect, Store};
use clientela_kernel::{Error, Result};
use clientela_model::{FieldDef, ResourceDef, document::place};
use sea_orm::ConnectionTrait as _;

/// An index over a field in the document.
#[derive(Clone, Copy, Debug)]
pub struct FieldIndex<'a> {
    /// Its name: letters, digits and underscores.
    pub name: &'a str,
    /// The resource.
    pub def: &'a ResourceDef,
    /// The field.
    pub field: &'a FieldDef,
    /// Whether no two living records may have the same value.
    pub unique: bool,
}

impl Store {
    /// Makes those of the indexes that are not there yet, and removes the unwanted ones that are. Writes of the table wait meanwhile.
    pub async fn settle_indexes(&self, indexes: &[FieldIndex<'_>], unwanted: &[String]) -> Result<()> {
        let names: Vec<String> = indexes.iter().map(|index| index.name.to_owned()).chain(unwanted.iter().cloned()).collect();
        let rows = self.read(|| {
            let mut sql = Sql::new(self.dialect());
            match self.dialect() {
                Dialect::Postgres => sql.push("SELECT relname::text FROM pg_class WHERE relkind = 'i' AND relname = ANY("),
                Dialect::Sqlite => {
                    sql.push("SELECT name FROM sqlite_master WHERE type = 'index' AND name IN (SELECT value FROM json_each(")
                }
            };
            sql.bind(Argument::Texts(names.clone())).push(if self.dialect() == Dialect::Postgres { ")" } else { "))" });
            Ok(sql)
        });
        let mut there = Vec::new();
        for row in rows.await? {
            there.extend(row.text(0)?.map(str::to_owned));
        }
        let missing: Vec<_> = indexes.iter().filter(|index| !there.iter().any(|name| name == index.name)).collect();
        let left: Vec<_> = unwanted.iter().filter(|name| there.contains(name)).collect();
        if missing.is_empty() && left.is_empty() {
            return Ok(());
        }
        let connection = self.migration_connection().await?;
        for index in missing {
            connection.execute_unprepared(&index.statement(self.dialect())?).await.map_err(Error::internal)?;
        }
        for name in left {
            connection.execute_unprepared(&format!("DROP INDEX IF EXISTS {name}")).await.map_err(Error::internal)?;
        }
        connection.close().await.map_err(Error::internal)
    }
}

impl FieldIndex<'_> {
    fn statement(&self, dialect: Dialect) -> Result<String> {
        let columns = if self.unique { self.field.unique_columns() } else { vec![self.field.column.to_string()] };
        let mut keys = Vec::with_capacity(columns.len());
        for column in &columns {
            let (form, key) = place(column, "").ok_or_else(|| Error::internal("an index of a column that is none of a tenant's"))?;
            keys.push(format!("({})", expression(dialect, "", form, key, "")));
        }
        let mut there: Vec<String> = keys.iter().map(|key| format!("{key} IS NOT NULL")).collect();
        if self.unique {
            there.push("deleted_at IS NULL".to_owned());
        } else {
            keys.push("id".to_owned());
        }
        let unique = if self.unique { "UNIQUE " } else { "" };
        let (table, keys, there) = (&self.def.table, keys.join(", "), there.join(" AND "));
        Ok(format!("CREATE {unique}INDEX IF NOT EXISTS {} ON {table} (tenant_id, {keys}) WHERE {there}", self.name))
    }
}
