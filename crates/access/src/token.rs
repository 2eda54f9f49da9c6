//! Access tokens for people: signed JWTs after RFC 9068, short-lived, checked without a database.

use crate::SigningKeys;
use crate::signing::PublicKeys;
use aws_lc_rs::rand;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clientela_kernel::{Error, ErrorCode, Id, Result, Scopes, TenantId, Timestamp};
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, Header, Validation};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use uuid::Uuid;

/// How far clocks may differ, in milliseconds.
const LEEWAY: i64 = 30_000;
/// The media type of an access token, in the header.
const TYPE: &str = "at+jwt";

/// Who signs tokens, and for whom.
#[derive(Clone, Debug)]
pub struct TokenRules {
    /// The `iss` claim.
    pub issuer: String,
    /// The `aud` claim.
    pub audience: String,
    /// The address of the authorization server, which stands in both claims of the tokens it gives.
    pub url: Option<String>,
}

impl Default for TokenRules {
    fn default() -> Self {
        TokenRules { issuer: "clientela".to_owned(), audience: "clientela".to_owned(), url: None }
    }
}

/// What a new token says.
#[derive(Clone, Debug)]
pub struct TokenIssue {
    /// The tenant the user belongs to.
    pub tenant: TenantId,
    /// The user.
    pub user: Id,
    /// The client program.
    pub client: String,
    /// What the token allows at most.
    pub scopes: Scopes,
    /// The session it belongs to.
    pub session: Option<Id>,
    /// Who acts for the user (RFC 8693, `act`).
    pub actor: Option<Json>,
    /// The address of the authorization server that gives it; by hand none does.
    pub issuer: Option<String>,
    /// From when.
    pub issued_at: Timestamp,
    /// Until when.
    pub expires_at: Timestamp,
}

/// The claims on the wire. Times are whole seconds since 1970.
#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: Audience,
    sub: String,
    client_id: String,
    iat: i64,
    exp: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    nbf: Option<i64>,
    jti: String,
    scope: String,
    tenant: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sid: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    act: Option<Json>,
}

/// One audience or several.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

/// A token whose signature and claims hold. Its times must be looked at on each use.
#[derive(Debug)]
pub(crate) struct Verified {
    pub(crate) tenant: TenantId,
    pub(crate) user: Id,
    pub(crate) client: String,
    pub(crate) scopes: Scopes,
    pub(crate) session: Option<Uuid>,
    pub(crate) token: Option<Uuid>,
    pub(crate) actor: Option<Json>,
    pub(crate) issuer: String,
    pub(crate) issued: i64,
    pub(crate) not_before: i64,
    pub(crate) expires: i64,
}

/// A token that is valid at this moment, for those who ask about it.
#[derive(Clone, Debug)]
pub struct Examined {
    /// The tenant.
    pub tenant: TenantId,
    /// The user.
    pub user: Id,
    /// The program's `client_id`.
    pub client: String,
    /// What it allows.
    pub scopes: Scopes,
    /// Its session.
    pub session: Option<Uuid>,
    /// Its `jti`.
    pub token: Option<Uuid>,
    /// Who acts for the user.
    pub actor: Option<Json>,
    /// Who issued it.
    pub issuer: String,
    /// When.
    pub issued_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
}

impl Examined {
    /// What introspection tells of it (RFC 7662).
    pub(crate) fn introspection(&self) -> Json {
        let mut told = serde_json::json!({
            "active": true,
            "token_type": "Bearer",
            "scope": self.scopes.to_text(),
            "client_id": self.client,
            "sub": self.user.to_text("usr"),
            "iss": self.issuer,
            "iat": self.issued_at.0 / 1_000,
            "exp": self.expires_at.0 / 1_000,
            "tenant": self.tenant.to_string(),
        });
        if let (Some(members), Some(actor)) = (told.as_object_mut(), &self.actor) {
            members.insert("act".to_owned(), actor.clone());
        }
        told
    }
}

impl Verified {
    /// Any one, for tests of what holds it.
    #[cfg(test)]
    pub(crate) fn sample() -> Verified {
        let id = uuid::Uuid::nil();
        Verified {
            tenant: TenantId(id),
            user: Id(id),
            client: String::new(),
            scopes: Scopes::READ,
            session: None,
            token: None,
            actor: None,
            issuer: String::new(),
            issued: 0,
            not_before: 0,
            expires: 0,
        }
    }

    /// The same for those who ask about it; `scopes` is what it allows at this moment.
    pub(crate) fn examined(&self, scopes: Scopes) -> Examined {
        Examined {
            tenant: self.tenant,
            user: self.user,
            client: self.client.clone(),
            scopes,
            session: self.session,
            token: self.token,
            actor: self.actor.clone(),
            issuer: self.issuer.clone(),
            issued_at: Timestamp(self.issued),
            expires_at: Timestamp(self.expires),
        }
    }

    /// Refuses a token before its time and after it.
    pub(crate) fn check_time(&self, now: Timestamp) -> Result<()> {
        if now.0 >= self.expires.saturating_add(LEEWAY) {
            return Err(refused(format!("The token expired at {}. Get a new one.", Timestamp(self.expires).to_text())));
        }
        if now.0 < self.not_before.saturating_sub(LEEWAY) {
            return Err(refused(format!("The token is not valid before {}.", Timestamp(self.not_before).to_text())));
        }
        Ok(())
    }
}

/// An `UNAUTHENTICATED` error.
pub(crate) fn refused(detail: impl Into<String>) -> Error {
    Error::new(ErrorCode::Unauthenticated, detail)
}

/// Signs a token.
pub(crate) fn sign(keys: &SigningKeys, rules: &TokenRules, issue: &TokenIssue) -> Result<String> {
    let mut token_id = [0u8; 16];
    rand::fill(&mut token_id).map_err(Error::internal)?;
    let (kid, signer) = keys.signer()?;
    let mut header = Header::new(Algorithm::EdDSA);
    header.typ = Some(TYPE.to_owned());
    header.kid = Some(kid.to_owned());
    let claims = Claims {
        iss: issue.issuer.clone().unwrap_or_else(|| rules.issuer.clone()),
        aud: Audience::One(issue.issuer.clone().unwrap_or_else(|| rules.audience.clone())),
        sub: issue.user.to_text("usr"),
        client_id: issue.client.clone(),
        iat: issue.issued_at.0.div_euclid(1_000),
        exp: issue.expires_at.0.div_euclid(1_000),
        nbf: None,
        jti: URL_SAFE_NO_PAD.encode(token_id),
        scope: issue.scopes.to_text(),
        tenant: issue.tenant.to_string(),
        sid: issue.session.map(|id| id.to_text("ses")),
        act: issue.actor.clone(),
    };
    jsonwebtoken::encode(&header, &claims, signer).map_err(Error::internal)
}

/// Checks type, algorithm, key, signature and claims, all but the times.
///
/// # Errors
/// `UNAUTHENTICATED`; nothing where it is signed with a key that is not known yet.
pub(crate) fn verify(keys: &SigningKeys, others: &PublicKeys, rules: &TokenRules, token: &str) -> Result<Option<Verified>> {
    let header = jsonwebtoken::decode_header(token).map_err(|_| malformed())?;
    // The algorithm is ours to choose, never the token's: whatever else the header names is refused before a key is touched.
    if header.alg != Algorithm::EdDSA {
        return Err(refused("The token is signed with another algorithm than EdDSA."));
    }
    let typ = header.typ.as_deref().unwrap_or_default();
    if !typ.eq_ignore_ascii_case(TYPE) && !typ.eq_ignore_ascii_case("application/at+jwt") {
        return Err(refused("The token is not an access token: its header needs \"typ\": \"at+jwt\"."));
    }
    if header.crit.is_some() {
        return Err(refused("The token's header names extensions (\"crit\") that this server does not know."));
    }
    let kid = header.kid.as_deref().ok_or_else(|| refused("The token's header names no signing key (\"kid\")."))?;
    let Some(key) = keys.verifier(kid).or_else(|| others.verifier(kid)) else { return Ok(None) };
    let data = jsonwebtoken::decode::<Claims>(token, key, &validation(rules)).map_err(explain)?;
    let claims = data.claims;
    let tenant = Id::parse(&claims.tenant, "ten").map_err(|_| refused("The token's \"tenant\" claim is not a tenant id."))?;
    let user = Id::parse(&claims.sub, "usr").map_err(|_| refused("The token's \"sub\" claim is not a user id."))?;
    Ok(Some(Verified {
        tenant: TenantId(tenant.0),
        user,
        client: claims.client_id,
        scopes: Scopes::parse_known(&claims.scope),
        session: claims.sid.as_deref().and_then(|text| Id::parse(text, "ses").ok()).map(|id| id.0),
        token: URL_SAFE_NO_PAD.decode(&claims.jti).ok().and_then(|bytes| Uuid::from_slice(&bytes).ok()),
        actor: claims.act,
        issuer: claims.iss,
        issued: claims.iat.saturating_mul(1_000),
        // A token from the future is no better than one that says so by `nbf`.
        not_before: claims.nbf.unwrap_or(claims.iat).max(claims.iat).saturating_mul(1_000),
        expires: claims.exp.saturating_mul(1_000),
    }))
}

fn validation(rules: &TokenRules) -> Validation {
    let mut validation = Validation::new(Algorithm::EdDSA);
    let with_url = |own: &String| [own.clone()].into_iter().chain(rules.url.clone()).collect::<Vec<_>>();
    validation.set_issuer(&with_url(&rules.issuer));
    validation.set_audience(&with_url(&rules.audience));
    validation.set_required_spec_claims(&["iss", "aud", "sub", "exp"]);
    // Presence and type of the times are checked with the claims; the library would compare them with the machine's
    // clock, we compare with the request's.
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation
}

fn malformed() -> Error {
    refused("The token is malformed: neither a JWT nor an API key (clk_…).")
}

fn explain(error: jsonwebtoken::errors::Error) -> Error {
    match error.kind() {
        ErrorKind::InvalidSignature => refused("The token's signature does not fit: it was altered or cut."),
        ErrorKind::InvalidIssuer => refused("The token was issued by somebody else (\"iss\")."),
        ErrorKind::InvalidAudience => refused("The token is meant for another service (\"aud\")."),
        ErrorKind::MissingRequiredClaim(claim) => refused(format!("The token's claim \"{claim}\" is missing or of the wrong type.")),
        // The signature holds here, so naming the claim tells a stranger nothing.
        ErrorKind::Json(error) => refused(format!("The token's claims cannot be used: {error}.")),
        _ => malformed(),
    }
}
