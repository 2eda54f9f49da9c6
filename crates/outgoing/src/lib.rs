//! The one door through which the server asks others on the network: addresses that people have entered are asked, so whoever enters one must not
//! reach through it what only this server reaches. The address is decided on when the connection is made, no redirect is followed, and
//! nothing takes longer or is larger than was allowed for.

mod address;
mod door;
mod post;

pub use address::is_public;
pub use door::{Answer, Outgoing, OutgoingError, Request};
pub use post::{Post, Reply};
