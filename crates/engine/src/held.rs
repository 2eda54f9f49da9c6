//! Many writes in one transaction.

use crate::Engine;
use crate::engine::Inner;
use crate::module::Draft;
use clientela_kernel::{Context, Result};
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::Arc;

/// The last change of each resource, of which rules hear once it is durable.
pub(crate) type Late = Mutex<HashMap<String, (Context, Draft)>>;

/// A transaction over many writes. Dropped, it is rolled back.
pub struct Held {
    inner: Arc<Inner>,
    transaction: clientela_store::Held,
}

impl Engine {
    /// Begins a transaction over many writes: an engine for what happens inside, where reads see what was written
    /// before, and its end. Until it is committed nobody else sees anything. On SQLite it keeps other writers waiting.
    pub async fn begin(&self) -> Result<(Engine, Held)> {
        let (store, transaction) = self.inner.store.begin().await?;
        let inner = Arc::new(Inner {
            registry: Arc::clone(&self.inner.registry),
            store,
            rules: self.inner.rules.clone(),
            operations: Arc::clone(&self.inner.operations),
            clock: Arc::clone(&self.inner.clock),
            held: Some(Late::default()),
        });
        Ok((Engine { inner: Arc::clone(&inner) }, Held { inner, transaction }))
    }
}

impl Held {
    /// Makes everything durable, at once, and lets rules hear of it.
    ///
    /// # Errors
    /// Nothing was written.
    pub async fn commit(self) -> Result<()> {
        self.transaction.commit().await?;
        let late = self.inner.held.as_ref().map(|late| std::mem::take(&mut *late.lock())).unwrap_or_default();
        for (resource, (context, draft)) in late {
            if let Some(rules) = self.inner.rules.get(resource.as_str()) {
                rules.committed(&context, &draft);
            }
        }
        Ok(())
    }

    /// Takes everything back.
    pub async fn roll_back(self) -> Result<()> {
        self.transaction.roll_back().await
    }
}

impl Inner {
    /// Lets rules hear of changes, now or when the transaction they belong to is durable.
    pub(crate) fn committed(&self, context: &Context, drafts: &[Draft]) {
        for draft in drafts {
            let name = draft.def.name.as_ref();
            match (&self.held, self.rules.get(name)) {
                (_, None) => {}
                (None, Some(rules)) => rules.committed(context, draft),
                (Some(late), Some(_)) => drop(late.lock().insert(name.to_owned(), (context.clone(), draft.clone()))),
            }
        }
    }
}
