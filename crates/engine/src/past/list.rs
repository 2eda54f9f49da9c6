//! A list as of a moment: every record of the resource is replayed, then filtered, sorted and paged as it was.
//!
//! In the order of the ids the log is read in stretches, and no further than the page needs.

use super::{MAXIMUM_LIST_CHANGES, check, counts, holds_all, own_fields, own_only, replay, too_many};
use crate::Engine;
use crate::engine::ReadAnswer;
use crate::plan::{Connection, ConnectionItem, EdgeItem};
use crate::read::{self, Layout};
use crate::values::order;
use clientela_kernel::{Comparison, Context, Filter, ListArguments, Result, Timestamp, Value};
use clientela_model::{ResourceDef, system};
use clientela_store::{Change, Scope};
use std::cmp::Ordering;
use uuid::Uuid;

/// How many records are replayed before it is asked which of them may be read.
const AT_ONCE: usize = 500;
/// How many changes one statement reads.
const STRETCH: u32 = 5_000;

#[expect(clippy::too_many_arguments, reason = "all of it is the one request that a list is")]
pub(super) async fn read(
    engine: &Engine,
    context: &Context,
    scope: &Scope,
    def: &ResourceDef,
    rows: Option<&Filter>,
    list: &ListArguments,
    connection: &Connection,
    at: Timestamp,
    out: &mut Vec<u8>,
) -> Result<ReadAnswer> {
    for item in &connection.items {
        match item {
            ConnectionItem::Nodes { selection, .. } => own_fields(def, selection)?,
            ConnectionItem::Edges { items, .. } => {
                for item in items {
                    if let EdgeItem::Node { selection, .. } = item {
                        own_fields(def, selection)?;
                    }
                }
            }
            ConnectionItem::PageInfo { .. } | ConnectionItem::TotalCount { .. } | ConnectionItem::Constant { .. } => {}
        }
    }
    list.filter.iter().try_for_each(check)?;
    if let Some(key) = list.sort.iter().find(|key| key.path.len() > 1) {
        let path: Vec<&str> = key.path.iter().map(AsRef::as_ref).collect();
        return Err(own_only(&format!("sorts by {}", path.join("."))));
    }
    let mut layout = Layout::new(engine.registry(), context, def, list.deleted)?.for_list(list)?;
    let shape = layout.connection(connection)?;
    let keys: Vec<(usize, bool)> =
        layout.sort.iter().filter_map(|(cell, descending)| Some((layout.cells.get(*cell)?.index, *descending))).collect();
    let places = [(&list.page.after, Ordering::Greater), (&list.page.before, Ordering::Less)];
    let mut bounds = Vec::new();
    for (cursor, wanted) in places {
        if let Some(cursor) = cursor {
            bounds.push((layout.place(cursor)?.values, wanted));
        }
    }
    let limit = usize::try_from(list.page.limit).unwrap_or(usize::MAX);
    let by_id = matches!(keys.as_slice(), [(index, false)] if def.field_index(system::ID) == Some(*index));
    // Where the page is full nothing further need be read, unless all records are to be counted.
    let enough = (by_id && !list.page.backward && !shape.needs_total).then_some(limit.saturating_add(1));
    let from = if enough.is_some() { list.page.after.as_ref().map(|cursor| cursor.id) } else { None };
    let ids = list.filter.as_ref().and_then(ids);
    let mut log = Log { scope, def, ids, beyond: from, read: 0, rest: Vec::new(), done: false };
    let (mut records, mut total) = (Vec::new(), 0i64);
    loop {
        // What it was is told to whoever may read it now.
        let mut some = Vec::new();
        while some.len() < AT_ONCE {
            let Some(changes) = log.next().await? else { break };
            let Some(record) = replay::state(def, &changes, at) else { continue };
            if counts(def, &record, list.deleted) && holds_all(list.filter.as_ref(), def, &record)? {
                some.push(record);
            }
            if rows.is_none() && enough.is_some_and(|enough| records.len() + some.len() >= enough) {
                break;
            }
        }
        if some.is_empty() {
            break;
        }
        let ids: Vec<Uuid> = some.iter().filter_map(|record| crate::write::id_of(def, record)).map(|id| id.0).collect();
        let visible = engine.visible_now(context, scope, def, rows, &ids).await?;
        let visible = |record: &Vec<Value>| match (&visible, crate::write::id_of(def, record)) {
            (Some(visible), Some(id)) => visible.contains(&id.0),
            _ => true,
        };
        for record in some.into_iter().filter(visible) {
            total += 1;
            if bounds.iter().all(|(place, wanted)| against(&record, place, &keys) == *wanted) {
                records.push(record);
            }
        }
        if enough.is_some_and(|enough| records.len() >= enough) {
            break;
        }
    }
    records.sort_by(|left, right| compare(left, right, &keys));
    if list.page.backward {
        records.reverse();
    }
    let more = records.len() > limit;
    records.truncate(limit);
    let cursors = read::write_memory(&layout, &shape, &records, more, total, out)?;
    engine.saw(context, records.iter().flat_map(|record| layout.sights_of(record)).collect()).await;
    Ok(ReadAnswer { found: true, next_cursor: cursors.next, previous_cursor: cursors.previous, ..ReadAnswer::default() })
}

/// The log of a resource, record by record.
struct Log<'a> {
    scope: &'a Scope,
    def: &'a ResourceDef,
    ids: Option<Vec<Uuid>>,
    beyond: Option<Uuid>,
    read: u32,
    /// What was read and not handed out, in reversed order.
    rest: Vec<Change>,
    done: bool,
}

impl Log<'_> {
    /// The changes of the next record.
    async fn next(&mut self) -> Result<Option<Vec<Change>>> {
        loop {
            // A record is whole once another follows it, or nothing does.
            let whole = match (self.rest.last(), self.rest.first()) {
                (Some(next), Some(last)) => self.done || next.record != last.record,
                _ => false,
            };
            if whole {
                let Some(first) = self.rest.pop() else { return Ok(None) };
                let id = first.record;
                let mut changes = vec![first];
                while self.rest.last().is_some_and(|next| next.record == id) {
                    changes.extend(self.rest.pop());
                }
                self.beyond = Some(id.0);
                return Ok(Some(changes));
            }
            if self.done {
                return Ok(None);
            }
            if self.read >= MAXIMUM_LIST_CHANGES {
                return Err(too_many(MAXIMUM_LIST_CHANGES));
            }
            // What is there of the unfinished record is read again with what follows; in a longer stretch, should it fill one.
            let length = STRETCH.max(u32::try_from(self.rest.len()).unwrap_or(u32::MAX).saturating_mul(2)).min(MAXIMUM_LIST_CHANGES);
            self.read = self.read.saturating_add(length);
            let mut found = self.scope.lives(&self.def.name, self.ids.as_deref(), self.beyond, length).await?;
            self.done = found.len() < usize::try_from(length).unwrap_or(usize::MAX);
            found.reverse();
            self.rest = found;
        }
    }
}

/// The ids that a filter narrows a list to, where it does.
fn ids(filter: &Filter) -> Option<Vec<Uuid>> {
    match filter {
        Filter::And(all) => all.iter().find_map(ids),
        Filter::Field { field, comparison: Comparison::Equal(Value::Id(id)) } if field == system::ID => Some(vec![*id]),
        Filter::Field { field, comparison: Comparison::In(values) } if field == system::ID => {
            Some(values.iter().filter_map(Value::as_id).collect())
        }
        _ => None,
    }
}

fn compare(left: &[Value], right: &[Value], keys: &[(usize, bool)]) -> Ordering {
    let value = |record: &[Value], index: usize| record.get(index).cloned().unwrap_or_default();
    against(left, &keys.iter().map(|(index, _)| value(right, *index)).collect::<Vec<_>>(), keys)
}

fn against(record: &[Value], place: &[Value], keys: &[(usize, bool)]) -> Ordering {
    keys.iter().zip(place).fold(Ordering::Equal, |known, ((index, descending), value)| {
        known.then_with(|| {
            let found = order(record.get(*index).unwrap_or(&Value::Null), value);
            if *descending { found.reverse() } else { found }
        })
    })
}
