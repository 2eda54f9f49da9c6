//! What a list is asked for: filter, order, page, and what about deleted records.

use crate::{Cursor, Filter, Name};

/// Which records a list holds with regard to deletion.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum DeletedMode {
    /// Only the living.
    #[default]
    Exclude,
    /// The living and the deleted.
    Include,
    /// Only the deleted.
    Only,
}

/// One key of an order: a field of the record, or of a record reached through to-one relations.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SortKey {
    /// Relation names, then the field's name.
    pub path: Vec<Name>,
    /// Greatest first.
    pub descending: bool,
}

/// Which slice of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageArguments {
    /// How many records at most.
    pub limit: u32,
    /// Only what comes after this place.
    pub after: Option<Cursor>,
    /// Only what comes before this place.
    pub before: Option<Cursor>,
    /// Take the slice from the end (`last`, or `before` on REST).
    pub backward: bool,
}

/// A list, wholly described.
#[derive(Clone, Debug, PartialEq)]
pub struct ListArguments {
    /// Which records.
    pub filter: Option<Filter>,
    /// In which order; the id is always the last key.
    pub sort: Vec<SortKey>,
    /// Which slice.
    pub page: PageArguments,
    /// Deleted records or not.
    pub deleted: DeletedMode,
}

impl PageArguments {
    /// The default page size on both APIs.
    pub const DEFAULT_LIMIT: u32 = 50;
    /// The greatest page size on both APIs.
    pub const MAXIMUM_LIMIT: u32 = 1_000;

    /// The first `limit` records.
    pub fn first(limit: u32) -> Self {
        PageArguments { limit, after: None, before: None, backward: false }
    }
}

impl ListArguments {
    /// Everything in the default order, the first `limit` records.
    pub fn first(limit: u32) -> Self {
        ListArguments { filter: None, sort: Vec::new(), page: PageArguments::first(limit), deleted: DeletedMode::Exclude }
    }
}
