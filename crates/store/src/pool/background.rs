//! Work that nobody waits for: it never takes the connections that requests need.

use tokio::task_local;

task_local! {
    static BACKGROUND: ();
}

/// Carries out work behind the requests: together with all other such work it holds at most half of the connections, and waits for one as long as it takes.
pub async fn in_background<T>(work: impl Future<Output = T>) -> T {
    BACKGROUND.scope((), work).await
}

/// Whether what is being carried out is such work. A task that it starts is none, unless it says so itself.
pub(crate) fn is_in_background() -> bool {
    BACKGROUND.try_with(|()| ()).is_ok()
}
