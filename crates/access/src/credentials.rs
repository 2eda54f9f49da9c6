//! What authentication is told: every API key, every user, their roles, and the note that they have changed.

use crate::oauth::OauthClient;
use crate::policy::{Rights, Role};
use async_trait::async_trait;
use chrono_tz::Tz;
use clientela_kernel::{Audience, Context, Id, Name, RecordKey, Result, Scopes, TenantId, Timestamp};
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use uuid::Uuid;

/// An API key, as authentication needs it.
#[derive(Clone, Debug)]
pub struct ApiKeyCredential {
    /// The key's record.
    pub id: Id,
    /// Its tenant.
    pub tenant: TenantId,
    /// Its name, which becomes the request's client.
    pub name: String,
    /// SHA-256 of the secret's text.
    pub digest: [u8; 32],
    /// What it may do at most.
    pub scopes: Scopes,
    /// Refused from then on.
    pub expires_at: Option<Timestamp>,
    /// Refused at all times: revoked, deleted, or of a tenant that is.
    pub revoked: bool,
    /// The tenant's time zone.
    pub zone: Tz,
    /// Who made it (`usr_…`, `key_…`, `sys_…`): in whose name it acts where it holds no role of its own.
    pub created_by: String,
}

/// A user, as authentication needs it.
#[derive(Clone, Debug)]
pub struct UserCredential {
    /// The user.
    pub id: Id,
    /// The tenant.
    pub tenant: TenantId,
    /// False where the user is deactivated or deleted, or the tenant is.
    pub active: bool,
    /// The user's time zone, or else the tenant's.
    pub zone: Tz,
    /// Whom the user belongs to, where that is somebody from outside.
    pub audience: Option<Audience>,
}

/// A token for one purpose, as authentication needs it.
#[derive(Clone, Debug)]
pub struct PurposeToken {
    /// The token's record.
    pub id: Id,
    /// Its tenant.
    pub tenant: TenantId,
    /// What it is for, which becomes the request's client.
    pub name: String,
    /// SHA-256 of the secret's text.
    pub digest: [u8; 32],
    /// The record that it is about.
    pub record: RecordKey,
    /// The fields that it shows; all that its maker sees where there are none.
    pub fields: Option<HashSet<String>>,
    /// The operation that it is for.
    pub operation: Option<Name>,
    /// Those fields of its input that are settled.
    pub input: serde_json::Map<String, serde_json::Value>,
    /// What the credential that made it allowed.
    pub scopes: Scopes,
    /// Refused from then on.
    pub expires_at: Timestamp,
    /// Refused at all times: revoked, deleted, or of a tenant that is.
    pub revoked: bool,
    /// The tenant's time zone.
    pub zone: Tz,
    /// Who made it (`usr_…`, `key_…`): as long as they may do what it is for, it may.
    pub created_by: String,
}

/// Where API keys and users come from. Implemented over the database by the platform.
#[async_trait]
pub trait CredentialSource: Send + Sync {
    /// Every API key of every tenant, the revoked ones too.
    async fn api_keys(&self) -> Result<Vec<ApiKeyCredential>>;

    /// Every user of every tenant, the inactive ones too.
    async fn users(&self) -> Result<Vec<UserCredential>>;

    /// Every token for one purpose, the revoked ones too.
    async fn purpose_tokens(&self) -> Result<Vec<PurposeToken>> {
        Ok(Vec::new())
    }

    /// Every program of every tenant, the stopped ones too.
    async fn clients(&self) -> Result<Vec<OauthClient>> {
        Ok(Vec::new())
    }

    /// The public keys of every node that signs tokens, as base64url.
    async fn public_keys(&self) -> Result<Vec<String>> {
        Ok(Vec::new())
    }

    /// Sessions and tokens that were revoked, as long as tokens of them may be about.
    async fn revoked(&self) -> Result<Vec<(TenantId, Uuid)>> {
        Ok(Vec::new())
    }

    /// Roles, who holds them, and teams, of every tenant.
    async fn rights(&self) -> Result<Rights>;
}

/// Knows what any principal of a tenant may do at this moment.
#[async_trait]
pub trait Principals: Send + Sync {
    /// The authority of a principal (`usr_…`, `key_…`): all that a user may do, and what a key's scopes say.
    ///
    /// # Errors
    /// `FORBIDDEN` where it has none any more; `DATABASE_UNAVAILABLE`.
    async fn in_name_of(&self, tenant: TenantId, principal: &str, request_id: Uuid, now: Timestamp) -> Result<Context>;

    /// The same as if it held a role that is only tried, in place of the one that it holds under this key, or beside what it holds.
    ///
    /// # Errors
    /// As [`Principals::in_name_of`].
    async fn trying(&self, tenant: TenantId, principal: &str, role: Role, request_id: Uuid, now: Timestamp) -> Result<Context>;
}

/// Counts the changes to keys and users. Whoever changes one calls [`CredentialChanges::announce`] once the change is
/// durable; the next authentication reads them again before it decides, so that a revocation holds at once.
#[derive(Clone, Default)]
pub struct CredentialChanges(Arc<Changes>);

#[derive(Default)]
struct Changes {
    count: AtomicU64,
    bell: OnceLock<Box<dyn Fn() + Send + Sync>>,
}

impl CredentialChanges {
    /// Says that something changed, here and on every other node.
    pub fn announce(&self) {
        self.mark();
        if let Some(bell) = self.0.bell.get() {
            bell();
        }
    }

    /// Says that something changed elsewhere: another node rang.
    pub fn mark(&self) {
        self.0.count.fetch_add(1, Ordering::SeqCst);
    }

    /// Connects the bell that other nodes hear. The first one stays.
    pub fn connect(&self, bell: impl Fn() + Send + Sync + 'static) {
        let _ = self.0.bell.set(Box::new(bell));
    }

    /// How many changes there have been.
    pub fn count(&self) -> u64 {
        self.0.count.load(Ordering::SeqCst)
    }
}
