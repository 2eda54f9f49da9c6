//! An endpoint hears what its principal may read at the moment of sending, and nothing more.

use super::receiver::{Receiver, deliveries, each, until};
use clientela_testkit::factory::text;
use clientela_testkit::{Client, TestApp, both};
use serde_json::{Value as Json, json};

/// A user with one role of these rights, and the role.
async fn user(app: &TestApp, name: &str, rights: &[(&str, &str, &str)]) -> (Client, String) {
    let role = app.alpha.post("/v1/roles", &json!({ "key": name, "name": name })).await.expect(201);
    for (resource, action, depth) in rights {
        let right = json!({ "roleId": role["id"], "resource": resource, "action": action, "depth": depth });
        app.alpha.post("/v1/role-rights", &right).await.expect(201);
    }
    let made = app.alpha.post("/v1/users", &json!({ "name": name, "email": format!("{name}@alpha.example") })).await.expect(201);
    app.alpha.post("/v1/role-assignments", &json!({ "roleId": role["id"], "userId": made["id"] })).await.expect(201);
    (app.sign_in(&text(&made, "id")).await, text(&role, "id"))
}

const RIGHTS: [(&str, &str, &str); 3] = [("account", "*", "OWN"), ("webhookEndpoint", "*", "OWN"), ("user", "read", "ALL")];

#[tokio::test(flavor = "multi_thread")]
async fn what_its_maker_may_not_read_is_not_sent() {
    both(|app| async move {
        let receiver = Receiver::start().await;
        let (maria, role) = user(&app, "maria", &RIGHTS).await;
        let body = json!({ "name": "Mine", "url": receiver.url, "events": ["account.*", "contact.*"] });
        let made = maria.post("/v1/webhook-endpoints", &body).await.expect(201);
        assert_eq!(made["ownerId"], maria.context.actor.to_text());
        let own = json!({ "name": "Mine", "ownerId": made["ownerId"], "phone": "+43 1 5550100" });
        let own = app.alpha.post("/v1/accounts", &own).await.expect(201);
        app.alpha.post("/v1/accounts", &json!({ "name": "Of others" })).await.expect(201);
        app.alpha.post("/v1/contacts", &json!({ "lastName": "Of others" })).await.expect(201);
        // The role is narrowed before anything is sent.
        let rule = json!({ "roleId": role, "resource": "account", "field": "phone", "access": "HIDDEN" });
        app.alpha.post("/v1/field-rules", &rule).await.expect(201);
        let ended = |kept: &[Json]| kept.len() == 3 && kept.iter().all(|kept| kept["state"] != "PENDING");
        let begun = std::time::Instant::now();
        let kept = loop {
            app.dispatcher.work_off().await.unwrap();
            let kept = deliveries(&app, &made).await;
            if ended(&kept) {
                break kept;
            }
            assert!(begun.elapsed().as_secs() < 20, "{kept:?}");
        };
        assert_eq!(each(&kept, "state"), ["DELIVERED", "WITHHELD", "WITHHELD"], "{kept:?}");
        let record = receiver.heard()[0].body["data"]["record"].clone();
        assert_eq!((receiver.heard().len(), &record["id"]), (1, &own["id"]));
        assert!(record.get("phone").is_none() && !receiver.heard()[0].body.to_string().contains("5550100"), "{record}");
        // Of what is gone those hear who have heard of it.
        for account in app.alpha.get("/v1/accounts").await.expect(200)["data"].as_array().unwrap() {
            app.alpha.post(&format!("/v1/accounts/{}/erase", text(account, "id")), &json!({})).await.expect(204);
        }
        until(&app, || receiver.heard().len() == 2).await;
        let begun = std::time::Instant::now();
        while deliveries(&app, &made).await.iter().filter(|kept| kept["state"] == "WITHHELD").count() < 3 {
            app.dispatcher.work_off().await.unwrap();
            assert!(begun.elapsed().as_secs() < 20, "{:?}", deliveries(&app, &made).await);
        }
        assert_eq!(receiver.heard()[1].body["type"], "account.erased");
        assert_eq!(receiver.heard()[1].body["data"]["id"], own["id"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_sends_more_than_they_may_read_themselves() {
    both(|app| async move {
        let receiver = Receiver::start().await;
        let made = super::receiver::endpoint(&app, &receiver, json!({ "events": ["contact.*"] })).await;
        let path = format!("/v1/webhook-endpoints/{}", text(&made, "id"));
        let (jonas, _) = user(&app, "jonas", &[("account", "*", "ALL"), ("webhookEndpoint", "*", "ALL")]).await;
        jonas.patch(&path, &json!({ "url": format!("{}/mine", receiver.url) })).await.refused(403, "FORBIDDEN");
        // A key that may read accounts alone turns an endpoint of an administrator to its own address: with that the endpoint hears of no more.
        let key = json!({ "name": "Narrow", "resourceScopes": "accounts:read webhook-endpoints:read webhook-endpoints:write" });
        let key = app.alpha.post("/v1/api-keys", &key).await.expect(201);
        let narrow = app.alpha.with_token(Some(&text(&key, "secret")));
        narrow.patch(&path, &json!({ "url": format!("{}/mine", receiver.url), "events": ["*"] })).await.expect(200);
        app.alpha.post("/v1/contacts", &json!({ "lastName": "Huber" })).await.expect(201);
        app.alpha.post("/v1/accounts", &json!({ "name": "Huber" })).await.expect(201);
        until(&app, || receiver.heard().iter().any(|message| message.body["type"] == "account.created")).await;
        assert!(receiver.told().iter().all(|(event, _)| !event.starts_with("contact")), "{:?}", receiver.told());
        // Whoever may sign in no more sends no more.
        let (maria, _) = user(&app, "maria", &RIGHTS).await;
        let body = json!({ "name": "Mine", "url": receiver.url, "events": ["account.*"] });
        let hers = maria.post("/v1/webhook-endpoints", &body).await.expect(201);
        let id = maria.context.actor.to_text();
        app.alpha.post("/v1/accounts", &json!({ "name": "Hers", "ownerId": id })).await.expect(201);
        app.alpha.patch(&format!("/v1/users/{id}"), &json!({ "active": false })).await.expect(200);
        let state = format!("/v1/webhook-endpoints/{}", text(&hers, "id"));
        let begun = std::time::Instant::now();
        while app.alpha.get(&state).await.expect(200)["state"] == "ACTIVE" {
            app.dispatcher.work_off().await.unwrap();
            assert!(begun.elapsed().as_secs() < 20, "it goes on");
        }
        assert_eq!(app.alpha.get(&state).await.expect(200)["disabledReason"], "PRINCIPAL_GONE");
    })
    .await;
}
