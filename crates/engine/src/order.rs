//! Orders and cursors: what a list is sorted by, and which query a cursor belongs to.

use crate::filter::operand;
use crate::way::is_open;
use clientela_access::{Action, authorize};
use clientela_kernel::{Comparison, Context, Cursor, Error, ErrorCode, Filter, ListArguments, Result, SortKey};
use clientela_model::{Registry, RelationDef, ResourceDef, document};
use std::fmt::Write;

/// How many keys an order may have.
pub const MAXIMUM_SORT_KEYS: usize = 5;
/// How many relations a key may lead through.
pub const MAXIMUM_SORT_DEPTH: usize = 4;

/// Checks an order against the definitions.
pub(crate) fn read(registry: &Registry, context: &Context, def: &ResourceDef, keys: &[(Vec<String>, bool)]) -> Result<Vec<SortKey>> {
    let fail = |text: String| Err(Error::new(ErrorCode::InvalidSort, format!("The order cannot be used: {text}.")));
    if keys.len() > MAXIMUM_SORT_KEYS {
        return fail(format!("it has {} keys; {MAXIMUM_SORT_KEYS} are allowed", keys.len()));
    }
    let mut sort: Vec<SortKey> = Vec::with_capacity(keys.len());
    for (path, descending) in keys {
        let own = own_path(path);
        let Some((last, relations)) = own.as_deref().unwrap_or(path).split_last() else { return fail("a key is empty".to_owned()) };
        if relations.len() > MAXIMUM_SORT_DEPTH {
            return fail(format!("a key leads through {} relations; {MAXIMUM_SORT_DEPTH} are allowed", relations.len()));
        }
        let mut at = def;
        let mut names = Vec::with_capacity(path.len());
        for name in relations {
            let mask = authorize(context, at, Action::Read)?.fields;
            let open = |relation: &&RelationDef| relation.is_to_one() && is_open(relation, (at, &mask), (at, &mask));
            let Some(relation) = at.relation(name).filter(open) else {
                return fail(format!("{} has no to-one relation {name:?}", at.name));
            };
            let target = registry.target(relation).ok_or_else(|| Error::internal("a relation leads nowhere"))?;
            // What nobody may read of is as if no relation led there.
            if authorize(context, target, Action::Read).is_err_and(|error| error.code() == ErrorCode::Forbidden) {
                return fail(format!("{} has no to-one relation {name:?}", at.name));
            }
            names.push(relation.name.clone());
            at = target;
        }
        let grant = authorize(context, at, Action::Read)?;
        let sortable = |field: &&clientela_model::FieldDef| field.sort && grant.fields.sees(field);
        let Some(field) = at.field(last).filter(sortable) else {
            let hint = operand::nearest(last, at.fields.iter().filter(sortable).map(|field| field.name.as_ref()));
            return fail(format!("{} cannot be sorted by {last:?}{hint}", at.plural));
        };
        names.push(field.name.clone());
        if sort.iter().any(|key| key.path == names) {
            return fail(format!("{} stands in it twice", path.join(".")));
        }
        sort.push(SortKey { path: names, descending: *descending });
    }
    Ok(sort)
}

/// A path that leads through `custom`, with each of the tenant's own names in one part; none where it does not.
pub(crate) fn own_path(path: &[String]) -> Option<Vec<String>> {
    path.iter().any(|part| part == document::NAME).then(|| {
        let mut parts: Vec<String> = Vec::with_capacity(path.len());
        for part in path {
            match parts.last_mut().filter(|last| *last == document::NAME) {
                Some(last) => *last = format!("{}{part}", document::PREFIX),
                None => parts.push(part.clone()),
            }
        }
        parts
    })
}

/// Reads a cursor of this very list.
pub(crate) fn cursor(def: &ResourceDef, list: &ListArguments, text: &str) -> Result<Cursor> {
    let invalid = |why: &str| Error::new(ErrorCode::InvalidCursor, format!("The cursor cannot be used: {why}."));
    if text.len() > 4_096 {
        return Err(invalid("it is longer than any cursor of ours"));
    }
    let cursor = Cursor::parse(text).ok_or_else(|| invalid("it is not one that this server gave out"))?;
    if cursor.fingerprint != fingerprint(def, list) {
        return Err(invalid("it belongs to another query; use it with the same filter, order and deletion mode, or start without one"));
    }
    Ok(cursor)
}

/// What a cursor is bound to: resource, filter, order and deletion mode, hashed.
pub(crate) fn fingerprint(def: &ResourceDef, list: &ListArguments) -> String {
    let mut hash = Fingerprint::new();
    let _ = write!(hash, "{}|{:?}|{:?}|", def.name, list.sort, list.deleted);
    if let Some(filter) = &list.filter {
        describe(filter, &mut hash);
    }
    hash.finish()
}

/// A text, hashed.
pub(crate) fn hashed(text: &str) -> String {
    let mut hash = Fingerprint::new();
    let _ = hash.write_str(text);
    hash.finish()
}

/// Relative ranges count by what the caller wrote, not by the moment they were resolved at.
pub(crate) fn describe(filter: &Filter, hash: &mut Fingerprint) {
    let _ = match filter {
        Filter::And(parts) | Filter::Or(parts) => {
            let _ = write!(hash, "{}(", if matches!(filter, Filter::And(_)) { "and" } else { "or" });
            parts.iter().for_each(|part| describe(part, hash));
            write!(hash, ")")
        }
        Filter::Not(inner) => {
            let _ = write!(hash, "not");
            describe(inner, hash);
            Ok(())
        }
        Filter::Field { field, comparison: Comparison::Between { source, .. } } => write!(hash, "{field}:within{source};"),
        Filter::Field { field, comparison } => write!(hash, "{field}:{comparison:?};"),
        Filter::ToOne { relation, filter } => {
            let _ = write!(hash, "{relation}.");
            describe(filter, hash);
            Ok(())
        }
        Filter::ToRecord { field: place, resource, filter } | Filter::NamedBy { field: place, resource, filter } => {
            let _ = write!(hash, "{resource}.{place}.");
            describe(filter, hash);
            Ok(())
        }
        Filter::Among { field, of } => {
            let _ = write!(hash, "{field}.");
            for among in of {
                let _ = write!(hash, "{}.{}.", among.resource, among.field);
                describe(&among.filter, hash);
            }
            Ok(())
        }
        Filter::ToMany { relation, quantifier, filter } => {
            let _ = write!(hash, "{relation}.{quantifier:?}.");
            describe(filter, hash);
            Ok(())
        }
    };
}

/// FNV-1a: stable across builds, which the standard library's hasher does not promise.
pub(crate) struct Fingerprint(u64);

impl Fingerprint {
    pub(crate) fn new() -> Self {
        Fingerprint(0xcbf2_9ce4_8422_2325)
    }

    pub(crate) fn finish(&self) -> String {
        format!("{:016x}", self.0)
    }
}

impl Write for Fingerprint {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        for byte in text.bytes() {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
        Ok(())
    }
}
