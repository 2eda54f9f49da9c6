//! Tasks that belong to the server: a caller who hangs up changes nothing about a write.

use clientela_kernel::{Error, Result};
use std::future::Future;

/// Runs a write to its end, whatever becomes of the caller.
#[expect(clippy::disallowed_methods, reason = "the one place that starts a task for a write")]
pub(crate) async fn owned<T: Send + 'static>(work: impl Future<Output = Result<T>> + Send + 'static) -> Result<T> {
    tokio::spawn(work).await.unwrap_or_else(|error| Err(Error::internal(format!("a write panicked: {error}"))))
}

/// A task that was started, and ends where it stands if nobody waits for it any more.
pub(crate) struct Started<T>(tokio::task::JoinHandle<T>);

/// Starts a part of a longer work.
#[expect(clippy::disallowed_methods, reason = "the one place that starts a task for a write")]
pub(crate) fn started<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> Started<T> {
    Started(tokio::spawn(work))
}

impl<T> Started<T> {
    /// Waits for its end.
    pub(crate) async fn ended(mut self) -> Result<T> {
        (&mut self.0).await.map_err(|error| Error::internal(format!("a write panicked: {error}")))
    }
}

impl<T> Drop for Started<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}
