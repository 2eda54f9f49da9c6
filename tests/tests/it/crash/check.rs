//! What must hold after a sudden end.

use crate::process::Server;
use clientela_kernel::{Id, TenantId};
use clientela_store::{Change, Store, StoreSettings};
use clientela_testkit::factory::text;
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// The resources that the load writes: path, name in the log, prefix of ids.
const RESOURCES: [(&str, &str, &str); 6] = [
    ("accounts", "account", "acc"),
    ("contacts", "contact", "con"),
    ("contact-points", "contactPoint", "cpt"),
    ("notes", "note", "not"),
    ("external-ids", "externalId", "ext"),
    ("consents", "consent", "cns"),
];

/// A write that the server said it has done.
#[derive(Debug)]
pub(super) struct Acknowledged {
    pub(super) path: String,
    pub(super) id: String,
    /// The record's version after it.
    pub(super) version: i64,
}

/// The versions that the change log holds, by path and id.
pub(super) type Log = BTreeMap<(&'static str, String), Vec<i64>>;

/// Reads the change log of the demonstration.
pub(super) fn log(server: &Server, data: &Path, url: Option<&str>) -> Log {
    let tenant = text(&server.call("GET", "/v1/tenants?limit=1", None).unwrap().expect(200)["data"][0], "id");
    let tenant = TenantId(Id::parse(&tenant, "ten").unwrap().0);
    let url = url.map_or_else(|| format!("sqlite:{}", data.join("clientela.db").display()), str::to_owned);
    let mut log = Log::new();
    for change in tokio::runtime::Runtime::new().unwrap().block_on(changes(&url, tenant)) {
        if let Some((path, _, prefix)) = RESOURCES.iter().find(|(_, name, _)| *name == change.resource) {
            log.entry((*path, change.record.to_text(prefix))).or_default().push(change.version);
        }
    }
    log
}

async fn changes(url: &str, tenant: TenantId) -> Vec<Change> {
    let store = Store::open(&StoreSettings::new(url)).await.unwrap();
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let page = store.scope(tenant).changes(after, 1_000).await.unwrap();
        let more = page.changes.len() == 1_000;
        after = page.next;
        all.extend(page.changes);
        if !more {
            return all;
        }
    }
}

/// Every record has each of its versions in the log, in order, and the log speaks of no other record.
pub(super) fn whole(server: &Server, log: &Log) {
    let mut found = BTreeSet::new();
    for (path, ..) in RESOURCES {
        for record in all(server, path, "id,version") {
            let (id, version) = (text(&record, "id"), record["version"].as_i64().unwrap());
            let wanted: Vec<i64> = (1..=version).collect();
            let logged = log.get(&(path, id.clone())).unwrap_or_else(|| panic!("{path} {id} has no change row"));
            assert_eq!(*logged, wanted, "the change rows of {id}");
            found.insert((path, id));
        }
    }
    let lost: Vec<_> = log.keys().filter(|key| !found.contains(*key)).collect();
    assert!(lost.is_empty(), "change rows without their record: {lost:?}");
}

/// Everything that was acknowledged is in the log.
pub(super) fn there(acknowledged: &[Acknowledged], log: &Log) {
    for write in acknowledged {
        let known = log.iter().find(|((path, id), _)| *path == write.path && *id == write.id);
        assert!(known.is_some_and(|(_, versions)| versions.contains(&write.version)), "lost: {write:?}");
    }
}

/// Nothing was done twice: names and texts of the load are each there once.
pub(super) fn once(server: &Server) {
    for (path, field) in [("accounts", "name"), ("contacts", "lastName"), ("notes", "body"), ("consents", "source")] {
        let mut seen = BTreeSet::new();
        for record in all(server, path, field) {
            let name = record[field].as_str().unwrap_or_default();
            assert!(!name.starts_with("Crash ") || seen.insert(name.to_owned()), "{path}: {name} is there twice");
        }
    }
}

/// Every record of a resource, deleted ones too.
fn all(server: &Server, path: &str, fields: &str) -> Vec<Json> {
    let (mut records, mut place) = (Vec::new(), String::new());
    loop {
        let path = format!("/v1/{path}?limit=1000&deleted=include&fields={fields}{place}");
        let page = server.call("GET", &path, None).unwrap().expect(200);
        records.extend(page["data"].as_array().unwrap().iter().cloned());
        match page["page"]["next"].as_str() {
            Some(next) => place = format!("&after={next}"),
            None => return records,
        }
    }
}
