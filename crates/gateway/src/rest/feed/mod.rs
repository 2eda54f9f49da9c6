//! The feed: `GET /v1/changes`, and as a stream `GET /v1/changes/stream`.

mod entry;
mod stream;

pub(super) use stream::stream;

use super::call::{Call, json_answer};
use super::filter;
use super::parameters::{self, Parameters, invalid};
use crate::GatewayState;
use crate::follow::Follower;
use axum::response::Response;
use clientela_engine::feed::FeedRequest;
use clientela_kernel::{Error, ErrorCode, Name, PageArguments, Result};
use clientela_model::Registry;
use entry::Shown;
use http::StatusCode;
use serde_json::{Map, Value as Json, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// Names of the query parameters.
pub(crate) const NAMES: &[&str] = &["after", "resources", "filter", "limit", "record", "wait"];
/// Those of the stream.
pub(crate) const STREAM_NAMES: &[&str] = &["after", "resources", "filter", "record"];
/// What `after` says where only what happens from now on counts.
pub(crate) const NOW: &str = "now";
/// The longest that `wait` may be, in seconds.
pub(crate) const LONGEST_WAIT: u64 = 60;
/// How much of a record entries show.
pub(crate) const RECORD: [(&str, &str); 3] = [
    ("full", "The whole record as it is now"),
    ("changed", "of an `UPDATED` entry only the fields that were changed, with `id` and `version`; of others the whole record"),
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
    let mut bytes = b"{\"data\":[".to_vec();
    for (index, entry) in followed.page.entries.iter().enumerate() {
        if index > 0 {
            bytes.push(b',');
        }
        entry::write(&followed, entry, shown, &state.limits, &mut bytes).await?;
    }
    let page = json!({ "next": followed.page.next, "hasMore": followed.page.more });
    bytes.extend_from_slice(format!("],\"page\":{page}}}").as_bytes());
    Ok(json_answer(StatusCode::OK, bytes))
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
    let after = parameters.get("after").map(str::to_owned);
    let from_now = after.as_deref() == Some(NOW);
    Ok(FeedRequest {
        filter: tree.map_or(Ok(Map::new()), |tree| by_resource(&resources, tree))?,
        resources,
        limit: PageArguments::MAXIMUM_LIMIT,
        after: after.filter(|_| !from_now),
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
