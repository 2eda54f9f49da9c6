//! What somebody may do: actions, the rows and fields they reach, and who decides it.

use crate::{Context, Filter, Name, RecordKey, Result};
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

impl Depth {
    /// Every depth, with its name on every surface.
    pub const ALL: [(Depth, &'static str); 5] =
        [(Depth::None, "NONE"), (Depth::Own, "OWN"), (Depth::Team, "TEAM"), (Depth::Subtree, "SUBTREE"), (Depth::All, "ALL")];

    /// The name on every surface.
    pub fn name(self) -> &'static str {
        Depth::ALL.iter().find(|(depth, _)| *depth == self).map_or("", |(_, name)| name)
    }
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

impl FieldAccess {
    /// Every access, with its name on every surface.
    pub const ALL: [(FieldAccess, &'static str); 4] =
        [(FieldAccess::Hidden, "HIDDEN"), (FieldAccess::Masked, "MASKED"), (FieldAccess::Read, "READ"), (FieldAccess::Write, "WRITE")];

    /// The name on every surface.
    pub fn name(self) -> &'static str {
        FieldAccess::ALL.iter().find(|(access, _)| *access == self).map_or("", |(_, name)| name)
    }
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

    /// The same mask, with these fields hidden.
    #[must_use]
    pub fn hiding<'f>(&self, fields: impl Iterator<Item = &'f Name>) -> FieldMask {
        let mut rules = self.0.as_deref().cloned().unwrap_or_default();
        rules.extend(fields.map(|field| (field.clone(), FieldAccess::Hidden)));
        FieldMask::new(rules)
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

/// What kind of rule a ground is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Layer {
    /// What the credential may do at most.
    Scope,
    /// A role that may do everything.
    Administrator,
    /// A right of a role.
    Role,
    /// What concerns a portal or partner user at all.
    Audience,
    /// A share of the single record.
    Share,
    /// What the record depends on, or is a face of.
    Dependency,
    /// A role's rule for a field.
    FieldRule,
    /// Fields that need a scope of their own.
    Sensitivity,
    /// A field that copies another record's.
    Copy,
    /// The definition itself: what only the server writes.
    Definition,
}

impl Layer {
    /// Every layer, with its name on every surface and what it is.
    pub const ALL: [(Layer, &'static str, &'static str); 10] = [
        (Layer::Scope, "SCOPE", "What the credential may do at most."),
        (Layer::Administrator, "ADMINISTRATOR", "A role that may do everything."),
        (Layer::Role, "ROLE", "A right of a role, or that a role has none that fits."),
        (Layer::Audience, "AUDIENCE", "What concerns the account of a portal or partner user."),
        (Layer::Share, "SHARE", "A share of this record."),
        (Layer::Dependency, "DEPENDENCY", "What the record depends on must be readable too."),
        (Layer::FieldRule, "FIELD_RULE", "A role's rule for the field, or that a role has none and the field is open."),
        (Layer::Sensitivity, "SENSITIVITY", "The field is sensitive and needs the scope `sensitive`."),
        (Layer::Copy, "COPY", "The field copies another record's and is as open as that one."),
        (Layer::Definition, "DEFINITION", "The field is kept by the server and is never written."),
    ];

    /// The name on every surface.
    pub fn name(self) -> &'static str {
        Layer::ALL.iter().find(|(layer, ..)| *layer == self).map_or("", |(_, name, _)| name)
    }
}

/// The records for which a rule allows something.
#[derive(Clone, Debug)]
pub enum Extent {
    /// None.
    None,
    /// Those that satisfy this.
    Some(Filter),
    /// All.
    All,
}

/// A rule that decides about an action, for whoever asks why.
#[derive(Clone, Debug)]
pub struct Ground {
    /// What kind of rule.
    pub layer: Layer,
    /// The key of the role.
    pub role: Option<String>,
    /// The resource that the right names; none where it is for all, or there is no right.
    pub resource: Option<Name>,
    /// The action or operation that the right names; none where it is for all, or there is no right.
    pub action: Option<Name>,
    /// How far the right reaches; none where there is no right.
    pub depth: Option<Depth>,
    /// The right's condition, as it was written.
    pub condition: Option<String>,
    /// The records for which it allows the action.
    pub extent: Extent,
}

impl Ground {
    /// A ground without a role.
    pub fn new(layer: Layer, extent: Extent) -> Ground {
        Ground { layer, role: None, resource: None, action: None, depth: None, condition: None, extent }
    }
}

/// What a role says of a field, for whoever asks why.
#[derive(Clone, Debug)]
pub struct FieldGround {
    /// The key of the role.
    pub role: String,
    /// The field.
    pub field: Name,
    /// What its rule allows; none where it has no rule for the field.
    pub access: Option<FieldAccess>,
}

/// Whom somebody from outside the tenant belongs to. They reach only what concerns these records, and what was shared with them or with these.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audience {
    /// What they are to the tenant.
    pub kind: AudienceKind,
    /// Their account, and the contact that they are themselves; nothing concerns somebody who belongs to neither.
    pub records: Arc<[RecordKey]>,
}

/// What somebody from outside is to the tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AudienceKind {
    /// One of a customer's own people.
    Portal,
    /// One of the people of a company that sells with the tenant.
    Partner,
    /// Whoever holds a token that serves one purpose.
    Token,
}

impl AudienceKind {
    /// The name on every surface.
    pub fn name(self) -> &'static str {
        match self {
            AudienceKind::Portal => "PORTAL",
            AudienceKind::Partner => "PARTNER",
            AudienceKind::Token => "TOKEN",
        }
    }
}

/// The operation that a token serves for.
#[derive(Clone, Debug)]
pub struct Purpose {
    /// The operation; none of a token that is for looking at the record.
    pub operation: Option<Name>,
    /// Those fields of its input that are settled.
    pub input: serde_json::Map<String, serde_json::Value>,
    /// What whoever made the token may do: everything where there is none. It holds inside the operation.
    pub maker: Option<Arc<dyn Policy>>,
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

    /// Whom it belongs to, where it is none of the tenant's own people and programs.
    fn audience(&self) -> Option<&Audience> {
        None
    }

    /// What it serves for, where it is a token for one purpose.
    fn purpose(&self) -> Option<&Purpose> {
        None
    }

    /// Every rule that takes part in [`Policy::grant`] or [`Policy::operation`], in the order in which they are asked.
    ///
    /// # Errors
    /// As [`Policy::grant`].
    fn grounds(&self, _context: &Context, _resource: &str, _action: Action, _operation: Option<&str>) -> Result<Vec<Ground>> {
        Ok(Vec::new())
    }

    /// What each role that allows reading a resource says of its fields: all of these roles for each field, the widest of which holds.
    fn field_grounds(&self, _resource: &str) -> Vec<FieldGround> {
        Vec::new()
    }

    /// Those to whom a share must be given so that it is the principal's.
    fn recipients(&self) -> Vec<RecordKey> {
        Vec::new()
    }
}
