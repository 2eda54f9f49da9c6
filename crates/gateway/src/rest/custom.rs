//! Objects that tenants add: the addresses of a resource, bound to whichever object of the caller's tenant the address names.

use super::call::{Bound, Call, Tenanted, answer};
use super::{access, aggregate, batch, bulk, history, list, record, search, write};
use crate::GatewayState;
use crate::own::Kept;
use axum::Router;
use axum::extract::Request;
use axum::response::Response;
use axum::routing::{delete, get, patch, post, put};
use clientela_kernel::{Error, ErrorCode, Name, Result};
use clientela_model::custom_object::STEM;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

/// Of how many tenants the objects that were asked for are kept.
const OWN_OBJECTS: usize = 64;

/// The addresses of objects.
struct Objects {
    state: Arc<GatewayState>,
    own: Kept<OfTenant>,
}

/// The objects of a tenant that somebody has asked for.
struct OfTenant {
    state: Arc<GatewayState>,
    bound: Mutex<HashMap<Name, Arc<Bound>>>,
}

/// Adds the addresses of objects.
pub(super) fn routes(state: &Arc<GatewayState>, router: Router) -> Router {
    let objects = Arc::new(Objects { state: Arc::clone(state), own: Kept::new(OWN_OBJECTS) });
    let path = format!("/v1/{STEM}/{{object}}");
    router
        .route(&path, get(with(&objects, list::list)).merge(post(with(&objects, write::create))))
        .route(&format!("{path}/search"), post(with(&objects, list::search)).merge(get(with(&objects, search::within))))
        .route(&format!("{path}/aggregate"), post(with(&objects, aggregate::aggregate)))
        .route(&format!("{path}/batch"), post(with(&objects, batch::batch)))
        .route(&format!("{path}/bulk-update"), post(with(&objects, bulk::update)))
        .route(&format!("{path}/bulk-delete"), post(with(&objects, bulk::delete)))
        .route(&format!("{path}/by/{{key}}/{{value}}"), get(with(&objects, record::get_by)).merge(put(with(&objects, write::upsert))))
        .route(
            &format!("{path}/{{id}}"),
            get(with(&objects, record::get)).merge(patch(with(&objects, write::update))).merge(delete(with(&objects, write::delete))),
        )
        .route(&format!("{path}/{{id}}/restore"), post(with(&objects, write::restore)))
        .route(&format!("{path}/{{id}}/erase"), post(with(&objects, write::erase)))
        .route(&format!("{path}/{{id}}/access"), get(with(&objects, access::access)))
        .route(&format!("{path}/{{id}}/history"), get(with(&objects, history::history)))
}

/// A handler over the object that the address names.
fn with<F, R>(
    objects: &Arc<Objects>,
    run: F,
) -> impl Fn(Request) -> Pin<Box<dyn Future<Output = Response> + Send>> + Clone + Send + Sync + 'static
where
    F: Fn(Arc<Bound>, Call) -> R + Clone + Send + Sync + 'static,
    R: Future<Output = Result<Response>> + Send + 'static,
{
    let objects = Arc::clone(objects);
    move |request| {
        let (objects, run) = (Arc::clone(&objects), run.clone());
        Box::pin(answer(request, move |call| async move {
            let bound = objects.find(&call).await?;
            run(bound, call).await
        }))
    }
}

impl Objects {
    /// The object of the caller's tenant that the address names.
    async fn find(&self, call: &Call) -> Result<Arc<Bound>> {
        let (tenant, engine) = call.tenant(&self.state).await?;
        let path = call.parts.uri.path();
        let object = path.split('/').nth(3).unwrap_or_default();
        let path = format!("{STEM}/{object}");
        let nothing = || {
            let text =
                format!("There is nothing at /v1/{path}: your tenant has no such object. /v1/custom-objects lists those that it has.");
            Error::new(ErrorCode::RouteNotFound, text)
        };
        let engine = engine.ok_or_else(nothing)?;
        let registry = Arc::clone(engine.registry());
        let def = registry.by_path(&path).filter(|def| def.is_object()).ok_or_else(nothing)?;
        let of_tenant = self
            .own
            .of(tenant, &registry, || Ok::<_, Error>(OfTenant { state: self.state.of(tenant, engine)?, bound: Mutex::default() }))?;
        let mut bound = of_tenant.bound.lock();
        let made = bound.entry(def.name.clone());
        let made = made.or_insert_with(|| Arc::new(Bound::new(Arc::clone(&of_tenant.state), def, format!("/v1/{path}"))));
        Ok(Arc::clone(made))
    }
}
