//! One binary for every sweep and scenario, so that the workspace links once.

mod architecture;
mod supply_chain;
