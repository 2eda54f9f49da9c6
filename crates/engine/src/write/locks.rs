//! Locks that somebody else holds. The writing statement itself looks for them (`clientela_store::LOCKS`); here stands what is said of one that was in the way, and
//! the same condition for what is read before an operation.

use crate::engine::Inner;
use crate::reach::Reach;
use clientela_kernel::{ActorKind, Comparison, Context, DeletedMode, Error, ErrorCode, Filter, Id, RecordKey, Result, Timestamp, Value};
use clientela_model::{Registry, ResourceDef, naming, system};
use clientela_store::{LOCKS, RowChange, RowGuard, Scope};

/// The field of a lock that names the record.
const RECORD: &str = "recordId";
/// The field of a lock that says when it ends.
const UNTIL: &str = "until";

/// A condition of locks: they hold at a moment, and somebody else has made them.
fn others(context: &Context, now: Timestamp) -> Vec<Filter> {
    let holder = Comparison::Equal(Value::Text(context.actor.to_text()));
    let holds = Filter::field(UNTIL, Comparison::Greater(Value::Instant(now)));
    vec![holds, Filter::field(system::CREATED_BY, holder).negate()]
}

/// A condition of records of a resource: nobody else holds a lock of them. None where there can be no locks of them.
pub(crate) fn unlocked(def: &ResourceDef, context: &Context, now: Timestamp) -> Option<Filter> {
    let lock = Filter::And(others(context, now));
    def.relations
        .iter()
        .any(|relation| relation.target == LOCKS)
        .then(|| Filter::NamedBy { resource: LOCKS.into(), field: RECORD.into(), filter: Box::new(lock) }.negate())
}

/// The error of a change whose guard did not hold because of somebody's lock; none where there was none.
pub(crate) async fn refused(inner: &Inner, context: &Context, scope: &Scope, rows: &[RowChange]) -> Result<Option<Error>> {
    let minds = |row: &&RowChange| {
        matches!(row.guard, RowGuard::Version(_) | RowGuard::Erase(_))
            && row.log.as_ref().is_some_and(|log| log.minds_locks)
            && row.def.relations.iter().any(|relation| relation.target == LOCKS)
    };
    let key = |row: &RowChange| Value::Record(RecordKey { resource: row.def.name.clone(), id: row.id.0 });
    let mut keys: Vec<Value> = rows.iter().filter(minds).map(key).collect();
    let named = match keys.len() {
        0 => return Ok(None),
        1 => Comparison::Equal(keys.pop().unwrap_or_default()),
        _ => Comparison::In(keys),
    };
    in_the_way(inner, context, scope, named).await
}

/// The error of a record that somebody else has locked; none where nobody has.
pub(crate) async fn refused_record(inner: &Inner, context: &Context, scope: &Scope, def: &ResourceDef, id: Id) -> Result<Option<Error>> {
    let key = Value::Record(RecordKey { resource: def.name.clone(), id: id.0 });
    in_the_way(inner, context, scope, Comparison::Equal(key)).await
}

async fn in_the_way(inner: &Inner, context: &Context, scope: &Scope, named: Comparison) -> Result<Option<Error>> {
    let locks = inner.resource(LOCKS)?;
    let mut conditions = vec![Filter::field(RECORD, named)];
    conditions.extend(others(context, inner.clock.now()));
    let found = inner.find(context, scope, &locks, &Filter::And(conditions), DeletedMode::Exclude, 1).await?.pop();
    match found {
        Some(found) => says(inner, context, scope, &locks, &found).await.map(Some),
        None => Ok(None),
    }
}

/// The error of a record that cannot go because one of its locks would have to go with it; none where that lock has ended or is the caller's.
pub(crate) async fn refused_along(
    inner: &Inner,
    context: &Context,
    scope: &Scope,
    locks: &ResourceDef,
    lock: &[Value],
) -> Result<Option<Error>> {
    let get = |name: &str| locks.field_index(name).and_then(|index| lock.get(index)).unwrap_or(&Value::Null);
    let holds = matches!(get(UNTIL), Value::Instant(until) if *until > inner.clock.now()) && get(system::DELETED_AT).is_null();
    let own = get(system::CREATED_BY).as_text() == Some(context.actor.to_text().as_str());
    if !holds || own || context.actor.kind == ActorKind::System {
        return Ok(None);
    }
    says(inner, context, scope, locks, lock).await.map(Some)
}

/// What is said of a lock that is in the way.
async fn says(inner: &Inner, context: &Context, scope: &Scope, locks: &ResourceDef, lock: &[Value]) -> Result<Error> {
    let get = |name: &str| locks.field_index(name).and_then(|index| lock.get(index)).cloned().unwrap_or_default();
    let (Some(key), Value::Instant(until)) = (get(RECORD).as_record().cloned(), get(UNTIL)) else {
        return Err(Error::internal("a lock without a record or an end"));
    };
    let holder = get(system::CREATED_BY).as_text().unwrap_or_default().to_owned();
    let told = match principal(&inner.registry, &holder) {
        Some((def, id)) => Reach { inner, context, scope }.sees(def, id.0).await?,
        None => true,
    };
    let def = inner.resource(&key.resource)?;
    Ok(error(&def, Id(key.id), until, told.then_some(holder)))
}

/// The resource and the id of a principal by its wire id; none of the server itself.
pub fn principal<'r>(registry: &'r Registry, text: &str) -> Option<(&'r ResourceDef, Id)> {
    let (prefix, _) = text.rsplit_once('_')?;
    let def = registry.by_prefix(prefix)?;
    Some((def, Id::parse(text, prefix).ok()?))
}

/// The error of a record that is locked until a moment, by somebody of whom the caller may know or not.
pub fn error(def: &ResourceDef, id: Id, until: Timestamp, by: Option<String>) -> Error {
    let (record, words, moment) = (id.to_text(&def.prefix), naming::words(&def.name), until.to_text());
    let who = by.as_ref().map_or_else(String::new, |by| format!(" by {by}"));
    let text = format!(
        "The {words} {record} is locked{who} until {moment}: nobody else changes it till then. Try again later, or ask whoever holds the lock, or an administrator, to remove it."
    );
    Error::new(ErrorCode::RecordLocked, text).with_lock(Some(until), by)
}
