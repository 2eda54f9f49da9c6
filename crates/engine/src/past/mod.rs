//! What was: the changes of a record, and records as they were at a moment, replayed from the change log.
//!
//! A mirror has no log of its own, so it has no past of its own either: that of the records it mirrors tells it.

mod history;
mod list;
mod replay;

pub(crate) use history::shown;
pub use history::{HistoryPage, MAXIMUM_HISTORY};

use crate::engine::ReadAnswer;
use crate::plan::{Item, ReadPlan, Root, Selection};
use crate::read::{self, Layout, Source};
use crate::{Engine, values};
use clientela_access::{Action, authorize};
use clientela_kernel::{Comparison, Context, DeletedMode, Error, ErrorCode, Filter, Result, Timestamp, Value};
use clientela_model::{ResourceDef, naming, system};
use clientela_store::{Change, Scope};
use serde_json::{Map, Value as Json};
use std::collections::HashSet;
use uuid::Uuid;

/// How many changes of one record are replayed.
pub const MAXIMUM_CHANGES: u32 = 10_000;
/// How many changes a list as of a moment may replay.
pub const MAXIMUM_LIST_CHANGES: u32 = 100_000;

impl Engine {
    /// Runs a plan over the records as they were at a moment, and appends its JSON. Only the resource's own fields can be shown,
    /// filtered and sorted by: what a relation leads to may have been another record then. `INVALID_PARAMETER` says so;
    /// `QUERY_TOO_COMPLEX` where more changes would have to be replayed than [`MAXIMUM_LIST_CHANGES`].
    pub async fn read_past(&self, context: &Context, plan: &ReadPlan, at: Timestamp, out: &mut Vec<u8>) -> Result<ReadAnswer> {
        read::cost::of(plan)?;
        let def = plan.def.as_ref();
        let grant = authorize(context, def, Action::Read)?;
        has_past(def)?;
        let scope = self.inner.store.scope(context.tenant);
        match &plan.root {
            Root::Record { id, deleted, selection } => {
                own_fields(def, selection)?;
                let changes = scope.lives(&def.name, Some(&[*id]), None, MAXIMUM_CHANGES + 1).await?;
                if changes.len() > usize::try_from(MAXIMUM_CHANGES).unwrap_or(usize::MAX) {
                    return Err(too_many(MAXIMUM_CHANGES));
                }
                let Some(record) = replay::state(def, &changes, at) else { return Ok(ReadAnswer::default()) };
                let visible = self.visible_now(context, &scope, def, grant.rows.as_ref(), &[*id]).await?;
                if !counts(def, &record, *deleted) || visible.is_some_and(|visible| visible.is_empty()) {
                    return Ok(ReadAnswer::default());
                }
                let mut layout = Layout::new(self.registry(), context, def, *deleted)?;
                let shape = layout.object(0, selection)?;
                read::write_object(&layout, &shape, Source::Memory(&record), out)?;
                self.saw(context, layout.sights_of(&record)).await;
                Ok(ReadAnswer { found: true, ..ReadAnswer::default() })
            }
            Root::List(list, connection) => list::read(self, context, &scope, def, grant.rows.as_ref(), list, connection, at, out).await,
            Root::Records { .. } => Err(Error::internal("records by several ids have no past")),
        }
    }

    /// Which of these records a caller with limited rights may read today: the past of a record is for whoever may read the record. None where
    /// rights have no limits.
    async fn visible_now(
        &self,
        context: &Context,
        scope: &Scope,
        def: &ResourceDef,
        rows: Option<&Filter>,
        ids: &[Uuid],
    ) -> Result<Option<HashSet<Uuid>>> {
        let Some(rows) = rows else { return Ok(None) };
        let these = Filter::field(system::ID, Comparison::In(ids.iter().copied().map(Value::Id).collect()));
        let most = u32::try_from(ids.len()).unwrap_or(u32::MAX);
        let found = self.inner.find(context, scope, def, &Filter::And(vec![these, rows.clone()]), DeletedMode::Include, most).await?;
        Ok(Some(found.iter().filter_map(|record| crate::write::id_of(def, record)).map(|id| id.0).collect()))
    }
}

/// Fields by name, as the log has them.
type Logged = Map<String, Json>;

/// The fields that a change changed, before and after; the second is not there where what it held is erased.
pub(crate) fn sides(change: &Change) -> Result<(Logged, Option<Logged>)> {
    let side = |text: &Option<String>| text.as_deref().map(serde_json::from_str).transpose().map_err(Error::internal);
    Ok((side(&change.before)?.unwrap_or_default(), side(&change.after)?))
}

/// Refuses a mirror.
fn has_past(def: &ResourceDef) -> Result<()> {
    if !def.mirror {
        return Ok(());
    }
    let words = naming::words(&def.plural);
    Err(Error::new(
        ErrorCode::InvalidParameter,
        format!("{words} mirror other records and have no history of their own. Ask for that of the records they mirror."),
    ))
}

fn own_fields(def: &ResourceDef, selection: &Selection) -> Result<()> {
    let mut parts = selection.items.iter();
    if let Some(inner) = parts.find_map(|item| if let Item::Part { selection, .. } = item { Some(selection) } else { None }) {
        own_fields(def, inner)?;
    }
    let relation = selection.items.iter().find_map(|item| match item {
        Item::Part { .. } => None,
        Item::ToOne { relation, .. } | Item::ToMany { relation, .. } => def.relations.get(*relation),
        Item::Field { .. } | Item::Constant { .. } | Item::MoneyParts { .. } => None,
    });
    match relation {
        Some(relation) => Err(own_only(&format!("shows {}", relation.name))),
        None => Ok(()),
    }
}

fn own_only(what: &str) -> Error {
    Error::new(
        ErrorCode::InvalidParameter,
        format!(
            "A read as of a moment takes the record's own fields alone, but this one {what}. Read what a reference names by itself, as of the same moment."
        ),
    )
}

fn too_many(limit: u32) -> Error {
    Error::new(
        ErrorCode::QueryTooComplex,
        format!(
            "This would replay more than the {limit} changes allowed. Narrow the filter by id, or read page by page in the order of the ids."
        ),
    )
}

/// Whether the record as it was counts with regard to deletion.
fn counts(def: &ResourceDef, record: &[Value], deleted: DeletedMode) -> bool {
    let living = def.field_index(system::DELETED_AT).and_then(|index| record.get(index)).is_none_or(Value::is_null);
    match deleted {
        DeletedMode::Exclude => living,
        DeletedMode::Include => true,
        DeletedMode::Only => !living,
    }
}

fn holds_all(filter: Option<&Filter>, def: &ResourceDef, record: &[Value]) -> Result<bool> {
    filter.map_or(Ok(true), |filter| holds(filter, def, record))
}

/// Whether the record as it was satisfies a filter of its own fields.
fn holds(filter: &Filter, def: &ResourceDef, record: &[Value]) -> Result<bool> {
    match filter {
        Filter::And(all) => {
            for filter in all {
                if !holds(filter, def, record)? {
                    return Ok(false);
                }
            }
            Ok(true)
        }
        Filter::Or(any) => {
            for filter in any {
                if holds(filter, def, record)? {
                    return Ok(true);
                }
            }
            Ok(false)
        }
        Filter::Not(inner) => Ok(!holds(inner, def, record)?),
        Filter::Field { field, comparison } => {
            let index = def.field_index(field).ok_or_else(|| Error::internal("a filter names an unknown field"))?;
            let definition = def.fields.get(index).ok_or_else(|| Error::internal("a filter names an unknown field"))?;
            Ok(values::satisfies(record.get(index).unwrap_or(&Value::Null), definition, comparison))
        }
        Filter::ToOne { relation: other, .. }
        | Filter::ToMany { relation: other, .. }
        | Filter::ToRecord { field: other, .. }
        | Filter::Among { field: other, .. }
        | Filter::NamedBy { resource: other, .. } => Err(own_only(&format!("filters through {other}"))),
    }
}

/// Refuses a filter that leads through relations, whatever the records are.
fn check(filter: &Filter) -> Result<()> {
    match filter {
        Filter::And(filters) | Filter::Or(filters) => filters.iter().try_for_each(check),
        Filter::Not(inner) => check(inner),
        Filter::Field { .. } => Ok(()),
        Filter::ToOne { relation: other, .. }
        | Filter::ToMany { relation: other, .. }
        | Filter::ToRecord { field: other, .. }
        | Filter::Among { field: other, .. }
        | Filter::NamedBy { resource: other, .. } => Err(own_only(&format!("filters through {other}"))),
    }
}
