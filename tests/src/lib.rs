//! Sweeps over the registry, end-to-end scenarios, conformance.
