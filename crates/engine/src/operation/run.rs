//! Carrying out an operation: begin, run, remember, commit; from the start again where two transactions met head-on.

use super::call::{self, Call};
use super::{OperationOutcome, OperationRequest, input, output, settled};
use crate::Engine;
use crate::module::Found;
use crate::write::{expect, locks, not_found};
use clientela_access::{Action, Grant, authorize, authorize_operation, check_scope};
use clientela_kernel::{ActorKind, Comparison, Context, DeletedMode, Error, ErrorCode, Filter, Id, Result, Value};
use clientela_model::{Content, OperationDef, system};
use clientela_store::{Commit, IdempotencyWrite, WriteSet};
use uuid::Uuid;

/// How often an operation starts anew before it is given up.
const MAXIMUM_ATTEMPTS: usize = 10;

/// How one attempt ended.
enum Ended {
    Done(OperationOutcome),
    /// The idempotency key is taken.
    Taken,
}

/// Carries out an operation that writes.
pub(super) async fn write(engine: Engine, context: Context, request: OperationRequest) -> Result<OperationOutcome> {
    let grant = permitted(&engine, &context, &request.def)?;
    let input = input::decode(&request.def.input, &*settled::complete(&context, &request.def, &request.body)?)?;
    if let Some(outcome) = replay(&engine, &context, &request).await? {
        return Ok(outcome);
    }
    for _ in 0..MAXIMUM_ATTEMPTS {
        match attempt(&engine, &context, &request, &grant, input.clone()).await {
            Ok(Ended::Done(outcome)) => return Ok(outcome),
            Ok(Ended::Taken) => {
                return replay(&engine, &context, &request).await?.ok_or_else(|| Error::internal("a taken idempotency key is not there"));
            }
            Err(error) if error.is_collision() => {}
            // It may fail now because a twin has succeeded meanwhile.
            Err(error) => return replay(&engine, &context, &request).await?.ok_or(error),
        }
    }
    Err(Error::unavailable("an operation kept meeting others head-on"))
}

/// Carries out an operation where it stands: one that only reads, or one that is a part of a transaction.
pub(super) async fn plainly(engine: &Engine, context: &Context, request: &OperationRequest) -> Result<OperationOutcome> {
    let grant = permitted(engine, context, &request.def)?;
    let input = input::decode(&request.def.input, &*settled::complete(context, &request.def, &request.body)?)?;
    run(engine, context, request, &grant, input).await.map(OperationOutcome::done)
}

async fn attempt(engine: &Engine, context: &Context, request: &OperationRequest, grant: &Grant, input: Vec<Content>) -> Result<Ended> {
    // Dropped, the transaction is taken back.
    let (inside, held) = engine.begin().await?;
    let output = match run(&inside, context, request, grant, input).await {
        Ok(output) => output,
        Err(error) => {
            held.roll_back().await?;
            return Err(error);
        }
    };
    if request.dry_run {
        return Ok(Ended::Done(OperationOutcome { output, replayed: false, tried: Some((inside, held)) }));
    }
    if let Some(idempotency) = remember(&inside, context, request, &output)? {
        let set = WriteSet { tenant: context.tenant, rows: Vec::new(), idempotency: Some(idempotency), audit: None };
        if inside.inner.store.scope(context.tenant).commit(set).await? == Commit::IdempotencyTaken {
            held.roll_back().await?;
            return Ok(Ended::Taken);
        }
    }
    held.commit().await?;
    Ok(Ended::Done(OperationOutcome::done(output)))
}

async fn run(engine: &Engine, context: &Context, request: &OperationRequest, grant: &Grant, input: Vec<Content>) -> Result<Vec<Content>> {
    let target = match request.record {
        Some(id) => Some(target(engine, context, request, grant, id).await?),
        None => None,
    };
    let operation = engine.inner.operations.get(&request.def.name);
    let operation = operation.ok_or_else(|| Error::internal(format!("nobody carries out {}", request.def.name)))?;
    let context = &context.inside(&request.def.name);
    let unlimited = context.reads_all() && context.scopes.sensitive;
    let limited = !request.def.writes && !unlimited;
    let target = target.map(|target| if limited { call::masked(target, &grant.fields) } else { target });
    operation.run(&Call { engine, context, target, limited }, input).await
}

/// The record it is done with, which must live and have the version the caller builds on.
async fn target(engine: &Engine, context: &Context, request: &OperationRequest, grant: &Grant, id: Id) -> Result<Found> {
    let def = engine.inner.resource(&request.def.resource)?;
    let mut filter = Filter::field(system::ID, Comparison::Equal(Value::Id(id.0)));
    if let Some(rows) = &grant.rows {
        filter = Filter::And(vec![filter, rows.clone()]);
    }
    if let Some(rows) = authorize(context, &def, Action::Read)?.rows {
        filter = Filter::And(vec![filter, rows]);
    }
    let scope = engine.inner.store.scope(context.tenant);
    let unlocked =
        locks::unlocked(&def, context, engine.inner.clock.now()).filter(|_| request.def.writes && context.actor.kind != ActorKind::System);
    let both = unlocked.map(|unlocked| Filter::And(vec![filter.clone(), unlocked]));
    let mut record = engine.inner.find(context, &scope, &def, both.as_ref().unwrap_or(&filter), DeletedMode::Include, 1).await?.pop();
    if record.is_none() && both.is_some() {
        record = engine.inner.find(context, &scope, &def, &filter, DeletedMode::Include, 1).await?.pop();
        // Only whoever may do something with the record hears that it is locked.
        if record.is_some()
            && let Some(locked) = locks::refused_record(&engine.inner, context, &scope, &def, id).await?
        {
            return Err(locked);
        }
    }
    let found = record.and_then(|record| call::found(&def, record)).ok_or_else(|| not_found(&def, id))?;
    if !found.get(system::DELETED_AT).is_null() {
        let id = id.to_text(&def.prefix);
        let text = format!("{} {id} is deleted, and {} is for living ones. Restore it first.", def.name, request.def.name);
        return Err(Error::new(ErrorCode::RecordDeleted, text));
    }
    expect(&def, &found.values, request.expected)?;
    Ok(found)
}

/// What the caller may do with the operation's resource.
fn permitted(engine: &Engine, context: &Context, def: &OperationDef) -> Result<Grant> {
    let resource = engine.inner.resource(&def.resource)?;
    let action = match (def.writes, def.is_on_record()) {
        (false, _) => Action::Read,
        (true, true) => Action::Update,
        (true, false) => Action::Create,
    };
    if def.for_oneself {
        return check_scope(context, &resource, action).map(|()| Grant::default());
    }
    authorize_operation(context, &resource, action, &def.name)
}

/// The outcome of the request that used this key before, if there was one. A trial is never remembered, nor answered from memory.
async fn replay(engine: &Engine, context: &Context, request: &OperationRequest) -> Result<Option<OperationOutcome>> {
    let Some(idempotency) = request.idempotency.as_ref().filter(|_| !request.dry_run) else { return Ok(None) };
    let scope = engine.inner.store.scope(context.tenant);
    let Some(record) = scope.idempotency(&context.actor.to_text(), &idempotency.key).await? else { return Ok(None) };
    if record.fingerprint != idempotency.fingerprint {
        return Err(Error::new(
            ErrorCode::IdempotencyKeyReused,
            "This idempotency key was used before for another request. A key belongs to one request; use a new one.",
        ));
    }
    let answer = record.answer.as_deref().and_then(|answer| serde_json::from_str(answer).ok());
    let output = answer.and_then(|answer| output::recalled(engine.registry(), &request.def.output, &answer));
    let output = output.ok_or_else(|| Error::internal(format!("the remembered output of {} cannot be read", request.def.name)))?;
    Ok(Some(OperationOutcome { output, replayed: true, tried: None }))
}

fn remember(engine: &Engine, context: &Context, request: &OperationRequest, output: &[Content]) -> Result<Option<IdempotencyWrite>> {
    let Some(idempotency) = &request.idempotency else { return Ok(None) };
    Ok(Some(IdempotencyWrite {
        principal: context.actor.to_text(),
        key: idempotency.key.clone(),
        fingerprint: idempotency.fingerprint.clone(),
        status: 200,
        resource: request.def.resource.clone().into_owned(),
        record: request.record.unwrap_or(Id(Uuid::nil())),
        version: 0,
        at: engine.inner.clock.now(),
        answer: Some(output::remembered(engine.registry(), &request.def.output, output)?.to_string()),
    }))
}
