//! What a vCard says about somebody.

use crate::contact_point::ContactPointKind;
use clientela_kernel::{Date, Timestamp};
use clientela_macros::Choice;

/// The versions that are written and read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Choice)]
pub enum VcardVersion {
    /// Version 4.0, RFC 6350.
    V4,
    /// Version 3.0, RFC 2426, for older address books.
    V3,
}

/// A person or an organization.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Card {
    /// The card's own id, whatever its form.
    pub(super) uid: Option<String>,
    pub(super) is_organization: bool,
    pub(super) name: String,
    pub(super) first_name: Option<String>,
    pub(super) last_name: Option<String>,
    pub(super) organization: Option<String>,
    pub(super) department: Option<String>,
    pub(super) title: Option<String>,
    pub(super) born: Option<Date>,
    /// BCP 47; 4.0 alone knows it.
    pub(super) language: Option<String>,
    pub(super) tags: Vec<String>,
    pub(super) points: Vec<Point>,
    pub(super) places: Vec<Place>,
    pub(super) revised: Option<Timestamp>,
}

/// A way to reach them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Point {
    pub(super) kind: ContactPointKind,
    pub(super) value: String,
    pub(super) preferred: bool,
}

/// Where they are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) line1: String,
    pub(super) line2: Option<String>,
    pub(super) city: Option<String>,
    pub(super) region: Option<String>,
    pub(super) postal_code: Option<String>,
    /// ISO 3166-1 alpha-2.
    pub(super) country: Option<String>,
    pub(super) preferred: bool,
}
