//! SCIM 2.0 (RFC 7643, RFC 7644): identity providers create, change and deactivate users and groups. Everything goes through the engine,
//! so rights, the change log, the audit and the tenant are those of any other request.

mod attribute;
mod condition;
mod discovery;
mod document;
mod expression;
mod external;
mod find;
mod groups;
mod memberships;
mod patch;
mod records;
mod refusal;
mod shape;
mod users;
mod write;

use crate::GatewayState;
use crate::middleware::{RequestInfo, authenticate, read_body};
use crate::rest::{conditional, json as strict, media};
use attribute::Kind;
use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use axum::routing::{MethodRouter, any};
use clientela_kernel::Id;
use document::Document;
use find::Search;
use http::request::Parts;
use http::{HeaderValue, Method, StatusCode, header};
use records::{Door, Record};
use refusal::{Answer, MEDIA_TYPE, Refusal};
use serde_json::{Map, Value as Json, json};
use shape::Shape;
use std::sync::Arc;
use write::Change;

/// Where SCIM is.
const ROOT: &str = "/scim/v2";
/// Media types of bodies.
const BODIES: &[&str] = &[MEDIA_TYPE, media::JSON];

/// The routes.
pub(crate) fn router(state: &Arc<GatewayState>) -> Router {
    let registry = state.engine.registry();
    if Kind::ALL.iter().any(|kind| registry.resource(kind.resource()).is_none()) {
        return Router::new();
    }
    let mut router = Router::new().route(&format!("{ROOT}/{{*rest}}"), handler(state, elsewhere));
    for name in ["ServiceProviderConfig", "ResourceTypes", "Schemas"] {
        router = router.route(&format!("{ROOT}/{name}"), handler(state, discover));
        router = router.route(&format!("{ROOT}/{name}/{{id}}"), handler(state, discover));
    }
    for kind in Kind::ALL {
        let path = format!("{ROOT}{}", kind.endpoint());
        router = router.route(&path, handler(state, move |state, ask| collection(state, ask, kind)));
        router = router.route(&format!("{path}/.search"), handler(state, move |state, ask| search(state, ask, kind)));
        router = router.route(&format!("{path}/{{id}}"), handler(state, move |state, ask| resource(state, ask, kind)));
    }
    router
}

/// A request, taken apart.
struct Ask {
    parts: Parts,
    body: Body,
    info: RequestInfo,
}

/// A handler of every method; its refusals are told in the form of the protocol.
fn handler<F, R>(state: &Arc<GatewayState>, run: F) -> MethodRouter
where
    F: Fn(Arc<GatewayState>, Ask) -> R + Clone + Send + Sync + 'static,
    R: Future<Output = Answer<Response>> + Send + 'static,
{
    let state = Arc::clone(state);
    any(move |request: Request| {
        let (state, run) = (Arc::clone(&state), run.clone());
        async move {
            let (parts, body) = request.into_parts();
            let info = RequestInfo::among(&parts.extensions);
            match run(state, Ask { parts, body, info }).await {
                Ok(response) => response,
                Err(refusal) => refusal.response(info.id),
            }
        }
    })
}

async fn elsewhere(_state: Arc<GatewayState>, ask: Ask) -> Answer<Response> {
    match ask.parts.uri.path().strip_prefix(ROOT) {
        Some("/Bulk" | "/Me" | "/.search") => {
            Err(Refusal::unsupported("This part of the protocol is not served here: see /scim/v2/ServiceProviderConfig."))
        }
        _ => Err(Refusal::missing("There is nothing here. SCIM has Users, Groups, ServiceProviderConfig, ResourceTypes and Schemas.")),
    }
}

/// What the server can is told to everybody.
async fn discover(state: Arc<GatewayState>, ask: Ask) -> Answer<Response> {
    if !matches!(ask.parts.method, Method::GET | Method::HEAD) {
        return Err(Refusal::method("GET"));
    }
    let base = base(&state);
    let path = ask.parts.uri.path().strip_prefix(ROOT).unwrap_or_default().trim_start_matches('/');
    let (name, id) = path.split_once('/').map_or((path, None), |(name, id)| (name, Some(id)));
    let all = match name {
        "ServiceProviderConfig" if id.is_none() => return Ok(shown(StatusCode::OK, &discovery::configuration(&base))),
        "ResourceTypes" => discovery::resource_types(&base),
        "Schemas" => discovery::schemas(&base),
        _ => return elsewhere(state, ask).await,
    };
    match id {
        None => {
            let list = json!({
                "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
                "totalResults": all.len(), "startIndex": 1, "itemsPerPage": all.len(), "Resources": all,
            });
            Ok(shown(StatusCode::OK, &list))
        }
        Some(id) => {
            match all.into_iter().find(|one| one.get("id").and_then(Json::as_str).is_some_and(|own| own.eq_ignore_ascii_case(id))) {
                Some(one) => Ok(shown(StatusCode::OK, &one)),
                None => Err(Refusal::missing(format!("There is no {id:?} among the {name}."))),
            }
        }
    }
}

/// `/scim/v2/Users`, `/scim/v2/Groups`.
async fn collection(state: Arc<GatewayState>, ask: Ask, kind: Kind) -> Answer<Response> {
    let door = door(&state, &ask.parts, ask.info).await?;
    match ask.parts.method {
        Method::GET | Method::HEAD => {
            let search = from_query(kind, ask.parts.uri.query(), true)?;
            Ok(shown(StatusCode::OK, &find::list(&door, kind, &search).await?))
        }
        Method::POST => {
            let shape = from_query(kind, ask.parts.uri.query(), false)?.shape;
            let document = document::read(kind, &object(&state, ask).await?)?;
            let made = write::carry_out(&door, kind, &Change::Create(document), None).await?;
            Ok(answered(StatusCode::CREATED, made, &shape))
        }
        _ => Err(Refusal::method("GET, POST")),
    }
}

/// `/scim/v2/Users/.search`: the same as a list, asked for by a body.
async fn search(state: Arc<GatewayState>, ask: Ask, kind: Kind) -> Answer<Response> {
    if ask.parts.method != Method::POST {
        return Err(Refusal::method("POST"));
    }
    let door = door(&state, &ask.parts, ask.info).await?;
    let search = from_body(kind, &object(&state, ask).await?)?;
    Ok(shown(StatusCode::OK, &find::list(&door, kind, &search).await?))
}

/// `/scim/v2/Users/{id}`.
async fn resource(state: Arc<GatewayState>, ask: Ask, kind: Kind) -> Answer<Response> {
    let door = door(&state, &ask.parts, ask.info).await?;
    let text = ask.parts.uri.path().rsplit('/').next().unwrap_or_default().to_owned();
    let def = records::definition(&door.engine, kind.resource())?;
    let id = Id::parse(&text, &def.prefix).map_err(|_| {
        Refusal::missing(format!(
            "{text:?} is not the id of a {}. Such ids look like {}_01h455vb4pex5vsknk084sn02q.",
            kind.name(),
            def.prefix
        ))
    })?;
    let shape = from_query(kind, ask.parts.uri.query(), false)?.shape;
    let matched = conditional::if_match(&ask.parts.headers)?;
    let change = match ask.parts.method {
        Method::GET | Method::HEAD => {
            let found = find::one(&door, kind, id, true).await?;
            let (document, version) = found.ok_or_else(|| write::missing(&door, kind, id))?;
            if conditional::none_match_hits(&ask.parts.headers, version)? {
                let mut response = answered(StatusCode::NOT_MODIFIED, Some(document), &shape);
                *response.body_mut() = Body::empty();
                return Ok(response);
            }
            return Ok(answered(StatusCode::OK, Some(document), &shape));
        }
        Method::PUT => Change::Replace(id, document::read(kind, &object(&state, ask).await?)?),
        Method::PATCH => Change::Patch(id, patch::steps(&object(&state, ask).await?)?),
        Method::DELETE => Change::Delete(id),
        _ => return Err(Refusal::method("GET, PUT, PATCH, DELETE")),
    };
    let document = write::carry_out(&door, kind, &change, matched.as_ref()).await?;
    Ok(answered(StatusCode::OK, document, &shape))
}

fn base(state: &GatewayState) -> String {
    format!("{}{ROOT}", state.public_url.trim_end_matches('/'))
}

/// Who asks, and the engine of their tenant.
async fn door(state: &GatewayState, parts: &Parts, info: RequestInfo) -> Answer<Door> {
    let context = authenticate(state, info, &parts.headers).await?;
    let engine = state.engine.of(context.tenant).await?.unwrap_or_else(|| state.engine.clone());
    Ok(Door { engine, context, base: base(state) })
}

/// The body, one JSON object.
async fn object(state: &GatewayState, ask: Ask) -> Answer<Map<String, Json>> {
    media::check(&ask.parts.headers, BODIES)?;
    let bytes = read_body(ask.body, state.limits.body_bytes).await?;
    Ok(strict::parse_object(&bytes, state.limits.json_depth)?)
}

/// The parameters of a list, or those of a single resource.
fn from_query(kind: Kind, query: Option<&str>, list: bool) -> Answer<Search> {
    let mut given: Map<String, Json> = Map::new();
    for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
        let value = match name.to_ascii_lowercase().as_str() {
            "startindex" | "count" => {
                let number: Option<i64> = value.trim().parse().ok();
                number
                    .map(Json::from)
                    .ok_or_else(|| Refusal::bad("invalidValue", format!("{name} is {value:?}, but must be a whole number.")))?
            }
            "attributes" | "excludedattributes" => value.split(',').map(str::trim).collect(),
            _ => Json::from(value.as_ref()),
        };
        if given.insert(name.clone().into_owned(), value).is_some() {
            return Err(Refusal::bad("invalidValue", format!("The parameter {name} stands there more than once. Send it once.")));
        }
    }
    let shape_alone = |name: &str| name.eq_ignore_ascii_case("attributes") || name.eq_ignore_ascii_case("excludedAttributes");
    if let Some(name) = given.keys().find(|name| !list && !shape_alone(name)) {
        return Err(unknown_parameter(name));
    }
    from_body(kind, &given)
}

fn unknown_parameter(name: &str) -> Refusal {
    Refusal::bad(
        "invalidValue",
        format!(
            "There is no parameter {name:?} here. Lists take filter, sortBy, sortOrder, startIndex, count, attributes and excludedAttributes."
        ),
    )
}

/// The members of a search.
fn from_body(kind: Kind, body: &Map<String, Json>) -> Answer<Search> {
    let mut search = Search::default();
    let (mut only, mut without) = (Vec::new(), Vec::new());
    for (name, value) in body.iter().filter(|(_, value)| !value.is_null()) {
        let wrong = |wanted: &str| Refusal::bad("invalidValue", format!("{name} is {value}, but must be {wanted}."));
        let text = || value.as_str().map(str::to_owned).ok_or_else(|| wrong("a text"));
        let number = || value.as_i64().ok_or_else(|| wrong("a whole number"));
        let names = || {
            let list = value.as_array().ok_or_else(|| wrong("a list of names"))?;
            list.iter().map(|name| name.as_str().map(str::to_owned).ok_or_else(|| wrong("a list of names"))).collect::<Answer<Vec<_>>>()
        };
        match name.to_ascii_lowercase().as_str() {
            "schemas" => {}
            "filter" => search.filter = Some(text()?).filter(|filter| !filter.trim().is_empty()),
            "sortby" => search.sort_by = Some(text()?),
            "sortorder" => {
                search.descending = match text()?.to_ascii_lowercase().as_str() {
                    "ascending" => false,
                    "descending" => true,
                    _ => return Err(wrong("ascending or descending")),
                }
            }
            "startindex" => search.start_index = Some(number()?),
            "count" => search.count = Some(number()?),
            "attributes" => only = names()?,
            "excludedattributes" => without = names()?,
            _ => return Err(unknown_parameter(name)),
        }
    }
    search.shape = Shape::read(kind, &only, &without)?;
    Ok(search)
}

/// What is about a resource and not of it.
fn meta(door: &Door, kind: Kind, record: &Record) -> Json {
    let field = |name: &str| record.get(name).cloned().unwrap_or_default();
    let id = record.get("id").and_then(Json::as_str).unwrap_or_default();
    json!({
        "resourceType": kind.name(),
        "created": field("createdAt"),
        "lastModified": field("updatedAt"),
        "location": format!("{}{}/{id}", door.base, kind.endpoint()),
        "version": format!("W/\"{}\"", field("version")),
    })
}

fn shown(status: StatusCode, body: &Json) -> Response {
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
    response
}

/// The answer with a resource; without one there is nothing to show.
fn answered(status: StatusCode, document: Option<Document>, shape: &Shape) -> Response {
    let Some(document) = document else {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NO_CONTENT;
        return response;
    };
    let of = |name: &str| {
        let text = document.get("meta").and_then(|meta| meta.get(name)).and_then(Json::as_str)?;
        HeaderValue::from_str(text).ok()
    };
    let (version, location) = (of("version"), of("location"));
    let mut response = shown(status, &Json::Object(shape.of(document)));
    if let Some(version) = version {
        response.headers_mut().insert(header::ETAG, version);
    }
    if let Some(location) = location.filter(|_| status == StatusCode::CREATED) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}
