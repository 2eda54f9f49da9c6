//! What an endpoint hears of, and what it looks like.

use super::receiver::{Receiver, deliveries, each, endpoint, until};
use clientela_testkit::both;
use clientela_testkit::factory::text;
use serde_json::{Value as Json, json};

#[tokio::test(flavor = "multi_thread")]
async fn what_happens_is_told_signed_and_in_order() {
    both(|app| async move {
        let receiver = Receiver::start().await;
        app.alpha.post("/v1/accounts", &json!({ "name": "Before" })).await.expect(201);
        let made = endpoint(&app, &receiver, json!({ "events": ["account.*"] })).await;
        let secret = text(&made, "secret");
        let account = app.alpha.post("/v1/accounts", &json!({ "name": "Käserei Huber", "country": "AT" })).await.expect(201);
        let path = format!("/v1/accounts/{}", text(&account, "id"));
        app.alpha.patch(&path, &json!({ "name": "Käserei Huber & Söhne" })).await.expect(200);
        app.alpha.post("/v1/contacts", &json!({ "lastName": "Huber" })).await.expect(201);
        app.beta.post("/v1/accounts", &json!({ "name": "Of others" })).await.expect(201);
        app.alpha.delete(&path).await.expect(204);
        app.alpha.post(&format!("{path}/restore"), &json!({})).await.expect(200);
        until(&app, || receiver.heard().len() >= 4).await;
        app.alpha.post(&format!("{path}/erase"), &json!({})).await.expect(204);
        until(&app, || receiver.heard().len() >= 5).await;
        let kinds = ["created", "updated", "deleted", "restored", "erased"];
        let wanted: Vec<(String, i64)> = kinds.iter().zip(1..).map(|(kind, version)| (format!("account.{kind}"), version)).collect();
        assert_eq!(receiver.told(), wanted);
        let heard = receiver.heard();
        for message in &heard {
            assert_eq!(message.signed_with(&secret), 1, "{message:?}");
            assert_eq!(message.headers["content-type"], "application/json");
            assert_eq!(message.body["data"]["id"], account["id"]);
            assert!(message.id.starts_with("evt_"));
        }
        let ids: std::collections::HashSet<&str> = heard.iter().map(|message| message.id.as_str()).collect();
        assert_eq!(ids.len(), 5, "every event has an id of its own");
        let updated = &heard[1].body["data"];
        assert_eq!((&updated["kind"], &updated["changedFields"]), (&json!("UPDATED"), &json!(["name"])), "{updated}");
        assert_eq!(updated["actor"], app.alpha.context.actor.to_text());
        let kept = deliveries(&app, &made).await;
        assert_eq!(each(&kept, "eventId"), heard.iter().map(|message| json!(message.id)).collect::<Vec<_>>());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_form_says_what_it_is_asked_for() {
    both(|app| async move {
        let (full, thin, cloud, some) =
            (Receiver::start().await, Receiver::start().await, Receiver::start().await, Receiver::start().await);
        let events = |more: Json| {
            let mut all = json!({ "events": ["account.created", "account.updated"] });
            all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            all
        };
        endpoint(&app, &full, events(json!({}))).await;
        endpoint(&app, &thin, events(json!({ "payload": "THIN" }))).await;
        endpoint(&app, &cloud, events(json!({ "format": "CLOUDEVENTS" }))).await;
        let filter = json!({ "country": { "eq": "AT" } }).to_string();
        let made = endpoint(&app, &some, events(json!({ "filter": filter, "fields": "name,parent.name" }))).await;
        let parent = app.alpha.post("/v1/accounts", &json!({ "name": "Holding", "country": "DE" })).await.expect(201);
        let account = json!({ "name": "Huber", "country": "AT", "parentId": parent["id"] });
        let account = app.alpha.post("/v1/accounts", &account).await.expect(201);
        until(&app, || [&full, &thin, &cloud].iter().all(|receiver| receiver.heard().len() == 2) && some.heard().len() == 1).await;
        let id = text(&account, "id");
        let of = |receiver: &Receiver| receiver.heard().into_iter().find(|message| message.body["data"]["id"] == account["id"]).unwrap();
        let (full, thin, cloud, some) = (of(&full), of(&thin), of(&cloud), of(&some));
        let read = app.alpha.get(&format!("/v1/accounts/{id}")).await.expect(200);
        assert_eq!(full.body["data"]["record"], read);
        assert_eq!(full.body["timestamp"], account["createdAt"]);
        assert_eq!(thin.body["data"].get("record"), None);
        assert_eq!(some.body["data"]["record"], json!({ "name": "Huber", "parent": { "name": "Holding" } }));
        assert_eq!(cloud.headers["content-type"], "application/cloudevents+json");
        assert_eq!(cloud.body["data"], full.body["data"]);
        for (field, value) in [("specversion", "1.0"), ("type", "account.created"), ("source", "/v1/accounts"), ("subject", id.as_str())] {
            assert_eq!(cloud.body[field], value, "{}", cloud.body);
        }
        assert_eq!(cloud.body["id"], cloud.id);
        assert_eq!([&full.id, &thin.id, &cloud.id], [&some.id; 3], "an event has one id, whoever hears of it");
        assert_eq!(deliveries(&app, &made).await.len(), 1, "what the filter leaves out is not even made");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenants_own_objects_are_told_too() {
    both(|app| async move {
        let receiver = Receiver::start().await;
        let object = json!({ "name": "machine", "plural": "machines", "label": "Machine" });
        app.alpha.post("/v1/custom-objects", &object).await.expect(201);
        endpoint(&app, &receiver, json!({ "events": ["customMachine.created"] })).await;
        let made = app.alpha.post("/v1/custom/machines", &json!({ "name": "Vat 3" })).await.expect(201);
        until(&app, || !receiver.heard().is_empty()).await;
        let body = receiver.heard()[0].body.clone();
        assert_eq!((&body["type"], &body["data"]["id"]), (&json!("customMachine.created"), &made["id"]), "{body}");
        assert_eq!(body["data"]["record"]["name"], "Vat 3");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sample_is_sent_when_somebody_asks() {
    both(|app| async move {
        let receiver = Receiver::start().await;
        let made = endpoint(&app, &receiver, json!({ "events": ["contact.*"] })).await;
        let path = format!("/v1/webhook-endpoints/{}", text(&made, "id"));
        let sent = app.alpha.post(&format!("{path}/test"), &json!({})).await.expect(200);
        let query = "mutation($id: ID!) { sendTestWebhook(input: {id: $id, event: \"account.updated\"}) { webhookDelivery { id state event test } userErrors { code } } }";
        let other = app.alpha.graphql(query, json!({ "id": made["id"] })).await.data()["sendTestWebhook"]["webhookDelivery"].clone();
        assert_eq!((&other["state"], &other["test"]), (&json!("PENDING"), &json!(true)));
        until(&app, || receiver.heard().len() == 2).await;
        let mut types: Vec<String> = receiver.heard().iter().map(|message| text(&message.body, "type")).collect();
        types.sort();
        assert_eq!(types, ["account.updated", "contact.created"]);
        let secret = text(&made, "secret");
        for message in receiver.heard() {
            assert_eq!((message.signed_with(&secret), &message.body["data"]["test"]), (1, &json!(true)));
            assert!(message.body["data"]["record"].is_object());
        }
        let read = app.alpha.get(&format!("/v1/webhook-deliveries/{}", text(&sent["webhookDelivery"], "id"))).await.expect(200);
        assert_eq!((&read["state"], &read["lastStatus"], &read["attempts"]), (&json!("DELIVERED"), &json!(204), &json!(1)), "{read}");
        for bad in ["account.*", "account.sold", "unicorn.created", "auditEntry.created"] {
            app.alpha.post(&format!("{path}/test"), &json!({ "event": bad })).await.refused(422, "VALIDATION_FAILED");
        }
        app.alpha.patch(&path, &json!({ "state": "DISABLED" })).await.expect(200);
        app.alpha.post(&format!("{path}/test"), &json!({})).await.refused(422, "VALIDATION_FAILED");
    })
    .await;
}
