//! What a driver's error means for the caller, for the connection and for its siblings.

use clientela_kernel::Error;

/// What an error says about the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The connection is gone, and so, most likely, are those beside it.
    Lost,
    /// The database answered that it cannot serve now: locked, out of memory, too slow.
    Busy,
    /// The disk is full: reading goes on, and nothing of the write is there.
    Full,
    /// The statement was refused: a fault of ours, or a constraint.
    Refused,
}

impl Fault {
    /// What the caller is told; the text goes to the log.
    pub(crate) fn error(self, text: impl std::fmt::Display) -> Error {
        match self {
            Fault::Lost | Fault::Busy => Error::unavailable(text),
            Fault::Full => Error::full(text),
            Fault::Refused => Error::internal(text),
        }
    }
}

/// Errors of the driver itself, the same for both databases; `answered` judges what the database said.
pub(crate) fn classify(error: &sqlx::Error, answered: fn(&str, &str) -> Fault) -> Fault {
    match error {
        sqlx::Error::Database(said) => answered(said.code().as_deref().unwrap_or_default(), said.message()),
        sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::Protocol(_) | sqlx::Error::WorkerCrashed => Fault::Lost,
        sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed => Fault::Busy,
        _ => Fault::Refused,
    }
}
