//! The binary `clientela`, as a library so that tests run the same assembly.

mod archive;
pub mod assemble;
mod banner;
pub mod cli;
pub mod commands;
pub mod config;
pub mod demo;
mod demo_tokens;
pub mod lifecycle;
mod listener;
mod logging;
mod outside;
mod partial;
mod patience;
pub mod tenants;
