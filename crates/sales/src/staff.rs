//! Users and teams that a record names: who approves, who gets a lead.

use clientela_engine::Call;
use clientela_engine::module::Draft;
use clientela_kernel::{FieldProblem, Filter, ProblemCode, RecordKey, Result, Value};
use std::collections::BTreeSet;
use uuid::Uuid;

/// Refuses what is neither a user nor a team.
pub(crate) fn check(draft: &Draft, field: &str, problems: &mut Vec<FieldProblem>) {
    if draft.get(field).as_record().is_some_and(|who| !matches!(&*who.resource, "user" | "team")) {
        let text = format!("{field} is neither a user nor a team. Name one by its id, usr_… or tea_….");
        problems.push(FieldProblem::new(format!("/{field}"), ProblemCode::NotAllowed, text));
    }
}

/// The users among these, those of teams included.
pub(crate) async fn users(call: &Call<'_>, named: &[RecordKey]) -> Result<BTreeSet<Uuid>> {
    let mut users = BTreeSet::new();
    for who in named {
        if &*who.resource == "team" {
            let members = call.find("teamMember", Filter::equal("teamId", Value::Id(who.id))).await?;
            users.extend(members.iter().filter_map(|member| member.get("userId").as_id()));
        } else {
            users.insert(who.id);
        }
    }
    Ok(users)
}
