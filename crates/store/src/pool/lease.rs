//! A connection in use.

use super::{Link, Permit, Ready};
use crate::Row;
use crate::fault::Fault;
use crate::task::background;
use clientela_kernel::Error;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// How long a statement may take before its connection is given up. The database's own limit is shorter, so this only
/// serves where the network has gone silent.
const STATEMENT: Duration = Duration::from_secs(35);
/// How long the clean-up after an abandoned statement waits for its end.
const SETTLE: Duration = Duration::from_secs(5);

/// A connection in use. It returns to the pool when dropped, whatever state it is in.
pub(crate) struct Lease<L: Link> {
    link: Option<L>,
    /// Taken by the clean-up, so that the permit comes back with the connection.
    permit: Option<Permit<L>>,
    generation: u64,
    reused: bool,
    /// A statement has begun and not ended.
    busy: bool,
}

/// A statement that failed.
pub(crate) struct Failure {
    /// What it means.
    pub(crate) fault: Fault,
    /// The driver's error; none if the time was up.
    pub(crate) error: Option<sqlx::Error>,
    /// The connection had served before, so it may simply have died in the meantime.
    pub(crate) reused: bool,
}

impl Failure {
    /// What the caller is told.
    pub(crate) fn into_error(self) -> Error {
        match self.error {
            Some(error) => self.fault.error(error),
            None => self.fault.error("the database did not answer within 35 s"),
        }
    }
}

impl<L: Link> Lease<L> {
    pub(super) fn new(link: L, permit: Permit<L>, generation: u64, reused: bool) -> Self {
        Lease { link: Some(link), permit: Some(permit), generation, reused, busy: false }
    }

    /// Runs one statement.
    pub(crate) async fn run(&mut self, statement: Ready<L::Arguments>) -> Result<Vec<Row>, Failure> {
        let reused = self.reused;
        let Some(link) = &mut self.link else { return Err(Failure { fault: Fault::Lost, error: None, reused }) };
        if let Some(Permit { shared, .. }) = &self.permit {
            shared.statements.fetch_add(1, Ordering::Relaxed);
        }
        self.busy = true;
        let outcome = tokio::time::timeout(STATEMENT, link.rows(statement)).await;
        self.busy = false;
        match outcome {
            Ok(Ok(rows)) => Ok(rows),
            Ok(Err(error)) => {
                let fault = L::fault(&error);
                if fault == Fault::Lost {
                    self.lose();
                }
                Err(Failure { fault, error: Some(error), reused })
            }
            Err(_) => {
                self.lose();
                Err(Failure { fault: Fault::Lost, error: None, reused: false })
            }
        }
    }

    fn lose(&mut self) {
        self.link = None;
        if let Some(Permit { shared, .. }) = &self.permit {
            shared.distrust();
        }
    }
}

impl<L: Link> Drop for Lease<L> {
    fn drop(&mut self) {
        let (Some(mut link), Some(permit)) = (self.link.take(), self.permit.take()) else { return };
        let generation = self.generation;
        if self.busy {
            background(async move {
                if let Ok(Ok(())) = tokio::time::timeout(SETTLE, link.settle()).await {
                    permit.shared.give_back(link, generation);
                }
                drop(permit);
            });
        } else {
            permit.shared.give_back(link, generation);
        }
    }
}
