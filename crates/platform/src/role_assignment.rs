//! The role assignment: who holds a role.

use crate::CredentialsChanged;
use crate::audit_entry::AuditKind;
use crate::rights::{may_assign, refuse_lockout, refuse_outsiders};
use async_trait::async_trait;
use clientela_engine::module::{Companion, Draft, RuleReader};
use clientela_engine::{AuditNote, Rules};
use clientela_kernel::{Context, Id, Result};
use clientela_macros::resource;

/// A role that a user holds.
#[resource(name = "roleAssignment", prefix = "ras", unattachable, unique("role_assignment_role_user_key", "roleId", "userId"))]
pub struct Model {
    /// The role.
    #[field(
        refers = "role",
        inverse = "assignments",
        inverse_description = "Who holds the role.",
        on_delete = "cascade",
        write = "immutable",
        example = "\"rol_01h455vb4pex5vsknk084sn02q\""
    )]
    pub role_id: Id,
    /// The user who holds it.
    #[field(
        refers = "user",
        inverse = "roleAssignments",
        inverse_description = "The roles that this user holds.",
        on_delete = "cascade",
        write = "immutable",
        example = "\"usr_01h455vb4pex5vsknk084sn02q\""
    )]
    pub user_id: Id,
}

/// The rules of role assignments.
pub struct RoleAssignmentRules {
    /// Called when an assignment has changed.
    pub(crate) credentials_changed: CredentialsChanged,
}

#[async_trait]
impl Rules for RoleAssignmentRules {
    async fn companions(&self, context: &Context, reader: &dyn RuleReader, draft: &Draft) -> Result<Vec<Companion>> {
        may_assign(context, reader, draft).await?;
        refuse_outsiders(reader, draft).await?;
        refuse_lockout(reader, draft).await?;
        Ok(Vec::new())
    }

    fn audit(&self, _draft: &Draft) -> Option<AuditNote> {
        AuditKind::RightsChanged.with_values()
    }

    fn committed(&self, _context: &Context, _draft: &Draft) {
        (self.credentials_changed)();
    }
}
