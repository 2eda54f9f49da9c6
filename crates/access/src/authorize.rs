//! What may you: the one place where rights become a row filter and a field mask. Today a credential's scopes decide;
//! roles, shares and field rules come in here, and the engine needs no change for them.

use clientela_kernel::{Context, Error, ErrorCode, Filter, Result};
use clientela_model::{FieldDef, ResourceDef};

/// What a request wants to do with a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// Read records.
    Read,
    /// Make one.
    Create,
    /// Change one.
    Update,
    /// Delete one.
    Delete,
    /// Bring one back.
    Restore,
    /// Remove one for good. Whoever may write may do it until there are rights of their own for it.
    Erase,
}

/// What the caller may see of a resource.
#[derive(Clone, Debug, Default)]
pub struct Grant {
    /// Only records that satisfy this; all where absent. Compiled into every statement.
    pub rows: Option<Filter>,
    /// Which fields.
    pub fields: FieldMask,
}

/// Which fields a caller may see: all but the hidden ones.
#[derive(Clone, Debug, Default)]
pub struct FieldMask {
    hidden: Vec<clientela_kernel::Name>,
}

impl FieldMask {
    /// Whether the field exists for this caller. A hidden field is treated everywhere as one that does not exist.
    pub fn sees(&self, field: &FieldDef) -> bool {
        !field.secret && !self.hidden.contains(&field.name)
    }
}

/// Decides whether the caller may do this with the resource at all, and with which rows and fields.
pub fn authorize(context: &Context, def: &ResourceDef, action: Action) -> Result<Grant> {
    let (allowed, scope) = match action {
        Action::Read => (context.scopes.read, "read"),
        Action::Create | Action::Update | Action::Delete | Action::Restore | Action::Erase => (context.scopes.write, "write"),
    };
    if allowed {
        Ok(Grant::default())
    } else {
        Err(Error::new(
            ErrorCode::Forbidden,
            format!("This credential has no {scope} scope, which is needed here for {}. Use one that has it.", def.plural),
        ))
    }
}
