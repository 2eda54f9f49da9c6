//! The queue: what is to be done in the background stands in the database as a [`job`], made in the transaction of whoever wants it done. A worker
//! takes it by a [`lease`], so that of all workers of all nodes one has it, and tries again what went wrong, until that has been often enough.

mod backoff;
pub mod cancel;
mod due;
pub mod job;
mod kind;
pub(crate) mod lease;
pub mod retry;

pub(crate) use backoff::{WAIT, delay};
pub(crate) use due::Due;
pub use job::{About, queued};
pub use kind::{Ending, JobKind, Order};
