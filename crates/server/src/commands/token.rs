//! `clientela token`.

use super::{Failure, house, print};
use crate::cli::{Scope, Token};
use crate::config::Config;
use crate::tenants;
use clientela_access::TokenIssue;
use clientela_kernel::{Duration, Id, Scopes, TenantId, Timestamp};
use serde_json::json;

/// The longest validity, in seconds: 366 days.
const LONGEST: i64 = 366 * 86_400;

/// Prints an access token for a user.
pub async fn run(config: &Config, arguments: &Token, as_json: bool) -> Result<(), Failure> {
    let seconds = validity(&arguments.expires)?;
    let tenant = match &arguments.tenant {
        Some(text) => Some(TenantId(
            Id::parse(text, "ten").map_err(|_| Failure::Usage(format!("--tenant is \"{text}\"; it must be a tenant id, ten_….")))?.0,
        )),
        None => None,
    };
    let house = house(config).await?;
    let user = tenants::find_user(&house.store, arguments.user.as_deref(), tenant).await?;
    let now = house.clock.now();
    let expires_at = Timestamp(now.0 + seconds * 1_000);
    let (scope, scopes) = match arguments.scope {
        Scope::Read => ("read", Scopes::READ.with_sensitive(true)),
        Scope::ReadWrite => ("read_write", Scopes::ALL),
    };
    let issue = TokenIssue {
        tenant: user.tenant_id,
        user: user.id,
        client: "clientela-token".to_owned(),
        session: None,
        actor: None,
        issuer: None,
        scopes,
        issued_at: now,
        expires_at,
    };
    let token = house.authenticator.issue(&issue)?;
    house.store.close().await;
    let answer = json!({
        "token": token,
        "tenant": user.tenant_id.to_string(),
        "user": user.id.to_text("usr"),
        "scope": scope,
        "expiresAt": expires_at.to_text(),
    });
    print(as_json, &answer, &token)
}

fn validity(text: &str) -> Result<i64, Failure> {
    let refuse = || {
        Failure::Usage(format!("--expires is \"{text}\"; it must be an ISO 8601 duration from PT1S to P366D, without months and years."))
    };
    let duration = Duration::parse(text).filter(|duration| duration.months == 0).ok_or_else(refuse)?;
    let seconds = i64::from(duration.days) * 86_400 + duration.seconds.min(LONGEST + 1);
    if (1..=LONGEST).contains(&seconds) { Ok(seconds) } else { Err(refuse()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn validity_is_a_plain_length_of_time() {
        for (text, seconds) in [("PT1H", 3_600), ("P1DT1S", 86_401), ("P2W", 1_209_600), ("P366D", LONGEST)] {
            assert_eq!(validity(text).unwrap(), seconds);
        }
        for bad in ["", "1h", "PT0S", "P1M", "P1Y", "P367D", "PT99999999999H"] {
            assert_eq!(validity(bad).unwrap_err().exit_code(), 2, "{bad}");
        }
    }
}
