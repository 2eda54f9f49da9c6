//! The tenant-bound door. Every statement that goes through it carries the tenant.

use crate::sql::{Argument, Sql};
use crate::write::{Commit, IdempotencyRecord, WriteSet};
use crate::{Dialect, Rows, Select, SelectCount, Store};
use clientela_kernel::{Error, Result, TenantId};
use clientela_model::ResourceDef;
use std::sync::Arc;
use uuid::Uuid;

/// The records of one tenant. Cheap to make and to clone.
#[derive(Clone, Debug)]
pub struct Scope {
    store: Store,
    tenant: TenantId,
}

impl Scope {
    pub(crate) fn new(store: Store, tenant: TenantId) -> Self {
        Scope { store, tenant }
    }

    /// The tenant.
    pub fn tenant(&self) -> TenantId {
        self.tenant
    }

    /// Which database it is.
    pub fn dialect(&self) -> Dialect {
        self.store.dialect()
    }

    pub(crate) fn store(&self) -> &Store {
        &self.store
    }

    /// Reads records with one statement. `DATABASE_UNAVAILABLE` where the database is away or too busy.
    pub async fn fetch(&self, select: &Select<'_>) -> Result<Rows> {
        self.store.read(|| select.compile(self.dialect(), self.tenant)).await
    }

    /// Counts records with one statement.
    pub async fn count(&self, select: &SelectCount<'_>) -> Result<Rows> {
        self.store.read(|| select.compile(self.dialect(), self.tenant)).await
    }

    /// Keeps others from changing these records until the transaction that this scope belongs to ends; what has begun is waited for. On SQLite
    /// the transaction has done so from its beginning.
    pub async fn hold(&self, def: &ResourceDef, ids: &[Uuid]) -> Result<()> {
        if self.dialect() == Dialect::Sqlite {
            return Ok(());
        }
        let held = self.store.read(|| {
            let mut sql = Sql::of_tenant(self.dialect(), self.tenant);
            sql.push("SELECT id FROM ").push(&def.named_source()).push(" WHERE tenant_id = ").tenant();
            sql.push(" AND id = ANY(").bind(Argument::Ids(ids.to_vec())).push(") ORDER BY id FOR UPDATE");
            Ok(sql)
        });
        held.await.map(drop)
    }

    /// The request remembered under a principal's idempotency key.
    pub async fn idempotency(&self, principal: &str, key: &str) -> Result<Option<IdempotencyRecord>> {
        crate::idempotency::find(self, principal, key).await
    }

    /// Writes several sets, all or none, with few statements. None where they cannot be put together: one is remembered under an
    /// idempotency key or removes rows, or two change the same record. Where it is not `Done`, which set stood in the way is
    /// found by writing fewer of them.
    pub async fn commit_together(&self, sets: &[&WriteSet]) -> Result<Option<Commit>> {
        if sets.iter().any(|set| set.tenant != self.tenant) {
            return Err(Error::internal("a write set of another tenant"));
        }
        self.store.commit_together(self.tenant, sets).await
    }

    /// Writes rows, their change-log rows and the idempotency row, all or nothing. When this answers, the outcome is
    /// durable; `DATABASE_UNAVAILABLE` leaves it in doubt, and a retry with the same idempotency key resolves the doubt.
    ///
    /// The future should be driven to its end: a caller that drops it half-way does not learn the outcome.
    pub async fn commit(&self, set: impl Into<Arc<WriteSet>> + Send) -> Result<Commit> {
        let set = set.into();
        if set.tenant != self.tenant {
            return Err(Error::internal("a write set of another tenant"));
        }
        self.store.commit(set).await
    }
}
