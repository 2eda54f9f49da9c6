//! What is made for a tenant that adds to the definitions, and kept for a while: few at a time, since each is large.

use clientela_kernel::TenantId;
use clientela_model::Registry;
use parking_lot::Mutex;
use std::collections::VecDeque;
use std::sync::Arc;

/// So many fields weigh as much as one of those that are counted: about as many as the built-in definitions have.
const FIELDS: usize = 1_000;

/// The last few, the one that was asked for longest ago first. One of a large registry counts for several.
pub(crate) struct Kept<T> {
    most: usize,
    kept: Mutex<VecDeque<Made<T>>>,
}

/// For whom, of which definitions, and what.
type Made<T> = (TenantId, Arc<Registry>, Arc<T>);

impl<T> Kept<T> {
    /// Keeps at most so many of usual size, and the last one in any case.
    pub(crate) fn new(most: usize) -> Self {
        Kept { most, kept: Mutex::default() }
    }

    /// What was made of this registry, or is made now.
    pub(crate) fn of<E>(&self, tenant: TenantId, registry: &Arc<Registry>, make: impl FnOnce() -> Result<T, E>) -> Result<Arc<T>, E> {
        if let Some(known) = self.known(tenant, registry) {
            return Ok(known);
        }
        let made = Arc::new(make()?);
        let mut kept = self.kept.lock();
        kept.retain(|(of, ..)| *of != tenant);
        let mut all = weight(registry) + kept.iter().map(|(_, of, _)| weight(of)).sum::<usize>();
        while all > self.most
            && let Some((_, of, _)) = kept.pop_front()
        {
            all -= weight(&of);
        }
        kept.push_back((tenant, Arc::clone(registry), Arc::clone(&made)));
        Ok(made)
    }

    fn known(&self, tenant: TenantId, registry: &Arc<Registry>) -> Option<Arc<T>> {
        let mut kept = self.kept.lock();
        let at = kept.iter().position(|(of, made_of, _)| *of == tenant && Arc::ptr_eq(made_of, registry))?;
        let entry = kept.remove(at)?;
        let known = Arc::clone(&entry.2);
        kept.push_back(entry);
        Some(known)
    }
}

/// For how many of usual size something made of the registry counts.
fn weight(registry: &Registry) -> usize {
    1 + registry.resources().iter().map(|def| def.fields.len()).sum::<usize>().saturating_sub(FIELDS) / FIELDS
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn the_last_asked_for_stay() {
        let registry = Arc::new(Registry::new(Vec::new()).unwrap());
        let kept: Kept<u8> = Kept::new(2);
        let tenant = |number: u128| TenantId(Uuid::from_u128(number));
        let ask = |number: u128, value: u8| *kept.of(tenant(number), &registry, || Ok::<_, ()>(value)).unwrap();
        assert_eq!([ask(1, 1), ask(2, 2), ask(1, 9), ask(3, 3), ask(1, 9)], [1, 2, 1, 3, 1]);
        assert_eq!(ask(2, 7), 7, "the second was asked for longest ago");
        let other = Arc::new(Registry::new(Vec::new()).unwrap());
        assert_eq!(*kept.of(tenant(2), &other, || Ok::<_, ()>(8)).unwrap(), 8, "another state of the definitions");
    }
}
