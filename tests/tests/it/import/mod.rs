//! Files of foreign systems become records: real ones, damaged ones, all or nothing, and through the sudden death of the process.

mod damage;
mod northwind;
mod process;
mod whole;

use clientela_engine::import::{self, Input, Mapping, Mode, Opened, Outcome, Plan, Problem, Sink, Summary};
use clientela_testkit::{Client, TestApp};
use serde_json::Value as Json;
use std::io::{self, Read};
use std::sync::Arc;

/// A file in memory.
pub(crate) struct Bytes(pub(crate) Vec<u8>);

impl Input for Bytes {
    fn open(&self) -> io::Result<Box<dyn Read + Send>> {
        Ok(Box::new(io::Cursor::new(self.0.clone())))
    }
}

/// Keeps every problem.
#[derive(Default)]
struct Problems(Vec<Problem>);

impl Sink for Problems {
    fn problem(&mut self, problem: &Problem) {
        self.0.push(problem.clone());
    }

    fn progress(&mut self, _: &Summary) {}
}

/// Imports a file as the caller of this client.
pub(crate) async fn import_from(
    app: &TestApp,
    client: &Client,
    mapping: &str,
    input: Arc<dyn Input>,
    mode: Mode,
) -> (Outcome, Vec<Problem>) {
    let mapping = Mapping::parse(mapping).expect("the mapping can be read");
    let plan = Plan::new(&mapping, &app.registry).expect("the mapping fits the resources");
    let mut problems = Problems::default();
    let opened = Opened { plan: Arc::new(plan), input, folder: std::env::temp_dir() };
    let outcome = import::run(&app.engine, &client.context, opened, mode, None, &mut problems).await;
    (outcome.expect("the import starts"), problems.0)
}

pub(crate) async fn import(app: &TestApp, mapping: &str, file: impl Into<Vec<u8>>, mode: Mode) -> (Outcome, Vec<Problem>) {
    import_from(app, &app.alpha, mapping, Arc::new(Bytes(file.into())), mode).await
}

/// Created, updated, unchanged and refused records of a resource.
pub(crate) fn counts(outcome: &Outcome, resource: &str) -> [u64; 4] {
    let found = outcome.summary.records.get(resource).copied().unwrap_or_default();
    [found.created, found.updated, found.unchanged, found.rejected]
}

/// How many records a list holds.
async fn total(app: &TestApp, path: &str) -> u64 {
    let separator = if path.contains('?') { '&' } else { '?' };
    let page = app.alpha.get(&format!("{path}{separator}limit=1&total=true")).await.expect(200);
    page["page"]["total"].as_u64().expect("a total")
}

/// Every record of a list.
async fn all(app: &TestApp, path: &str) -> Vec<Json> {
    let separator = if path.contains('?') { '&' } else { '?' };
    let page = app.alpha.get(&format!("{path}{separator}limit=1000")).await.expect(200);
    page["data"].as_array().cloned().expect("records")
}
