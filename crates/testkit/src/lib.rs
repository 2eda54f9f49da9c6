//! The test harness: both databases, factories, a clock that tests turn, seeded ids.

pub mod postgres;
