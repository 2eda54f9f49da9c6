//! What may you: the one place where rights become a row filter and a field mask. The credential's scopes say what it may do at most, the
//! principal's roles and shares what it may do; both must allow it.

pub use clientela_kernel::{Action, FieldMask, Grant};
use clientela_kernel::{Context, Error, ErrorCode, Result};
use clientela_model::ResourceDef;

/// Decides whether the caller may do this with the resource at all, and with which rows and fields.
///
/// # Errors
/// `FORBIDDEN` where the credential has no scope for it, or no role allows it.
pub fn authorize(context: &Context, def: &ResourceDef, action: Action) -> Result<Grant> {
    check_scope(context, def, action)?;
    let grant = match &context.policy {
        None => Grant::default(),
        Some(policy) => policy.grant(context, &def.name, action)?.ok_or_else(|| refused(def, action.name()))?,
    };
    Ok(within_scopes(context, def, grant))
}

/// The same for an operation, which may have a rule of its own.
///
/// # Errors
/// As [`authorize`].
pub fn authorize_operation(context: &Context, def: &ResourceDef, action: Action, operation: &str) -> Result<Grant> {
    check_scope(context, def, action)?;
    let grant = match &context.policy {
        None => Grant::default(),
        Some(policy) => policy.operation(context, &def.name, action, operation)?.ok_or_else(|| refused(def, operation))?,
    };
    Ok(within_scopes(context, def, grant))
}

/// Refuses a credential without the scope for it, whatever its principal may do.
///
/// # Errors
/// `FORBIDDEN`.
pub fn check_scope(context: &Context, def: &ResourceDef, action: Action) -> Result<()> {
    if context.scopes.allows(&def.path, action) {
        return Ok(());
    }
    let scope = if action.reads() { "read" } else { "write" };
    let text = format!(
        "This credential has no {scope} scope, which is needed here for {}: {scope}, or {}:{scope}. Use one that has it.",
        def.plural, def.path
    );
    Err(Error::new(ErrorCode::Forbidden, text))
}

/// Fields that are sensitive are hidden from a credential without the scope for them.
fn within_scopes(context: &Context, def: &ResourceDef, grant: Grant) -> Grant {
    if context.scopes.sensitive || !def.fields.iter().any(|field| field.sensitive) {
        return grant;
    }
    let sensitive = def.fields.iter().filter(|field| field.sensitive).map(|field| &field.name);
    Grant { fields: grant.fields.hiding(sensitive), ..grant }
}

fn refused(def: &ResourceDef, what: &str) -> Error {
    let text = format!("None of your roles allows {what} for {}. Ask an administrator for a role that does.", def.plural);
    Error::new(ErrorCode::Forbidden, text)
}
