//! GraphQL over HTTP. Statuses are those the `graphql-http` audit asks for; <https://graphql.github.io/graphql-over-http>.
//!
//! A document that asks the schema alone (`__schema`, `__type`, `__typename`) needs no credential: the schema is public,
//! as /schema.graphql is. Everything else is answered with 401 without one.

mod accept;
mod parameters;
#[cfg(test)]
mod tests;

use super::live;
use super::plan::{Answer, Prepared, Preparer, Problem, Run};
use crate::document::OwnDocument;
use crate::idempotency::IDEMPOTENCY_KEY;
use crate::middleware::{RequestInfo, authenticate, read_body};
use crate::own::Kept;
use crate::{GatewayState, problem};
use ::http::request::Parts;
use ::http::{HeaderValue, Method, StatusCode, header};
use accept::Format;
use async_graphql::parser::types::OperationType;
use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::get;
use clientela_kernel::{Error, ErrorCode};
pub(super) use parameters::Parameters;
use std::sync::Arc;
use tokio::sync::Semaphore;

/// What the handlers share.
pub(super) struct Graphql {
    pub(super) state: Arc<GatewayState>,
    pub(super) preparer: Preparer,
    /// Those of tenants that add to the definitions.
    pub(super) own: Kept<Preparer>,
    /// Places of open sockets.
    pub(super) sockets: Arc<Semaphore>,
}

/// How many tenants' own schemas are kept ready; each takes some megabytes.
const OWN_SCHEMAS: usize = 12;
/// How many of them are kept as text.
const OWN_TEXTS: usize = 8;

/// The routes. Definitions that make no schema are a fault of the program: the routes then answer with it.
pub(super) fn router(state: &Arc<GatewayState>) -> Router {
    match Graphql::new(state) {
        Ok(graphql) => {
            let registry = Arc::clone(state.engine.registry());
            let printed = Arc::new(OwnDocument::new("application/graphql; charset=utf-8", OWN_TEXTS, registry, super::sdl));
            let asked = Arc::clone(state);
            Router::new()
                .route("/graphql", get(serve).post(serve))
                .route(
                    "/schema.graphql",
                    get(move |request: Request| {
                        let (printed, asked) = (Arc::clone(&printed), Arc::clone(&asked));
                        async move { printed.answer(&asked, request).await }
                    }),
                )
                .with_state(Arc::new(graphql))
        }
        Err(error) => {
            let answer = move |request: Request| {
                let error = error.clone();
                async move { problem::response(&error, RequestInfo::of(&request).id, request.uri().path()) }
            };
            Router::new().route("/graphql", get(answer.clone()).post(answer.clone())).route("/schema.graphql", get(answer))
        }
    }
}

impl Graphql {
    fn new(state: &Arc<GatewayState>) -> clientela_kernel::Result<Self> {
        let (preparer, own) = (super::preparer(state.engine.registry())?, Kept::new(OWN_SCHEMAS));
        Ok(Graphql { state: state.clone(), preparer, own, sockets: live::places() })
    }
}

async fn serve(State(graphql): State<Arc<Graphql>>, request: Request) -> Response {
    let info = RequestInfo::of(&request);
    if live::is_asked_for(request.headers()) {
        return match live::upgrade(graphql, info, request).await {
            Ok(response) => response,
            Err(error) => refuse(error, Format::Json, info),
        };
    }
    let format = match accept::negotiate(request.headers()) {
        Ok(format) => format,
        Err(error) => return refuse(error, Format::Json, info),
    };
    if format == Format::Events {
        return match follow(graphql, info, request).await {
            Ok(response) => response,
            Err(error) => refuse(error, Format::Json, info),
        };
    }
    match run(&graphql, info, request, format).await {
        Ok(response) => response,
        Err(error) => refuse(error, format, info),
    }
}

/// What went wrong before there was a GraphQL request: always with its own status.
fn refuse(error: Error, format: Format, info: RequestInfo) -> Response {
    let answer = Answer::refusal(&[Problem { error: error.clone(), locations: Vec::new(), path: Vec::new() }], info.id);
    let mut response = respond(answer, format);
    *response.status_mut() = problem::status(&error);
    problem::add_headers(&error, response.headers_mut());
    response
}

/// The parameters of a request, and whether they came by GET.
async fn parameters(graphql: &Graphql, parts: &Parts, body: Body) -> Result<(Parameters, bool), Error> {
    if parts.method != Method::POST {
        return Ok((Parameters::from_query(parts.uri.query().unwrap_or_default())?, true));
    }
    accept::check_content_type(&parts.headers)?;
    if parts.headers.contains_key(IDEMPOTENCY_KEY) {
        let text = "GraphQL takes no Idempotency-Key header, since a document may hold several mutations. Put the key into input.idempotencyKey of each.";
        return Err(Error::new(ErrorCode::InvalidParameter, text));
    }
    Ok((Parameters::from_body(&read_body(body, graphql.state.limits.body_bytes).await?)?, false))
}

/// The answer as a stream of results.
async fn follow(graphql: Arc<Graphql>, info: RequestInfo, request: Request) -> Result<Response, Error> {
    let (parts, body) = request.into_parts();
    let (parameters, by_get) = parameters(&graphql, &parts, body).await?;
    // Without a credential there is no stream.
    drop(authenticate(&graphql.state, info, &parts.headers).await?);
    Ok(live::answer(live::results(graphql, info, parts.headers, parameters, by_get).await))
}

/// Refuses to change anything by GET.
pub(super) fn check_method(prepared: &Prepared, by_get: bool) -> Result<(), Error> {
    if by_get && prepared.kind == OperationType::Mutation {
        let text = "A mutation cannot be sent by GET, which caches and crawlers repeat. Use POST.";
        return Err(Error::new(ErrorCode::MethodNotAllowed, text).with_allow("POST"));
    }
    Ok(())
}

async fn run(graphql: &Graphql, info: RequestInfo, request: Request, format: Format) -> Result<Response, Error> {
    let (parts, body) = request.into_parts();
    let (parameters, by_get) = parameters(graphql, &parts, body).await?;
    let context = authenticate(&graphql.state, info, &parts.headers).await;
    // Whoever is somebody has the schema of their tenant.
    let own = match &context {
        Ok(context) => graphql.state.engine.of(context.tenant).await?.map(|engine| (context.tenant, engine)),
        Err(_) => None,
    };
    let made = match &own {
        Some((tenant, engine)) => Some(graphql.own.of(*tenant, engine.registry(), || super::preparer(engine.registry()))?),
        None => None,
    };
    let preparer = made.as_deref().unwrap_or(&graphql.preparer);
    let prepared = match preparer.prepare(&parameters.query, parameters.operation_name.as_deref()).await {
        Ok(prepared) => prepared,
        Err(problems) => return Ok(respond(Answer::refusal(&problems, info.id), format)),
    };
    check_method(&prepared, by_get)?;
    if prepared.kind == OperationType::Subscription {
        let text =
            "A subscription has many answers. Accept text/event-stream, or connect by WebSocket with the protocol graphql-transport-ws.";
        return Err(Error::new(ErrorCode::NotAcceptable, text));
    }
    let context = match context {
        Ok(context) => Some(context),
        Err(_) if prepared.introspection_only => None,
        Err(error) => return Err(error),
    };
    let run = Run {
        preparer,
        prepared: &prepared,
        source: own.as_ref().map_or(&graphql.state.engine, |(_, engine)| engine),
        context: context.as_ref(),
        request_id: info.id,
    };
    Ok(respond(run.answer(&parameters.variables).await, format))
}

/// The response to a GraphQL request. A refused one is 400 in GraphQL's own media type and 200 in plain JSON, where a
/// client cannot tell ours from a proxy's errors otherwise.
fn respond(answer: Answer, format: Format) -> Response {
    let mut response = Response::new(Body::from(answer.body));
    if let Some(code) = answer.refused
        && format == Format::GraphqlResponse
    {
        *response.status_mut() = StatusCode::from_u16(code.status()).unwrap_or(StatusCode::BAD_REQUEST);
    }
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, format.content_type());
    if let Some(seconds) = answer.retry_after {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}
