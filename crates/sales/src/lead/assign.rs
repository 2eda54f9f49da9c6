//! `assignLead`: gives a lead to somebody, by the rules.

use super::LeadStatus;
use crate::condition::holds;
use crate::groups::{Group, groups, key, path};
use crate::staff::users;
use async_trait::async_trait;
use clientela_engine::aggregate::{AggregateRequest, Function};
use clientela_engine::module::Found;
use clientela_engine::{Call, Operation};
use clientela_kernel::{Error, ErrorCode, Filter, Id, Result, Value};
use clientela_macros::Shape;
use clientela_model::{Choice as _, OperationDef};
use serde_json::json;
use std::collections::BTreeMap;
use uuid::Uuid;

/// Gives a lead to somebody.
pub struct AssignLead;

/// Nothing has to be said.
#[derive(Shape)]
pub struct Assigning {
    /// Whether a lead that has an owner is given to whom the rules name now.
    #[field(default = "false", example = "false")]
    pub again: bool,
}

/// Who got it.
#[derive(Shape)]
pub struct Assigned {
    /// The lead with its owner.
    #[field(record = "lead")]
    pub lead: Id,
    /// The rule that decided; empty where no rule fits or nobody has room, and the lead stays as it was.
    #[field(record = "leadAssignmentRule")]
    pub rule: Option<Id>,
}

#[async_trait]
impl Operation for AssignLead {
    type Input = Assigning;
    type Output = Assigned;

    fn definition() -> OperationDef {
        OperationDef::writing::<Assigning, Assigned>(
            "assignLead",
            "lead",
            "assign",
            "Gives a lead to whom the first assignment rule names that it satisfies and that has somebody with room: a user, or the active member of a team who has the fewest to work on, of equals the one who was given one longest ago. Who gets it must be one to whom you may give leads.",
        )
        .on_record()
    }

    async fn run(&self, call: &Call<'_>, asked: Assigning) -> Result<Assigned> {
        let lead = call.held().await?;
        if !lead.get("ownerId").is_null() && !asked.again {
            return Err(Error::new(ErrorCode::InvalidState, "The lead has an owner. Say again: true to have the rules decide anew."));
        }
        let rule = assign(call, lead).await?;
        Ok(Assigned { lead: lead.id, rule })
    }
}

/// Gives a lead to whom the rules name, and answers the rule.
pub(super) async fn assign(call: &Call<'_>, lead: &Found) -> Result<Option<Id>> {
    let mut rules = call.find("leadAssignmentRule", Filter::equal("active", Value::Boolean(true))).await?;
    rules.sort_by_key(|rule| (rule.get("position").as_integer(), rule.id.0));
    for rule in rules {
        let fits = match rule.get("condition").as_text() {
            Some(condition) => holds(call, lead, condition).await?,
            None => true,
        };
        if !fits {
            continue;
        }
        // Of two leads at once each has its turn.
        call.hold("leadAssignmentRule", &[rule.id]).await?;
        if let Some(user) = next(call, &rule).await? {
            call.set("lead", lead.id, vec![("ownerId", Value::Id(user))], None).await?;
            return Ok(Some(rule.id));
        }
    }
    Ok(None)
}

/// Whose turn it is by a rule.
async fn next(call: &Call<'_>, rule: &Found) -> Result<Option<Uuid>> {
    let Some(assignee) = rule.get("assigneeId").as_record() else { return Ok(None) };
    let mut active = Vec::new();
    for user in users(call, std::slice::from_ref(assignee)).await? {
        let found = call.record("user", Id(user)).await?;
        if found.is_some_and(|found| found.get("active").as_boolean() != Some(false)) {
            active.push(user);
        }
    }
    let loads = loads(call, &active).await?;
    let most = rule.get("capacity").as_integer().unwrap_or(i64::MAX);
    let load = |user: &Uuid| loads.get(user).cloned().unwrap_or_default();
    Ok(active.into_iter().filter(|user| load(user).0 < most).min_by_key(|user| (load(user), *user)))
}

/// How many leads people have to work on, and when the last of these came: nobody comes first, then who was given one longest ago.
async fn loads(call: &Call<'_>, users: &[Uuid]) -> Result<BTreeMap<Uuid, (i64, String)>> {
    let registry = call.engine().registry();
    let prefix = &registry.known("user")?.prefix;
    let ids: Vec<String> = users.iter().map(|user| Id(*user).to_text(prefix)).collect();
    let open = [LeadStatus::New, LeadStatus::Working].map(|status| status.as_str());
    let request = AggregateRequest {
        filter: Some(json!({ "ownerId": { "in": ids }, "status": { "in": open } })),
        group_by: vec![key(&["ownerId"])],
        measures: vec![(Function::Count, Vec::new()), (Function::Max, path(&["assignedAt"]))],
        ..AggregateRequest::default()
    };
    let found = groups(call, &call.context.unlimited(), registry.known("lead")?, request).await?;
    let load = |group: &Group| {
        let user = Id::parse(group.text("/keys/ownerId")?, prefix).ok()?.0;
        Some((user, (group.count(), group.text("/max/assignedAt").unwrap_or_default().to_owned())))
    };
    Ok(found.iter().filter_map(load).collect())
}
