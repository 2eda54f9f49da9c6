//! What a credential may do at most: scopes of single resources and actions, everywhere, and fields that need a scope of their own.

use super::make;
use clientela_testkit::{Client, TestApp, both};
use serde_json::{Value as Json, json};

/// A program with these scopes, by an API key.
async fn program(app: &TestApp, body: Json) -> Client {
    let mut key = json!({ "name": "A program" });
    key.as_object_mut().unwrap().extend(body.as_object().cloned().unwrap_or_default());
    let key = app.alpha.post("/v1/api-keys", &key).await.expect(201);
    app.alpha.with_token(key["secret"].as_str())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_narrow_credential_reaches_what_it_names() {
    both(|app| async move {
        let account = make(&app, "accounts", json!({ "name": "Bergkäserei" })).await;
        let contact =
            make(&app, "contacts", json!({ "name": "Anna Gruber", "email": "anna@bergkaeserei.example", "accountId": account })).await;
        let task = make(&app, "tasks", json!({ "subject": "Call Anna" })).await;
        let client = program(&app, json!({ "resourceScopes": "contacts:read contacts:write tasks:delete" })).await;
        let scopes = client.get("/v1/me").await.expect(200)["scopes"].clone();
        assert_eq!(scopes, json!(["contacts:read", "contacts:write", "tasks:delete"]));

        // REST, by every way.
        client.get(&format!("/v1/contacts/{contact}")).await.expect(200);
        for path in [
            "accounts",
            &format!("accounts/{account}"),
            &format!("accounts/{account}/history"),
            &format!("accounts/{account}/timeline"),
            &format!("accounts/{account}/access"),
            "tasks",
        ] {
            client.get(&format!("/v1/{path}")).await.refused(403, "FORBIDDEN");
        }
        client.post("/v1/accounts", &json!({ "name": "Another" })).await.refused(403, "FORBIDDEN");
        client.post("/v1/accounts/aggregate", &json!({ "groupBy": ["id"] })).await.refused(403, "FORBIDDEN");
        client.post("/v1/accounts/batch", &json!({ "rows": [{ "delete": { "id": account } }] })).await.refused(403, "FORBIDDEN");
        client
            .post("/v1/transactions", &json!({ "operations": [{ "resource": "accounts", "delete": { "id": account } }] }))
            .await
            .refused(403, "FORBIDDEN");
        client.post("/v1/exports", &json!({ "resource": "contact" })).await.refused(403, "FORBIDDEN");
        client.patch(&format!("/v1/tasks/{task}"), &json!({ "subject": "Do not" })).await.refused(403, "FORBIDDEN");
        // What goes along with a record goes along: its contact points.
        client.patch(&format!("/v1/contacts/{contact}"), &json!({ "email": "gruber@bergkaeserei.example" })).await.expect(200);
        client.post("/v1/contacts", &json!({ "name": "Ben", "email": "ben@bergkaeserei.example" })).await.expect(201);

        // What it may not read is not there: not by relation, filter, order, search, or reference.
        let shown = client.get(&format!("/v1/contacts/{contact}?expand=account")).await;
        assert!(!shown.text().contains("Bergkäserei"), "{}", shown.text());
        client.get("/v1/contacts?filter[account][name][eq]=x").await.refused(400, "INVALID_FILTER");
        client.get("/v1/contacts?sort=account.name").await.refused(400, "INVALID_SORT");
        let found = client.get("/v1/search?q=bergk").await;
        assert!(!found.text().contains("acc_"), "{}", found.text());
        let refused = client.patch(&format!("/v1/contacts/{contact}"), &json!({ "accountId": null })).await;
        assert_eq!(refused.status, 200, "{}", refused.describe());
        let refused =
            client.patch(&format!("/v1/contacts/{contact}"), &json!({ "accountId": account })).await.refused(422, "VALIDATION_FAILED");
        assert_eq!(refused["errors"][0]["code"], "REFERENCE_NOT_FOUND");

        // GraphQL.
        let seen = client.graphql("query($id: ID!) { contact(id: $id) { name } }", json!({ "id": contact })).await.data();
        assert_eq!(seen["contact"]["name"], "Anna Gruber");
        for query in [
            "{ accounts { nodes { id } } }",
            "mutation { createAccount(input: {name: \"x\"}) { account { id } } }",
            "{ accountsAggregate { groups { count } } }",
        ] {
            let answer = client.graphql(query, json!({})).await;
            let told = answer.text();
            assert!(told.contains("FORBIDDEN"), "{query}: {told}");
        }

        // A single action.
        assert_eq!(client.delete(&format!("/v1/tasks/{task}")).await.status, 403, "what may not be read may not be deleted");
        let deleter = program(&app, json!({ "resourceScopes": "tasks:read tasks:delete" })).await;
        deleter.patch(&format!("/v1/tasks/{task}"), &json!({ "subject": "Do not" })).await.refused(403, "FORBIDDEN");
        assert_eq!(deleter.delete(&format!("/v1/tasks/{task}")).await.status, 204);
        deleter.post(&format!("/v1/tasks/{task}/restore"), &json!({})).await.refused(403, "FORBIDDEN");
        // `scopes` is the ceiling.
        let reader = program(&app, json!({ "scopes": "READ", "resourceScopes": "contacts:read contacts:write" })).await;
        reader.patch(&format!("/v1/contacts/{contact}"), &json!({ "name": "No" })).await.refused(403, "FORBIDDEN");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_gives_more_scopes_than_they_have() {
    both(|app| async move {
        let client =
            program(&app, json!({ "resourceScopes": "api-keys:read api-keys:write contacts:read exports:write exports:read" })).await;
        for more in [
            json!({}),
            json!({ "resourceScopes": "accounts:read" }),
            json!({ "resourceScopes": "contacts:read", "sensitive": true }),
            json!({ "resourceScopes": "contacts:write" }),
        ] {
            let mut body = json!({ "name": "More" });
            body.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
            client.post("/v1/api-keys", &body).await.refused(403, "FORBIDDEN");
        }
        let less = client.post("/v1/api-keys", &json!({ "name": "Less", "resourceScopes": "contacts:read" })).await.expect(201);
        client
            .patch(&format!("/v1/api-keys/{}", less["id"].as_str().unwrap()), &json!({ "resourceScopes": null }))
            .await
            .refused(403, "FORBIDDEN");
        for wrong in ["contacts", "unicorns:read", "read", "contacts:fly", "sensitive"] {
            let refused = app
                .alpha
                .post("/v1/api-keys", &json!({ "name": "Wrong", "resourceScopes": wrong }))
                .await
                .refused(422, "VALIDATION_FAILED");
            assert_eq!(refused["errors"][0]["pointer"], "/resourceScopes");
        }
        // A job is carried out with what its maker was allowed, not with all that the maker is.
        make(&app, "contacts", json!({ "name": "Anna Gruber", "birthDate": "1984-05-17" })).await;
        let export = client.post("/v1/exports", &json!({ "resource": "contact", "format": "NDJSON" })).await.expect(202);
        let path = format!("/v1/exports/{}", export["id"].as_str().unwrap());
        let (_end, ended) = tokio::sync::watch::channel(false);
        app.worker.work_off(&ended).await.unwrap();
        assert_eq!(client.get(&path).await.expect(200)["state"], "SUCCEEDED");
        let file = client.get(&format!("{path}/content")).await.text();
        assert!(file.contains("Anna Gruber") && !file.contains("1984"), "{file}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sensitive_field_needs_its_scope() {
    both(|app| async move {
        let contact = make(&app, "contacts", json!({ "name": "Anna Gruber", "birthDate": "1984-05-17" })).await;
        make(&app, "tax-ids", json!({ "partyId": contact, "scheme": "VAT", "country": "AT", "value": "ATU13585627" })).await;
        let (plain, sensitive) = (program(&app, json!({})).await, program(&app, json!({ "sensitive": true })).await);
        let path = format!("/v1/contacts/{contact}");
        for client in [&plain, &app.reader] {
            assert_eq!(client.get(&path).await.expect(200).get("birthDate"), None);
            client.get(&format!("{path}?fields=birthDate")).await.refused(400, "INVALID_PARAMETER");
            client.get("/v1/contacts?filter[birthDate][eq]=1984-05-17").await.refused(400, "INVALID_FILTER");
            client.get("/v1/contacts?sort=birthDate").await.refused(400, "INVALID_SORT");
            client.post("/v1/contacts/aggregate", &json!({ "groupBy": ["birthDate"] })).await.refused(400, "INVALID_AGGREGATE");
            assert!(!client.get(&format!("{path}/history")).await.text().contains("1984"));
            assert!(!client.get(&format!("{path}?asOf=9999-01-01T00:00:00Z")).await.text().contains("1984"));
            assert!(!client.get(&format!("{path}/access")).await.text().contains("birthDate"));
            assert!(!client.get(&format!("{path}/timeline")).await.text().contains("13585627"));
            let answer = client.graphql("query($id: ID!) { contact(id: $id) { birthDate } }", json!({ "id": contact })).await;
            assert_eq!(answer.graphql_code().as_deref(), Some("GRAPHQL_VALIDATION_FAILED"), "{}", answer.text());
            for way in ["tax-ids", "search?q=ATU13585627", "search?q=13585627"] {
                assert!(!client.get(&format!("/v1/{way}")).await.text().contains("13585627\""), "{way}");
            }
        }
        let refused = plain.patch(&path, &json!({ "birthDate": "1990-01-01" })).await.refused(422, "VALIDATION_FAILED");
        assert_eq!(refused["errors"][0]["code"], "UNKNOWN_FIELD");
        plain.patch(&path, &json!({ "name": "Anna Huber" })).await.expect(200);
        // Everything about a person is more than it may see.
        plain.post("/v1/privacy-requests/export-person", &json!({ "partyId": contact })).await.refused(403, "FORBIDDEN");
        assert_eq!(sensitive.get(&path).await.expect(200)["birthDate"], "1984-05-17");
        sensitive.patch(&path, &json!({ "birthDate": "1990-01-01" })).await.expect(200);

        // A field of one's own can be sensitive too, from the next request on.
        let field = make(&app, "custom-fields", json!({ "resource": "contact", "name": "faith", "label": "Faith", "type": "TEXT" })).await;
        app.alpha.patch(&path, &json!({ "custom": { "faith": "Pastafarian" } })).await.expect(200);
        assert!(plain.get(&path).await.text().contains("Pastafarian"));
        app.alpha.patch(&format!("/v1/custom-fields/{field}"), &json!({ "sensitive": true })).await.expect(200);
        assert!(!plain.get(&path).await.text().contains("Pastafarian"));
        plain.get("/v1/contacts?filter[custom][faith][eq]=x").await.refused(400, "INVALID_FILTER");
        assert!(sensitive.get(&path).await.text().contains("Pastafarian"));
    })
    .await;
}
