//! Many writes abreast: each goes its own way, and wherever all of them wait for the database, what they ask is put together. Reads
//! that differ in one value become one statement, and so do writes of the same shape. A write that meets another one of the pack at a
//! record steps back and starts anew once the others are through.

mod reads;

use crate::engine::Inner;
use clientela_kernel::{Context, DeletedMode, Error, Filter, Name, Result, Value};
use clientela_model::ResourceDef;
use clientela_store::{Commit, Scope, WriteSet};
use futures_util::future::BoxFuture;
use parking_lot::Mutex;
use std::collections::{HashSet, VecDeque};
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as Waiting, Poll};
use uuid::Uuid;

/// Values that are written at once: enough for any round of writes, few enough to be held in memory.
const VALUES: usize = 400_000;

/// What the writes of a pack ask of the database.
#[derive(Default)]
pub(crate) struct Pack {
    questions: Mutex<Vec<Question>>,
    commits: Mutex<Vec<(Arc<WriteSet>, Slot<Commit>)>>,
    /// Writes that have met another one and wait until the others are through.
    parked: Mutex<VecDeque<Slot<Commit>>>,
}

/// A read that waits.
pub(crate) struct Question {
    pub(crate) asked: Asked,
    pub(crate) answer: Slot<Vec<Vec<Value>>>,
}

/// What a read asks for.
pub(crate) enum Asked {
    /// Every field of the records that satisfy a filter.
    Find { def: Arc<ResourceDef>, filter: Filter, deleted: DeletedMode, limit: u32 },
    /// Every field of the living record that another system calls so.
    External { def: Arc<ResourceDef>, system: Value, value: Value },
}

/// A place where an answer will lie. Whoever runs the pack looks there again after each round.
pub(crate) struct Slot<T>(Arc<Mutex<Option<Result<T>>>>);

impl<T> Slot<T> {
    fn new() -> (Slot<T>, Slot<T>) {
        let place = Arc::new(Mutex::new(None));
        (Slot(Arc::clone(&place)), Slot(place))
    }

    pub(crate) fn put(self, answer: Result<T>) {
        *self.0.lock() = Some(answer);
    }
}

impl<T> Future for Slot<T> {
    type Output = Result<T>;

    fn poll(self: Pin<&mut Self>, _waiting: &mut Waiting<'_>) -> Poll<Result<T>> {
        self.0.lock().take().map_or(Poll::Pending, Poll::Ready)
    }
}

impl Inner {
    /// The same, for writes that go abreast.
    pub(crate) fn packed(&self, pack: &Arc<Pack>) -> Arc<Inner> {
        Arc::new(Inner { pack: Some(Arc::clone(pack)), ..self.clone() })
    }
}

impl Pack {
    pub(crate) async fn ask(&self, asked: Asked) -> Result<Vec<Vec<Value>>> {
        let (answer, waits) = Slot::new();
        self.questions.lock().push(Question { asked, answer });
        waits.await
    }

    pub(crate) async fn commit(&self, set: Arc<WriteSet>) -> Result<Commit> {
        let (answer, waits) = Slot::new();
        self.commits.lock().push((set, answer));
        waits.await
    }

    /// Whether anybody waits for the database.
    fn is_asked(&self) -> bool {
        !self.questions.lock().is_empty() || !self.commits.lock().is_empty() || !self.parked.lock().is_empty()
    }
}

/// Runs writes of one pack side by side to their ends, in the order in which they were given where that matters to the database.
pub(crate) async fn abreast<T: Send>(inner: &Inner, context: &Context, pack: &Pack, works: Vec<BoxFuture<'_, T>>) -> Result<Vec<T>> {
    let scope = inner.store.scope(context.tenant);
    let mut results: Vec<Option<T>> = works.iter().map(|_| None).collect();
    let mut works: Vec<Option<BoxFuture<'_, T>>> = works.into_iter().map(Some).collect();
    let mut go_on = |waiting: &mut Waiting<'_>| {
        let mut ended = true;
        for (work, result) in works.iter_mut().zip(&mut results) {
            let Some(running) = work else { continue };
            match running.as_mut().poll(waiting) {
                Poll::Ready(outcome) => {
                    *result = Some(outcome);
                    *work = None;
                }
                Poll::Pending => ended = false,
            }
        }
        ended
    };
    loop {
        let ended = poll_fn(|waiting| {
            let ended = go_on(waiting);
            // Whoever waits for something else wakes this task.
            if ended || pack.is_asked() { Poll::Ready(ended) } else { Poll::Pending }
        })
        .await;
        if ended {
            break;
        }
        let mut serving = std::pin::pin!(serve(inner, context, &scope, pack));
        // A write that asks the database by itself may hold what the answers wait for, so it goes on meanwhile.
        poll_fn(|waiting| {
            let served = serving.as_mut().poll(waiting);
            if served.is_pending() {
                go_on(waiting);
            }
            served
        })
        .await;
    }
    results.into_iter().collect::<Option<Vec<T>>>().ok_or_else(|| Error::internal("a write of a pack did not end"))
}

/// Answers what waits: reads first, so that as many writes as possible go together.
async fn serve(inner: &Inner, context: &Context, scope: &Scope, pack: &Pack) {
    let questions = std::mem::take(&mut *pack.questions.lock());
    if !questions.is_empty() {
        return reads::answer(inner, context, scope, questions).await;
    }
    let commits = std::mem::take(&mut *pack.commits.lock());
    if commits.is_empty() {
        // Nobody else is under way: one that stepped back may try again, alone.
        if let Some(parked) = pack.parked.lock().pop_front() {
            parked.put(Ok(Commit::GuardFailed));
        }
        return;
    }
    let mut taken: HashSet<(Name, Uuid)> = HashSet::new();
    let (mut together, mut weight) = (Vec::new(), 0);
    for (set, answer) in commits {
        let places: Vec<_> = set.rows.iter().map(|row| (row.def.name.clone(), row.id.0)).collect();
        if places.iter().any(|place| taken.contains(place)) {
            pack.parked.lock().push_back(answer);
            continue;
        }
        taken.extend(places);
        let own = bound(&set);
        if weight + own > VALUES {
            commit(scope, std::mem::take(&mut together)).await;
            weight = 0;
        }
        weight += own;
        together.push((set, answer));
    }
    commit(scope, together).await;
}

/// No fewer values than a set binds: two a field, what guards a row, what the log says.
fn bound(set: &WriteSet) -> usize {
    set.rows.iter().map(|row| 2 * row.values.len() + 2 + if row.log.is_some() { 10 } else { 0 }).sum()
}

/// Writes sets together; where that does not go, half of them at a time, until those that stand in the way stand alone.
async fn commit(scope: &Scope, sets: Vec<(Arc<WriteSet>, Slot<Commit>)>) {
    let mut waiting = vec![sets];
    while let Some(mut sets) = waiting.pop() {
        if sets.len() <= 1 {
            for (set, answer) in sets {
                answer.put(scope.commit(set).await);
            }
            continue;
        }
        let all: Vec<&WriteSet> = sets.iter().map(|(set, _)| set.as_ref()).collect();
        match scope.commit_together(&all).await {
            Ok(Some(Commit::Done)) => sets.into_iter().for_each(|(_, answer)| answer.put(Ok(Commit::Done))),
            Ok(_) => {
                let later = sets.split_off(sets.len() / 2);
                waiting.push(later);
                waiting.push(sets);
            }
            Err(error) => sets.into_iter().for_each(|(_, answer)| answer.put(Err(error.clone()))),
        }
    }
}
