//! One binary for every sweep and scenario, so that the workspace links once.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::as_conversions,
    reason = "a test fails by panicking; clippy's own exceptions cover only functions marked as tests"
)]

mod aggregates;
mod architecture;
mod audit;
mod bad_input;
mod batch;
mod calendar;
mod consent;
mod contact_point_health;
mod copies;
mod crash;
mod custom_fields;
mod custom_objects;
mod custom_schema;
mod custom_ways;
mod customers;
mod demonstration;
mod disk;
mod documentation;
mod duplicates;
mod duplicates_at_creation;
mod durability;
mod erasure;
mod export;
mod feed;
mod files;
mod idempotency;
mod identify;
mod import;
mod in_step;
mod inbox;
mod isolation;
mod jobs;
mod keys;
mod limits;
mod merge;
mod notifications;
mod operations;
mod pagination;
mod parity;
mod passwords;
mod past;
mod person;
mod process;
mod queries;
mod readme;
mod record_locks;
mod relationship_graph;
mod retype;
mod rights;
mod routes;
mod sales;
mod scim;
mod search;
mod sensitive_reads;
pub(crate) mod sign_in;
mod statements;
mod supply_chain;
mod sync;
mod tenant_schema;
mod timeline;
mod two_servers;
mod unmerge;
mod vcard;
mod webhooks;
