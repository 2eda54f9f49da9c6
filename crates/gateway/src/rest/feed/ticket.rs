//! Tickets for the stream: `POST /v1/changes/stream-ticket`. A browser's `EventSource` sends no headers of ours.

use crate::GatewayState;
use crate::middleware::{RequestInfo, TICKET};
use crate::rest::call::{Call, json_answer};
use crate::rest::parameters::Parameters;
use axum::extract::Request;
use axum::response::Response;
use clientela_access::bearer;
use clientela_kernel::{Result, Timestamp};
use http::{HeaderValue, StatusCode, Uri, header};
use serde_json::json;
use std::sync::Arc;

/// How long a ticket is good, in milliseconds: a quarter of an hour.
const GOOD: i64 = 900_000;
/// The query parameter.
const NAME: &str = "ticket=";

/// Gives a ticket to whoever asks.
pub(in crate::rest) async fn ticket(state: Arc<GatewayState>, call: Call) -> Result<Response> {
    Parameters::parse(call.query(), &[])?;
    let context = call.context(&state).await?;
    let credential = call.parts.headers.get(header::AUTHORIZATION).cloned();
    let until = Timestamp(call.info.now.0.saturating_add(GOOD));
    call.no_body(&state).await?;
    let credential = bearer(credential.as_ref().map(HeaderValue::as_bytes))?;
    let (ticket, until) = state.authenticator.ticket(&context, credential, until)?;
    let body = json!({ "ticket": ticket, "expiresAt": until.to_text() });
    let mut answer = json_answer(StatusCode::OK, body.to_string().into_bytes());
    answer.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(answer)
}

/// A request for the stream, its ticket in the place of a credential. Where there is a credential as well, that counts.
pub(in crate::rest) fn admitted(mut request: Request) -> Request {
    let streams = RequestInfo { streams: true, ..RequestInfo::of(&request) };
    let query = request.uri().query().unwrap_or_default().to_owned();
    let (tickets, others): (Vec<&str>, Vec<&str>) = query.split('&').partition(|part| part.starts_with(NAME));
    let [ticket] = tickets.as_slice() else { return request };
    let ticket = format!("{TICKET}{}", ticket.strip_prefix(NAME).unwrap_or_default());
    let address = format!("{}?{}", request.uri().path(), others.join("&"));
    if let (Ok(ticket), Ok(address)) = (HeaderValue::try_from(ticket), Uri::try_from(address)) {
        *request.uri_mut() = address;
        if !request.headers().contains_key(header::AUTHORIZATION) {
            request.headers_mut().insert(header::AUTHORIZATION, ticket);
            request.extensions_mut().insert(streams);
        }
    }
    request
}
