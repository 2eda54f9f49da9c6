//! Carrying out what a device has done.

use super::compare::{Compared, Met, Since};
use super::origin::Origin;
use super::{SyncOperation, SyncPolicy, SyncRequest, SyncResult, SyncStatus, SyncStep};
use crate::Engine;
use crate::batch::{BatchEntry, Step, Target, is_stop, request};
use crate::operation::OperationRequest;
use crate::write::{self, WriteAction, WriteOutcome, WriteRequest};
use clientela_kernel::{Context, Error, ErrorCode, Id, Name, Result};
use clientela_store::{Commit, IdempotencyWrite, WriteSet};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use std::collections::HashMap;
use std::sync::Arc;
use uuid::Uuid;

/// Most operations of a push.
pub const MAXIMUM_OPERATIONS: usize = 500;
/// How often a push starts anew before it is given up.
const MAXIMUM_ATTEMPTS: usize = 10;

/// Carries out a push in a transaction of its own.
pub(super) async fn push(engine: Engine, context: Context, request: SyncRequest) -> Result<Vec<SyncResult>> {
    if request.operations.is_empty() {
        return Ok(Vec::new());
    }
    for _ in 0..MAXIMUM_ATTEMPTS {
        let (inside, held) = engine.begin().await?;
        let outcome = match carry_out(&inside, &context, &request).await {
            Ok(results) => held.commit().await.map(|()| results),
            Err(error) => held.roll_back().await.and(Err(error)),
        };
        match outcome {
            Err(error) if error.is_collision() => {}
            outcome => return outcome,
        }
    }
    Err(Error::unavailable("a push kept meeting others head-on"))
}

/// Carries out a push inside a transaction.
pub(super) async fn carry_out(engine: &Engine, context: &Context, request: &SyncRequest) -> Result<Vec<SyncResult>> {
    let origin = Origin::of(&context.actor.to_text(), &request.device);
    let mut results = Vec::with_capacity(request.operations.len());
    for operation in &request.operations {
        let context = Context { request_id: origin.request(&operation.id), ..context.clone() };
        let policy = operation.policy.unwrap_or(request.policy);
        results.push(Push { engine, context: &context, origin, operation, policy }.carry_out().await?);
    }
    Ok(results)
}

/// One operation under way.
struct Push<'a> {
    engine: &'a Engine,
    context: &'a Context,
    origin: Origin,
    operation: &'a SyncOperation,
    policy: SyncPolicy,
}

/// What is remembered of an operation that was carried out. What the fields held is not: the feed tells it to whoever may see it.
#[derive(Serialize, Deserialize)]
struct Remembered {
    merged: bool,
    resource: Name,
    record: Option<String>,
    version: Option<i64>,
    output: Option<Json>,
}

impl Push<'_> {
    async fn carry_out(&self) -> Result<SyncResult> {
        match self.recalled().await {
            Ok(None) => {}
            Ok(Some(result)) => return Ok(result),
            Err(error) if is_stop(&error) => return Err(error),
            Err(error) => return Ok(self.refused(error)),
        }
        let outcome = match &self.operation.step {
            Ok(SyncStep::Write(entry)) => self.write(entry).await.map_err(|error| error.within(&entry.pointer)),
            Ok(SyncStep::Perform(request, at)) => self.perform(request).await.map_err(|error| error.within(at)),
            Err(error) => Err(error.clone()),
        };
        let result = match outcome {
            Ok(result) => result,
            Err(error) if is_stop(&error) => return Err(error),
            Err(error) => return Ok(self.refused(error)),
        };
        if matches!(result.status, SyncStatus::Applied | SyncStatus::Merged) {
            self.remember(&result).await?;
        }
        Ok(result)
    }

    fn result(&self, status: SyncStatus) -> SyncResult {
        SyncResult {
            id: self.operation.id.clone(),
            status,
            replayed: false,
            request: self.context.request_id,
            resource: self.resource(),
            record: None,
            version: None,
            conflicts: Vec::new(),
            output: None,
            error: None,
        }
    }

    fn resource(&self) -> Option<Name> {
        match self.operation.step.as_ref().ok()? {
            SyncStep::Write(entry) => Some(entry.def.name.clone()),
            SyncStep::Perform(request, _) => Some(request.def.resource.clone()),
        }
    }

    /// The record it names, by its id on the wire.
    fn record(&self) -> Option<String> {
        let (def, id) = match self.operation.step.as_ref().ok()? {
            SyncStep::Perform(request, _) => (self.engine.inner.registry.resource(&request.def.resource)?.clone(), request.record?),
            SyncStep::Write(entry) => match &entry.step {
                Step::Update { id: Target::Id(id), .. }
                | Step::Delete { id: Target::Id(id), .. }
                | Step::Restore { id: Target::Id(id), .. } => (entry.def.clone(), *id),
                _ => return None,
            },
        };
        Some(id.to_text(&def.prefix))
    }

    /// What is told of an operation that was not carried out.
    fn refused(&self, error: Error) -> SyncResult {
        let status = if error.code() == ErrorCode::VersionConflict { SyncStatus::Conflict } else { SyncStatus::Rejected };
        SyncResult { record: self.record(), version: error.current_version(), error: Some(error), ..self.result(status) }
    }

    async fn write(&self, entry: &BatchEntry) -> Result<SyncResult> {
        let mut asked = request(entry, &HashMap::new())?;
        let (id, expected) = match asked.action {
            WriteAction::Update { id, expected, .. } | WriteAction::Delete { id, expected } => (id, expected),
            _ => return Ok(self.written(&self.done(asked).await?, SyncStatus::Applied)),
        };
        let def = Arc::clone(&asked.def);
        let since = Since::read(&self.engine.inner, self.context, self.origin, &def, id, expected).await?;
        // Where there is nothing to compare, the write itself says why.
        let Some(since) = since else { return Ok(self.written(&self.done(asked).await?, SyncStatus::Applied)) };
        let compared = match &mut asked.action {
            WriteAction::Update { body, .. } => since.update(&def, id, std::mem::take(body), self.policy),
            _ => since.deletion(&def, id, self.policy),
        };
        let Compared { met, version, conflicts } = compared;
        let told = |status: SyncStatus| SyncResult { record: self.record(), version, conflicts: conflicts.clone(), ..self.result(status) };
        match met {
            Met::Untouched(action) => Ok(self.written(&self.done(WriteRequest { action, ..asked }).await?, SyncStatus::Applied)),
            Met::Merged(Some(action)) => {
                let written = self.written(&self.done(WriteRequest { action, ..asked }).await?, SyncStatus::Merged);
                Ok(SyncResult { conflicts, ..written })
            }
            Met::Merged(None) => Ok(told(SyncStatus::Merged)),
            Met::Conflict(error) => Ok(SyncResult { error: Some(error), ..told(SyncStatus::Conflict) }),
        }
    }

    async fn done(&self, request: WriteRequest) -> Result<WriteOutcome> {
        write::execute(self.engine.inner.clone(), self.context.clone(), request).await
    }

    fn written(&self, outcome: &WriteOutcome, status: SyncStatus) -> SyncResult {
        SyncResult { record: Some(outcome.id.to_text(&outcome.def.prefix)), version: Some(outcome.version), ..self.result(status) }
    }

    /// Performs a verb. Where it fails, what it wrote until then is taken back, and the transaction goes on.
    async fn perform(&self, request: &OperationRequest) -> Result<SyncResult> {
        let inner = &self.engine.inner;
        let late = inner.held.as_ref().ok_or_else(|| Error::internal("a push outside of a transaction"))?;
        let mark = late.mark();
        inner.store.begin_part().await?;
        let outcome = self.engine.operate_within(self.context, request).await;
        if let Err(error) = &outcome
            && is_stop(error)
        {
            return Err(error.clone());
        }
        inner.store.end_part(outcome.is_ok()).await?;
        if outcome.is_err() {
            late.back_to(mark);
        }
        let output = outcome?.to_json(&inner.registry, &request.def)?;
        Ok(SyncResult { record: self.record(), output: Some(output), ..self.result(SyncStatus::Applied) })
    }

    /// Under which it is remembered: the request that it is in the log, which tells principal, device and operation.
    fn key(&self) -> String {
        format!("sync/{}", self.context.request_id)
    }

    /// What became of the operation when it was carried out before.
    async fn recalled(&self) -> Result<Option<SyncResult>> {
        let scope = self.engine.inner.store.scope(self.context.tenant);
        let found = scope.idempotency(&self.context.actor.to_text(), &self.key()).await?;
        let Some(found) = found else { return Ok(None) };
        if found.fingerprint != self.operation.fingerprint {
            let text =
                "This device has sent another operation with this id before, and it was carried out. Give each operation an id of its own.";
            return Err(Error::new(ErrorCode::IdempotencyKeyReused, text));
        }
        let answer = found.answer.as_deref().and_then(|answer| serde_json::from_str::<Remembered>(answer).ok());
        let Remembered { merged, resource, record, version, output } =
            answer.ok_or_else(|| Error::internal("a remembered operation of a device cannot be read"))?;
        let status = if merged { SyncStatus::Merged } else { SyncStatus::Applied };
        Ok(Some(SyncResult { replayed: true, resource: Some(resource), record, version, output, ..self.result(status) }))
    }

    /// Remembers that it was carried out, in the same transaction.
    async fn remember(&self, result: &SyncResult) -> Result<()> {
        let (inner, resource) = (&self.engine.inner, result.resource.clone().unwrap_or_default());
        let answer = Remembered {
            merged: result.status == SyncStatus::Merged,
            resource: resource.clone(),
            record: result.record.clone(),
            version: result.version,
            output: result.output.clone(),
        };
        let def = inner.registry.resource(&resource);
        let id = def.zip(result.record.as_deref()).and_then(|(def, text)| Id::parse(text, &def.prefix).ok());
        let write = IdempotencyWrite {
            principal: self.context.actor.to_text(),
            key: self.key(),
            fingerprint: self.operation.fingerprint.clone(),
            status: 200,
            resource: resource.into_owned(),
            record: id.unwrap_or(Id(Uuid::nil())),
            version: result.version.unwrap_or_default(),
            at: inner.clock.now(),
            answer: Some(serde_json::to_string(&answer).map_err(Error::internal)?),
        };
        let set = WriteSet { tenant: self.context.tenant, rows: Vec::new(), idempotency: Some(write), audit: None };
        match inner.store.scope(self.context.tenant).commit(set).await? {
            Commit::Done => Ok(()),
            // The same push is under way a second time; what it has done is found at the next attempt.
            _ => Err(Error::collision("an operation of a device was carried out by a twin")),
        }
    }
}
