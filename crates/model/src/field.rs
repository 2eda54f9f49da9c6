//! A field: name, column, type, what may be done with it.

use clientela_kernel::{MaskedField, Name};
use std::borrow::Cow;
use std::sync::Arc;

/// A field of a resource.
#[derive(Clone, Debug)]
pub struct FieldDef {
    /// camelCase, the same on every surface.
    pub name: Name,
    /// The column, or the stem of the columns (`amount` → `amount_minor`, `amount_currency`).
    pub column: Name,
    /// The closed set of types.
    pub kind: FieldType,
    /// Must have a value; the column is NOT NULL.
    pub required: bool,
    /// Who may write it.
    pub write: WriteMode,
    /// May stand in filters.
    pub filter: bool,
    /// May stand in orders.
    pub sort: bool,
    /// A folded copy stands beside it, for `contains`, `startsWith`, `endsWith`.
    pub folded: bool,
    /// Never leaves the server and can neither be filtered nor sorted by (password and key hashes).
    pub secret: bool,
    /// Hidden from a credential without the scope `sensitive`.
    pub sensitive: bool,
    /// A reference to the record that has the same id as this one, as a check of the table sees to: it is followed by the id, whose key there is, and has no index.
    pub same_id: bool,
    /// Meaning, shape, units: becomes the description on both APIs.
    pub description: Name,
    /// An example value as JSON text, shown in the documentation and run by a test.
    pub example: Name,
    /// The value of a field that is absent at creation, as JSON text.
    pub default: Option<Name>,
    /// The resource's rules fill it in where the caller leaves it out: always there on output, optional on input.
    pub derived: bool,
    /// The field of a related record that this one copies, in the same transaction as that one changes.
    pub copy_of: Option<CopyDef>,
    /// The full-text search finds the record by this field's words, which count so much.
    pub search: Option<SearchWeight>,
    /// What people call it, where somebody has said so.
    pub labels: Option<Arc<Labels>>,
}

/// How much a word counts in the full-text search, by where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SearchWeight {
    /// In what the record is called: names, titles, subjects.
    Name,
    /// In a detail that tells it from others: an e-mail address, a town.
    Detail,
    /// In a text about it.
    Text,
}

/// What a copied field copies. A read that asks a relation for copied fields alone is answered from the copies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CopyDef {
    /// The to-one relation of this resource. Its reference is required and cascades, so that a living record always
    /// has a living original.
    pub relation: Name,
    /// The field of the other record, of the same type.
    pub field: Name,
}

/// Who may write a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriteMode {
    /// Anyone with the right to write the record.
    Writable,
    /// At creation only.
    Immutable,
    /// The server alone: system fields, derived fields, fields that an operation sets.
    ReadOnly,
}

/// The closed list of field types.
#[derive(Clone, Debug)]
pub enum FieldType {
    /// The record's own id.
    Id,
    /// The id of another record.
    Reference(ReferenceDef),
    /// The id of a record of any resource: its prefix names which. Two columns, `_resource` and `_id`, without a foreign key; the
    /// writing statement itself looks whether the record is there.
    AnyReference(AnyReferenceDef),
    /// Text of at most so many characters, of a form.
    Text {
        /// Greatest number of characters.
        max: u32,
        /// What the text must look like.
        format: TextFormat,
    },
    /// A set of short texts.
    TextSet {
        /// Greatest number of members.
        max_items: u32,
        /// Greatest number of characters of each.
        max_length: u32,
    },
    /// Yes or no.
    Boolean,
    /// A whole number in a range.
    Integer {
        /// Least value.
        min: i64,
        /// Greatest value.
        max: i64,
    },
    /// An exact decimal number: a decimal text on the wire, a whole number of the last place inside.
    Decimal {
        /// Digits after the point at most.
        places: u32,
        /// Least value, in units of the last place.
        min: i64,
        /// Greatest value, in units of the last place.
        max: i64,
    },
    /// A calendar day.
    Date,
    /// A moment.
    Instant,
    /// A length of time: ISO 8601 on the wire, whole seconds inside.
    Duration,
    /// An amount with its currency.
    Money,
    /// One of a fixed list.
    Choice(ChoiceDef),
}

/// What a text must look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextFormat {
    /// Anything without control characters but line breaks and tabs.
    Plain,
    /// An e-mail address.
    Email,
    /// A telephone number as people write it.
    Phone,
    /// An http or https address.
    Url,
    /// A host name such as `example.com`.
    Domain,
    /// ISO 3166-1 alpha-2, upper case.
    Country,
    /// ISO 4217, upper case.
    Currency,
    /// BCP 47, such as `en` or `de-AT`.
    Language,
    /// An IANA zone such as `Europe/Berlin`.
    TimeZone,
    /// A time of day by some clock, `HH:MM` from `00:00` to `23:59`.
    Time,
    /// A short name in lower case: letters, digits and hyphens, a letter first.
    Slug,
    /// The name of a file, without a path: no slashes and no control or direction characters, and not of dots alone.
    FileName,
    /// A filter tree as JSON: an object.
    FilterTree,
    /// A JSON object of the fields that a tenant added (see [`crate::document`]).
    Document,
    /// A recurrence rule of RFC 5545 without a prefix, such as `FREQ=WEEKLY;BYDAY=MO`.
    Recurrence,
}

/// A reference to another resource.
#[derive(Clone, Debug)]
pub struct ReferenceDef {
    /// The resource it points to.
    pub target: Name,
    /// The relation's name on this side: the field's name without `Id`.
    pub relation: Name,
    /// The to-many relation's name on the other side.
    pub inverse: Option<Name>,
    /// What that relation holds, for its description.
    pub inverse_description: Name,
    /// What happens to this record when the other is deleted.
    pub on_delete: OnDelete,
    /// What becomes of this record when the other is a person who is erased.
    pub personal: Personal,
    /// The target's id prefix; filled by the registry.
    pub prefix: Name,
    /// What the target's rows are read from; filled by the registry.
    pub table: Name,
    /// Prefixes of the target's faces, which share its ids and are accepted on input; filled by the registry.
    pub also_accepts: Vec<Name>,
}

/// A reference to a record of any resource that is not marked out.
#[derive(Clone, Debug)]
pub struct AnyReferenceDef {
    /// The to-many relation's name on the other side.
    pub inverse: Option<Name>,
    /// What that relation holds, for its description.
    pub inverse_description: Name,
    /// What happens to this record when the other is deleted.
    pub on_delete: OnDelete,
    /// The resources it may point to; filled by the registry.
    pub targets: Arc<[RecordTarget]>,
}

/// A resource that a reference to any record may point to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordTarget {
    /// The resource's name.
    pub resource: Name,
    /// Its id prefix.
    pub prefix: Name,
    /// What its rows are read from.
    pub table: Name,
}

impl AnyReferenceDef {
    /// The target by its resource's name.
    pub fn target(&self, resource: &str) -> Option<&RecordTarget> {
        self.targets.iter().find(|target| target.resource == resource)
    }

    /// The target by its id prefix.
    pub fn by_prefix(&self, prefix: &str) -> Option<&RecordTarget> {
        self.targets.iter().find(|target| target.prefix == prefix)
    }
}

/// What happens to a record when one it refers to is deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnDelete {
    /// The other cannot be deleted while this one lives.
    Restrict,
    /// This one is deleted with it, and comes back with it.
    Cascade,
    /// The reference is emptied.
    Clear,
}

/// What a reference says about persons, for whoever exports or erases one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Personal {
    /// Nothing beyond what a deletion does: what would be deleted along belongs to the person and is erased; any other
    /// reference is emptied.
    #[default]
    AsDeleted,
    /// The record belongs to whom it names, although a deletion only empties the reference.
    Own,
    /// The record it names belongs to the person as well: it is who the person is to the server.
    Named,
    /// The record it names is shared by all whose records name it: it belongs to a person when no living record of anybody else names it.
    Shared,
}

/// The options of a choice.
#[derive(Clone, Debug)]
pub struct ChoiceDef {
    /// PascalCase name of the GraphQL enum and OpenAPI schema.
    pub name: Name,
    /// What the choice is about.
    pub description: Name,
    /// In the order they are shown; choices sort by name.
    pub options: Vec<ChoiceOption>,
}

/// One option of a choice.
#[derive(Clone, Debug)]
pub struct ChoiceOption {
    /// UPPER_SNAKE.
    pub name: Name,
    /// What it means.
    pub description: Name,
    /// What people call it, where somebody has said so.
    pub labels: Option<Arc<Labels>>,
}

/// What people call something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Labels {
    /// Where their language is not among the others.
    pub label: Name,
    /// By language (BCP 47).
    pub others: Vec<(Name, Name)>,
}

impl MaskedField for FieldDef {
    fn name(&self) -> &str {
        &self.name
    }

    fn is_secret(&self) -> bool {
        self.secret
    }
}

impl FieldDef {
    /// A writable, filterable, sortable, optional field.
    pub fn new(
        name: impl Into<Name>,
        column: impl Into<Name>,
        kind: FieldType,
        description: impl Into<Name>,
        example: impl Into<Name>,
    ) -> Self {
        FieldDef {
            name: name.into(),
            column: column.into(),
            kind,
            required: false,
            write: WriteMode::Writable,
            filter: true,
            sort: true,
            folded: false,
            secret: false,
            sensitive: false,
            same_id: false,
            description: description.into(),
            example: example.into(),
            default: None,
            derived: false,
            copy_of: None,
            search: None,
            labels: None,
        }
    }

    /// Whether the caller must give a value when the record is made.
    pub fn required_on_create(&self) -> bool {
        self.required && !self.derived && self.default.is_none() && self.write != WriteMode::ReadOnly && !matches!(self.kind, FieldType::Id)
    }

    /// The reference, if the field is one.
    pub fn reference(&self) -> Option<&ReferenceDef> {
        match &self.kind {
            FieldType::Reference(reference) => Some(reference),
            _ => None,
        }
    }

    /// The reference to a record of any resource, if the field is one.
    pub fn any_reference(&self) -> Option<&AnyReferenceDef> {
        match &self.kind {
            FieldType::AnyReference(reference) => Some(reference),
            _ => None,
        }
    }

    /// The column that holds the id of what the field refers to.
    pub fn id_column(&self) -> Cow<'_, str> {
        match self.kind {
            FieldType::AnyReference(_) => Cow::Owned(format!("{}_id", self.column)),
            _ if self.same_id => Cow::Borrowed("id"),
            _ => Cow::Borrowed(self.column.as_ref()),
        }
    }

    /// The columns by which the field counts in a unique key: the folded copy where there is one, the resource alone of a
    /// reference to any record.
    pub fn unique_columns(&self) -> Vec<String> {
        match self.kind {
            FieldType::AnyReference(_) => vec![format!("{}_resource", self.column)],
            _ if self.folded => vec![self.folded_column()],
            _ => self.columns(),
        }
    }

    /// What is appended to `column` to name each column of the field, without the folded copy.
    pub fn suffixes(&self) -> &'static [&'static str] {
        match self.kind {
            FieldType::Money => &["_minor", "_currency"],
            FieldType::AnyReference(_) => &["_resource", "_id"],
            _ => &[""],
        }
    }

    /// The column of the folded copy.
    pub fn folded_column(&self) -> String {
        format!("{}_folded", self.column)
    }

    /// The database columns that hold the field, without the folded copy.
    pub fn columns(&self) -> Vec<String> {
        self.suffixes().iter().map(|suffix| format!("{}{suffix}", self.column)).collect()
    }
}
