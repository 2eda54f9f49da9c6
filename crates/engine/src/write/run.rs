//! Carrying out a write: attempt, and where somebody else was faster, read again and attempt again.

use super::change::Gathering;
use super::{Expected, WriteAction, WriteOutcome, WriteRequest};
use crate::engine::Inner;
use crate::input::{self, Mode};
use crate::module::{Draft, RuleReader};
use crate::{ids, write::log};
use clientela_access::{Action, Grant, authorize};
use clientela_kernel::{ActorKind, Context, DeletedMode, Error, ErrorCode, FieldProblem, Id, Name, Result, Value};
use clientela_model::{FieldDef, ResourceDef, WriteMode, naming, system};
use clientela_store::{ChangeKind, Commit, IdempotencyWrite, Scope, WriteSet};
use serde_json::{Map, Value as Json};
use std::sync::Arc;

/// How often a write without a version of the caller's own starts anew because the record moved under it.
const MAXIMUM_ATTEMPTS: usize = 500;

/// How one attempt ended.
pub(super) enum Attempt {
    Done(WriteOutcome),
    /// Somebody else was faster.
    Again,
    /// The idempotency key is taken.
    Taken,
}

/// Whether rules still have to be asked what an erasure leaves behind.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Wiping {
    Asked,
    Done,
}

/// Carries out a write.
pub(crate) async fn execute(inner: Arc<Inner>, context: Context, request: WriteRequest) -> Result<WriteOutcome> {
    carry_out(inner, context, request, Wiping::Asked).await
}

/// The same, of an erasure after what it leaves behind has been wiped.
pub(super) async fn carry_out(inner: Arc<Inner>, context: Context, request: WriteRequest, wiping: Wiping) -> Result<WriteOutcome> {
    let action = match &request.action {
        WriteAction::Create { .. } | WriteAction::Make { .. } => Action::Create,
        WriteAction::Update { .. } | WriteAction::Set { .. } => Action::Update,
        WriteAction::Delete { .. } | WriteAction::Discard { .. } => Action::Delete,
        WriteAction::Restore { .. } => Action::Restore,
        // Which of the two it will be is known only when the record is looked for.
        WriteAction::Upsert { .. } => authorize(&context, &request.def, Action::Create).map(|_| Action::Update)?,
        WriteAction::Erase { .. } => Action::Erase,
    };
    let grant = authorize(&context, &request.def, action)?;
    let def = &request.def;
    let offered = match action {
        // An operation says itself what may be done, but never with a mirror.
        _ if matches!(request.action, WriteAction::Make { .. } | WriteAction::Set { .. } | WriteAction::Discard { .. }) => !def.mirror,
        _ if matches!(request.action, WriteAction::Upsert { .. }) => inner.registry.is_upsertable(def),
        // What the API does not make, such as a tenant, the server itself does.
        Action::Create => def.creatable || (context.actor.kind == ActorKind::System && !def.mirror),
        Action::Update => def.updatable,
        _ => def.deletable,
    };
    if !offered {
        return Err(Error::new(ErrorCode::Forbidden, format!("{} are kept by the server; this cannot be done with them.", def.plural)));
    }
    if let (WriteAction::Erase { id, .. }, Some(rules), true) =
        (&request.action, inner.rules.get(def.name.as_ref()).filter(|rules| rules.wipes()), wiping == Wiping::Asked)
    {
        return super::wipe::erase(Arc::clone(&inner), context, &request, *id, Arc::clone(rules)).await;
    }
    let scope = inner.store.scope(context.tenant);
    let write = Write { inner: &inner, context: &context, scope: &scope, request: &request, grant };
    match write.run().await {
        Ok(Some(outcome)) => Ok(outcome),
        Ok(None) => write.replay().await?.ok_or_else(|| Error::internal("a taken idempotency key has no record")),
        // A repeated request may fail now because it succeeded then.
        Err(error) => match write.replay().await {
            Ok(Some(outcome)) => Ok(outcome),
            Err(reused) if reused.code() == ErrorCode::IdempotencyKeyReused => Err(reused),
            _ => Err(error),
        },
    }
}

/// A write under way.
pub(super) struct Write<'a> {
    pub(super) inner: &'a Inner,
    pub(super) context: &'a Context,
    pub(super) scope: &'a Scope,
    request: &'a WriteRequest,
    pub(super) grant: Grant,
}

impl<'a> Write<'a> {
    pub(super) fn def(&self) -> &'a Arc<ResourceDef> {
        &self.request.def
    }

    /// The outcome; none where the idempotency key is taken.
    async fn run(&self) -> Result<Option<WriteOutcome>> {
        for _ in 0..MAXIMUM_ATTEMPTS {
            let attempt = match &self.request.action {
                WriteAction::Create { body } => self.create(body).await?,
                WriteAction::Update { id, body, expected } => self.update(*id, body, *expected).await?,
                WriteAction::Delete { id, expected } => self.delete(*id, *expected).await?,
                WriteAction::Discard { id } => self.delete(*id, None).await?,
                WriteAction::Restore { id, expected, merged } => self.restore(*id, *expected, *merged).await?,
                WriteAction::Upsert { by, body, mode, expected } => self.upsert(by, body, *mode, *expected).await?,
                WriteAction::Make { values } => self.make(values).await?,
                WriteAction::Set { id, values, expected } => self.set(*id, values, *expected).await?,
                WriteAction::Erase { id, expected } => self.erase(*id, *expected).await?,
            };
            match attempt {
                Attempt::Done(outcome) => return Ok(Some(outcome)),
                Attempt::Taken => return Ok(None),
                Attempt::Again => {}
            }
        }
        Err(Error::unavailable("a record kept changing under a write"))
    }

    /// The outcome of the request that used this key before, if there was one.
    async fn replay(&self) -> Result<Option<WriteOutcome>> {
        let Some(idempotency) = &self.request.idempotency else { return Ok(None) };
        let Some(record) = self.scope.idempotency(&self.context.actor.to_text(), &idempotency.key).await? else { return Ok(None) };
        if record.fingerprint != idempotency.fingerprint {
            return Err(Error::new(
                ErrorCode::IdempotencyKeyReused,
                "This idempotency key was used before for another request. A key belongs to one request; use a new one.",
            ));
        }
        Ok(Some(WriteOutcome {
            def: Arc::clone(self.def()),
            id: record.record,
            version: record.version,
            record: None,
            created: record.status == 201,
            changed: false,
            replayed: true,
            revealed: None,
        }))
    }

    async fn create(&self, body: &Map<String, Json>) -> Result<Attempt> {
        let (mut gathering, draft) = self.made(body, Vec::new()).await?;
        gathering.add(draft).await?;
        self.commit(gathering, 201).await
    }

    /// A new record, checked.
    pub(super) async fn made(&self, body: &Map<String, Json>, mut problems: Vec<FieldProblem>) -> Result<(Gathering<'a>, Draft)> {
        let decoded = input::decode(self.def(), &self.grant.fields, body, Mode::Create);
        problems.extend(decoded.problems);
        self.drafted(decoded.id, decoded.values, problems).await
    }

    async fn make(&self, values: &[(Name, Value)]) -> Result<Attempt> {
        // Whoever has told the id to others before chooses it.
        let chosen = values.iter().find(|(name, _)| name == system::ID).and_then(|(_, value)| value.as_id()).map(Id);
        let values: Vec<(Name, Value)> = values.iter().filter(|(name, _)| name != system::ID).cloned().collect();
        let (mut gathering, draft) = self.drafted(chosen, self.places(&values)?, Vec::new()).await?;
        gathering.add(draft).await?;
        self.commit(gathering, 201).await
    }

    async fn set(&self, id: Id, values: &[(Name, Value)], expected: Option<Expected>) -> Result<Attempt> {
        let before = self.living(id).await?;
        expect(self.def(), &before, expected)?;
        self.merged(id, before, self.places(values)?, Vec::new()).await
    }

    /// Values by the places of their fields.
    fn places(&self, values: &[(Name, Value)]) -> Result<Vec<(usize, Value)>> {
        let def = self.def();
        let place = |(name, value): &(Name, Value)| {
            let index = def.field_index(name).ok_or_else(|| Error::internal(format!("{} has no field {name}", def.name)))?;
            Ok((index, value.clone()))
        };
        values.iter().map(place).collect()
    }

    /// A new record of these values, checked.
    async fn drafted(&self, id: Option<Id>, values: Vec<(usize, Value)>, problems: Vec<FieldProblem>) -> Result<(Gathering<'a>, Draft)> {
        let def = self.def();
        let now = self.inner.clock.now();
        let id = id.unwrap_or_else(|| ids::mint(now));
        let mut after: Vec<Value> = def.fields.iter().map(input::default).collect();
        for (index, value) in values {
            if let Some(slot) = after.get_mut(index)
                && !(value.is_null() && def.fields.get(index).is_some_and(|field| field.required))
            {
                *slot = value;
            }
        }
        let mut draft = self.inner.stamped(self.context, now, def, id, ChangeKind::Created, None, after);
        let gathering = Gathering::new(self.inner, self.context, self.scope, now);
        self.claim(&mut draft);
        self.complete(&gathering, &mut draft, problems).await?;
        self.permit(&draft).await?;
        Ok((gathering, draft))
    }

    async fn update(&self, id: Id, body: &Map<String, Json>, expected: Option<Expected>) -> Result<Attempt> {
        let def = self.def();
        let before = self.living(id).await?;
        self.expect(def, &before, expected)?;
        self.merge(id, before, body, Vec::new()).await
    }

    /// Merges a patch into the record as it stands.
    pub(super) async fn merge(
        &self,
        id: Id,
        before: Vec<Value>,
        body: &Map<String, Json>,
        mut problems: Vec<FieldProblem>,
    ) -> Result<Attempt> {
        let decoded = input::decode(self.def(), &self.grant.fields, body, Mode::Patch);
        problems.extend(decoded.problems);
        self.merged(id, before, decoded.values, problems).await
    }

    async fn merged(&self, id: Id, before: Vec<Value>, values: Vec<(usize, Value)>, problems: Vec<FieldProblem>) -> Result<Attempt> {
        let def = self.def();
        let now = self.inner.clock.now();
        let mut after = before.clone();
        for (index, value) in values {
            if let Some(slot) = after.get_mut(index) {
                *slot = value;
            }
        }
        let mut draft = self.inner.stamped(self.context, now, def, id, ChangeKind::Updated, Some(before), after);
        let mut gathering = Gathering::new(self.inner, self.context, self.scope, now);
        self.complete(&gathering, &mut draft, problems).await?;
        self.permit(&draft).await?;
        let before = draft.before.as_deref().unwrap_or_default();
        if log::differing(def, before, &draft.after).is_empty() {
            return self.unchanged(id, draft.before.unwrap_or_default(), 200).await;
        }
        gathering.add(draft).await?;
        self.commit(gathering, 200).await
    }

    async fn delete(&self, id: Id, expected: Option<Expected>) -> Result<Attempt> {
        let def = self.def();
        let before = self.fetch(id, Action::Delete, DeletedMode::Exclude).await?;
        self.expect(def, &before, expected)?;
        let now = self.inner.clock.now();
        let mut gathering = Gathering::new(self.inner, self.context, self.scope, now);
        let draft = self.inner.stamped(self.context, now, def, id, ChangeKind::Deleted, Some(before.clone()), before);
        gathering.delete(draft).await?;
        self.commit(gathering, 204).await
    }

    async fn restore(&self, id: Id, expected: Option<Expected>, merged: bool) -> Result<Attempt> {
        let def = self.def();
        let before = self.fetch(id, Action::Restore, DeletedMode::Include).await?;
        self.expect(def, &before, expected)?;
        if let Some(merged) = merged_into(def, &before).filter(|_| !merged) {
            return Err(gone(def, id, &merged));
        }
        let now = self.inner.clock.now();
        let draft = self.inner.stamped(self.context, now, def, id, ChangeKind::Restored, Some(before.clone()), before);
        if draft.old(system::DELETED_AT).is_null() {
            return self.unchanged(id, draft.before.unwrap_or_default(), 200).await;
        }
        let mut gathering = Gathering::new(self.inner, self.context, self.scope, now);
        gathering.restore(draft).await?;
        self.commit(gathering, 200).await
    }

    async fn erase(&self, id: Id, expected: Option<Expected>) -> Result<Attempt> {
        let def = self.def();
        let before = self.fetch(id, Action::Erase, DeletedMode::Include).await?;
        self.expect(def, &before, expected)?;
        let now = self.inner.clock.now();
        let draft = self.inner.stamped(self.context, now, def, id, ChangeKind::Erased, Some(before.clone()), before);
        let mut gathering = Gathering::new(self.inner, self.context, self.scope, now);
        gathering.erase(draft).await?;
        self.commit(gathering, 204).await
    }

    /// The record as it stands, with which the caller must be allowed to do this.
    async fn fetch(&self, id: Id, action: Action, deleted: DeletedMode) -> Result<Vec<Value>> {
        let def = self.def();
        let record = self.inner.current(self.context, self.scope, def, id, deleted).await?.ok_or_else(|| not_found(def, id))?;
        self.within(id, action, &record).await?;
        Ok(record)
    }

    /// The record as it stands, which must live.
    async fn living(&self, id: Id) -> Result<Vec<Value>> {
        let def = self.def();
        let record = self.fetch(id, Action::Update, DeletedMode::Include).await?;
        let deleted = def.field_index(system::DELETED_AT).and_then(|index| record.get(index)).is_some_and(|value| !value.is_null());
        if let Some(merged) = merged_into(def, &record).filter(|_| deleted) {
            return Err(gone(def, id, &merged));
        }
        if deleted {
            let id = id.to_text(&def.prefix);
            return Err(Error::new(
                ErrorCode::RecordDeleted,
                format!("{} {id} is deleted and cannot be changed. Restore it first.", def.name),
            ));
        }
        Ok(record)
    }

    pub(super) fn expect(&self, def: &ResourceDef, record: &[Value], expected: Option<Expected>) -> Result<()> {
        expect(def, record, expected)
    }

    /// Derived fields, then every check there is.
    async fn complete(&self, reader: &dyn RuleReader, draft: &mut Draft, mut problems: Vec<FieldProblem>) -> Result<()> {
        let rules = self.inner.rules.get(draft.def.name.as_ref());
        if let Some(rules) = rules {
            rules.derive(self.context, draft);
            // Other records are asked only about a body that is whole; what is missing is reported without them.
            if problems.is_empty() {
                rules.look_up(self.context, reader, draft).await?;
            }
        }
        let named = |problems: &[FieldProblem], name: &str| {
            problems.iter().any(|problem| problem.pointer.trim_start_matches('/').split('/').next() == Some(name))
        };
        let own =
            |problems: &[FieldProblem], field: &FieldDef| problems.iter().any(|problem| problem.pointer.starts_with(&field.pointer()));
        // A record may be older than a field that its tenant requires: it lacks the value until somebody writes the field.
        let older = |index: usize, field: &FieldDef| {
            field.is_custom() && draft.before.as_ref().is_some_and(|before| before.get(index).is_none_or(Value::is_null))
        };
        for (index, field) in draft.def.fields.iter().enumerate() {
            let missing = field.required && draft.after.get(index).is_none_or(Value::is_null) && !older(index, field);
            let reported = field.write == WriteMode::ReadOnly
                || field.derived
                || if field.is_custom() { own(&problems, field) } else { named(&problems, &field.name) };
            if missing && !reported {
                problems.push(input::required(field));
            }
        }
        if let Some(rules) = rules {
            rules.check(self.context, draft, &mut problems);
        }
        if problems.is_empty() { Ok(()) } else { Err(Error::validation(problems)) }
    }

    /// Nothing changes; only the idempotency key is remembered.
    async fn unchanged(&self, id: Id, record: Vec<Value>, status: u16) -> Result<Attempt> {
        let version = version_of(self.def(), &record);
        if let Some(idempotency) = self.idempotency(id, version, status) {
            let set = WriteSet { tenant: self.context.tenant, rows: Vec::new(), idempotency: Some(idempotency), audit: None };
            if self.scope.commit(set).await? == Commit::IdempotencyTaken {
                return Ok(Attempt::Taken);
            }
        }
        Ok(Attempt::Done(WriteOutcome { changed: false, ..self.outcome(id, version, record, false, None) }))
    }

    pub(super) async fn commit(&self, gathering: Gathering<'_>, status: u16) -> Result<Attempt> {
        let Gathering { rows, principal, mut drafts, as_of, now, .. } = gathering;
        let audit = self.inner.audited(self.context, now, &drafts, as_of.into_inner());
        let Some((id, version)) = drafts.first().map(|draft| (draft.id, version_of(&draft.def, &draft.after))) else {
            return Err(Error::internal("a write without a draft"));
        };
        let set = Arc::new(WriteSet { tenant: self.context.tenant, rows, idempotency: self.idempotency(id, version, status), audit });
        let result = match &self.inner.pack {
            Some(pack) => pack.commit(Arc::clone(&set)).await?,
            None => self.scope.commit(Arc::clone(&set)).await?,
        };
        match result {
            Commit::Done => {
                self.inner.committed(self.context, &drafts).await;
                let draft = drafts.swap_remove(0);
                Ok(Attempt::Done(self.outcome(id, version, draft.after, status == 201, draft.revealed)))
            }
            Commit::IdempotencyTaken => Ok(Attempt::Taken),
            failed => {
                // A twin may have taken the key and the row at once; the key then tells the story.
                if self.request.idempotency.is_some() && self.replay().await?.is_some() {
                    return Ok(Attempt::Taken);
                }
                if let (WriteAction::Upsert { by, .. }, Commit::Duplicate { .. }) = (&self.request.action, &failed)
                    && self.was_overtaken(by).await?
                {
                    return Ok(Attempt::Again);
                }
                super::diagnose::explain(self.inner, self.context, self.scope, &set, principal, &failed).await?;
                match super::locks::refused(self.inner, self.context, self.scope, &set.rows).await? {
                    Some(locked) => Err(locked),
                    None => Ok(Attempt::Again),
                }
            }
        }
    }

    fn outcome(&self, id: Id, version: i64, record: Vec<Value>, created: bool, revealed: Option<String>) -> WriteOutcome {
        WriteOutcome { def: Arc::clone(self.def()), id, version, record: Some(record), created, changed: true, replayed: false, revealed }
    }

    fn idempotency(&self, id: Id, version: i64, status: u16) -> Option<IdempotencyWrite> {
        let idempotency = self.request.idempotency.as_ref()?;
        Some(IdempotencyWrite {
            principal: self.context.actor.to_text(),
            key: idempotency.key.clone(),
            fingerprint: idempotency.fingerprint.clone(),
            status,
            resource: self.def().name.clone().into_owned(),
            record: id,
            version,
            at: self.inner.clock.now(),
            answer: None,
        })
    }
}

/// Refuses a record that is not in the state a write builds on.
pub(crate) fn expect(def: &ResourceDef, record: &[Value], expected: Option<Expected>) -> Result<()> {
    let version = version_of(def, record);
    let holds = match expected {
        None | Some(Expected::Any) => true,
        Some(Expected::Version(wanted)) => wanted == version,
        Some(Expected::Never) => false,
    };
    if holds {
        return Ok(());
    }
    let wanted = match expected {
        Some(Expected::Version(wanted)) => format!("version {wanted}"),
        _ => "none of the versions given".to_owned(),
    };
    let text =
        format!("The {} has version {version} now, and the request builds on {wanted}. Read it again and merge your change.", def.name);
    Err(Error::new(ErrorCode::VersionConflict, text).with_current_version(version))
}

pub(crate) fn version_of(def: &ResourceDef, record: &[Value]) -> i64 {
    def.field_index(system::VERSION).and_then(|index| record.get(index)).and_then(Value::as_integer).unwrap_or(0)
}

pub(crate) fn not_found(def: &ResourceDef, id: Id) -> Error {
    let id = id.to_text(&def.prefix);
    Error::new(ErrorCode::NotFound, format!("There is no {} {id}, or you may not see it.", def.name))
}

/// The record that this one was merged into, by its id on the wire.
fn merged_into(def: &ResourceDef, record: &[Value]) -> Option<String> {
    let (index, _) = def.successor()?;
    Some(Id(record.get(index)?.as_id()?).to_text(&def.prefix))
}

/// The error of a record that goes on in another one: bringing it back by itself would leave behind what went over.
fn gone(def: &ResourceDef, id: Id, merged: &str) -> Error {
    let (id, words) = (id.to_text(&def.prefix), naming::words(&def.name));
    let text = format!("The {words} {id} was merged into {merged}. Write that one, or undo the merge to have this one back.");
    Error::new(ErrorCode::RecordDeleted, text)
}
