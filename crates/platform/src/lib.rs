//! Tenants, users, API keys, and the keys by which other systems know records.

pub mod api_key;
pub mod credentials;
pub mod external_id;
pub mod secret;
pub mod tenant;
pub mod user;

pub use credentials::StoredCredentials;

use clientela_engine::Module;
use std::sync::Arc;

/// Called after a change to who may sign in is durable, so that credentials kept in memory are read again.
pub type CredentialsChanged = Arc<dyn Fn() + Send + Sync>;

/// The resources of this crate and their rules.
pub fn module(credentials_changed: CredentialsChanged) -> Module {
    Module::default()
        .resource::<tenant::Model>()
        .resource::<user::Model>()
        .resource::<api_key::Model>()
        .resource::<external_id::Model>()
        .rules("tenant", tenant::TenantRules { credentials_changed: Arc::clone(&credentials_changed) })
        .rules("externalId", external_id::ExternalIdRules)
        .rules("user", user::UserRules { credentials_changed: Arc::clone(&credentials_changed) })
        .rules("apiKey", api_key::ApiKeyRules { credentials_changed })
}
