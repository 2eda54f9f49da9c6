//! Erasing a record that explains others, such as the definition of a field: what it explains goes with it, in one transaction.

use super::WriteRequest;
use super::run::{Wiping, carry_out};
use crate::Engine;
use crate::engine::Inner;
use crate::module::{Found, Rules, Wiped};
use crate::write::WriteOutcome;
use clientela_kernel::{Comparison, Context, DeletedMode, Error, Filter, Id, Result, Value};
use clientela_model::system;
use futures_util::future::BoxFuture;
use std::sync::Arc;

/// How often it starts anew because it met another transaction head-on.
const MAXIMUM_ATTEMPTS: usize = 10;

/// Wipes and erases, in a transaction of its own unless there is one.
pub(super) fn erase<'a>(
    inner: Arc<Inner>,
    context: Context,
    request: &'a WriteRequest,
    id: Id,
    rules: Arc<dyn Rules>,
) -> BoxFuture<'a, Result<WriteOutcome>> {
    Box::pin(async move {
        if inner.held.is_some() {
            return attempt(inner, &context, request, id, rules.as_ref()).await.map(|(outcome, _)| outcome);
        }
        for _ in 0..MAXIMUM_ATTEMPTS {
            let (inside, held) = Engine { inner: Arc::clone(&inner) }.begin().await?;
            match attempt(inside.inner, &context, request, id, rules.as_ref()).await {
                Ok((outcome, unwanted)) => {
                    held.commit().await?;
                    inner.store.settle_indexes(&[], &unwanted).await?;
                    return Ok(outcome);
                }
                Err(error) => {
                    held.roll_back().await?;
                    if !error.is_collision() {
                        return Err(error);
                    }
                }
            }
        }
        Err(Error::unavailable("an erasure kept meeting others head-on"))
    })
}

async fn attempt(
    inner: Arc<Inner>,
    context: &Context,
    request: &WriteRequest,
    id: Id,
    rules: &dyn Rules,
) -> Result<(WriteOutcome, Vec<String>)> {
    let scope = inner.store.scope(context.tenant);
    let this = Filter::field(system::ID, Comparison::Equal(Value::Id(id.0)));
    let record = inner.find(context, &scope, &request.def, &this, DeletedMode::Include, 1).await?.pop();
    let wiped = match record {
        Some(values) => {
            let record = Found { def: Arc::clone(&request.def), id, values };
            rules.wipe(&Engine { inner: Arc::clone(&inner) }, context, &record).await?
        }
        // A repetition of an erasure that was done, perhaps.
        None => Wiped::default(),
    };
    if let Some(late) = &inner.held {
        late.purge(wiped.tables.into_iter());
    }
    let outcome = carry_out(inner, context.clone(), request.clone(), Wiping::Done).await?;
    Ok((outcome, wiped.indexes))
}
