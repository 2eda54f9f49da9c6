//! The role assignment: who holds a role.

use crate::CredentialsChanged;
use crate::rights::{may_assign, refuse_lockout};
use async_trait::async_trait;
use clientela_engine::Rules;
use clientela_engine::module::{Companion, Draft, RuleReader};
use clientela_kernel::{Context, FieldProblem, Id, ProblemCode, Result};
use clientela_macros::resource;

/// Who holds a role: a user, or an API key. An API key that holds none acts in the name of whoever made it, with at most what its own scopes allow.
#[resource(
    name = "roleAssignment",
    prefix = "ras",
    unattachable,
    unique("role_assignment_role_user_key", "roleId", "userId"),
    unique("role_assignment_role_api_key_key", "roleId", "apiKeyId")
)]
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
    /// The user who holds it; either this or `apiKeyId`.
    #[field(
        refers = "user",
        inverse = "roleAssignments",
        inverse_description = "The roles that this user holds.",
        on_delete = "cascade",
        write = "immutable",
        example = "\"usr_01h455vb4pex5vsknk084sn02q\""
    )]
    pub user_id: Option<Id>,
    /// The API key that holds it; either this or `userId`.
    #[field(
        refers = "apiKey",
        inverse = "roleAssignments",
        inverse_description = "The roles that this API key holds.",
        on_delete = "cascade",
        write = "immutable",
        example = "null"
    )]
    pub api_key_id: Option<Id>,
}

/// The rules of role assignments.
pub struct RoleAssignmentRules {
    /// Called when an assignment has changed.
    pub(crate) credentials_changed: CredentialsChanged,
}

#[async_trait]
impl Rules for RoleAssignmentRules {
    fn check(&self, _context: &Context, draft: &Draft, problems: &mut Vec<FieldProblem>) {
        if draft.get("userId").is_null() == draft.get("apiKeyId").is_null() {
            let text = "Either userId or apiKeyId says who holds the role: one of them, and not both.";
            problems.push(FieldProblem::new("/userId", ProblemCode::Contradiction, text));
        }
    }

    async fn companions(&self, context: &Context, reader: &dyn RuleReader, draft: &Draft) -> Result<Vec<Companion>> {
        may_assign(context, reader, draft).await?;
        refuse_lockout(reader, draft).await?;
        Ok(Vec::new())
    }

    fn committed(&self, _context: &Context, _draft: &Draft) {
        (self.credentials_changed)();
    }
}
