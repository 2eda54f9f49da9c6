//! A session goes on: each refresh token is used once, and one that comes back a second time ends the session.

use super::client::narrowed;
use super::grants::{REFRESH, Refresh};
use super::{Answer, AuthorizationServer, OauthClient, OauthError, Parameters};
use clientela_kernel::{Id, Timestamp};
use serde_json::Value as Json;

fn refused(why: &str) -> OauthError {
    OauthError::new("invalid_grant", format!("The refresh token cannot be used: {why}. Let the person sign in again."))
}

impl AuthorizationServer {
    pub(super) async fn refresh(&self, client: &OauthClient, parameters: &Parameters, now: Timestamp) -> Answer<Json> {
        let token = parameters.need("refresh_token")?;
        let Some(mut found) = self.brought::<Refresh>(client.tenant, REFRESH, token).await? else { return Err(refused("it is unknown")) };
        if found.data.client != client.id.0 {
            return Err(refused("it was given to another client"));
        }
        let reused = || refused("it was used before. Its session was revoked");
        if found.kept.used_at.is_some() {
            // Two have it: one of them stole it, and nobody knows which.
            self.end(client.tenant, found.data.session).await?;
            return Err(reused());
        }
        if found.kept.expires_at <= now {
            return Err(refused("its time is over"));
        }
        let granted = AuthorizationServer::within(&found.data.scope, client);
        let asked = narrowed(parameters.get("scope"), &granted)?;
        let session = self.0.records.session(client.tenant, Id(found.data.session)).await?;
        let Some(session) = session.filter(|session| !session.revoked && session.expires_at > now) else {
            return Err(refused("its session has ended"));
        };
        if !self.may_sign_in(client.tenant, session.user) {
            return Err(refused("its user may sign in no more"));
        }
        if !self.spend(client.tenant, &mut found, now).await? {
            self.end(client.tenant, found.data.session).await?;
            return Err(reused());
        }
        self.0.records.used(client.tenant, Id(found.data.session)).await?;
        self.of_session(client, (session.user, found.data.session), (granted, asked), session.expires_at, now).await
    }
}
