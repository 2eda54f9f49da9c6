//! Webhooks: what is told to whom, in which order, and what becomes of what nobody takes.

mod command;
mod endpoints;
mod failures;
mod order;
pub(crate) mod receiver;
mod rights;
mod told;
