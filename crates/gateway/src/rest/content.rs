//! The files of records: `PUT` and `GET /v1/{resources}/{id}/content`.

use super::call::{Bound, Call};
use super::parameters::Parameters;
use super::write;
use axum::body::Body;
use axum::response::Response;
use clientela_engine::Received;
use clientela_kernel::{Error, Result};
use clientela_model::CONTENT_TYPES;
use http::{HeaderValue, header};
use std::sync::Arc;

/// `PUT /v1/imports/{id}/content`.
pub(super) async fn send(bound: Arc<Bound>, call: Call) -> Result<Response> {
    let context = call.context(&bound.state).await?;
    Parameters::parse(call.query(), &[])?;
    let id = call.id(&bound)?;
    bound.state.engine.may_send(&context, &bound.def)?;
    let (media_type, file, bytes) = call.file(&bound.state, &CONTENT_TYPES.map(|(media_type, _)| media_type)).await?;
    let outcome = bound.state.engine.receive(&context, &bound.def, id, Received { media_type, file, bytes }).await?;
    write::accepted(&bound, &context, outcome).await
}

/// `GET /v1/exports/{id}/content`.
pub(super) async fn fetch(bound: Arc<Bound>, call: Call) -> Result<Response> {
    let context = call.context(&bound.state).await?;
    Parameters::parse(call.query(), &[])?;
    let given = bound.state.engine.give(&context, &bound.def, call.id(&bound)?).await?;
    let mut response = Response::new(Body::from_stream(given.pieces));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(given.media_type));
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(given.bytes));
    let disposition = HeaderValue::try_from(format!("attachment; filename=\"{}\"", given.file_name)).map_err(Error::internal)?;
    headers.insert(header::CONTENT_DISPOSITION, disposition);
    Ok(response)
}
