//! One change to every record that satisfies a filter, all or none.

use super::run::{MAXIMUM_ATTEMPTS, Many, carry_out, remembered, store};
use super::{BatchEntry, Step, Target};
use crate::Engine;
use crate::engine::Inner;
use crate::input::{self, Mode};
use crate::write::{Idempotency, id_of, version_of};
use clientela_access::{Action, authorize};
use clientela_kernel::{Context, DeletedMode, Error, ErrorCode, FieldProblem, Filter, ProblemCode, Result};
use clientela_model::ResourceDef;
use serde_json::{Map, Value as Json, json};
use std::sync::Arc;

/// Most records that one call changes.
pub const MAXIMUM_BULK: u32 = 5_000;

/// A change to every record that satisfies a filter.
#[derive(Clone, Debug)]
pub struct Bulk {
    /// The resource.
    pub def: Arc<ResourceDef>,
    /// Which records.
    pub filter: Filter,
    /// The patch, field values by name in wire form; none to delete them.
    pub patch: Option<Map<String, Json>>,
    /// How many records the caller expects it to be.
    pub expected: Option<i64>,
    /// The caller's idempotency key.
    pub idempotency: Option<Idempotency>,
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BulkOutcome {
    /// How many records satisfied the filter, and have changed or are gone.
    pub count: usize,
    /// Whether this answers a repeated idempotency key.
    pub replayed: bool,
}

/// Carries out the change; inside a transaction as part of it.
pub(crate) async fn execute(inner: Arc<Inner>, context: Context, bulk: Bulk) -> Result<BulkOutcome> {
    let action = if bulk.patch.is_some() { Action::Update } else { Action::Delete };
    let grant = authorize(&context, &bulk.def, action)?;
    if let Some(patch) = &bulk.patch {
        // What is wrong with it is wrong however many records there are, and where there are none.
        let problems = input::decode(&bulk.def, &grant.fields, patch, Mode::Patch).problems;
        if !problems.is_empty() {
            return Err(Error::validation(problems).within("/values"));
        }
    }
    if inner.held.is_some() {
        return Ok(BulkOutcome { count: apply(&inner, &context, &bulk).await?, replayed: false });
    }
    let replay = || async { replay(&inner, &context, bulk.idempotency.as_ref()).await };
    if let Some(before) = replay().await? {
        return Ok(before);
    }
    for _ in 0..MAXIMUM_ATTEMPTS {
        let (inside, held) = Engine { inner: Arc::clone(&inner) }.begin().await?;
        match apply(&inside.inner, &context, &bulk).await {
            Ok(count) => {
                if store(&inside.inner, &context, bulk.idempotency.as_ref(), || json!({ "count": count }).to_string()).await? {
                    held.commit().await?;
                    return Ok(BulkOutcome { count, replayed: false });
                }
                held.roll_back().await?;
                return replay().await?.ok_or_else(|| Error::internal("a taken idempotency key is not there"));
            }
            Err(error) => {
                held.roll_back().await?;
                if !error.is_collision() {
                    return replay().await?.ok_or(error);
                }
            }
        }
    }
    Err(Error::unavailable("a change of many records kept meeting others head-on"))
}

async fn replay(inner: &Inner, context: &Context, idempotency: Option<&Idempotency>) -> Result<Option<BulkOutcome>> {
    let Some(answer) = remembered(inner, context, idempotency).await? else { return Ok(None) };
    let answer: Json = serde_json::from_str(&answer).unwrap_or_default();
    let count = answer.get("count").and_then(Json::as_u64).and_then(|count| usize::try_from(count).ok());
    let count = count.ok_or_else(|| Error::internal("the remembered answer of a change of many records cannot be read"))?;
    Ok(Some(BulkOutcome { count, replayed: true }))
}

async fn apply(inner: &Arc<Inner>, context: &Context, bulk: &Bulk) -> Result<usize> {
    let def = &bulk.def;
    let mut conditions = vec![bulk.filter.clone()];
    // What the caller may not see, or not change, is not changed by a filter either.
    let action = if bulk.patch.is_some() { Action::Update } else { Action::Delete };
    for action in [Action::Read, action] {
        conditions.extend(authorize(context, def, action)?.rows);
    }
    let scope = inner.store.scope(context.tenant);
    let found = inner.find(context, &scope, def, &Filter::And(conditions), DeletedMode::Exclude, MAXIMUM_BULK + 1).await?;
    if u32::try_from(found.len()).is_ok_and(|count| count > MAXIMUM_BULK) {
        let text = format!("The filter matches more than {MAXIMUM_BULK} {}. Narrow it, and change them in several calls.", def.plural);
        return Err(Error::validation(vec![FieldProblem::new("/filter", ProblemCode::OutOfRange, text)]));
    }
    if let Some(expected) = bulk.expected
        && i64::try_from(found.len()).ok() != Some(expected)
    {
        let text = format!(
            "The filter matches {} {} now, and the request expects {expected}. Nothing was written. Look at them again, then send the new count.",
            found.len(),
            def.plural
        );
        return Err(Error::new(ErrorCode::VersionConflict, text));
    }
    let entry = |record: &Vec<clientela_kernel::Value>| {
        let id = Target::Id(id_of(def, record).ok_or_else(|| Error::internal("a record without an id"))?);
        let expected = Some(version_of(def, record));
        let (pointer, step) = match &bulk.patch {
            Some(body) => ("/values", Step::Update { id, body: body.clone(), expected }),
            None => ("", Step::Delete { id, expected }),
        };
        Ok(Ok(BatchEntry { pointer: pointer.to_owned(), name: None, def: Arc::clone(def), step }))
    };
    let entries = found.iter().map(entry).collect::<Result<Vec<Result<BatchEntry>>>>()?;
    let rows = carry_out(inner, context, entries, Many::Alike).await?;
    Ok(rows.len())
}
