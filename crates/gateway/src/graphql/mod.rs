//! GraphQL: the schema, execution by plan, and the HTTP handler. Nothing outside knows async-graphql.

#[cfg(test)]
pub(crate) mod fixture;
mod http;
mod live;
mod plan;
mod schema;
#[cfg(test)]
mod tests;

pub use plan::limits;

use crate::GatewayState;
use axum::Router;
use clientela_kernel::{Error, Result};
use clientela_model::Registry;
use plan::{GateFactory, Preparer};
use std::sync::Arc;

/// The routes of GraphQL.
pub fn router(state: &Arc<GatewayState>) -> Router {
    http::router(state)
}

/// The schema in GraphQL's definition language, the same text on every run.
pub fn sdl(registry: &Arc<Registry>) -> Result<String> {
    schema::render::sdl(&schema::build(registry)).map_err(Error::internal)
}

/// What prepares the documents of a schema.
fn preparer(registry: &Arc<Registry>) -> Result<Preparer> {
    let types = schema::build(registry);
    let builder = schema::render::builder(&types, &|_, _| Box::new(schema::render::refuse));
    // Our own limits are narrower, and come first.
    let builder = builder.extension(GateFactory).limit_recursive_depth(limits::MAXIMUM_NESTING * 2);
    let schema = builder.finish().map_err(Error::internal)?;
    Ok(Preparer::new(Arc::new(types), schema))
}
