//! Changing many records of one resource in one way, inside an operation.

use super::change::Gathering;
use super::dependents::id_of;
use crate::engine::Inner;
use crate::module::Draft;
use clientela_kernel::{Context, DeletedMode, Error, Filter, Result};
use clientela_model::ResourceDef;
use clientela_store::{ChangeKind, Commit, Scope, WriteSet};
use std::sync::Arc;

/// Records that are read at once.
const READ: u32 = 1_000;
/// Records that one statement changes.
const TOGETHER: usize = 100;
/// How often a round starts anew because a record moved under it.
const MAXIMUM_ATTEMPTS: usize = 20;

/// Changes every record that satisfies a filter, deleted ones as `deleted` says, until none is left that does: after the change a record
/// must satisfy it no longer. Each gets a version and a log row of its own; its rules are not asked. Answers how many there were.
pub(crate) async fn each(
    inner: &Inner,
    context: &Context,
    scope: &Scope,
    def: &Arc<ResourceDef>,
    filter: &Filter,
    deleted: DeletedMode,
    change: &(dyn Fn(&mut Draft) + Send + Sync),
) -> Result<i64> {
    let (mut count, mut attempts) = (0, 0);
    loop {
        let found = inner.find(context, scope, def, filter, deleted, READ).await?;
        if found.is_empty() {
            return Ok(count);
        }
        for records in found.chunks(TOGETHER) {
            let mut gathering = Gathering::new(inner, context, scope, inner.clock.now());
            for before in records {
                let Some(id) = id_of(def, before) else { continue };
                let (kind, after) = (ChangeKind::Updated, before.clone());
                let mut draft = inner.stamped(context, gathering.now, def, id, kind, Some(before.clone()), after);
                change(&mut draft);
                gathering.place(draft);
            }
            let Gathering { rows, drafts, .. } = gathering;
            let changed = i64::try_from(rows.len()).unwrap_or(i64::MAX);
            let set = Arc::new(WriteSet { tenant: context.tenant, rows, idempotency: None, audit: None });
            match scope.commit(Arc::clone(&set)).await? {
                Commit::Done => {
                    inner.committed(context, &drafts).await;
                    count += changed;
                }
                failed if attempts == MAXIMUM_ATTEMPTS => {
                    return Err(Error::internal(format!("{} could not be changed: {failed:?}", def.plural)));
                }
                // A record has moved on: what is left is read again.
                _ => {
                    if let Some(locked) = super::locks::refused(inner, context, scope, &set.rows).await? {
                        return Err(locked);
                    }
                    attempts += 1;
                    break;
                }
            }
        }
    }
}
