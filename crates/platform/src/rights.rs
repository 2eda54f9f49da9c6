//! Who may change rights, and that somebody always can.

use crate::user::UserAudience;
use clientela_engine::module::{Draft, RuleReader, permitted};
use clientela_kernel::{Action, Comparison, Context, Error, ErrorCode, FieldProblem, Filter, Id, ProblemCode, Result, Value};
use clientela_model::{Choice as _, system};
use clientela_store::ChangeKind;
use std::collections::HashSet;
use uuid::Uuid;

/// Refuses whoever is no administrator.
pub(crate) fn only_administrators(context: &Context, draft: &Draft) -> Result<()> {
    if context.is_administrator() {
        return Ok(());
    }
    let text = format!("Only administrators change {}. Ask one of them.", draft.def.plural);
    Err(Error::new(ErrorCode::Forbidden, text))
}

/// Refuses whoever may not give or take the role of an assignment.
pub(crate) async fn may_assign(context: &Context, reader: &dyn RuleReader, draft: &Draft) -> Result<()> {
    let Some(role) = draft.get("roleId").as_id().filter(|_| !context.is_administrator()) else { return Ok(()) };
    let found = reader.find("role", by_id(role)).await?;
    let administers = found.first().and_then(|role| role.get("administrator").as_boolean()).unwrap_or(true);
    if !administers && permitted(context, reader, "role", Id(role), Action::Assign).await? {
        return Ok(());
    }
    Err(Error::new(ErrorCode::Forbidden, "None of your roles lets you give or take this role (`assign` of roles). Ask an administrator."))
}

/// Refuses a role that may do everything to somebody from outside.
pub(crate) async fn refuse_outsiders(reader: &dyn RuleReader, draft: &Draft) -> Result<()> {
    let (Some(role), Some(user)) = (draft.get("roleId").as_id(), draft.get("userId").as_id()) else { return Ok(()) };
    let roles = reader.find("role", by_id(role)).await?;
    if !roles.first().is_some_and(|role| role.get("administrator").as_boolean().unwrap_or(false)) {
        return Ok(());
    }
    let users = reader.find("user", by_id(user)).await?;
    let outside = |audience: &str| audience != UserAudience::Staff.as_str();
    if !users.first().and_then(|user| user.get("audience").as_text()).is_some_and(outside) {
        return Ok(());
    }
    let text = "roleId names a role that may do everything, and userId a portal or partner user: these hold no such role.";
    Err(Error::validation(vec![FieldProblem::new("/roleId", ProblemCode::NotAllowed, text)]))
}

fn by_id(id: Uuid) -> Filter {
    Filter::field(system::ID, Comparison::Equal(Value::Id(id)))
}

/// Refuses a change after which no active user would be an administrator any more.
pub(crate) async fn refuse_lockout(reader: &dyn RuleReader, draft: &Draft) -> Result<()> {
    let goes = matches!(draft.kind, ChangeKind::Deleted | ChangeKind::Erased);
    let is_true = |value: &Value| value.as_boolean().unwrap_or(false);
    let threatens = match draft.def.name.as_ref() {
        "role" => is_true(draft.old("administrator")) && (goes || !is_true(draft.get("administrator"))),
        "user" => is_true(draft.old("active")) && (goes || !is_true(draft.get("active"))),
        _ => goes,
    };
    if !threatens {
        return Ok(());
    }
    // Of two who take the last two administrators' rights at once, the second must see what the first has done.
    reader.hold_still().await?;
    let is = |record: Uuid, resource: &str| draft.def.name == resource && draft.id.0 == record;
    let roles = reader.find("role", Filter::field("administrator", Comparison::Equal(Value::Boolean(true)))).await?;
    let roles: HashSet<Uuid> = roles.iter().map(|role| role.id.0).collect();
    let among =
        |field: &'static str, ids: &HashSet<Uuid>| Filter::field(field, Comparison::In(ids.iter().copied().map(Value::Id).collect()));
    let assignments = reader.find("roleAssignment", among("roleId", &roles)).await?;
    let active = async |left_out: bool| -> Result<bool> {
        let holders = assignments.iter().filter(|assignment| {
            let role = assignment.get("roleId").as_id().unwrap_or_default();
            !left_out || !(is(assignment.id.0, "roleAssignment") || is(role, "role"))
        });
        let holders: HashSet<Uuid> =
            holders.filter_map(|assignment| assignment.get("userId").as_id()).filter(|user| !left_out || !is(*user, "user")).collect();
        let staff = Filter::field("audience", Comparison::Equal(Value::from(UserAudience::Staff.as_str())));
        let users = Filter::And(vec![among(system::ID, &holders), Filter::field("active", Comparison::Equal(Value::Boolean(true))), staff]);
        Ok(!holders.is_empty() && !reader.find("user", users).await?.is_empty())
    };
    if active(true).await? || !active(false).await? {
        return Ok(());
    }
    let text =
        "After this no active user would be an administrator any more, and nobody could change rights. Make somebody else one first.";
    Err(Error::new(ErrorCode::Forbidden, text))
}
