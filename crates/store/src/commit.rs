//! The statements of a write set, the same for both databases: rows with their guards, change-log rows, the idempotency
//! row. How they are strung together is each database's own (`postgres/commit.rs`, `sqlite/commit.rs`).
//!
//! The text depends on the shape of the write set alone; everything a caller gave is bound, in the order in which it stands in
//! the text. Placeholders are `$N` on PostgreSQL, where `$1` is the tenant. On SQLite they are all `?`, since it looks a numbered
//! one up among all of a statement's, so the tenant is bound wherever it stands.

use crate::Dialect;
use crate::write::{IdempotencyWrite, LogEntry, RowChange, RowGuard, WriteSet};
use clientela_kernel::{Error, Id, Result, TenantId, Timestamp, Value, fold::fold};
use clientela_model::{FieldDef, FieldType, ResourceDef, system};
use uuid::Uuid;

/// Table of the change log.
pub(crate) const CHANGE_LOG: &str = "change_log";
/// Table of the remembered idempotency keys.
pub(crate) const IDEMPOTENCY: &str = "idempotency";

/// Bound values in a driver's form.
pub(crate) trait Bound: Default {
    /// Whose driver it is.
    const DIALECT: Dialect;
    /// How many there are.
    fn count(&self) -> usize;
    /// Adds a field value; a null takes the column's type, money two places.
    fn value(&mut self, value: &Value, column: &FieldType) -> Result<()>;
    /// Adds an id.
    fn id(&mut self, id: Uuid) -> Result<()>;
    /// Adds a whole number.
    fn number(&mut self, number: i64) -> Result<()>;
    /// Adds a number for a column of 32 bits.
    fn small_number(&mut self, number: i32) -> Result<()>;
    /// Adds a text.
    fn text(&mut self, text: Option<&str>) -> Result<()>;
    /// Adds a moment.
    fn instant(&mut self, at: Timestamp) -> Result<()>;
    /// What keeps a row that a subquery found from being deleted, softly too, before the commit; empty where one writer writes at a
    /// time.
    fn row_lock(&self) -> &'static str;
    /// Adds text that is JSON.
    fn json(&mut self, json: Option<&str>) -> Result<()>;
}

/// A statement, or several, under construction.
pub(crate) struct Draft<B> {
    /// The text so far.
    pub(crate) text: String,
    /// The values so far.
    pub(crate) bound: B,
    tenant: TenantId,
}

impl<B: Bound> Draft<B> {
    /// Starts an empty one; where placeholders have numbers, the tenant is bound first.
    pub(crate) fn new(tenant: TenantId) -> Result<Self> {
        let mut bound = B::default();
        if B::DIALECT == Dialect::Postgres {
            bound.id(tenant.0)?;
        }
        Ok(Draft { text: String::with_capacity(2_048), bound, tenant })
    }

    /// Appends the placeholder of the tenant.
    pub(crate) fn push_tenant(&mut self) -> Result<()> {
        match B::DIALECT {
            Dialect::Postgres => self.text.push_str("$1"),
            Dialect::Sqlite => {
                self.bound.id(self.tenant.0)?;
                self.text.push('?');
            }
        }
        Ok(())
    }

    /// Appends the placeholder of the value that is bound as that number.
    fn push_placeholder(&mut self, number: usize) {
        match B::DIALECT {
            Dialect::Postgres => {
                self.text.push('$');
                self.push_number(number);
            }
            Dialect::Sqlite => self.text.push('?'),
        }
    }

    /// Appends text made of definitions and keywords.
    pub(crate) fn push(&mut self, text: &str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    /// Appends a number.
    pub(crate) fn push_number(&mut self, number: usize) -> &mut Self {
        use std::fmt::Write as _;
        let _ = write!(self.text, "{number}");
        self
    }

    /// Appends placeholders, separated by commas, for what was bound since there were `before` values.
    pub(crate) fn placeholders_since(&mut self, before: usize) {
        for number in before + 1..=self.bound.count() {
            if number > before + 1 {
                self.text.push_str(", ");
            }
            self.push_placeholder(number);
        }
    }

    fn id(&mut self, id: Uuid) -> Result<()> {
        let before = self.bound.count();
        self.bound.id(id)?;
        self.placeholders_since(before);
        Ok(())
    }

    /// `INSERT INTO table (…) SELECT … WHERE …`, `UPDATE table SET … WHERE …` or `DELETE FROM table WHERE …`. The row counts as written only if the
    /// statement affected one row. `condition` must hold besides.
    pub(crate) fn row(&mut self, set: &WriteSet, row: &RowChange, condition: &str) -> Result<()> {
        match row.guard {
            RowGuard::Insert => self.insert(set, row, condition),
            RowGuard::Unguarded => {
                self.insert(set, row, condition)?;
                self.push(" ON CONFLICT (tenant_id, id) DO UPDATE SET ");
                self.each_column(row, |draft, column, index| {
                    draft.push(if index == 0 { "" } else { ", " }).push(column).push(" = excluded.").push(column);
                })
            }
            RowGuard::Version(version) => self.update(set, row, version, condition),
            RowGuard::Erase(version) => self.remove(row, Some(version), condition),
            RowGuard::Remove => self.remove(row, None, condition),
        }
    }

    fn remove(&mut self, row: &RowChange, version: Option<i64>, condition: &str) -> Result<()> {
        self.push("DELETE FROM ").push(&row.def.table).push(" WHERE ").push(condition).push(" AND tenant_id = ");
        self.push_tenant()?;
        self.push(" AND id = ");
        self.id(row.id.0)?;
        if let Some(version) = version {
            self.push(" AND version = ");
            let before = self.bound.count();
            self.bound.number(version)?;
            self.placeholders_since(before);
        }
        self.unlocked(row)
    }

    /// Overwrites what the log keeps of a record: the rows stay, and say that something happened, no longer what.
    pub(crate) fn forget(&mut self, row: &RowChange) -> Result<()> {
        self.push("UPDATE ").push(CHANGE_LOG).push(" SET before = NULL, after = NULL WHERE tenant_id = ");
        self.push_tenant()?;
        self.push(" AND resource = ");
        let before = self.bound.count();
        self.bound.text(Some(&row.def.name))?;
        self.placeholders_since(before);
        self.push(" AND record_id = ");
        self.id(row.id.0)
    }

    fn insert(&mut self, set: &WriteSet, row: &RowChange, condition: &str) -> Result<()> {
        self.insert_into(row)?;
        self.push(" SELECT ");
        self.push_tenant()?;
        self.push(", ");
        self.inserted(row)?;
        self.push(" WHERE ").push(condition);
        self.references(set, row)
    }

    /// `INSERT INTO table (…) SELECT … FROM (VALUES …)`: several new rows of one shape (see [`runs`]), all or none of them.
    pub(crate) fn rows(&mut self, rows: &[RowChange], condition: &str) -> Result<()> {
        let Some(first) = rows.first() else { return Ok(()) };
        self.insert_into(first)?;
        self.push(" SELECT * FROM (VALUES ");
        for (index, row) in rows.iter().enumerate() {
            self.push(if index == 0 { "(" } else { ", (" });
            self.push_tenant()?;
            self.push(", ");
            self.inserted(row)?;
            self.push(")");
        }
        self.push(") v WHERE ").push(condition);
        Ok(())
    }

    /// `INSERT INTO table (…)`.
    pub(crate) fn insert_into(&mut self, row: &RowChange) -> Result<()> {
        self.push("INSERT INTO ").push(&row.def.table).push(" (tenant_id, id");
        self.each_column(row, |draft, column, _| {
            draft.push(", ").push(column);
        })?;
        self.push(")");
        Ok(())
    }

    /// The id and the values of a new row.
    pub(crate) fn inserted(&mut self, row: &RowChange) -> Result<()> {
        let before = self.bound.count();
        self.bound.id(row.id.0)?;
        for (field, value) in written(row) {
            self.bind_field(field?, value)?;
        }
        self.placeholders_since(before);
        Ok(())
    }

    fn update(&mut self, set: &WriteSet, row: &RowChange, version: i64, condition: &str) -> Result<()> {
        self.push("UPDATE ").push(&row.def.table).push(" SET ");
        let mut next = self.bound.count() + 1;
        self.each_column(row, |draft, column, index| {
            draft.push(if index == 0 { "" } else { ", " }).push(column).push(" = ");
            draft.push_placeholder(next);
            next += 1;
        })?;
        for (field, value) in written(row) {
            self.bind_field(field?, value)?;
        }
        self.push(" WHERE ").push(condition).push(" AND tenant_id = ");
        self.push_tenant()?;
        self.push(" AND id = ");
        self.id(row.id.0)?;
        self.push(" AND version = ");
        let before = self.bound.count();
        self.bound.number(version)?;
        self.placeholders_since(before);
        self.unlocked(row)?;
        self.references(set, row)
    }

    /// Calls back with every column the row writes, the tenant and the id left out, in the order in which
    /// [`Draft::bind_field`] binds them.
    pub(crate) fn each_column(&mut self, row: &RowChange, mut call: impl FnMut(&mut Self, &str, usize)) -> Result<()> {
        let mut index = 0;
        let mut name = String::new();
        for (field, _) in written(row) {
            let field = field?;
            let suffixes: &[&str] = if field.folded { &["", "_folded"] } else { field.suffixes() };
            for suffix in suffixes {
                name.clear();
                name.push_str(field.written_column());
                name.push_str(suffix);
                call(self, &name, index);
                index += 1;
            }
        }
        if index == 0 {
            return Err(Error::internal(format!("a write of {} changes no column", row.def.name)));
        }
        Ok(())
    }

    pub(crate) fn bind_field(&mut self, field: &FieldDef, value: &Value) -> Result<()> {
        self.bound.value(value, &field.kind)?;
        if field.folded {
            self.bound.text(value.as_text().map(fold).as_deref())?;
        }
        Ok(())
    }

    /// Every reference points to a living record. One that this very set makes or
    /// restores need not be looked for, and could not be
    /// found on PostgreSQL, where the parts of a statement do not see each other; the foreign key holds all the same.
    fn references(&mut self, set: &WriteSet, row: &RowChange) -> Result<()> {
        for (index, id) in &row.references {
            let (target, table) = referred(row, *index)?;
            if made_by(set, target, *id) || kept_by(set, target, *id) {
                continue;
            }
            self.push(" AND EXISTS (SELECT 1 FROM ").push(table).push(" WHERE tenant_id = ");
            self.push_tenant()?;
            self.push(" AND id = ");
            self.id(*id)?;
            // A foreign key holds the row, not its life: nobody may delete what this refers to before the commit.
            let lock = self.bound.row_lock();
            self.push(" AND deleted_at IS NULL").push(lock).push(")");
        }
        Ok(())
    }

    /// `INSERT INTO change_log (…) SELECT … FROM (VALUES …) WHERE …`: the log rows of a set, in its order.
    pub(crate) fn logs(&mut self, set: &WriteSet, condition: &str) -> Result<()> {
        self.push("INSERT INTO ").push(CHANGE_LOG);
        self.push(" (tenant_id, resource, record_id, version, at, actor, client, request, kind, before, after) SELECT * FROM (VALUES ");
        for (index, (row, entry)) in logged(set).enumerate() {
            self.push(if index == 0 { "(" } else { ", (" });
            self.push_tenant()?;
            self.push(", ");
            self.log(&row.def, row.id, entry)?;
            self.push(")");
        }
        self.push(") v WHERE ").push(condition);
        Ok(())
    }

    pub(crate) fn log(&mut self, def: &ResourceDef, record: Id, entry: &LogEntry) -> Result<()> {
        let before = self.bound.count();
        self.bound.text(Some(&def.name))?;
        self.bound.id(record.0)?;
        self.bound.number(entry.version)?;
        self.bound.instant(entry.at)?;
        self.bound.text(Some(&entry.actor))?;
        self.bound.text(entry.client.as_deref())?;
        self.bound.id(entry.request)?;
        self.bound.text(Some(entry.kind.as_str()))?;
        self.bound.json(entry.before.as_deref())?;
        self.bound.json(entry.after.as_deref())?;
        self.placeholders_since(before);
        Ok(())
    }

    /// `INSERT INTO idempotency (…) VALUES (…)`.
    pub(crate) fn idempotency(&mut self, write: &IdempotencyWrite) -> Result<()> {
        self.push("INSERT INTO ").push(IDEMPOTENCY);
        self.push(" (tenant_id, principal, key, fingerprint, status, resource, record_id, version, at, answer) VALUES (");
        self.push_tenant()?;
        self.push(", ");
        let before = self.bound.count();
        self.bound.text(Some(&write.principal))?;
        self.bound.text(Some(&write.key))?;
        self.bound.text(Some(&write.fingerprint))?;
        self.bound.small_number(i32::from(write.status))?;
        self.bound.text(Some(&write.resource))?;
        self.bound.id(write.record.0)?;
        self.bound.number(write.version)?;
        self.bound.instant(write.at)?;
        self.bound.text(write.answer.as_deref())?;
        self.placeholders_since(before);
        self.push(")");
        Ok(())
    }
}

/// The rows that the log tells of.
pub(crate) fn logged(set: &WriteSet) -> impl Iterator<Item = (&RowChange, &LogEntry)> {
    set.rows.iter().filter_map(|row| row.log.as_ref().map(|entry| (row, entry)))
}

/// The set's rows in their order, cut where one `INSERT` cannot write a row together with the one before it. Together go
/// new records of one resource, with the same fields, that are written in any case.
pub(crate) fn runs<'s>(set: &'s WriteSet, conditional: &[bool]) -> Vec<(usize, &'s [RowChange])> {
    let plain = |index: usize, row: &RowChange| row.guard == RowGuard::Insert && conditional.get(index) == Some(&false);
    let same_shape = |left: &RowChange, right: &RowChange| {
        left.def.name == right.def.name && left.values.iter().map(|(field, _)| field).eq(right.values.iter().map(|(field, _)| field))
    };
    let together = |index: usize| match (index.checked_sub(1).and_then(|before| set.rows.get(before)), set.rows.get(index)) {
        (Some(left), Some(right)) => plain(index - 1, left) && plain(index, right) && same_shape(left, right),
        _ => false,
    };
    let mut starts: Vec<usize> = (0..set.rows.len()).filter(|index| !together(*index)).collect();
    starts.push(set.rows.len());
    starts
        .windows(2)
        .filter_map(|ends| ends.first().zip(ends.last()))
        .filter_map(|(from, to)| Some((*from, set.rows.get(*from..*to)?)))
        .collect()
}

/// For each row, whether it may turn out not to be written.
pub(crate) fn conditional(set: &WriteSet) -> Vec<bool> {
    set.rows.iter().map(|row| is_conditional(set, row)).collect()
}

/// Whether a row may turn out not to be written: its version has moved, or a reference points to nothing that lives.
fn is_conditional(set: &WriteSet, row: &RowChange) -> bool {
    let checked = |(index, id): &(usize, Uuid)| {
        referred(row, *index).map_or(true, |(target, _)| !made_by(set, target, *id) && !kept_by(set, target, *id))
    };
    matches!(row.guard, RowGuard::Version(_) | RowGuard::Erase(_)) || row.references.iter().any(checked)
}

/// Whether the record a reference points to lives because of this very set.
fn made_by(set: &WriteSet, target: &str, id: Uuid) -> bool {
    set.rows.iter().any(|row| row.id.0 == id && row.def.name == target && makes_alive(row))
}

/// Whether this very set changes the record and leaves it alive: its guard says whether it lives, and a lock beside it would only let two
/// such sets wait for one another.
fn kept_by(set: &WriteSet, target: &str, id: Uuid) -> bool {
    set.rows.iter().any(|row| row.id.0 == id && row.def.name == target && keeps_alive(row))
}

/// Whether the row changes a record and leaves it alive.
pub(crate) fn keeps_alive(row: &RowChange) -> bool {
    let deletes = |(index, _): &(usize, Value)| row.def.fields.get(*index).is_some_and(|field| field.name == system::DELETED_AT);
    matches!(row.guard, RowGuard::Version(_)) && !row.values.iter().any(deletes)
}

/// The resource and table that a row's reference points to.
pub(crate) fn referred(row: &RowChange, index: usize) -> Result<(&str, &str)> {
    let field = row.def.fields.get(index);
    if let Some(reference) = field.and_then(FieldDef::reference) {
        return Ok((&reference.target, &reference.table));
    }
    let key = row.values.iter().find(|(written, _)| *written == index).and_then(|(_, value)| value.as_record());
    let target = field.and_then(FieldDef::any_reference).zip(key).and_then(|(reference, key)| reference.target(&key.resource));
    let target = target.ok_or_else(|| Error::internal(format!("field number {index} of {} is no reference", row.def.name)))?;
    Ok((&target.resource, &target.table))
}

/// Whether the record lives because of this row: it is new, or restored.
pub(crate) fn makes_alive(row: &RowChange) -> bool {
    let restored = |(index, value): &(usize, Value)| {
        value.is_null() && row.def.fields.get(*index).is_some_and(|field| field.name == system::DELETED_AT)
    };
    match row.guard {
        RowGuard::Insert | RowGuard::Unguarded => true,
        RowGuard::Version(_) => row.values.iter().any(restored),
        RowGuard::Erase(_) | RowGuard::Remove => false,
    }
}

/// The fields a row writes, without the id.
pub(crate) fn written(row: &RowChange) -> impl Iterator<Item = (Result<&FieldDef>, &Value)> {
    row.values.iter().filter_map(|(index, value)| match row.def.fields.get(*index) {
        Some(field) if field.name == system::ID => None,
        Some(field) => Some((Ok(field), value)),
        None => Some((Err(Error::internal(format!("{} has no field number {index}", row.def.name))), value)),
    })
}
