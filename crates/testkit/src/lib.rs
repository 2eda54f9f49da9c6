//! The test harness: the whole server in process on either database, two tenants with users and tokens, records of any
//! resource made from its definition, a clock that tests turn.
//!
//! ```ignore
//! #[tokio::test(flavor = "multi_thread")]
//! async fn accounts_are_listed() {
//!     both(|app| async move {
//!         app.alpha.get("/v1/accounts").await.expect(200);
//!     })
//!     .await;
//! }
//! ```

#![expect(clippy::expect_used, reason = "a harness panics where a test would")]

pub mod app;
pub mod authentication;
pub mod client;
pub mod document;
pub mod factory;
pub mod outside;
pub mod postgres;

pub use app::{FILE_BYTES, Recipe, TestApp, both, both_with};
pub use client::{Answer, Client};
pub use factory::Factory;
