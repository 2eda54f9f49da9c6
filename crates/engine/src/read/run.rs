//! Running a plan: the statements of its levels, from the top down, then the answer's JSON.

use super::layout::{ConnectionShape, Layout};
use super::render::{self, Group, Loaded, Page};
use super::sight::Sight;
use crate::engine::ReadAnswer;
use crate::plan::{Connection, ReadPlan, Root, Selection};
use clientela_kernel::{Comparison, Context, DeletedMode, Error, Filter, ListArguments, PageArguments, Result, Value};
use clientela_model::{FieldDef, Registry, ResourceDef, system};
use clientela_store::{Row, Scope, SortColumn};
use futures_util::future::BoxFuture;
use std::collections::{HashMap, HashSet};
use uuid::Uuid;

/// Reads a plan and appends its JSON.
pub(crate) async fn read(
    registry: &Registry,
    context: &Context,
    scope: &Scope,
    plan: &ReadPlan,
    sights: &mut Vec<Sight>,
    out: &mut Vec<u8>,
) -> Result<ReadAnswer> {
    match &plan.root {
        Root::Record { id, deleted, selection } => {
            let filter = Filter::field(system::ID, Comparison::Equal(Value::Id(*id)));
            let list = ListArguments { filter: Some(filter), sort: Vec::new(), page: PageArguments::first(1), deleted: *deleted };
            one(registry, context, scope, &plan.def, selection, &list, sights, out).await
        }
        Root::Records { ids, selection } => many(registry, context, scope, &plan.def, ids, selection, sights, out).await,
        Root::List(list, connection) => {
            let (answer, seen) = page(registry, context, scope, &plan.def, list, connection, |_| (), out).await?;
            sights.extend(seen);
            Ok(answer)
        }
    }
}

/// Reads a page of a list and appends its JSON. As soon as the page is there, and before it is written, tells the id of its last record
/// where others follow. Answers what it shows of sensitive fields as well.
pub(crate) async fn page(
    registry: &Registry,
    context: &Context,
    scope: &Scope,
    def: &ResourceDef,
    list: &ListArguments,
    connection: &Connection,
    there: impl FnOnce(Option<Uuid>) + Send,
    out: &mut Vec<u8>,
) -> Result<(ReadAnswer, Vec<Sight>)> {
    let mut layout = Layout::new(registry, context, def, list.deleted)?.for_list(list)?;
    let shape = layout.connection(connection)?;
    let page = load(scope, &layout, &shape, None).await?;
    let mut sights = Vec::new();
    layout.sights(&page.loaded, &mut sights)?;
    let id = layout.cells.iter().find(|cell| cell.table == 0 && cell.field.name == system::ID);
    let last = page.loaded.rows.last().filter(|_| page.groups.get(&Uuid::nil()).is_some_and(|group| group.more));
    there(match (id, last) {
        (Some(id), Some(last)) => last.uuid(id.position)?,
        _ => None,
    });
    let cursors = render::write_list(&layout, &shape, &page, None, out)?;
    let answer = ReadAnswer { found: true, next_cursor: cursors.next, previous_cursor: cursors.previous, ..ReadAnswer::default() };
    Ok((answer, sights))
}

async fn one(
    registry: &Registry,
    context: &Context,
    scope: &Scope,
    def: &ResourceDef,
    selection: &Selection,
    list: &ListArguments,
    sights: &mut Vec<Sight>,
    out: &mut Vec<u8>,
) -> Result<ReadAnswer> {
    let mut layout = Layout::new(registry, context, def, list.deleted)?;
    let shape = layout.object(0, selection)?;
    layout.id_cell(0)?;
    let version =
        def.field_index(system::VERSION).and_then(|index| layout.cells.iter().position(|cell| cell.table == 0 && cell.index == index));
    let mut select = layout.select(None)?;
    select.filters.extend(list.filter.iter());
    let rows = scope.fetch(&select).await?;
    drop(select);
    let Some(row) = rows.first() else { return Ok(ReadAnswer::default()) };
    let version = match version.and_then(|cell| layout.cells.get(cell)) {
        Some(cell) => row.integer(cell.position)?,
        None => None,
    };
    let loaded = below(scope, &layout, rows).await?;
    layout.sights(&loaded, sights)?;
    let row = loaded.rows.first().ok_or_else(|| Error::internal("a row went missing"))?;
    render::write_object(&layout, &shape, render::Source::Row { row, children: &loaded.children }, out)?;
    Ok(ReadAnswer { found: true, version, ..ReadAnswer::default() })
}

async fn many(
    registry: &Registry,
    context: &Context,
    scope: &Scope,
    def: &ResourceDef,
    ids: &[Uuid],
    selection: &Selection,
    sights: &mut Vec<Sight>,
    out: &mut Vec<u8>,
) -> Result<ReadAnswer> {
    let mut layout = Layout::new(registry, context, def, DeletedMode::Exclude)?;
    let shape = layout.object(0, selection)?;
    let id_cell = layout.id_cell(0)?;
    let position = layout.cells.get(id_cell).map_or(0, |cell| cell.position);
    let filter = Filter::field(system::ID, Comparison::In(ids.iter().copied().map(Value::Id).collect()));
    let mut select = layout.select(None)?;
    select.filters.push(&filter);
    let rows = scope.fetch(&select).await?;
    drop(select);
    let loaded = below(scope, &layout, rows).await?;
    layout.sights(&loaded, sights)?;
    let mut by_id = HashMap::with_capacity(loaded.rows.len());
    for row in &loaded.rows {
        by_id.insert(row.uuid(position)?, row);
    }
    out.push(b'[');
    for (index, id) in ids.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        match by_id.get(&Some(*id)) {
            Some(row) => render::write_object(&layout, &shape, render::Source::Row { row, children: &loaded.children }, out)?,
            None => out.extend_from_slice(b"null"),
        }
    }
    out.push(b']');
    Ok(ReadAnswer { found: true, ..ReadAnswer::default() })
}

/// Every field of one record, by index of its definition, deleted or not; whatever the caller may see.
pub(crate) async fn record(
    registry: &Registry,
    context: &Context,
    scope: &Scope,
    def: &ResourceDef,
    filter: &Filter,
    deleted: DeletedMode,
    limit: u32,
) -> Result<Vec<Vec<Value>>> {
    let mut layout = Layout::whole(registry, context, def, deleted)?;
    for index in 0..def.fields.len() {
        layout.cell(0, index)?;
    }
    let mut select = layout.select(None)?;
    // Rules and writes see every record: what the caller may do with it is decided before.
    select.filters = vec![filter];
    select.limit = Some(limit);
    let rows = scope.fetch(&select).await?;
    rows.iter().map(|row| layout.cells.iter().map(|cell| row.value(cell.position, cell.field)).collect()).collect()
}

/// Every field of the first records that satisfy a filter, in the order of their ids; whatever the caller may see.
pub(crate) async fn in_order(
    registry: &Registry,
    context: &Context,
    scope: &Scope,
    def: &ResourceDef,
    filter: &Filter,
    deleted: DeletedMode,
    limit: u32,
) -> Result<Vec<Vec<Value>>> {
    stretch(registry, context, scope, def, filter, deleted, None, limit).await
}

/// Every field of records that satisfy a filter, in the order of their ids, from beyond one on; whatever the caller may see.
pub(crate) async fn stretch(
    registry: &Registry,
    context: &Context,
    scope: &Scope,
    def: &ResourceDef,
    filter: &Filter,
    deleted: DeletedMode,
    beyond: Option<Uuid>,
    limit: u32,
) -> Result<Vec<Vec<Value>>> {
    let mut layout = Layout::whole(registry, context, def, deleted)?;
    for index in 0..def.fields.len() {
        layout.cell(0, index)?;
    }
    let id = def.field(system::ID).ok_or_else(|| Error::internal("a resource without an id"))?;
    let beyond = beyond.map(|id| Filter::field(system::ID, Comparison::Greater(Value::Id(id))));
    let mut select = layout.select(None)?;
    select.filters = std::iter::once(filter).chain(beyond.as_ref()).collect();
    select.sort = vec![SortColumn { table: 0, field: id, nullable: false, descending: false }];
    select.limit = Some(limit);
    let rows = scope.fetch(&select).await?;
    rows.iter().map(|row| layout.cells.iter().map(|cell| row.value(cell.position, cell.field)).collect()).collect()
}

/// Loads a list level with everything below it; with parents, the list of each.
async fn load<'a>(
    scope: &Scope,
    layout: &Layout<'a>,
    shape: &ConnectionShape<'a>,
    parents: Option<(&'a FieldDef, Vec<Uuid>)>,
) -> Result<Page> {
    let limit = usize::try_from(layout.list.map_or(0, |list| list.page.limit)).unwrap_or(usize::MAX);
    let grouped = parents.is_some();
    let totals = if shape.needs_total { count(scope, layout, parents.clone()).await? } else { HashMap::new() };
    let rows = scope.fetch(&layout.select(parents)?).await?;
    // One row more than the limit may come back, for each parent where there are parents: it says that more follows.
    let mut groups: HashMap<Uuid, Group> = HashMap::new();
    let mut kept = Vec::with_capacity(rows.len());
    for row in rows {
        let parent = if grouped { row.uuid(0)?.ok_or_else(|| Error::internal("a row without its parent"))? } else { Uuid::nil() };
        let group = groups.entry(parent).or_insert_with(|| Group { rows: kept.len()..kept.len(), more: false });
        if group.rows.len() < limit {
            kept.push(row);
            group.rows.end = kept.len();
        } else {
            group.more = true;
        }
    }
    Ok(Page { groups, totals, loaded: below(scope, layout, kept).await? })
}

async fn count<'a>(scope: &Scope, layout: &Layout<'a>, parents: Option<(&'a FieldDef, Vec<Uuid>)>) -> Result<HashMap<Uuid, i64>> {
    let grouped = parents.is_some();
    let rows = scope.count(&layout.count(parents)?).await?;
    let mut totals = HashMap::with_capacity(rows.len());
    for row in &rows {
        if grouped {
            totals.insert(row.uuid(0)?.unwrap_or_default(), row.integer(1)?.unwrap_or(0));
        } else {
            totals.insert(Uuid::nil(), row.integer(0)?.unwrap_or(0));
        }
    }
    Ok(totals)
}

/// Loads every level below these rows.
fn below<'s>(scope: &'s Scope, layout: &'s Layout<'_>, rows: Vec<Row>) -> BoxFuture<'s, Result<Loaded>> {
    Box::pin(async move {
        let mut children = Vec::with_capacity(layout.children.len());
        for child in &layout.children {
            let local = layout.cells.get(child.local).ok_or_else(|| Error::internal("no such cell"))?;
            let mut seen = HashSet::with_capacity(rows.len());
            let mut ids = Vec::with_capacity(rows.len());
            for row in &rows {
                if let Some(id) = row.uuid(local.position)?
                    && seen.insert(id)
                {
                    ids.push(id);
                }
            }
            children.push(match ids.is_empty() {
                true => Page::default(),
                false => load(scope, &child.layout, &child.shape, Some((child.foreign, ids))).await?,
            });
        }
        Ok(Loaded { rows, children })
    })
}
