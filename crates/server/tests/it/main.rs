//! The binary from the outside.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]
#![expect(clippy::print_stderr, reason = "a skipped database says why")]

mod archive;
mod commands;
mod keys;
mod nodes;
mod serve;
mod support;
mod upkeep;

// The harness's own file, not the whole harness, so that the harness may use the server.
#[expect(unreachable_pub, reason = "in its own crate it is public")]
#[path = "../../../testkit/src/postgres.rs"]
mod postgres;
