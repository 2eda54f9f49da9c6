//! One binary for every sweep and scenario, so that the workspace links once.

mod architecture;
mod queries;
mod supply_chain;
