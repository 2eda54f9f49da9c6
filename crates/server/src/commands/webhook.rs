//! `clientela webhook`.

use super::{Failure, house, print};
use crate::cli::webhook::{WebhookCommand, WebhookMessage, WebhookRange};
use crate::config::Config;
use crate::lifecycle::{self, Draining};
use crate::{listener, tenants};
use axum::Router;
use axum::body::Bytes;
use clientela_engine::OperationRequest;
use clientela_jobs::webhook::secret;
use clientela_kernel::{Clock as _, Error, ErrorCode, Id, SystemClock};
use http::{HeaderMap, StatusCode};
use serde_json::{Map, Value as Json, json};
use std::io::Read as _;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

/// Clients that are served at once.
const CLIENTS: usize = 64;
/// The headers of a message.
const HEADERS: [&str; 3] = ["webhook-id", "webhook-timestamp", "webhook-signature"];

/// Does something with webhooks.
pub async fn run(config: &Config, command: &WebhookCommand, as_json: bool) -> Result<(), Failure> {
    match command {
        WebhookCommand::Verify(message) => verify(message, as_json),
        WebhookCommand::Listen { secret, port, count } => listen(secret, *port, *count, as_json).await,
        WebhookCommand::Trigger { endpoint, event, tenant } => {
            let mut body = Map::new();
            if let Some(event) = event {
                body.insert("event".to_owned(), Json::from(event.as_str()));
            }
            let answer = operate(config, "sendTestWebhook", id(endpoint, "whe")?, body, tenant.as_deref()).await?;
            print(
                as_json,
                &answer,
                &format!("{} waits to be sent.", answer.get("webhookDelivery").and_then(Json::as_str).unwrap_or_default()),
            )
        }
        WebhookCommand::Replay { id: what, range, tenant } => {
            if let Ok(delivery) = Id::parse(what, "whd") {
                let answer = operate(config, "replayWebhookDelivery", delivery, Map::new(), tenant.as_deref()).await?;
                return print(as_json, &answer, &format!("{what} waits to be sent again."));
            }
            let answer = operate(config, "replayWebhookDeliveries", id(what, "whe")?, range.body(), tenant.as_deref()).await?;
            print(as_json, &answer, &format!("{} deliveries wait to be sent again.", answer.get("replayed").unwrap_or(&Json::Null)))
        }
    }
}

fn id(text: &str, prefix: &str) -> Result<Id, Failure> {
    Id::parse(text, prefix).map_err(|_| Failure::Usage(format!("{text:?} is no id of the kind {prefix}_….")))
}

impl WebhookRange {
    fn body(&self) -> Map<String, Json> {
        let texts = [("from", &self.from), ("until", &self.until)];
        let numbers = [("fromSequence", self.from_sequence), ("untilSequence", self.until_sequence)];
        let mut body: Map<String, Json> =
            texts.into_iter().filter_map(|(name, value)| Some((name.to_owned(), Json::from(value.as_deref()?)))).collect();
        body.extend(numbers.into_iter().filter_map(|(name, value)| Some((name.to_owned(), Json::from(value?)))));
        if self.missed {
            body.insert("missed".to_owned(), Json::from(true));
        }
        if !self.state.is_empty() {
            body.insert("states".to_owned(), json!(self.state));
        }
        body
    }
}

/// Says whether a message is what the secret's owner has sent.
fn verify(message: &WebhookMessage, as_json: bool) -> Result<(), Failure> {
    let refuse = |text: String| Failure::Run(Error::new(ErrorCode::ValidationFailed, text));
    let body = match &message.file {
        Some(file) => std::fs::read(file).map_err(|error| refuse(format!("The body {} cannot be read: {error}.", file.display())))?,
        None => {
            let mut body = Vec::new();
            std::io::stdin().read_to_end(&mut body).map_err(|error| refuse(format!("The body cannot be read: {error}.")))?;
            body
        }
    };
    let now = if message.any_time { message.timestamp.parse().unwrap_or(0) } else { SystemClock.now().0.div_euclid(1_000) };
    match secret::verify(&message.secret, &message.id, &message.timestamp, &message.signature, &body, now) {
        Ok(()) => print(as_json, &json!({ "valid": true, "id": message.id }), &format!("{} holds.", message.id)),
        Err(why) => Err(refuse(format!("The message does not hold: {why}."))),
    }
}

/// Takes messages on this machine, says of each whether it holds, and shows it.
async fn listen(known: &str, port: u16, count: Option<usize>, as_json: bool) -> Result<(), Failure> {
    let failed = |error: std::io::Error| Failure::Run(Error::internal(format!("Nobody can listen on port {port}: {error}")));
    let socket = TcpListener::bind(("127.0.0.1", port)).await.map_err(failed)?;
    let address = socket.local_addr().map_err(failed)?;
    let url = format!("http://{address}/");
    print(as_json, &json!({ "url": url }), &format!("Listening on {url} (the server needs private_addresses to reach it)."))?;
    let (sender, mut heard) = mpsc::channel(64);
    let (sender, known) = (Arc::new(sender), Arc::<str>::from(known));
    let routes = Router::new().fallback(move |headers: HeaderMap, body: Bytes| {
        let (sender, known) = (Arc::clone(&sender), Arc::clone(&known));
        async move {
            let (holds, shown) = shown(&known, &headers, &body);
            // Whoever no longer listens has not heard it.
            let taken = sender.send(shown).await.is_ok();
            if holds && taken { StatusCode::NO_CONTENT } else { StatusCode::BAD_REQUEST }
        }
    });
    let ended = lifecycle::signals().map_err(failed)?;
    lifecycle::background(listener::serve(socket, routes, CLIENTS, Draining::default(), ended.clone()));
    let (mut ended, mut left) = (ended, count);
    while left != Some(0) {
        let message = tokio::select! {
            message = heard.recv() => message,
            _ = ended.changed() => None,
        };
        let Some(message) = message else { break };
        print(as_json, &message, &serde_json::to_string_pretty(&message).unwrap_or_default())?;
        left = left.map(|left| left.saturating_sub(1));
    }
    Ok(())
}

/// A message as it is shown, and whether it holds.
fn shown(known: &str, headers: &HeaderMap, body: &[u8]) -> (bool, Json) {
    let [id, timestamp, signature] = HEADERS.map(|name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default());
    let held = secret::verify(known, id, timestamp, signature, body, SystemClock.now().0.div_euclid(1_000));
    let text = String::from_utf8_lossy(body);
    let body = serde_json::from_str::<Json>(&text).unwrap_or_else(|_| Json::from(text.into_owned()));
    let message = json!({ "id": id, "valid": held.is_ok(), "problem": held.err(), "body": body });
    (held.is_ok(), message)
}

/// Carries out an operation with a record, and answers what came of it.
async fn operate(config: &Config, name: &str, record: Id, body: Map<String, Json>, tenant: Option<&str>) -> Result<Json, Failure> {
    let house = house(config).await?;
    let done = async {
        let context = tenants::system_context(&house, tenants::find(&house.store, tenant).await?);
        let engine = house.engine.for_tenant(context.tenant).await?;
        let def = engine.registry().operation(name).ok_or_else(|| Error::internal(format!("no operation is called {name}")))?;
        let def = Arc::clone(def);
        let request =
            OperationRequest { def: Arc::clone(&def), record: Some(record), body, expected: None, idempotency: None, dry_run: false };
        let outcome = engine.operate(&context, request).await?;
        let answer = outcome.to_json(engine.registry(), &def)?;
        outcome.finish().await?;
        Ok::<_, Error>(answer)
    };
    let done = done.await;
    house.store.close().await;
    done.map_err(super::schema::explained)
}
