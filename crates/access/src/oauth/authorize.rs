//! The authorization request: what is asked for, and whether it may be.

use super::client::narrowed;
use super::grants::{CODE, Code};
use super::{Answer, AuthorizationServer, CODE as CODE_LIFETIME, GrantType, OauthClient, OauthError, Origin, Parameters, later, secret};
use clientela_kernel::{Id, Scopes, Timestamp};
use std::sync::Arc;

/// A request that may be granted.
#[derive(Clone, Debug)]
pub struct Authorization {
    /// The program.
    pub client: Arc<OauthClient>,
    /// Where the answer goes.
    pub redirect: String,
    /// What the token will allow at most.
    pub scopes: Scopes,
    challenge: String,
    state: Option<String>,
}

/// A request that is refused.
#[derive(Clone, Debug)]
pub enum Refusal {
    /// Nobody knows where the answer should go: the person is told, and sent nowhere.
    Here(OauthError),
    /// The program is told, at this address.
    There(String),
}

impl Authorization {
    /// What a link stands for: all that the program may do.
    pub(super) fn of(client: Arc<OauthClient>, redirect: String, challenge: String, state: Option<String>) -> Authorization {
        let scopes = client.scopes.clone();
        Authorization { client, redirect, scopes, challenge, state }
    }
}

/// Whether this is a PKCE challenge: a SHA-256 digest in base64url.
pub fn is_challenge(text: &str) -> bool {
    text.len() == 43 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}

impl AuthorizationServer {
    /// Looks at an authorization request.
    pub async fn authorization(&self, parameters: Answer<Parameters>, now: Timestamp) -> Result<Authorization, Refusal> {
        let here = |text: &str| Refusal::Here(OauthError::new("invalid_request", text));
        let parameters = parameters.map_err(Refusal::Here)?;
        let name = parameters.need("client_id").map_err(Refusal::Here)?;
        let client = self.0.authenticator.client(name, now).await.map_err(|error| Refusal::Here(error.into()))?;
        let client = client.filter(|client| client.active).ok_or_else(|| here("client_id names no program that is known here."))?;
        let redirect = parameters.need("redirect_uri").map_err(Refusal::Here)?;
        if !client.redirect_uris.iter().any(|known| known == redirect) {
            return Err(here("redirect_uri is not one of those that the program has registered."));
        }
        let state = parameters.get("state").map(str::to_owned);
        let request = Authorization { client, redirect: redirect.to_owned(), scopes: Scopes::READ, challenge: String::new(), state };
        self.checked(&parameters, request.clone()).map_err(|error| Refusal::There(self.refusal(&request, &error)))
    }

    fn checked(&self, parameters: &Parameters, request: Authorization) -> Answer<Authorization> {
        if parameters.need("response_type")? != "code" {
            return Err(OauthError::new("unsupported_response_type", "response_type must be code."));
        }
        if parameters.get("response_mode").is_some_and(|mode| mode != "query") {
            return Err(OauthError::new("invalid_request", "response_mode must be query, or be left out."));
        }
        if parameters.get("request").is_some() {
            return Err(OauthError::new("request_not_supported", "Requests as a JWT are not taken."));
        }
        if parameters.get("request_uri").is_some() {
            return Err(OauthError::new("request_uri_not_supported", "Requests by address are not taken."));
        }
        request.client.may(GrantType::AuthorizationCode)?;
        self.check_resource(parameters)?;
        let challenge = parameters.need("code_challenge")?;
        if parameters.get("code_challenge_method") != Some("S256") {
            return Err(OauthError::new("invalid_request", "code_challenge_method must be S256."));
        }
        if !is_challenge(challenge) {
            return Err(OauthError::new("invalid_request", "code_challenge must be a SHA-256 digest in base64url, 43 characters."));
        }
        let scopes = narrowed(parameters.get("scope"), &request.client.scopes)?;
        Ok(Authorization { scopes, challenge: challenge.to_owned(), ..request })
    }

    /// Where a program is told that its request was refused.
    pub fn refusal(&self, request: &Authorization, error: &OauthError) -> String {
        self.back(request, &[("error", error.code), ("error_description", &error.description)])
    }

    /// Where a program is told that the person would not.
    pub fn declined(&self, request: &Authorization) -> String {
        self.refusal(request, &OauthError::new("access_denied", "The person did not sign in."))
    }

    /// Gives a code for somebody who has signed in: where the person goes on.
    pub async fn granted(&self, request: &Authorization, user: Id, origin: &Origin, now: Timestamp) -> Answer<String> {
        let code = secret("");
        let data = Code {
            client: request.client.id.0,
            user: user.0,
            redirect: request.redirect.clone(),
            challenge: request.challenge.clone(),
            scope: request.scopes.to_text(),
            session: self.0.records.mint(now).0,
            address: origin.address,
            user_agent: origin.user_agent.clone(),
            replayed: false,
        };
        self.give_out(request.client.tenant, (CODE, &code, None), &data, later(now, CODE_LIFETIME), now).await?;
        Ok(self.back(request, &[("code", &code)]))
    }

    /// The program's address with an answer: it also says who gives it (RFC 9207).
    fn back(&self, request: &Authorization, answer: &[(&str, &str)]) -> String {
        let state = request.state.as_deref().map(|state| ("state", state));
        let pairs = answer.iter().copied().chain(state).chain([("iss", self.0.issuer.as_str())]);
        let query = joined(&pairs.collect::<Vec<_>>());
        let joint = if request.redirect.contains('?') { '&' } else { '?' };
        format!("{}{joint}{query}", request.redirect)
    }
}

/// Pairs as a query or a form.
pub(super) fn joined(pairs: &[(&str, &str)]) -> String {
    let pairs: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
    pairs.join("&")
}

/// A text within a query or a form.
pub(super) fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            other => out.push_str(&format!("%{other:02X}")),
        }
    }
    out
}
