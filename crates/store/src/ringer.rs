//! Ringing when the log has grown: soon after, and once for all that was written meanwhile, so that a bell costs a busy server a few statements a second.

use crate::task::background;
use crate::{Bell, Store};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// The channel of the bell that rings when the log has grown.
const CHANNEL: &str = "clientela_changes";
/// How long changes are gathered before it rings.
const GATHERED: Duration = Duration::from_millis(15);

/// Whether it is about to ring.
#[derive(Clone, Default)]
pub(crate) struct Ringer(Arc<AtomicBool>);

impl Store {
    /// A bell that rings when the log has grown, on this node or another one. What it rings for may not be readable yet where transactions are under way:
    /// look again after a while.
    pub fn changes_bell(&self) -> Bell {
        self.bell(CHANNEL)
    }

    /// Tells everybody who listens that the log has grown.
    pub fn changed(&self) {
        let ringer = self.ringer().clone();
        if ringer.0.swap(true, Ordering::AcqRel) {
            return;
        }
        let store = self.clone();
        background(async move {
            tokio::time::sleep(GATHERED).await;
            ringer.0.store(false, Ordering::Release);
            if let Err(error) = store.ring(CHANNEL).await {
                tracing::debug!(%error, "nobody could be told that the log has grown; who follows it looks from time to time");
            }
        });
    }
}
