//! Making deliveries: a stretch of the change log becomes what is to be sent, in one transaction with the place up to where it was read.

use super::Dispatcher;
use super::delivery::{self, New};
use super::endpoint::{ENDPOINT, Endpoint, WebhookDisabledReason, WebhookEndpointState};
use super::position::Position;
use crate::mirror;
use clientela_engine::{Engine, event as told};
use clientela_kernel::{Comparison, Context, DeletedMode, Error, ErrorCode, Filter, Id, Result, TenantId, Value};
use clientela_model::{Choice as _, ResourceDef, system};
use clientela_store::{Change, ChangeKind, ChangePage, Commit, FeedCursor, RowChange, Scope, WriteSet};
use serde_json::Value as Json;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use uuid::Uuid;

/// Changes that are read at once.
const STRETCH: usize = 200;
/// Deliveries that are made at once.
const TOGETHER: usize = 1_000;

/// An endpoint, and whether what is being read stands behind the place where it began to listen.
struct Listener {
    endpoint: Endpoint,
    begun: bool,
}

/// A change that an endpoint is to hear of.
struct Wanted<'p> {
    listener: usize,
    change: &'p Change,
    event: String,
}

impl Dispatcher {
    /// Makes deliveries of the next changes in the log of a tenant. Answers whether there may be more.
    pub(super) async fn make(&self, tenant: TenantId) -> Result<bool> {
        let scope = self.store.scope(tenant);
        let known = self.memory.lock().positions.get(&tenant).copied();
        let position = match known {
            Some(position) => position,
            None => Position::read(&scope).await?,
        };
        if position.place.is_some() && scope.changes(position.place, 1).await?.changes.is_empty() {
            self.memory.lock().positions.insert(tenant, position);
            return Ok(false);
        }
        let engine = self.engine.for_tenant(tenant).await?;
        let active = Filter::field("state", Comparison::Equal(WebhookEndpointState::Active.as_str().into()));
        let endpoints = self.endpoints(&engine, &self.own(tenant), active).await?;
        let mut begins = Vec::with_capacity(endpoints.len());
        for endpoint in &endpoints {
            begins.push(self.begin(&scope, endpoint).await?);
        }
        // What stands before all of their beginnings is nobody's concern.
        let Some(first) = begins.iter().flatten().min().copied() else { return Ok(false) };
        let start = position.place.map_or(first, |place| place.max(first));
        let limit = u32::try_from(STRETCH.min(TOGETHER / endpoints.len().max(1)).max(1)).unwrap_or(1);
        let page = scope.changes(Some(start), limit).await?;
        let begun = |begin: &Option<FeedCursor>| begin.is_some_and(|begin| begin <= start);
        let listeners = endpoints.into_iter().zip(&begins).map(|(endpoint, begin)| Listener { endpoint, begun: begun(begin) }).collect();
        self.write(&engine, &scope, position, listeners, &page).await?;
        Ok(!page.changes.is_empty())
    }

    /// Where an endpoint began to listen. None where the log does not tell.
    async fn begin(&self, scope: &Scope, endpoint: &Endpoint) -> Result<Option<FeedCursor>> {
        let key = (endpoint.id, endpoint.active_since_version);
        if let Some(begin) = self.memory.lock().begins.get(&key) {
            return Ok(Some(*begin));
        }
        let begin = scope.place(ENDPOINT, endpoint.id, endpoint.active_since_version, None).await?;
        if let Some(begin) = begin {
            self.memory.lock().begins.insert(key, begin);
        }
        Ok(begin)
    }

    async fn write(
        &self,
        engine: &Engine,
        scope: &Scope,
        position: Position,
        mut listeners: Vec<Listener>,
        page: &ChangePage,
    ) -> Result<()> {
        let (Some(last), Some(place)) = (page.changes.last(), page.next) else { return Ok(()) };
        let tenant = scope.tenant();
        let mut wanted = Vec::new();
        for change in &page.changes {
            for listener in &mut listeners {
                let own = change.resource == ENDPOINT && change.record == listener.endpoint.id;
                listener.begun |= own && change.version == listener.endpoint.active_since_version;
            }
            if engine.registry().resource(&change.resource).is_none_or(|def| !told::is_told(def)) {
                continue;
            }
            let event = told::named(&change.resource, &change.kind);
            let hears = |(_, listener): &(usize, &Listener)| listener.begun && listener.endpoint.wants(&event);
            let heard = listeners.iter().enumerate().filter(hears);
            wanted.extend(heard.map(|(listener, _)| Wanted { listener, change, event: event.clone() }));
        }
        for (index, listener) in listeners.iter().enumerate() {
            self.sift(engine, tenant, &listener.endpoint, index, &mut wanted).await?;
        }
        if page.changes.iter().any(|change| change.kind == ChangeKind::Erased.as_str()) {
            self.forget_answers(engine, tenant).await?;
        }
        let mut rows = self.rows(engine, tenant, &listeners, &wanted).await?;
        rows.push(position.moved(scope, last, self.now())?);
        let outcome = scope.commit(WriteSet { tenant, rows, idempotency: None, audit: None }).await?;
        let mut memory = self.memory.lock();
        if outcome == Commit::Done {
            memory.positions.insert(tenant, position.after(place));
            for wanted in &wanted {
                if let Some(listener) = listeners.get(wanted.listener) {
                    memory.quiet.remove(&listener.endpoint.id);
                }
            }
        } else {
            // Another node has read this stretch: what it has made is there, and the next one is read from where it stands.
            memory.positions.remove(&tenant);
        }
        Ok(())
    }

    /// Leaves of what an endpoint wants only what satisfies its filter.
    async fn sift(&self, engine: &Engine, tenant: TenantId, endpoint: &Endpoint, index: usize, wanted: &mut Vec<Wanted<'_>>) -> Result<()> {
        let Some(text) = &endpoint.filter else { return Ok(()) };
        let erased = |change: &Change| change.kind == ChangeKind::Erased.as_str();
        let mut asked: HashMap<String, HashSet<Uuid>> = HashMap::new();
        for wanted in wanted.iter().filter(|wanted| wanted.listener == index && !erased(wanted.change)) {
            asked.entry(wanted.change.resource.clone()).or_default().insert(wanted.change.record.0);
        }
        let mut found: HashSet<Uuid> = HashSet::new();
        for (resource, records) in asked {
            let Some(def) = engine.registry().resource(&resource) else { continue };
            let context = match self.in_name_of(tenant, endpoint).await {
                Ok(context) => context,
                Err(error) if error.code() == ErrorCode::Forbidden => {
                    wanted.retain(|wanted| wanted.listener != index);
                    return self.disable(engine, tenant, endpoint, WebhookDisabledReason::PrincipalGone).await;
                }
                Err(error) => return Err(error),
            };
            match matching(engine, &context, def, text, records).await {
                Ok(matching) => found.extend(matching),
                Err(error) if matches!(error.code(), ErrorCode::InvalidFilter | ErrorCode::Forbidden) => {
                    wanted.retain(|wanted| wanted.listener != index);
                    return self.disable(engine, tenant, endpoint, WebhookDisabledReason::FilterUnreadable).await;
                }
                Err(error) => return Err(error),
            }
        }
        wanted.retain(|wanted| wanted.listener != index || erased(wanted.change) || found.contains(&wanted.change.record.0));
        Ok(())
    }

    /// The rows of what is wanted and not there yet.
    async fn rows<'w>(
        &self,
        engine: &Engine,
        tenant: TenantId,
        listeners: &[Listener],
        wanted: &'w [Wanted<'_>],
    ) -> Result<Vec<RowChange>> {
        let def = delivery::definition(engine.registry())?;
        let new = |wanted: &'w Wanted<'_>| {
            let endpoint = listeners.get(wanted.listener)?.endpoint.id;
            Some(New::of(engine.registry(), tenant, endpoint, wanted.change, wanted.event.clone()))
        };
        let made: Vec<New<'_>> = wanted.iter().filter_map(new).collect();
        if made.is_empty() {
            return Ok(Vec::new());
        }
        let ids = made.iter().map(|new| Value::Id(new.id.0)).collect();
        let there = self.deliveries(engine, tenant, vec![Filter::field(system::ID, Comparison::In(ids))]).await?;
        let there: HashSet<Id> = there.iter().map(|delivery| delivery.id).collect();
        let context = self.own(tenant);
        Ok(made.into_iter().filter(|new| !there.contains(&new.id)).map(|new| new.row(&context, def)).collect())
    }

    /// Takes away what receivers have answered: they may have repeated what is erased now.
    async fn forget_answers(&self, engine: &Engine, tenant: TenantId) -> Result<()> {
        let context = self.own(tenant);
        loop {
            let kept = self.deliveries(engine, tenant, vec![Filter::field("lastAnswer", Comparison::IsNull).negate()]).await?;
            if kept.is_empty() {
                return Ok(());
            }
            let rows = kept.iter().map(|found| mirror::change(&context, found, vec![("lastAnswer", Value::Null)])).collect();
            // Where one of them was tried meanwhile they are read again.
            self.store.scope(tenant).commit(WriteSet { tenant, rows, idempotency: None, audit: None }).await?;
        }
    }
}

/// Those of at most a thousand records that satisfy the filter of an endpoint, deleted ones too. `INVALID_FILTER` where it cannot be read.
pub(super) async fn matching(
    engine: &Engine,
    context: &Context,
    def: &Arc<ResourceDef>,
    filter: &str,
    records: HashSet<Uuid>,
) -> Result<HashSet<Uuid>> {
    let tree: Json = serde_json::from_str(filter).map_err(Error::internal)?;
    let filter = engine.parse_filter(context, def, &tree)?;
    let these = Filter::field(system::ID, Comparison::In(records.into_iter().map(Value::Id).collect()));
    let matching = engine.found_in_order_as(context, def, &Filter::And(vec![these, filter]), DeletedMode::Include).await?;
    Ok(matching.iter().map(|record| record.id.0).collect())
}
