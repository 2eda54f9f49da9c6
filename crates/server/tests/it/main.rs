//! The binary from the outside.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

mod commands;
mod serve;
mod support;
