//! Signing in by another's word: a person goes to an identity provider of the tenant, and comes back with its word that it is they. After the first time
//! a person is known by issuer and subject alone; the e-mail address, which may be given to somebody else, is asked for once.

use super::grants::{EXTERNAL, Found, STEP, Step, read};
use super::{Answer, Authorization, AuthorizationServer, Origin, Parameters, Refusal, STEP as STEP_LIFETIME, digest, later, secret};
use crate::openid::{Expected, Providers, Web};
use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use clientela_kernel::{Id, Result, TenantId, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::sync::Arc;
use uuid::Uuid;

/// How long a person may stay at the provider, in milliseconds.
const AWAY: i64 = 10 * 60_000;
/// By which way, in the audit.
const WAY: &str = "identity provider";

/// An identity provider of a tenant.
#[derive(Clone, Debug)]
pub struct IdentityProvider {
    /// Its record.
    pub id: Id,
    /// What people know it as.
    pub name: String,
    /// Its issuer.
    pub issuer: String,
    /// What it knows this server as.
    pub client_id: String,
    /// By what this server proves it; none where it cannot.
    pub client_secret: Option<String>,
    /// What is asked for.
    pub scopes: String,
    /// Whose addresses it is believed, in lower case.
    pub domains: Vec<String>,
    /// Whether people who are not known are made users.
    pub creates_users: bool,
    /// The role that these hold.
    pub role: Option<Id>,
}

/// A person whom a provider vouches for, for the first time.
#[derive(Clone, Copy, Debug)]
pub struct Newcomer<'a> {
    /// Who it is, there.
    pub subject: &'a str,
    /// The verified e-mail address.
    pub email: &'a str,
    /// The full name.
    pub name: Option<&'a str>,
}

/// What is kept of providers and of the people they vouch for. Implemented over the database by the platform.
#[async_trait]
pub trait ExternalRecords: Send + Sync {
    /// The active providers of a tenant, in the order of their names.
    async fn providers(&self, tenant: TenantId) -> Result<Vec<IdentityProvider>>;
    /// The user whom a provider's subject was linked to.
    async fn linked(&self, tenant: TenantId, issuer: &str, subject: &str) -> Result<Option<Id>>;
    /// Links a person to the user with the address, or to a new one where the provider may make some. None where there is nobody to link to.
    async fn link(&self, tenant: TenantId, provider: &IdentityProvider, person: Newcomer<'_>) -> Result<Option<Id>>;
}

/// What signing in by providers needs.
#[derive(Clone)]
pub(super) struct External {
    records: Arc<dyn ExternalRecords>,
    providers: Providers,
}

/// A person who is away at a provider.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Away {
    provider: Uuid,
    /// The authorization request that goes on afterwards.
    query: String,
    nonce: String,
    verifier: String,
    /// The browser it began in, by the digest of its cookie.
    browser: String,
}

/// How a person came back.
pub enum Returned {
    /// The person goes on to the program, at this address.
    To(String),
    /// The second factor is asked for, together with this secret, on the page of this request.
    Code {
        /// The request.
        asked: Box<Authorization>,
        /// Its query.
        query: String,
        /// The secret.
        step: String,
    },
    /// The person is not let in; the page of this request says so.
    Refused {
        /// The request.
        asked: Box<Authorization>,
        /// Its query.
        query: String,
    },
    /// Nobody was away with this state (any more), or it was another browser.
    Over,
}

impl AuthorizationServer {
    /// The same with identity providers.
    #[must_use]
    pub fn with_providers(mut self, records: Arc<dyn ExternalRecords>, web: Arc<dyn Web>) -> Self {
        self.1 = Some(External { records, providers: Providers::new(web) });
        self
    }

    /// The providers by which people sign in to a program: name and id.
    pub async fn providers(&self, asked: &Authorization) -> Answer<Vec<IdentityProvider>> {
        match &self.1 {
            Some(external) => Ok(external.records.providers(asked.client.tenant).await?),
            None => Ok(Vec::new()),
        }
    }

    fn callback(&self) -> String {
        format!("{}/oauth/callback", self.issuer())
    }

    /// Where a person goes to sign in by a provider; none where the tenant has no such one, or it cannot be used now.
    pub async fn leave(
        &self,
        asked: &Authorization,
        query: &str,
        provider: &str,
        browser: &str,
        origin: &Origin,
        now: Timestamp,
    ) -> Answer<Option<String>> {
        let Some(external) = &self.1 else { return Ok(None) };
        let tenant = asked.client.tenant;
        let all = external.records.providers(tenant).await?;
        let Some(provider) = Id::parse(provider, "idp").ok().and_then(|id| all.into_iter().find(|one| one.id == id)) else {
            return Ok(None);
        };
        let discovery = match external.providers.discovery(&provider.issuer, now).await {
            Ok(discovery) => discovery,
            Err(why) => {
                self.note_external(asked, None, why, origin, now).await?;
                return Ok(None);
            }
        };
        let (state, nonce, verifier) = (secret(""), secret(""), secret(""));
        let away = Away {
            provider: provider.id.0,
            query: query.to_owned(),
            nonce: nonce.clone(),
            verifier: verifier.clone(),
            browser: digest(browser),
        };
        self.give_out(tenant, (EXTERNAL, &state, Some(digest(&state))), &away, later(now, AWAY), now).await?;
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()));
        let callback = self.callback();
        let pairs = [
            ("response_type", "code"),
            ("client_id", provider.client_id.as_str()),
            ("redirect_uri", callback.as_str()),
            ("scope", provider.scopes.as_str()),
            ("state", state.as_str()),
            ("nonce", nonce.as_str()),
            ("code_challenge", challenge.as_str()),
            ("code_challenge_method", "S256"),
        ];
        let joint = if discovery.authorization_endpoint.contains('?') { '&' } else { '?' };
        Ok(Some(format!("{}{joint}{}", discovery.authorization_endpoint, super::authorize::joined(&pairs))))
    }

    /// A person comes back from a provider, with its answer.
    pub async fn come_back(&self, answer: &Parameters, browser: &str, origin: &Origin, now: Timestamp) -> Answer<Returned> {
        let Some(external) = &self.1 else { return Ok(Returned::Over) };
        let state = answer.get("state").unwrap_or("");
        let Some((tenant, kept)) = self.0.records.looked_up(&digest(state)).await? else { return Ok(Returned::Over) };
        let Some(mut found) = Some(kept).filter(|kept| kept.kind == EXTERNAL).and_then(read::<Away>) else { return Ok(Returned::Over) };
        let sound = found.kept.used_at.is_none() && found.kept.expires_at > now && found.data.browser == digest(browser);
        // Of two who bring the same state at once one goes on.
        if !sound || !self.spend(tenant, &mut found, now).await? {
            return Ok(Returned::Over);
        }
        let query = found.data.query.clone();
        let asked = match self.authorization(Parameters::read(form_urlencoded::parse(query.as_bytes())), now).await {
            Ok(asked) if asked.client.tenant == tenant => asked,
            Ok(_) | Err(Refusal::Here(_)) => return Ok(Returned::Over),
            Err(Refusal::There(address)) => return Ok(Returned::To(address)),
        };
        let user = match self.vouched(external, tenant, &found, answer, now).await? {
            Ok(user) => user,
            Err(why) => {
                self.note_external(&asked, None, why, origin, now).await?;
                return Ok(Returned::Refused { asked: Box::new(asked), query });
            }
        };
        // Somebody who was made a user just now is not known in memory yet.
        self.0.authenticator.reload().await?;
        if !self.may_sign_in(tenant, user) {
            self.note_external(&asked, Some(user), "the user may not sign in", origin, now).await?;
            return Ok(Returned::Refused { asked: Box::new(asked), query });
        }
        // Whoever has set up a second factor here is asked for it: another's word stands in the place of the password.
        if self.0.records.second_factor(tenant, user).await?.is_some() {
            let step = secret("");
            let data = Step { client: asked.client.id.0, user: user.0, external: true };
            self.give_out(tenant, (STEP, &step, None), &data, later(now, STEP_LIFETIME), now).await?;
            return Ok(Returned::Code { asked: Box::new(asked), query, step });
        }
        self.note(&asked.client, Some(user), WAY, None, origin).await?;
        Ok(Returned::To(self.granted(&asked, user, origin, now).await?))
    }

    /// Whom the provider vouches for; the inner error says why nobody.
    async fn vouched(
        &self,
        external: &External,
        tenant: TenantId,
        found: &Found<Away>,
        answer: &Parameters,
        now: Timestamp,
    ) -> Answer<std::result::Result<Id, &'static str>> {
        let away = &found.data;
        let all = external.records.providers(tenant).await?;
        let Some(provider) = all.into_iter().find(|one| one.id.0 == away.provider) else {
            return Ok(Err("the provider is gone or switched off"));
        };
        if answer.get("error").is_some() {
            return Ok(Err("the provider did not let the person in"));
        }
        if answer.get("iss").is_some_and(|issuer| issuer != provider.issuer) {
            return Ok(Err("the answer is from somebody else"));
        }
        let Some(code) = answer.get("code") else { return Ok(Err("the provider gave no code")) };
        let claims = match self.claims(external, &provider, away, code, now).await {
            Ok(claims) => claims,
            Err(why) => return Ok(Err(why)),
        };
        if let Some(user) = external.records.linked(tenant, &provider.issuer, &claims.sub).await? {
            return Ok(Ok(user));
        }
        let Some(email) = claims.verified_email() else { return Ok(Err("the provider does not vouch for the e-mail address")) };
        let domain = email.rsplit_once('@').map(|(_, domain)| domain.to_lowercase()).unwrap_or_default();
        if !provider.domains.contains(&domain) {
            return Ok(Err("the provider is not believed about this e-mail domain"));
        }
        let person = Newcomer { subject: &claims.sub, email, name: claims.name.as_deref() };
        Ok(external.records.link(tenant, &provider, person).await?.ok_or("nobody here has this e-mail address"))
    }

    async fn claims(
        &self,
        external: &External,
        provider: &IdentityProvider,
        away: &Away,
        code: &str,
        now: Timestamp,
    ) -> std::result::Result<crate::openid::Claims, &'static str> {
        let discovery = external.providers.discovery(&provider.issuer, now).await?;
        let callback = self.callback();
        let mut pairs = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", callback.as_str()),
            ("client_id", provider.client_id.as_str()),
            ("code_verifier", away.verifier.as_str()),
        ];
        let mut authorization = None;
        match &provider.client_secret {
            Some(own) if discovery.takes_secret_in_form() => pairs.push(("client_secret", own)),
            Some(own) => {
                let both = format!("{}:{}", super::authorize::encoded(&provider.client_id), super::authorize::encoded(own));
                authorization = Some(format!("Basic {}", STANDARD.encode(both)));
            }
            None => {}
        }
        let token = external.providers.exchange(&discovery.token_endpoint, super::authorize::joined(&pairs), authorization).await?;
        let expected = Expected { issuer: &provider.issuer, client_id: &provider.client_id, nonce: &away.nonce };
        external.providers.verify(&token, expected, now).await
    }

    async fn note_external(
        &self,
        asked: &Authorization,
        user: Option<Id>,
        why: &'static str,
        origin: &Origin,
        now: Timestamp,
    ) -> Answer<()> {
        // Whoever sends nonsense again and again fills the audit only so fast.
        let key = format!("{WAY} {} {why}", asked.client.client_id);
        if self.0.notes.count(&key, now).is_ok() {
            self.note(&asked.client, user, WAY, Some(why), origin).await?;
        }
        Ok(())
    }
}
