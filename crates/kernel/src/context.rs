//! Who asks, in which tenant, with which scopes, at what time. Made by authentication; nothing reads or writes a record
//! without one.

use crate::{Audience, Date, Id, Policy, Scopes, TenantId, Timestamp};
use chrono_tz::Tz;
use std::net::IpAddr;
use std::sync::Arc;
use uuid::Uuid;

/// The kind of principal behind a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ActorKind {
    /// A person.
    User,
    /// A script or another system, by API key.
    ApiKey,
    /// Whoever holds a token that serves one purpose with one record.
    Token,
    /// The server itself: seeding, migration, the command line.
    System,
}

/// The principal behind a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Actor {
    /// Person, key, token or the system.
    pub kind: ActorKind,
    /// The principal's id.
    pub id: Id,
}

impl Actor {
    /// The wire form that `createdBy`, `updatedBy` and the change log carry: `usr_…`, `key_…`, `spt_…` or `sys_…`.
    pub fn to_text(self) -> String {
        let prefix = match self.kind {
            ActorKind::User => "usr",
            ActorKind::ApiKey => "key",
            ActorKind::Token => "spt",
            ActorKind::System => "sys",
        };
        self.id.to_text(prefix)
    }
}

/// One request's authority and time.
#[derive(Clone, Debug)]
pub struct Context {
    /// The tenant, from the credential alone.
    pub tenant: TenantId,
    /// The principal.
    pub actor: Actor,
    /// The client program, as the credential names it.
    pub client: Option<String>,
    /// The network address at the other end, where there is one.
    pub address: Option<IpAddr>,
    /// What the credential allows.
    pub scopes: Scopes,
    /// What the principal may do; everything where there is none. Both must allow it.
    pub policy: Option<Arc<dyn Policy>>,
    /// The request's id, in logs, errors and the change log.
    pub request_id: Uuid,
    /// When the request began.
    pub now: Timestamp,
    /// The caller's time zone, for relative dates.
    pub zone: Tz,
    /// Whether records may be made that rules hold for duplicates of others.
    pub allow_duplicates: bool,
}

impl Context {
    /// The server's own authority in a tenant, for what it does and looks up by itself.
    pub fn of_system(tenant: TenantId, request_id: Uuid, now: Timestamp) -> Context {
        Context {
            tenant,
            actor: Actor { kind: ActorKind::System, id: Id(tenant.0) },
            client: Some("clientela".to_owned()),
            address: None,
            scopes: Scopes::ALL,
            policy: None,
            request_id,
            now,
            zone: chrono_tz::UTC,
            allow_duplicates: false,
        }
    }

    /// The same request without limits of rights: for what the server itself looks up.
    #[must_use]
    pub fn unlimited(&self) -> Context {
        Context { scopes: Scopes::ALL, policy: None, ..self.clone() }
    }

    /// The day of the request, in the caller's zone.
    pub fn today(&self) -> Date {
        self.day_of(self.now)
    }

    /// The day of a moment, in the caller's zone.
    pub fn day_of(&self, at: Timestamp) -> Date {
        Date::from_chrono(at.to_chrono().with_timezone(&self.zone).date_naive())
    }

    /// The user whom `me` means: in whose name a key acts, or else whoever asks.
    pub fn me(&self) -> Uuid {
        self.policy.as_ref().and_then(|policy| policy.user()).unwrap_or(self.actor.id.0)
    }

    /// Whom the principal belongs to, where it is none of the tenant's own people and programs.
    pub fn audience(&self) -> Option<&Audience> {
        self.policy.as_ref().and_then(|policy| policy.audience())
    }

    /// The same request inside an operation that the principal may carry out: a token that serves for it has the rights of its maker there, and only there.
    #[must_use]
    pub fn inside(&self, operation: &str) -> Context {
        match self.policy.as_ref().and_then(|policy| policy.purpose()).filter(|purpose| purpose.operation.as_deref() == Some(operation)) {
            None => self.clone(),
            Some(purpose) => Context { policy: purpose.maker.clone(), ..self.clone() },
        }
    }

    /// Whether nothing limits which records are read: neither roles nor the credential.
    pub fn reads_all(&self) -> bool {
        self.policy.is_none() && self.scopes.read
    }

    /// The same request with all that the principal may do, whatever its credential says: for what goes along with what was asked for.
    #[must_use]
    pub fn of_principal(&self) -> Context {
        Context { scopes: Scopes::ALL, ..self.clone() }
    }

    /// Whether the principal may do everything.
    pub fn is_administrator(&self) -> bool {
        self.policy.as_ref().is_none_or(|policy| policy.is_administrator())
    }
}
