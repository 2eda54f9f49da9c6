//! What comes late, what is kept for how long, and what goes with a person.

use super::{carried, event, source};
use crate::jobs::work;
use crate::webhooks::receiver::{Receiver, deliveries, endpoint, until};
use clientela_jobs::Worker;
use clientela_testkit::both;
use clientela_testkit::factory::text;
use serde_json::{Value as Json, json};

fn contacts() -> Json {
    let step = json!({
        "upsert": "contact",
        "key": { "system": "erp", "column": "/number" },
        "fields": { "lastName": "/name", "email": "/email" }
    });
    json!({ "mapping": json!({ "rules": [{ "do": [step] }] }).to_string(), "keyPointer": "/number", "eventIdPointer": "/event" })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_puts_nothing_older_in_the_place_of_what_is_newer() {
    both(|app| async move {
        let erp = source(&app.alpha, contacts()).await;
        let saved = |event: i64, name: &str| json!({ "event": event, "number": 7, "name": name });
        let first = carried(&app, &erp, "a", &saved(1, "Gruber")).await;
        assert_eq!((&first["eventId"], &first["key"]), (&json!("1"), &json!("7")));
        // While a source is disabled nothing is carried out; then all of it, in its order.
        let waits = erp.send(&app, "b", &saved(2, "Huber")).await;
        app.alpha.patch(&erp.path(), &json!({ "state": "DISABLED" })).await.expect(200);
        work(&app).await;
        assert_eq!(event(&app.alpha, &waits).await["status"], "RECEIVED");
        app.alpha.patch(&erp.path(), &json!({ "state": "ACTIVE" })).await.expect(200);
        work(&app).await;
        assert_eq!(event(&app.alpha, &waits).await["status"], "PROCESSED");
        app.alpha.post(&format!("/v1/inbox-events/{}/replay", text(&first, "id")), &json!({})).await.expect(200);
        work(&app).await;
        let passed = event(&app.alpha, &text(&first, "id")).await;
        assert_eq!((&passed["status"], &passed["failureCode"]), (&json!("IGNORED"), &json!("OVERTAKEN")), "{passed}");
        assert_eq!(app.alpha.get("/v1/contacts/by/erp/7").await.expect(200)["lastName"], "Huber");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_takes_along_what_events_tell_of_it() {
    both(|app| async move {
        let erp = source(&app.alpha, contacts()).await;
        let about =
            |event: i64, number: i64, name: &str, email: &str| json!({ "event": event, "number": number, "name": name, "email": email });
        let hers = carried(&app, &erp, "a", &about(1, 7, "Gruber", "anna@alpine.example")).await;
        let other = carried(&app, &erp, "b", &about(2, 8, "Huber", "otto@alpine.example")).await;
        // Nothing was made of these two: one is refused, one waits.
        let refused = carried(&app, &erp, "c", &json!({ "event": 3, "note": "ANNA@Alpine.example called" })).await;
        assert_eq!(refused["status"], "FAILED", "{refused}");
        let escaped = r#"{"event":4,"note":"\u0061nna@alpine.example"}"#;
        let waits = text(&erp.signed(&app, &erp.secret, "d", 0, escaped).await.expect(202), "id");
        let contact = app.alpha.get("/v1/contacts/by/erp/7").await.expect(200);
        app.alpha.post("/v1/privacy-requests/erase-person", &json!({ "partyId": contact["id"] })).await.expect(200);
        for id in [text(&hers, "id"), text(&refused, "id"), waits.clone()] {
            let kept = event(&app.alpha, &id).await;
            assert!(["body", "headers", "failure"].iter().all(|field| kept[field].is_null()) && kept["records"] == json!([]), "{kept}");
            assert!(!kept.to_string().to_lowercase().contains("anna"), "{kept}");
        }
        assert!(event(&app.alpha, &text(&other, "id")).await["body"].as_str().unwrap().contains("otto"));
        work(&app).await;
        assert_eq!(event(&app.alpha, &waits).await["status"], "IGNORED");
        app.alpha.post(&format!("/v1/inbox-events/{waits}/replay"), &json!({})).await.refused(422, "VALIDATION_FAILED");
        // The source goes with all that it has kept.
        app.alpha.post(&format!("{}/erase", erp.path()), &json!({})).await.expect(204);
        assert_eq!(app.alpha.get("/v1/inbox-events?total=true").await.expect(200)["page"]["total"], 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_ended_goes_when_its_time_is_over() {
    both(|app| async move {
        let receiver = Receiver::start().await;
        let hook = endpoint(&app, &receiver, json!({ "events": ["account.*"] })).await;
        let account = app.alpha.post("/v1/accounts", &json!({ "name": "Alpine" })).await.expect(201);
        let path = format!("/v1/accounts/{}", text(&account, "id"));
        app.alpha.patch(&path, &json!({ "name": "Alpine Foods" })).await.expect(200);
        until(&app, || receiver.heard().len() == 2).await;
        let erp = source(&app.alpha, contacts()).await;
        let done = carried(&app, &erp, "a", &json!({ "event": 1, "number": 7, "name": "Gruber" })).await;
        app.alpha.patch(&erp.path(), &json!({ "state": "DISABLED" })).await.expect(200);
        app.clock.advance(60_000);
        app.worker.upkeep().await.unwrap();
        assert_eq!(event(&app.alpha, &text(&done, "id")).await["status"], "PROCESSED");
        Worker::clone(&app.worker).keeping_events_for(0).upkeep().await.unwrap();
        app.alpha.get(&format!("/v1/inbox-events/{}", text(&done, "id"))).await.refused(404, "NOT_FOUND");
        // The latest stays, so that the endpoint hears that the record is gone.
        let kept = deliveries(&app, &hook).await;
        assert_eq!(kept.iter().map(|delivery| &delivery["event"]).collect::<Vec<_>>(), ["account.updated"], "{kept:?}");
    })
    .await;
}
