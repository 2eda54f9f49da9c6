//! `POST /v1/inbox/{source}`: events of other systems. Their signature is the credential, so the bytes go on as they are, and nothing of them is read here.

use crate::middleware::{RequestInfo, body, read_body};
use crate::{GatewayState, problem};
use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use axum::routing::post;
use clientela_engine::{Message, Taken};
use clientela_kernel::{Error, Result};
use http::{HeaderName, HeaderValue, StatusCode, header};
use serde_json::json;
use std::sync::Arc;

/// Where events are sent.
pub(crate) const PATH: &str = "/v1/inbox/";
/// Says that an event was there before.
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// The route, where anybody takes events.
pub(crate) fn router(state: &Arc<GatewayState>) -> Router {
    let Some(limit) = state.engine.message_limit() else { return Router::new() };
    let state = Arc::clone(state);
    let take = move |request: Request| {
        let state = Arc::clone(&state);
        async move {
            let (info, path) = (RequestInfo::among(request.extensions()), request.uri().path().to_owned());
            match take(&state, request, info, limit).await {
                Ok(response) => response,
                Err(error) => problem::response(&error, info.id, &path),
            }
        }
    };
    Router::new().route(&format!("{PATH}{{source}}"), post(take))
}

async fn take(state: &GatewayState, request: Request, info: RequestInfo, limit: usize) -> Result<Response> {
    let (parts, content) = request.into_parts();
    body::check_declared_length(&parts.headers, u64::try_from(limit).unwrap_or(u64::MAX))?;
    let source = parts.uri.path().strip_prefix(PATH).unwrap_or_default().to_owned();
    let text = |(name, value): (&HeaderName, &HeaderValue)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()));
    let headers = parts.headers.iter().filter_map(text).collect();
    let body = read_body(content, limit).await?;
    let Taken { id, replayed } = state.engine.take_message(Message { source, headers, body, request_id: info.id, now: info.now }).await?;
    let mut response = Response::new(Body::from(json!({ "id": id, "replayed": replayed }).to_string()));
    *response.status_mut() = if replayed { StatusCode::OK } else { StatusCode::ACCEPTED };
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if replayed {
        response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    }
    response
        .headers_mut()
        .insert(header::CONTENT_LOCATION, HeaderValue::try_from(format!("/v1/inbox-events/{id}")).map_err(Error::internal)?);
    Ok(response)
}
