//! What a kind of job is: a name, how it is tried, and one function that does it.

use crate::worker::Running;
use async_trait::async_trait;
use clientela_kernel::{Context, Error, Result, Value};

/// How a run of a job ended.
pub enum Ending {
    /// It was carried out; these fields of the record that it is about say what came of it.
    Done(Vec<(&'static str, Value)>),
    /// It broke off, and would the next time, unless the error is the server's own (`INTERNAL`).
    Broken(Vec<(&'static str, Value)>, Error),
    /// It is left as it is: called off, gone, somebody else's, or to be gone on with.
    Left,
}

/// Which jobs of a kind are carried out one after the other, in the order in which they were made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// None: all go abreast.
    Abreast,
    /// Those about the same inbox.
    OfInbox,
    /// All of a tenant.
    OfTenant,
}

/// A kind of job. A worker carries out the kinds that it knows ([`crate::Worker::with_kind`]).
#[async_trait]
pub trait JobKind: Send + Sync + 'static {
    /// What jobs of this kind call it. Kept in the database: it never changes.
    fn name(&self) -> &'static str;

    /// How often a job is tried before it is given up.
    fn attempts(&self) -> i64 {
        5
    }

    /// Which jobs of this kind wait for one another.
    fn order(&self) -> Order {
        Order::Abreast
    }

    /// Does it, in the name of whoever wants it done. It may be run again after any part of it. An error that passes by itself (`DATABASE_UNAVAILABLE`, `OVERLOADED`,
    /// `STORAGE_FULL`) is waited for; after any other error, or a panic, it is tried again, a limited number of times.
    async fn run(&self, running: &Running, context: &Context) -> Result<Ending>;

    /// Clears away what is needed no more, once it has succeeded. A server that ends before leaves that to whoever clears up.
    async fn clear(&self, _running: &Running) -> Result<()> {
        Ok(())
    }
}
