//! The role: what its holders may do.

use crate::CredentialsChanged;
use crate::audit_entry::AuditKind;
use crate::rights::{only_administrators, refuse_lockout};
use async_trait::async_trait;
use clientela_engine::module::{Companion, Draft, RuleReader};
use clientela_engine::{AuditNote, Rules};
use clientela_kernel::{Context, Result};
use clientela_macros::resource;

/// What its holders may do: a set of rights (`roleRight`) and of rules for fields (`fieldRule`). A user or an API key can hold several roles and
/// may do whatever one of them allows; whoever holds none may do nothing. Only administrators make and change roles, and a tenant always
/// keeps an active user who is one.
#[resource(name = "role", prefix = "rol", label = "name", unattachable, unique("role_key_key", "key"))]
pub struct Model {
    /// The name that programs know the role by; it cannot be changed later.
    #[field(name = "key", max = 60, format = "slug", write = "immutable", example = "\"field-sales\"")]
    pub key: String,
    /// What the role is called.
    #[field(max = 100, folded, example = "\"Field sales\"")]
    pub name: String,
    /// Who it is meant for.
    #[field(max = 1_000, no_sort, example = "\"Whoever visits customers\"")]
    pub description: Option<String>,
    /// Whether its holders may do everything, whatever rights and rules say.
    #[field(default = "false")]
    pub administrator: bool,
}

/// The rules of roles.
pub struct RoleRules {
    /// Called when a role has changed.
    pub(crate) credentials_changed: CredentialsChanged,
}

#[async_trait]
impl Rules for RoleRules {
    async fn companions(&self, context: &Context, reader: &dyn RuleReader, draft: &Draft) -> Result<Vec<Companion>> {
        only_administrators(context, draft)?;
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
