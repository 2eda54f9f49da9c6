//! An authorization code becomes a session.

use super::grants::{CODE, Code};
use super::{Answer, AuthorizationServer, NewSession, OauthClient, OauthError, Origin, Parameters, SESSION, later};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clientela_kernel::{Id, Timestamp};
use serde_json::Value as Json;
use sha2::{Digest as _, Sha256};

fn refused(why: &str) -> OauthError {
    OauthError::new("invalid_grant", format!("The authorization code cannot be used: {why}. Let the person sign in again."))
}

impl AuthorizationServer {
    pub(super) async fn redeem(&self, client: &OauthClient, parameters: &Parameters, now: Timestamp) -> Answer<Json> {
        let code = parameters.need("code")?;
        let verifier = parameters.need("code_verifier")?;
        let Some(mut found) = self.brought::<Code>(client.tenant, CODE, code).await? else { return Err(refused("it is unknown")) };
        if found.data.client != client.id.0 {
            return Err(refused("it was given to another client"));
        }
        if found.kept.used_at.is_some() {
            return self.replayed(client, found).await;
        }
        if found.kept.expires_at <= now {
            return Err(refused("its time is over"));
        }
        // OAuth 2.1 no longer sends it, RFC 6749 does: where it stands there it must be the same.
        if parameters.get("redirect_uri").is_some_and(|given| given != found.data.redirect) {
            return Err(refused("redirect_uri is not the one it was asked for with"));
        }
        if !proves(verifier, &found.data.challenge) {
            return Err(refused("code_verifier does not fit the challenge it was asked for with"));
        }
        if !self.spend(client.tenant, &mut found, now).await? {
            let Some(again) = self.brought::<Code>(client.tenant, CODE, code).await? else { return Err(refused("it is unknown")) };
            return self.replayed(client, again).await;
        }
        let data = &found.data;
        let user = Id(data.user);
        if !self.may_sign_in(client.tenant, user) {
            return Err(refused("its user may sign in no more"));
        }
        let ends = later(now, SESSION);
        let origin = Origin { address: data.address, user_agent: data.user_agent.clone(), request: None };
        self.0.records.open(client.tenant, NewSession { id: Id(data.session), client, user, origin, expires_at: ends }).await?;
        // Whoever brought the code a second time meanwhile found no session to end.
        let again = self.brought::<Code>(client.tenant, CODE, code).await?;
        if again.is_none_or(|again| again.data.replayed) {
            self.end(client.tenant, data.session).await?;
            return Err(refused("it was brought twice"));
        }
        let scopes = AuthorizationServer::within(&data.scope, client);
        self.of_session(client, (user, data.session), (scopes.clone(), scopes), ends, now).await
    }

    /// A code that is brought twice was stolen, or is brought by a thief: everything that came of it ends.
    async fn replayed(&self, client: &OauthClient, mut found: super::grants::Found<Code>) -> Answer<Json> {
        if !found.data.replayed {
            found.data.replayed = true;
            let at = found.kept.used_at.unwrap_or(Timestamp(0));
            self.overwrite(client.tenant, &found, at).await?;
        }
        self.end(client.tenant, found.data.session).await?;
        Err(refused("it was used before. What came of it was revoked"))
    }
}

/// Whether a verifier is the one whose digest was sent before (RFC 7636, S256).
fn proves(verifier: &str, challenge: &str) -> bool {
    let form = (43..=128).contains(&verifier.len()) && verifier.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte));
    let computed = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()));
    form && verify_slices_are_equal(computed.as_bytes(), challenge.as_bytes()).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of RFC 7636, appendix B.
    #[test]
    fn a_verifier_proves_its_challenge() {
        let (verifier, challenge) = ("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
        assert!(proves(verifier, challenge));
        assert!(!proves(challenge, challenge), "plain");
        assert!(!proves("short", challenge) && !proves("", ""));
    }
}
