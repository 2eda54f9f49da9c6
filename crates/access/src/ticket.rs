//! Tickets for the stream of the feed: a browser's `EventSource` sends no headers, so what stands in for a credential stands in an address, where others may
//! read it. A ticket is therefore good for this one thing, for a short time, and no longer than the credential that it was given for.

use crate::SigningKeys;
use crate::signing::PublicKeys;
use crate::token::{TokenRules, Verified, refused};
use clientela_kernel::{ActorKind, Context, Id, Result, Scopes, TenantId, Timestamp};
use jsonwebtoken::{Algorithm, Header, Validation};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The type in the header: no access token has it.
const TYPE: &str = "stream-ticket+jwt";

/// What a ticket says.
pub(crate) struct Ticket {
    pub(crate) tenant: TenantId,
    pub(crate) until: Timestamp,
    principal: String,
    client: String,
    scopes: Scopes,
    session: Option<Uuid>,
    token: Option<Uuid>,
}

/// Whom a ticket was given to.
pub(crate) enum Principal {
    User(Id),
    Key(Id),
}

/// The claims on the wire.
#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: String,
    exp: i64,
    tenant: String,
    client_id: String,
    scope: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sid: Option<Uuid>,
    /// The access token that it was given for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    of: Option<Uuid>,
}

impl Ticket {
    /// A ticket for whoever asks.
    pub(crate) fn of(context: &Context, until: Timestamp) -> Ticket {
        let kind = if context.actor.kind == ActorKind::ApiKey { "key" } else { "usr" };
        Ticket {
            tenant: context.tenant,
            until,
            principal: context.actor.id.to_text(kind),
            client: context.client.clone().unwrap_or_default(),
            scopes: context.scopes.clone(),
            session: None,
            token: None,
        }
    }

    /// It ends with this token, its session and its program.
    pub(crate) fn belongs_to(&mut self, token: &Verified) {
        (self.session, self.token) = (token.session, token.token);
        self.scopes = token.scopes.clone();
        self.client.clone_from(&token.client);
        self.ends(Some(Timestamp(token.expires)));
    }

    /// It ends at this moment at the latest.
    pub(crate) fn ends(&mut self, at: Option<Timestamp>) {
        self.until = at.map_or(self.until, |at| self.until.min(at));
    }

    /// Whom it was given to.
    pub(crate) fn principal(&self) -> Result<Principal> {
        let key = Id::parse(&self.principal, "key").map(Principal::Key);
        key.or_else(|_| Id::parse(&self.principal, "usr").map(Principal::User)).map_err(|_| unusable())
    }

    /// Refuses it after its time.
    pub(crate) fn check_time(&self, now: Timestamp) -> Result<()> {
        if now < self.until {
            return Ok(());
        }
        Err(refused(format!("The ticket expired at {}. Get another one: POST /v1/changes/stream-ticket.", self.until.to_text())))
    }

    /// What the access token says that it was given for.
    pub(crate) fn verified(&self, user: Id) -> Verified {
        Verified {
            tenant: self.tenant,
            user,
            client: self.client.clone(),
            scopes: self.scopes.clone(),
            session: self.session,
            token: self.token,
            actor: None,
            issuer: String::new(),
            issued: 0,
            not_before: 0,
            expires: self.until.0,
        }
    }
}

/// Signs a ticket.
pub(crate) fn sign(keys: &SigningKeys, rules: &TokenRules, ticket: &Ticket) -> Result<String> {
    let (kid, signer) = keys.signer()?;
    let mut header = Header::new(Algorithm::EdDSA);
    header.typ = Some(TYPE.to_owned());
    header.kid = Some(kid.to_owned());
    let claims = Claims {
        iss: rules.issuer.clone(),
        aud: audience(rules),
        sub: ticket.principal.clone(),
        exp: ticket.until.0.div_euclid(1_000),
        tenant: ticket.tenant.to_string(),
        client_id: ticket.client.clone(),
        scope: ticket.scopes.to_text(),
        sid: ticket.session,
        of: ticket.token,
    };
    jsonwebtoken::encode(&header, &claims, signer).map_err(clientela_kernel::Error::internal)
}

/// Checks everything but the time.
///
/// # Errors
/// `UNAUTHENTICATED`.
pub(crate) fn verify(keys: &SigningKeys, others: &PublicKeys, rules: &TokenRules, ticket: &str) -> Result<Ticket> {
    let header = jsonwebtoken::decode_header(ticket).map_err(|_| unusable())?;
    let fits = header.alg == Algorithm::EdDSA && header.typ.as_deref() == Some(TYPE) && header.crit.is_none();
    let key = header.kid.as_deref().and_then(|kid| keys.verifier(kid).or_else(|| others.verifier(kid)));
    let key = key.filter(|_| fits).ok_or_else(unusable)?;
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.set_issuer(&[&rules.issuer]);
    validation.set_audience(&[audience(rules)]);
    // It is compared with the request's clock, not with the machine's.
    validation.validate_exp = false;
    let claims = jsonwebtoken::decode::<Claims>(ticket, key, &validation).map_err(|_| unusable())?.claims;
    let tenant = Id::parse(&claims.tenant, "ten").map_err(|_| unusable())?;
    Ok(Ticket {
        tenant: TenantId(tenant.0),
        until: Timestamp(claims.exp.saturating_mul(1_000)),
        principal: claims.sub,
        client: claims.client_id,
        scopes: Scopes::parse_known(&claims.scope),
        session: claims.sid,
        token: claims.of,
    })
}

/// Whom it is meant for.
fn audience(rules: &TokenRules) -> String {
    format!("{}/v1/changes/stream", rules.audience)
}

fn unusable() -> clientela_kernel::Error {
    refused("The ticket cannot be used: it was altered or cut, or is none. Get another one: POST /v1/changes/stream-ticket.")
}
