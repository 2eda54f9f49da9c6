//! A device: a copy, a name, and what it does through `POST /v1/sync` alone.

use crate::feed::copy::Copy;
use clientela_kernel::Id;
use clientela_testkit::{Client, TestApp};
use serde_json::{Value as Json, json};
use uuid::Uuid;

pub(super) struct Device<'a> {
    app: &'a TestApp,
    client: Client,
    name: String,
    /// What it pulls.
    pull: Json,
    pub(super) copy: Copy<'a>,
}

/// An id that a device makes itself.
pub(super) fn minted(prefix: &str, number: u128) -> String {
    Id(Uuid::from_u128(0x0193_5b7a_0000_7000_8000_0000_0000_0000 | number)).to_text(prefix)
}

/// How the operations of a push ended.
pub(super) fn statuses(answer: &Json) -> Vec<&str> {
    answer["results"].as_array().expect("results").iter().filter_map(|result| result["status"].as_str()).collect()
}

impl<'a> Device<'a> {
    pub(super) fn of(app: &'a TestApp, client: &Client, name: &str, pull: Json) -> Device<'a> {
        Device { app, client: client.clone(), name: name.to_owned(), pull, copy: Copy::of(app, client, "") }
    }

    /// Pushes, without pulling.
    pub(super) async fn push(&self, operations: &[Json]) -> Json {
        self.client.post("/v1/sync", &json!({ "device": self.name, "operations": operations })).await.expect(200)
    }

    /// Pushes and pulls until nothing more is there; answers what the first call was answered with.
    pub(super) async fn sync(&mut self, operations: &[Json]) -> Json {
        self.app.settled().await;
        let mut first = None;
        loop {
            let mut pull = self.pull.clone();
            pull["after"] = json!(self.copy.cursor);
            pull["limit"] = json!(3);
            let operations = if first.is_none() { operations } else { &[] };
            let body = json!({ "device": self.name, "operations": operations, "pull": pull });
            let answer = self.client.post("/v1/sync", &body).await.expect(200);
            assert_eq!(answer["pullError"], Json::Null, "{answer}");
            for entry in answer.pointer("/changes/data").and_then(Json::as_array).expect("entries") {
                self.copy.apply(entry);
            }
            self.copy.cursor = answer.pointer("/changes/page/next").and_then(Json::as_str).map(str::to_owned);
            let more = answer.pointer("/changes/page/hasMore") == Some(&json!(true));
            let first = first.get_or_insert(answer);
            if !more {
                return first.clone();
            }
        }
    }

    /// Holds exactly what a fresh read shows.
    pub(super) async fn is_true(&mut self, resources: &[&str]) {
        self.sync(&[]).await;
        self.copy.is_true(resources).await;
    }
}
