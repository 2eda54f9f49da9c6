//! From drafts to the rows of one atomic write.

use super::run::version_of;
use super::{limits, log, packed};
use crate::engine::Inner;
use crate::module::{Companion, Draft, Found, RuleReader};
use crate::pack::Asked;
use crate::reach::Reach;
use crate::{ids, input};
use async_trait::async_trait;
use clientela_access::{Action, authorize};
use clientela_kernel::{Comparison, Context, DeletedMode, Error, ErrorCode, Filter, Id, Name, Result, Timestamp, Value};
use clientela_model::{FieldType, Registry, ResourceDef, WriteMode, system};
use clientela_store::{ChangeKind, RowChange, RowGuard, Scope, SearchChange, SearchText};
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::Arc;
use uuid::Uuid;

/// Greatest number of records that rules read, or that a deletion takes along, at once.
pub(crate) const MAXIMUM_COMPANIONS: u32 = 1_000;

/// The rows of one write while they are gathered.
pub(crate) struct Gathering<'a> {
    pub(crate) inner: &'a Inner,
    pub(crate) context: &'a Context,
    pub(crate) scope: &'a Scope,
    pub(crate) now: Timestamp,
    /// Mirrors first: others may refer to them.
    pub(crate) rows: Vec<RowChange>,
    /// Position of the principal row.
    pub(crate) principal: usize,
    /// Every record whose rules want to hear of the commit.
    pub(crate) drafts: Vec<Draft>,
    /// What rules have read, as they first saw it: a companion builds on that and on nothing newer, so that its guard fails
    /// where the grounds for it have gone.
    seen: Mutex<HashMap<(Name, Uuid), Vec<Value>>>,
    /// Where the audit stood when a rule asked that it stands still.
    pub(crate) as_of: Mutex<Option<i64>>,
}

impl<'a> Gathering<'a> {
    pub(crate) fn new(inner: &'a Inner, context: &'a Context, scope: &'a Scope, now: Timestamp) -> Self {
        Gathering {
            inner,
            context,
            scope,
            now,
            rows: Vec::new(),
            principal: 0,
            drafts: Vec::new(),
            seen: Mutex::default(),
            as_of: Mutex::default(),
        }
    }

    /// Adds a draft with everything its rules want changed along with it.
    pub(crate) async fn add(&mut self, draft: Draft) -> Result<()> {
        let erased = draft.kind == ChangeKind::Erased;
        let companions = match self.inner.rules.get(draft.def.name.as_ref()) {
            // For other records an erasure is a deletion.
            Some(rules) if erased => rules.companions(self.context, self, &Draft { kind: ChangeKind::Deleted, ..draft.clone() }).await?,
            Some(rules) => rules.companions(self.context, self, &draft).await?,
            None => Vec::new(),
        };
        let mut followers = Vec::new();
        for companion in companions {
            match companion {
                Companion::Mirror { resource, id, .. } if erased => {
                    let def = self.inner.resource(resource)?;
                    self.rows.push(RowChange {
                        def,
                        id,
                        values: Vec::new(),
                        guard: RowGuard::Remove,
                        references: Vec::new(),
                        log: None,
                        search: None,
                    });
                }
                Companion::Mirror { resource, id, values } => {
                    let row = self.mirror(&draft, resource, id, values)?;
                    self.rows.push(row);
                }
                follower => followers.push(follower),
            }
        }
        if self.drafts.is_empty() {
            self.principal = self.rows.len();
        }
        self.place(draft);
        for follower in followers {
            match follower {
                Companion::Mirror { .. } => {}
                Companion::Patch { resource, id, values } => self.patch(resource, id, values).await?,
                Companion::Create { resource, values } => self.create(resource, values)?,
                Companion::Delete { resource, id } => self.remove(resource, id).await?,
            }
        }
        Ok(())
    }

    /// Adds a draft alone; its rules are not asked.
    pub(crate) fn place(&mut self, draft: Draft) {
        self.rows.push(self.row(&draft));
        self.drafts.push(draft);
    }

    /// The row of a draft, with its log row.
    fn row(&self, draft: &Draft) -> RowChange {
        let def = &draft.def;
        let log = log::entry(self.context, def, draft.kind, self.now, draft.before.as_deref(), &draft.after);
        let (guard, indexes) = match &draft.before {
            None => (RowGuard::Insert, (0..def.fields.len()).collect()),
            Some(before) if draft.kind == ChangeKind::Erased => (RowGuard::Erase(version_of(def, before)), Vec::new()),
            Some(before) => {
                let version = def.field_index(system::VERSION).and_then(|index| before.get(index)).and_then(Value::as_integer).unwrap_or(0);
                (
                    RowGuard::Version(version),
                    (0..def.fields.len()).filter(|index| before.get(*index) != draft.after.get(*index)).collect::<Vec<_>>(),
                )
            }
        };
        let mut indexes: Vec<usize> = indexes;
        if draft.kind == ChangeKind::Restored {
            // No foreign key says whether what it was attached to is still there.
            indexes.extend((0..).zip(&def.fields).filter(|(_, field)| field.any_reference().is_some()).map(|(index, _)| index));
        }
        let references = indexes
            .iter()
            .filter(|index| match draft.kind {
                ChangeKind::Created | ChangeKind::Updated => true,
                ChangeKind::Restored => def.fields.get(**index).is_some_and(|field| field.any_reference().is_some()),
                ChangeKind::Deleted | ChangeKind::Erased => false,
            })
            .filter_map(|index| {
                let field = def.fields.get(*index)?;
                let id = match (&field.kind, draft.after.get(*index)?) {
                    (FieldType::Reference(_), Value::Id(id)) => *id,
                    (FieldType::AnyReference(_), Value::Record(record)) => record.id,
                    _ => return None,
                };
                (field.write != WriteMode::ReadOnly).then_some((*index, id))
            })
            .collect();
        let values = indexes.into_iter().map(|index| (index, draft.after.get(index).cloned().unwrap_or_default())).collect();
        let values = match def.document() {
            Some(place) => packed::packed(def, place, values, draft.before.as_deref()),
            None => values,
        };
        RowChange { def: Arc::clone(def), id: draft.id, values, guard, references, log: Some(log), search: document(draft) }
    }

    fn mirror(&self, draft: &Draft, resource: &str, id: Id, values: Vec<(&'static str, Value)>) -> Result<RowChange> {
        let def = self.inner.resource(resource)?;
        let mut fields = Vec::with_capacity(def.fields.len());
        for (index, field) in def.fields.iter().enumerate() {
            let given = values.iter().find(|(name, _)| field.name == *name).map(|(_, value)| value.clone());
            let value = match given {
                Some(value) => value,
                None if field.name == system::ID => Value::Id(id.0),
                None => draft.get(&field.name).clone(),
            };
            fields.push((index, value));
        }
        // A new identity must not take over one that exists.
        let guard = if draft.kind == ChangeKind::Created { RowGuard::Insert } else { RowGuard::Unguarded };
        Ok(RowChange { def, id, values: fields, guard, references: Vec::new(), log: None, search: None })
    }

    async fn patch(&mut self, resource: &str, id: Id, values: Vec<(&'static str, Value)>) -> Result<()> {
        let def = self.inner.resource(resource)?;
        if self.holds(&def, id.0) {
            return Ok(());
        }
        let Some(before) = self.before(&def, id).await? else { return Ok(()) };
        let mut after = before.clone();
        assign(&def, &mut after, values);
        let changes = log::differing(&def, &before, &after);
        if changes.is_empty() {
            return Ok(());
        }
        if self.permit(&def, Action::Update, changes)? {
            limits::companion(self.reach(), &def, Action::Update, &before).await?;
        }
        let draft = self.inner.stamped(self.context, self.now, &def, id, ChangeKind::Updated, Some(before), after);
        self.place(draft);
        Ok(())
    }

    fn create(&mut self, resource: &str, values: Vec<(&'static str, Value)>) -> Result<()> {
        let def = self.inner.resource(resource)?;
        self.permit(&def, Action::Create, values.iter().filter_map(|(name, _)| def.field_index(name)))?;
        let mut after: Vec<Value> = def.fields.iter().map(input::default).collect();
        assign(&def, &mut after, values);
        let draft = self.inner.stamped(self.context, self.now, &def, ids::mint(self.now), ChangeKind::Created, None, after);
        self.place(draft);
        Ok(())
    }

    async fn remove(&mut self, resource: &str, id: Id) -> Result<()> {
        let def = self.inner.resource(resource)?;
        if self.holds(&def, id.0) {
            return Ok(());
        }
        let Some(before) = self.before(&def, id).await? else { return Ok(()) };
        authorize(&self.context.of_principal(), &def, Action::Delete)?;
        limits::companion(self.reach(), &def, Action::Delete, &before).await?;
        let draft = self.inner.stamped(self.context, self.now, &def, id, ChangeKind::Deleted, Some(before.clone()), before);
        self.take_along(draft, false).await
    }

    /// A record as rules saw it, or as it is now where they have not asked; none where it does not live.
    async fn before(&self, def: &Arc<ResourceDef>, id: Id) -> Result<Option<Vec<Value>>> {
        let seen = self.seen.lock().get(&(def.name.clone(), id.0)).cloned();
        match seen {
            Some(seen) => Ok(Some(seen)),
            None => self.inner.current(self.context, self.scope, def, id, DeletedMode::Exclude).await,
        }
    }

    fn reach(&self) -> Reach<'_> {
        Reach { inner: self.inner, context: self.context, scope: self.scope }
    }

    /// Refuses a companion that the caller could not have asked for. Fields that only the server writes are its own affair; answers whether
    /// there are any others.
    fn permit(&self, def: &ResourceDef, action: Action, fields: impl IntoIterator<Item = usize>) -> Result<bool> {
        let mut asked =
            fields.into_iter().filter_map(|index| def.fields.get(index)).filter(|field| field.write != WriteMode::ReadOnly).peekable();
        if asked.peek().is_none() {
            return Ok(false);
        }
        // What goes along is a matter of rights, not of the credential.
        let grant = authorize(&self.context.of_principal(), def, action)?;
        match asked.find(|field| !grant.fields.writes(field)) {
            None => Ok(true),
            Some(_) => {
                let text = format!("This also changes a field of {} that you may not change. Ask for that right.", def.plural);
                Err(Error::new(ErrorCode::Forbidden, text))
            }
        }
    }

    /// Whether the write already changes this record.
    pub(crate) fn holds(&self, def: &ResourceDef, id: Uuid) -> bool {
        self.rows.iter().any(|row| row.def.name == def.name && row.id.0 == id)
    }
}

/// What a change means for the full-text search; nothing where it touches no word of it.
fn document(draft: &Draft) -> Option<SearchChange> {
    let mut fields = draft.def.searched_fields().peekable();
    fields.peek()?;
    match draft.kind {
        ChangeKind::Deleted | ChangeKind::Erased => return Some(SearchChange::Remove),
        ChangeKind::Updated => {
            let before = draft.before.as_deref().unwrap_or_default();
            if fields.all(|(index, ..)| before.get(index) == draft.after.get(index)) {
                return None;
            }
        }
        ChangeKind::Created | ChangeKind::Restored => {}
    }
    match SearchText::of(&draft.def, &draft.after) {
        Some(text) => Some(SearchChange::Put(text)),
        None if draft.kind == ChangeKind::Created => None,
        None => Some(SearchChange::Remove),
    }
}

/// Sets fields by name.
fn assign(def: &ResourceDef, record: &mut [Value], values: Vec<(&'static str, Value)>) {
    for (name, value) in values {
        if let Some(slot) = def.field_index(name).and_then(|index| record.get_mut(index)) {
            *slot = value;
        }
    }
}

#[async_trait]
impl RuleReader for Gathering<'_> {
    async fn find(&self, resource: &str, filter: Filter) -> Result<Vec<Found>> {
        let def = self.inner.resource(resource)?;
        let records = self.inner.find(self.context, self.scope, &def, &filter, DeletedMode::Exclude, MAXIMUM_COMPANIONS).await?;
        let mut seen = self.seen.lock();
        let found = |values: Vec<Value>| {
            let id = def.field_index(system::ID).and_then(|index| values.get(index)).and_then(Value::as_id)?;
            seen.entry((def.name.clone(), id)).or_insert_with(|| values.clone());
            Some(Found { def: Arc::clone(&def), id: Id(id), values })
        };
        Ok(records.into_iter().filter_map(found).collect())
    }

    fn resource(&self, name: &str) -> Option<&Arc<ResourceDef>> {
        self.inner.registry.resource(name)
    }

    async fn hold_still(&self) -> Result<()> {
        if self.as_of.lock().is_none() {
            let stands = self.scope.audited().await?;
            // What the first of two rules saw is what both build on.
            self.as_of.lock().get_or_insert(stands);
        }
        Ok(())
    }

    fn registry(&self) -> Option<&Registry> {
        Some(&self.inner.registry)
    }
}

impl Inner {
    /// A resource that must exist.
    pub(crate) fn resource(&self, name: &str) -> Result<Arc<ResourceDef>> {
        self.registry.known(name).cloned()
    }

    /// Every field of a record as it stands.
    pub(crate) async fn current(
        &self,
        context: &Context,
        scope: &Scope,
        def: &ResourceDef,
        id: Id,
        deleted: DeletedMode,
    ) -> Result<Option<Vec<Value>>> {
        let filter = Filter::field(system::ID, Comparison::Equal(Value::Id(id.0)));
        Ok(self.find(context, scope, def, &filter, deleted, 1).await?.pop())
    }

    /// Every field of the records that satisfy a filter, whatever the caller may see.
    pub(crate) async fn find(
        &self,
        context: &Context,
        scope: &Scope,
        def: &ResourceDef,
        filter: &Filter,
        deleted: DeletedMode,
        limit: u32,
    ) -> Result<Vec<Vec<Value>>> {
        if let Some(pack) = &self.pack {
            return pack.ask(Asked::Find { def: self.resource(&def.name)?, filter: filter.clone(), deleted, limit }).await;
        }
        crate::read::record(&self.registry, context, scope, def, filter, deleted, limit).await
    }

    /// A draft with its system fields set for this change.
    pub(crate) fn stamped(
        &self,
        context: &Context,
        now: Timestamp,
        def: &Arc<ResourceDef>,
        id: Id,
        kind: ChangeKind,
        before: Option<Vec<Value>>,
        after: Vec<Value>,
    ) -> Draft {
        let mut draft = Draft { def: Arc::clone(def), id, kind, before, after, revealed: None };
        let actor = Value::Text(context.actor.to_text());
        let version = draft.old(system::VERSION).as_integer().unwrap_or(0) + 1;
        draft.set(system::ID, Value::Id(id.0));
        draft.set(system::VERSION, Value::Integer(version));
        if draft.before.is_none() {
            draft.set(system::CREATED_AT, Value::Instant(now));
            draft.set(system::CREATED_BY, actor.clone());
        }
        draft.set(system::UPDATED_AT, Value::Instant(now));
        draft.set(system::UPDATED_BY, actor);
        match kind {
            ChangeKind::Deleted => draft.set(system::DELETED_AT, Value::Instant(now)),
            ChangeKind::Restored => draft.set(system::DELETED_AT, Value::Null),
            ChangeKind::Created | ChangeKind::Updated | ChangeKind::Erased => {}
        }
        draft
    }
}
