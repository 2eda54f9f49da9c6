//! The records of the tenant, as an import reaches them.

use super::prepare::RecordKey;
use super::report::Effect;
use super::write::Done;
use crate::engine::Inner;
use crate::pack::{Pack, abreast};
use crate::write;
use crate::{Engine, RecordBy, UpsertMode, WriteAction, WriteOutcome, WriteRequest};
use async_trait::async_trait;
use clientela_kernel::{ActorKind, Context, Error, ErrorCode, Id, Result};
use clientela_model::ResourceDef;
use futures_util::future::BoxFuture;
use serde_json::{Map, Value as Json};
use std::sync::Arc;

/// How often a record is tried while the database is away.
const TRIES: u32 = 9;

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
    /// Writes several rows side by side.
    async fn side_by_side(&self, works: Vec<BoxFuture<'static, Done>>) -> Result<Vec<Done>>;
    /// The same, for rows that are written apart from these.
    fn others(&self) -> Arc<dyn Records>;
    /// How often a record is tried while the database is away.
    fn tries(&self) -> u32 {
        TRIES
    }
    /// Whether an error says nothing of the record, and ends the whole.
    fn stops(&self, error: &Error) -> bool {
        matches!(error.code(), ErrorCode::DatabaseUnavailable | ErrorCode::Overloaded | ErrorCode::StorageFull)
    }
    /// Whether the reader of the report is the operator, who may see what the log would say.
    fn internals(&self) -> bool;
}

/// The records that a caller reaches.
pub(super) fn of(engine: &Engine, context: &Context) -> Arc<dyn Records> {
    Arc::new(Caller::of(&engine.inner, context))
}

struct Caller {
    /// What is asked of it is answered where rows are written side by side.
    packed: Arc<Inner>,
    pack: Arc<Pack>,
    context: Context,
}

impl Caller {
    fn of(inner: &Inner, context: &Context) -> Caller {
        let pack = Arc::new(Pack::default());
        Caller { packed: inner.packed(&pack), pack, context: context.clone() }
    }
}

impl RecordKey {
    pub(super) fn by(&self) -> RecordBy {
        match self {
            RecordKey::External { system: key, value } | RecordKey::Unique { field: key, value } => {
                RecordBy { key: key.clone(), value: value.clone() }
            }
            RecordKey::Nothing => RecordBy { key: String::new(), value: String::new() },
        }
    }
}

/// What a write says of itself.
pub(super) fn written(outcome: &WriteOutcome) -> Written {
    let effect = match (outcome.created, outcome.changed) {
        (true, _) => Effect::Created,
        (false, true) => Effect::Updated,
        (false, false) => Effect::Unchanged,
    };
    Written { id: outcome.id, effect }
}

#[async_trait]
impl Records for Caller {
    async fn upsert(&self, def: &Arc<ResourceDef>, key: &RecordKey, body: Map<String, Json>) -> Result<Written> {
        let action = WriteAction::Upsert { by: key.by(), body, mode: UpsertMode::Upsert, expected: None };
        let request = WriteRequest { def: Arc::clone(def), action, idempotency: None };
        write::execute(Arc::clone(&self.packed), self.context.clone(), request).await.map(|outcome| written(&outcome))
    }

    async fn find(&self, def: &Arc<ResourceDef>, key: &RecordKey) -> Result<Option<Id>> {
        self.packed.id_by(&self.context, def, &key.by()).await
    }

    async fn side_by_side(&self, works: Vec<BoxFuture<'static, Done>>) -> Result<Vec<Done>> {
        abreast(&self.packed, &self.context, &self.pack, works).await
    }

    fn others(&self) -> Arc<dyn Records> {
        Arc::new(Caller::of(&self.packed, &self.context))
    }

    fn internals(&self) -> bool {
        self.context.actor.kind == ActorKind::System
    }
}
