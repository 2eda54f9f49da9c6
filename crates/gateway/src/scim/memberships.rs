//! Who is in which group: `teamMember`.

use super::attribute::Kind;
use super::patch::Membership;
use super::records::{self, Door};
use super::refusal::{Answer, Refusal};
use clientela_engine::batch::{Batch, BatchEntry, MAXIMUM_ROWS, Step, Target};
use clientela_kernel::{ErrorCode, Id};
use serde_json::{Map, Value as Json, json};
use std::collections::{BTreeMap, BTreeSet, HashMap};

const RESOURCE: &str = "teamMember";

/// The groups of users, by the users' ids.
pub(super) async fn groups(door: &Door, users: &[String]) -> Answer<HashMap<String, Vec<Json>>> {
    let found = records::everything(door, RESOURCE, &json!({ "userId": { "in": users } }), &["userId", "teamId"], Some("team")).await?;
    let mut by_user: HashMap<String, Vec<Json>> = HashMap::new();
    for entry in found {
        let text = |name: &str| entry.get(name).and_then(Json::as_str);
        if let (Some(user), Some(team)) = (text("userId"), text("teamId")) {
            let mut group = Map::new();
            group.insert("value".to_owned(), team.into());
            group.insert("$ref".to_owned(), format!("{}/Groups/{team}", door.base).into());
            if let Some(name) = entry.get("team").and_then(|team| team.get("name")) {
                group.insert("display".to_owned(), name.clone());
            }
            group.insert("type".to_owned(), "direct".into());
            by_user.entry(user.to_owned()).or_default().push(Json::Object(group));
        }
    }
    Ok(by_user)
}

/// The members of groups, by the groups' ids.
pub(super) async fn members(door: &Door, groups: &[String]) -> Answer<HashMap<String, Vec<Json>>> {
    let found = records::everything(door, RESOURCE, &json!({ "teamId": { "in": groups } }), &["userId", "teamId"], None).await?;
    let mut by_group: HashMap<String, Vec<Json>> = HashMap::new();
    for entry in found {
        let text = |name: &str| entry.get(name).and_then(Json::as_str);
        if let (Some(user), Some(team)) = (text("userId"), text("teamId")) {
            let member = json!({ "value": user, "$ref": format!("{}/Users/{user}", door.base), "type": "User" });
            by_group.entry(team.to_owned()).or_default().push(member);
        }
    }
    Ok(by_group)
}

/// Changes who is in a group: those that come and go, and nobody else.
pub(super) async fn change(door: &Door, group: &str, changes: &[Membership]) -> Answer<()> {
    if changes.is_empty() {
        return Ok(());
    }
    // Of a large group only those are read that are named, as long as no change says who all of them are.
    let whole = changes.iter().any(|change| matches!(change, Membership::Replace(_)));
    let named: BTreeSet<&String> = changes
        .iter()
        .flat_map(|change| match change {
            Membership::Add(ids) | Membership::Remove(ids) | Membership::Replace(ids) => ids,
        })
        .collect();
    let user = records::definition(&door.engine, Kind::User.resource())?;
    let is_id = |id: &&&String| Id::parse(id, &user.prefix).is_ok();
    let mut present = BTreeMap::new();
    if whole {
        read(door, json!({ "teamId": { "eq": group } }), &mut present).await?;
    } else {
        for part in named.iter().filter(is_id).collect::<Vec<_>>().chunks(500) {
            read(door, json!({ "teamId": { "eq": group }, "userId": { "in": part } }), &mut present).await?;
        }
    }
    let mut wanted: BTreeSet<&String> = present.keys().collect();
    for change in changes {
        match change {
            Membership::Add(ids) => wanted.extend(ids),
            Membership::Remove(ids) => wanted.retain(|id| !ids.contains(id)),
            Membership::Replace(ids) => wanted = ids.iter().collect(),
        }
    }
    let def = records::definition(&door.engine, RESOURCE)?;
    let mut operations = Vec::new();
    let mut add = |step: Step| {
        let pointer = format!("/members/{}", operations.len());
        operations.push(BatchEntry { pointer, name: None, def: std::sync::Arc::clone(&def), step });
    };
    for (user, entry) in &present {
        if !wanted.contains(user)
            && let Ok(id) = Id::parse(entry, &def.prefix)
        {
            add(Step::Delete { id: Target::Id(id), expected: None });
        }
    }
    for user in wanted.into_iter().filter(|user| !present.contains_key(*user)) {
        let body = json!({ "teamId": group, "userId": user });
        add(Step::Create { body: body.as_object().cloned().unwrap_or_default() });
    }
    for part in operations.chunks(MAXIMUM_ROWS) {
        let batch = Batch { operations: part.iter().cloned().map(Ok).collect(), atomic: true, idempotency: None };
        let outcome = door.engine.batch(&door.context, batch).await?;
        if let Some(error) = outcome.rows.into_iter().find_map(Result::err) {
            if error.code() == ErrorCode::ValidationFailed {
                return Err(Refusal::bad("invalidValue", format!("A member cannot be added: {}", error.detail())));
            }
            return Err(error.into());
        }
    }
    Ok(())
}

/// The entries of a group that satisfy a condition, by the users' ids.
async fn read(door: &Door, tree: Json, present: &mut BTreeMap<String, String>) -> Answer<()> {
    for entry in records::everything(door, RESOURCE, &tree, &["id", "userId"], None).await? {
        let text = |name: &str| entry.get(name).and_then(Json::as_str).map(str::to_owned);
        if let (Some(user), Some(id)) = (text("userId"), text("id")) {
            present.insert(user, id);
        }
    }
    Ok(())
}
