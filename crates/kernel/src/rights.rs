//! What somebody may do: actions, the rows and fields they reach, and who decides it.

use crate::{Context, Filter, Name, Result};
use std::collections::HashMap;
use std::fmt::Debug;
use std::sync::Arc;

/// What a request wants to do with a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
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
    /// Remove one for good.
    Erase,
    /// Take records away in a file.
    Export,
    /// Give others a part in one.
    Share,
    /// Make others responsible for one.
    Assign,
}

impl Action {
    /// Every action.
    pub const ALL: [Action; 9] = [
        Action::Read,
        Action::Create,
        Action::Update,
        Action::Delete,
        Action::Restore,
        Action::Erase,
        Action::Export,
        Action::Share,
        Action::Assign,
    ];

    /// The name on every surface.
    pub fn name(self) -> &'static str {
        match self {
            Action::Read => "read",
            Action::Create => "create",
            Action::Update => "update",
            Action::Delete => "delete",
            Action::Restore => "restore",
            Action::Erase => "erase",
            Action::Export => "export",
            Action::Share => "share",
            Action::Assign => "assign",
        }
    }

    /// Whether it leaves everything as it is.
    pub fn reads(self) -> bool {
        matches!(self, Action::Read | Action::Export)
    }
}

/// Whose records a right reaches. Each reaches all that the one before it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Depth {
    /// Nobody's.
    None,
    /// One's own.
    Own,
    /// Those of the people in one's teams.
    Team,
    /// Those of the people in one's teams and in the teams below.
    Subtree,
    /// Everybody's, and those that are nobody's.
    All,
}

/// What may be done with a field. Each allows all that the one before it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FieldAccess {
    /// Nothing: it is treated everywhere as a field that does not exist.
    Hidden,
    /// To see that there is something: texts show their last characters, other values are empty. It cannot be filtered, sorted or searched by.
    Masked,
    /// To read it.
    Read,
    /// To read and to write it.
    Write,
}

/// What a field mask looks at.
pub trait MaskedField {
    /// The field's name.
    fn name(&self) -> &str;
    /// Whether it never leaves the server.
    fn is_secret(&self) -> bool;
}

impl<Field: MaskedField + ?Sized> MaskedField for &Field {
    fn name(&self) -> &str {
        (**self).name()
    }

    fn is_secret(&self) -> bool {
        (**self).is_secret()
    }
}

/// What a caller may do with the fields of a resource: everything with those that it does not name.
#[derive(Clone, Debug, Default)]
pub struct FieldMask(Option<Arc<HashMap<Name, FieldAccess>>>);

impl FieldMask {
    /// A mask of these rules.
    pub fn new(rules: HashMap<Name, FieldAccess>) -> FieldMask {
        FieldMask(if rules.is_empty() { None } else { Some(Arc::new(rules)) })
    }

    /// What may be done with a field, secret ones aside.
    pub fn access(&self, field: &str) -> FieldAccess {
        self.0.as_ref().and_then(|rules| rules.get(field).copied()).unwrap_or(FieldAccess::Write)
    }

    /// Whether the caller may read the field as it is. To whoever may not it is a field that does not exist, but for its mask in answers.
    pub fn sees(&self, field: &impl MaskedField) -> bool {
        !field.is_secret() && self.access(field.name()) >= FieldAccess::Read
    }

    /// Whether answers hold the field, masked or not.
    pub fn shows(&self, field: &impl MaskedField) -> bool {
        !field.is_secret() && self.access(field.name()) >= FieldAccess::Masked
    }

    /// Whether the caller may write the field, as far as rights go.
    pub fn writes(&self, field: &impl MaskedField) -> bool {
        !field.is_secret() && self.access(field.name()) == FieldAccess::Write
    }

    /// Whether every field is open.
    pub fn is_open(&self) -> bool {
        self.0.is_none()
    }
}

/// What a caller may do with a resource.
#[derive(Clone, Debug, Default)]
pub struct Grant {
    /// Only with records that satisfy this; with all where absent. Compiled into every statement.
    pub rows: Option<Filter>,
    /// With which fields.
    pub fields: FieldMask,
}

/// Decides what a principal may do. A context without one may do everything that its scopes allow.
pub trait Policy: Debug + Send + Sync {
    /// What it may do with a resource. None where it may not do it at all.
    ///
    /// # Errors
    /// Where a rule cannot be read.
    fn grant(&self, context: &Context, resource: &str, action: Action) -> Result<Option<Grant>>;

    /// What it may do with a resource by a named operation: as a rule for the operation says, else as for the action.
    ///
    /// # Errors
    /// As [`Policy::grant`].
    fn operation(&self, context: &Context, resource: &str, action: Action, operation: &str) -> Result<Option<Grant>>;

    /// Whether it holds a role that may do everything.
    fn is_administrator(&self) -> bool;

    /// Whether it may make a user (by the id's UUID) responsible for a record of the resource.
    fn assigns_to(&self, resource: &str, user: uuid::Uuid) -> bool;

    /// The user whose records are its own (the UUID of the id), if it stands for one.
    fn user(&self) -> Option<uuid::Uuid>;

    /// The teams of its user.
    fn teams(&self) -> &[uuid::Uuid];
}
