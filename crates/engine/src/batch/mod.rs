//! Many writes in one call: of one resource, as a batch, or of several, as a transaction in which later operations refer to
//! earlier ones. All of it is one transaction of the database; the rows of a batch that is not atomic are refused one by one.

pub(crate) mod bulk;
pub(crate) mod nest;
mod order;
mod remember;
mod run;
pub(crate) mod wire;

pub use bulk::{Bulk, BulkOutcome, MAXIMUM_BULK};
pub use nest::{MAXIMUM_LEVELS, MAXIMUM_NESTED, Nest, Unfolded, nests};
pub(crate) use run::{execute, is_stop, request};

use crate::key::RecordBy;
use crate::write::{Idempotency, UpsertMode};
use clientela_kernel::{Error, Id};
use clientela_model::ResourceDef;
use serde_json::{Map, Value as Json};
use std::sync::Arc;

/// Most rows of a batch.
pub const MAXIMUM_ROWS: usize = 2_000;
/// Most operations of a transaction.
pub const MAXIMUM_OPERATIONS: usize = 500;
/// Longest name of an operation, in characters.
pub const LONGEST_NAME: usize = 60;

/// Writes to carry out in one transaction.
#[derive(Clone, Debug)]
pub struct Batch {
    /// What to do, in order; an error where a row says nothing that could be done.
    pub operations: Vec<Result<BatchEntry, Error>>,
    /// All or nothing; otherwise what can be done is done.
    pub atomic: bool,
    /// The caller's idempotency key, for all of it.
    pub idempotency: Option<Idempotency>,
}

/// One write of many.
#[derive(Clone, Debug)]
pub struct BatchEntry {
    /// Where its fields stand in the body, as a JSON Pointer: `/rows/17/create`.
    pub pointer: String,
    /// What later operations call its record.
    pub name: Option<String>,
    /// The resource.
    pub def: Arc<ResourceDef>,
    /// What to do.
    pub step: Step,
}

/// What to do with a record.
#[derive(Clone, Debug)]
pub enum Step {
    /// Make one. The body may carry a client-minted `id`.
    Create {
        /// Field values by name, in wire form. `{"ref": "name"}` is the record of an earlier operation.
        body: Map<String, Json>,
    },
    /// Merge a patch.
    Update {
        /// The record.
        id: Target,
        /// Field values by name, as in `Create`.
        body: Map<String, Json>,
        /// The version the caller builds on.
        expected: Option<i64>,
    },
    /// Change the living record that has a key, or create it with that key.
    Upsert {
        /// The key.
        by: RecordBy,
        /// Field values by name, as in `Create`.
        body: Map<String, Json>,
        /// Whether to create, to change, or both.
        mode: UpsertMode,
        /// The version the caller builds on.
        expected: Option<i64>,
    },
    /// Delete softly.
    Delete {
        /// The record.
        id: Target,
        /// The version the caller builds on.
        expected: Option<i64>,
    },
    /// Bring back.
    Restore {
        /// The record.
        id: Target,
        /// The version the caller builds on.
        expected: Option<i64>,
    },
}

/// Which record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// By its id.
    Id(Id),
    /// The record of an earlier operation.
    Named(String),
}

/// How a batch ended.
#[derive(Clone, Debug)]
pub struct BatchOutcome {
    /// What became of each row, in order.
    pub rows: Vec<Result<RowOutcome, Error>>,
    /// Whether this answers a repeated idempotency key.
    pub replayed: bool,
}

/// What became of one row.
#[derive(Clone, Debug)]
pub struct RowOutcome {
    /// The resource.
    pub def: Arc<ResourceDef>,
    /// The record.
    pub id: Id,
    /// Its version after the write.
    pub version: i64,
    /// The status that the write alone would have been answered with: 200, 201 or 204.
    pub status: u16,
    /// A value to show this once (an API key's secret); none on a replay.
    pub revealed: Option<String>,
}
