//! Authentication from the outside: forged tokens, keys and users that change.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

mod bearer;
mod forgeries;
mod memory;
mod support;
