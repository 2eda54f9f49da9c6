//! The mixed load: one writer and what it does next.

use super::check::Acknowledged;
use crate::process::{Request, send};
use clientela_testkit::Answer;
use clientela_testkit::factory::text;
use serde_json::{Value as Json, json};
use std::sync::atomic::{AtomicUsize, Ordering};

/// A client that writes one thing after the other, and remembers what it was told.
pub(super) struct Writer {
    number: usize,
    step: usize,
    /// What consents are given for.
    purpose: String,
    accounts: Vec<String>,
    pub(super) acknowledged: Vec<Acknowledged>,
    /// What it has asked for and got no answer to.
    open: Option<(usize, Request)>,
}

impl Writer {
    pub(super) fn new(number: usize) -> Writer {
        Writer { number, step: 0, purpose: String::new(), accounts: Vec::new(), acknowledged: Vec::new(), open: None }
    }

    /// Writes until the server is gone.
    pub(super) fn write(&mut self, address: &str, token: &str, made: &AtomicUsize) {
        loop {
            let (step, request) = (self.step, self.next());
            self.step += 1;
            match send(address, token, &request) {
                Ok(answer) => self.note(step, &answer, &request),
                Err(_) => {
                    self.open = Some((step, request));
                    return;
                }
            }
            made.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Sends again what had no answer.
    pub(super) fn again(&mut self, address: &str, token: &str) {
        if self.purpose.is_empty() {
            let purposes = Request { method: "GET".to_owned(), path: "/v1/purposes".to_owned(), headers: Vec::new(), body: None };
            self.purpose = text(&send(address, token, &purposes).expect("the server is there").json()["data"][0], "id");
        }
        if let Some((step, request)) = self.open.take() {
            let answer = send(address, token, &request).expect("the server is back");
            self.note(step, &answer, &request);
        }
    }

    /// A name that nobody else gives.
    fn name(&self) -> String {
        format!("Crash {} {}", self.number, self.step)
    }

    fn next(&self) -> Request {
        let name = self.name();
        let host = format!("crash-{}-{}.example", self.number, self.step);
        let recent = self.accounts.last().cloned().unwrap_or_default();
        let (method, path, body) = match self.step % 8 {
            0 => ("POST", "/v1/accounts".to_owned(), json!({ "name": name })),
            1 => ("POST", "/v1/contacts".to_owned(), json!({ "lastName": name, "email": format!("a@{host}"), "accountId": recent })),
            2 => ("PATCH", format!("/v1/accounts/{recent}"), json!({ "description": name })),
            3 => {
                let rows: Vec<Json> =
                    (0..10).map(|row| json!({ "create": { "body": format!("{name} {row}"), "recordId": recent } })).collect();
                ("POST", "/v1/notes/batch".to_owned(), json!({ "rows": rows, "atomic": true }))
            }
            4 => {
                let operations = json!([
                    { "as": "firm", "resource": "accounts", "create": { "name": name } },
                    { "resource": "contacts", "create": { "lastName": name, "email": format!("b@{host}"), "accountId": { "ref": "firm" } } },
                    { "resource": "notes", "create": { "body": name, "recordId": { "ref": "firm" } } },
                ]);
                ("POST", "/v1/transactions".to_owned(), json!({ "operations": operations }))
            }
            5 => {
                let consent = json!({ "partyId": recent, "purposeId": self.purpose, "source": name });
                ("POST", "/v1/consents/record".to_owned(), consent)
            }
            6 => ("PUT", format!("/v1/accounts/by/crash/{}-{}", self.number, self.step), json!({ "name": name })),
            _ => ("DELETE", format!("/v1/accounts/{recent}"), Json::Null),
        };
        let key = ("idempotency-key".to_owned(), format!("crash-{}-{}", self.number, self.step));
        Request { method: method.to_owned(), path, headers: vec![key], body: (!body.is_null()).then_some(body) }
    }

    /// Keeps what the server says it has done.
    fn note(&mut self, step: usize, answer: &Answer, request: &Request) {
        assert!(matches!(answer.status, 200 | 201 | 204), "{request:?}: {}", answer.describe());
        let mut keep = |path: &str, id: String, version: &Json| {
            self.acknowledged.push(Acknowledged { path: path.to_owned(), id, version: version.as_i64().unwrap_or(1) });
        };
        match step % 8 {
            3 | 4 => {
                let answer = answer.json();
                for (row, result) in answer["results"].as_array().expect("results").iter().enumerate() {
                    let path = if step % 8 == 3 { "notes" } else { ["accounts", "contacts", "notes"][row] };
                    assert_eq!(result["status"], json!(201), "{answer}");
                    keep(path, text(result, "id"), &result["version"]);
                }
            }
            5 => keep("consents", text(&answer.json()["consent"], "id"), &json!(1)),
            // The account's second version is its change, the third its deletion.
            7 => {
                if let Some(account) = self.accounts.pop() {
                    keep("accounts", account, &json!(3));
                }
            }
            place => {
                let record = answer.json();
                let id = text(&record, "id");
                keep(if place == 1 { "contacts" } else { "accounts" }, id.clone(), &record["version"]);
                if place == 0 {
                    self.accounts.push(id);
                }
            }
        }
    }
}
