//! The token endpoint: who asks, by which way, and the answer.

use super::client::{named_client, narrowed};
use super::grants::{REFRESH, Refresh};
use super::{
    ACCESS_TOKEN, Answer, AuthorizationServer, GrantType, OauthClient, OauthError, Origin, Parameters, REFRESH_TOKEN, later, secret,
};
use crate::TokenIssue;
use clientela_kernel::{Id, Scopes, TenantId, Timestamp};
use serde_json::{Value as Json, json};
use uuid::Uuid;

/// What every refresh token begins with.
const REFRESH_PREFIX: &str = "clr_";

impl AuthorizationServer {
    /// `POST /oauth/token`: the answer as JSON.
    pub async fn token(&self, parameters: &Parameters, authorization: Option<&str>, origin: Origin, now: Timestamp) -> Answer<Json> {
        let named = parameters.need("grant_type")?;
        let grant = GrantType::ALL.into_iter().find(|grant| grant.as_str() == named);
        let client = match self.client(parameters, authorization, now).await {
            Err(error) if error.code == "invalid_client" => {
                if let Some(name) = named_client(parameters, authorization) {
                    self.note_refused_client(&name, &origin, now).await?;
                }
                return Err(error);
            }
            client => client?,
        };
        let grant = grant.ok_or_else(|| {
            let known = GrantType::ALL.map(GrantType::as_str).join(", ");
            OauthError::new("unsupported_grant_type", format!("grant_type is {named:?}; known are {known}."))
        })?;
        client.may(grant)?;
        self.check_resource(parameters)?;
        match grant {
            GrantType::AuthorizationCode => self.redeem(&client, parameters, now).await,
            GrantType::RefreshToken => self.refresh(&client, parameters, now).await,
            GrantType::ClientCredentials => self.for_itself(&client, parameters, &origin, now).await,
            GrantType::DeviceCode => self.poll(&client, parameters, origin, now).await,
            GrantType::TokenExchange => self.exchange(&client, parameters, now).await,
        }
    }

    /// The one service tokens are for may be named (RFC 8707), and no other.
    pub(super) fn check_resource(&self, parameters: &Parameters) -> Answer<()> {
        match parameters.get("resource") {
            Some(other) if other.trim_end_matches('/') != self.0.issuer => {
                Err(OauthError::new("invalid_target", format!("This server gives tokens for {} alone.", self.0.issuer)))
            }
            _ => Ok(()),
        }
    }

    async fn for_itself(&self, client: &OauthClient, parameters: &Parameters, origin: &Origin, now: Timestamp) -> Answer<Json> {
        let Some(user) = client.run_as else {
            return Err(OauthError::new("unauthorized_client", "This client has no rights of its own: its runAsId is empty."));
        };
        let scopes = narrowed(parameters.get("scope"), &client.scopes)?;
        self.note(client, Some(user), "client_credentials", None, origin).await?;
        let token = self.access(client, (user, None), scopes.clone(), None, later(now, ACCESS_TOKEN), now)?;
        Ok(shown(&token, ACCESS_TOKEN, &scopes))
    }

    /// Access and refresh token of a session.
    pub(super) async fn of_session(
        &self,
        client: &OauthClient,
        (user, session): (Id, Uuid),
        (granted, asked): (Scopes, Scopes),
        ends: Timestamp,
        now: Timestamp,
    ) -> Answer<Json> {
        let until = later(now, ACCESS_TOKEN).min(ends);
        let token = self.access(client, (user, Some(session)), asked.clone(), None, until, now)?;
        let mut answer = shown(&token, until.0.saturating_sub(now.0), &asked);
        if client.may(GrantType::RefreshToken).is_ok() {
            let refresh = secret(REFRESH_PREFIX);
            let data = Refresh { client: client.id.0, session, scope: granted.to_text() };
            self.give_out(client.tenant, (REFRESH, &refresh, None), &data, later(now, REFRESH_TOKEN).min(ends), now).await?;
            if let Some(members) = answer.as_object_mut() {
                members.insert("refresh_token".to_owned(), refresh.into());
            }
        }
        Ok(answer)
    }

    /// Signs an access token.
    pub(super) fn access(
        &self,
        client: &OauthClient,
        (user, session): (Id, Option<Uuid>),
        scopes: Scopes,
        actor: Option<Json>,
        expires_at: Timestamp,
        now: Timestamp,
    ) -> Answer<String> {
        let issue = TokenIssue {
            tenant: client.tenant,
            user,
            client: client.client_id.clone(),
            scopes,
            session: session.map(Id),
            actor,
            issuer: Some(self.0.issuer.clone()),
            issued_at: now,
            expires_at,
        };
        Ok(self.0.authenticator.issue(&issue)?)
    }

    /// Whether a user may still sign in.
    pub(super) fn may_sign_in(&self, tenant: TenantId, user: Id) -> bool {
        self.0.authenticator.is_active(tenant, user)
    }

    pub(super) fn within(granted: &str, client: &OauthClient) -> Scopes {
        Scopes::parse_known(granted).common(&client.scopes)
    }
}

/// The answer with an access token, as RFC 6749, section 5.1 has it.
pub(super) fn shown(token: &str, valid: i64, scopes: &Scopes) -> Json {
    json!({ "access_token": token, "token_type": "Bearer", "expires_in": valid / 1_000, "scope": scopes.to_text() })
}
