//! The only crate that reaches a database. A [`Scope`] carries the tenant into every statement; nothing outside this
//! crate can run one without it.

pub mod archive;
mod bell;
mod bind;
pub mod changes;
mod checkup;
mod commit;
mod compare;
mod compile;
pub mod dialect;
pub mod encode;
mod fault;
mod filter;
mod forget;
mod groups;
mod held;
mod history;
mod idempotency;
mod order;
mod pg_array;
mod pool;
mod postgres;
mod purge;
pub mod rows;
mod scope;
mod search;
pub mod select;
mod settings;
pub mod sql;
mod sqlite;
mod store;
mod system;
mod task;
mod together;
#[cfg(test)]
mod toy;
pub mod write;

pub use bell::Bell;
pub use changes::{Change, ChangePage, FeedCursor};
pub use checkup::{DatabaseFacts, Disagreement};
pub use dialect::Dialect;
pub use encode::Encoder;
pub use forget::RememberedAnswer;
pub use groups::{Bucket, Figure, Function, Group, GroupKey, KeyForm, Measure, Offsets, SelectGroups};
pub use held::Held;
pub use history::HistoryPlace;
pub use pool::PoolFigures;
pub use rows::{Row, Rows, width};
pub use scope::Scope;
pub use search::{SearchChange, SearchHit, SearchQuery, SearchTerm, SearchText, searched_words};
pub use select::{Column, Join, Parents, Seek, Select, SelectCount, SortColumn};
pub use settings::StoreSettings;
pub use store::{Store, StoreFigures};
pub use system::{System, SystemTask};
pub use write::{ChangeKind, Commit, IdempotencyRecord, IdempotencyWrite, LogEntry, RowChange, RowGuard, WriteSet};
