//! What is offered.

pub mod category;
pub mod component;
pub mod product;
