//! The sale: what is offered and at what price, deals on their way through pipelines, and what came of them.

use clientela_engine::Module;

/// The resources of this crate, their rules and operations.
pub fn module() -> Module {
    Module::default()
}
