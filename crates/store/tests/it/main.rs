//! The store on both databases: atomic writes, the feed, idempotency, and what breaks.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "the races print their figures, a skipped database its reason")]
#![expect(clippy::disallowed_methods, reason = "tests start tasks of their own")]

mod commit;
mod fault;
mod feed;
mod fixture;
mod gather;
mod idempotency;
mod race;

// The harness's own file, not the whole harness: that depends on every domain, and the store knows none.
#[expect(unreachable_pub, reason = "in its own crate it is public")]
#[path = "../../../testkit/src/postgres.rs"]
mod postgres;
