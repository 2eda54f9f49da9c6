//! What the identity provider calls a record: an external id of the system `scim`, like those of any other system.

use super::records::{self, Door};
use super::refusal::Answer;
use clientela_engine::{WriteAction, WriteRequest};
use clientela_kernel::Id;
use serde_json::{Map, Value as Json, json};
use std::collections::HashMap;

/// The name of the system.
pub(super) const SYSTEM: &str = "scim";
const RESOURCE: &str = "externalId";

/// A condition on the key; whether there is one, where no comparison is given.
pub(super) fn condition(comparison: Option<&Json>) -> Json {
    let mut key = json!({ "system": { "eq": SYSTEM } });
    if let (Some(comparison), Some(key)) = (comparison, key.as_object_mut()) {
        key.insert("value".to_owned(), comparison.clone());
    }
    json!({ "externalIds": { "some": key } })
}

/// The keys of records, by the records' ids.
pub(super) async fn keys(door: &Door, ids: &[String]) -> Answer<HashMap<String, Json>> {
    let found = entries(door, ids).await?;
    let pair = |entry: Map<String, Json>| Some((entry.get("recordId")?.as_str()?.to_owned(), entry.get("value")?.clone()));
    Ok(found.into_iter().filter_map(pair).collect())
}

async fn entries(door: &Door, ids: &[String]) -> Answer<Vec<Map<String, Json>>> {
    let tree = json!({ "system": { "eq": SYSTEM }, "recordId": { "in": ids } });
    records::everything(door, RESOURCE, &tree, &["id", "value", "recordId"], None).await
}

/// Gives a record its key, changes it, or takes it away.
pub(super) async fn set(door: &Door, record: &str, key: Option<&str>) -> Answer<()> {
    let known = entries(door, &[record.to_owned()]).await?.into_iter().next();
    let id = known
        .as_ref()
        .and_then(|entry| Id::parse(entry.get("id")?.as_str()?, &records::definition(&door.engine, RESOURCE).ok()?.prefix).ok());
    let same = known.as_ref().and_then(|entry| entry.get("value")).and_then(Json::as_str) == key;
    let body = |pairs: Json| pairs.as_object().cloned().unwrap_or_default();
    let action = match (id, key) {
        (_, _) if same => return Ok(()),
        (Some(id), Some(key)) => WriteAction::Update { id, body: body(json!({ "value": key })), expected: None },
        (Some(id), None) => WriteAction::Delete { id, expected: None },
        (None, Some(key)) => WriteAction::Create { body: body(json!({ "system": SYSTEM, "value": key, "recordId": record })) },
        (None, None) => return Ok(()),
    };
    let def = records::definition(&door.engine, RESOURCE)?;
    door.engine.write(&door.context, WriteRequest { def, action, idempotency: None }).await?;
    Ok(())
}
