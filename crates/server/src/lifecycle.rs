//! When the server ends: the first signal drains, the second ends at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::watch;

/// Longest time from the first signal to the end.
pub const DRAIN: Duration = Duration::from_secs(5);
/// How long open connections may still send their next request, which is then answered with `Connection: close`.
pub const FAREWELL: Duration = Duration::from_millis(300);

/// How long the database may take to close, at the end of the drain.
pub const LAST_WRITES: Duration = Duration::from_millis(700);

/// Starts a task that lives as long as the process or ends by itself.
#[expect(clippy::disallowed_methods, reason = "the one door for background tasks")]
pub fn background(task: impl Future<Output = ()> + Send + 'static) {
    drop(tokio::spawn(task));
}

/// Whether the server is on its way out. Cheap to clone.
#[derive(Clone, Default)]
pub struct Draining(Arc<AtomicBool>);

impl Draining {
    /// Whether it is.
    pub fn is_on(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// From now on it is.
    pub fn begin(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Turns true at the first signal to end. A second one ends the process there and then.
///
/// # Errors
/// Where the system does not let us listen for signals.
pub fn signals() -> std::io::Result<watch::Receiver<bool>> {
    let (sender, receiver) = watch::channel(false);
    let mut ends = Ends::listen()?;
    background(async move {
        ends.next().await;
        let _ = sender.send(true);
        ends.next().await;
        tracing::warn!("second signal: ending at once");
        std::process::exit(130);
    });
    Ok(receiver)
}

#[cfg(unix)]
struct Ends {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Ends {
    fn listen() -> std::io::Result<Ends> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Ends { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

#[cfg(not(unix))]
struct Ends;

#[cfg(not(unix))]
impl Ends {
    fn listen() -> std::io::Result<Ends> {
        Ok(Ends)
    }

    async fn next(&mut self) {
        let _ = tokio::signal::ctrl_c().await;
    }
}
