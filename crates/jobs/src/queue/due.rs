//! What a worker takes up next: the tenants that have work take turns, whatever each has of it.

use super::lease::{self, Lease};
use super::{JobKind, Order, job};
use crate::state::JobState;
use crate::worker::Worker;
use clientela_kernel::{Id, Result, TenantId};
use clientela_store::{Dialect, Scope, SystemTask};
use sea_orm::sea_query::SimpleExpr;
use sea_orm::{ColumnTrait as _, Condition};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Tenants that are looked up together.
const TENANTS: u64 = 32;
/// Jobs of a tenant and kind that are looked at: more than servers can be at work on.
const CANDIDATES: u64 = 50;

/// A job that is this worker's to carry out.
pub(crate) struct Due {
    pub(crate) tenant: TenantId,
    pub(crate) id: Id,
    pub(crate) kind: Arc<dyn JobKind>,
    pub(crate) scope: Scope,
    pub(crate) lease: Lease,
}

/// What waits or runs and is not deleted.
fn open() -> Condition {
    Condition::all().add(job::Column::State.is_in([JobState::Queued, JobState::Running])).add(job::Column::DeletedAt.is_null())
}

impl Worker {
    /// Takes the lease of the next job that is due. `busy` says how many jobs of a tenant this worker carries out already, `most` how many it may be, `last` whose turn it
    /// was before.
    pub(crate) async fn next(&self, busy: &HashMap<TenantId, usize>, most: usize, last: Option<TenantId>) -> Result<Option<Due>> {
        // First those behind it, then the others.
        for (behind, until) in [(last, None), (None, last)].into_iter().take(if last.is_some() { 2 } else { 1 }) {
            let mut behind = behind;
            loop {
                let tenants = self.tenants(behind, until).await?;
                for tenant in tenants.iter().filter(|tenant| busy.get(tenant).is_none_or(|count| *count < most)) {
                    if let Some(due) = self.take(*tenant).await? {
                        return Ok(Some(due));
                    }
                }
                behind = tenants.last().copied();
                if behind.is_none() {
                    break;
                }
            }
        }
        Ok(None)
    }

    /// Tenants that have something due, in their order, behind one and until another.
    async fn tenants(&self, behind: Option<TenantId>, until: Option<TenantId>) -> Result<Vec<TenantId>> {
        let of = job::Column::TenantId;
        let due = open().add(self.is_due()).add_option(behind.map(|tenant| of.gt(tenant))).add_option(until.map(|tenant| of.lte(tenant)));
        self.store.system(SystemTask::Jobs).distinct::<job::Entity, TenantId>(due, of, TENANTS).await
    }

    /// Takes the lease of a tenant's oldest job that is due and that nobody else has.
    async fn take(&self, tenant: TenantId) -> Result<Option<Due>> {
        let system = self.store.system(SystemTask::Jobs);
        let mut found = Vec::new();
        for kind in self.kinds.values() {
            let all = open().add(job::Column::TenantId.eq(tenant)).add(job::Column::Kind.eq(kind.name()));
            let jobs = match kind.order() {
                // Whether it is due or not: it comes before the others.
                Order::OfTenant => system.first::<job::Entity>(all, job::Column::Id, 1).await?,
                Order::OfInbox => {
                    let mut jobs = system.first::<job::Entity>(all, job::Column::Id, CANDIDATES).await?;
                    let mut seen = HashSet::new();
                    jobs.retain(|job| seen.insert(job.inbox_source_id));
                    jobs
                }
                Order::Abreast => system.first::<job::Entity>(all.add(self.is_due()), job::Column::Id, CANDIDATES).await?,
            };
            found.extend(jobs.into_iter().filter(|job| job.run_at <= self.now()).map(|job| (job.id, kind)));
        }
        found.sort_by_key(|(id, _)| id.0);
        let scope = self.store.scope(tenant);
        for (id, kind) in found {
            // Another worker may have it, or may have carried it out since it was looked for.
            if let Some(lease) = lease::take(&scope, id, &self.holder, self.now()).await? {
                return Ok(Some(Due { tenant, id, kind: Arc::clone(kind), scope, lease }));
            }
        }
        Ok(None)
    }

    fn is_due(&self) -> SimpleExpr {
        // A moment bound by sea-orm is a text on SQLite, where moments are numbers.
        match self.store.dialect() {
            Dialect::Sqlite => job::Column::RunAt.lte(self.now().0),
            Dialect::Postgres => job::Column::RunAt.lte(self.now()),
        }
    }
}
