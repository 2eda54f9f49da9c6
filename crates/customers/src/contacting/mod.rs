//! Before a contact: what parties wish, and whether it may be made.

pub mod decide;
pub mod decision;
pub mod health;
pub mod preference;
mod quiet;
