//! Who may change rights, and that somebody always can.

use super::{make, role, user};
use clientela_testkit::both;
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn nobody_gives_themselves_more_than_they_have() {
    both(|app| async move {
        let everything = role(&app, "everything", &[("*", "*", "ALL")]).await;
        let reader = role(&app, "looker", &[("*", "read", "ALL")]).await;
        let administrator = app.alpha.get("/v1/roles/by/key/administrator").await.expect(200)["id"].as_str().expect("an id").to_owned();
        let (id, clerk) = user(&app, "clerk", &[&everything]).await;
        for (path, body) in [
            ("roles", json!({ "key": "mine", "name": "Mine", "administrator": true })),
            ("role-rights", json!({ "roleId": everything, "resource": "account", "action": "erase", "depth": "ALL" })),
            ("field-rules", json!({ "roleId": everything, "resource": "account", "field": "name", "access": "WRITE" })),
            ("role-assignments", json!({ "roleId": administrator, "userId": id })),
        ] {
            clerk.post(&format!("/v1/{path}"), &body).await.refused(403, "FORBIDDEN");
        }
        clerk.patch(&format!("/v1/roles/{everything}"), &json!({ "administrator": true })).await.refused(403, "FORBIDDEN");
        // `assign` of roles says which may be given; that role gives all but an administrator's.
        let (other, looker) = user(&app, "other", &[]).await;
        make_as(&clerk, json!({ "roleId": reader, "userId": other }), 201).await;
        looker.get("/v1/accounts").await.expect(200);
        looker.post("/v1/accounts", &json!({ "name": "x" })).await.refused(403, "FORBIDDEN");
        make_as(&looker, json!({ "roleId": reader, "userId": id }), 403).await;
        // What somebody's export holds was read with their rights, and is for nobody else.
        let export = app.alpha.post("/v1/exports", &json!({ "resource": "account" })).await.expect(202);
        let export = format!("/v1/exports/{}", export["id"].as_str().expect("an id"));
        let (_ended, ended) = tokio::sync::watch::channel(false);
        app.worker.work_off(&ended).await.expect("the worker works");
        looker.get(&export).await.expect(200);
        looker.get(&format!("{export}/content")).await.refused(404, "NOT_FOUND");
        assert_eq!(app.alpha.get(&format!("{export}/content")).await.status, 200);
        // A key has what its maker has, and goes with the maker.
        let key = clerk.post("/v1/api-keys", &json!({ "name": "mine" })).await.expect(201);
        let program = clerk.with_token(key["secret"].as_str());
        program.post("/v1/accounts", &json!({ "name": "By program" })).await.expect(201);
        program.post("/v1/roles", &json!({ "key": "mine", "name": "Mine" })).await.refused(403, "FORBIDDEN");
        // Ids are chosen by whoever makes a record: that of an administrator makes no administrator of a key.
        let same = app.alpha.context.actor.to_text().replace("usr_", "key_");
        let twin = clerk.post("/v1/api-keys", &json!({ "id": same, "name": "twin" })).await.expect(201);
        let twin = clerk.with_token(twin["secret"].as_str());
        twin.post("/v1/roles", &json!({ "key": "mine", "name": "Mine" })).await.refused(403, "FORBIDDEN");
        make(&app, "api-key-roles", json!({ "roleId": reader, "apiKeyId": key["id"] })).await;
        program.post("/v1/accounts", &json!({ "name": "By program" })).await.refused(403, "FORBIDDEN");
        let key = clerk.post("/v1/api-keys", &json!({ "name": "second" })).await.expect(201);
        let program = clerk.with_token(key["secret"].as_str());
        program.get("/v1/accounts").await.expect(200);
        app.alpha.patch(&format!("/v1/users/{id}"), &json!({ "active": false })).await.expect(200);
        program.get("/v1/accounts").await.refused(403, "FORBIDDEN");
    })
    .await;
}

async fn make_as(client: &clientela_testkit::Client, body: serde_json::Value, status: u16) {
    let answer = client.post("/v1/role-assignments", &body).await;
    assert_eq!(answer.status, status, "{}", answer.describe());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_administrator_stays_one() {
    both(|app| async move {
        let me = app.alpha.get("/v1/me").await.expect(200);
        let me = me["user"]["id"].as_str().or(me["id"].as_str()).map(str::to_owned).unwrap_or_else(|| app.alpha.context.actor.to_text());
        let role = app.alpha.get("/v1/roles/by/key/administrator").await.expect(200)["id"].as_str().expect("an id").to_owned();
        let assignment = app.alpha.get("/v1/role-assignments").await.expect(200)["data"][0]["id"].as_str().expect("an id").to_owned();
        let ways = [format!("users/{me}"), format!("roles/{role}"), format!("role-assignments/{assignment}")];
        for path in &ways {
            app.alpha.delete(&format!("/v1/{path}")).await.refused(403, "FORBIDDEN");
            app.alpha.post(&format!("/v1/{path}/erase"), &json!({})).await.refused(403, "FORBIDDEN");
        }
        app.alpha.patch(&format!("/v1/users/{me}"), &json!({ "active": false })).await.refused(403, "FORBIDDEN");
        app.alpha.patch(&format!("/v1/roles/{role}"), &json!({ "administrator": false })).await.refused(403, "FORBIDDEN");
        app.alpha
            .post("/v1/users/bulk-update", &json!({ "filter": { "active": { "eq": true } }, "values": { "active": false } }))
            .await
            .refused(403, "FORBIDDEN");
        app.alpha.get("/v1/accounts").await.expect(200);
        // With a second one the first may go.
        let (_, second) = user(&app, "second", &[&role]).await;
        second.delete(&format!("/v1/role-assignments/{assignment}")).await;
        app.alpha.get("/v1/accounts").await.refused(403, "FORBIDDEN");
        second.get("/v1/accounts").await.expect(200);
        // Teams close no circle.
        let above = second.post("/v1/teams", &json!({ "name": "Above" })).await.expect(201);
        let below = second.post("/v1/teams", &json!({ "name": "Below", "parentId": above["id"] })).await.expect(201);
        let above = format!("/v1/teams/{}", above["id"].as_str().expect("an id"));
        second.patch(&above, &json!({ "parentId": below["id"] })).await.refused(422, "VALIDATION_FAILED");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_assignments_end_at_once() {
    both(|app| async move {
        let role = role(&app, "guests", &[("account", "read", "ALL")]).await;
        for name in ["maria", "jonas", "petra"] {
            user(&app, name, &[&role]).await;
        }
        let body = json!({ "filter": { "roleId": { "eq": role } }, "expectedCount": 3 });
        let done = app.alpha.post("/v1/role-assignments/bulk-delete", &body).await.expect(200);
        assert_eq!(done["count"], json!(3), "{done}");
        app.alpha.post("/v1/accounts", &json!({ "name": "Writers go on" })).await.expect(201);
    })
    .await;
}
