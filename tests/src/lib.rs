//! Sweeps over the registry, end-to-end scenarios, conformance.

pub mod evaluator;
