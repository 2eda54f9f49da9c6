//! What surrounds every request, in one hand-written service: a stack of boxed layers would cost more than the routes.

pub mod authentication;
pub mod body;
mod compression;
mod cors;
mod meter;
mod named;
mod outer;
mod request;

pub(crate) use authentication::TICKET;
pub use authentication::authenticate;
pub use body::read_body;
pub(crate) use body::spool;
pub use meter::Meter;
pub use named::Named;
pub use outer::Outer;
pub use request::{Peer, RequestInfo};
