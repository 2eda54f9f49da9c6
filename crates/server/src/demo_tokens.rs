//! Tokens of the demonstration tenant.

use crate::assemble::House;
use crate::demo;
use clientela_access::TokenIssue;
use clientela_kernel::{Error, Id, Result, Scopes, Timestamp};

/// How long they are valid, in milliseconds: 30 days. A server with them is reachable from its own machine alone.
const VALIDITY: i64 = 30 * 86_400_000;

/// Tokens of the demonstration tenant.
pub(crate) struct DemoTokens {
    /// Reads and writes.
    pub(crate) admin: String,
    /// Only reads.
    pub(crate) reader: String,
}

/// Plants the demonstration tenant where it is not there yet, and signs fresh tokens for it.
pub(crate) async fn prepare(house: &House) -> Result<DemoTokens> {
    let now = house.clock.now();
    let seeded = demo::seed(&house.engine, &demo::context(now)).await?;
    if seeded.records > 0 {
        tracing::info!(records = seeded.records, "planted the demonstration tenant");
    }
    let sign = |user: Option<&(Id, String, String)>, scopes| {
        let (user, ..) = user.ok_or_else(|| Error::internal("the demonstration tenant has no users"))?;
        house.authenticator.issue(&TokenIssue {
            tenant: demo::tenant(),
            user: *user,
            client: "clientela-demo".to_owned(),
            session: None,
            actor: None,
            issuer: None,
            scopes,
            issued_at: now,
            expires_at: Timestamp(now.0 + VALIDITY),
        })
    };
    Ok(DemoTokens {
        admin: sign(seeded.users.first(), Scopes::ALL)?,
        reader: sign(seeded.users.last(), Scopes::READ.with_sensitive(true))?,
    })
}
