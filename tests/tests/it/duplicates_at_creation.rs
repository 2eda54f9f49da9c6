//! A new record that looks like one there is, by a rule that refuses: every way to make records, and what it costs.

use clientela_testkit::factory::text;
use clientela_testkit::{Client, both};
use http::Method;
use serde_json::{Value as Json, json};

async fn refusing(client: &Client, kind: &str) -> String {
    let rule = json!({"name": format!("Refuse {kind}"), "partyKind": kind, "atCreation": "REFUSE"});
    text(&client.post("/v1/duplicate-rules", &rule).await.expect(201), "id")
}

async fn count(client: &Client, path: &str) -> u64 {
    client.get(&format!("/v1/{path}?limit=1&total=true")).await.expect(200)["page"]["total"].as_u64().expect("a total")
}

#[tokio::test(flavor = "multi_thread")]
async fn every_way_to_make_records_is_looked_after() {
    both(|app| async move {
        let alpha = &app.alpha;
        let rule = refusing(alpha, "PERSON").await;
        let anna = json!({"name": "Anna Gruber", "email": "anna@x.example"});
        let first = text(&alpha.post("/v1/contacts", &anna).await.expect(201), "id");
        let twin = json!({"name": "Anna Gruber", "email": "ANNA@x.example"});

        let refused = alpha.post("/v1/contacts", &twin).await.refused(409, "DUPLICATE_FOUND");
        assert_eq!(refused["candidateIds"], json!([first]), "{refused}");
        alpha.send(Method::PUT, "/v1/contacts/by/erp/1", &[], Some(&twin)).await.refused(409, "DUPLICATE_FOUND");
        let answer = alpha.post("/v1/contacts/batch", &json!({"rows": [{"create": twin}, {"create": {"name": "Eva"}}]})).await.expect(200);
        let statuses: Vec<_> = answer["results"].as_array().unwrap().iter().map(|row| row["status"].as_u64().unwrap()).collect();
        assert_eq!((statuses, &answer["results"][0]["error"]["candidateIds"]), (vec![409, 201], &json!([first])), "{answer}");
        let atomic = json!({"rows": [{"create": {"name": "Ida"}}, {"create": twin}], "atomic": true});
        let refused = alpha.post("/v1/contacts/batch", &atomic).await.refused(409, "DUPLICATE_FOUND");
        assert_eq!(refused["candidateIds"], json!([first]), "{refused}");
        let transaction = json!({"operations": [{"resource": "contacts", "create": twin}]});
        alpha.post("/v1/transactions", &transaction).await.refused(409, "DUPLICATE_FOUND");
        let create =
            "mutation($input: CreateContactInput!) { createContact(input: $input) { contact { id } userErrors { code candidateIds } } }";
        let answer = alpha.graphql(create, json!({"input": twin})).await.data();
        assert_eq!(answer["createContact"], json!({"contact": null, "userErrors": [{"code": "DUPLICATE_FOUND", "candidateIds": [first]}]}));
        let nest = "mutation($input: CreateAccountInput!) { createAccount(input: $input) { userErrors { code } } }";
        let nested = json!({"name": "Company", "contacts": {"create": [twin]}});
        let answer = alpha.graphql(nest, json!({"input": nested})).await.data();
        assert_eq!(answer["createAccount"]["userErrors"], json!([{"code": "DUPLICATE_FOUND"}]));
        assert_eq!((count(alpha, "contacts").await, count(alpha, "accounts").await), (2, 0), "something was left");

        // Whoever means it says so.
        alpha.post("/v1/contacts?allowDuplicates=maybe", &twin).await.refused(400, "INVALID_PARAMETER");
        alpha.post("/v1/tasks?allowDuplicates=true", &json!({})).await.refused(400, "UNKNOWN_PARAMETER");
        alpha.post("/v1/contacts?allowDuplicates=true", &twin).await.expect(201);
        alpha.send(Method::PUT, "/v1/contacts/by/erp/1?allowDuplicates=true", &[], Some(&twin)).await.expect(201);
        // One that is there is changed, however many look like it.
        alpha.send(Method::PUT, "/v1/contacts/by/erp/1", &[], Some(&twin)).await.expect(200);
        alpha.post("/v1/contacts/batch?allowDuplicates=true", &atomic).await.expect(200);
        alpha.post("/v1/transactions?allowDuplicates=true", &transaction).await.expect(200);
        let with = |mut body: Json| {
            body["allowDuplicates"] = json!(true);
            json!({"input": body})
        };
        assert_eq!(alpha.graphql(create, with(twin.clone())).await.data()["createContact"]["userErrors"], json!([]));
        assert_eq!(alpha.graphql(nest, with(nested)).await.data()["createAccount"]["userErrors"], json!([]));
        let batch = "mutation($input: BatchContactsInput!) { batchContacts(input: $input) { results { status } userErrors { code } } }";
        let rows = json!({"rows": [{"create": twin}]});
        assert_eq!(alpha.graphql(batch, json!({"input": rows})).await.data()["batchContacts"]["results"], json!([{"status": 409}]));
        assert_eq!(alpha.graphql(batch, with(rows)).await.data()["batchContacts"]["results"], json!([{"status": 201}]));

        // It is this tenant's rule, and its change is heard at once.
        app.beta.post("/v1/contacts", &anna).await.expect(201);
        app.beta.post("/v1/contacts", &anna).await.expect(201);
        alpha.patch(&format!("/v1/duplicate-rules/{rule}"), &json!({"active": false})).await.expect(200);
        alpha.post("/v1/contacts", &twin).await.expect(201);
        alpha.patch(&format!("/v1/duplicate-rules/{rule}"), &json!({"active": true})).await.expect(200);
        alpha.post("/v1/contacts", &twin).await.refused(409, "DUPLICATE_FOUND");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_are_looked_after_by_kind() {
    both(|app| async move {
        let alpha = &app.alpha;
        refusing(alpha, "ORGANIZATION").await;
        let company = json!({"name": "Bergkäserei Tirol GmbH", "country": "AT", "phone": "0512 555010"});
        let first = text(&alpha.post("/v1/accounts", &company).await.expect(201), "id");
        let twin = json!({"name": "Bergkaserei Tirol AG", "phone": "+43 512 555 010"});
        let refused = alpha.post("/v1/accounts", &twin).await.refused(409, "DUPLICATE_FOUND");
        assert_eq!(refused["candidateIds"], json!([first]));
        alpha.post("/v1/accounts", &json!({"kind": "HOUSEHOLD", "name": "Bergkäserei Tirol GmbH"})).await.expect(201);
        let contact = text(&alpha.post("/v1/contacts", &json!({"name": "Bergkäserei Tirol GmbH"})).await.expect(201), "id");
        alpha.post("/v1/accounts", &json!({"kind": "PERSON", "contactId": contact, "name": "Bergkäserei Tirol GmbH"})).await.expect(201);
        // One that was deleted is nobody's twin.
        alpha.delete(&format!("/v1/accounts/{first}")).await.expect(204);
        alpha.post("/v1/accounts", &twin).await.expect(201);
    })
    .await;
}

/// A tenant without a rule that refuses pays nothing.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_asked_where_no_rule_refuses() {
    both(|app| async move {
        let alpha = &app.alpha;
        alpha.post("/v1/duplicate-rules", &json!({"name": "Only finds"})).await.expect(201);
        let create = async |name: &str| {
            let before = app.store.statements();
            alpha.post("/v1/contacts", &json!({"name": name})).await.expect(201);
            app.store.statements() - before
        };
        create("First").await;
        let without = create("Second").await;
        assert_eq!(create("Third").await, without);
        refusing(alpha, "PERSON").await;
        create("Fourth").await;
        let with = create("Fifth").await;
        assert!(with > without && with <= without + 6, "{with} statements instead of {without}");
    })
    .await;
}
