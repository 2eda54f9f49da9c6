//! Tenants, users, teams, roles, API keys, shares, and the keys by which other systems know records.

pub mod account_user;
pub mod api_key;
pub mod api_key_role;
pub mod audit_entry;
pub mod credentials;
pub mod custom_field;
pub mod custom_object;
pub mod external_id;
pub mod external_identity;
pub mod field_rule;
pub mod founding;
pub mod identity_provider;
pub mod oauth_client;
pub mod password;
pub mod purpose_token;
pub mod record_lock;
pub mod retype;
mod rights;
pub mod role;
pub mod role_assignment;
pub mod role_right;
pub mod saved_view;
pub mod saved_view_share;
pub mod schema;
mod scopes;
pub mod second_factor;
pub mod secret;
pub mod session;
pub mod share;
pub mod sharing_rule;
pub mod sign_in;
pub mod simulate;
pub mod stored_definitions;
mod stored_rights;
pub mod sync_scope;
pub mod team;
pub mod team_member;
pub mod tenant;
pub mod user;
mod wipe;

pub use credentials::StoredCredentials;
pub use sign_in::{StoredSignIns, publish_keys, retire_keys};
pub use stored_definitions::StoredDefinitions;

use clientela_access::Passwords;
use clientela_engine::Module;
use std::sync::Arc;

/// Called after a change to who may sign in is durable, so that credentials kept in memory are read again.
pub type CredentialsChanged = Arc<dyn Fn() + Send + Sync>;

/// Called after a change to what a tenant adds to the definitions is durable.
pub type DefinitionsChanged = Arc<dyn Fn() + Send + Sync>;

/// The resources of this crate, their rules and operations.
pub fn module(credentials_changed: CredentialsChanged, definitions_changed: DefinitionsChanged, passwords: &Passwords) -> Module {
    let changed = || Arc::clone(&credentials_changed);
    Module::default()
        .resource::<tenant::Model>()
        .resource::<user::Model>()
        .resource::<team::Model>()
        .resource::<team_member::Model>()
        .resource::<role::Model>()
        .resource::<role_right::Model>()
        .resource::<field_rule::Model>()
        .resource::<role_assignment::Model>()
        .resource::<share::Model>()
        .resource::<sharing_rule::Model>()
        .resource::<account_user::Model>()
        .resource::<purpose_token::Model>()
        .resource::<record_lock::Model>()
        .resource::<api_key::Model>()
        .resource::<api_key_role::Model>()
        .resource::<external_id::Model>()
        .resource::<saved_view::Model>()
        .resource::<saved_view_share::Model>()
        .resource::<sync_scope::Model>()
        .resource::<oauth_client::Model>()
        .resource::<session::Model>()
        .resource::<identity_provider::Model>()
        .resource::<external_identity::Model>()
        .operation(identity_provider::secret::SetIdentityProviderSecret)
        .operation(session::RevokeSession)
        .operation(sign_in::link::CreateSignInLink)
        .operation(simulate::SimulateAccess)
        .operation(password::set::SetUserPassword { passwords: passwords.clone() })
        .operation(password::change::ChangeMyPassword { passwords: passwords.clone() })
        .resource::<custom_object::Model>()
        .resource::<second_factor::Model>()
        .operation(second_factor::enroll::EnrollSecondFactor { passwords: passwords.clone() })
        .operation(second_factor::confirm::ConfirmSecondFactor { passwords: passwords.clone() })
        .operation(second_factor::disable::DisableSecondFactor { passwords: passwords.clone() })
        .operation(second_factor::recovery::RenewRecoveryCodes { passwords: passwords.clone() })
        .operation(second_factor::remove::RemoveSecondFactor)
        .resource::<custom_field::Model>()
        .resource::<retype::retyping::Model>()
        .resource::<audit_entry::Model>()
        .operation(retype::RetypeField)
        .operation(retype::PreviewRetypeField)
        .operation(schema::SnapshotSchema)
        .operation(schema::DiffSchema)
        .operation(schema::ApplySchema)
        .rules("tenant", tenant::TenantRules { credentials_changed: changed() })
        .rules("user", user::UserRules { credentials_changed: changed() })
        .rules("team", team::TeamRules { credentials_changed: changed() })
        .rules("teamMember", team_member::TeamMemberRules { credentials_changed: changed() })
        .rules("role", role::RoleRules { credentials_changed: changed() })
        .rules("roleRight", role_right::RoleRightRules { credentials_changed: changed() })
        .rules("fieldRule", field_rule::FieldRuleRules { credentials_changed: changed() })
        .rules("roleAssignment", role_assignment::RoleAssignmentRules { credentials_changed: changed() })
        .rules("share", share::ShareRules)
        .rules("sharingRule", sharing_rule::SharingRuleRules { credentials_changed: changed() })
        .rules("accountUser", account_user::AccountUserRules { credentials_changed: changed() })
        .rules("purposeToken", purpose_token::PurposeTokenRules { credentials_changed: changed() })
        .rules("recordLock", record_lock::RecordLockRules)
        .rules("apiKeyRole", api_key_role::ApiKeyRoleRules { credentials_changed: changed() })
        .rules("apiKey", api_key::ApiKeyRules { credentials_changed: changed() })
        .rules("oauthClient", oauth_client::OauthClientRules { credentials_changed: changed() })
        .rules("identityProvider", identity_provider::IdentityProviderRules)
        .rules("externalIdentity", external_identity::ExternalIdentityRules)
        .rules("session", session::SessionRules { credentials_changed: changed() })
        .rules("customObject", custom_object::CustomObjectRules { definitions_changed: Arc::clone(&definitions_changed) })
        .rules("customField", custom_field::CustomFieldRules { definitions_changed })
        .rules("savedView", saved_view::SavedViewRules)
        .rules("savedViewShare", saved_view_share::SavedViewShareRules)
        .rules("syncScope", sync_scope::SyncScopeRules)
        .rules("secondFactor", second_factor::SecondFactorRules)
        .rules("externalId", external_id::ExternalIdRules)
}
