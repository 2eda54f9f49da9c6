//! Taking back what one request did, as far as nothing has changed since: what an unmerge does.

use super::change::Gathering;
use super::dependents::id_of;
use super::repoint::has_its_like;
use super::run::version_of;
use crate::engine::Inner;
use crate::module::Draft;
use clientela_kernel::{Comparison, Context, DeletedMode, Error, ErrorCode, Filter, Id, Name, Result, Value};
use clientela_model::{ResourceDef, system};
use clientela_store::{Change, ChangeKind, Commit, Encoder, Scope, WriteSet};
use serde_json::{Map, Value as Json};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use uuid::Uuid;

/// Records that one statement changes.
const TOGETHER: usize = 100;
/// Changes that are read from the log at once.
const PAGE: u32 = 1_000;
/// Changes of one request that are taken back at most.
const MOST: usize = 100_000;
/// Changes of the record itself among which the request is looked for.
const LATEST: u32 = 200;

/// What a request did to a record, all its changes together.
#[derive(Clone, Debug)]
pub struct NetChange {
    /// The resource.
    pub def: Arc<ResourceDef>,
    /// The record.
    pub id: Id,
    /// The version that it left.
    pub version: i64,
    /// Whether it made the record.
    pub created: bool,
    /// The fields it changed: index, before, after.
    pub fields: Vec<(usize, Value, Value)>,
}

/// Why a change could not be taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhyKept {
    /// The record has changed since.
    Changed,
    /// The record has been erased since.
    Erased,
    /// Another record has its place by now: a unique key.
    Taken,
    /// A record that it belongs to is not there any more.
    Orphaned,
}

/// A record that stays as it is.
#[derive(Clone, Debug)]
pub struct Kept {
    /// The resource.
    pub def: Arc<ResourceDef>,
    /// The record.
    pub id: Id,
    /// Why.
    pub why: WhyKept,
}

/// What the request did that set a field of a record and then deleted it, the last time that happened; none where it never did.
pub(crate) async fn episode(inner: &Inner, scope: &Scope, def: &ResourceDef, id: Id, mark: &str) -> Result<Option<Vec<NetChange>>> {
    let own = scope.history(&def.name, id.0, None, LATEST).await?;
    let Some(deletion) = own.iter().find(|change| change.kind == ChangeKind::Deleted.as_str()) else { return Ok(None) };
    let marks = |change: &&Change| {
        change.request == deletion.request && change.version < deletion.version && object(change.after.as_deref()).contains_key(mark)
    };
    let Some(first) = own.iter().find(marks) else { return Ok(None) };
    let mut nets: HashMap<(String, Uuid), NetChange> = HashMap::new();
    let mut order = Vec::new();
    let (mut from, mut count) = (first.sequence, 0);
    loop {
        let changes = scope.request_changes(deletion.request, from, deletion.sequence, PAGE).await?;
        count += changes.len();
        if count > MOST {
            let text = format!("More than {MOST} changes were made at once, which is more than is taken back.");
            return Err(Error::new(ErrorCode::QueryTooComplex, text));
        }
        for change in &changes {
            let Some(def) = inner.registry.resource(&change.resource) else { continue };
            let key = (change.resource.clone(), change.record.0);
            let net = nets.entry(key.clone()).or_insert_with(|| {
                order.push(key);
                NetChange { def: Arc::clone(def), id: change.record, version: 0, created: false, fields: Vec::new() }
            });
            add(net, change);
        }
        match changes.last() {
            Some(last) if changes.len() >= usize::try_from(PAGE).unwrap_or(usize::MAX) => from = last.sequence + 1,
            _ => break,
        }
    }
    Ok(Some(order.into_iter().filter_map(|key| nets.remove(&key)).collect()))
}

fn object(text: Option<&str>) -> Map<String, Json> {
    text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
}

/// Adds a later change.
fn add(net: &mut NetChange, change: &Change) {
    let def = Arc::clone(&net.def);
    let (before, after) = (object(change.before.as_deref()), object(change.after.as_deref()));
    net.version = change.version;
    net.created |= change.kind == ChangeKind::Created.as_str();
    for (name, json) in &after {
        let Some((index, field)) = def.field_index(name).and_then(|index| Some((index, def.fields.get(index)?))) else { continue };
        let read = |json: &Json| Encoder::new(&def, field).parse(json).unwrap_or_default();
        let (old, new) = (before.get(name).map_or(Value::Null, read), read(json));
        match net.fields.iter_mut().find(|(other, ..)| *other == index) {
            Some((_, _, last)) => *last = new,
            None => net.fields.push((index, old, new)),
        }
    }
}

/// Takes changes back, each with a version and a log row of its own. Of the rules only what is derived from the record itself is asked;
/// `adjust` says what else changes. Answers how many were taken back of each resource, and what stays as it is.
pub(crate) async fn undo(
    inner: &Inner,
    context: &Context,
    scope: &Scope,
    nets: &[NetChange],
    adjust: &(dyn Fn(&mut Draft) + Send + Sync),
) -> Result<(BTreeMap<Name, i64>, Vec<Kept>)> {
    let (mut counts, mut kept) = (BTreeMap::new(), Vec::new());
    for some in nets.chunks(TOGETHER) {
        let current = read(inner, context, scope, some).await?;
        let mut gathering = Gathering::new(inner, context, scope, inner.clock.now());
        for net in some {
            let mut keep = |why| kept.push(Kept { def: Arc::clone(&net.def), id: net.id, why });
            let Some(before) = current.get(&(net.def.name.clone(), net.id.0)) else {
                keep(WhyKept::Erased);
                continue;
            };
            if version_of(&net.def, before) != net.version && !comes_to_nothing(scope, net).await? {
                keep(WhyKept::Changed);
                continue;
            }
            if net.fields.iter().all(|(_, old, new)| old == new) && !net.created {
                continue;
            }
            let draft = turned_back(inner, context, &gathering, net, before, adjust);
            let lives = draft.get(system::DELETED_AT).is_null();
            if lives && has_its_like(&gathering, &draft).await? {
                keep(WhyKept::Taken);
                continue;
            }
            if draft.kind == ChangeKind::Restored && is_orphaned(inner, context, scope, &draft).await? {
                keep(WhyKept::Orphaned);
                continue;
            }
            *counts.entry(net.def.name.clone()).or_default() += 1;
            gathering.place(draft);
        }
        let Gathering { rows, drafts, .. } = gathering;
        if rows.is_empty() {
            continue;
        }
        let set = Arc::new(WriteSet { tenant: context.tenant, rows, idempotency: None, audit: None });
        match scope.commit(Arc::clone(&set)).await? {
            Commit::Done => inner.committed(context, &drafts).await,
            // Somebody was faster: from the start again.
            failed => {
                let locked = super::locks::refused(inner, context, scope, &set.rows).await?;
                return Err(locked.unwrap_or_else(|| Error::collision(format!("changes could not be taken back: {failed:?}"))));
            }
        }
    }
    Ok((counts, kept))
}

async fn read(inner: &Inner, context: &Context, scope: &Scope, nets: &[NetChange]) -> Result<HashMap<(Name, Uuid), Vec<Value>>> {
    let mut ids: BTreeMap<&str, (Arc<ResourceDef>, Vec<Value>)> = BTreeMap::new();
    for net in nets {
        ids.entry(&net.def.name).or_insert_with(|| (Arc::clone(&net.def), Vec::new())).1.push(Value::Id(net.id.0));
    }
    let mut current = HashMap::new();
    for (def, ids) in ids.into_values() {
        let most = u32::try_from(ids.len()).unwrap_or(u32::MAX);
        let filter = Filter::field(system::ID, Comparison::In(ids));
        for record in inner.find(context, scope, &def, &filter, DeletedMode::Include, most).await? {
            if let Some(id) = id_of(&def, &record) {
                current.insert((def.name.clone(), id.0), record);
            }
        }
    }
    Ok(current)
}

/// Whether everything that was done to a record since comes to nothing, such as another merge that was taken back.
async fn comes_to_nothing(scope: &Scope, net: &NetChange) -> Result<bool> {
    let history = scope.history(&net.def.name, net.id.0, None, LATEST).await?;
    // Where the log does not reach back that far, nobody knows.
    if !history.iter().any(|change| change.version == net.version) {
        return Ok(false);
    }
    let mut since = NetChange { fields: Vec::new(), ..net.clone() };
    history.iter().rev().filter(|change| change.version > net.version).for_each(|change| add(&mut since, change));
    Ok(since.fields.iter().all(|(_, before, after)| before == after))
}

/// The record as it was before.
fn turned_back(
    inner: &Inner,
    context: &Context,
    gathering: &Gathering<'_>,
    net: &NetChange,
    before: &[Value],
    adjust: &(dyn Fn(&mut Draft) + Send + Sync),
) -> Draft {
    let def = &net.def;
    let mut after = before.to_vec();
    for (index, old, _) in net.fields.iter().filter(|_| !net.created) {
        if let Some(slot) = after.get_mut(*index) {
            *slot = old.clone();
        }
    }
    let living = |record: &[Value]| def.field_index(system::DELETED_AT).and_then(|index| record.get(index)).is_none_or(Value::is_null);
    let kind = match (living(before), living(&after)) {
        _ if net.created => ChangeKind::Deleted,
        (false, true) => ChangeKind::Restored,
        (true, false) => ChangeKind::Deleted,
        _ => ChangeKind::Updated,
    };
    let mut draft = inner.stamped(context, gathering.now, def, net.id, kind, Some(before.to_vec()), after);
    if let Some(rules) = inner.rules.get(def.name.as_ref()).filter(|_| kind != ChangeKind::Deleted) {
        rules.derive(context, &mut draft);
    }
    adjust(&mut draft);
    draft
}

/// Whether a record that it cannot be without is not there any more.
async fn is_orphaned(inner: &Inner, context: &Context, scope: &Scope, draft: &Draft) -> Result<bool> {
    for field in draft.def.fields.iter().filter(|field| field.required) {
        let (Some(reference), Some(id)) = (field.reference(), draft.get(&field.name).as_id()) else { continue };
        let def = inner.resource(&reference.target)?;
        if inner.current(context, scope, &def, Id(id), DeletedMode::Exclude).await?.is_none() {
            return Ok(true);
        }
    }
    Ok(false)
}
