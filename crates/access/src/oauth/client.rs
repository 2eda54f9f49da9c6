//! Which program asks: by a secret, in the header or in the body, or by its name alone where it cannot keep one.

use super::{Answer, AuthorizationServer, GrantType, OauthClient, OauthError, Parameters};
use crate::api_key;
use aws_lc_rs::constant_time::verify_slices_are_equal;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clientela_kernel::{Scopes, Timestamp};
use std::sync::Arc;

impl AuthorizationServer {
    /// The program that sends a request to the token, revocation, introspection or device endpoint. `authorization` is the header.
    pub(super) async fn client(&self, parameters: &Parameters, authorization: Option<&str>, now: Timestamp) -> Answer<Arc<OauthClient>> {
        let unknown = || OauthError::new("invalid_client", "The client is unknown, was stopped, or did not prove who it is.");
        let (name, secret) = match authorization {
            Some(header) => {
                if parameters.get("client_secret").is_some() {
                    return Err(OauthError::new(
                        "invalid_request",
                        "The client authenticates twice: in the header and in the body. Choose one.",
                    ));
                }
                let (name, secret) = basic(header).ok_or_else(unknown)?;
                if parameters.get("client_id").is_some_and(|other| other != name) {
                    return Err(OauthError::new("invalid_request", "client_id names another client than the Authorization header."));
                }
                (name, Some(secret))
            }
            None => (parameters.need("client_id")?.to_owned(), parameters.get("client_secret").map(str::to_owned)),
        };
        let client = self.0.authenticator.client(&name, now).await?.filter(|client| client.active).ok_or_else(unknown)?;
        match (&client.secret, secret) {
            (None, None) => Ok(client),
            (Some(digest), Some(secret)) if verify_slices_are_equal(digest, &api_key::digest(&secret)).is_ok() => Ok(client),
            _ => Err(unknown()),
        }
    }
}

impl OauthClient {
    /// Whether it may come by tokens in this way.
    pub(super) fn may(&self, grant: GrantType) -> Answer<()> {
        let secretive = matches!(grant, GrantType::ClientCredentials | GrantType::TokenExchange);
        if self.grants.contains(&grant) && !(secretive && self.secret.is_none()) {
            return Ok(());
        }
        Err(OauthError::new("unauthorized_client", format!("This client may not use {}.", grant.as_str())))
    }
}

/// The scopes that are asked for, within others; all of these where nothing is asked for.
pub(super) fn narrowed(asked: Option<&str>, within: &Scopes) -> Answer<Scopes> {
    let Some(asked) = asked else { return Ok(within.clone()) };
    let scopes = Scopes::parse(asked).ok().filter(|scopes| scopes.is_within(within) && !scopes.is_empty());
    scopes.ok_or_else(|| {
        let text = format!("The scope {asked:?} goes beyond {:?}, which is what there may be here.", within.to_text());
        OauthError::new("invalid_scope", text)
    })
}

/// The name by which a program calls itself, whether or not it is the one.
pub(super) fn named_client(parameters: &Parameters, authorization: Option<&str>) -> Option<String> {
    match authorization {
        Some(header) => basic(header).map(|(name, _)| name),
        None => parameters.get("client_id").map(str::to_owned),
    }
}

/// Name and secret of a Basic header, each form-encoded within (RFC 6749, section 2.3.1).
fn basic(header: &str) -> Option<(String, String)> {
    let (scheme, encoded) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (name, secret) = text.split_once(':')?;
    Some((decoded(name)?, decoded(secret)?))
}

fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let pair = [rest.next()?, rest.next()?];
                u8::from_str_radix(std::str::from_utf8(&pair).ok()?, 16).ok()?
            }
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}
