//! Rows below the APIs: leases and the pieces of files. They are in no registry and no log, and their tables are written by the same
//! store as every other.

use crate::parts;
use crate::queue::lease;
use crate::webhook::position;
use clientela_kernel::{Comparison, DeletedMode, Error, Filter, Id, Result, Timestamp, Value};
use clientela_model::{Registry, Resource as _, ResourceDef, system};
use clientela_store::{Column, Commit, RowChange, RowGuard, Scope, Select, WriteSet, width};
use std::sync::{Arc, OnceLock};

/// Their definitions.
pub(crate) struct Kept {
    registry: Registry,
    pub(crate) lease: Arc<ResourceDef>,
    pub(crate) part: Arc<ResourceDef>,
    pub(crate) position: Arc<ResourceDef>,
}

static KEPT: OnceLock<std::result::Result<Kept, String>> = OnceLock::new();

impl Kept {
    pub(crate) fn get() -> Result<&'static Kept> {
        let made = KEPT.get_or_init(|| {
            let definitions = vec![lease::Model::definition(), parts::Model::definition(), position::Model::definition()];
            let registry = Registry::new(definitions).map_err(|problem| problem.to_string())?;
            let find = |name: &str| registry.resource(name).cloned().ok_or_else(|| format!("{name} is not there"));
            let (lease, part, position) = (find("jobLease")?, find("jobContent")?, find("webhookPosition")?);
            Ok(Kept { registry, lease, part, position })
        });
        made.as_ref().map_err(Error::internal)
    }
}

/// Reads a row: every field, by index.
pub(crate) async fn read(scope: &Scope, def: &ResourceDef, id: Id) -> Result<Option<Vec<Value>>> {
    let kept = Kept::get()?;
    let filter = Filter::field(system::ID, Comparison::Equal(Value::Id(id.0)));
    let select = Select {
        registry: &kept.registry,
        def,
        joins: Vec::new(),
        columns: def.fields.iter().map(|field| Column { table: 0, field }).collect(),
        filters: vec![&filter],
        deleted: DeletedMode::Include,
        sort: Vec::new(),
        seek: None,
        until: None,
        backward: false,
        limit: Some(1),
        parents: None,
    };
    let rows = scope.fetch(&select).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let mut position = 0;
    let mut values = Vec::with_capacity(def.fields.len());
    for field in &def.fields {
        values.push(row.value(position, field)?);
        position += width(field);
    }
    Ok(Some(values))
}

/// A row to write.
pub(crate) fn row(
    def: &Arc<ResourceDef>,
    id: Id,
    version: i64,
    now: Timestamp,
    guard: RowGuard,
    own: Vec<(&'static str, Value)>,
) -> RowChange {
    let system = Value::from("system");
    let mut named = vec![(system::VERSION, Value::Integer(version)), (system::UPDATED_AT, Value::Instant(now))];
    if matches!(guard, RowGuard::Insert) {
        named.extend([
            (system::ID, Value::Id(id.0)),
            (system::CREATED_AT, Value::Instant(now)),
            (system::CREATED_BY, system.clone()),
            (system::UPDATED_BY, system),
            (system::DELETED_AT, Value::Null),
        ]);
    }
    named.extend(own);
    if matches!(guard, RowGuard::Remove | RowGuard::Erase(_)) {
        named.clear();
    }
    let values = named.into_iter().filter_map(|(name, value)| Some((def.field_index(name)?, value))).collect();
    RowChange { def: Arc::clone(def), id, values, guard, references: Vec::new(), log: None, search: None }
}

/// Writes rows, all or none.
pub(crate) async fn commit(scope: &Scope, rows: Vec<RowChange>) -> Result<Commit> {
    scope.commit(WriteSet { tenant: scope.tenant(), rows, idempotency: None, audit: None }).await
}

fn field<'v>(def: &ResourceDef, values: &'v [Value], name: &str) -> &'v Value {
    def.field_index(name).and_then(|index| values.get(index)).unwrap_or(&Value::Null)
}

/// A whole number of a row.
pub(crate) fn number(def: &ResourceDef, values: &[Value], name: &str) -> i64 {
    field(def, values, name).as_integer().unwrap_or(0)
}

/// A moment of a row.
pub(crate) fn instant(def: &ResourceDef, values: &[Value], name: &str) -> Option<Timestamp> {
    field(def, values, name).as_instant()
}

/// A text of a row.
pub(crate) fn text<'v>(def: &ResourceDef, values: &'v [Value], name: &str) -> Option<&'v str> {
    field(def, values, name).as_text()
}
