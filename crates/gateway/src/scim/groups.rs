//! Groups: a `team` with its members as SCIM shows it, and back.

use super::attribute::{GROUP, Kind};
use super::document::Document;
use super::patch::Membership;
use super::records::{Door, Record};
use super::refusal::{Answer, Refusal};
use super::users::Sent;
use super::{external, memberships, write};
use clientela_kernel::Id;
use serde_json::{Map, Value as Json, json};

/// The fields of a team that SCIM knows.
pub(super) const FIELDS: &[&str] = &["id", "version", "createdAt", "updatedAt", "name"];

/// Groups as SCIM shows them, with their members where these are asked for.
pub(super) async fn shown(door: &Door, records: Vec<Record>, members: bool) -> Answer<Vec<Document>> {
    let ids: Vec<String> = records.iter().filter_map(|record| record.get("id").and_then(Json::as_str).map(str::to_owned)).collect();
    let mut keys = external::keys(door, &ids).await?;
    let mut users = if members { memberships::members(door, &ids).await? } else { Default::default() };
    let document = |record: Record| {
        let id = record.get("id").and_then(Json::as_str).unwrap_or_default();
        let mut document = Document::new();
        document.insert("schemas".to_owned(), json!([GROUP]));
        document.insert("id".to_owned(), id.into());
        if let Some(key) = keys.remove(id) {
            document.insert("externalId".to_owned(), key);
        }
        document.insert("displayName".to_owned(), record.get("name").cloned().unwrap_or_default());
        if let Some(users) = users.remove(id) {
            document.insert("members".to_owned(), Json::Array(users));
        }
        document.insert("meta".to_owned(), super::meta(door, Kind::Group, &record));
        document
    };
    Ok(records.into_iter().map(document).collect())
}

fn fields(document: &Document) -> Answer<Map<String, Json>> {
    match document.get("displayName") {
        Some(name) => Ok(Map::from_iter([("name".to_owned(), name.clone())])),
        None => Err(Refusal::bad("invalidValue", "displayName is missing: what the group is called.")),
    }
}

/// Makes a group.
pub(super) async fn create(door: &Door, document: &Document) -> Answer<Id> {
    let id = write::create(door, Kind::Group, fields(document)?).await?;
    let wire = write::wire(door, Kind::Group, id)?;
    if let Some(key) = document.get("externalId").and_then(Json::as_str) {
        external::set(door, &wire, Some(key)).await?;
    }
    if let Some(members) = document.get("members") {
        memberships::change(door, &wire, &[Membership::Add(super::patch::members(members)?)]).await?;
    }
    Ok(id)
}

/// Changes a group so that it is as a document says, and its members.
pub(super) async fn change(door: &Door, id: Id, record: &Record, document: &Document, members: &[Membership], sent: Sent) -> Answer<()> {
    let mut body = fields(document)?;
    body.retain(|name, value| record.get(name) != Some(value));
    if !body.is_empty() {
        write::update(door, Kind::Group, id, record, body).await?;
    }
    let wire = write::wire(door, Kind::Group, id)?;
    let key = document.get("externalId").and_then(Json::as_str);
    if sent == Sent::Changed || key.is_some() {
        external::set(door, &wire, key).await?;
    }
    memberships::change(door, &wire, members).await
}
