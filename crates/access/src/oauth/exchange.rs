//! A token becomes another one that allows less (RFC 8693): for a program that acts for a person towards this server.

use super::client::narrowed;
use super::token::shown;
use super::{ACCESS_TOKEN, Answer, AuthorizationServer, OauthClient, OauthError, Parameters, later};
use clientela_kernel::Timestamp;
use serde_json::{Value as Json, json};

/// The one kind of token that is taken and given.
const ACCESS: &str = "urn:ietf:params:oauth:token-type:access_token";
const JWT: &str = "urn:ietf:params:oauth:token-type:jwt";

impl AuthorizationServer {
    pub(super) async fn exchange(&self, client: &OauthClient, parameters: &Parameters, now: Timestamp) -> Answer<Json> {
        let invalid = |why: &str| OauthError::new("invalid_request", why);
        if !matches!(parameters.need("subject_token_type")?, ACCESS | JWT) {
            return Err(invalid("subject_token_type must be that of an access token."));
        }
        if parameters.get("requested_token_type").is_some_and(|kind| kind != ACCESS) {
            return Err(invalid("requested_token_type must be that of an access token, or be left out."));
        }
        if parameters.get("actor_token").is_some() {
            return Err(invalid("actor_token is not taken: whoever acts is the client."));
        }
        if parameters.get("audience").is_some_and(|audience| audience.trim_end_matches('/') != self.0.issuer) {
            return Err(OauthError::new("invalid_target", format!("This server gives tokens for {} alone.", self.0.issuer)));
        }
        let foreign = || invalid("subject_token is not valid: it is expired, revoked, or none of ours.");
        let subject = self.0.authenticator.examine(parameters.need("subject_token")?, now).await?.ok_or_else(foreign)?;
        if subject.tenant != client.tenant {
            return Err(foreign());
        }
        let scopes = narrowed(parameters.get("scope"), &subject.scopes.common(&client.scopes))?;
        let actor = match subject.actor {
            Some(before) => json!({ "sub": client.client_id, "act": before }),
            None => json!({ "sub": client.client_id }),
        };
        let until = later(now, ACCESS_TOKEN).min(subject.expires_at);
        let token = self.access(client, (subject.user, subject.session), scopes.clone(), Some(actor), until, now)?;
        let mut answer = shown(&token, until.0.saturating_sub(now.0), &scopes);
        if let Some(members) = answer.as_object_mut() {
            members.insert("issued_token_type".to_owned(), ACCESS.into());
        }
        Ok(answer)
    }
}
