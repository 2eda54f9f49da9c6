//! Carrying out many writes in one transaction.

use super::wire::reference;
use super::{Batch, BatchEntry, BatchOutcome, RowOutcome, Step, Target, order, remember};
use crate::Engine;
use crate::engine::Inner;
use crate::pack::{Pack, abreast};
use crate::write::{self, Expected, Idempotency, WriteAction, WriteOutcome, WriteRequest};
use clientela_access::{Action, authorize};
use clientela_kernel::{Context, Error, ErrorCode, FieldProblem, Id, ProblemCode, Result};
use clientela_store::{Commit, IdempotencyWrite, WriteSet};
use futures_util::future::BoxFuture;
use serde_json::{Map, Value as Json};
use std::collections::HashMap;
use std::sync::Arc;
use uuid::Uuid;

/// What the idempotency row of many writes names as its resource.
const MANY: &str = "batch";
/// How often a batch starts anew before it is given up.
pub(super) const MAXIMUM_ATTEMPTS: usize = 10;
/// How many problems the error of an atomic batch lists.
const LISTED: usize = 100;

type Rows = Vec<Result<RowOutcome>>;

/// Carries out many writes. Inside a transaction they become part of it, and where an atomic batch fails there the transaction must be
/// taken back; otherwise they are a transaction of their own.
pub(crate) async fn execute(inner: Arc<Inner>, context: Context, batch: Batch) -> Result<BatchOutcome> {
    permit(&context, &batch.operations)?;
    if inner.held.is_some() {
        let rows = carry_out(&inner, &context, batch.operations, many(batch.atomic)).await?;
        return Ok(BatchOutcome { rows, replayed: false });
    }
    let idempotency = batch.idempotency.as_ref();
    if let Some(before) = replay(&inner, &context, idempotency).await? {
        return Ok(before);
    }
    for _ in 0..MAXIMUM_ATTEMPTS {
        match attempt(&inner, &context, &batch).await {
            Ok(Some(rows)) => return Ok(BatchOutcome { rows, replayed: false }),
            Ok(None) => {
                return replay(&inner, &context, idempotency).await?.ok_or_else(|| Error::internal("a taken idempotency key is not there"));
            }
            Err(error) if error.is_collision() => {}
            // A repeated request may fail now because it succeeded then.
            Err(error) => return replay(&inner, &context, idempotency).await?.ok_or(error),
        }
    }
    Err(Error::unavailable("a batch kept meeting others head-on"))
}

fn many(atomic: bool) -> Many {
    if atomic { Many::Atomic } else { Many::Each }
}

/// One attempt at a transaction of its own; none where the idempotency key is taken.
async fn attempt(inner: &Arc<Inner>, context: &Context, batch: &Batch) -> Result<Option<Rows>> {
    let (inside, held) = Engine { inner: Arc::clone(inner) }.begin().await?;
    let rows = match carry_out(&inside.inner, context, batch.operations.clone(), many(batch.atomic)).await {
        Ok(rows) => rows,
        Err(error) => {
            held.roll_back().await?;
            return Err(error);
        }
    };
    if !store(&inside.inner, context, batch.idempotency.as_ref(), || remember::write(&rows)).await? {
        held.roll_back().await?;
        return Ok(None);
    }
    held.commit().await?;
    Ok(Some(rows))
}

/// What a credential does not allow at all is refused as a whole.
fn permit(context: &Context, operations: &[Result<BatchEntry>]) -> Result<()> {
    for operation in operations.iter().flatten() {
        let actions: &[Action] = match &operation.step {
            Step::Create { .. } => &[Action::Create],
            Step::Update { .. } => &[Action::Update],
            Step::Upsert { .. } => &[Action::Create, Action::Update],
            Step::Delete { .. } => &[Action::Delete],
            Step::Restore { .. } => &[Action::Restore],
        };
        for action in actions {
            authorize(context, &operation.def, *action)?;
        }
    }
    Ok(())
}

async fn replay(inner: &Inner, context: &Context, idempotency: Option<&Idempotency>) -> Result<Option<BatchOutcome>> {
    match remembered(inner, context, idempotency).await? {
        Some(answer) => Ok(Some(BatchOutcome { rows: remember::read(&inner.registry, &answer)?, replayed: true })),
        None => Ok(None),
    }
}

/// What the request that used this key before was answered with, if there was one.
pub(super) async fn remembered(inner: &Inner, context: &Context, idempotency: Option<&Idempotency>) -> Result<Option<String>> {
    let Some(idempotency) = idempotency else { return Ok(None) };
    let scope = inner.store.scope(context.tenant);
    let Some(record) = scope.idempotency(&context.actor.to_text(), &idempotency.key).await? else { return Ok(None) };
    match record.answer.filter(|_| record.fingerprint == idempotency.fingerprint) {
        Some(answer) => Ok(Some(answer)),
        None => Err(Error::new(
            ErrorCode::IdempotencyKeyReused,
            "This idempotency key was used before for another request. A key belongs to one request; use a new one.",
        )),
    }
}

/// Remembers an answer under the request's key, inside its transaction. False where the key is taken.
pub(super) async fn store(
    inner: &Inner,
    context: &Context,
    idempotency: Option<&Idempotency>,
    answer: impl FnOnce() -> String,
) -> Result<bool> {
    let Some(idempotency) = idempotency else { return Ok(true) };
    let write = IdempotencyWrite {
        principal: context.actor.to_text(),
        key: idempotency.key.clone(),
        fingerprint: idempotency.fingerprint.clone(),
        status: 200,
        resource: MANY.to_owned(),
        record: Id(Uuid::nil()),
        version: 0,
        at: inner.clock.now(),
        answer: Some(answer()),
    };
    let set = WriteSet { tenant: context.tenant, rows: Vec::new(), idempotency: Some(write), audit: None };
    Ok(inner.store.scope(context.tenant).commit(set).await? == Commit::Done)
}

/// How the members of a batch hang together.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Many {
    /// Each is refused by itself.
    Each,
    /// All or none; what is wrong is told of each.
    Atomic,
    /// All or none, and all ask for the same: what is wrong is told once.
    Alike,
}

/// Carries out the operations inside a transaction, round after round, those of a round side by side.
pub(super) async fn carry_out(inner: &Arc<Inner>, context: &Context, operations: Vec<Result<BatchEntry>>, many: Many) -> Result<Rows> {
    let atomic = many != Many::Each;
    let pack = Arc::new(Pack::default());
    let packed = inner.packed(&pack);
    let mut rows: Vec<Option<Result<RowOutcome>>> = operations.iter().map(|row| row.as_ref().err().cloned().map(Err)).collect();
    let mut names: HashMap<String, String> = HashMap::new();
    for round in order::rounds(&operations) {
        if atomic && rows.iter().flatten().any(Result::is_err) {
            break;
        }
        let mut works: Vec<BoxFuture<'_, (usize, Result<WriteOutcome>)>> = Vec::with_capacity(round.len());
        for index in round {
            let Some(Ok(operation)) = operations.get(index) else { continue };
            let (packed, context, request) = (Arc::clone(&packed), context.clone(), request(operation, &names));
            works.push(Box::pin(async move {
                match request {
                    Ok(request) => (index, write::execute(packed, context, request).await),
                    Err(error) => (index, Err(error)),
                }
            }));
        }
        for (index, outcome) in abreast(inner, context, &pack, works).await? {
            let (Some(Ok(operation)), Some(row)) = (operations.get(index), rows.get_mut(index)) else { continue };
            let outcome = match outcome {
                Ok(outcome) => Ok(done(operation, outcome)),
                Err(error) if is_stop(&error) => return Err(error),
                Err(error) => Err(error.within(&operation.pointer)),
            };
            if let (Some(name), Ok(done)) = (&operation.name, &outcome) {
                names.insert(name.clone(), done.id.to_text(&done.def.prefix));
            }
            *row = Some(outcome);
        }
    }
    if atomic && rows.iter().flatten().any(Result::is_err) {
        return Err(match many {
            Many::Alike => alike(rows),
            _ => refused(&operations, rows),
        });
    }
    Ok(rows.into_iter().map(|row| row.unwrap_or_else(|| Err(Error::internal("a row was left out")))).collect())
}

/// Whether the database, and not the row, is to blame.
pub(crate) fn is_stop(error: &Error) -> bool {
    matches!(error.code(), ErrorCode::DatabaseUnavailable | ErrorCode::Overloaded | ErrorCode::StorageFull | ErrorCode::Internal)
}

fn done(operation: &BatchEntry, outcome: WriteOutcome) -> RowOutcome {
    let status = match operation.step {
        _ if outcome.created => 201,
        Step::Delete { .. } => 204,
        _ => 200,
    };
    RowOutcome { def: Arc::clone(&operation.def), id: outcome.id, version: outcome.version, status, revealed: outcome.revealed }
}

/// The write an operation asks for, with the records of earlier ones in their places.
pub(crate) fn request(operation: &BatchEntry, names: &HashMap<String, String>) -> Result<WriteRequest> {
    let missing = |pointer: String, name: &str| {
        let text = format!("ref names {name:?}, which was not carried out.");
        Error::validation(vec![FieldProblem::new(pointer, ProblemCode::ReferenceNotFound, text)])
    };
    let filled = |body: &Map<String, Json>| -> Result<Map<String, Json>> {
        let mut body = body.clone();
        for (field, json) in &mut body {
            if let Some(name) = reference(json) {
                *json = names.get(name).map(|id| Json::from(id.as_str())).ok_or_else(|| missing(format!("/{field}"), name))?;
            }
        }
        Ok(body)
    };
    let target = |target: &Target| match target {
        Target::Id(id) => Ok(*id),
        Target::Named(name) => {
            let text = names.get(name).ok_or_else(|| missing("/id".to_owned(), name))?;
            Id::parse(text, &operation.def.prefix).map_err(|_| {
                let text = format!("ref names {name:?}, whose record is none of {}.", operation.def.plural);
                Error::validation(vec![FieldProblem::new("/id", ProblemCode::WrongType, text)])
            })
        }
    };
    let expected = |version: Option<i64>| version.map(Expected::Version);
    let action = match &operation.step {
        Step::Create { body } => WriteAction::Create { body: filled(body)? },
        Step::Update { id, body, expected: version } => {
            WriteAction::Update { id: target(id)?, body: filled(body)?, expected: expected(*version) }
        }
        Step::Upsert { by, body, mode, expected: version } => {
            WriteAction::Upsert { by: by.clone(), body: filled(body)?, mode: *mode, expected: expected(*version) }
        }
        Step::Delete { id, expected: version } => WriteAction::Delete { id: target(id)?, expected: expected(*version) },
        Step::Restore { id, expected: version } => WriteAction::Restore { id: target(id)?, expected: expected(*version), merged: false },
    };
    Ok(WriteRequest { def: Arc::clone(&operation.def), action, idempotency: None })
}

/// The error of a change to many: of the first that was refused, and which that is.
fn alike(rows: Vec<Option<Result<RowOutcome>>>) -> Error {
    let count = rows.iter().flatten().filter(|row| row.is_err()).count();
    let first = rows.into_iter().flatten().find_map(Result::err);
    let Some(first) = first else { return Error::internal("a batch failed without an error") };
    let text = format!("{} Nothing was written; {count} records were refused.", first.detail());
    let mut error = Error::new(first.code(), text).with_fields(first.fields().to_vec());
    error = error.with_lock(first.locked_until(), first.locked_by().map(str::to_owned));
    if let Some(id) = first.existing_id() {
        error = error.with_existing_id(id.to_owned());
    }
    error
}

/// The error of a batch that is all or nothing: the code of the first row that was refused, and what is wrong with all of them.
fn refused(operations: &[Result<BatchEntry>], rows: Vec<Option<Result<RowOutcome>>>) -> Error {
    let mut first: Option<Error> = None;
    let (mut problems, mut count) = (Vec::new(), 0_usize);
    for (row, operation) in rows.into_iter().zip(operations) {
        let Some(Err(error)) = row else { continue };
        count += 1;
        if error.fields().is_empty() {
            let pointer = operation.as_ref().map_or_else(|_| String::new(), |operation| operation.pointer.clone());
            problems.push(FieldProblem::new(pointer, problem_of(error.code()), error.detail()));
        }
        problems.extend(error.fields().iter().cloned());
        first.get_or_insert(error);
    }
    problems.truncate(LISTED);
    let Some(first) = first else { return Error::internal("a batch failed without an error") };
    let others = if count > 1 { format!(" {} more were refused as well.", count - 1) } else { String::new() };
    let text = format!("{} Nothing was written.{others}", first.detail());
    let mut error = Error::new(first.code(), text).with_fields(problems).with_candidates(first.candidate_ids().to_vec());
    error = error.with_lock(first.locked_until(), first.locked_by().map(str::to_owned));
    if let Some(version) = first.current_version() {
        error = error.with_current_version(version);
    }
    match first.existing_id() {
        Some(id) => error.with_existing_id(id.to_owned()),
        None => error,
    }
}

/// What kind of problem an error of a whole row is.
fn problem_of(code: ErrorCode) -> ProblemCode {
    match code {
        ErrorCode::NotFound | ErrorCode::RecordDeleted => ProblemCode::ReferenceNotFound,
        ErrorCode::Duplicate | ErrorCode::DuplicateFound | ErrorCode::IdTaken => ProblemCode::Taken,
        ErrorCode::Forbidden => ProblemCode::NotAllowed,
        _ => ProblemCode::Contradiction,
    }
}
