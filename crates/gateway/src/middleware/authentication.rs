//! From the `Authorization` header to a context.

use super::RequestInfo;
use crate::GatewayState;
use clientela_kernel::{Context, Error, ErrorCode, Result};
use http::{HeaderMap, header};

/// How a ticket stands where a credential would: nobody sends it so, the stream of the feed puts it there.
pub(crate) const TICKET: &str = "Ticket ";

/// Authenticates a request by its bearer token (RFC 6750). The error says what to send.
pub async fn authenticate(state: &GatewayState, info: RequestInfo, headers: &HeaderMap) -> Result<Context> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let value = values.next();
    if values.next().is_some() {
        return Err(Error::new(ErrorCode::Unauthenticated, "The Authorization header stands there more than once. Send it once."));
    }
    let ticket = value.filter(|_| info.streams).and_then(|value| value.to_str().ok()?.strip_prefix(TICKET));
    let context = match ticket {
        Some(ticket) => state.authenticator.admit(ticket, info.id, info.now).await?,
        None => {
            let credential = clientela_access::bearer(value.map(|value| value.as_bytes()))?;
            state.authenticator.authenticate(credential, info.id, info.now).await?
        }
    };
    Ok(Context { address: info.address, ..context })
}
