//! Tokens for one purpose: a share link shows one record, another token lets do one thing with one record; nothing else.

use super::{make, role, user};
use clientela_testkit::{Client, TestApp, both};
use serde_json::{Value as Json, json};

async fn token(app: &TestApp, maker: &Client, body: Json) -> (String, Client) {
    let made = maker.post("/v1/purpose-tokens", &body).await;
    assert_eq!(made.status, 201, "{}", made.describe());
    let made = made.json();
    let secret = made["secret"].as_str().expect("a secret is shown once");
    assert!(secret.starts_with("clt_"));
    let id = made["id"].as_str().expect("an id").to_owned();
    let again = app.alpha.get(&format!("/v1/purpose-tokens/{id}")).await.expect(200);
    assert!(!again.to_string().contains(secret), "a secret is shown again");
    (id, app.alpha.with_token(Some(secret)))
}

/// Whatever there is beyond its purpose is closed to a credential, by every way in.
async fn closed(app: &TestApp, client: &Client, open: &[&str]) {
    for def in app.registry.resources().to_vec() {
        let id = app.factory(&app.alpha).any(&def).await;
        let path = format!("/v1/{}/{id}", def.path);
        let known = if open.contains(&def.name.as_ref()) { 404 } else { 403 };
        for path in [path.clone(), format!("{path}/access"), format!("{path}?deleted=include")] {
            let answer = client.get(&path).await;
            assert!(answer.status == known || (def.name == "party" && answer.status == 404), "{path}: {}", answer.describe());
        }
        if def.deletable {
            let answer = client.delete(&path).await;
            assert!([403, 404].contains(&answer.status), "{path}: {}", answer.describe());
        }
        if let Some(patch) = def.updatable.then(|| clientela_testkit::factory::patch(&def, &json!({}))).flatten() {
            let answer = client.patch(&path, &patch).await;
            assert!([403, 404].contains(&answer.status), "{path} {patch}: {}", answer.describe());
        }
        let list = client.get(&format!("/v1/{}?limit=1000&deleted=include", def.path)).await;
        assert!(
            list.status == 403 || (open.contains(&def.name.as_ref()) && !list.text().contains(&id)),
            "{}: {}",
            def.path,
            list.describe()
        );
        let counted = client.post(&format!("/v1/{}/aggregate", def.path), &json!({ "groupBy": ["id"] })).await;
        assert!(counted.status == 403 || !counted.text().contains(&id), "{}: {}", def.path, counted.describe());
        let node = client.graphql("query($id: ID!) { node(id: $id) { id } }", json!({ "id": id })).await;
        assert!(!node.text().contains(&format!("\"id\":\"{id}\"")), "{}: {}", def.path, node.describe());
        assert_eq!(app.alpha.get(&path).await.status, 200, "{path} was changed");
    }
    let found = client.get("/v1/search?q=alfreds&limit=100").await;
    assert!(found.status == 403 || found.json()["data"].as_array().is_some_and(Vec::is_empty), "{}", found.describe());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_share_link_shows_its_record_and_nothing_else() {
    both(|app| async move {
        let account = make(&app, "accounts", json!({ "name": "Shown", "industry": "RETAIL", "phone": "+43 1 5550 100" })).await;
        let (id, link) =
            token(&app, &app.alpha, json!({ "name": "For Mrs. Gruber", "recordId": account, "fields": "name, industry" })).await;
        let path = format!("/v1/accounts/{account}");
        let shown = link.get(&path).await.expect(200);
        let fields: Vec<&String> = shown.as_object().expect("a record").keys().filter(|key| key.as_str() != "custom").collect();
        assert_eq!(fields, ["id", "industry", "name", "version"], "{shown}");
        let graph = link
            .graphql(
                "query($id: ID!) { account(id: $id) { name owner { name } contactPoints(first: 3) { nodes { value } } } }",
                json!({ "id": account }),
            )
            .await
            .data();
        assert_eq!(graph, json!({ "account": { "name": "Shown", "owner": null, "contactPoints": { "nodes": [] } } }));
        // A field that it does not show is one that does not exist.
        link.get("/v1/accounts?filter[phone][isNull]=false").await.refused(400, "INVALID_FILTER");
        let me = link.get("/v1/me").await.expect(200);
        assert_eq!((&me["actor"]["kind"], &me["actor"]["id"], &me["belongsTo"]), (&json!("TOKEN"), &json!(id), &json!([account])));
        assert_eq!(me["scopes"], json!(["read"]));
        link.patch(&path, &json!({ "name": "Mine" })).await.refused(403, "FORBIDDEN");
        link.post("/v1/purpose-tokens", &json!({ "name": "More", "recordId": account })).await.refused(403, "FORBIDDEN");
        for operation in app.registry.operations().iter().filter(|operation| operation.resource == "account" && operation.is_on_record()) {
            link.post(&operation.path("/v1/accounts").replace("{id}", &account), &json!({})).await.refused(403, "FORBIDDEN");
        }
        closed(&app, &link, &["account"]).await;
        // It ends: by its time, by being revoked, and with the record.
        app.alpha.patch(&format!("/v1/purpose-tokens/{id}"), &json!({ "revokedAt": "2026-02-25T00:00:00Z" })).await.expect(200);
        link.get(&path).await.refused(401, "UNAUTHENTICATED");
        let (_, short) = token(&app, &app.alpha, json!({ "name": "Short", "recordId": account })).await;
        short.get(&path).await.expect(200);
        app.clock.advance(31 * 86_400_000);
        short.get(&path).await.refused(401, "UNAUTHENTICATED");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_worth_what_its_maker_may() {
    both(|app| async move {
        let account = make(&app, "accounts", json!({ "name": "Shown" })).await;
        let role = role(&app, "sharer", &[("account", "read", "ALL"), ("account", "share", "ALL"), ("purposeToken", "*", "OWN")]).await;
        let (maker, client) = user(&app, "maker", &[&role]).await;
        // In a condition `me` is the maker, also of what the link shows.
        let own = make(&app, "roles", json!({ "key": "own", "name": "Own" })).await;
        let condition = json!({ "ownerId": { "eq": "me" } }).to_string();
        for (resource, action) in [("account", "read"), ("account", "share")] {
            make(
                &app,
                "role-rights",
                json!({ "roleId": own, "resource": resource, "action": action, "depth": "ALL", "condition": condition }),
            )
            .await;
        }
        make(&app, "role-rights", json!({ "roleId": own, "resource": "purposeToken", "action": "*", "depth": "OWN" })).await;
        let (owner, owning) = user(&app, "owner", &[&own]).await;
        let owned = make(&app, "accounts", json!({ "name": "Owned", "ownerId": owner })).await;
        let (_, shown) = token(&app, &owning, json!({ "name": "Link", "recordId": owned })).await;
        shown.get(&format!("/v1/accounts/{owned}")).await.expect(200);
        app.alpha.patch(&format!("/v1/accounts/{owned}"), &json!({ "ownerId": maker })).await.expect(200);
        shown.get(&format!("/v1/accounts/{owned}")).await.refused(404, "NOT_FOUND");
        let path = format!("/v1/accounts/{account}");
        let (_, link) = token(&app, &client, json!({ "name": "Link", "recordId": account })).await;
        link.get(&path).await.expect(200);
        let field = make(&app, "field-rules", json!({ "roleId": role, "resource": "account", "field": "name", "access": "HIDDEN" })).await;
        assert!(link.get(&path).await.expect(200).get("name").is_none(), "what the maker does not see the link does not show");
        app.alpha.delete(&format!("/v1/field-rules/{field}")).await;
        app.alpha.patch(&format!("/v1/users/{maker}"), &json!({ "active": false })).await.expect(200);
        link.get(&path).await.refused(401, "UNAUTHENTICATED");
        // Without the right to share there is no link.
        let reads = super::role(&app, "reads", &[("account", "read", "ALL"), ("purposeToken", "*", "OWN")]).await;
        let (_, other) = user(&app, "other", &[&reads]).await;
        let refused =
            other.post("/v1/purpose-tokens", &json!({ "name": "Link", "recordId": account })).await.refused(422, "VALIDATION_FAILED");
        assert_eq!(refused.pointer("/errors/0/code"), Some(&json!("REFERENCE_NOT_FOUND")));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_does_the_one_thing_it_is_for() {
    both(|app| async move {
        let person = make(&app, "contacts", json!({ "lastName": "Gruber", "email": "anna@own.example" })).await;
        let purpose = make(&app, "purposes", json!({ "key": "news", "name": "News" })).await;
        let said = app.alpha.post("/v1/consents/record", &json!({ "partyId": person, "purposeId": purpose })).await.expect(200);
        let consent = said.pointer("/consent/id").and_then(Json::as_str).expect("an entry").to_owned();
        let settled = json!({ "source": "Unsubscribe link" }).to_string();
        let body = json!({ "name": "Unsubscribe", "recordId": consent, "operation": "withdrawConsent", "input": settled });
        let (id, holder) = token(&app, &app.alpha, body.clone()).await;
        let path = format!("/v1/consents/{consent}/withdraw");
        let refused = holder.post(&path, &json!({ "source": "A friend" })).await.refused(422, "VALIDATION_FAILED");
        assert_eq!(refused.pointer("/errors/0/pointer"), Some(&json!("/source")));
        holder.post(&path, &json!({ "evidence": "clicked" })).await.expect(200);
        let entries = app.alpha.get(&format!("/v1/consents?filter[answersId][eq]={consent}")).await.expect(200);
        let entry = &entries["data"][0];
        assert_eq!(
            (&entry["state"], &entry["source"], &entry["evidence"]),
            (&json!("WITHDRAWN"), &json!("Unsubscribe link"), &json!("clicked"))
        );
        assert_eq!(entry["createdBy"], json!(id), "who did it is told");
        // Nothing else is done with it, nor with another record.
        holder.post("/v1/consents/record", &json!({ "partyId": person, "purposeId": purpose })).await.refused(403, "FORBIDDEN");
        holder.post(&format!("/v1/consents/{}/withdraw", entry["id"].as_str().expect("an id")), &json!({})).await.refused(404, "NOT_FOUND");
        holder.post("/v1/contacts", &json!({ "lastName": "x" })).await.refused(403, "FORBIDDEN");
        closed(&app, &holder, &["consent"]).await;
        // What cannot be meant is refused when it is made.
        for (field, value, pointer) in [
            ("operation", json!("fly"), "/operation"),
            ("operation", json!("recordConsent"), "/operation"),
            ("input", json!("[]"), "/input"),
            ("input", json!("{\"colour\":1}"), "/input"),
            ("fields", json!("secretHash"), "/fields"),
            ("expiresAt", json!("2020-01-01T00:00:00Z"), "/expiresAt"),
            ("expiresAt", json!("2099-01-01T00:00:00Z"), "/expiresAt"),
        ] {
            let mut wrong = body.clone();
            wrong[field] = value;
            let refused = app.alpha.post("/v1/purpose-tokens", &wrong).await.refused(422, "VALIDATION_FAILED");
            assert_eq!(refused.pointer("/errors/0/pointer"), Some(&json!(pointer)), "{refused}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_narrow_credential_reaches_nothing_else() {
    both(|app| async move {
        let made = app.alpha.post("/v1/api-keys", &json!({ "name": "Narrow", "resourceScopes": "accounts:read" })).await.expect(201);
        let key = app.alpha.with_token(made["secret"].as_str());
        let account = make(&app, "accounts", json!({ "name": "Shown" })).await;
        key.get(&format!("/v1/accounts/{account}")).await.expect(200);
        for def in app.registry.resources().to_vec().iter().filter(|def| def.name != "account" && def.name != "party") {
            let id = app.factory(&app.alpha).any(def).await;
            let path = format!("/v1/{}/{id}", def.path);
            key.get(&path).await.refused(403, "FORBIDDEN");
            key.get(&format!("/v1/{}", def.path)).await.refused(403, "FORBIDDEN");
            key.get(&format!("{path}/access")).await.refused(403, "FORBIDDEN");
            key.post(&format!("/v1/{}/aggregate", def.path), &json!({})).await.refused(403, "FORBIDDEN");
            let node = key.graphql("query($id: ID!) { node(id: $id) { id } }", json!({ "id": id })).await;
            assert!(!node.text().contains(&format!("\"id\":\"{id}\"")), "{}: {}", def.path, node.describe());
            if def.deletable {
                key.delete(&path).await.refused(403, "FORBIDDEN");
            }
        }
        key.delete(&format!("/v1/accounts/{account}")).await.refused(403, "FORBIDDEN");
    })
    .await;
}
