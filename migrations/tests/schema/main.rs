//! The definitions and the migrated schema: that each is sound, and that they agree on both databases.

mod definitions;
mod drift;
mod facts;
mod postgres;
mod sqlite;
