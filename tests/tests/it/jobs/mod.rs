//! The queue, and imports and exports as jobs: by both APIs, by rows and by file, called off, refused, taken up again, and there and back.

mod exports;
mod imports;
mod queue;
mod schedules;
mod worker;

use axum::body::Body;
use clientela_testkit::factory::text;
use clientela_testkit::{Answer, Client, TestApp};
use http::{Method, Request};
use serde_json::{Value as Json, json};
use tokio::sync::watch;

/// A mapping of the columns `number`, `name` and `country` to accounts.
pub(crate) const MAPPING: &str = "[[record]]\nresource = \"account\"\nkey = { system = \"erp\", column = \"number\" }\n\
    fields.name = \"name\"\nfields.country = \"country\"\n";

/// Makes a job; answers its id.
pub(crate) async fn make(client: &Client, path: &str, body: Json) -> String {
    text(&client.post(path, &body).await.expect(202), "id")
}

/// Lets the worker carry out what waits; answers how many jobs it has taken.
pub(crate) async fn work(app: &TestApp) -> usize {
    let (_ends, ended) = watch::channel(false);
    app.worker.work_off(&ended).await.unwrap()
}

/// Sends a file to a record.
pub(crate) async fn send(client: &Client, path: &str, media_type: &str, file: impl Into<Body>) -> Answer {
    let request = Request::builder().method(Method::PUT).uri(format!("{path}/content")).header("content-type", media_type);
    client.raw(request.body(file.into()).unwrap()).await
}

/// How many records of each fate: created, updated, unchanged, refused.
pub(crate) fn fates(import: &Json) -> [i64; 4] {
    ["recordsCreated", "recordsUpdated", "recordsUnchanged", "recordsRefused"].map(|count| import[count].as_i64().unwrap())
}

/// An import of rows by the mapping above.
pub(crate) fn rows(rows: &str) -> Json {
    json!({ "mappingText": MAPPING, "rows": rows })
}
