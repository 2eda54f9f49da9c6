//! Records that have no log of their own, such as deliveries and inbox events: their rows are written as they are.

use clientela_engine::Engine;
use clientela_engine::module::Found;
use clientela_kernel::{Comparison, Context, DeletedMode, Filter, Id, Result, Value};
use clientela_model::{ResourceDef, system};
use clientela_store::{RowChange, RowGuard, WriteSet};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Rows that are removed together.
const TOGETHER: u32 = 200;

/// The row of a new record. What is not named is empty.
pub(crate) fn made(context: &Context, def: &Arc<ResourceDef>, id: Id, own: Vec<(&'static str, Value)>) -> RowChange {
    let (now, actor) = (context.now, Value::Text(context.actor.to_text()));
    let named = [
        (system::ID, Value::Id(id.0)),
        (system::VERSION, Value::Integer(1)),
        (system::CREATED_AT, Value::Instant(now)),
        (system::CREATED_BY, actor.clone()),
        (system::UPDATED_AT, Value::Instant(now)),
        (system::UPDATED_BY, actor),
    ];
    let mut values: Vec<(usize, Value)> = (0..def.fields.len()).map(|index| (index, Value::Null)).collect();
    for (name, value) in named.into_iter().chain(own) {
        if let Some((_, slot)) = def.field_index(name).and_then(|index| values.get_mut(index)) {
            *slot = value;
        }
    }
    RowChange { def: Arc::clone(def), id, values, guard: RowGuard::Insert, references: Vec::new(), log: None, search: None }
}

/// A change of a record as it was read; of several values of a field the last counts. Where somebody else was faster nothing is written.
pub(crate) fn change(context: &Context, record: &Found, values: Vec<(&'static str, Value)>) -> RowChange {
    let version = record.get(system::VERSION).as_integer().unwrap_or(0);
    let stamps = [
        (system::VERSION, Value::Integer(version + 1)),
        (system::UPDATED_AT, Value::Instant(context.now)),
        (system::UPDATED_BY, Value::Text(context.actor.to_text())),
    ];
    let def = &record.def;
    let values: BTreeMap<usize, Value> =
        stamps.into_iter().chain(values).filter_map(|(name, value)| Some((def.field_index(name)?, value))).collect();
    let values = values.into_iter().collect();
    let guard = RowGuard::Version(version);
    RowChange { def: Arc::clone(def), id: record.id, values, guard, references: Vec::new(), log: None, search: None }
}

/// The first living records of a resource that satisfy all of this, in the order of their ids, from beyond one of them on.
pub(crate) async fn page(
    engine: &Engine,
    own: &Context,
    resource: &str,
    mut all: Vec<Filter>,
    beyond: Option<Id>,
    most: u32,
) -> Result<Vec<Found>> {
    all.extend(beyond.map(|id| Filter::field(system::ID, Comparison::Greater(Value::Id(id.0)))));
    clientela_engine::Call::inside(engine, own).visible_as(resource, Filter::And(all), DeletedMode::Include, None, most).await
}

/// Removes the records of a resource that satisfy a filter, for good. Answers how many there were.
pub(crate) async fn remove(engine: &Engine, own: &Context, resource: &str, filter: &Filter) -> Result<usize> {
    let mut count = 0;
    loop {
        let found = page(engine, own, resource, vec![filter.clone()], None, TOGETHER).await?;
        if found.is_empty() {
            return Ok(count);
        }
        count += found.len();
        remove_these(engine, own, &found).await?;
    }
}

/// Removes records for good.
pub(crate) async fn remove_these(engine: &Engine, own: &Context, records: &[Found]) -> Result<()> {
    let rows = records.iter().map(gone).collect();
    engine.scope(own).commit(WriteSet { tenant: own.tenant, rows, idempotency: None, audit: None }).await.map(drop)
}

/// The row of a record that is removed for good.
fn gone(record: &Found) -> RowChange {
    let (def, id) = (Arc::clone(&record.def), record.id);
    RowChange { def, id, values: Vec::new(), guard: RowGuard::Remove, references: Vec::new(), log: None, search: None }
}
