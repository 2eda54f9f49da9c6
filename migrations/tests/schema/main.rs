//! The definitions and the migrated schema: that each is sound, and that they agree on both databases.

#![expect(clippy::unwrap_used, reason = "a test's helpers panic as the test would")]

mod definitions;
mod drift;
mod facts;
mod postgres;
mod sqlite;
