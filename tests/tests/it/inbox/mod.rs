//! Inboxes: what is taken from whom, what comes of it, and what is done with what was refused.

mod mapping;
mod rights;
mod signatures;
mod time;

use axum::body::Body;
use clientela_jobs::webhook::secret;
use clientela_kernel::Clock as _;
use clientela_testkit::factory::text;
use clientela_testkit::{Answer, Client, TestApp};
use http::Request;
use serde_json::{Value as Json, json};

/// A source, as whoever sends to it knows it.
pub(crate) struct Source {
    pub(crate) id: String,
    pub(crate) secret: String,
}

/// Makes a source.
pub(crate) async fn source(client: &Client, more: Json) -> Source {
    let mut body = json!({ "name": "Orders of the ERP" });
    body.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
    let made = client.post("/v1/inbox-sources", &body).await.expect(201);
    Source { id: text(&made, "id"), secret: text(&made, "secret") }
}

impl Source {
    /// The address of the record.
    pub(crate) fn path(&self) -> String {
        format!("/v1/inbox-sources/{}", self.id)
    }

    /// Sends bytes with headers, and no credential of ours.
    pub(crate) async fn raw(&self, app: &TestApp, headers: &[(&str, &str)], body: impl Into<Body>) -> Answer {
        let mut request = Request::post(format!("/v1/inbox/{}", self.id)).header("content-type", "application/json");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        app.alpha.with_token(None).raw(request.body(body.into()).unwrap()).await
    }

    /// Sends what Standard Webhooks asks for, signed so many seconds ago.
    pub(crate) async fn signed(&self, app: &TestApp, key: &str, id: &str, ago: i64, body: &str) -> Answer {
        let seconds = app.clock.now().0 / 1_000 - ago;
        let signature = secret::sign(key, id, seconds, body.as_bytes()).unwrap_or_default();
        let headers = [("webhook-id", id), ("webhook-timestamp", &seconds.to_string()), ("webhook-signature", &signature)];
        self.raw(app, &headers, body.to_owned()).await
    }

    /// Sends an event; answers the id of what is kept of it.
    pub(crate) async fn send(&self, app: &TestApp, id: &str, body: &Json) -> String {
        text(&self.signed(app, &self.secret, id, 0, &body.to_string()).await.expect(202), "id")
    }
}

/// What is kept of an event.
pub(crate) async fn event(client: &Client, id: &str) -> Json {
    client.get(&format!("/v1/inbox-events/{id}")).await.expect(200)
}

/// Sends an event and has it carried out.
pub(crate) async fn carried(app: &TestApp, source: &Source, id: &str, body: &Json) -> Json {
    let kept = source.send(app, id, body).await;
    crate::jobs::work(app).await;
    event(&app.alpha, &kept).await
}
