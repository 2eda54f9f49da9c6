//! Giving everything that names one record to another: what a merge does with the records around the one that goes.

use super::change::Gathering;
use super::dependents::id_of;
use crate::engine::Inner;
use crate::module::Draft;
use clientela_kernel::{Comparison, Context, DeletedMode, Error, ErrorCode, Filter, Id, Name, RecordKey, Result, Value};
use clientela_model::{FieldDef, FieldType, ResourceDef, UniqueDef, system};
use clientela_store::{ChangeKind, Commit, Scope, WriteSet};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Records that one statement changes.
const TOGETHER: usize = 100;
/// How often a round starts anew because a record moved under it.
const MAXIMUM_ATTEMPTS: usize = 20;

/// What became of the records of one resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repointed {
    /// The resource.
    pub resource: Name,
    /// Records that name the other one now.
    pub moved: i64,
    /// Records that were deleted, since the other one has their like already.
    pub dropped: i64,
}

/// A record that names the one that goes, and its fields that do.
type Referrer = (Arc<ResourceDef>, Id, Vec<Value>, Vec<usize>);

/// Everything that names `from`, deleted records too, names `to` from now on, with a version and a log row of its own. Of its
/// rules only what is derived from the record itself is asked; `adjust` says what else must change with it. A living record that would be the like of another
/// by a unique key is deleted instead, as is one that would name the same record twice.
pub(crate) async fn repoint(
    inner: &Inner,
    context: &Context,
    scope: &Scope,
    from: &Draft,
    to: Id,
    adjust: &(dyn Fn(&mut Draft) + Send + Sync),
) -> Result<Vec<Repointed>> {
    // Their locks would go over with the rest before the records themselves are written.
    for id in [from.id, to] {
        if let Some(locked) = super::locks::refused_record(inner, context, scope, &from.def, id).await? {
            return Err(locked);
        }
    }
    let mut counts: BTreeMap<Name, (i64, i64)> = BTreeMap::new();
    let mut attempts = 0;
    // Read a thousand at a time of each kind, written a hundred at a time; read again to the end, and where a record has moved on.
    let mut waiting: Vec<Referrer> = Vec::new();
    loop {
        let mut gathering = Gathering::new(inner, context, scope, inner.clock.now());
        if waiting.is_empty() {
            waiting = referrers(&gathering, from).await?;
        }
        if waiting.is_empty() {
            break;
        }
        let mut round: Vec<(Name, bool)> = Vec::new();
        for (def, id, before, fields) in waiting.drain(..TOGETHER.min(waiting.len())) {
            // What a record that is dropped took along has been seen to.
            if gathering.holds(&def, id.0) {
                continue;
            }
            let (after, pointless) = changed(&def, id, &before, &fields, &from.def, to);
            let mut draft = inner.stamped(context, gathering.now, &def, id, ChangeKind::Updated, Some(before), after);
            if let Some(rules) = inner.rules.get(def.name.as_ref()) {
                rules.derive(context, &mut draft);
            }
            adjust(&mut draft);
            let living = draft.old(system::DELETED_AT).is_null();
            let drop = living && (pointless || has_its_like(&gathering, &draft).await?);
            round.push((def.name.clone(), drop));
            if drop {
                draft.set(system::DELETED_AT, Value::Instant(gathering.now));
                gathering.take_along(Draft { kind: ChangeKind::Deleted, ..draft }, false).await?;
            } else {
                gathering.place(draft);
            }
        }
        let Gathering { rows, drafts, .. } = gathering;
        let set = Arc::new(WriteSet { tenant: context.tenant, rows, idempotency: None, audit: None });
        match scope.commit(Arc::clone(&set)).await? {
            Commit::Done => {
                inner.committed(context, &drafts).await;
                // What was dropped may have changed some of those that wait.
                if round.iter().any(|(_, dropped)| *dropped) {
                    waiting.clear();
                }
                for (resource, dropped) in round {
                    let count = counts.entry(resource).or_default();
                    if dropped { count.1 += 1 } else { count.0 += 1 }
                }
            }
            // The rows refer to the other one, and whoever refers needs it alive.
            _ if inner.current(context, scope, &from.def, to, DeletedMode::Exclude).await?.is_none() => {
                let (one, id) = (&from.def.name, to.to_text(&from.def.prefix));
                let text =
                    format!("{one} {id} was deleted, or merged into another one, at the same moment. Look where it is now, and try again.");
                return Err(Error::new(ErrorCode::RecordDeleted, text));
            }
            failed if attempts == MAXIMUM_ATTEMPTS => return Err(Error::internal(format!("records could not be re-pointed: {failed:?}"))),
            _ => {
                if let Some(locked) = super::locks::refused(inner, context, scope, &set.rows).await? {
                    return Err(locked);
                }
                attempts += 1;
                waiting.clear();
            }
        }
    }
    Ok(counts.into_iter().map(|(resource, (moved, dropped))| Repointed { resource, moved, dropped }).collect())
}

/// The records that name the one that goes, each once.
async fn referrers(gathering: &Gathering<'_>, from: &Draft) -> Result<Vec<Referrer>> {
    let mut found: BTreeMap<(Name, uuid::Uuid), Referrer> = BTreeMap::new();
    for (def, field, _, records) in gathering.referrers(from).await? {
        let Some(index) = def.field_index(&field.name) else { continue };
        for record in records {
            let Some(id) = id_of(&def, &record) else { continue };
            found.entry((def.name.clone(), id.0)).or_insert_with(|| (Arc::clone(&def), id, record, Vec::new())).3.push(index);
        }
    }
    Ok(found.into_values().collect())
}

/// The record as it names the other one, and whether there is no point in it any more.
fn changed(def: &ResourceDef, id: Id, before: &[Value], fields: &[usize], from: &ResourceDef, to: Id) -> (Vec<Value>, bool) {
    let mut after = before.to_vec();
    for index in fields {
        let Some((field, slot)) = def.fields.get(*index).zip(after.get_mut(*index)) else { continue };
        *slot = match &field.kind {
            // A record does not name itself.
            FieldType::Reference(_) if id == to && def.name == from.name && !field.required => Value::Null,
            FieldType::AnyReference(_) => Value::Record(RecordKey { resource: from.name.clone(), id: to.0 }),
            _ => Value::Id(to.0),
        };
    }
    // A relationship of one with itself.
    let target = |index: &usize| def.fields.get(*index).and_then(FieldDef::reference).map(|reference| &reference.target);
    let twice = fields.iter().any(|index| {
        let same = |(other, field): (usize, &FieldDef)| {
            other != *index
                && field.required
                && field.reference().map(|reference| &reference.target) == target(index)
                && after.get(other) == Some(&Value::Id(to.0))
        };
        target(index).is_some() && def.fields.iter().enumerate().any(same)
    });
    (after, twice)
}

/// Whether a living record has the unique key that this one would have.
pub(super) async fn has_its_like(gathering: &Gathering<'_>, draft: &Draft) -> Result<bool> {
    let touches = |unique: &&UniqueDef| draft.kind == ChangeKind::Restored || unique.fields.iter().any(|name| draft.changed(name));
    for unique in draft.def.unique.iter().filter(touches) {
        let mut conditions = vec![Filter::field(system::ID, Comparison::Equal(Value::Id(draft.id.0))).negate()];
        for name in &unique.fields {
            let Some(field) = draft.def.field(name) else { continue };
            conditions.push(crate::key::same(field, draft.get(name)));
        }
        // An empty part makes no key.
        if unique.fields.iter().any(|name| draft.get(name).is_null()) {
            continue;
        }
        let (inner, context, scope) = (gathering.inner, gathering.context, gathering.scope);
        let found = inner.find(context, scope, &draft.def, &Filter::And(conditions), DeletedMode::Exclude, 1).await?;
        if !found.is_empty() {
            return Ok(true);
        }
    }
    Ok(false)
}
