//! What happens when a record is made that looks like one there is.
//!
//! A tenant whose rules refuse nothing pays nothing: the rules that do are kept in memory. A change of a rule on this node is seen at
//! once, one on another node within seconds.

use super::candidates::{ByRule, candidates, face};
use super::rule::{DuplicateAction, Rule};
use super::subject::Subject;
use crate::contact_point::ContactPointKind;
use crate::normal;
use crate::party::PartyKind;
use crate::telephone;
use async_trait::async_trait;
use clientela_access::{Action, authorize};
use clientela_engine::Rules;
use clientela_engine::module::{ChangeKind, Companion, Draft, RuleReader};
use clientela_kernel::{Comparison, Context, Error, ErrorCode, FieldProblem, Filter, Id, Result, TenantId, Timestamp, Value};
use clientela_model::{Choice as _, system};
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::Arc;

/// For how many milliseconds rules are believed that another node may have changed.
const BELIEVED: i64 = 5_000;
/// Tenants whose rules are kept in memory at most.
const MOST_TENANTS: usize = 10_000;
/// Candidates that a refusal names at most.
const MOST_NAMED: usize = 20;

/// Who keeps duplicates out; all who hold one share what it knows.
#[derive(Clone, Default)]
pub(crate) struct Guard(Arc<Mutex<Known>>);

#[derive(Default)]
struct Known {
    /// Rises with every change of a rule, so that nothing read before it is kept after it.
    generation: u64,
    tenants: HashMap<TenantId, (Timestamp, Arc<Vec<Rule>>)>,
}

impl Guard {
    /// The rules that refuse.
    async fn rules(&self, context: &Context, reader: &dyn RuleReader) -> Result<Arc<Vec<Rule>>> {
        let generation = {
            let known = self.0.lock();
            if let Some((read, rules)) = known.tenants.get(&context.tenant)
                && context.now.0 < read.0.saturating_add(BELIEVED)
            {
                return Ok(Arc::clone(rules));
            }
            known.generation
        };
        if reader.resource("duplicateRule").is_none() {
            return Ok(Arc::default());
        }
        let refusing = Filter::And(vec![
            Filter::field("active", Comparison::Equal(Value::Boolean(true))),
            Filter::field("atCreation", Comparison::Equal(DuplicateAction::Refuse.as_str().into())),
        ]);
        let rules: Arc<Vec<Rule>> = Arc::new(reader.find("duplicateRule", refusing).await?.iter().map(Rule::of).collect());
        let mut known = self.0.lock();
        if known.generation == generation {
            if known.tenants.len() >= MOST_TENANTS {
                known.tenants.clear();
            }
            known.tenants.insert(context.tenant, (context.now, Arc::clone(&rules)));
        }
        Ok(rules)
    }

    fn forget(&self, tenant: TenantId) {
        let mut known = self.0.lock();
        known.generation = known.generation.wrapping_add(1);
        known.tenants.remove(&tenant);
    }

    /// Refuses a new contact or account that a rule holds for the duplicate of one there is.
    async fn refuse(&self, context: &Context, reader: &dyn RuleReader, draft: &Draft) -> Result<()> {
        if draft.kind != ChangeKind::Created || context.allow_duplicates {
            return Ok(());
        }
        let rules = self.rules(context, reader).await?;
        if rules.is_empty() {
            return Ok(());
        }
        // A person's account is the contact in another role.
        let kind = match draft.def.name.as_ref() {
            "contact" => PartyKind::Person.as_str(),
            _ => draft.get("kind").as_text().filter(|kind| *kind != PartyKind::Person.as_str()).unwrap_or_default(),
        };
        let rules: Vec<Rule> = rules.iter().filter(|rule| rule.kind == kind).cloned().collect();
        if rules.is_empty() {
            return Ok(());
        }
        let national = |field: &str| draft.get(field).as_text().is_some_and(|value| normal::needs_country(ContactPointKind::Phone, value));
        let country = match national("phone") || national("mobile") {
            true => telephone::home_of_face(reader, draft.get("country")).await?,
            false => None,
        };
        let subject = Subject::of_draft(draft, country.as_deref());
        let found = candidates(&ByRule(reader), &rules, &[subject]).await?.pop().unwrap_or_default();
        let Some(best) = found.first() else { return Ok(()) };
        let ids: Vec<Value> = found.iter().take(MOST_NAMED).map(|candidate| Value::Id(candidate.id)).collect();
        let shown = visible(context, reader, face(kind), ids).await?;
        let named =
            found.iter().filter(|candidate| shown.contains(&Id(candidate.id))).map(|candidate| Id(candidate.id).to_text(&draft.def.prefix));
        let text = format!(
            "There {} already that this looks like, with a score of {} or less by your duplicate rules. Use or change what is there; \
             to make another one all the same, say allowDuplicates.",
            if found.len() == 1 { "is a record".to_owned() } else { format!("are {} records", found.len()) },
            best.score
        );
        Err(Error::new(ErrorCode::DuplicateFound, text).with_candidates(named.collect()))
    }
}

/// Which of these records the caller may see.
async fn visible(context: &Context, reader: &dyn RuleReader, resource: &str, ids: Vec<Value>) -> Result<Vec<Id>> {
    let Some(def) = reader.resource(resource) else { return Ok(Vec::new()) };
    let grant = match authorize(context, def, Action::Read) {
        Err(error) if error.code() == ErrorCode::Forbidden => return Ok(Vec::new()),
        grant => grant?,
    };
    let Some(rows) = grant.rows else {
        return Ok(ids.iter().filter_map(Value::as_id).map(Id).collect());
    };
    let filter = Filter::And(vec![Filter::field(system::ID, Comparison::In(ids)), rows]);
    Ok(reader.find(resource, filter).await?.into_iter().map(|found| found.id).collect())
}

/// The rules of contacts or accounts, with this guard before them.
pub(crate) struct Guarded<R>(pub(crate) R, pub(crate) Guard);

#[async_trait]
impl<R: Rules> Rules for Guarded<R> {
    fn derive(&self, context: &Context, draft: &mut Draft) {
        self.0.derive(context, draft);
    }

    async fn look_up(&self, context: &Context, reader: &dyn RuleReader, draft: &mut Draft) -> Result<()> {
        self.0.look_up(context, reader, draft).await?;
        self.1.refuse(context, reader, draft).await
    }

    fn check(&self, context: &Context, draft: &Draft, problems: &mut Vec<FieldProblem>) {
        self.0.check(context, draft, problems);
    }

    async fn companions(&self, context: &Context, reader: &dyn RuleReader, draft: &Draft) -> Result<Vec<Companion>> {
        self.0.companions(context, reader, draft).await
    }

    fn committed(&self, context: &Context, draft: &Draft) {
        self.0.committed(context, draft);
    }
}

/// The rules of duplicate rules: whoever changes one is heard.
pub(crate) struct RuleRules(pub(crate) Guard);

impl Rules for RuleRules {
    fn committed(&self, context: &Context, _draft: &Draft) {
        self.0.forget(context.tenant);
    }
}
