//! In whose name the server works when nobody is there.

use clientela_access::Authenticator;
use clientela_engine::ids;
use clientela_kernel::{Context, Result, Scopes, TenantId, Timestamp};

/// The authority that a principal (`usr_…`, `key_…`, `sys_…`) has at this moment, and no more than the scopes, where there are any, of the credential by which it wanted the work done.
///
/// # Errors
/// `FORBIDDEN` where it has none any more; `DATABASE_UNAVAILABLE`.
pub(crate) async fn in_name_of(
    authenticator: &Authenticator,
    tenant: TenantId,
    principal: &str,
    scopes: Option<&Scopes>,
    now: Timestamp,
) -> Result<Context> {
    let request = ids::mint(now).0;
    let context = if principal.starts_with("sys_") {
        Context::of_system(tenant, request, now)
    } else {
        authenticator.in_name_of(tenant, principal, request, now).await?
    };
    Ok(match scopes {
        Some(scopes) => Context { scopes: context.scopes.common(scopes), ..context },
        None => context,
    })
}
