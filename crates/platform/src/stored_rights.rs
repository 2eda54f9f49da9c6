//! Roles, who holds them, and teams, read across tenants.

use crate::share::ShareLevel;
use crate::{api_key_role, field_rule, role, role_assignment, role_right, sharing_rule, team, team_member};
use clientela_access::policy::{Condition, Right, Rights, Role, SharingRule, Team};
use clientela_kernel::{Actor, ActorKind, Id, RecordKey, Result, TenantId};
use clientela_store::{Store, SystemTask};
use sea_orm::{ColumnTrait as _, Condition as Where};
use std::collections::HashMap;
use std::sync::Arc;

type Key = (TenantId, Id);

/// Everything that is not deleted.
pub(crate) async fn read(store: &Store) -> Result<Rights> {
    let system = store.system(SystemTask::Credentials);
    let roles = system.find::<role::Entity>(Where::all().add(role::Column::DeletedAt.is_null())).await?;
    let mut roles: HashMap<Key, Role> = roles.into_iter().map(|role| ((role.tenant_id, role.id), begun(role))).collect();
    for right in system.find::<role_right::Entity>(Where::all().add(role_right::Column::DeletedAt.is_null())).await? {
        if let Some(role) = roles.get_mut(&(right.tenant_id, right.role_id)) {
            role.rights.push(right_of(right));
        }
    }
    for rule in system.find::<field_rule::Entity>(Where::all().add(field_rule::Column::DeletedAt.is_null())).await? {
        if let Some(role) = roles.get_mut(&(rule.tenant_id, rule.role_id)) {
            role.fields.entry(rule.resource.into()).or_default().insert(rule.field_name.into(), rule.access.into());
        }
    }
    let roles: HashMap<Key, Arc<Role>> = roles.into_iter().map(|(key, role)| (key, Arc::new(role))).collect();
    let mut held: HashMap<(TenantId, Actor), Vec<Arc<Role>>> = HashMap::new();
    for assignment in system.find::<role_assignment::Entity>(Where::all().add(role_assignment::Column::DeletedAt.is_null())).await? {
        if let Some(role) = roles.get(&(assignment.tenant_id, assignment.role_id)) {
            let holder = Actor { kind: ActorKind::User, id: assignment.user_id };
            held.entry((assignment.tenant_id, holder)).or_default().push(Arc::clone(role));
        }
    }
    for held_by_key in system.find::<api_key_role::Entity>(Where::all().add(api_key_role::Column::DeletedAt.is_null())).await? {
        if let Some(role) = roles.get(&(held_by_key.tenant_id, held_by_key.role_id)) {
            let holder = Actor { kind: ActorKind::ApiKey, id: held_by_key.api_key_id };
            held.entry((held_by_key.tenant_id, holder)).or_default().push(Arc::clone(role));
        }
    }
    let mut teams: HashMap<TenantId, HashMap<_, Team>> = HashMap::new();
    for team in system.find::<team::Entity>(Where::all().add(team::Column::DeletedAt.is_null())).await? {
        let parent = team.parent_id.map(|id| id.0);
        teams.entry(team.tenant_id).or_default().insert(team.id.0, Team { parent, members: Vec::new() });
    }
    for member in system.find::<team_member::Entity>(Where::all().add(team_member::Column::DeletedAt.is_null())).await? {
        if let Some(team) = teams.get_mut(&member.tenant_id).and_then(|teams| teams.get_mut(&member.team_id.0)) {
            team.members.push(member.user_id.0);
        }
    }
    let mut shared: HashMap<TenantId, Vec<Arc<SharingRule>>> = HashMap::new();
    for rule in system.find::<sharing_rule::Entity>(Where::all().add(sharing_rule::Column::DeletedAt.is_null())).await? {
        shared.entry(rule.tenant_id).or_default().push(Arc::new(sharing(rule)));
    }
    Ok(Rights { held, teams, shared })
}

fn sharing(rule: sharing_rule::Model) -> SharingRule {
    SharingRule {
        recipient: RecordKey { resource: rule.recipient_resource.into(), id: rule.recipient_id.0 },
        resource: rule.resource.into(),
        condition: condition(rule.condition),
        writes: rule.level == ShareLevel::Write,
        until: rule.until,
    }
}

fn condition(text: String) -> Condition {
    Condition { tree: serde_json::from_str(&text).ok().map(Arc::new), text }
}

fn begun(role: role::Model) -> Role {
    Role { key: role.key, administrator: role.administrator, ..Role::default() }
}

fn right_of(right: role_right::Model) -> Right {
    let named = |text: String| (text != role_right::ANY).then(|| text.into());
    Right {
        resource: named(right.resource),
        action: named(right.action),
        depth: right.depth.into(),
        condition: right.condition.map(condition),
    }
}
