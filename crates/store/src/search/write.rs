//! The documents of a write set, as parts of the statements that write its rows.

use super::{SearchChange, SearchText, TABLE, mark};
use crate::Dialect;
use crate::commit::{Bound, Draft};
use crate::write::RowChange;
use clientela_kernel::{Result, TenantId};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use uuid::Uuid;

/// Values that a document binds on SQLite.
pub(crate) const WIDTH: usize = 7;

/// Appends the statement that writes the documents of these rows; false, and nothing appended, where there are none.
pub(crate) fn documents<'r, B: Bound>(
    draft: &mut Draft<B>,
    tenant: TenantId,
    rows: impl Iterator<Item = &'r RowChange>,
    condition: &str,
) -> Result<bool> {
    let puts = rows.filter_map(|row| match &row.search {
        Some(SearchChange::Put(text)) => Some((row, text)),
        _ => None,
    });
    let mark = mark(tenant);
    let mut any = false;
    for (row, text) in puts {
        draft.push(match (any, B::DIALECT) {
            (true, _) => ", (",
            (false, Dialect::Postgres) => "INSERT INTO search_document (tenant_id, resource, record_id, words) SELECT * FROM (VALUES (",
            (false, Dialect::Sqlite) => {
                "INSERT OR REPLACE INTO search_document (rowid, tenant_id, resource, record_id, name, detail, body) VALUES ("
            }
        });
        any = true;
        match B::DIALECT {
            Dialect::Postgres => {
                draft.push_tenant()?;
                draft.push(", ");
                let before = draft.bound.count();
                draft.bound.text(Some(&row.def.name))?;
                draft.bound.id(row.id.0)?;
                draft.placeholders_since(before);
                draft.push(", CAST(");
                let before = draft.bound.count();
                draft.bound.text(Some(&vector(text, &mark)))?;
                draft.placeholders_since(before);
                draft.push(" AS tsvector)");
            }
            Dialect::Sqlite => {
                let before = draft.bound.count();
                draft.bound.number(place(tenant, row))?;
                draft.bound.id(tenant.0)?;
                draft.bound.text(Some(&row.def.name))?;
                draft.bound.id(row.id.0)?;
                for part in [&text.name, &text.detail, &text.text] {
                    draft.bound.text(Some(&marked(part, &mark)))?;
                }
                draft.placeholders_since(before);
            }
        }
        draft.push(")");
    }
    if any && B::DIALECT == Dialect::Postgres {
        draft.push(") v WHERE ").push(condition);
        draft.push(" ON CONFLICT (tenant_id, resource, record_id) DO UPDATE SET words = excluded.words");
    }
    Ok(any)
}

/// Appends the statement that removes the documents of these rows; false, and nothing appended, where there are none.
pub(crate) fn removals<'r, B: Bound>(
    draft: &mut Draft<B>,
    tenant: TenantId,
    rows: impl Iterator<Item = &'r RowChange>,
    condition: &str,
) -> Result<bool> {
    let removed = rows.filter(|row| row.search == Some(SearchChange::Remove));
    let mut any = false;
    match B::DIALECT {
        Dialect::Postgres => {
            // A list of ids is looked up in the key; one of pairs would be gone through for each document of the tenant.
            let mut ids: BTreeMap<&str, Vec<Uuid>> = BTreeMap::new();
            removed.for_each(|row| ids.entry(row.def.name.as_ref()).or_default().push(row.id.0));
            for (resource, ids) in ids {
                draft.push(if any {
                    " OR tenant_id = $1 AND resource = "
                } else {
                    "DELETE FROM search_document WHERE (tenant_id = $1 AND resource = "
                });
                any = true;
                let before = draft.bound.count();
                draft.bound.text(Some(resource))?;
                draft.placeholders_since(before);
                draft.push(" AND record_id IN (");
                let before = draft.bound.count();
                ids.into_iter().try_for_each(|id| draft.bound.id(id))?;
                draft.placeholders_since(before);
                draft.push(")");
            }
        }
        Dialect::Sqlite => {
            for row in removed {
                draft.push(if any { ", " } else { "DELETE FROM search_document WHERE rowid IN (" });
                any = true;
                let before = draft.bound.count();
                draft.bound.number(place(tenant, row))?;
                draft.placeholders_since(before);
            }
        }
    }
    if any {
        draft.push(") AND ").push(condition);
    }
    Ok(any)
}

/// The row of a record's document on SQLite, whose full-text tables find rows by number alone.
fn place(tenant: TenantId, row: &RowChange) -> i64 {
    let mut hash = Sha256::new();
    hash.update(tenant.0.as_bytes());
    hash.update(row.id.0.as_bytes());
    hash.update(row.def.name.as_bytes());
    let mut first = [0u8; 8];
    first.iter_mut().zip(hash.finalize()).for_each(|(slot, byte)| *slot = byte);
    // Numbers below zero are as good, but nobody expects them.
    i64::from_be_bytes(first) & i64::MAX
}

/// The words with the tenant's mark before each.
fn marked(words: &str, mark: &str) -> String {
    let mut out = String::with_capacity(words.len() * 2);
    for word in words.split(' ').filter(|word| !word.is_empty()) {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(mark);
        out.push_str(word);
    }
    out
}

/// The document of a tenant's record as PostgreSQL reads it.
pub(crate) fn vector_of(text: &SearchText, tenant: TenantId) -> String {
    vector(text, &mark(tenant))
}

/// The document as PostgreSQL reads it: `a1b2c3anna:1A a1b2c3gruber:2A`. A phrase does not reach from names into details.
fn vector(text: &SearchText, mark: &str) -> String {
    let mut out = String::with_capacity((text.name.len() + text.detail.len() + text.text.len()) * 3);
    let mut position = 0_usize;
    for (words, weight) in [(&text.name, "A"), (&text.detail, "B"), (&text.text, "D")] {
        for word in words.split(' ').filter(|word| !word.is_empty()) {
            position += 1;
            // Positions beyond 16383 are all that one to the database.
            let _ = write!(out, "{mark}{word}:{}{weight} ", position.min(16_383));
        }
        position += 1;
    }
    out
}

const _: () = assert!(TABLE.len() == "search_document".len());

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_nothing_but_words() {
        let text = SearchText { name: "anna gruber".into(), detail: String::new(), text: "käse 2".into() };
        assert_eq!(vector(&text, "a1b2c3"), "a1b2c3anna:1A a1b2c3gruber:2A a1b2c3käse:5D a1b2c32:6D ");
        assert_eq!(marked("anna gruber", "a1"), "a1anna a1gruber");
    }
}
