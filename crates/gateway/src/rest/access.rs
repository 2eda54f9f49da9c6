//! What may be done with a record, and why: `GET /v1/accounts/{id}/access`.

use super::call::{Bound, Call, json_answer};
use super::parameters::Parameters;
use axum::response::Response;
use clientela_engine::AccessRequest;
use clientela_kernel::Result;
use http::StatusCode;
use std::sync::Arc;

/// Names of the query parameters.
pub(crate) const NAMES: &[&str] = &["principal", "field"];

/// `GET /v1/accounts/{id}/access`.
pub(super) async fn access(bound: Arc<Bound>, call: Call) -> Result<Response> {
    let context = call.context(&bound.state).await?;
    let id = call.id(&bound)?;
    let parameters = Parameters::parse(call.query(), NAMES)?;
    let given = |name: &str| parameters.get(name).map(str::to_owned);
    let request = AccessRequest { principal: given("principal"), field: given("field") };
    let access = bound.state.engine.access(&context, &bound.def, id, &request).await?;
    Ok(json_answer(StatusCode::OK, access.to_string().into_bytes()))
}
