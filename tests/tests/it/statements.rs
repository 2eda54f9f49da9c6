//! How many statements a request may cost. Counted at the store, on both databases, after a first request of its kind.

use clientela_store::Dialect;
use clientela_testkit::factory::{Fill, text};
use clientela_testkit::{Answer, TestApp, both};
use http::Method;
use serde_json::{Value as Json, json};
use std::future::Future;

/// Runs a request and answers its statements.
async fn counted(app: &TestApp, call: impl Future<Output = Answer>) -> (u64, Answer) {
    let before = app.store.statements();
    let answer = call.await;
    (app.store.statements() - before, answer)
}

async fn at_most(app: &TestApp, limit: u64, name: &str, call: impl Future<Output = Answer>) {
    let (count, answer) = counted(app, call).await;
    assert!(answer.status < 300 && answer.json().get("errors").is_none(), "{name}: {}", answer.describe());
    assert!((1..=limit).contains(&count), "{name} on {:?} takes {count} statements; {limit} are allowed", app.store.dialect());
}

async fn people(app: &TestApp) -> Vec<String> {
    let contact = app.registry.resource("contact").expect("contacts exist").clone();
    let mut ids = Vec::new();
    for _ in 0..3 {
        let made = app.factory(&app.alpha).create(&contact, Fill::Everything).await;
        let id = text(&made, "id");
        let interaction = app.registry.resource("interaction").expect("interactions exist").clone();
        for _ in 0..2 {
            let held = app.factory(&app.alpha).create(&interaction, Fill::Required).await;
            let participant = json!({ "interactionId": held["id"], "partyId": id });
            app.alpha.post("/v1/interaction-participants", &participant).await.expect(201);
        }
        ids.push(id);
    }
    ids
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_is_one_statement_a_level() {
    both(|app| async move {
        let ids = people(&app).await;
        let id = ids.first().expect("three").clone();
        at_most(&app, 1, "a record", app.alpha.get(&format!("/v1/contacts/{id}"))).await;
        at_most(&app, 1, "a page", app.alpha.get("/v1/contacts?limit=50&sort=-createdAt,name")).await;
        at_most(&app, 1, "a filtered page", app.alpha.get("/v1/contacts?filter%5Baccount%5D%5Bname%5D%5Bcontains%5D=berg&limit=2")).await;
        at_most(&app, 2, "a page with its total", app.alpha.get("/v1/contacts?total=true")).await;
        let page = app.alpha.get("/v1/contacts?limit=1").await.expect(200);
        let next = page["page"]["next"].as_str().expect("a further page").to_owned();
        at_most(&app, 1, "a further page", app.alpha.get(&format!("/v1/contacts?limit=1&after={next}"))).await;
        at_most(&app, 1, "a to-one relation", app.alpha.get(&format!("/v1/contacts/{id}?expand=account"))).await;
        at_most(&app, 2, "a to-many relation", app.alpha.get("/v1/accounts?expand=contacts")).await;

        let ten = "query($id: ID!) { contact(id: $id) { id name firstName lastName email phone title city country createdAt } }";
        at_most(&app, 1, "a record by GraphQL", app.alpha.graphql(ten, json!({ "id": id }))).await;
        let nested = "{ accounts(first: 20) { nodes { id name industry contacts(first: 10) { nodes { id name email
            participations(first: 3, orderBy: [{occurredAt: DESC}]) { nodes { id interaction { id kind subject occurredAt } } } } } } } }";
        at_most(&app, 3, "three levels by GraphQL", app.alpha.graphql(nested, json!({}))).await;
        let counted = "{ accounts(first: 20) { totalCount nodes { id } } }";
        at_most(&app, 2, "a list with its total by GraphQL", app.alpha.graphql(counted, json!({}))).await;
    })
    .await;
}

/// On PostgreSQL one statement reads and one writes; on SQLite one reads, and the transaction has five of ours between
/// its beginning and its end.
#[tokio::test(flavor = "multi_thread")]
async fn a_write_is_two_statements() {
    both(|app| async move {
        let limit = if app.store.dialect() == Dialect::Postgres { 2 } else { 1 + 5 + 2 };
        let ids = people(&app).await;
        let path = format!("/v1/contacts/{}", ids.first().expect("three"));
        let account = text(&app.alpha.post("/v1/accounts", &json!({ "name": "Statements" })).await.expect(201), "id");
        let body = json!({ "name": "Anna", "accountId": account });
        at_most(&app, limit, "a create", app.alpha.post("/v1/contacts", &body)).await;
        let key = [("idempotency-key", "counted")];
        at_most(&app, limit, "a create with a key", app.alpha.send(Method::POST, "/v1/contacts", &key, Some(&body))).await;
        at_most(&app, limit, "a patch", app.alpha.patch(&path, &json!({ "department": "Dairy" }))).await;
        let tag = [("if-match", "\"2\"")];
        at_most(&app, limit, "a patch of a version", app.alpha.send(Method::PATCH, &path, &tag, Some(&json!({ "department": "Cellar" }))))
            .await;
        let create = "mutation($input: CreateContactInput!) { createContact(input: $input) { contact { id name } userErrors { code } } }";
        at_most(&app, limit, "a create by GraphQL", app.alpha.graphql(create, json!({ "input": body }))).await;
        // Nothing changes, so nothing is written.
        let (count, answer) = counted(&app, app.alpha.patch(&path, &json!({ "department": "Cellar" }))).await;
        assert_eq!((count, answer.json()["version"].clone()), (1, json!(3)), "{}", answer.describe());
        // The points behind plain fields are made in the same breath with the contact; later they are read first, and
        // the one that changes once more.
        let reached = json!({ "name": "Eva", "email": "eva@customer.example", "phone": "+43 1 5550", "accountId": account });
        let more = if app.store.dialect() == Dialect::Postgres { 0 } else { 4 };
        at_most(&app, limit + more, "a create with points", app.alpha.post("/v1/contacts", &reached)).await;
        let moved = json!({ "email": "moved@customer.example" });
        at_most(&app, limit + more + 1, "a patch of a point's field", app.alpha.patch(&path, &moved)).await;
        let refused: Json = app.alpha.patch(&path, &json!({ "city": 7 })).await.refused(422, "VALIDATION_FAILED");
        assert_eq!(refused["errors"][0]["pointer"], json!("/city"));
    })
    .await;
}
