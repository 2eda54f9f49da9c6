//! The team member: a user in a team.

use crate::CredentialsChanged;
use crate::audit_entry::AuditKind;
use clientela_engine::module::Draft;
use clientela_engine::{AuditNote, Rules};
use clientela_kernel::{Context, Id};
use clientela_macros::{Choice, resource};

/// What somebody is in a team.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Choice)]
pub enum TeamPosition {
    /// One of the team.
    Member,
    /// Who leads it.
    Lead,
}

/// A user in a team. Somebody can be in several teams, and in each of them once.
#[resource(name = "teamMember", prefix = "tmm", unattachable, unique("team_member_team_user_key", "teamId", "userId"))]
pub struct Model {
    /// The team.
    #[field(
        refers = "team",
        inverse = "members",
        inverse_description = "Who is in the team.",
        on_delete = "cascade",
        write = "immutable",
        example = "\"tea_01h455vb4pex5vsknk084sn02q\""
    )]
    pub team_id: Id,
    /// Who is in it.
    #[field(
        refers = "user",
        inverse = "teamMembers",
        inverse_description = "The teams that this user is in.",
        on_delete = "cascade",
        write = "immutable",
        example = "\"usr_01h455vb4pex5vsknk084sn02q\""
    )]
    pub user_id: Id,
    /// What the person is in the team. Rights do not depend on it.
    #[field(default = "\"MEMBER\"")]
    pub position: TeamPosition,
}

/// The rules of team members.
pub struct TeamMemberRules {
    /// Called when a member has changed.
    pub(crate) credentials_changed: CredentialsChanged,
}

impl Rules for TeamMemberRules {
    fn audit(&self, _draft: &Draft) -> Option<AuditNote> {
        AuditKind::RightsChanged.with_values()
    }

    fn committed(&self, _context: &Context, _draft: &Draft) {
        (self.credentials_changed)();
    }
}
