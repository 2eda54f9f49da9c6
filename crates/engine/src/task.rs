//! Tasks that belong to the server: a caller who hangs up changes nothing about a write.

use clientela_kernel::{Error, Result};
use std::future::Future;

/// Runs a write to its end, whatever becomes of the caller.
#[expect(clippy::disallowed_methods, reason = "the one place that starts a task for a write")]
pub(crate) async fn owned<T: Send + 'static>(work: impl Future<Output = Result<T>> + Send + 'static) -> Result<T> {
    tokio::spawn(work).await.unwrap_or_else(|error| Err(Error::internal(format!("a write panicked: {error}"))))
}
