//! Who are you, and what may you. Authentication makes the [`Context`](clientela_kernel::Context); authorisation turns
//! it into what the engine compiles into every statement: a row filter and a field mask.

pub mod authorize;

pub use authorize::{Action, FieldMask, Grant, authorize};
