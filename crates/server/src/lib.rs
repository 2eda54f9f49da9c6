//! The binary `clientela`, as a library so that tests run the same assembly.

pub mod cli;
pub mod config;
pub mod demo;
pub mod lifecycle;
pub mod listener;
pub mod logging;
