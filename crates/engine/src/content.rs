//! Files that belong to records: who holds them, and how they come in and go out. A resource whose definition names a
//! [`clientela_model::ContentRole`] has an implementation of [`Contents`] in its module.

use crate::module::Found;
use crate::{Engine, write::WriteOutcome};
use async_trait::async_trait;
use clientela_access::{Action, authorize};
use clientela_kernel::{Context, DeletedMode, Error, Filter, Id, Result, Value};
use clientela_model::{ResourceDef, system};
use clientela_store::Scope;
use futures_util::stream::BoxStream;
use std::fs::File;
use std::sync::Arc;

/// A file that a caller has sent, whole, on its way into a record.
#[derive(Debug)]
pub struct Received {
    /// Its media type, one of [`clientela_model::CONTENT_TYPES`].
    pub media_type: &'static str,
    /// The file, at its beginning. Nobody else knows it, and it goes with this.
    pub file: File,
    /// Its size.
    pub bytes: u64,
}

/// A file on its way to a caller.
pub struct Given {
    /// Its media type, one of [`clientela_model::CONTENT_TYPES`].
    pub media_type: &'static str,
    /// What to call it: letters, digits, hyphens and one dot, all of ASCII.
    pub file_name: String,
    /// Its size.
    pub bytes: u64,
    /// The file, piece by piece.
    pub pieces: BoxStream<'static, Result<Vec<u8>>>,
}

/// Where the files of a resource's records are. The caller's right to the resource has been looked at already; whether there is such
/// a record has not.
#[async_trait]
pub trait Contents: Send + Sync {
    /// Keeps the file of a record. Answers the record as it is then.
    async fn receive(&self, engine: &Engine, scope: &Scope, context: &Context, id: Id, received: Received) -> Result<WriteOutcome>;

    /// The file of a record.
    async fn give(&self, engine: &Engine, scope: &Scope, context: &Context, id: Id) -> Result<Given>;
}

impl Engine {
    /// Keeps the file of a record; `NOT_FOUND` where there is no such record.
    pub async fn receive(&self, context: &Context, def: &ResourceDef, id: Id, received: Received) -> Result<WriteOutcome> {
        authorize(context, def, Action::Update)?;
        let scope = self.inner.store.scope(context.tenant);
        self.contents(def)?.receive(self, &scope, context, id, received).await
    }

    /// The file of a record; `NOT_FOUND` where there is no such record, or no file (any more, or yet).
    pub async fn give(&self, context: &Context, def: &ResourceDef, id: Id) -> Result<Given> {
        authorize(context, def, Action::Read)?;
        let scope = self.inner.store.scope(context.tenant);
        self.contents(def)?.give(self, &scope, context, id).await
    }

    /// Refuses who may not send files to records of a resource, before anything is read of them.
    pub fn may_send(&self, context: &Context, def: &ResourceDef) -> Result<()> {
        authorize(context, def, Action::Update).map(drop)
    }

    /// The living records that satisfy a filter, at most 1000, with every field, whatever the caller may see: for who holds files and
    /// carries out jobs.
    pub async fn found(&self, context: &Context, def: &Arc<ResourceDef>, filter: &Filter) -> Result<Vec<Found>> {
        let scope = self.inner.store.scope(context.tenant);
        let records = self.inner.find(context, &scope, def, filter, DeletedMode::Exclude, 1000).await?;
        let id = def.field_index(system::ID).ok_or_else(|| Error::internal("a resource without an id"))?;
        let found = |values: Vec<Value>| Some(Found { def: Arc::clone(def), id: Id(values.get(id)?.as_id()?), values });
        Ok(records.into_iter().filter_map(found).collect())
    }

    /// The first thousand of the living records that satisfy a filter, in the order of their ids, whatever the caller may see.
    pub async fn found_in_order(&self, context: &Context, def: &Arc<ResourceDef>, filter: &Filter) -> Result<Vec<Found>> {
        self.found_in_order_as(context, def, filter, DeletedMode::Exclude).await
    }

    /// The same with deleted ones, or among these alone.
    pub async fn found_in_order_as(
        &self,
        context: &Context,
        def: &Arc<ResourceDef>,
        filter: &Filter,
        deleted: DeletedMode,
    ) -> Result<Vec<Found>> {
        let scope = self.inner.store.scope(context.tenant);
        let registry = &self.inner.registry;
        let records = crate::read::in_order(registry, context, &scope, def, filter, deleted, 1000).await?;
        let id = def.field_index(system::ID).ok_or_else(|| Error::internal("a resource without an id"))?;
        let found = |values: Vec<Value>| Some(Found { def: Arc::clone(def), id: Id(values.get(id)?.as_id()?), values });
        Ok(records.into_iter().filter_map(found).collect())
    }

    fn contents(&self, def: &ResourceDef) -> Result<&dyn Contents> {
        let contents = self.inner.contents.get(def.name.as_ref());
        contents.map(AsRef::as_ref).ok_or_else(|| Error::internal(format!("nobody holds the files of {}", def.plural)))
    }
}
