//! OpenID Connect as a relying party: what an identity provider tells of itself, and whether an ID token holds. What is asked over the network is
//! asked through [`Web`], which decides whom it may ask.

use async_trait::async_trait;
use clientela_kernel::Timestamp;
use jsonwebtoken::jwk::{AlgorithmParameters, Jwk, JwkSet, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use parking_lot::Mutex;
use serde::Deserialize;
use std::collections::HashMap;
use std::sync::Arc;

/// How far clocks may differ, in milliseconds.
const LEEWAY: i64 = 60_000;
/// How long it is believed what a provider has told of itself, in milliseconds.
const FRESH: i64 = 5 * 60_000;
/// How long an unknown key waits until a provider's keys are read again, in milliseconds.
const PAUSE: i64 = 5_000;
/// The greatest document, set of keys or answer, in bytes.
const LARGEST: usize = 256 << 10;
/// How many providers are kept in mind.
const MOST: usize = 1_000;

/// Asks others on the network.
#[async_trait]
pub trait Web: Send + Sync {
    /// GET, or POST of a form where there is one; `authorization` is the header of that name. Answers status and body; an error is for the operator's eyes.
    async fn ask(&self, url: &str, form: Option<String>, authorization: Option<String>, most: usize) -> Result<(u16, Vec<u8>), String>;
}

/// Whom a token must be from, and for.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// The issuer.
    pub issuer: &'a str,
    /// What the provider knows this server as.
    pub client_id: &'a str,
    /// What was sent along when the person was sent there.
    pub nonce: &'a str,
}

/// What a provider tells of itself.
#[derive(Clone, Debug, Deserialize)]
pub struct Discovery {
    issuer: String,
    /// Where people sign in.
    pub authorization_endpoint: String,
    /// Where codes become tokens.
    pub token_endpoint: String,
    jwks_uri: String,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Vec<String>,
}

impl Discovery {
    /// Whether the secret goes into the form and not into the header.
    pub fn takes_secret_in_form(&self) -> bool {
        let methods = &self.token_endpoint_auth_methods_supported;
        !methods.is_empty() && !methods.iter().any(|method| method == "client_secret_basic")
    }
}

/// What an ID token says of a person.
#[derive(Clone, Debug, Deserialize)]
pub struct Claims {
    /// Who it is, at this provider, for ever.
    pub sub: String,
    exp: i64,
    iat: i64,
    nbf: Option<i64>,
    nonce: Option<String>,
    azp: Option<String>,
    #[serde(default)]
    aud: Audience,
    /// The e-mail address.
    pub email: Option<String>,
    /// Whether the provider knows that the address is the person's.
    #[serde(default)]
    email_verified: Option<serde_json::Value>,
    /// The full name.
    pub name: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(untagged)]
enum Audience {
    #[default]
    None,
    One(String),
    Several(Vec<String>),
}

impl Claims {
    /// The address, where the provider says that it is the person's. A text that says `true` is what some providers send; anything else is no word.
    pub fn verified_email(&self) -> Option<&str> {
        let verified = match &self.email_verified {
            Some(serde_json::Value::Bool(verified)) => *verified,
            Some(serde_json::Value::String(text)) => text == "true",
            _ => false,
        };
        self.email.as_deref().filter(|_| verified)
    }
}

/// What is known of a provider.
#[derive(Clone)]
struct Known {
    discovery: Arc<Discovery>,
    keys: Arc<JwkSet>,
    read_at: Timestamp,
    keys_read_at: Timestamp,
}

/// Asks providers, and keeps what they tell for a while. Cheap to clone.
#[derive(Clone)]
pub struct Providers {
    web: Arc<dyn Web>,
    known: Arc<Mutex<HashMap<String, Known>>>,
}

impl Providers {
    /// Nothing is known yet.
    pub fn new(web: Arc<dyn Web>) -> Providers {
        Providers { web, known: Arc::default() }
    }

    /// What a provider tells of itself.
    ///
    /// # Errors
    /// Why it cannot be used, for the audit.
    pub async fn discovery(&self, issuer: &str, now: Timestamp) -> Result<Arc<Discovery>, &'static str> {
        Ok(self.known(issuer, now).await?.discovery)
    }

    async fn known(&self, issuer: &str, now: Timestamp) -> Result<Known, &'static str> {
        let fresh = self.known.lock().get(issuer).filter(|known| now.0.saturating_sub(known.read_at.0) < FRESH).cloned();
        if let Some(known) = fresh {
            return Ok(known);
        }
        let url = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
        let discovery: Discovery = self.read(&url).await?;
        if discovery.issuer != issuer {
            return Err("the provider says that it is another one");
        }
        let keys = Arc::new(self.read::<JwkSet>(&discovery.jwks_uri).await?);
        let known = Known { discovery: Arc::new(discovery), keys, read_at: now, keys_read_at: now };
        let mut all = self.known.lock();
        if all.len() >= MOST {
            all.clear();
        }
        all.insert(issuer.to_owned(), known.clone());
        Ok(known)
    }

    /// Reads the keys again, unless that was done a moment ago.
    async fn keys_again(&self, issuer: &str, known: &Known, now: Timestamp) -> Result<Option<Arc<JwkSet>>, &'static str> {
        if now.0.saturating_sub(known.keys_read_at.0) < PAUSE {
            return Ok(None);
        }
        if let Some(known) = self.known.lock().get_mut(issuer) {
            // Before the answer: however many ask at once, one goes.
            known.keys_read_at = now;
        }
        let keys = Arc::new(self.read::<JwkSet>(&known.discovery.jwks_uri).await?);
        if let Some(known) = self.known.lock().get_mut(issuer) {
            known.keys = Arc::clone(&keys);
        }
        Ok(Some(keys))
    }

    async fn read<T: serde::de::DeserializeOwned>(&self, url: &str) -> Result<T, &'static str> {
        match self.web.ask(url, None, None, LARGEST).await {
            Ok((200, body)) => serde_json::from_slice(&body).map_err(|error| {
                tracing::warn!(url, %error, "an identity provider's document cannot be read");
                "the provider's documents cannot be read"
            }),
            Ok((status, _)) => {
                tracing::warn!(url, status, "an identity provider refused a document");
                Err("the provider's documents cannot be read")
            }
            Err(error) => {
                tracing::warn!(url, error, "an identity provider was not reached");
                Err("the provider was not reached")
            }
        }
    }

    /// Exchanges a code for an ID token.
    ///
    /// # Errors
    /// Why it cannot be had.
    pub async fn exchange(&self, endpoint: &str, form: String, authorization: Option<String>) -> Result<String, &'static str> {
        #[derive(Deserialize)]
        struct Tokens {
            id_token: String,
        }
        match self.web.ask(endpoint, Some(form), authorization, LARGEST).await {
            Ok((200, body)) => {
                serde_json::from_slice::<Tokens>(&body).map(|tokens| tokens.id_token).map_err(|_| "the provider gave no ID token")
            }
            Ok((status, _)) => {
                tracing::warn!(endpoint, status, "an identity provider refused a code");
                Err("the provider refused the code")
            }
            Err(error) => {
                tracing::warn!(endpoint, error, "an identity provider was not reached");
                Err("the provider was not reached")
            }
        }
    }

    /// Looks whether an ID token holds: key, signature, issuer, audience, times, nonce.
    ///
    /// # Errors
    /// What is wrong with it.
    pub async fn verify(&self, token: &str, expected: Expected<'_>, now: Timestamp) -> Result<Claims, &'static str> {
        let known = self.known(expected.issuer, now).await?;
        let header = jsonwebtoken::decode_header(token).map_err(|_| "the ID token is malformed")?;
        // The algorithm is one of ours to choose: with a shared secret, anybody who knows the public key could sign.
        if !is_asymmetric(header.alg) {
            return Err("the ID token is signed with an algorithm that is not taken");
        }
        if header.crit.is_some() {
            return Err("the ID token is malformed");
        }
        let claims = match key(&known.keys, header.kid.as_deref(), header.alg) {
            Some(key) => claims(token, &key, header.alg, expected)?,
            None => {
                let again = self.keys_again(expected.issuer, &known, now).await?;
                let key = again.as_ref().and_then(|keys| key(keys, header.kid.as_deref(), header.alg));
                claims(token, &key.ok_or("the ID token is signed with an unknown key")?, header.alg, expected)?
            }
        };
        check(&claims, expected, now)?;
        Ok(claims)
    }
}

fn is_asymmetric(algorithm: Algorithm) -> bool {
    !matches!(algorithm, Algorithm::HS256 | Algorithm::HS384 | Algorithm::HS512)
}

/// The key of a token, where it fits the algorithm.
fn key(keys: &JwkSet, kid: Option<&str>, algorithm: Algorithm) -> Option<DecodingKey> {
    let signs = |jwk: &&Jwk| {
        let usable = !matches!(jwk.common.public_key_use, Some(PublicKeyUse::Encryption));
        let named = jwk.common.key_algorithm.is_none_or(|named| named.to_string() == format!("{algorithm:?}"));
        usable && named && fits(&jwk.algorithm, algorithm)
    };
    let found = match kid {
        Some(kid) => keys.keys.iter().filter(|jwk| jwk.common.key_id.as_deref() == Some(kid)).find(signs),
        None => {
            let mut fitting = keys.keys.iter().filter(signs);
            fitting.next().filter(|_| fitting.next().is_none())
        }
    };
    found.and_then(|jwk| DecodingKey::from_jwk(jwk).ok())
}

fn fits(key: &AlgorithmParameters, algorithm: Algorithm) -> bool {
    use Algorithm::{ES256, ES384, EdDSA, PS256, PS384, PS512, RS256, RS384, RS512};
    match key {
        AlgorithmParameters::RSA(_) => matches!(algorithm, RS256 | RS384 | RS512 | PS256 | PS384 | PS512),
        AlgorithmParameters::EllipticCurve(_) => matches!(algorithm, ES256 | ES384),
        AlgorithmParameters::OctetKeyPair(_) => algorithm == EdDSA,
        // A shared secret is no key to publish.
        _ => false,
    }
}

fn claims(token: &str, key: &DecodingKey, algorithm: Algorithm, expected: Expected<'_>) -> Result<Claims, &'static str> {
    use jsonwebtoken::errors::ErrorKind;
    let mut validation = Validation::new(algorithm);
    validation.set_issuer(&[expected.issuer]);
    validation.set_audience(&[expected.client_id]);
    validation.set_required_spec_claims(&["iss", "aud", "sub", "exp"]);
    // The times are compared with the request's clock below.
    validation.validate_exp = false;
    validation.validate_nbf = false;
    let decoded = jsonwebtoken::decode::<Claims>(token, key, &validation).map_err(|error| match error.kind() {
        ErrorKind::InvalidSignature => "the ID token's signature does not fit",
        ErrorKind::InvalidIssuer => "the ID token is from somebody else",
        ErrorKind::InvalidAudience => "the ID token is for somebody else",
        _ => "the ID token is malformed",
    })?;
    Ok(decoded.claims)
}

fn check(claims: &Claims, expected: Expected<'_>, now: Timestamp) -> Result<(), &'static str> {
    let at = |seconds: i64| seconds.saturating_mul(1_000);
    if now.0 >= at(claims.exp).saturating_add(LEEWAY) {
        return Err("the ID token has expired");
    }
    if now.0 < at(claims.nbf.unwrap_or(claims.iat).max(claims.iat)).saturating_sub(LEEWAY) {
        return Err("the ID token is not valid yet");
    }
    if claims.nonce.as_deref() != Some(expected.nonce) {
        return Err("the ID token belongs to another sign-in");
    }
    let (fits, several) = match &claims.aud {
        Audience::One(one) => (one == expected.client_id, false),
        Audience::Several(all) => (all.iter().any(|one| one == expected.client_id), all.len() > 1),
        Audience::None => (false, false),
    };
    let party = claims.azp.as_deref();
    if !fits || party.is_some_and(|party| party != expected.client_id) || several && party.is_none() {
        return Err("the ID token is for somebody else");
    }
    if claims.sub.is_empty() || claims.sub.len() > 255 {
        return Err("the ID token names nobody");
    }
    Ok(())
}
