//! One binary for every sweep and scenario, so that the workspace links once.

mod architecture;
mod bad_input;
mod demonstration;
mod documentation;
mod durability;
mod idempotency;
mod isolation;
mod limits;
mod pagination;
mod parity;
mod process;
mod queries;
mod readme;
mod routes;
mod statements;
mod supply_chain;
