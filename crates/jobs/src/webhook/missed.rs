//! What an endpoint has missed: changes within a range of which there are no deliveries.

use super::delivery::{self, New};
use super::endpoint::Endpoint;
use super::make;
use super::replay::{MOST, WebhookRangeReplay, commit};
use clientela_engine::{Call, event as told};
use clientela_kernel::{Comparison, Context, Error, ErrorCode, Filter, Id, Result, Value};
use clientela_model::system;
use clientela_store::{Change, ChangeKind};
use std::collections::{BTreeMap, HashSet};
use uuid::Uuid;

/// Changes that are looked at.
const LOOKED_AT: usize = 100_000;
/// Changes that are looked at together.
const STRETCH: u32 = 500;

/// Makes deliveries of the changes within a range that the endpoint wants to hear of and that have none. Answers how many.
pub(super) async fn make(call: &Call<'_>, given: &WebhookRangeReplay) -> Result<usize> {
    let endpoint = Endpoint::of(call.target()?);
    let scope = call.engine().scope(call.context);
    let mut place = scope.place_before(given.from, given.from_sequence).await?;
    let (mut looked_at, mut made) = (0, 0);
    while place.is_some() {
        let page = scope.changes(place, STRETCH).await?;
        if page.changes.is_empty() {
            break;
        }
        place = page.next;
        looked_at += page.changes.len();
        if looked_at > LOOKED_AT {
            return Err(too_many(format!("The range holds more than {LOOKED_AT} changes.")));
        }
        // Numbers rise with the feed but for changes that were made at once, which lie close together.
        if page.changes.iter().all(|change| beyond(given, change)) {
            break;
        }
        made += stretch(call, &endpoint, page.changes.iter().filter(|change| within(given, change)).collect()).await?;
        if made > MOST {
            return Err(too_many(format!("The endpoint has missed more than {MOST} changes in the range.")));
        }
    }
    Ok(made)
}

fn too_many(text: String) -> Error {
    Error::new(ErrorCode::QueryTooComplex, format!("{text} Take a smaller one."))
}

fn within(given: &WebhookRangeReplay, change: &Change) -> bool {
    change.at >= given.from && given.from_sequence.is_none_or(|from| change.sequence >= from) && !beyond(given, change)
}

fn beyond(given: &WebhookRangeReplay, change: &Change) -> bool {
    given.until.is_some_and(|until| change.at >= until) || given.until_sequence.is_some_and(|until| change.sequence > until)
}

async fn stretch(call: &Call<'_>, endpoint: &Endpoint, changes: Vec<&Change>) -> Result<usize> {
    let (engine, context) = (call.engine(), Context { now: call.now(), ..call.context.clone() });
    let mut wanted: BTreeMap<Id, (&Change, New<'_>)> = BTreeMap::new();
    for change in changes {
        let name = told::named(&change.resource, &change.kind);
        let is_told = engine.registry().resource(&change.resource).is_some_and(|def| told::is_told(def));
        if is_told && endpoint.wants(&name) {
            let new = New::of(engine.registry(), context.tenant, endpoint.id, change, name);
            wanted.insert(new.id, (change, new));
        }
    }
    if let Some(filter) = &endpoint.filter {
        let mut records: BTreeMap<String, HashSet<Uuid>> = BTreeMap::new();
        for (change, _) in wanted.values() {
            records.entry(change.resource.clone()).or_default().insert(change.record.0);
        }
        let mut matching = HashSet::new();
        for (resource, records) in records {
            let Some(def) = engine.registry().resource(&resource) else { continue };
            matching.extend(make::matching(engine, &context, def, filter, records).await?);
        }
        wanted.retain(|_, (change, _)| change.kind == ChangeKind::Erased.as_str() || matching.contains(&change.record.0));
    }
    if wanted.is_empty() {
        return Ok(0);
    }
    let def = delivery::definition(engine.registry())?;
    let system = Context::of_system(context.tenant, context.request_id, context.now);
    let these = Filter::field(system::ID, Comparison::In(wanted.keys().map(|id| Value::Id(id.0)).collect()));
    for there in engine.found_in_order(&system, def, &these).await? {
        wanted.remove(&there.id);
    }
    let rows: Vec<_> = wanted.into_values().map(|(_, new)| new.row(&context, def)).collect();
    let count = rows.len();
    commit(call, rows).await?;
    Ok(count)
}
