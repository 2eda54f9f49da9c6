//! What codes, refresh tokens and devices stand for, as it is kept.

use super::{Answer, AuthorizationServer, Kept, OauthError, place};
use clientela_kernel::{Error, Id, TenantId, Timestamp};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The kinds.
pub(super) const CODE: &str = "CODE";
pub(super) const REFRESH: &str = "REFRESH";
pub(super) const DEVICE: &str = "DEVICE";
pub(super) const STEP: &str = "STEP";
pub(super) const LINK: &str = "LINK";
pub(super) const EXTERNAL: &str = "EXTERNAL";

/// An authorization code.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Code {
    pub(super) client: Uuid,
    pub(super) user: Uuid,
    pub(super) redirect: String,
    pub(super) challenge: String,
    pub(super) scope: String,
    /// The session that begins with it.
    pub(super) session: Uuid,
    pub(super) address: Option<std::net::IpAddr>,
    pub(super) user_agent: Option<String>,
    /// Somebody brought it a second time.
    pub(super) replayed: bool,
}

/// A refresh token.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Refresh {
    pub(super) client: Uuid,
    pub(super) session: Uuid,
    pub(super) scope: String,
}

/// A device that waits.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Device {
    pub(super) client: Uuid,
    pub(super) client_id: String,
    pub(super) scope: String,
    pub(super) session: Uuid,
    /// Nothing while nobody has decided.
    pub(super) allowed: Option<bool>,
    pub(super) user: Option<Uuid>,
    pub(super) address: Option<std::net::IpAddr>,
    pub(super) user_agent: Option<String>,
}

/// A person whose password was right, or for whom an identity provider vouches, and who is asked for the second factor.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Step {
    pub(super) client: Uuid,
    pub(super) user: Uuid,
    /// Whether an identity provider vouches, and no password was asked for.
    #[serde(default)]
    pub(super) external: bool,
}

/// A kept thing with what it stands for.
pub(super) struct Found<T> {
    pub(super) kept: Kept,
    pub(super) data: T,
}

impl AuthorizationServer {
    /// Keeps something new under its secret.
    pub(super) async fn give_out<T: Serialize + Sync>(
        &self,
        tenant: TenantId,
        (kind, secret, lookup): (&str, &str, Option<String>),
        data: &T,
        expires_at: Timestamp,
        now: Timestamp,
    ) -> Answer<()> {
        let data = serde_json::to_string(data).map_err(|error| OauthError::from(Error::internal(error)))?;
        let kept = Kept { id: place(secret), version: 0, kind: kind.to_owned(), data, lookup, used_at: None, expires_at };
        if self.0.records.keep(tenant, &kept, now).await? { Ok(()) } else { Err(Error::internal("a new secret is taken").into()) }
    }

    /// What was kept under a secret, whether or not it was used or its time is over.
    pub(super) async fn brought<T: DeserializeOwned>(&self, tenant: TenantId, kind: &str, secret: &str) -> Answer<Option<Found<T>>> {
        let kept = self.0.records.kept(tenant, place(secret)).await?;
        Ok(kept.filter(|kept| kept.kind == kind).and_then(read))
    }

    /// Writes over what was read. False where somebody was faster.
    pub(super) async fn overwrite<T: Serialize + Sync>(&self, tenant: TenantId, found: &Found<T>, now: Timestamp) -> Answer<bool> {
        let data = serde_json::to_string(&found.data).map_err(|error| OauthError::from(Error::internal(error)))?;
        Ok(self.0.records.keep(tenant, &Kept { data, ..found.kept.clone() }, now).await?)
    }

    /// Marks it as used. False where somebody was faster.
    pub(super) async fn spend<T: Serialize + Sync>(&self, tenant: TenantId, found: &mut Found<T>, now: Timestamp) -> Answer<bool> {
        found.kept.used_at = Some(now);
        self.overwrite(tenant, found, now).await
    }

    pub(super) async fn end(&self, tenant: TenantId, session: Uuid) -> Answer<()> {
        Ok(self.0.records.revoke(tenant, Id(session)).await?)
    }
}

pub(super) fn read<T: DeserializeOwned>(kept: Kept) -> Option<Found<T>> {
    let data = serde_json::from_str(&kept.data).ok()?;
    Some(Found { kept, data })
}
