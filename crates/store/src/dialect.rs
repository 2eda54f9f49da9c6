//! Which database, and what differs.

/// The database behind a store, chosen by URL at run time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// Embedded, one file.
    Sqlite,
    /// A server, and the engines that speak its protocol.
    Postgres,
}
