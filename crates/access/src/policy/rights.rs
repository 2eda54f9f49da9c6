//! The roles of every tenant, who holds them, and the teams that people are in.

use super::{Condition, Role};
use clientela_kernel::{Actor, Name, RecordKey, TenantId, Timestamp};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use uuid::Uuid;

/// A team.
#[derive(Clone, Debug, Default)]
pub struct Team {
    /// The team above it.
    pub parent: Option<Uuid>,
    /// The users in it.
    pub members: Vec<Uuid>,
}

/// Roles, their holders and teams, by tenant.
#[derive(Clone, Debug, Default)]
pub struct Rights {
    /// The roles of each user and API key. Callers may choose ids, so one alone says nothing: a key can have that of a user.
    pub held: HashMap<(TenantId, Actor), Vec<Arc<Role>>>,
    /// The teams.
    pub teams: HashMap<TenantId, HashMap<Uuid, Team>>,
    /// What is shared by rules.
    pub shared: HashMap<TenantId, Vec<Arc<SharingRule>>>,
}

/// Shares what satisfies a condition.
#[derive(Clone, Debug)]
pub struct SharingRule {
    /// With whom: a user, a team, or whom people from outside belong to.
    pub recipient: RecordKey,
    /// Records of this resource.
    pub resource: Name,
    /// Those that satisfy this.
    pub condition: Condition,
    /// Whether they may be changed as well.
    pub writes: bool,
    /// Until when.
    pub until: Option<Timestamp>,
}

impl Rights {
    /// The roles of a user or an API key.
    pub(crate) fn roles_of(&self, tenant: TenantId, principal: Actor) -> Vec<Arc<Role>> {
        self.held.get(&(tenant, principal)).cloned().unwrap_or_default()
    }

    /// Whether a user or an API key holds a role.
    pub(crate) fn holds_any(&self, tenant: TenantId, principal: Actor) -> bool {
        self.held.contains_key(&(tenant, principal))
    }

    /// The teams that a user is in.
    pub(crate) fn teams_of(&self, tenant: TenantId, user: Uuid) -> Vec<Uuid> {
        let teams = self.teams.get(&tenant).into_iter().flatten();
        let mut found: Vec<Uuid> = teams.filter(|(_, team)| team.members.contains(&user)).map(|(id, _)| *id).collect();
        found.sort_unstable();
        found
    }

    /// The rules that share something with one of these.
    pub(crate) fn shared_with(&self, tenant: TenantId, recipients: &[RecordKey]) -> Vec<Arc<SharingRule>> {
        self.shared.get(&tenant).into_iter().flatten().filter(|rule| recipients.contains(&rule.recipient)).cloned().collect()
    }

    /// The users in these teams.
    pub(crate) fn members<'a>(&'a self, tenant: TenantId, teams: &'a [Uuid]) -> impl Iterator<Item = Uuid> + 'a {
        let of_tenant = self.teams.get(&tenant);
        teams.iter().filter_map(move |team| of_tenant?.get(team)).flat_map(|team| team.members.iter().copied())
    }

    /// These teams and all below them. A circle, which rules refuse, ends where it began.
    pub(crate) fn below(&self, tenant: TenantId, teams: &[Uuid]) -> Vec<Uuid> {
        let Some(of_tenant) = self.teams.get(&tenant) else { return Vec::new() };
        let mut found: HashSet<Uuid> = teams.iter().copied().collect();
        loop {
            let below =
                of_tenant.iter().filter(|(id, team)| !found.contains(*id) && team.parent.is_some_and(|parent| found.contains(&parent)));
            let below: Vec<Uuid> = below.map(|(id, _)| *id).collect();
            if below.is_empty() {
                return found.into_iter().collect();
            }
            found.extend(below);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn below_a_team_is_what_hangs_on_it() {
        let (tenant, team) = (TenantId(Uuid::nil()), |number: u128| Uuid::from_u128(number));
        let one = |parent: Option<u128>, member: u128| Team { parent: parent.map(team), members: vec![team(member)] };
        let teams = HashMap::from([
            (team(1), one(None, 11)),
            (team(2), one(Some(1), 12)),
            (team(3), one(Some(2), 13)),
            (team(4), one(None, 14)),
            // A circle.
            (team(5), one(Some(6), 15)),
            (team(6), one(Some(5), 16)),
        ]);
        let rights = Rights { teams: HashMap::from([(tenant, teams)]), ..Rights::default() };
        let members = |from: u128| {
            let mut found: Vec<Uuid> = rights.members(tenant, &rights.below(tenant, &[team(from)])).collect();
            found.sort();
            found
        };
        assert_eq!(members(1), [team(11), team(12), team(13)]);
        assert_eq!(members(3), [team(13)]);
        assert_eq!(members(5), [team(15), team(16)]);
        assert_eq!(rights.teams_of(tenant, team(12)), [team(2)]);
        assert!(members(9).is_empty());
    }
}
