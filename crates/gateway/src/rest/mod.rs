//! REST over the engine: a few handlers, bound to every resource of the registry at start.

pub(crate) mod access;
mod address;
mod aggregate;
mod batch;
mod bulk;
mod call;
pub(crate) mod conditional;
mod content;
mod custom;
pub(crate) mod feed;
pub(crate) mod file;
mod filter;
#[cfg(test)]
pub(crate) mod fixture;
mod history;
pub(crate) mod json;
mod link;
pub(crate) mod list;
mod me;
pub(crate) mod media;
mod operation;
mod parameters;
mod range;
pub(crate) mod record;
mod schema;
pub(crate) mod search;
mod selection;
pub mod suggest;
mod sync;
pub(crate) mod timeline;
pub(crate) mod vcard;
mod write;

use crate::GatewayState;
use axum::Router;
use axum::extract::Request;
use axum::response::Response;
use axum::routing::{MethodRouter, delete, get, patch, post, put};
use call::{Bound, Call, Tenanted, answer};
use clientela_engine::Engine;
use clientela_kernel::Result;
use clientela_model::ContentRole;
use http::{HeaderName, HeaderValue};
use std::future::Future;
use std::sync::Arc;

/// Says which patch formats an address takes (RFC 5789).
pub const ACCEPT_PATCH: HeaderName = HeaderName::from_static("accept-patch");
/// The patch formats we take.
pub const PATCH_TYPES: HeaderValue = HeaderValue::from_static("application/merge-patch+json, application/json");

/// The REST routes: a few addresses for each resource, and what is about the caller.
pub fn router(state: &Arc<GatewayState>) -> Router {
    let mut router = Router::new().route("/v1/me", get(with(state, me::me))).route("/v1/limits", get(with(state, me::limits)));
    router = router.route("/v1/schema", get(with(state, schema::everything))).route("/v1/schema/{resource}", get(with(state, schema::one)));
    let stream = with(state, feed::stream);
    let stream = move |request| stream(feed::admitted(request));
    router = router.route("/v1/changes", get(with(state, feed::changes))).route("/v1/changes/stream", get(stream));
    router = router.route("/v1/changes/stream-ticket", post(with(state, feed::ticket)));
    router = router.route("/v1/sync", post(with(state, sync::sync)));
    router = router.route("/v1/transactions", post(with(state, batch::transaction)));
    if state.engine.registry().resources().iter().any(|def| def.is_searched()) {
        router = router.route("/v1/search", get(with(state, search::everywhere)));
    }
    for def in state.engine.registry().resources() {
        let path = format!("/v1/{}", def.path);
        let bound = Arc::new(Bound::new(Arc::clone(state), def, path.clone()));
        let mut many = get(with(&bound, list::list));
        let mut one = get(with(&bound, record::get));
        if def.creatable {
            many = many.merge(post(with(&bound, write::create)));
        }
        if def.digest.is_some() {
            many = many.merge(post(with(&bound, file::upload)));
            router = router.route(&format!("{path}/{{id}}/content"), get(with(&bound, file::download)));
        }
        if def.updatable {
            one = one.merge(patch(with(&bound, write::update)));
        }
        if def.deletable {
            one = one.merge(delete(with(&bound, write::delete)));
            router = router
                .route(&format!("{path}/{{id}}/restore"), post(with(&bound, write::restore)))
                .route(&format!("{path}/{{id}}/erase"), post(with(&bound, write::erase)));
        }
        let registry = state.engine.registry();
        if registry.has_keys(def) {
            let mut by = get(with(&bound, record::get_by));
            if registry.is_upsertable(def) {
                by = by.merge(put(with(&bound, write::upsert)));
            }
            router = router.route(&format!("{path}/by/{{key}}/{{value}}"), by);
        }
        if def.updatable {
            router = router.route(&format!("{path}/bulk-update"), post(with(&bound, bulk::update)));
        }
        if def.deletable {
            router = router.route(&format!("{path}/bulk-delete"), post(with(&bound, bulk::delete)));
        }
        if !Engine::steps(registry, def).is_empty() {
            router = router.route(&format!("{path}/batch"), post(with(&bound, batch::batch)));
        }
        let mut found: MethodRouter = post(with(&bound, list::search));
        if def.is_searched() {
            found = found.merge(get(with(&bound, search::within)));
        }
        for (place, operation) in operation::of(&bound) {
            router = router.route(&place, post(with(&operation, operation::operate)));
        }
        if let Some(role) = def.content {
            let file = match role {
                ContentRole::Received => put(with(&bound, content::send)),
                ContentRole::Given => get(with(&bound, content::fetch)),
            };
            router = router.route(&format!("{path}/{{id}}/content"), file);
        }
        if vcard::writer(registry, def).is_some() {
            router = router.route(&format!("{path}/{{id}}/vcard"), get(with(&bound, vcard::get)));
        }
        router = router.route(&format!("{path}/{{id}}/access"), get(with(&bound, access::access)));
        if !def.mirror {
            router = router.route(&format!("{path}/{{id}}/history"), get(with(&bound, history::history)));
        }
        if registry.timeline_identity(def).is_some() {
            router = router.route(&format!("{path}/{{id}}/timeline"), get(with(&bound, timeline::timeline)));
        }
        router = router.route(&format!("{path}/aggregate"), post(with(&bound, aggregate::aggregate)));
        router = router.route(&path, many).route(&format!("{path}/search"), found).route(&format!("{path}/{{id}}"), one);
    }
    custom::routes(state, router)
}

/// A handler over what is bound to its route.
fn with<T, F, R>(
    bound: &Arc<T>,
    run: F,
) -> impl Fn(Request) -> std::pin::Pin<Box<dyn Future<Output = Response> + Send>> + Clone + Send + Sync + 'static
where
    T: Tenanted,
    F: Fn(Arc<T>, Call) -> R + Clone + Send + Sync + 'static,
    R: Future<Output = Result<Response>> + Send + 'static,
{
    let bound = Arc::clone(bound);
    move |request| {
        let (bound, run) = (Arc::clone(&bound), run.clone());
        Box::pin(answer(request, move |call| async move {
            let bound = call.settle(bound).await?;
            run(bound, call).await
        }))
    }
}
