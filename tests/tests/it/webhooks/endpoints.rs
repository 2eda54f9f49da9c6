//! Endpoints as records: what is refused, what is kept to itself, and secrets that change.

use super::receiver::{Receiver, deliveries, endpoint, until};
use clientela_testkit::both;
use clientela_testkit::factory::text;
use serde_json::{Value as Json, json};

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_makes_no_sense_is_refused() {
    both(|app| async move {
        let receiver = Receiver::start().await;
        for (field, more) in [
            ("/events", json!({ "events": [] })),
            ("/events", json!({ "events": ["account"] })),
            ("/events", json!({ "events": ["account.sold"] })),
            ("/events", json!({ "events": ["unicorn.created"] })),
            ("/events", json!({ "events": ["webhookDelivery.created"] })),
            ("/url", json!({ "url": "https://user@example.com/" })),
            ("/url", json!({ "url": "ftp://example.com/" })),
            ("/filter", json!({ "filter": "{}" })),
            ("/filter", json!({ "events": ["account.*"], "filter": json!({ "wings": { "eq": 2 } }).to_string() })),
            ("/fields", json!({ "events": ["account.*", "contact.created"], "fields": "name" })),
            ("/fields", json!({ "events": ["account.*"], "fields": "wings" })),
        ] {
            let mut body = json!({ "name": "Web shop", "url": receiver.url });
            body.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
            let refused = app.alpha.post("/v1/webhook-endpoints", &body).await.refused(422, "VALIDATION_FAILED");
            assert_eq!(refused["errors"][0]["pointer"], field, "{refused}");
        }
        let plain = endpoint(&app, &receiver, json!({})).await;
        assert_eq!(plain["events"], json!(["*"]));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_are_shown_once_and_change_without_a_break() {
    both(|app| async move {
        let receiver = Receiver::start().await;
        let made = endpoint(&app, &receiver, json!({ "events": ["account.*"] })).await;
        let (path, first) = (format!("/v1/webhook-endpoints/{}", text(&made, "id")), text(&made, "secret"));
        let rotate = |body: Json| {
            let (app, path) = (&app, format!("{path}/rotate-secret"));
            async move { text(&app.alpha.post(&path, &body).await.expect(200), "secret") }
        };
        let second = rotate(json!({ "overlap": "PT1H" })).await;
        let account = |number: usize| {
            let (app, receiver) = (&app, &receiver);
            async move {
                app.alpha.post("/v1/accounts", &json!({ "name": format!("Firma {number}") })).await.expect(201);
                until(app, || receiver.heard().len() == number).await;
                receiver.heard().pop().unwrap()
            }
        };
        let message = account(1).await;
        assert_eq!((message.signed_with(&first), message.signed_with(&second)), (1, 1));
        app.clock.advance(3_600_000);
        let message = account(2).await;
        assert_eq!((message.signed_with(&first), message.signed_with(&second)), (0, 1));
        let third = rotate(json!({ "overlap": "PT0S" })).await;
        let message = account(3).await;
        assert_eq!((message.signed_with(&second), message.signed_with(&third)), (0, 1));
        // Nowhere else do they stand.
        let history = app.alpha.get(&format!("{path}/history")).await.text();
        let audit = app.alpha.get("/v1/audit-entries").await.text();
        for (place, shown) in [("record", app.alpha.get(&path).await.text()), ("history", history), ("audit", audit)] {
            assert!(![&first, &second, &third].iter().any(|secret| shown.contains(secret.as_str())), "{place}");
        }
        for delivery in deliveries(&app, &made).await {
            assert!(!delivery.to_string().contains("whsec_"));
        }
        // What was sent goes with the endpoint.
        app.alpha.post(&format!("{path}/erase"), &json!({})).await.expect(204);
        assert!(deliveries(&app, &made).await.is_empty());
    })
    .await;
}
