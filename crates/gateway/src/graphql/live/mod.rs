//! Results over time: a subscription's events, or the one answer of a query or mutation, as a stream of execution results. Two transports carry it:
//! server-sent events and WebSockets.

mod events;
mod socket;

pub(super) use events::answer;
pub(super) use socket::{is_asked_for, places, upgrade};

use super::http::{Graphql, Parameters};
use super::plan::{Answer, Preparer, Problem, Run, Subscription};
use crate::follow::Follower;
use crate::middleware::{RequestInfo, authenticate};
use ::http::HeaderMap;
use async_graphql::parser::types::OperationType;
use clientela_kernel::Error;
use futures_util::stream::{self, BoxStream, StreamExt as _};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// How many entries are fetched at once: they are in memory until the client has taken them.
const AT_ONCE: u32 = 100;
/// How long it is waited before a sign of life.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// What a stream of results gives.
pub(super) enum Result {
    /// An execution result, as JSON.
    Next(Vec<u8>),
    /// Nothing is new.
    Quiet,
}

/// The results of a request. A subscription has begun when this answers: what happens from then on is among them. Whoever stops taking them costs no more than
/// one page of entries.
pub(super) async fn results(
    graphql: Arc<Graphql>,
    info: RequestInfo,
    headers: HeaderMap,
    parameters: Parameters,
    by_get: bool,
) -> BoxStream<'static, Result> {
    match try_to_begin(graphql, info, headers, parameters, by_get).await {
        Ok(stream) => stream,
        Err(problems) => once(Answer::refusal(&problems, info.id)),
    }
}

fn once(answer: Answer) -> BoxStream<'static, Result> {
    stream::once(async move { Result::Next(answer.body) }).boxed()
}

fn plain(error: Error) -> Vec<Problem> {
    vec![Problem { error, locations: Vec::new(), path: Vec::new() }]
}

async fn try_to_begin(
    graphql: Arc<Graphql>,
    info: RequestInfo,
    headers: HeaderMap,
    parameters: Parameters,
    by_get: bool,
) -> std::result::Result<BoxStream<'static, Result>, Vec<Problem>> {
    let state = &graphql.state;
    let context = authenticate(state, RequestInfo { now: state.clock.now(), ..info }, &headers).await.map_err(plain)?;
    let engine = state.engine.of(context.tenant).await.map_err(plain)?;
    let own = match &engine {
        Some(engine) => Some(graphql.own.of(context.tenant, engine.registry(), || super::preparer(engine.registry())).map_err(plain)?),
        None => None,
    };
    let preparer: &Preparer = own.as_deref().unwrap_or(&graphql.preparer);
    let source = engine.as_ref().unwrap_or(&state.engine);
    let prepared = preparer.prepare(&parameters.query, parameters.operation_name.as_deref()).await?;
    if prepared.kind != OperationType::Subscription {
        super::http::check_method(&prepared, by_get).map_err(plain)?;
        let run = Run { preparer, prepared: &prepared, source, context: Some(&context), request_id: info.id };
        return Ok(once(run.answer(&parameters.variables).await));
    }
    let subscription = Subscription::new(preparer, &prepared, source, &context, &parameters.variables)?;
    let mut request = subscription.request.clone();
    request.limit = AT_ONCE;
    let mut follower = Follower::new(Arc::clone(state), info, headers, request);
    // What is wrong with the question is told at once, and from here on nothing is missed.
    let first = follower.page().await.map_err(plain)?;
    let waiting = subscription.events(preparer, source, &context, &first.page.entries, info.id).await?;
    let live = Live { graphql: Arc::clone(&graphql), own, subscription, follower, waiting: waiting.into_iter(), info, over: false };
    Ok(stream::unfold(live, |mut live| async move { Some((live.next().await?, live)) }).boxed())
}

/// A subscription under way.
struct Live {
    graphql: Arc<Graphql>,
    own: Option<Arc<Preparer>>,
    subscription: Subscription,
    follower: Follower,
    waiting: std::vec::IntoIter<Vec<u8>>,
    info: RequestInfo,
    over: bool,
}

impl Live {
    async fn next(&mut self) -> Option<Result> {
        loop {
            if let Some(event) = self.waiting.next() {
                return Some(Result::Next(event));
            }
            if self.over || self.follower.is_over() {
                return None;
            }
            match self.more().await {
                Ok(events) if events.is_empty() => return Some(Result::Quiet),
                Ok(events) => self.waiting = events.into_iter(),
                Err(problems) => {
                    self.over = true;
                    return Some(Result::Next(Answer::refusal(&problems, self.info.id).body));
                }
            }
        }
    }

    async fn more(&mut self) -> std::result::Result<Vec<Vec<u8>>, Vec<Problem>> {
        let followed = self.follower.page_until(Instant::now() + HEARTBEAT).await.map_err(plain)?;
        let preparer: &Preparer = self.own.as_deref().unwrap_or(&self.graphql.preparer);
        self.subscription.events(preparer, &followed.engine, &followed.context, &followed.page.entries, self.info.id).await
    }
}
