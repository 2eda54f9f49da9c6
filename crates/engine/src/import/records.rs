//! The records of the tenant, as an import reaches them.

use super::prepare::RecordKey;
use super::report::Effect;
use crate::{Engine, WriteAction, WriteRequest};
use async_trait::async_trait;
use clientela_kernel::{ActorKind, Comparison, Context, DeletedMode, Error, Filter, Id, Result, Value};
use clientela_model::{ResourceDef, system};
use serde_json::{Map, Value as Json};
use std::sync::Arc;

/// A record that is there now.
#[derive(Clone, Copy, Debug)]
pub(super) struct Written {
    pub(super) id: Id,
    pub(super) effect: Effect,
}

/// What an import asks of the database.
#[async_trait]
pub(super) trait Records: Send + Sync {
    /// Makes the record that has this key, or brings it up to date.
    async fn upsert(&self, def: &Arc<ResourceDef>, key: &RecordKey, body: Map<String, Json>) -> Result<Written>;
    /// The living record that has this key.
    async fn find(&self, def: &Arc<ResourceDef>, key: &RecordKey) -> Result<Option<Id>>;
    /// Whether the reader of the report is the operator, who may see what the log would say.
    fn internals(&self) -> bool;
}

/// The records that a caller reaches.
pub(super) fn of(engine: &Engine, context: &Context) -> Arc<dyn Records> {
    Arc::new(Caller { engine: engine.clone(), context: context.clone() })
}

struct Caller {
    engine: Engine,
    context: Context,
}

#[async_trait]
impl Records for Caller {
    async fn upsert(&self, def: &Arc<ResourceDef>, key: &RecordKey, body: Map<String, Json>) -> Result<Written> {
        let found = self.find(def, key).await?;
        let action = match found {
            Some(id) => WriteAction::Update { id, body, expected: None },
            None => WriteAction::Create { body },
        };
        let request = WriteRequest { def: Arc::clone(def), action, idempotency: None };
        let outcome = self.engine.write(&self.context, request).await?;
        let effect = if found.is_some() { Effect::Updated } else { Effect::Created };
        Ok(Written { id: outcome.id, effect })
    }

    async fn find(&self, def: &Arc<ResourceDef>, key: &RecordKey) -> Result<Option<Id>> {
        let RecordKey::Unique { field, value } = key else {
            return Err(Error::internal("keys of other systems cannot be looked up yet"));
        };
        let filter = Filter::field(field.clone(), Comparison::Equal(Value::Text(value.clone())));
        let inner = &self.engine.inner;
        let scope = inner.store.scope(self.context.tenant);
        let found = inner.find(&self.context, &scope, def, &filter, DeletedMode::Exclude, 1).await?.pop();
        Ok(found.and_then(|record| def.field_index(system::ID).and_then(|index| record.get(index)).and_then(Value::as_id)).map(Id))
    }

    fn internals(&self) -> bool {
        self.context.actor.kind == ActorKind::System
    }
}
