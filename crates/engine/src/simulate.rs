//! What a change of a role would change, before it is saved: the same decisions, asked of a policy that is only tried.

use crate::Engine;
use crate::explain::Reached;
use clientela_access::policy::Role;
use clientela_access::{Action, authorize};
use clientela_kernel::{Comparison, Context, DeletedMode, Error, ErrorCode, FieldAccess, Filter, Id, Result, Value};
use clientela_model::{ResourceDef, system};
use clientela_store::SelectCount;
use std::sync::Arc;

/// A role that is tried, and what is asked of it.
pub struct Trial {
    /// For whom (`usr_…`).
    pub principal: String,
    /// The role, in place of the one with the same key that the principal holds, or beside what it holds.
    pub role: Role,
    /// Records of which is told what may be done with them; none where a text named none.
    pub records: Vec<Option<(Arc<ResourceDef>, Id)>>,
    /// Resources of which is told how many records would be seen.
    pub counted: Vec<Arc<ResourceDef>>,
}

/// What may be done with a record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrialSight {
    /// Allowed actions and operations.
    pub actions: Vec<String>,
    /// Fields that can be read, written ones included.
    pub readable: Vec<String>,
    /// Fields that can be written.
    pub writable: Vec<String>,
    /// Fields that are shown masked.
    pub masked: Vec<String>,
}

/// What a trial says: of each record and of each resource, as it is and as it would be. With a record that is not there nothing may be done.
#[derive(Clone, Debug, Default)]
pub struct TrialOutcome {
    /// In the order asked.
    pub records: Vec<(TrialSight, TrialSight)>,
    /// In the order asked.
    pub counts: Vec<(i64, i64)>,
}

impl Engine {
    /// Tries a role for a user.
    ///
    /// # Errors
    /// `FORBIDDEN` where the caller is no administrator; `NOT_FOUND` where the user cannot sign in.
    pub async fn simulate(&self, context: &Context, trial: Trial) -> Result<TrialOutcome> {
        let today = self.other(context, &trial.principal).await?;
        let principals = self.inner.principals.get().ok_or_else(|| Error::internal("nobody knows the principals"))?;
        let then = principals.trying(context.tenant, &trial.principal, trial.role, context.request_id, context.now).await?;
        let mut outcome = TrialOutcome::default();
        let scope = self.inner.store.scope(context.tenant);
        for named in &trial.records {
            let mut sights = (TrialSight::default(), TrialSight::default());
            if let Some((def, id)) = named {
                let this = Filter::field(system::ID, Comparison::Equal(Value::Id(id.0)));
                if let Some(record) = self.inner.find(context, &scope, def, &this, DeletedMode::Include, 1).await?.pop() {
                    sights.0 = sight(self.reached(&today, def, *id, &record, true).await?);
                    sights.1 = sight(self.reached(&then, def, *id, &record, true).await?);
                }
            }
            outcome.records.push(sights);
        }
        for def in &trial.counted {
            outcome.counts.push((self.seen(&today, def).await?, self.seen(&then, def).await?));
        }
        Ok(outcome)
    }

    /// How many living records of a resource somebody may read.
    async fn seen(&self, context: &Context, def: &Arc<ResourceDef>) -> Result<i64> {
        let grant = match authorize(context, def, Action::Read) {
            Ok(grant) => grant,
            Err(error) if error.code() == ErrorCode::Forbidden => return Ok(0),
            Err(error) => return Err(error),
        };
        let select = SelectCount {
            registry: &self.inner.registry,
            def,
            filters: grant.rows.iter().collect(),
            deleted: DeletedMode::Exclude,
            parents: None,
        };
        let rows = self.inner.store.scope(context.tenant).count(&select).await?;
        let mut count = 0;
        for row in &rows {
            count = row.integer(0)?.unwrap_or(0);
        }
        Ok(count)
    }
}

fn sight(reached: Reached) -> TrialSight {
    let fields = |wanted: &dyn Fn(FieldAccess) -> bool| -> Vec<String> {
        reached.fields.iter().filter(|(_, access, _)| wanted(*access)).map(|(name, ..)| name.clone()).collect()
    };
    TrialSight {
        readable: fields(&|access| access >= FieldAccess::Read),
        writable: fields(&|access| access == FieldAccess::Write),
        masked: fields(&|access| access == FieldAccess::Masked),
        actions: reached.actions.iter().filter(|(_, allowed, _)| *allowed).map(|(name, ..)| name.clone()).collect(),
    }
}
