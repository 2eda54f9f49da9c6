//! The record lock: for a while one record is changed by nobody else.

use async_trait::async_trait;
use clientela_engine::Rules;
use clientela_engine::module::{ChangeKind, Companion, Draft, Found, RuleReader, permitted};
use clientela_engine::write::locks;
use clientela_kernel::{
    Action, ActorKind, Comparison, Context, Error, ErrorCode, FieldProblem, Filter, Id, ProblemCode, Result, Timestamp, Value,
};
use clientela_macros::resource;
use clientela_model::system;

/// How long a lock lasts where nobody says, and how long it may: 15 minutes and 31 days, in milliseconds.
const USUAL: i64 = 15 * 60 * 1_000;
const LONGEST: i64 = 31 * 24 * 60 * 60 * 1_000;

/// Keeps everybody else from changing one record for a while. Whoever made the lock holds it (`createdBy`: a person, or an API key by itself); until it ends or is deleted,
/// everybody else's changes, deletions, restorations and operations with the record are refused with `RECORD_LOCKED`, by whatever way they come. Reading goes on,
/// and so does what is attached to the record. To lock a record one must be allowed to change it. Its holder and administrators may change or delete a lock; nobody has to
/// delete one that has ended, and it is in nobody's way. `erasePerson` heeds no locks.
#[resource(name = "recordLock", prefix = "lck", owner = "holderId", unattachable, unique("record_lock_exclusive_key", "exclusiveKey"))]
pub struct Model {
    /// The record, of any type: the prefix of the id tells which.
    #[field(
        refers_any,
        write = "immutable",
        inverse = "locks",
        inverse_description = "The locks of this record; at most one of them has not ended.",
        on_delete = "cascade",
        example = "\"acc_01h455vb4pex5vsknk084sn02q\""
    )]
    pub record_id: AnyId,
    /// Until when: at most 31 days ahead; a moment that is past ends it. 15 minutes from now where nothing is said.
    #[field(derived, example = "\"2026-01-31T17:00:00.000Z\"")]
    pub until: Timestamp,
    /// Why, for those who have to wait.
    #[field(max = 500, example = "\"Being checked for the annual report\"")]
    pub reason: Option<String>,
    /// The user who holds it; empty where an API key holds it by itself.
    #[field(refers = "user", write = "read_only", on_delete = "clear", example = "\"usr_01h455vb4pex5vsknk084sn02q\"")]
    pub holder_id: Option<Id>,
    /// What of two locks of one record at the same moment can be there only once; empty once another has followed.
    #[field(secret, write = "read_only", max = 150, example = "null")]
    pub exclusive_key: Option<String>,
}

/// The rules of locks.
pub struct RecordLockRules;

#[async_trait]
impl Rules for RecordLockRules {
    fn derive(&self, context: &Context, draft: &mut Draft) {
        if draft.kind != ChangeKind::Created {
            return;
        }
        if let (true, Some(now)) = (draft.get("until").is_null(), moment(draft, system::UPDATED_AT)) {
            draft.set("until", Value::Instant(Timestamp(now.0 + USUAL)));
        }
        let user = match context.actor.kind {
            ActorKind::User => Value::Id(context.actor.id.0),
            // In whose name a key acts.
            ActorKind::ApiKey => context.policy.as_ref().and_then(|policy| policy.user()).map_or(Value::Null, Value::Id),
            ActorKind::Token | ActorKind::System => Value::Null,
        };
        draft.set("holderId", user);
    }

    fn check(&self, _context: &Context, draft: &Draft, problems: &mut Vec<FieldProblem>) {
        let (Some(until), Some(now)) = (moment(draft, "until"), moment(draft, system::UPDATED_AT)) else { return };
        if draft.changed("until") && until.0 > now.0 + LONGEST {
            let longest = Timestamp(now.0 + LONGEST).to_text();
            let text = format!("until is {}; {longest} is the latest that a lock may last.", until.to_text());
            problems.push(FieldProblem::new("/until", ProblemCode::OutOfRange, text));
        }
    }

    async fn look_up(&self, context: &Context, reader: &dyn RuleReader, draft: &mut Draft) -> Result<()> {
        if draft.kind != ChangeKind::Created {
            return held(context, draft);
        }
        let Some(record) = draft.get("recordId").as_record().cloned() else { return Ok(()) };
        if !permitted(context, reader, &record.resource, Id(record.id), Action::Update).await? {
            let text = "recordId names a record that you may not change, or there is no such record, or it is deleted.";
            return Err(Error::validation(vec![FieldProblem::new("/recordId", ProblemCode::ReferenceNotFound, text)]));
        }
        let mut term = 0;
        for lock in latest(reader, draft).await? {
            if let Some(until) = holds(&lock, draft) {
                let def = reader.resource(&record.resource).ok_or_else(|| Error::internal("a lock of no resource"))?;
                let holder = told(context, reader, &lock).await?;
                return Err(locks::error(def, Id(record.id), until, holder));
            }
            term =
                term.max(lock.get("exclusiveKey").as_text().and_then(|place| place.rsplit_once('/')?.1.parse::<u32>().ok()).unwrap_or(0));
        }
        let place = format!("{}:{}/{}", record.resource, record.id.simple(), term.saturating_add(1));
        draft.set("exclusiveKey", Value::Text(place));
        Ok(())
    }

    async fn companions(&self, context: &Context, reader: &dyn RuleReader, draft: &Draft) -> Result<Vec<Companion>> {
        match draft.kind {
            // What has ended gives way.
            ChangeKind::Created => {
                let ended = latest(reader, draft).await?.into_iter();
                Ok(ended
                    .map(|lock| Companion::Patch { resource: "recordLock", id: lock.id, values: vec![("exclusiveKey", Value::Null)] })
                    .collect())
            }
            ChangeKind::Deleted | ChangeKind::Erased => held(context, draft).map(|()| Vec::new()),
            ChangeKind::Updated | ChangeKind::Restored => Ok(Vec::new()),
        }
    }
}

fn moment(draft: &Draft, field: &str) -> Option<Timestamp> {
    if let Value::Instant(at) = draft.get(field) { Some(*at) } else { None }
}

/// The locks of a draft's record that nothing has followed: one, as a rule, and whether it has ended is not told.
async fn latest(reader: &dyn RuleReader, draft: &Draft) -> Result<Vec<Found>> {
    let this = Filter::field("recordId", Comparison::Equal(draft.get("recordId").clone()));
    let open = Filter::field("exclusiveKey", Comparison::IsNull).negate();
    let own = Filter::field(system::ID, Comparison::Equal(Value::Id(draft.id.0))).negate();
    reader.find("recordLock", Filter::And(vec![this, open, own])).await
}

/// Until when a lock holds, where it does at the moment of the draft.
fn holds(lock: &Found, draft: &Draft) -> Option<Timestamp> {
    let now = moment(draft, system::UPDATED_AT)?;
    if let Value::Instant(until) = lock.get("until") { (*until > now).then_some(*until) } else { None }
}

/// Who holds a lock, where the caller may know.
async fn told(context: &Context, reader: &dyn RuleReader, lock: &Found) -> Result<Option<String>> {
    let holder = lock.get(system::CREATED_BY).as_text().unwrap_or_default().to_owned();
    let principal = reader.registry().and_then(|registry| locks::principal(registry, &holder));
    let known = match principal {
        Some((def, id)) => permitted(context, reader, &def.name, id, Action::Read).await?,
        None => true,
    };
    Ok(known.then_some(holder))
}

/// Refuses whoever neither holds the lock nor is an administrator, while the lock lasts.
fn held(context: &Context, draft: &Draft) -> Result<()> {
    let now = moment(draft, system::UPDATED_AT).unwrap_or(context.now);
    let ended = matches!(draft.old("until"), Value::Instant(until) if *until <= now);
    let gone = !draft.old(system::DELETED_AT).is_null();
    let holder = draft.old(system::CREATED_BY).as_text() == Some(context.actor.to_text().as_str());
    // What the server itself writes when another lock follows is no business of the holder's.
    let asked = draft.kind != ChangeKind::Updated || ["until", "reason", "recordId"].into_iter().any(|field| draft.changed(field));
    if holder || gone || !asked || context.is_administrator() || (ended && draft.kind != ChangeKind::Updated) {
        return Ok(());
    }
    let text = "Only whoever holds a lock, and administrators, may change or delete it. Wait until it ends, or ask one of them.";
    Err(Error::new(ErrorCode::Forbidden, text))
}
