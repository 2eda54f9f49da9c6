//! Levels of a read plan as statements. Identifiers come from definitions; every value is bound; the tenant is bound
//! once and stands beside every table.

use crate::Dialect;
use crate::filter::Filters;
use crate::order::{push_order, push_seek};
use crate::select::{Parents, Select, SelectCount};
use crate::sql::{Alias, Sql};
use clientela_kernel::{DeletedMode, Error, Result, TenantId};
use clientela_model::FieldType;

impl Select<'_> {
    /// The statement for a dialect, in one tenant. With parents the first column of the result is the parent's id, rows
    /// come in the order of the parents (which must be distinct) and inside a parent in the order of `sort`.
    pub fn compile(&self, dialect: Dialect, tenant: TenantId) -> Result<Sql> {
        let mut sql = Sql::of_tenant(dialect, tenant);
        let mut level = Level { select: self, filters: Filters::new(self.registry) };
        if let Some(parents) = &self.parents {
            dialect.of_parents(&mut sql, &mut level, parents)?;
            return Ok(sql);
        }
        sql.push("SELECT ");
        level.columns(&mut sql, "", false)?;
        if self.columns.is_empty() {
            sql.push("1");
        }
        sql.push(" FROM ").push(&self.def.table).push(" t0");
        level.joins(&mut sql)?;
        level.conditions(&mut sql)?;
        level.order(&mut sql, " ORDER BY ")?;
        if let Some(limit) = self.limit {
            sql.push(" LIMIT ").push_limit(limit);
        }
        Ok(sql)
    }
}

impl SelectCount<'_> {
    /// The statement for a dialect, in one tenant: one row (count), or with parents (parent, count) for each parent
    /// that has any.
    pub fn compile(&self, dialect: Dialect, tenant: TenantId) -> Result<Sql> {
        let mut sql = Sql::of_tenant(dialect, tenant);
        sql.push("SELECT ");
        if let Some(parents) = &self.parents {
            sql.column(0, &parents.field.column).push(", ");
        }
        sql.push("COUNT(*) FROM ").push(&self.def.table).push(" t0 WHERE t0.tenant_id = ").tenant();
        push_deleted(&mut sql, self.deleted);
        let mut filters = Filters::new(self.registry);
        for filter in &self.filters {
            sql.push(" AND ");
            filters.push(&mut sql, self.def, Alias::table(0), filter)?;
        }
        if let Some(Parents { field, ids }) = &self.parents {
            sql.push(" AND ");
            dialect.is_one_of(&mut sql, Alias::table(0), &field.column, crate::sql::Argument::Ids(ids.clone()));
            sql.push(" GROUP BY ").column(0, &field.column);
        }
        Ok(sql)
    }
}

/// A select on its way to text: the clauses that every form of statement shares.
pub(crate) struct Level<'a> {
    /// What is read.
    pub(crate) select: &'a Select<'a>,
    filters: Filters<'a>,
}

impl Level<'_> {
    /// Number of result columns, without the parent.
    pub(crate) fn width(&self) -> usize {
        self.select.columns.iter().map(|column| crate::rows::width(column.field)).sum()
    }

    /// Appends the columns, the first led by `before`; named `c1`, `c2`, … for an outer query if asked.
    pub(crate) fn columns(&self, sql: &mut Sql, before: &str, named: bool) -> Result<()> {
        let mut position = 0;
        for column in &self.select.columns {
            self.check_table(column.table)?;
            let suffixes: &[&str] = if matches!(column.field.kind, FieldType::Money) { &["_minor", "_currency"] } else { &[""] };
            for suffix in suffixes {
                sql.push(if position == 0 { before } else { ", " });
                sql.column(column.table, &column.field.column).push(suffix);
                position += 1;
                if named {
                    sql.push(" AS c").push_number(position);
                }
            }
        }
        Ok(())
    }

    /// Appends the to-one joins. A record that is deleted or fails the join's condition joins as absent.
    pub(crate) fn joins(&mut self, sql: &mut Sql) -> Result<()> {
        for (index, join) in self.select.joins.iter().enumerate() {
            let table = index + 1;
            if join.from >= table {
                return Err(Error::internal(format!("join {table} stands before its parent {}", join.from)));
            }
            sql.push(" LEFT JOIN ").push(&join.def.table).push(" t").push_number(table).push(" ON ");
            sql.column(table, "tenant_id").push(" = ").column(join.from, "tenant_id");
            sql.push(" AND ").column(table, "id").push(" = ").column(join.from, &join.field.column);
            sql.push(" AND ").column(table, "deleted_at").push(" IS NULL");
            if let Some(filter) = join.filter {
                sql.push(" AND ");
                self.filters.push(sql, join.def, Alias::table(table), filter)?;
            }
        }
        Ok(())
    }

    /// Appends `WHERE` with everything but the parents.
    pub(crate) fn conditions(&mut self, sql: &mut Sql) -> Result<()> {
        sql.push(" WHERE t0.tenant_id = ").tenant();
        push_deleted(sql, self.select.deleted);
        for filter in &self.select.filters {
            sql.push(" AND ");
            self.filters.push(sql, self.select.def, Alias::table(0), filter)?;
        }
        for (seek, before) in [(&self.select.seek, false), (&self.select.until, true)] {
            if let Some(seek) = seek {
                sql.push(" AND ");
                push_seek(sql, &self.select.sort, seek, before)?;
            }
        }
        Ok(())
    }

    /// Appends the order, led by `before`; nothing where there is none.
    pub(crate) fn order(&self, sql: &mut Sql, before: &str) -> Result<()> {
        for part in &self.select.sort {
            self.check_table(part.table)?;
        }
        push_order(sql, before, &self.select.sort, self.select.backward);
        Ok(())
    }

    fn check_table(&self, table: usize) -> Result<()> {
        if table <= self.select.joins.len() {
            return Ok(());
        }
        Err(Error::internal(format!("a column of table {table}, but there are {} joins", self.select.joins.len())))
    }
}

fn push_deleted(sql: &mut Sql, deleted: DeletedMode) {
    sql.push(match deleted {
        DeletedMode::Exclude => " AND t0.deleted_at IS NULL",
        DeletedMode::Include => "",
        DeletedMode::Only => " AND t0.deleted_at IS NOT NULL",
    });
}
