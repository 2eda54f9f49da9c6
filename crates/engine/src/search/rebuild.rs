//! Making records found again by what a tenant has added to the definitions, where their documents are missing: after a backup was restored, which has none.

use crate::Engine;
use clientela_kernel::{Comparison, Context, Filter, Id, Result, Value};
use clientela_model::{ResourceDef, system};
use clientela_store::SearchText;
use std::sync::Arc;

/// How many documents are written by one statement.
const TOGETHER: usize = 250;

impl Engine {
    /// Writes the documents of the full-text search anew of every object of the tenant's own, and of every resource whose records are found by a field of its own. Answers how
    /// many there are. This must be the tenant's engine ([`Engine::for_tenant`]).
    ///
    /// # Errors
    /// Where the database is away: some may have been written.
    pub async fn rebuild_own_documents(&self, context: &Context) -> Result<u64> {
        let own = |def: &&Arc<ResourceDef>| def.is_object() || def.searched_fields().any(|(_, field, _)| field.is_custom());
        let mut count = 0;
        for def in self.registry().resources().iter().filter(|def| def.is_searched()).filter(own) {
            let mut beyond: Option<Id> = None;
            loop {
                let rest = beyond.map(|id| Filter::field(system::ID, Comparison::Greater(Value::Id(id.0))));
                let page = self.found_in_order(context, def, &Filter::And(rest.into_iter().collect())).await?;
                let Some(last) = page.last() else { break };
                beyond = Some(last.id);
                let documents: Vec<_> =
                    page.iter().filter_map(|record| Some((Arc::clone(def), record.id, SearchText::of(def, &record.values)?))).collect();
                for some in documents.chunks(TOGETHER) {
                    self.inner.store.put_documents(context.tenant, some.to_vec()).await?;
                    count += u64::try_from(some.len()).unwrap_or(0);
                }
            }
        }
        Ok(count)
    }
}
