//! Somebody who listens for webhooks, on an address of this machine.

use aws_lc_rs::hmac;
use axum::Router;
use axum::body::Bytes;
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clientela_testkit::TestApp;
use clientela_testkit::factory::text;
use http::{HeaderMap, StatusCode};
use serde_json::{Value as Json, json};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// A message as it came in.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub(crate) id: String,
    pub(crate) headers: HeaderMap,
    pub(crate) bytes: Vec<u8>,
    pub(crate) body: Json,
    /// What was answered.
    pub(crate) status: u16,
}

/// What is answered to the message of this number: status, `Retry-After`, body.
pub(crate) type Answers = Box<dyn Fn(usize, &Json) -> (u16, Option<&'static str>, String) + Send>;

/// Listens until it is dropped.
pub(crate) struct Receiver {
    pub(crate) url: String,
    heard: Arc<Mutex<Vec<Message>>>,
    answers: Arc<Mutex<Answers>>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Receiver {
    /// Takes everything, until it is told otherwise.
    #[expect(clippy::disallowed_methods, reason = "a receiver is a task of the test's own")]
    pub(crate) async fn start() -> Receiver {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hooks", listener.local_addr().unwrap());
        let heard: Arc<Mutex<Vec<Message>>> = Arc::default();
        let answers: Arc<Mutex<Answers>> = Arc::new(Mutex::new(Box::new(|_, _| (204, None, String::new()))));
        let (hearing, answering) = (Arc::clone(&heard), Arc::clone(&answers));
        let router = Router::new().fallback(move |headers: HeaderMap, bytes: Bytes| {
            let (hearing, answering) = (Arc::clone(&hearing), Arc::clone(&answering));
            async move { hear(&hearing, &answering, headers, &bytes) }
        });
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Receiver { url, heard, answers, task }
    }

    pub(crate) fn answer(&self, answers: impl Fn(usize, &Json) -> (u16, Option<&'static str>, String) + Send + 'static) {
        *self.answers.lock().unwrap() = Box::new(answers);
    }

    /// What has come in, in that order.
    pub(crate) fn heard(&self) -> Vec<Message> {
        self.heard.lock().unwrap().clone()
    }

    /// What has come in, as event and version.
    pub(crate) fn told(&self) -> Vec<(String, i64)> {
        let told = |message: Message| (text(&message.body, "type"), message.body["data"]["version"].as_i64().unwrap());
        self.heard().into_iter().map(told).collect()
    }

    /// The next messages alone.
    pub(crate) fn forget(&self) {
        self.heard.lock().unwrap().clear();
    }
}

fn hear(heard: &Mutex<Vec<Message>>, answers: &Mutex<Answers>, headers: HeaderMap, bytes: &[u8]) -> Response {
    let body: Json = serde_json::from_slice(bytes).unwrap();
    let mut heard = heard.lock().unwrap();
    let (status, retry_after, answer) = answers.lock().unwrap()(heard.len(), &body);
    let id = headers["webhook-id"].to_str().unwrap().to_owned();
    heard.push(Message { id, headers, bytes: bytes.to_vec(), body, status });
    let mut response = (StatusCode::from_u16(status).unwrap(), answer).into_response();
    if let Some(pause) = retry_after {
        let name = if status < 400 { "location" } else { "retry-after" };
        response.headers_mut().insert(name, pause.parse().unwrap());
    }
    response
}

impl Message {
    fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }

    /// How many of the signatures were made with this secret.
    pub(crate) fn signed_with(&self, secret: &str) -> usize {
        let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
        let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
        let mut content = format!("{}.{}.", self.id, self.header("webhook-timestamp")).into_bytes();
        content.extend_from_slice(&self.bytes);
        let signatures = self.header("webhook-signature").split(' ');
        let tags = signatures.map(|signature| STANDARD.decode(signature.strip_prefix("v1,").unwrap()).unwrap());
        tags.filter(|tag| hmac::verify(&key, &content, tag).is_ok()).count()
    }
}

/// An endpoint of this receiver's address: its record, the secret with it.
pub(crate) async fn endpoint(app: &TestApp, receiver: &Receiver, more: Json) -> Json {
    let mut body = json!({ "name": "Web shop", "url": receiver.url });
    body.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap_or_default());
    app.alpha.post("/v1/webhook-endpoints", &body).await.expect(201)
}

/// Has what is there delivered, until this holds. On PostgreSQL the feed holds back what is younger than the oldest transaction of the whole cluster.
pub(crate) async fn until(app: &TestApp, holds: impl Fn() -> bool) {
    let begun = Instant::now();
    loop {
        app.dispatcher.work_off().await.unwrap();
        if holds() {
            return;
        }
        assert!(begun.elapsed() < Duration::from_secs(20), "it never came to it");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// The deliveries of an endpoint, in the order in which they were made.
pub(crate) async fn deliveries(app: &TestApp, endpoint: &Json) -> Vec<Json> {
    let path = format!("/v1/webhook-deliveries?limit=500&sort=sequence&filter[endpointId][eq]={}", text(endpoint, "id"));
    app.alpha.get(&path).await.expect(200)["data"].as_array().unwrap().clone()
}

/// One field of each.
pub(crate) fn each(records: &[Json], field: &str) -> Vec<Json> {
    records.iter().map(|record| record[field].clone()).collect()
}
