//! Inboxes: addresses to which other systems send signed events. What comes in is kept as it is ([`receive`]); the queue carries it out ([`carry`]) by the mapping of its
//! source, one event one transaction.

pub mod carry;
mod content;
pub mod event;
pub mod preview;
pub mod receive;
pub mod replay;
pub mod rotate;
mod signature;
pub mod source;
