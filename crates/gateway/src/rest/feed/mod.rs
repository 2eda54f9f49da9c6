//! The feed: `GET /v1/changes`, and as a stream `GET /v1/changes/stream`.

mod entry;
mod stream;
mod ticket;

pub(super) use stream::stream;
pub(super) use ticket::{admitted, ticket};

use super::call::{Call, json_answer};
use super::filter;
use super::parameters::{self, Parameters, invalid};
use crate::GatewayState;
use crate::follow::{Followed, Follower};
use axum::response::Response;
use clientela_engine::feed::FeedRequest;
use clientela_kernel::{Error, ErrorCode, FieldProblem, Name, PageArguments, ProblemCode, Result};
use clientela_model::Registry;
use entry::Shown;
use http::StatusCode;
use serde_json::{Map, Value as Json, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// Names of the query parameters.
pub(crate) const NAMES: &[&str] = &["after", "resources", "filter", "scope", "limit", "record", "wait"];
/// Those of the stream.
pub(crate) const STREAM_NAMES: &[&str] = &["after", "resources", "filter", "scope", "record"];
/// What `after` says where only what happens from now on counts.
pub(crate) const NOW: &str = "now";
/// The longest that `wait` may be, in seconds.
pub(crate) const LONGEST_WAIT: u64 = 60;
/// How much of a record entries show.
pub(crate) const RECORD: [(&str, &str); 3] = [
    ("full", "The whole record as it is now"),
    (
        "changed",
        "of an `UPDATED` entry only the fields that were changed, as they are now, with `id`, `updatedAt`, `updatedBy` and, as `version`, that which the change led to; put them over what the copy \
         holds, those of `custom` one by one. The whole record where the copy does not hold it yet (also where an update brought it into sight), where it is shown otherwise (`ACCESS_CHANGED`), where it \
         came back, and where the log does not say what was changed",
    ),
    ("none", "nothing of it"),
];

/// `GET /v1/changes`.
pub(super) async fn changes(state: Arc<GatewayState>, call: Call) -> Result<Response> {
    let parameters = Parameters::parse(call.query(), NAMES)?;
    let shown = Shown::read(parameters.get("record"))?;
    let wait = parameters.get("wait").map(seconds).transpose()?.unwrap_or_default();
    let mut request = request(state.engine.registry(), &state, &parameters)?;
    request.limit = parameters.get("limit").map(parameters::limit).transpose()?.unwrap_or(PageArguments::DEFAULT_LIMIT);
    let mut follower = Follower::new(Arc::clone(&state), call.info, call.parts.headers.clone(), request);
    let followed = follower.page_until(Instant::now() + wait).await?;
    let mut bytes = Vec::with_capacity(4 * 1024);
    write_page(&followed, shown, &mut bytes).await?;
    Ok(json_answer(StatusCode::OK, bytes))
}

/// Appends a page: `{"data": […], "page": {…}}`.
pub(super) async fn write_page(followed: &Followed, shown: Shown, out: &mut Vec<u8>) -> Result<()> {
    out.extend_from_slice(b"{\"data\":[");
    for (index, entry) in followed.page.entries.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        entry::write(followed, entry, shown, out).await?;
    }
    let page = json!({ "next": followed.page.next, "hasMore": followed.page.more });
    out.extend_from_slice(format!("],\"page\":{page}}}").as_bytes());
    Ok(())
}

/// A page that is asked for in a body.
pub(super) struct Pull {
    pub(super) request: FeedRequest,
    pub(super) shown: Shown,
}

/// Reads what is asked for in a body: `after`, `resources`, `filter`, `scope`, `limit`, `record`.
pub(super) fn pull(registry: &Registry, members: &Map<String, Json>) -> Result<Pull> {
    const MEMBERS: [&str; 6] = ["after", "resources", "filter", "scope", "limit", "record"];
    let wrong = |name: &str, what: &str| {
        Error::validation(vec![FieldProblem::new(format!("/pull/{name}"), ProblemCode::WrongType, format!("{name} must be {what}."))])
    };
    if let Some(unknown) = members.keys().find(|name| !MEMBERS.contains(&name.as_str())) {
        let text = format!("pull has no member {unknown:?}; it has {}.", MEMBERS.join(", "));
        return Err(Error::validation(vec![FieldProblem::new(format!("/pull/{unknown}"), ProblemCode::UnknownField, text)]));
    }
    let given = |name: &str| members.get(name).filter(|json| !json.is_null());
    let text = |name: &str| given(name).map(|json| json.as_str().map(str::to_owned).ok_or_else(|| wrong(name, "a text"))).transpose();
    let resources = match given("resources") {
        None => Vec::new(),
        Some(json) => {
            let names = json.as_array().and_then(|names| names.iter().map(Json::as_str).collect::<Option<Vec<_>>>());
            names.ok_or_else(|| wrong("resources", "a list of names"))?.into_iter().map(|name| resource(registry, name)).collect()
        }
    };
    let filter = match given("filter") {
        None => Map::new(),
        Some(json @ Json::Object(_)) => by_resource(&resources, json.clone())?,
        Some(_) => return Err(wrong("filter", "an object whose members are resources, each with a filter tree")),
    };
    let limit = match given("limit") {
        None => PageArguments::DEFAULT_LIMIT,
        Some(json) => {
            let most = u64::from(PageArguments::MAXIMUM_LIMIT);
            let limit = json.as_u64().filter(|limit| (1..=most).contains(limit)).and_then(|limit| u32::try_from(limit).ok());
            limit.ok_or_else(|| wrong("limit", &format!("a whole number from 1 to {most}")))?
        }
    };
    let (after, from_now) = begin(text("after")?);
    let shown = Shown::read(text("record")?.as_deref())?;
    Ok(Pull { request: FeedRequest { resources, filter, scope: text("scope")?, limit, after, from_now }, shown })
}

/// Where to go on, and whether with what happens from now on.
fn begin(after: Option<String>) -> (Option<String>, bool) {
    let from_now = after.as_deref() == Some(NOW);
    (after.filter(|_| !from_now), from_now)
}

fn seconds(text: &str) -> Result<Duration> {
    let seconds = text.parse::<u64>().ok().filter(|seconds| *seconds <= LONGEST_WAIT);
    seconds
        .map(Duration::from_secs)
        .ok_or_else(|| invalid(format!("wait is {text:?}, but must be a whole number of seconds from 0 to {LONGEST_WAIT}.")))
}

/// What is followed.
fn request(registry: &Registry, state: &GatewayState, parameters: &Parameters<'_>) -> Result<FeedRequest> {
    let named = parameters.get("resources").map_or(Ok(Vec::new()), |text| parameters::names("resources", text))?;
    let resources: Vec<Name> = named.iter().map(|name| resource(registry, name)).collect();
    let tree = match parameters.get("filter") {
        Some(text) => Some(filter::from_json(text, state.limits.json_depth)?),
        None if parameters.brackets.is_empty() => None,
        None => Some(bracketed(registry, &resources, &parameters.brackets)?),
    };
    let (after, from_now) = begin(parameters.get("after").map(str::to_owned));
    Ok(FeedRequest {
        filter: tree.map_or(Ok(Map::new()), |tree| by_resource(&resources, tree))?,
        resources,
        scope: parameters.get("scope").map(str::to_owned),
        limit: PageArguments::MAXIMUM_LIMIT,
        after,
        from_now,
    })
}

/// A resource by its name, `contactPoint`, or as it stands in addresses, `contact-points`. An unknown one stays as it is; the engine refuses it.
fn resource(registry: &Registry, name: &str) -> Name {
    let found = registry.resources().iter().find(|def| *def.name == *name || *def.path == *name);
    found.map_or_else(|| name.to_owned().into(), |def| def.name.clone())
}

/// Filter trees by resource: where one resource is followed, the tree may stand by itself.
fn by_resource(resources: &[Name], tree: Json) -> Result<Map<String, Json>> {
    let Json::Object(members) = tree else { return Err(Error::new(ErrorCode::InvalidFilter, "filter must be a JSON object.")) };
    match resources {
        [one] if !members.contains_key(one.as_ref()) || !members.get(one.as_ref()).is_some_and(Json::is_object) => {
            Ok(if members.is_empty() { members } else { Map::from_iter([(one.to_string(), Json::Object(members))]) })
        }
        _ => Ok(members),
    }
}

/// `filter[country][eq]=AT`, where one resource is followed.
fn bracketed(registry: &Registry, resources: &[Name], brackets: &[(Vec<String>, String)]) -> Result<Json> {
    let one = match resources {
        [one] => registry.resource(one),
        _ => None,
    };
    let def = one.ok_or_else(|| {
        invalid("filter[…] stands for the filter of one resource. Name it in resources, or send filter as JSON with a member for each resource.".to_owned())
    })?;
    filter::from_brackets(registry, def, brackets)
}
