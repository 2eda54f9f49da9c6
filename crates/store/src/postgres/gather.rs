//! Group commit: a few single writes are on their way to the database at once; those that come meanwhile wait, and go together when one has
//! landed, all of one tenant and one shape in one statement. It costs the database a third of what they cost one by one, and
//! nobody waits who would not have waited for a connection.
//!
//! What a group is refused, each of its writes is asked by itself, so that it hears its own answer.

use super::commit::{commit, together};
use super::many::Use;
use crate::fault::Fault;
use crate::locks::minds;
use crate::pool::{Pool, is_in_background};
use crate::search::SearchChange;
use crate::task::background;
use crate::together::Together;
use crate::write::{Commit, RowGuard, WriteSet};
use clientela_kernel::{Error, Result, TenantId};
use futures_util::future::join_all;
use parking_lot::Mutex;
use sqlx::PgConnection;
use std::collections::VecDeque;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;

/// How many writes go together at most.
const GROUP: usize = 64;
/// A write that takes longer, which waits for a lock, say, holds nobody else up.
const PATIENCE: Duration = Duration::from_millis(20);
/// Of so many connections one carries single writes: the more wait for one another, the less each of them costs.
const SHARE: usize = 16;

/// Where single writes meet.
#[derive(Clone)]
pub(crate) struct Gather(Arc<Shared>);

struct Shared {
    pool: Pool<PgConnection>,
    most: usize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    flying: usize,
    /// In the order in which their first came.
    groups: VecDeque<Group>,
}

/// Writes that can go together.
struct Group {
    tenant: TenantId,
    shape: Vec<usize>,
    waiting: Vec<Waiting>,
}

struct Waiting {
    set: Arc<WriteSet>,
    answer: oneshot::Sender<Result<Commit>>,
}

impl Gather {
    /// For the writes of a pool with so many connections.
    pub(crate) fn new(pool: Pool<PgConnection>, connections: usize) -> Self {
        Gather(Arc::new(Shared { pool, most: connections.div_ceil(SHARE), state: Mutex::default() }))
    }

    /// The connections.
    pub(crate) fn pool(&self) -> &Pool<PgConnection> {
        &self.0.pool
    }

    /// Writes a set.
    pub(crate) async fn commit(&self, set: Arc<WriteSet>) -> Result<Commit> {
        // What nobody waits for does not travel with requests, which would take its connection for theirs.
        let together = if is_in_background() { None } else { shape(&set) };
        let Some(shape) = together else { return commit(&self.0.pool, &set).await };
        let outcome = {
            let mut state = self.0.state.lock();
            if state.flying < self.0.most {
                state.flying += 1;
                None
            } else {
                Some(state.wait(shape, &set))
            }
        };
        match outcome {
            Some(outcome) => outcome.await.unwrap_or_else(|_| Err(Error::unavailable("the store is closing"))),
            None => Flight(self.clone()).carry(commit(&self.0.pool, &set)).await,
        }
    }

    /// Writes what has waited together, and answers.
    async fn send(self, group: Group) {
        let sets: Vec<&WriteSet> = group.waiting.iter().map(|waiting| waiting.set.as_ref()).collect();
        let outcome = match sets.as_slice() {
            [] | [_] => None,
            sets => self.together(group.tenant, sets).await,
        };
        drop(sets);
        match outcome {
            Some(outcome) => group.waiting.into_iter().for_each(|waiting| drop(waiting.answer.send(outcome.clone()))),
            None => {
                let pool = self.pool();
                let each = group.waiting.into_iter().map(|waiting| async move {
                    let outcome = commit(pool, &waiting.set).await;
                    drop(waiting.answer.send(outcome));
                });
                join_all(each).await;
            }
        }
    }

    /// None where nothing was written and each must hear its own answer.
    async fn together(&self, tenant: TenantId, sets: &[&WriteSet]) -> Option<Result<Commit>> {
        let statement = match Together::remembering(tenant, sets) {
            Ok(Some(sets)) => together(&sets, Use::Again).ok()?,
            Ok(None) | Err(_) => return None,
        };
        let mut lease = match self.0.pool.acquire().await {
            Ok(lease) => lease,
            Err(error) => return Some(Err(error)),
        };
        match lease.run(statement).await {
            Ok(_) => Some(Ok(Commit::Done)),
            // Whether it was written is not known.
            Err(failure) if failure.fault == Fault::Lost => Some(Err(failure.into_error())),
            Err(_) => None,
        }
    }
}

impl State {
    /// Joins a group, or begins one: two changes of the same record do not go together, nor do two requests with the same key.
    fn wait(&mut self, shape: Vec<usize>, set: &Arc<WriteSet>) -> oneshot::Receiver<Result<Commit>> {
        let (answer, outcome) = oneshot::channel();
        let waiting = Waiting { set: Arc::clone(set), answer };
        let meets = |other: &Waiting| {
            let theirs = &other.set;
            let is_twin = match (&set.idempotency, &theirs.idempotency) {
                (Some(ours), Some(theirs)) => ours.key == theirs.key && ours.principal == theirs.principal,
                _ => false,
            };
            is_twin || theirs.rows.iter().any(|theirs| set.rows.iter().any(|ours| ours.id == theirs.id))
        };
        let fits = |group: &&mut Group| {
            let alike = group.tenant == set.tenant && group.shape == shape && group.waiting.len() < GROUP;
            alike && !group.waiting.iter().any(meets)
        };
        match self.groups.iter_mut().find(fits) {
            Some(group) => group.waiting.push(waiting),
            None => self.groups.push_back(Group { tenant: set.tenant, shape, waiting: vec![waiting] }),
        }
        outcome
    }
}

/// A place among those on their way; given up however its holder ends, to whoever waits first.
struct Flight(Gather);

impl Flight {
    /// Holds the place while the work goes on, but not for longer than [`PATIENCE`].
    async fn carry<T>(self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        match tokio::time::timeout(PATIENCE, &mut work).await {
            Ok(outcome) => outcome,
            Err(_) => {
                drop(self);
                work.await
            }
        }
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        let next = {
            let mut state = self.0.0.state.lock();
            let next = state.groups.pop_front();
            if next.is_none() {
                state.flying = state.flying.saturating_sub(1);
            }
            next
        };
        if let Some(group) = next {
            let gather = self.0.clone();
            let flight = Flight(gather.clone());
            background(async move { flight.carry(gather.send(group)).await });
        }
    }
}

/// What makes the statements of two sets the same; none for a set that goes alone.
fn shape(set: &WriteSet) -> Option<Vec<usize>> {
    let mut shape = Vec::with_capacity(set.rows.len() * 48);
    for row in &set.rows {
        let guard = match row.guard {
            RowGuard::Insert => 0,
            RowGuard::Unguarded => 1,
            RowGuard::Version(_) if minds(row).is_some() => 2,
            RowGuard::Version(_) => 3,
            RowGuard::Erase(_) | RowGuard::Remove => return None,
        };
        let search = match &row.search {
            None => 0,
            Some(SearchChange::Put(_)) => 1,
            Some(SearchChange::Remove) => return None,
        };
        shape.extend([Arc::as_ptr(&row.def).addr(), guard, search, usize::from(row.log.is_some()), row.values.len(), row.references.len()]);
        shape.extend(row.values.iter().map(|(field, _)| *field));
        shape.extend(row.references.iter().map(|(field, _)| *field));
    }
    shape.push(usize::from(set.idempotency.is_some()));
    (!set.rows.is_empty()).then_some(shape)
}
