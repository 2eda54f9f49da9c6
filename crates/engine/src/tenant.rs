//! What a tenant adds to the definitions: an engine over the built-in registry and its own fields, made when it is first asked for and
//! kept until something is announced. Tenants without fields of their own share the engine of everybody.

use crate::engine::{Engine, Inner};
use async_trait::async_trait;
use clientela_access::CredentialChanges;
use clientela_kernel::{Name, Result, TenantId};
use clientela_model::{Addition, CustomObject, Registry};
use clientela_store::FieldIndex;
use parking_lot::RwLock;
use std::collections::HashMap;
use std::sync::Arc;

/// How much of tenants' registries is kept, in fields of their own (a tenant counts for one more, an object for as many as it begins
/// with): about a kilobyte each. Beyond that some are let go, and made again when they are asked for.
pub const MAXIMUM_FIELDS_KEPT: usize = 500_000;
/// The fields and relations that an object begins with.
const OF_OBJECT: usize = 25;

/// Where the definitions that tenants add come from.
#[async_trait]
pub trait TenantDefinitions: Send + Sync {
    /// What a tenant adds, read through the engine of everybody; none where that is nothing.
    async fn read(&self, engine: &Engine, tenant: TenantId) -> Result<Option<Added>>;
}

/// What a tenant adds.
pub struct Added {
    /// Tells one state of it from another.
    pub stamp: String,
    /// The objects.
    pub objects: Vec<CustomObject>,
    /// The fields, in the order in which they are shown.
    pub fields: Vec<Addition>,
    /// What the database needs for them.
    pub indexes: Vec<Index>,
    /// The names of indexes that it no longer needs.
    pub unwanted: Vec<String>,
}

/// An index over a field that a tenant adds.
pub struct Index {
    /// The resource.
    pub resource: Name,
    /// The field.
    pub field: Name,
    /// What it is called in the database.
    pub name: String,
    /// Whether no two living records may have the same value.
    pub unique: bool,
}

/// The registries of tenants.
pub(crate) struct Tenants {
    source: Arc<dyn TenantDefinitions>,
    changes: CredentialChanges,
    known: RwLock<HashMap<TenantId, Known>>,
}

/// What is known of a tenant.
struct Known {
    /// How many changes had been announced when it was read.
    as_of: u64,
    own: Option<Own>,
    weight: usize,
}

#[derive(Clone)]
struct Own {
    stamp: String,
    inner: Arc<Inner>,
    weight: usize,
}

impl Engine {
    /// The same engine, which asks what tenants add to the definitions. `changes` counts what may have changed them.
    #[must_use]
    pub fn with_tenants(self, source: Arc<dyn TenantDefinitions>, changes: CredentialChanges) -> Engine {
        let tenants = Some(Arc::new(Tenants { source, changes, known: RwLock::default() }));
        Engine { inner: Arc::new(Inner { tenants, ..Inner::clone(&self.inner) }) }
    }

    /// The engine of a tenant; none where the tenant adds nothing to the definitions, so that this one is its engine.
    pub async fn of(&self, tenant: TenantId) -> Result<Option<Engine>> {
        let Some(tenants) = &self.inner.tenants else { return Ok(None) };
        let as_of = tenants.changes.count();
        let before = match tenants.known.read().get(&tenant) {
            Some(known) if known.as_of == as_of => return Ok(known.own.as_ref().map(Own::engine)),
            known => known.and_then(|known| known.own.clone()),
        };
        let own = self.own(tenants, tenant, before).await?;
        let engine = own.as_ref().map(Own::engine);
        let mut known = tenants.known.write();
        let weight = 1 + own.as_ref().map_or(0, |own| own.weight);
        known.remove(&tenant);
        let mut all = weight + known.values().map(|known| known.weight).sum::<usize>();
        while all > MAXIMUM_FIELDS_KEPT
            && let Some(some) = known.keys().next().copied()
        {
            // Whichever comes first: what is needed is soon made again.
            all -= known.remove(&some).map_or(0, |known| known.weight);
        }
        known.insert(tenant, Known { as_of, own, weight });
        Ok(engine)
    }

    /// The tenant's engine, or this one.
    pub async fn for_tenant(&self, tenant: TenantId) -> Result<Engine> {
        Ok(self.of(tenant).await?.unwrap_or_else(|| self.clone()))
    }

    async fn own(&self, tenants: &Tenants, tenant: TenantId, before: Option<Own>) -> Result<Option<Own>> {
        let Some(Added { stamp, objects, fields, indexes, unwanted }) = tenants.source.read(self, tenant).await? else { return Ok(None) };
        if let Some(before) = before.filter(|before| before.stamp == stamp) {
            return Ok(Some(before));
        }
        if fields.is_empty() && objects.is_empty() {
            // What it had is deleted, and its indexes with it.
            self.make(&self.inner.registry, &[], &unwanted).await?;
            return Ok(None);
        }
        let weight = fields.len() + objects.len() * OF_OBJECT;
        let widened = (!objects.is_empty()).then(|| self.inner.registry.with_objects(&objects));
        let (base, mut problems) =
            widened.as_ref().map_or((&*self.inner.registry, Vec::new()), |(base, problems)| (base, problems.clone()));
        let (registry, further) = base.extended(fields);
        let registry = Arc::new(registry);
        problems.extend(further);
        for problem in problems {
            tracing::warn!(%tenant, %problem, "a definition of a tenant's own does not fit and is left out");
        }
        self.make(&registry, &indexes, &unwanted).await?;
        Ok(Some(Own { stamp, weight, inner: Arc::new(Inner { registry, tenants: None, ..Inner::clone(&self.inner) }) }))
    }
}

impl Engine {
    /// Makes the indexes that are not there yet, and removes those that nobody wants any more.
    async fn make(&self, registry: &Registry, indexes: &[Index], unwanted: &[String]) -> Result<()> {
        let wanted = indexes.iter().filter_map(|index| {
            let def = registry.resource(&index.resource)?;
            Some(FieldIndex { name: &index.name, def, field: def.field(&index.field)?, unique: index.unique })
        });
        let wanted: Vec<FieldIndex<'_>> = wanted.collect();
        if wanted.is_empty() && unwanted.is_empty() { Ok(()) } else { self.inner.store.settle_indexes(&wanted, unwanted).await }
    }
}

impl Engine {
    /// The same engine, inside the same transaction where it is in one, over other definitions.
    #[must_use]
    pub fn redefined(&self, registry: Arc<Registry>) -> Engine {
        Engine { inner: Arc::new(Inner { registry, ..Inner::clone(&self.inner) }) }
    }
}

impl Own {
    fn engine(&self) -> Engine {
        Engine { inner: Arc::clone(&self.inner) }
    }
}

impl Tenants {
    /// The registry of a tenant, where it is known to have one of its own.
    pub(crate) fn registry(&self, tenant: TenantId) -> Option<Arc<Registry>> {
        self.known.read().get(&tenant).and_then(|known| known.own.as_ref()).map(|own| Arc::clone(&own.inner.registry))
    }
}
