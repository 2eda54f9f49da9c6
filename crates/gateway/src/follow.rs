//! Following a feed over time: whoever does is asked again who it is, and what it may see, each time something may be new.

use crate::GatewayState;
use crate::middleware::{RequestInfo, authenticate};
use clientela_engine::Engine;
use clientela_engine::feed::{FeedBell, FeedPage, FeedRequest};
use clientela_kernel::{Context, Result};
use http::HeaderMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// How long it is waited without a ring: what PostgreSQL could not show yet when it rang, what ends with time, and whether the server is about to stop.
const PATIENCE: Duration = Duration::from_millis(500);

/// A caller who follows a feed.
pub(crate) struct Follower {
    state: Arc<GatewayState>,
    info: RequestInfo,
    headers: HeaderMap,
    bell: FeedBell,
    /// What is asked for; `after` moves on with every page.
    pub(crate) request: FeedRequest,
}

/// A page, and who may see it.
pub(crate) struct Followed {
    pub(crate) page: FeedPage,
    pub(crate) context: Context,
    pub(crate) engine: Engine,
}

impl Follower {
    /// Begins to listen.
    pub(crate) fn new(state: Arc<GatewayState>, info: RequestInfo, headers: HeaderMap, request: FeedRequest) -> Follower {
        let bell = state.engine.feed_bell();
        Follower { state, info, headers, bell, request }
    }

    /// The next page, empty where nothing is new.
    pub(crate) async fn page(&mut self) -> Result<Followed> {
        let info = RequestInfo { now: self.state.clock.now(), ..self.info };
        let context = authenticate(&self.state, info, &self.headers).await?;
        let engine = self.state.engine.of(context.tenant).await?.unwrap_or_else(|| self.state.engine.clone());
        let page = engine.feed(&context, &self.request).await?;
        self.request.after = Some(page.next.clone());
        Ok(Followed { page, context, engine })
    }

    /// The next page with something in it; an empty one where nothing came until then or the server is about to stop.
    pub(crate) async fn page_until(&mut self, until: Instant) -> Result<Followed> {
        loop {
            let followed = self.page().await?;
            let left = until.saturating_duration_since(Instant::now());
            if !followed.page.entries.is_empty() || left.is_zero() || self.is_over() {
                return Ok(followed);
            }
            if !followed.page.more && !self.bell.heard(left.min(PATIENCE)).await {
                return Ok(followed);
            }
        }
    }

    /// Whether the server is about to stop.
    pub(crate) fn is_over(&self) -> bool {
        self.state.health.is_draining()
    }
}
