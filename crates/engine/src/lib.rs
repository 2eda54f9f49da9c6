//! One way to read and write records. Both APIs decode a request into a [`plan::ReadPlan`] or a [`write::WriteRequest`];
//! what they may do, what it means and how it is stored is decided here and nowhere else.

pub mod aggregate;
pub mod batch;
pub mod content;
pub mod engine;
pub mod export;
pub mod files;
pub mod filter;
#[cfg(test)]
mod fixture;
mod held;
pub mod ids;
pub mod import;
mod input;
mod key;
pub mod module;
pub mod operation;
pub mod order;
mod pack;
pub mod past;
pub mod person;
pub mod plan;
mod reach;
mod read;
pub mod search;
mod task;
pub mod tenant;
pub mod timeline;
mod values;
pub mod write;

pub use batch::{Batch, BatchEntry, BatchOutcome, Bulk, BulkOutcome, RowOutcome, Step, Target};
pub use clientela_access::{Action, FieldMask, Grant};
pub use content::{Contents, Given, Received};
pub use engine::{Engine, ReadAnswer, registry};
pub use filter::check_condition;
pub use held::Held;
pub use input::{LARGEST_WHOLE_NUMBER, whole_number};
pub use key::RecordBy;
pub use module::{Module, Rules};
pub use operation::{Call, Operation, OperationOutcome, OperationRequest};
pub use plan::{Connection, ConnectionItem, EdgeItem, Item, PageInfoItem, ReadPlan, Root, Selection};
pub use read::cost::{MAXIMUM_COST, MAXIMUM_DEPTH};
pub use write::{Change, Expected, Idempotency, UpsertMode, WriteAction, WriteOutcome, WriteRequest};
pub use write::{Kept, NetChange, Repointed, WhyKept};
