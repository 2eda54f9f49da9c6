//! Introspection (RFC 7662) and revocation (RFC 7009).

use super::grants::{REFRESH, Refresh};
use super::{Answer, AuthorizationServer, OauthError, Parameters};
use clientela_kernel::{Id, Timestamp};
use serde_json::{Value as Json, json};

impl AuthorizationServer {
    /// `POST /oauth/introspect`: what a token of the client's tenant stands for; whatever is wrong with it, only that it is not active.
    pub async fn introspect(&self, parameters: &Parameters, authorization: Option<&str>, now: Timestamp) -> Answer<Json> {
        let client = self.client(parameters, authorization, now).await?;
        if client.secret.is_none() {
            return Err(OauthError::new("invalid_client", "Only confidential clients may look at tokens."));
        }
        let token = parameters.need("token")?;
        let inactive = Ok(json!({ "active": false }));
        if let Some(found) = self.brought::<Refresh>(client.tenant, REFRESH, token).await? {
            let session = self.0.records.session(client.tenant, Id(found.data.session)).await?;
            let living =
                session.filter(|session| !session.revoked && session.expires_at > now && self.may_sign_in(client.tenant, session.user));
            let Some(session) = living.filter(|_| found.kept.used_at.is_none() && found.kept.expires_at > now) else { return inactive };
            // Which program it belongs to is told to that program alone.
            if found.data.client != client.id.0 {
                return inactive;
            }
            return Ok(json!({
                "active": true,
                "token_type": "refresh_token",
                "scope": found.data.scope,
                "client_id": client.client_id,
                "sub": session.user.to_text("usr"),
                "exp": found.kept.expires_at.0 / 1_000,
                "iss": self.0.issuer,
            }));
        }
        match self.0.authenticator.examine(token, now).await? {
            Some(found) if found.tenant == client.tenant => Ok(found.introspection()),
            _ => inactive,
        }
    }

    /// `POST /oauth/revoke`: a token of the client's own is refused from now on. Of one that it does not know, or that is another's, nothing
    /// is said.
    pub async fn revoke(&self, parameters: &Parameters, authorization: Option<&str>, now: Timestamp) -> Answer<()> {
        let client = self.client(parameters, authorization, now).await?;
        let token = parameters.need("token")?;
        if let Some(found) = self.brought::<Refresh>(client.tenant, REFRESH, token).await? {
            if found.data.client == client.id.0 {
                self.end(client.tenant, found.data.session).await?;
            }
            return Ok(());
        }
        if let Some(found) = self.0.authenticator.examine(token, now).await?
            && found.tenant == client.tenant
            && found.client == client.client_id
            && let Some(id) = found.token
        {
            self.0.records.refuse(client.tenant, id, found.expires_at, now).await?;
        }
        Ok(())
    }
}
