//! The filter tree: one form for lists on both APIs and, later, for saved views, segments, row rules and webhooks.
//!
//! Every comparison is true or false, never unknown: a comparison with an empty field is false, `ne` and `notIn` are
//! the plain opposites of `eq` and `in`, and `not` is the plain opposite of what it holds.

use crate::{Name, Value};

/// A condition on a record, checked against its definition when it was parsed.
#[derive(Clone, Debug, PartialEq)]
pub enum Filter {
    /// All hold; true when empty.
    And(Vec<Filter>),
    /// At least one holds; false when empty.
    Or(Vec<Filter>),
    /// The opposite.
    Not(Box<Filter>),
    /// A comparison of one of the record's own fields.
    Field {
        /// The field's name.
        field: Name,
        /// What it is compared with.
        comparison: Comparison,
    },
    /// A condition on the one record a relation points to; false where it points to none.
    ToOne {
        /// The relation's name.
        relation: Name,
        /// The condition on the related record.
        filter: Box<Filter>,
    },
    /// A condition on the record that a reference to any record names; false where that is of another resource. Rights alone use it.
    ToRecord {
        /// The reference field.
        field: Name,
        /// The resource.
        resource: Name,
        /// The condition on the record.
        filter: Box<Filter>,
    },
    /// True where a living record of another resource that satisfies a condition names this one. Rights alone use it.
    NamedBy {
        /// The other resource.
        resource: Name,
        /// Its reference field.
        field: Name,
        /// The condition on that record.
        filter: Box<Filter>,
    },
    /// True where the record itself (its id) or the one that a reference names is among these. They are few, and are looked for first. Rights alone use it.
    Among {
        /// The id, or a reference.
        field: Name,
        /// Where they are.
        of: Vec<Among>,
    },
    /// A condition on the many records of a relation.
    ToMany {
        /// The relation's name.
        relation: Name,
        /// How many must satisfy it.
        quantifier: Quantifier,
        /// The condition on each related record.
        filter: Box<Filter>,
    },
}

/// Some records, by what living records of a resource say.
#[derive(Clone, Debug, PartialEq)]
pub struct Among {
    /// The resource.
    pub resource: Name,
    /// The field that tells which: the id, or a reference.
    pub field: Name,
    /// Those records of the resource that count.
    pub filter: Filter,
}

/// How many related records must satisfy a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quantifier {
    /// At least one.
    Some,
    /// All of them; true where there are none.
    Every,
    /// Not one.
    None,
}

/// A comparison with constants.
#[derive(Clone, Debug, PartialEq)]
pub enum Comparison {
    /// Equal.
    Equal(Value),
    /// One of a list.
    In(Vec<Value>),
    /// Greater than.
    Greater(Value),
    /// Greater than or equal.
    GreaterOrEqual(Value),
    /// Less than.
    Less(Value),
    /// Less than or equal.
    LessOrEqual(Value),
    /// From the first (inclusive) until the second (exclusive): `within`, resolved against the caller's clock and zone.
    Between {
        /// Inclusive start.
        from: Value,
        /// Exclusive end.
        until: Value,
        /// The relative form it came from; a cursor is bound to this and not to the moment it was resolved at.
        source: String,
    },
    /// The folded text is this, itself folded: the equality by which keys are unique.
    Same(String),
    /// The folded text contains this, itself folded.
    Contains(String),
    /// The folded text starts with this, itself folded.
    StartsWith(String),
    /// The folded text ends with this, itself folded.
    EndsWith(String),
    /// The record referred to is of this resource.
    OfResource(Name),
    /// The field is empty.
    IsNull,
    /// The set holds this text.
    Has(String),
    /// The set holds at least one of these.
    HasAny(Vec<String>),
    /// The set holds all of these.
    HasAll(Vec<String>),
}

impl Filter {
    /// A comparison of a field.
    pub fn field(field: impl Into<Name>, comparison: Comparison) -> Filter {
        Filter::Field { field: field.into(), comparison }
    }

    /// Those whose field has a value.
    pub fn equal(field: impl Into<Name>, value: Value) -> Filter {
        Filter::field(field, Comparison::Equal(value))
    }

    /// The opposite of this filter.
    #[must_use]
    pub fn negate(self) -> Filter {
        Filter::Not(Box::new(self))
    }
}
