//! What a device has changed, set against what others have changed since the version that it knew.

use super::SyncPolicy;
use super::origin::Origin;
use crate::engine::Inner;
use crate::input::{self, Mode};
use crate::past::sides;
use crate::write::{Expected, WriteAction, version_of};
use clientela_access::{Action, FieldMask, authorize};
use clientela_kernel::{Comparison, Context, DeletedMode, Error, ErrorCode, Filter, Id, Result, Value};
use clientela_model::{FieldDef, ResourceDef, document, system};
use clientela_store::{Change, Encoder};
use serde_json::{Map, Value as Json, json};
use std::collections::HashMap;

/// How many changes of a record are looked at. Beyond them every field counts as changed by others.
const MAXIMUM_CHANGES: u32 = 1_000;

/// How an operation and what others did meanwhile meet.
pub(super) enum Met {
    /// Nobody else has changed the record: this is to be done.
    Untouched(WriteAction),
    /// This is to be done besides what others did; nothing where all of it yields.
    Merged(Option<WriteAction>),
    /// Nothing is to be done.
    Conflict(Error),
}

/// What a comparison says.
pub(super) struct Compared {
    pub(super) met: Met,
    /// The record's version as it stands.
    pub(super) version: Option<i64>,
    /// The fields that both have changed.
    pub(super) conflicts: Vec<Json>,
}

/// What others did to a record since a version.
pub(super) struct Since {
    record: Vec<Value>,
    version: i64,
    base: i64,
    mask: FieldMask,
    /// Whether anybody else has changed it at all.
    touched: bool,
    /// By the name of a field: what the device knew it to be, and whether others have changed it since.
    fields: HashMap<String, (Option<Json>, bool)>,
    /// Whether there were too many changes to know.
    unknown: bool,
}

impl Since {
    /// What becomes of an update.
    pub(super) fn update(&self, def: &ResourceDef, id: Id, body: Map<String, Json>, policy: SyncPolicy) -> Compared {
        let version = Some(self.version);
        let update = |body: Map<String, Json>| WriteAction::Update { id, body, expected: version.map(Expected::Version) };
        let mine = input::decode(def, &self.mask, &body, Mode::Patch);
        // What is wrong with it, the write says itself.
        if !mine.problems.is_empty() || !self.touched {
            return Compared { met: Met::Untouched(update(body)), version, conflicts: Vec::new() };
        }
        let kept = match policy {
            SyncPolicy::MergeFields | SyncPolicy::Ask => None,
            SyncPolicy::ServerWins => Some("THEIRS"),
            SyncPolicy::ClientWins => Some("MINE"),
        };
        let (mut left, mut conflicts) = (body, Vec::new());
        for (index, value) in &mine.values {
            let (Some(field), Some(theirs)) = (def.fields.get(*index), self.record.get(*index)) else { continue };
            let known = self.fields.get(field.name.as_ref());
            let changed = self.unknown || known.is_some_and(|(_, by_others)| *by_others);
            if !changed || (self.mask.sees(field) && theirs == value) {
                continue;
            }
            if policy == SyncPolicy::ServerWins {
                remove(&mut left, field);
            }
            conflicts.push(self.conflict(def, field, known.and_then(|(base, _)| base.as_ref()), value, theirs, kept));
        }
        let met = match policy {
            SyncPolicy::Ask => Met::Conflict(self.moved(def)),
            SyncPolicy::MergeFields if !conflicts.is_empty() => Met::Conflict(self.moved(def)),
            _ if left.is_empty() => Met::Merged(None),
            _ => Met::Merged(Some(update(left))),
        };
        Compared { met, version, conflicts }
    }

    /// What becomes of a deletion.
    pub(super) fn deletion(&self, def: &ResourceDef, id: Id, policy: SyncPolicy) -> Compared {
        let version = Some(self.version);
        let delete = WriteAction::Delete { id, expected: version.map(Expected::Version) };
        let met = match policy {
            _ if !self.touched => Met::Untouched(delete),
            SyncPolicy::ClientWins => Met::Merged(Some(delete)),
            SyncPolicy::ServerWins => Met::Merged(None),
            SyncPolicy::MergeFields | SyncPolicy::Ask => Met::Conflict(self.moved(def)),
        };
        Compared { met, version, conflicts: Vec::new() }
    }
}

impl Since {
    /// What others did. None where there is nothing to compare: the caller may not read the record, it is deleted, or the version is not one that it had; the write then says what that means.
    pub(super) async fn read(
        inner: &Inner,
        context: &Context,
        origin: Origin,
        def: &ResourceDef,
        id: Id,
        expected: Option<Expected>,
    ) -> Result<Option<Since>> {
        let Some(Expected::Version(base)) = expected else { return Ok(None) };
        let grant = match authorize(context, def, Action::Read) {
            Err(error) if error.code() == ErrorCode::Forbidden => return Ok(None),
            grant => grant?,
        };
        let scope = inner.store.scope(context.tenant);
        // Nobody changes it between the comparison and the write.
        scope.hold(def, &[id.0]).await?;
        let this = Filter::field(system::ID, Comparison::Equal(Value::Id(id.0)));
        let filter = Filter::And([this].into_iter().chain(grant.rows).collect());
        let found = inner.find(context, &scope, def, &filter, DeletedMode::Exclude, 1).await?.pop();
        let Some(record) = found else { return Ok(None) };
        let version = version_of(def, &record);
        if version < base {
            return Ok(None);
        }
        let mut since = Since {
            record,
            version,
            base,
            mask: grant.fields,
            touched: false,
            fields: HashMap::new(),
            unknown: version - base > i64::from(MAXIMUM_CHANGES),
        };
        if since.unknown {
            since.touched = true;
            return Ok(Some(since));
        }
        let most = u32::try_from(version - base).unwrap_or_default();
        let mut changes = if most == 0 { Vec::new() } else { scope.history(&def.name, id.0, None, most).await? };
        changes.retain(|change| change.version > base);
        let actor = context.actor.to_text();
        for change in changes.iter().rev() {
            since.note(change, change.actor == actor && origin.made(change.request))?;
        }
        Ok(Some(since))
    }

    /// Takes a change into account, the oldest first. What the device did itself, it knows.
    fn note(&mut self, change: &Change, own: bool) -> Result<()> {
        self.touched |= !own;
        let (mut before, after) = sides(change)?;
        for (name, now) in after.unwrap_or_default() {
            let known = self.fields.entry(name.clone()).or_insert_with(|| (before.remove(&name), false));
            *known = if own { (Some(now), false) } else { (known.0.take(), true) };
        }
        Ok(())
    }

    fn conflict(&self, def: &ResourceDef, field: &FieldDef, base: Option<&Json>, mine: &Value, theirs: &Value, kept: Option<&str>) -> Json {
        let shown = |value: &Value| {
            let mut text = Vec::new();
            Encoder::new(def, field).write_value(value, &mut text);
            serde_json::from_slice(&text).unwrap_or(Json::Null)
        };
        let seen = self.mask.sees(field);
        let name = if field.is_custom() { field.pointer().trim_start_matches('/').replace('/', ".") } else { field.name.to_string() };
        json!({
            "field": name,
            "base": base.filter(|_| seen),
            "mine": shown(mine),
            "theirs": if seen { shown(theirs) } else { Json::Null },
            "kept": kept,
        })
    }

    fn moved(&self, def: &ResourceDef) -> Error {
        let text = format!(
            "Others have changed the {} since version {}; it has version {} now. Decide what is to be, and send the operation again with that version.",
            clientela_model::naming::words(&def.name),
            self.base,
            self.version
        );
        Error::new(ErrorCode::VersionConflict, text).with_current_version(self.version)
    }
}

/// Takes a field out of a body.
fn remove(body: &mut Map<String, Json>, field: &FieldDef) {
    if !field.is_custom() {
        body.remove(field.name.as_ref());
        return;
    }
    let own = field.name.strip_prefix(document::PREFIX).unwrap_or(&field.name);
    if let Some(Json::Object(fields)) = body.get_mut(document::NAME) {
        fields.remove(own);
        if fields.is_empty() {
            body.remove(document::NAME);
        }
    }
}
