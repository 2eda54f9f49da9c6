//! A copy that follows the feed as somebody, and nothing else.

use clientela_testkit::{Client, TestApp};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;

/// Records by resource and id, as the feed has told them.
#[derive(Clone)]
pub(crate) struct Copy<'a> {
    app: &'a TestApp,
    pub(crate) client: Client,
    pub(crate) query: String,
    pub(crate) cursor: Option<String>,
    pub(crate) held: BTreeMap<(String, String), Json>,
}

impl<'a> Copy<'a> {
    /// An empty copy of a question.
    pub(crate) fn of(app: &'a TestApp, client: &Client, query: &str) -> Copy<'a> {
        Copy { app, client: client.clone(), query: query.to_owned(), cursor: None, held: BTreeMap::new() }
    }

    /// Follows until nothing more is there, and answers what was told.
    pub(crate) async fn follow(&mut self) -> Vec<Json> {
        let mut told = Vec::new();
        self.app.settled().await;
        loop {
            let after = self.cursor.as_ref().map(|cursor| format!("&after={cursor}")).unwrap_or_default();
            let page = self.client.get(&format!("/v1/changes?{}{after}", self.query)).await.expect(200);
            for entry in page["data"].as_array().expect("entries") {
                self.apply(entry);
                told.push(entry.clone());
            }
            self.cursor = Some(page.pointer("/page/next").and_then(Json::as_str).expect("a cursor").to_owned());
            if page.pointer("/page/hasMore") == Some(&json!(false)) {
                return told;
            }
        }
    }

    /// Takes one entry in, as any consumer would.
    pub(crate) fn apply(&mut self, entry: &Json) {
        let text = |name: &str| entry[name].as_str().unwrap_or_default().to_owned();
        let key = (text("resource"), text("id"));
        match text("kind").as_str() {
            "DELETED" | "ERASED" | "ACCESS_LOST" | "LEFT" => {
                assert_eq!(entry["record"], Json::Null, "{entry}");
                self.held.remove(&key);
            }
            _ if entry["record"].is_null() => {}
            _ => {
                let version = |record: &Json| record["version"].as_i64().unwrap_or(0);
                let record = &entry["record"];
                assert_eq!(record["id"], entry["id"], "{entry}");
                if record.get("createdAt").is_none() {
                    let held = self.held.get_mut(&key).unwrap_or_else(|| panic!("only what changed of a record that is not held: {entry}"));
                    if version(held) < version(entry) {
                        assert_eq!(record["version"], entry["version"], "{entry}");
                        put_over(held, record);
                    }
                } else if self.held.get(&key).is_none_or(|held| version(held) <= version(record)) {
                    self.held.insert(key, record.clone());
                }
            }
        }
    }

    /// Holds exactly what a fresh read as the same principal shows.
    pub(crate) async fn is_true(&self, resources: &[&str]) {
        for resource in resources {
            let fresh = fresh(&self.client, resource, "").await;
            let held: BTreeMap<String, Json> =
                self.held.iter().filter(|((of, _), _)| of == resource).map(|((_, id), record)| (id.clone(), record.clone())).collect();
            let ids = |records: &BTreeMap<String, Json>| records.keys().cloned().collect::<Vec<_>>();
            assert_eq!(ids(&held), ids(&fresh), "{resource}: what the copy holds is what may be read");
            assert_eq!(held, fresh, "{resource}");
        }
    }
}

/// Puts what has changed of a record over what is held of it.
fn put_over(held: &mut Json, changed: &Json) {
    for (name, value) in changed.as_object().expect("an object") {
        match (held.get_mut(name), value) {
            (Some(held), Json::Object(_)) if name == "custom" => put_over(held, value),
            _ => held[name] = value.clone(),
        }
    }
}

/// Every record of a resource that somebody may read.
pub(crate) async fn fresh(client: &Client, resource: &str, filter: &str) -> BTreeMap<String, Json> {
    let mut path = format!("/v1/{}s?limit=1000{filter}", resource.replace("contactPoint", "contact-point"));
    let mut records = BTreeMap::new();
    loop {
        let answer = client.get(&path).await;
        if answer.status == 403 {
            return records;
        }
        let page = answer.expect(200);
        for record in page["data"].as_array().expect("a list") {
            records.insert(record["id"].as_str().unwrap_or_default().to_owned(), record.clone());
        }
        match page.pointer("/page/next").and_then(Json::as_str) {
            Some(next) => path = format!("{}&after={next}", path.split("&after=").next().unwrap_or_default()),
            None => return records,
        }
    }
}
