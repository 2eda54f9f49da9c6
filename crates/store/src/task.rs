//! The one place where the store starts tasks of its own: the SQLite writer, the clean-up after an abandoned statement,
//! and the ears of a bell. Each ends by itself once the store is closed or dropped.

/// Starts a task. Outside a runtime (which is going down) the task is dropped unrun; what it owns must clean up in its
/// `Drop`.
#[expect(clippy::disallowed_methods, reason = "the store's own tasks, listed above")]
pub(crate) fn background(task: impl Future<Output = ()> + Send + 'static) {
    if tokio::runtime::Handle::try_current().is_ok() {
        drop(tokio::spawn(task));
    }
}
