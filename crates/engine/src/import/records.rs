//! The records of the tenant, as an import reaches them.

use super::prepare::RecordKey;
use super::report::Effect;
use crate::{Engine, RecordBy, UpsertMode, WriteAction, WriteRequest};
use async_trait::async_trait;
use clientela_kernel::{ActorKind, Context, Id, Result};
use clientela_model::ResourceDef;
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

impl RecordKey {
    fn by(&self) -> RecordBy {
        match self {
            RecordKey::External { system: key, value } | RecordKey::Unique { field: key, value } => {
                RecordBy { key: key.clone(), value: value.clone() }
            }
        }
    }
}

#[async_trait]
impl Records for Caller {
    async fn upsert(&self, def: &Arc<ResourceDef>, key: &RecordKey, body: Map<String, Json>) -> Result<Written> {
        let action = WriteAction::Upsert { by: key.by(), body, mode: UpsertMode::Upsert, expected: None };
        let outcome = self.engine.write(&self.context, WriteRequest { def: Arc::clone(def), action, idempotency: None }).await?;
        let effect = match (outcome.created, outcome.changed) {
            (true, _) => Effect::Created,
            (false, true) => Effect::Updated,
            (false, false) => Effect::Unchanged,
        };
        Ok(Written { id: outcome.id, effect })
    }

    async fn find(&self, def: &Arc<ResourceDef>, key: &RecordKey) -> Result<Option<Id>> {
        self.engine.inner.id_by(&self.context, def, &key.by()).await
    }

    fn internals(&self) -> bool {
        self.context.actor.kind == ActorKind::System
    }
}
