//! An event does what the maker of its source may do at that moment, and nothing more.

use super::{carried, event, source};
use crate::jobs::work;
use clientela_testkit::factory::text;
use clientela_testkit::{Client, TestApp, both};
use serde_json::{Value as Json, json};

/// A user with one role of these rights.
async fn user(app: &TestApp, name: &str, rights: &[(&str, &str, &str)]) -> Client {
    let role = app.alpha.post("/v1/roles", &json!({ "key": name, "name": name })).await.expect(201);
    for (resource, action, depth) in rights.iter().chain(&[("user", "read", "ALL")]) {
        let right = json!({ "roleId": role["id"], "resource": resource, "action": action, "depth": depth });
        app.alpha.post("/v1/role-rights", &right).await.expect(201);
    }
    let made = app.alpha.post("/v1/users", &json!({ "name": name, "email": format!("{name}@alpha.example") })).await.expect(201);
    app.alpha.post("/v1/role-assignments", &json!({ "roleId": role["id"], "userId": made["id"] })).await.expect(201);
    app.sign_in(&text(&made, "id")).await
}

fn mapping(resource: &str, field: &str) -> Json {
    let step = json!({ "upsert": resource, "key": { "system": "erp", "column": "/n" }, "fields": { field: "/n" } });
    json!({ "mapping": json!({ "rules": [{ "do": [step] }] }).to_string() })
}

#[tokio::test(flavor = "multi_thread")]
async fn its_maker_decides_what_an_event_may_do() {
    both(|app| async move {
        let rights = [("account", "*", "OWN"), ("externalId", "*", "ALL"), ("inboxSource", "*", "OWN"), ("inboxEvent", "*", "OWN")];
        let maria = user(&app, "maria", &rights).await;
        let accounts = source(&maria, mapping("account", "name")).await;
        let contacts = source(&maria, mapping("contact", "lastName")).await;
        let sent = json!({ "n": "4711" });
        assert_eq!(carried(&app, &accounts, "msg_1", &sent).await["status"], "PROCESSED");
        let made = app.alpha.get("/v1/accounts/by/erp/4711").await.expect(200);
        assert_eq!(made["createdBy"], json!(maria.context.actor.to_text()));
        let refused = carried(&app, &contacts, "msg_1", &sent).await;
        assert_eq!((&refused["status"], &refused["failureCode"]), (&json!("FAILED"), &json!("FORBIDDEN")), "{refused}");
        // She sees what came in; another member sees neither source nor event, and changes none.
        assert_eq!(event(&maria, &text(&refused, "id")).await["status"], "FAILED");
        let jonas = user(&app, "jonas", &[("account", "*", "ALL"), ("inboxSource", "*", "OWN"), ("inboxEvent", "*", "OWN")]).await;
        jonas.get(&accounts.path()).await.refused(404, "NOT_FOUND");
        jonas.get(&format!("/v1/inbox-events/{}", text(&refused, "id"))).await.refused(404, "NOT_FOUND");
        jonas.post(&format!("/v1/inbox-events/{}/replay", text(&refused, "id")), &json!({})).await.refused(404, "NOT_FOUND");
        let all = user(&app, "olga", &[("inboxSource", "*", "ALL")]).await;
        all.patch(&accounts.path(), &mapping("account", "name")).await.refused(403, "FORBIDDEN");
        all.post(&format!("{}/rotate-secret", accounts.path()), &json!({})).await.refused(403, "FORBIDDEN");
        // Whoever turns a source to something else gives it no more than their own credential allows.
        let key = json!({ "name": "Narrow", "resourceScopes": "inbox-sources:read inbox-sources:write" });
        let key = app.alpha.post("/v1/api-keys", &key).await.expect(201);
        let wide = source(&app.alpha, mapping("account", "name")).await;
        let narrow = app.alpha.with_token(Some(&text(&key, "secret")));
        let rotated = narrow.post(&format!("{}/rotate-secret", wide.path()), &json!({})).await.expect(200);
        let wide = super::Source { secret: text(&rotated, "secret"), ..wide };
        assert_eq!(carried(&app, &wide, "msg_1", &json!({ "n": "4712" })).await["failureCode"], "FORBIDDEN");
        // Whoever may sign in no more does nothing more; what comes meanwhile waits.
        let id = maria.context.actor.to_text();
        app.alpha.patch(&format!("/v1/users/{id}"), &json!({ "active": false })).await.expect(200);
        let waits = accounts.send(&app, "msg_2", &json!({ "n": "4713" })).await;
        work(&app).await;
        assert_eq!(event(&app.alpha, &waits).await["status"], "RECEIVED");
        app.alpha.get("/v1/accounts/by/erp/4713").await.refused(404, "NOT_FOUND");
        let failed =
            app.alpha.get(&format!("/v1/jobs?filter[inboxSourceId][eq]={}&filter[state][eq]=FAILED", accounts.id)).await.expect(200);
        let job = text(&failed["data"][0], "id");
        assert_eq!(failed["data"][0]["failureCode"], "FORBIDDEN", "{failed}");
        app.alpha.patch(&format!("/v1/users/{id}"), &json!({ "active": true })).await.expect(200);
        app.alpha.post(&format!("/v1/jobs/{job}/retry"), &json!({})).await.expect(200);
        work(&app).await;
        assert_eq!(event(&app.alpha, &waits).await["status"], "PROCESSED");
    })
    .await;
}
