//! Trying a role before it is saved.

use crate::field_rule::FieldRuleAccess;
use crate::role_right::{ANY, RightDepth, problems_of};
use async_trait::async_trait;
use clientela_access::policy::{Condition, Right, Role};
use clientela_engine::simulate::{Trial, TrialSight};
use clientela_engine::{Call, Operation};
use clientela_kernel::{Error, ErrorCode, FieldProblem, Id, Name, ProblemCode, Result};
use clientela_macros::Shape;
use clientela_model::OperationDef;
use std::collections::HashMap;
use std::sync::Arc;

/// Tries a role.
pub struct SimulateAccess;

/// A role that is not saved, and what is asked of it.
#[derive(Shape)]
pub struct AccessSimulation {
    /// Whose rights are looked at, with and without the change.
    #[field(refers = "user", example = "\"usr_01h455vb4pex5vsknk084sn02q\"")]
    pub user_id: Id,
    /// The role that changes. Where it is left out, or the user does not hold it, the user gets the role beside those that there are.
    #[field(refers = "role", example = "\"rol_01h455vb4pex5vsknk084sn02q\"")]
    pub role_id: Option<Id>,
    /// Whether the role would allow everything.
    #[field(default = "false")]
    pub administrator: bool,
    /// The rights that the role would have: all of them. What is saved of the role is left aside.
    #[field(shape, most = 500)]
    pub rights: Vec<SimulatedRight>,
    /// The field rules that the role would have: all of them.
    #[field(shape, most = 500)]
    pub field_rules: Vec<SimulatedFieldRule>,
    /// Records of any type of which you want to know what could be done with them; nothing can be done with one that is not there.
    #[field(max = 40, most = 50, example = "\"acc_01h455vb4pex5vsknk084sn02q\"")]
    pub record_ids: Vec<String>,
    /// Resources of which you want to know how many records would be seen.
    #[field(max = 60, most = 20, example = "\"account\"")]
    pub resources: Vec<String>,
}

/// A right, as a `roleRight` would say it.
#[derive(Shape)]
pub struct SimulatedRight {
    /// The resource, such as `account`; `*` for every one.
    #[field(max = 60, example = "\"account\"")]
    pub resource: String,
    /// The action, or the name of an operation; `*` for every one.
    #[field(max = 100, example = "\"read\"")]
    pub action: String,
    /// Whose records.
    #[field(example = "\"TEAM\"")]
    pub depth: RightDepth,
    /// Only records that satisfy this filter tree, as JSON.
    #[field(format = "filter_tree", max = 10_000, example = "\"{\\\"lifecycle\\\": {\\\"eq\\\": \\\"CUSTOMER\\\"}}\"")]
    pub condition: Option<String>,
}

/// A rule, as a `fieldRule` would say it.
#[derive(Shape)]
pub struct SimulatedFieldRule {
    /// The resource.
    #[field(max = 60, example = "\"account\"")]
    pub resource: String,
    /// The field, by the name it has in the API.
    #[field(name = "field", max = 60, example = "\"employees\"")]
    pub field_name: String,
    /// What could be done with it.
    #[field(example = "\"HIDDEN\"")]
    pub access: FieldRuleAccess,
}

/// What it would come to.
#[derive(Shape)]
pub struct SimulatedAccess {
    /// What could be done with each record, in the order asked.
    #[field(shape, most = 50)]
    pub records: Vec<SimulatedRecord>,
    /// How many living records of each resource would be seen, in the order asked.
    #[field(shape, most = 20)]
    pub counts: Vec<SimulatedCount>,
}

/// What may and what could be done with a record.
#[derive(Shape)]
pub struct SimulatedRecord {
    /// The record.
    #[field(max = 40, example = "\"acc_01h455vb4pex5vsknk084sn02q\"")]
    pub record_id: String,
    /// As it is.
    #[field(shape)]
    pub before: SimulatedSight,
    /// As it would be.
    #[field(shape)]
    pub after: SimulatedSight,
}

/// What may be done with a record.
#[derive(Shape)]
pub struct SimulatedSight {
    /// The actions and operations that are allowed; none where the record is not seen at all.
    #[field(max = 100, most = 200, example = "\"read\"")]
    pub actions: Vec<String>,
    /// The fields that can be read.
    #[field(max = 100, most = 1000, example = "\"name\"")]
    pub readable: Vec<String>,
    /// The fields that can be written.
    #[field(max = 100, most = 1000, example = "\"name\"")]
    pub writable: Vec<String>,
    /// The fields that are shown masked.
    #[field(max = 100, most = 1000, example = "\"phone\"")]
    pub masked: Vec<String>,
}

/// How many records of a resource are seen.
#[derive(Shape)]
pub struct SimulatedCount {
    /// The resource.
    #[field(max = 60, example = "\"account\"")]
    pub resource: String,
    /// As it is.
    #[field(min = 0, max = 9007199254740991, example = "12")]
    pub before: i64,
    /// As it would be.
    #[field(min = 0, max = 9007199254740991, example = "7")]
    pub after: i64,
}

#[async_trait]
impl Operation for SimulateAccess {
    type Input = AccessSimulation;
    type Output = SimulatedAccess;

    fn definition() -> OperationDef {
        OperationDef::reading::<AccessSimulation, SimulatedAccess>(
            "simulateAccess",
            "role",
            "simulate",
            "Tries a role before it is saved: what a user could do with given records, and how many records of a resource the user would see, as it is \
             and as it would be if the role said what is given here. Nothing is changed. Only administrators may.",
        )
        .at("/v1/access/simulate")
    }

    async fn run(&self, call: &Call<'_>, given: AccessSimulation) -> Result<SimulatedAccess> {
        if !call.context.is_administrator() {
            return Err(Error::new(ErrorCode::Forbidden, "Only administrators try roles. Ask one of them."));
        }
        let user = call.referenced("userId", "user", given.user_id).await?;
        if !user.get("active").as_boolean().unwrap_or(false) {
            let text = "userId names a user who is not active, and so may do nothing.";
            return Err(Error::validation(vec![FieldProblem::new("/userId", ProblemCode::Contradiction, text)]));
        }
        let mut problems = Vec::new();
        let role = tried(call, &given, &mut problems).await?;
        let registry = call.engine().registry();
        let mut records = Vec::new();
        for text in &given.record_ids {
            let def = Id::prefix_of(text).and_then(|prefix| registry.by_prefix(prefix));
            records.push(def.and_then(|def| Some((Arc::clone(def), Id::parse(text, &def.prefix).ok()?))));
        }
        let mut counted = Vec::new();
        for (index, name) in given.resources.iter().enumerate() {
            match registry.resource(name) {
                Some(def) => counted.push(Arc::clone(def)),
                None => {
                    let detail = format!("resources names {name:?}, and no resource is called so. Take a name such as account.");
                    problems.push(FieldProblem::new(format!("/resources/{index}"), ProblemCode::NotAllowed, detail));
                }
            }
        }
        if !problems.is_empty() {
            return Err(Error::validation(problems));
        }
        let trial = Trial { principal: given.user_id.to_text("usr"), role, records, counted };
        let outcome = call.engine().simulate(call.context, trial).await?;
        let records = given.record_ids.into_iter().zip(outcome.records);
        let records = records.map(|(record_id, (before, after))| SimulatedRecord { record_id, before: shown(before), after: shown(after) });
        let counts = given.resources.into_iter().zip(outcome.counts);
        let counts = counts.map(|(resource, (before, after))| SimulatedCount { resource, before, after });
        Ok(SimulatedAccess { records: records.collect(), counts: counts.collect() })
    }
}

fn shown(sight: TrialSight) -> SimulatedSight {
    SimulatedSight { actions: sight.actions, readable: sight.readable, writable: sight.writable, masked: sight.masked }
}

/// The role as it is given. The key of one that is not there is a text that no role has.
async fn tried(call: &Call<'_>, given: &AccessSimulation, problems: &mut Vec<FieldProblem>) -> Result<Role> {
    let key = match given.role_id {
        Some(id) => call.referenced("roleId", "role", id).await?.get("key").as_text().unwrap_or_default().to_owned(),
        None => "(new)".to_owned(),
    };
    let registry = call.engine().registry();
    let named = |text: &str| (text != ANY).then(|| Name::from(text.to_owned()));
    let mut rights = Vec::with_capacity(given.rights.len());
    for (index, right) in given.rights.iter().enumerate() {
        let at = format!("/rights/{index}");
        problems.extend(problems_of(registry, call.context, &right.resource, &right.action, right.condition.as_deref(), &at));
        let condition = |text: &String| Condition { tree: serde_json::from_str(text).ok().map(Arc::new), text: text.clone() };
        rights.push(Right {
            resource: named(&right.resource),
            action: named(&right.action),
            depth: right.depth.into(),
            condition: right.condition.as_ref().map(condition),
        });
    }
    let mut fields: HashMap<Name, HashMap<Name, _>> = HashMap::new();
    for (index, rule) in given.field_rules.iter().enumerate() {
        let def = registry.resource(&rule.resource);
        if def.and_then(|def| def.field(&rule.field_name)).is_none_or(|field| field.secret) {
            let text = format!("fieldRules names {:?} of {:?}, and there they have no field of this name.", rule.field_name, rule.resource);
            problems.push(FieldProblem::new(format!("/fieldRules/{index}/field"), ProblemCode::NotAllowed, text));
        }
        let of_resource = fields.entry(rule.resource.clone().into()).or_default();
        of_resource.insert(rule.field_name.clone().into(), rule.access.into());
    }
    Ok(Role { key, administrator: given.administrator, rights, fields })
}
