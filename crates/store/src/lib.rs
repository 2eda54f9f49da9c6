//! The only crate that reaches a database. A [`Scope`] carries the tenant into every statement; nothing outside this
//! crate can run one without it.

mod bind;
mod compare;
mod compile;
pub mod dialect;
pub mod encode;
mod filter;
mod order;
mod pg_array;
pub mod rows;
pub mod select;
pub mod sql;
#[cfg(test)]
mod toy;
pub mod write;

pub use dialect::Dialect;
pub use encode::Encoder;
pub use rows::{Row, Rows, width};
pub use select::{Column, Join, Parents, Seek, Select, SelectCount, SortColumn};
pub use write::{ChangeKind, Commit, IdempotencyRecord, IdempotencyWrite, LogEntry, RowChange, RowGuard, WriteSet};
