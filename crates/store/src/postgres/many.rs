//! Many rows as one statement: each column is one parameter, an array, so that the text does not grow with the rows. In a statement that is
//! run once, a column that says the same in every row is no array at all; one that is kept prepared depends on nothing but the rows' shapes.

use crate::bind::{PgDate, PgInstant, PgJson};
use crate::commit::{Bound as _, CHANGE_LOG, Draft, IDEMPOTENCY};
use crate::locks::{Places, minds};
use crate::search::{SearchChange, removals, vector_of};
use crate::together::{Group, Together};
use crate::write::{IdempotencyWrite, LogEntry, RowChange, RowGuard};
use clientela_kernel::fold::fold;
use clientela_kernel::{Error, Result, Value};
use clientela_model::{FieldDef, FieldType, TextFormat, system};
use sqlx::postgres::{PgArguments, PgHasArrayType};
use sqlx::{Arguments as _, Encode, Postgres, Type};
use std::borrow::Cow;
use std::fmt::Write as _;
use uuid::Uuid;

/// Whether the same text will come again.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Use {
    /// Hardly.
    Once,
    /// For other rows of the same shapes.
    Again,
}

/// One data-modifying statement, which divides by zero where not every row was written.
pub(crate) fn statement(sets: &Together<'_>, used: Use) -> Result<Draft<PgArguments>> {
    let mut draft: Draft<PgArguments> = Draft::new(sets.tenant())?;
    draft.push("WITH many AS (SELECT 1)");
    let mut counted = Vec::with_capacity(sets.groups().len());
    for (number, group) in sets.groups().iter().enumerate() {
        draft.push(", g").push_number(number).push(" AS (");
        let ids = draft.bound.count() + 1;
        group.write_many(&mut draft, used)?;
        draft.push(if group.expected().is_some() { " RETURNING 1)" } else { ")" });
        counted.push(ids);
    }
    if !sets.remembered().is_empty() {
        draft.push(", i AS (");
        remember(&mut draft, sets.remembered(), used)?;
        draft.push(")");
    }
    let start = draft.text.len();
    draft.push(", s AS (");
    if documents(&mut draft, sets, used)? {
        draft.push(")");
    } else {
        draft.text.truncate(start);
    }
    let start = draft.text.len();
    draft.push(", x AS (");
    if removals(&mut draft, sets.tenant(), sets.rows(), "true")? {
        draft.push(")");
    } else {
        draft.text.truncate(start);
    }
    if !sets.logs().is_empty() {
        draft.push(", l AS (");
        log(&mut draft, sets.logs(), used)?;
        draft.push(")");
    }
    draft.push(" SELECT 1 / (CASE WHEN true");
    for (number, (group, ids)) in sets.groups().iter().zip(counted).enumerate() {
        if group.expected().is_some() {
            draft.push(" AND (SELECT count(*) FROM g").push_number(number).push(") = cardinality($").push_number(ids).push(")");
        }
    }
    draft.push(" THEN 1 ELSE 0 END)");
    Ok(draft)
}

impl Group<'_> {
    /// The group's statement.
    fn write_many(&self, draft: &mut Draft<PgArguments>, used: Use) -> Result<()> {
        let Some(first) = self.rows.first() else { return Ok(()) };
        let mut table = Table::new(used);
        table.always(draft, self.rows.iter().map(|row| row.id.0).collect())?;
        let updates = matches!(first.guard, RowGuard::Version(_));
        if updates {
            table.column(draft, self.rows.iter().map(|row| version(row)).collect(), "")?;
        }
        let minded = minds(first).is_some();
        if minded {
            table.column(draft, self.rows.iter().map(|row| minds(row).map(|(actor, _)| Cow::from(actor))).collect(), "")?;
            table.column(draft, self.rows.iter().map(|row| minds(row).map(|(_, at)| PgInstant(at))).collect(), "")?;
        }
        for (position, (index, _)) in first.values.iter().enumerate() {
            let field = first.def.fields.get(*index);
            let field = field.ok_or_else(|| Error::internal(format!("{} has no field number {index}", first.def.name)))?;
            if field.name != system::ID {
                self.column(draft, &mut table, field, position)?;
            }
        }
        let name = first.def.table.as_ref();
        if updates {
            draft.push("UPDATE ").push(name).push(" SET ");
            let mut values = table.values.iter().skip(if minded { 4 } else { 2 });
            draft.each_column(first, |draft, column, index| {
                draft.push(if index == 0 { "" } else { ", " }).push(column).push(" = ");
                draft.push(values.next().map_or("", String::as_str));
            })?;
            table.from(draft);
            draft.push(" WHERE ").push(name).push(".tenant_id = $1 AND ").push(name).push(".id = ").push(table.value(0));
            draft.push(" AND ").push(name).push(".version = ").push(table.value(1));
            if minded {
                draft.each_unlocked(first, &Places { id: table.value(0), actor: table.value(2), at: table.value(3) })?;
            }
            return self.look(draft);
        }
        draft.insert_into(first)?;
        table.select(draft);
        draft.push(" WHERE true");
        self.look(draft)?;
        if first.guard == RowGuard::Unguarded {
            draft.push(" ON CONFLICT (tenant_id, id) DO UPDATE SET ");
            draft.each_column(first, |draft, column, index| {
                draft.push(if index == 0 { "" } else { ", " }).push(column).push(" = excluded.").push(column);
            })?;
        }
        Ok(())
    }

    /// Every record that the group refers to lives, and does so until the commit. Each is looked up by its key, however many there are and whatever
    /// the database believed of the table when it planned this.
    fn look(&self, draft: &mut Draft<PgArguments>) -> Result<()> {
        for (table, ids) in self.checks() {
            draft.bound.add(ids.iter().copied().collect::<Vec<_>>()).map_err(Error::internal)?;
            let number = draft.bound.count();
            let lock = draft.bound.row_lock();
            draft.push(" AND (SELECT count(*) FROM unnest($").push_number(number).push(") k(id) WHERE EXISTS (SELECT 1 FROM ");
            // What is read from a part of a table brings a name of its own; no table has a space in it.
            draft.push(table.strip_suffix(" r").unwrap_or(table));
            draft.push(" t WHERE t.tenant_id = $1 AND t.id = k.id AND t.deleted_at IS NULL").push(lock);
            draft.push(")) = cardinality($").push_number(number).push(")");
        }
        Ok(())
    }

    /// The columns of a field, which stands at this position of every row's values.
    fn column(&self, draft: &mut Draft<PgArguments>, table: &mut Table, field: &FieldDef, position: usize) -> Result<()> {
        let mismatch = || Error::internal(format!("a value of {} does not have the type of its field", field.name));
        let values = || self.rows.iter().map(|row| row.values.get(position).map_or(&Value::Null, |(_, value)| value));
        // Every value as what the column holds.
        fn each<'v, T>(
            values: impl Iterator<Item = &'v Value>,
            read: impl Fn(&'v Value) -> Option<T>,
            mismatch: impl Fn() -> Error,
        ) -> Result<Vec<Option<T>>> {
            values.map(|value| if value.is_null() { Ok(None) } else { read(value).map(Some).ok_or_else(&mismatch) }).collect()
        }
        match &field.kind {
            FieldType::Id | FieldType::Reference(_) => table.column(draft, each(values(), Value::as_id, mismatch)?, ""),
            FieldType::Text { format: TextFormat::Document, .. } => {
                table.column(draft, each(values(), |value| value.as_text().map(PgJson), mismatch)?, "")
            }
            FieldType::Text { .. } | FieldType::Choice(_) => {
                table.column(draft, each(values(), |value| value.as_text().map(Cow::from), mismatch)?, "")?;
                if field.folded {
                    table.column(draft, each(values(), |value| value.as_text().map(|text| Cow::from(fold(text))), mismatch)?, "")?;
                }
                Ok(())
            }
            FieldType::TextSet { .. } => {
                let read = |value: &Value| if let Value::TextSet(texts) = value { Some(Cow::from(literal(texts))) } else { None };
                table.column(draft, each(values(), read, mismatch)?, "::text[]")
            }
            FieldType::Boolean => {
                let read = |value: &Value| if let Value::Boolean(yes) = value { Some(*yes) } else { None };
                table.column(draft, each(values(), read, mismatch)?, "")
            }
            FieldType::Integer { .. } | FieldType::Decimal { .. } | FieldType::Duration => {
                table.column(draft, each(values(), Value::as_integer, mismatch)?, "")
            }
            FieldType::Date => {
                let read = |value: &Value| if let Value::Date(day) = value { Some(PgDate(*day)) } else { None };
                table.column(draft, each(values(), read, mismatch)?, "")
            }
            FieldType::Instant => {
                let read = |value: &Value| if let Value::Instant(at) = value { Some(PgInstant(*at)) } else { None };
                table.column(draft, each(values(), read, mismatch)?, "")
            }
            FieldType::Money => {
                let read = |value: &Value| if let Value::Money(money) = value { Some(*money) } else { None };
                let amounts = each(values(), read, mismatch)?;
                table.column(draft, amounts.iter().map(|money| money.map(|money| money.minor)).collect(), "")?;
                let codes = amounts.iter().map(|money| money.as_ref().map(|money| Cow::from(money.currency.code()))).collect();
                table.column(draft, codes, "")
            }
            FieldType::AnyReference(_) => {
                let records = each(values(), Value::as_record, mismatch)?;
                table.column(draft, records.iter().map(|record| record.map(|record| Cow::from(record.resource.as_ref()))).collect(), "")?;
                table.column(draft, records.iter().map(|record| record.map(|record| record.id)).collect(), "")
            }
        }
    }
}

fn version(row: &RowChange) -> Option<i64> {
    if let RowGuard::Version(version) = row.guard { Some(version) } else { None }
}

/// `INSERT INTO change_log …`.
fn log(draft: &mut Draft<PgArguments>, entries: &[(&RowChange, &LogEntry)], used: Use) -> Result<()> {
    let mut table = Table::new(used);
    let texts = |read: fn(&LogEntry) -> Option<&str>| entries.iter().map(|(_, entry)| read(entry).map(Cow::from)).collect::<Vec<_>>();
    table.column(draft, entries.iter().map(|(row, _)| Some(Cow::from(row.def.name.as_ref()))).collect(), "")?;
    table.always(draft, entries.iter().map(|(row, _)| row.id.0).collect())?;
    table.column(draft, entries.iter().map(|(_, entry)| Some(entry.version)).collect(), "")?;
    table.column(draft, entries.iter().map(|(_, entry)| Some(PgInstant(entry.at))).collect(), "")?;
    table.column(draft, texts(|entry| Some(&entry.actor)), "")?;
    table.column(draft, texts(|entry| entry.client.as_deref()), "")?;
    table.column(draft, entries.iter().map(|(_, entry)| Some(entry.request)).collect(), "")?;
    table.column(draft, texts(|entry| Some(entry.kind.as_str())), "")?;
    table.column(draft, entries.iter().map(|(_, entry)| entry.before.as_deref().map(PgJson)).collect(), "")?;
    table.column(draft, entries.iter().map(|(_, entry)| entry.after.as_deref().map(PgJson)).collect(), "")?;
    draft.push("INSERT INTO ").push(CHANGE_LOG);
    draft.push(" (tenant_id, resource, record_id, version, at, actor, client, request, kind, before, after)");
    table.select(draft);
    Ok(())
}

/// `INSERT INTO idempotency …`.
fn remember(draft: &mut Draft<PgArguments>, writes: &[&IdempotencyWrite], used: Use) -> Result<()> {
    let mut table = Table::new(used);
    let texts = |read: fn(&IdempotencyWrite) -> Option<&str>| writes.iter().map(|write| read(write).map(Cow::from)).collect::<Vec<_>>();
    table.column(draft, texts(|write| Some(&write.principal)), "")?;
    table.column(draft, texts(|write| Some(&write.key)), "")?;
    table.column(draft, texts(|write| Some(&write.fingerprint)), "")?;
    table.column(draft, writes.iter().map(|write| Some(i32::from(write.status))).collect(), "")?;
    table.column(draft, texts(|write| Some(&write.resource)), "")?;
    table.always(draft, writes.iter().map(|write| write.record.0).collect())?;
    table.column(draft, writes.iter().map(|write| Some(write.version)).collect(), "")?;
    table.column(draft, writes.iter().map(|write| Some(PgInstant(write.at))).collect(), "")?;
    table.column(draft, texts(|write| write.answer.as_deref()), "")?;
    draft.push("INSERT INTO ").push(IDEMPOTENCY);
    draft.push(" (tenant_id, principal, key, fingerprint, status, resource, record_id, version, at, answer)");
    table.select(draft);
    Ok(())
}

/// The documents of the full-text search; false, and nothing appended, where there are none.
fn documents(draft: &mut Draft<PgArguments>, sets: &Together<'_>, used: Use) -> Result<bool> {
    let put = |row: &'_ RowChange| matches!(row.search, Some(SearchChange::Put(_)));
    let rows: Vec<&RowChange> = sets.rows().filter(|row| put(row)).collect();
    if rows.is_empty() {
        return Ok(false);
    }
    let mut table = Table::new(used);
    table.column(draft, rows.iter().map(|row| Some(Cow::from(row.def.name.as_ref()))).collect(), "")?;
    table.always(draft, rows.iter().map(|row| row.id.0).collect())?;
    let words = rows.iter().map(|row| match &row.search {
        Some(SearchChange::Put(text)) => Some(Cow::from(vector_of(text, sets.tenant()))),
        _ => None,
    });
    table.column(draft, words.collect(), "::tsvector")?;
    draft.push("INSERT INTO search_document (tenant_id, resource, record_id, words)");
    table.select(draft);
    draft.push(" WHERE true ON CONFLICT (tenant_id, resource, record_id) DO UPDATE SET words = excluded.words");
    Ok(true)
}

/// What the rows of a statement say, by column.
struct Table {
    used: Use,
    /// What stands for each column's value of a row.
    values: Vec<String>,
    /// The parameters that are arrays.
    arrays: Vec<usize>,
}

impl Table {
    fn new(used: Use) -> Self {
        Table { used, values: Vec::new(), arrays: Vec::new() }
    }

    /// A column whose values differ. A table has one of these, which says how many rows there are.
    fn always(&mut self, draft: &mut Draft<PgArguments>, ids: Vec<Uuid>) -> Result<()> {
        self.array(draft, ids, "")
    }

    /// A column.
    fn column<'c, T>(&mut self, draft: &mut Draft<PgArguments>, mut cells: Vec<Option<T>>, cast: &str) -> Result<()>
    where
        T: Encode<'c, Postgres> + Type<Postgres> + PgHasArrayType + PartialEq + 'c,
    {
        let alike = self.used == Use::Once && cells.windows(2).all(|pair| pair.first() == pair.last());
        if !alike {
            return self.array(draft, cells, cast);
        }
        match cells.pop().flatten() {
            None => self.values.push("NULL".to_owned()),
            Some(cell) => {
                draft.bound.add(cell).map_err(Error::internal)?;
                self.values.push(format!("${}{cast}", draft.bound.count()));
            }
        }
        Ok(())
    }

    fn array<'c, T>(&mut self, draft: &mut Draft<PgArguments>, cells: Vec<T>, cast: &str) -> Result<()>
    where
        Vec<T>: Encode<'c, Postgres> + Type<Postgres>,
    {
        draft.bound.add(cells).map_err(Error::internal)?;
        self.arrays.push(draft.bound.count());
        self.values.push(format!("v.c{}{cast}", self.arrays.len()));
        Ok(())
    }

    fn value(&self, column: usize) -> &str {
        self.values.get(column).map_or("", String::as_str)
    }

    /// ` SELECT $1, … FROM …`.
    fn select(&self, draft: &mut Draft<PgArguments>) {
        draft.push(" SELECT $1");
        for value in &self.values {
            draft.push(", ").push(value);
        }
        self.from(draft);
    }

    /// ` FROM unnest(…) v(…)`.
    fn from(&self, draft: &mut Draft<PgArguments>) {
        draft.push(" FROM unnest(");
        for (index, number) in self.arrays.iter().enumerate() {
            draft.push(if index == 0 { "$" } else { ", $" }).push_number(*number);
        }
        draft.push(") v(");
        for index in 0..self.arrays.len() {
            draft.push(if index == 0 { "c" } else { ", c" }).push_number(index + 1);
        }
        draft.push(")");
    }
}

/// A set of texts as PostgreSQL reads it (<https://www.postgresql.org/docs/current/arrays.html#ARRAYS-IO>): an array of arrays would be one of two dimensions.
fn literal(texts: &[String]) -> String {
    let mut out = String::from("{");
    for (index, text) in texts.iter().enumerate() {
        out.push_str(if index == 0 { "\"" } else { ",\"" });
        for letter in text.chars() {
            if matches!(letter, '"' | '\\') {
                out.push('\\');
            }
            out.push(letter);
        }
        out.push('"');
    }
    let _ = out.write_char('}');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_are_quoted() {
        let texts = |texts: &[&str]| literal(&texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>());
        assert_eq!(texts(&[]), "{}");
        assert_eq!(texts(&["a", "b c", "", "NULL", "d\"e\\f,{}"]), r#"{"a","b c","","NULL","d\"e\\f,{}"}"#);
    }
}
