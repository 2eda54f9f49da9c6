//! The role of an API key.

use crate::CredentialsChanged;
use crate::audit_entry::AuditKind;
use crate::rights::may_assign;
use async_trait::async_trait;
use clientela_engine::module::{Companion, Draft, RuleReader};
use clientela_engine::{AuditNote, Rules};
use clientela_kernel::{Context, Id, Result};
use clientela_macros::resource;

/// A role that an API key holds. A key that holds none acts in the name of whoever made it; what its own scopes do not allow it may do in no case.
#[resource(name = "apiKeyRole", prefix = "akr", unattachable, unique("api_key_role_role_api_key_key", "roleId", "apiKeyId"))]
pub struct Model {
    /// The role.
    #[field(
        refers = "role",
        inverse = "apiKeyRoles",
        inverse_description = "The API keys that hold the role.",
        on_delete = "cascade",
        write = "immutable",
        example = "\"rol_01h455vb4pex5vsknk084sn02q\""
    )]
    pub role_id: Id,
    /// The API key.
    #[field(
        refers = "apiKey",
        inverse = "roles",
        inverse_description = "The roles that this API key holds.",
        on_delete = "cascade",
        write = "immutable",
        example = "\"key_01h455vb4pex5vsknk084sn02q\""
    )]
    pub api_key_id: Id,
}

/// The rules of the roles of API keys.
pub struct ApiKeyRoleRules {
    /// Called when one has changed.
    pub(crate) credentials_changed: CredentialsChanged,
}

#[async_trait]
impl Rules for ApiKeyRoleRules {
    async fn companions(&self, context: &Context, reader: &dyn RuleReader, draft: &Draft) -> Result<Vec<Companion>> {
        may_assign(context, reader, draft).await?;
        Ok(Vec::new())
    }

    fn audit(&self, _draft: &Draft) -> Option<AuditNote> {
        AuditKind::RightsChanged.with_values()
    }

    fn committed(&self, _context: &Context, _draft: &Draft) {
        (self.credentials_changed)();
    }
}
