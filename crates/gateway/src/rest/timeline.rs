//! Everything there is about a party: `GET /v1/accounts/{id}/timeline`.

use super::call::{Bound, Call, json_answer};
use super::link;
use super::parameters::{self, Parameters, invalid};
use crate::array::split_array;
use axum::response::Response;
use clientela_engine::engine::ReadAnswer;
use clientela_engine::timeline::{TimelineEntry, TimelineRequest};
use clientela_engine::{ReadPlan, Root, Selection};
use clientela_kernel::{Context, PageArguments, Result, Timestamp};
use http::{StatusCode, header};
use serde_json::json;
use std::collections::HashMap;
use std::sync::Arc;
use uuid::Uuid;

/// Names of the query parameters.
pub(crate) const NAMES: &[&str] = &["kinds", "from", "to", "expand", "limit", "after"];
/// The one relation that `expand` names.
pub(crate) const RECORD: &str = "record";

/// `GET /v1/accounts/{id}/timeline`.
pub(super) async fn timeline(bound: Arc<Bound>, call: Call) -> Result<Response> {
    let context = call.context(&bound.state).await?;
    let id = call.id(&bound)?;
    let parameters = Parameters::parse(call.query(), NAMES)?;
    let moment = |name: &str| parameters.get(name).map(|text| instant(name, text)).transpose();
    let expand = match parameters.get("expand") {
        None => false,
        Some(RECORD) => true,
        Some(other) => return Err(invalid(format!("expand is {other:?}, but must be {RECORD} here."))),
    };
    let request = TimelineRequest {
        kinds: parameters.get("kinds").map_or(Ok(Vec::new()), |text| parameters::names("kinds", text))?,
        from: moment("from")?,
        to: moment("to")?,
        limit: parameters.get("limit").map(parameters::limit).transpose()?.unwrap_or(PageArguments::DEFAULT_LIMIT),
        after: parameters.get("after").map(str::to_owned),
    };
    let page = bound.state.engine.timeline(&context, &bound.def, id, &request).await?;
    let mut records = if expand { records(&bound, &context, &page.entries).await? } else { HashMap::new() };
    let mut bytes = b"{\"data\":[".to_vec();
    for (index, entry) in page.entries.iter().enumerate() {
        if index > 0 {
            bytes.push(b',');
        }
        let text = entry.to_json().to_string();
        bytes.extend_from_slice(text.strip_suffix('}').unwrap_or(&text).as_bytes());
        if expand {
            bytes.extend_from_slice(b",\"record\":");
            // A record that stands there twice is read once; one that has gone since is null.
            match records.get_mut(&entry.id.0) {
                Some(record) => bytes.extend_from_slice(record),
                None => bytes.extend_from_slice(b"null"),
            }
        }
        bytes.push(b'}');
    }
    let next = json!({ "next": page.next, "hasMore": page.next.is_some() });
    bytes.extend_from_slice(format!("],\"page\":{next}}}").as_bytes());
    let mut response = json_answer(StatusCode::OK, bytes);
    let places = ReadAnswer { next_cursor: page.next, ..ReadAnswer::default() };
    let path = format!("{}/{}/timeline", bound.path, id.to_text(&bound.def.prefix));
    if let Some(link) = link::header(&bound.state.public_url, &path, call.query(), &places) {
        response.headers_mut().insert(header::LINK, link);
    }
    Ok(response)
}

fn instant(name: &str, text: &str) -> Result<Timestamp> {
    Timestamp::parse(text).ok_or_else(|| invalid(format!("{name} is {text:?}, but must be an instant such as 2026-03-01T00:00:00Z.")))
}

/// The records of the entries, as JSON: one statement for each kind.
async fn records(bound: &Bound, context: &Context, entries: &[TimelineEntry]) -> Result<HashMap<Uuid, Vec<u8>>> {
    let mut records = HashMap::with_capacity(entries.len());
    for def in bound.state.engine.registry().resources() {
        let mut ids: Vec<Uuid> = entries.iter().filter(|entry| entry.def.name == def.name).map(|entry| entry.id.0).collect();
        ids.sort_unstable();
        ids.dedup();
        if ids.is_empty() {
            continue;
        }
        let plan = ReadPlan { def: Arc::clone(def), root: Root::Records { ids: ids.clone(), selection: Selection::whole(def) } };
        let mut text = Vec::new();
        bound.state.engine.read(context, &plan, &mut text).await?;
        records.extend(ids.into_iter().zip(split_array(&text)).map(|(id, text)| (id, text.to_vec())));
    }
    Ok(records)
}
