//! What an operation may do: read and write, in the caller's name, inside one transaction.

use crate::Engine;
use crate::module::{ChangeKind, Draft, Found};
use crate::write::{self, Expected, Kept, NetChange, Repointed, WriteAction, WriteOutcome, WriteRequest};
use clientela_access::{Action, FieldMask, Grant, authorize};
use clientela_kernel::{
    Comparison, Context, DeletedMode, Error, ErrorCode, FieldProblem, Filter, Id, Name, ProblemCode, Result, Timestamp, Value,
};
use clientela_model::{FieldDef, FieldType, ResourceDef, system};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use uuid::Uuid;

/// Greatest number of records that an operation reads at once.
const MAXIMUM_FOUND: u32 = 1_000;

/// One run of an operation.
pub struct Call<'a> {
    pub(crate) engine: &'a Engine,
    /// Who asks.
    pub context: &'a Context,
    pub(super) target: Option<Found>,
    /// Whether it sees only what the caller sees: it only tells what there is.
    pub(super) limited: bool,
}

impl Call<'_> {
    /// What rules do in the name of whoever asks, as an operation would, with an engine inside a transaction.
    pub fn inside<'e>(engine: &'e Engine, context: &'e Context) -> Call<'e> {
        Call { engine, context, target: None, limited: false }
    }

    /// The same call over an engine with other definitions ([`Engine::redefined`]).
    pub fn over<'e>(&'e self, engine: &'e Engine) -> Call<'e> {
        Call { engine, context: self.context, target: self.target.clone(), limited: self.limited }
    }

    /// The engine inside the transaction, for what the other methods do not offer.
    pub fn engine(&self) -> &Engine {
        self.engine
    }

    /// The moment by the server's clock.
    pub fn now(&self) -> Timestamp {
        self.engine.inner.clock.now()
    }

    /// The record it is done with, as it stood when the transaction began.
    pub fn target(&self) -> Result<&Found> {
        self.target.as_ref().ok_or_else(|| Error::internal("the operation is done with no record"))
    }

    /// The living records of a resource that satisfy a filter, at most 1000 (`QUERY_TOO_COMPLEX` beyond). An operation that writes finds them whatever the caller may see: what it makes
    /// of them is its own affair, and records it names in its output are read again as the caller may see them. One that only reads finds what the caller may
    /// read, with hidden fields empty.
    pub async fn find(&self, resource: &str, filter: Filter) -> Result<Vec<Found>> {
        self.seek(resource, &filter, DeletedMode::Exclude).await
    }

    /// The living record with an id, whatever the caller may see.
    pub async fn record(&self, resource: &str, id: Id) -> Result<Option<Found>> {
        Ok(self.find(resource, Filter::field(system::ID, Comparison::Equal(Value::Id(id.0)))).await?.pop())
    }

    /// Keeps others from changing these records while the operation is under way; what has begun is waited for. What was read of them before may be
    /// no longer so.
    pub async fn hold(&self, resource: &str, ids: &[Id]) -> Result<()> {
        let inner = &self.engine.inner;
        let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
        inner.store.scope(self.context.tenant).hold(&*inner.resource(resource)?, &ids).await
    }

    /// The living record that a field of the input names; `VALIDATION_FAILED` where there is none that the caller may see.
    pub async fn referenced(&self, field: &str, resource: &str, id: Id) -> Result<Found> {
        let def = self.engine.inner.resource(resource)?;
        let grant = authorize(self.context, &def, Action::Read)?;
        let mut filter = Filter::field(system::ID, Comparison::Equal(Value::Id(id.0)));
        if let Some(rows) = grant.rows {
            filter = Filter::And(vec![filter, rows]);
        }
        let found = self.seek(resource, &filter, DeletedMode::Exclude).await?.pop();
        found.ok_or_else(|| {
            let text = id.to_text(&def.prefix);
            let detail = format!("{field} names {text}, and there is no such {resource}, or it is deleted, or you may not see it.");
            Error::validation(vec![FieldProblem::new(format!("/{field}"), ProblemCode::ReferenceNotFound, detail)])
        })
    }

    /// At most so many living records of a resource that satisfy a filter and that the caller may see, in the order of their ids and from
    /// beyond one of them on. None where the caller may read no such records at all.
    pub async fn visible(&self, resource: &str, filter: Filter, beyond: Option<Id>, most: u32) -> Result<Vec<Found>> {
        self.visible_as(resource, filter, DeletedMode::Exclude, beyond, most).await
    }

    /// The same with deleted ones, or among these alone.
    pub async fn visible_as(
        &self,
        resource: &str,
        filter: Filter,
        deleted: DeletedMode,
        beyond: Option<Id>,
        most: u32,
    ) -> Result<Vec<Found>> {
        let inner = &self.engine.inner;
        let def = inner.resource(resource)?;
        let grant = match authorize(self.context, &def, Action::Read) {
            Err(error) if error.code() == ErrorCode::Forbidden => return Ok(Vec::new()),
            grant => grant?,
        };
        let beyond = beyond.map(|id| Filter::field(system::ID, Comparison::Greater(Value::Id(id.0))));
        let filter = Filter::And([filter].into_iter().chain(grant.rows).chain(beyond).collect());
        let scope = inner.store.scope(self.context.tenant);
        let records = crate::read::in_order(&inner.registry, self.context, &scope, &def, &filter, deleted, most).await?;
        let mask = if self.limited { grant.fields } else { FieldMask::default() };
        Ok(records.into_iter().filter_map(|values| found(&def, values)).map(|found| masked(found, &mask)).collect())
    }

    /// The record it is done with, held ([`Call::hold`]): nobody changes it until the operation is over. Where somebody did in the moment since it was read, the operation starts anew, so that of two
    /// decisions the later one sees what the first one made of it, and a version that the caller named is compared with that.
    pub async fn held(&self) -> Result<&Found> {
        let target = self.target()?;
        let name = &target.def.name;
        self.hold(name, &[target.id]).await?;
        match self.record(name, target.id).await? {
            Some(now) if now.get(system::VERSION) == target.get(system::VERSION) => Ok(target),
            _ => Err(Error::collision("a record changed before it was held")),
        }
    }

    /// Makes a record of these values, whatever the API offers; derived fields, checks, companions and the change log are as
    /// for any other, and so are the rights: the caller must be one who may create such records.
    pub async fn create(&self, resource: &str, values: Vec<(impl Into<Name>, Value)>) -> Result<WriteOutcome> {
        self.write(resource, WriteAction::Make { values: named(values) }).await
    }

    /// Sets fields of a record, whatever the API offers; otherwise like any other change.
    pub async fn set(
        &self,
        resource: &str,
        id: Id,
        values: Vec<(impl Into<Name>, Value)>,
        expected: Option<Expected>,
    ) -> Result<WriteOutcome> {
        self.write(resource, WriteAction::Set { id, values: named(values), expected }).await
    }

    /// Sets fields of a record in the caller's name but by the server's own right: for what is about the caller alone, or was
    /// allowed by a rule of the operation.
    pub async fn set_by_server(&self, resource: &str, id: Id, values: Vec<(impl Into<Name>, Value)>) -> Result<WriteOutcome> {
        let request = WriteRequest {
            def: self.engine.inner.resource(resource)?,
            action: WriteAction::Set { id, values: named(values), expected: None },
            idempotency: None,
        };
        write::execute(Arc::clone(&self.engine.inner), self.context.unlimited(), request).await
    }

    /// Makes a record in the caller's name but by the server's own right: for what is about the caller alone, or was allowed by a rule of the
    /// operation.
    pub async fn create_by_server(&self, resource: &str, values: Vec<(impl Into<Name>, Value)>) -> Result<WriteOutcome> {
        let request = WriteRequest {
            def: self.engine.inner.resource(resource)?,
            action: WriteAction::Make { values: named(values) },
            idempotency: None,
        };
        write::execute(Arc::clone(&self.engine.inner), self.context.unlimited(), request).await
    }

    /// Everything that names a record, deleted records too, names another one of the same resource from now on, each with a version and a
    /// log row of its own. Of its rules only what is derived from the record itself is asked; `adjust` says what else changes. A living record that would be the like of
    /// another by a unique key, or would name the same record twice, is deleted instead.
    pub async fn repoint(&self, from: &Found, to: Id, adjust: &(dyn Fn(&mut Draft) + Send + Sync)) -> Result<Vec<Repointed>> {
        let inner = &self.engine.inner;
        let scope = inner.store.scope(self.context.tenant);
        let now = inner.clock.now();
        let draft =
            inner.stamped(self.context, now, &from.def, from.id, ChangeKind::Updated, Some(from.values.clone()), from.values.clone());
        write::repoint(inner, self.context, &scope, &draft, to, adjust).await
    }

    /// Changes every record that satisfies a filter, however many there are, deleted ones as `deleted` says, each with a version and a log row of its own, and answers
    /// how many there were. After the change a record must satisfy the filter no longer. Rules are not asked. The caller must be one
    /// who may change such records.
    pub async fn change_each(
        &self,
        resource: &str,
        filter: &Filter,
        deleted: DeletedMode,
        change: &(dyn Fn(&mut Draft) + Send + Sync),
    ) -> Result<i64> {
        let inner = &self.engine.inner;
        let def = inner.resource(resource)?;
        authorize(self.context, &def, Action::Update)?;
        let scope = inner.store.scope(self.context.tenant);
        write::each(inner, self.context, &scope, &def, filter, deleted, change).await
    }

    /// What the request did, by the change log, that set a field of a record and then deleted it, the last time that happened.
    pub async fn episode(&self, found: &Found, mark: &str) -> Result<Option<Vec<NetChange>>> {
        let inner = &self.engine.inner;
        write::episode(inner, &inner.store.scope(self.context.tenant), &found.def, found.id, mark).await
    }

    /// Takes changes back where nothing has changed since, each with a version and a log row of its own. Of the rules only what is derived
    /// from the record itself is asked; `adjust` says what else changes. Answers how many were taken back of each resource, and what
    /// stays as it is.
    pub async fn undo(
        &self,
        changes: &[NetChange],
        adjust: &(dyn Fn(&mut Draft) + Send + Sync),
    ) -> Result<(BTreeMap<Name, i64>, Vec<Kept>)> {
        let inner = &self.engine.inner;
        write::undo(inner, self.context, &inner.store.scope(self.context.tenant), changes, adjust).await
    }

    /// When each field of a record was last set, by the latest thousand of its changes in the change log: by the field's name.
    pub async fn set_at(&self, found: &Found) -> Result<BTreeMap<String, Timestamp>> {
        let scope = self.engine.inner.store.scope(self.context.tenant);
        let mut times = BTreeMap::new();
        for change in scope.history(&found.def.name, found.id.0, None, MAXIMUM_FOUND).await? {
            let fields: serde_json::Map<String, Json> =
                change.after.as_deref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
            for (name, _) in fields {
                times.entry(name).or_insert(change.at);
            }
        }
        Ok(times)
    }

    /// Reads a field's value from a text: numbers, `true` and `false`, amounts as `100.00 EUR`, the members of a set with commas between,
    /// everything else as it stands in JSON.
    pub fn value_of_text(field: &FieldDef, text: &str, pointer: &str) -> Result<Value, FieldProblem> {
        let json = match &field.kind {
            FieldType::Boolean | FieldType::Integer { .. } => serde_json::from_str(text).unwrap_or_else(|_| Json::from(text)),
            FieldType::Money => match text.split_once(' ') {
                Some((amount, currency)) => json!({ "amount": amount, "currency": currency.trim() }),
                None => Json::from(text),
            },
            FieldType::TextSet { .. } => text.split(',').map(str::trim).filter(|member| !member.is_empty()).collect(),
            _ => Json::from(text),
        };
        crate::input::read(field, &json, pointer)
    }

    /// Carries out a plain write.
    pub async fn write(&self, resource: &str, action: WriteAction) -> Result<WriteOutcome> {
        let def = self.engine.inner.resource(resource)?;
        let request = WriteRequest { def, action, idempotency: None };
        write::execute(Arc::clone(&self.engine.inner), self.context.clone(), request).await
    }

    /// The tenant's records.
    pub(crate) fn scope(&self) -> clientela_store::Scope {
        self.engine.inner.store.scope(self.context.tenant)
    }

    async fn seek(&self, resource: &str, filter: &Filter, deleted: DeletedMode) -> Result<Vec<Found>> {
        let inner = &self.engine.inner;
        let def = inner.resource(resource)?;
        let scope = inner.store.scope(self.context.tenant);
        let grant = if self.limited { authorize(self.context, &def, Action::Read)? } else { Grant::default() };
        let within = grant.rows.map(|rows| Filter::And(vec![filter.clone(), rows]));
        let records = inner.find(self.context, &scope, &def, within.as_ref().unwrap_or(filter), deleted, MAXIMUM_FOUND + 1).await?;
        if records.len() > usize::try_from(MAXIMUM_FOUND).unwrap_or(usize::MAX) {
            let text = format!("This concerns more than {MAXIMUM_FOUND} {}, which is more than one operation looks at.", def.plural);
            return Err(Error::new(ErrorCode::QueryTooComplex, text));
        }
        Ok(records.into_iter().filter_map(|values| found(&def, values)).map(|found| masked(found, &grant.fields)).collect())
    }
}

/// A record without what the caller may not see.
pub(super) fn masked(mut found: Found, mask: &FieldMask) -> Found {
    if !mask.is_open() {
        for (_, value) in found.def.fields.iter().zip(&mut found.values).filter(|(field, _)| !field.secret && !mask.sees(field)) {
            *value = Value::Null;
        }
    }
    found
}

fn named(values: Vec<(impl Into<Name>, Value)>) -> Vec<(Name, Value)> {
    values.into_iter().map(|(name, value)| (name.into(), value)).collect()
}

/// A record with its id.
pub(super) fn found(def: &Arc<ResourceDef>, values: Vec<Value>) -> Option<Found> {
    let id = def.field_index(system::ID).and_then(|index| values.get(index)).and_then(Value::as_id)?;
    Some(Found { def: Arc::clone(def), id: Id(id), values })
}
