//! Results over a WebSocket, by the protocols `graphql-transport-ws` and `graphql-ws`: async-graphql speaks them, and asks us for what is executed.

use super::{Result, results};
use crate::graphql::http::{Graphql, Parameters};
use crate::middleware::{RequestInfo, authenticate};
use ::http::{HeaderMap, HeaderValue, StatusCode, header};
use async_graphql::http::ALL_WEBSOCKET_PROTOCOLS;
use async_graphql::{Data, Executor, PathSegment, Request, Response, ServerError, Value};
use async_graphql_axum::{GraphQLProtocol, GraphQLWebSocket};
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{FromRequestParts as _, Request as HttpRequest};
use axum::response::{IntoResponse as _, Response as HttpResponse};
use clientela_kernel::{Error, ErrorCode};
use futures_util::stream::{self, BoxStream, StreamExt as _};
use serde_json::{Map, Value as Json};
use std::any::TypeId;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;

/// A client that says nothing for so long, not even a ping, has gone.
const SILENCE: Duration = Duration::from_secs(120);
/// How many sockets are open at once. Beyond it somebody else would pay.
const MOST: usize = 8_000;
/// The largest message that is taken, in bytes.
const LARGEST: usize = 1 << 20;

/// The places of sockets.
pub(in crate::graphql) fn places() -> Arc<Semaphore> {
    Arc::new(Semaphore::new(MOST))
}

/// Whether a request asks for a WebSocket.
pub(in crate::graphql) fn is_asked_for(headers: &HeaderMap) -> bool {
    headers.get(header::UPGRADE).is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"websocket"))
}

/// Takes the connection over.
pub(in crate::graphql) async fn upgrade(
    graphql: Arc<Graphql>,
    info: RequestInfo,
    request: HttpRequest,
) -> std::result::Result<HttpResponse, Error> {
    let (mut parts, _) = request.into_parts();
    let place = Arc::clone(&graphql.sockets).try_acquire_owned().map_err(|_| {
        let text = format!("{} sockets are open, which is as many as there may be. Try again in a while, or follow /v1/changes.", MOST);
        Error::new(ErrorCode::Overloaded, text)
    })?;
    let protocol = GraphQLProtocol::from_request_parts(&mut parts, &()).await.map_err(|_: StatusCode| {
        let text =
            format!("Sec-WebSocket-Protocol names none of the protocols that are spoken here: {}.", ALL_WEBSOCKET_PROTOCOLS.join(", "));
        Error::new(ErrorCode::InvalidParameter, text)
    })?;
    let socket = match WebSocketUpgrade::from_request_parts(&mut parts, &()).await {
        Ok(socket) => socket.max_message_size(LARGEST).protocols(ALL_WEBSOCKET_PROTOCOLS),
        Err(refused) => return Ok(refused.into_response()),
    };
    let executor = Live { graphql: Arc::clone(&graphql), info };
    let headers = parts.headers;
    Ok(socket.on_upgrade(async move |stream| {
        let socket = GraphQLWebSocket::new(stream, executor, protocol)
            .on_connection_init(move |payload| begun(graphql, info, headers, payload))
            .keepalive_timeout(SILENCE);
        socket.serve().await;
        drop(place);
    }))
}

/// Finds out who begins: browsers cannot send headers with a WebSocket, so the credential may stand in the first message as well.
async fn begun(graphql: Arc<Graphql>, info: RequestInfo, headers: HeaderMap, payload: Json) -> async_graphql::Result<Data> {
    let places = ["/Authorization", "/authorization", "/headers/Authorization", "/headers/authorization"];
    let said = places.iter().find_map(|place| payload.pointer(place)).and_then(Json::as_str).map(HeaderValue::from_str);
    let mut credentials = HeaderMap::new();
    match said {
        Some(Ok(value)) => drop(credentials.insert(header::AUTHORIZATION, value)),
        Some(Err(_)) => return Err(async_graphql::Error::new("Authorization in the payload of connection_init is no header.")),
        None => credentials.extend(headers.get_all(header::AUTHORIZATION).iter().map(|value| (Some(header::AUTHORIZATION), value.clone()))),
    }
    let now = graphql.state.clock.now();
    authenticate(&graphql.state, RequestInfo { now, ..info }, &credentials)
        .await
        .map_err(|error| async_graphql::Error::new(error.detail()))?;
    let mut data = Data::default();
    data.insert(credentials);
    Ok(data)
}

/// Executes what comes over one connection.
#[derive(Clone)]
struct Live {
    graphql: Arc<Graphql>,
    info: RequestInfo,
}

impl Live {
    fn stream(&self, request: Request, session: Option<&Data>) -> BoxStream<'static, Response> {
        let headers = session.and_then(|data| data.get(&TypeId::of::<HeaderMap>())).and_then(|headers| headers.downcast_ref::<HeaderMap>());
        let variables = match request.variables.into_value().into_json() {
            Ok(Json::Object(variables)) => variables,
            _ => Map::new(),
        };
        let parameters = Parameters { query: request.query, operation_name: request.operation_name, variables };
        let begun = results(Arc::clone(&self.graphql), self.info, headers.cloned().unwrap_or_default(), parameters, false);
        stream::once(begun)
            .flat_map(|results| results)
            .filter_map(|result| async move {
                match result {
                    Result::Next(json) => Some(response(&json)),
                    // The protocol has pings of its own.
                    Result::Quiet => None,
                }
            })
            .boxed()
    }
}

impl Executor for Live {
    async fn execute(&self, request: Request) -> Response {
        self.stream(request, None).next().await.unwrap_or_default()
    }

    fn execute_stream(&self, request: Request, session_data: Option<Arc<Data>>) -> BoxStream<'static, Response> {
        self.stream(request, session_data.as_deref())
    }
}

/// An execution result in the form that async-graphql writes.
fn response(json: &[u8]) -> Response {
    let mut result: Map<String, Json> = serde_json::from_slice(json).unwrap_or_default();
    let data = result.remove("data").and_then(|data| Value::from_json(data).ok());
    let mut response = Response::new(data.unwrap_or_default());
    for error in result.get("errors").and_then(Json::as_array).into_iter().flatten() {
        response.errors.push(server_error(error));
    }
    for (name, value) in result.get("extensions").and_then(Json::as_object).into_iter().flatten() {
        response.extensions.insert(name.clone(), Value::from_json(value.clone()).unwrap_or_default());
    }
    response
}

fn server_error(error: &Json) -> ServerError {
    let mut made = ServerError::new(error["message"].as_str().unwrap_or_default(), None);
    for segment in error["path"].as_array().into_iter().flatten() {
        made.path.push(match segment {
            Json::String(name) => PathSegment::Field(name.clone()),
            other => PathSegment::Index(other.as_u64().and_then(|index| usize::try_from(index).ok()).unwrap_or_default()),
        });
    }
    if let Some(extensions) = error["extensions"].as_object() {
        let mut values = async_graphql::ErrorExtensionValues::default();
        for (name, value) in extensions {
            values.set(name, Value::from_json(value.clone()).unwrap_or_default());
        }
        made.extensions = Some(values);
    }
    made
}
