//! The binary from the outside.

mod commands;
mod serve;
mod support;
