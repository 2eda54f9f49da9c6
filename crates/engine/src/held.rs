//! Many writes in one transaction.

use crate::Engine;
use crate::engine::Inner;
use crate::module::Draft;
use crate::write::Change;
use clientela_kernel::{Context, Result};
use parking_lot::Mutex;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

/// What is told once the transaction is durable, or asked before it is taken back.
#[derive(Default)]
pub(crate) struct Late {
    /// The last change of each resource, of which rules hear.
    last: Mutex<HashMap<String, (Context, Draft)>>,
    /// Every change, where somebody wants to know.
    changes: Option<Mutex<Vec<Change>>>,
    /// Tables whose deleted rows must leave the database's files.
    purged: Mutex<BTreeSet<String>>,
    /// The contents that erased records held, with who erased them.
    let_go: Mutex<Vec<(Context, Vec<String>)>>,
}

impl Late {
    /// How much is kept in mind so far.
    pub(crate) fn mark(&self) -> (usize, usize) {
        (self.changes.as_ref().map_or(0, |changes| changes.lock().len()), self.let_go.lock().len())
    }

    /// Forgets what came after a mark, since it was taken back.
    pub(crate) fn back_to(&self, (changes, let_go): (usize, usize)) {
        if let Some(noted) = &self.changes {
            noted.lock().truncate(changes);
        }
        self.let_go.lock().truncate(let_go);
    }

    /// What is deleted from these tables leaves the database's files once the transaction is durable.
    pub(crate) fn purge(&self, tables: impl Iterator<Item = String>) {
        self.purged.lock().extend(tables);
    }
}

/// A transaction over many writes. Dropped, it is rolled back.
pub struct Held {
    inner: Arc<Inner>,
    /// The engine outside of the transaction.
    outside: Arc<Inner>,
    transaction: clientela_store::Held,
}

impl Engine {
    /// Begins a transaction over many writes: an engine for what happens inside, where reads see what was written
    /// before, and its end. Until it is committed nobody else sees anything. On SQLite it keeps other writers waiting.
    pub async fn begin(&self) -> Result<(Engine, Held)> {
        self.open(Late::default()).await
    }

    /// Begins a transaction as [`Engine::begin`] does that keeps in mind what changes in it, for [`Held::changes`]. Taken back at its
    /// end it is a rehearsal: everything is checked and computed, and nothing is written.
    pub async fn begin_noting(&self) -> Result<(Engine, Held)> {
        self.open(Late { changes: Some(Mutex::default()), ..Late::default() }).await
    }

    async fn open(&self, late: Late) -> Result<(Engine, Held)> {
        let (store, transaction) = self.inner.store.begin().await?;
        let inner = Arc::new(Inner { store, held: Some(Arc::new(late)), pack: None, ..Inner::clone(&self.inner) });
        Ok((Engine { inner: Arc::clone(&inner) }, Held { inner, outside: Arc::clone(&self.inner), transaction }))
    }
}

impl Held {
    /// Makes everything durable, at once, and lets rules hear of it.
    ///
    /// # Errors
    /// Nothing was written.
    pub async fn commit(self) -> Result<()> {
        self.transaction.commit().await?;
        self.outside.store.changed();
        let Some(late) = &self.inner.held else { return Ok(()) };
        let purged = std::mem::take(&mut *late.purged.lock());
        if !purged.is_empty() {
            self.inner.store.purge(purged);
        }
        let let_go = std::mem::take(&mut *late.let_go.lock());
        for (context, digests) in let_go {
            self.outside.release(&context, digests).await;
        }
        let last = std::mem::take(&mut *late.last.lock());
        for (resource, (context, draft)) in last {
            if let Some(rules) = self.inner.rules.get(resource.as_str()) {
                rules.committed(&context, &draft);
            }
        }
        Ok(())
    }

    /// What has changed so far, in order; empty unless begun with [`Engine::begin_noting`].
    pub fn changes(&self) -> Vec<Change> {
        let noted = self.inner.held.as_ref().and_then(|late| late.changes.as_ref());
        noted.map(|changes| changes.lock().clone()).unwrap_or_default()
    }

    /// Takes everything back.
    pub async fn roll_back(self) -> Result<()> {
        self.transaction.roll_back().await
    }
}

impl Inner {
    /// Lets rules hear of changes, and removes the contents of what was erased, now or when the transaction they belong to is durable.
    pub(crate) async fn committed(&self, context: &Context, drafts: &[Draft]) {
        let let_go = Inner::let_go(drafts);
        if !let_go.is_empty() {
            match &self.held {
                Some(late) => late.let_go.lock().push((context.clone(), let_go)),
                None => self.release(context, let_go).await,
            }
        }
        if let Some(changes) = self.held.as_ref().and_then(|late| late.changes.as_ref()) {
            changes.lock().extend(drafts.iter().map(Change::of));
        }
        for draft in drafts {
            let name = draft.def.name.as_ref();
            match (&self.held, self.rules.get(name)) {
                (_, None) => {}
                (None, Some(rules)) => rules.committed(context, draft),
                (Some(late), Some(_)) => drop(late.last.lock().insert(name.to_owned(), (context.clone(), draft.clone()))),
            }
        }
    }
}
