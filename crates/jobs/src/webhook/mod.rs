//! Webhooks: addresses that hear of what changes, and what was sent to them. The [`Dispatcher`] reads the change log, makes deliveries of it and
//! sends them.

pub mod delivery;
mod dispatcher;
pub mod endpoint;
pub mod event;
pub mod events;
mod make;
mod missed;
mod outcome;
mod payload;
pub(crate) mod position;
mod queue;
pub mod replay;
pub mod rotate;
mod schedule;
pub mod secret;
mod send;
pub mod test;

pub use dispatcher::Dispatcher;

use crate::state::Wake;
use clientela_outgoing::Outgoing;

/// What the rules of webhooks know of the outside. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Webhooks {
    /// Rung where there may be something to send.
    pub(crate) wake: Wake,
    /// The door that deliveries go through; without one no address can be checked.
    pub(crate) door: Option<Outgoing>,
}

impl Webhooks {
    /// Webhooks that go out through this door.
    pub fn new(door: Outgoing) -> Webhooks {
        Webhooks { wake: Wake::default(), door: Some(door) }
    }
}
