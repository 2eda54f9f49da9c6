//! Many writes in one call: set-based, with one bad row in both modes, repeated, killed half-way by a twin, tried without effect.

use clientela_testkit::factory::text;
use clientela_testkit::{Client, TestApp, both};
use http::Method;
use serde_json::{Value as Json, json};

async fn count(client: &Client, resource: &str, filter: Json) -> i64 {
    let body = json!({ "filter": filter, "total": true, "limit": 1 });
    client.post(&format!("/v1/{resource}/search"), &body).await.expect(200)["page"]["total"].as_i64().expect("a total")
}

async fn account(app: &TestApp, name: &str) -> String {
    text(&app.alpha.post("/v1/accounts", &json!({ "name": name })).await.expect(201), "id")
}

fn statuses(answer: &Json) -> Vec<i64> {
    answer["results"].as_array().expect("results").iter().map(|row| row["status"].as_i64().expect("a status")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_rows_take_few_statements() {
    both(|app| async move {
        let account = account(&app, "Thousand").await;
        let row = |number: usize| json!({ "create": { "lastName": format!("Row {number}"), "email": format!("row{number}@thousand.example"), "accountId": account } });
        let rows: Vec<Json> = (0..1000).map(row).collect();
        let before = app.store.statements();
        let answer = app.alpha.post("/v1/contacts/batch", &json!({ "rows": rows, "atomic": true })).await.expect(200);
        let taken = app.store.statements() - before;
        assert_eq!(statuses(&answer), vec![201; 1000]);
        assert!(taken < 60, "1000 creates take {taken} statements");
        assert_eq!(count(&app.alpha, "contacts", json!({ "account": { "name": { "eq": "Thousand" } } })).await, 1000);
        assert_eq!(count(&app.alpha, "contact-points", json!({ "value": { "endsWith": "@thousand.example" } })).await, 1000);
        let ids: Vec<String> = answer["results"].as_array().expect("results").iter().map(|row| text(row, "id")).collect();
        assert_eq!(app.log(&ids[999]).await.len(), 1);

        let changes: Vec<Json> = ids.iter().map(|id| json!({ "update": { "id": id, "expectedVersion": 1, "values": { "department": "Dairy", "email": null } } })).collect();
        let before = app.store.statements();
        let answer = app.alpha.post("/v1/contacts/batch", &json!({ "rows": changes })).await.expect(200);
        let taken = app.store.statements() - before;
        assert_eq!(statuses(&answer), vec![200; 1000]);
        assert!(taken < 80, "1000 changes take {taken} statements");
        assert_eq!(count(&app.alpha, "contact-points", json!({ "value": { "endsWith": "@thousand.example" } })).await, 0);
        assert_eq!(app.log(&ids[7]).await.len(), 2);

        let gone: Vec<Json> = ids.iter().map(|id| json!({ "delete": { "id": id } })).collect();
        let before = app.store.statements();
        let answer = app.alpha.post("/v1/contacts/batch", &json!({ "rows": gone })).await.expect(200);
        let taken = app.store.statements() - before;
        assert_eq!(statuses(&answer), vec![204; 1000]);
        assert!(taken < 120, "1000 deletions take {taken} statements");
        let back: Vec<Json> = ids.iter().map(|id| json!({ "restore": { "id": id, "expectedVersion": 3 } })).collect();
        let answer = app.alpha.post("/v1/contacts/batch", &json!({ "rows": back })).await.expect(200);
        assert_eq!(statuses(&answer), vec![200; 1000]);
        assert_eq!(answer["results"][0]["version"], json!(4));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_bad_row_in_both_modes() {
    both(|app| async move {
        app.alpha
            .post("/v1/external-ids", &json!({ "system": "erp", "value": "1", "recordId": account(&app, "Known").await }))
            .await
            .expect(201);
        let row = |name: &str| json!({ "create": { "name": name } });
        let twin = "acc_01h455vb4pex5vsknk084sn02q";
        let rows = json!([
            row("A"),
            { "create": { "name": "B", "website": "no address" } },
            { "create": { "name": "C", "parentId": twin } },
            { "upsert": { "by": { "key": "erp", "value": "1" }, "values": { "city": "Wien" } } },
            { "upsert": { "by": { "key": "erp", "value": "2" }, "values": { "name": "D" } } },
            { "update": { "id": twin, "values": { "name": "E" } } },
            { "delete": { "id": "acc_1" } },
            { "create": { "name": "F" }, "delete": { "id": twin } },
            { "create": { "name": "G", "id": "acc_01h455vb4pex5vsknk084sn03a" } },
            { "create": { "name": "H", "id": "acc_01h455vb4pex5vsknk084sn03a" } },
            { "update": { "id": "acc_01h455vb4pex5vsknk084sn03a", "values": { "city": "Graz" } } },
        ]);
        let atomic = json!({ "rows": rows, "atomic": true });
        let refused = app.alpha.post("/v1/accounts/batch", &atomic).await.refused(422, "VALIDATION_FAILED");
        let pointers: Vec<&str> =
            refused["errors"].as_array().expect("errors").iter().filter_map(|error| error["pointer"].as_str()).collect();
        assert_eq!(pointers, ["/rows/6/delete/id", "/rows/7"], "what cannot be read is told first: {refused}");
        assert_eq!(count(&app.alpha, "accounts", json!({ "name": { "in": ["A", "B", "C", "D", "E", "F", "G", "H"] } })).await, 0);

        let answer = app.alpha.post("/v1/accounts/batch", &json!({ "rows": rows })).await.expect(200);
        assert_eq!(statuses(&answer), [201, 422, 422, 200, 201, 404, 422, 422, 201, 409, 200], "{answer}");
        let pointer = |row: usize| answer["results"][row]["error"]["errors"][0]["pointer"].clone();
        assert_eq!(pointer(1), json!("/rows/1/create/website"));
        assert_eq!(pointer(2), json!("/rows/2/create/parentId"));
        assert_eq!(answer["results"][9]["error"]["code"], json!("ID_TAKEN"));
        assert_eq!(answer["results"][10]["version"], json!(2));
        assert_eq!(count(&app.alpha, "accounts", json!({ "name": { "in": ["A", "B", "C", "D", "E", "F", "G", "H"] } })).await, 3);
        assert_eq!(count(&app.alpha, "external-ids", json!({ "value": { "eq": "2" } })).await, 1);

        let bad = json!({ "rows": [row("X"), { "create": { "name": "Y", "website": "no address" } }, { "create": {} }], "atomic": true });
        let refused = app.alpha.post("/v1/accounts/batch", &bad).await.refused(422, "VALIDATION_FAILED");
        assert_eq!(refused["errors"][0]["pointer"], json!("/rows/1/create/website"));
        assert_eq!(refused["errors"][1]["pointer"], json!("/rows/2/create/name"));
        assert_eq!(count(&app.alpha, "accounts", json!({ "name": { "in": ["X", "Y"] } })).await, 0);

        // A value that must be unique, twice in one batch and once more beside what is there.
        let role = |contact: &str, account: &str| json!({ "create": { "contactId": contact, "accountId": account, "role": "BUYER" } });
        let contact = text(&app.alpha.post("/v1/contacts", &json!({ "lastName": "Role" })).await.expect(201), "id");
        let (one, two) = (account(&app, "One").await, account(&app, "Two").await);
        app.alpha.post("/v1/account-contacts", &role(&contact, &one)["create"]).await.expect(201);
        let rows = json!([role(&contact, &two), role(&contact, &one), role(&contact, &two)]);
        let answer = app.alpha.post("/v1/account-contacts/batch", &json!({ "rows": rows })).await.expect(200);
        assert_eq!(statuses(&answer), [201, 409, 409], "{answer}");
        assert_eq!(answer["results"][2]["error"]["existingId"], answer["results"][0]["id"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_meet_at_a_record_keep_their_order() {
    both(|app| async move {
        let contact = text(&app.alpha.post("/v1/contacts", &json!({ "lastName": "Met" })).await.expect(201), "id");
        let point = |number: usize| json!({ "create": { "partyId": contact, "kind": "EMAIL", "value": format!("m{number}@met.example"), "preferred": true } });
        let answer = app.alpha.post("/v1/contact-points/batch", &json!({ "rows": (0..20).map(point).collect::<Vec<_>>() })).await.expect(200);
        assert_eq!(statuses(&answer), vec![201; 20], "{answer}");
        let preferred = json!({ "preferred": { "eq": true }, "value": { "endsWith": "@met.example" } });
        assert_eq!(count(&app.alpha, "contact-points", preferred).await, 1);
        let path = format!("/v1/contacts/{contact}");
        let rows: Vec<Json> = (0..10).map(|number| json!({ "update": { "id": contact, "values": { "title": format!("Title {number}") } } })).collect();
        app.alpha.post("/v1/contacts/batch", &json!({ "rows": rows })).await.expect(200);
        assert_eq!(app.alpha.get(&path).await.expect(200)["title"], json!("Title 9"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_call_changes_nothing() {
    both(|app| async move {
        let body = json!({ "rows": [{ "create": { "name": "Once A" } }, { "create": {} }, { "create": { "name": "Once B" } }] });
        let send = |body: Json| {
            let client = app.alpha.clone();
            async move { client.send(Method::POST, "/v1/accounts/batch", &[("idempotency-key", "batch")], Some(&body)).await }
        };
        let tried = app.alpha.send(Method::POST, "/v1/accounts/batch?dryRun=true", &[("idempotency-key", "batch")], Some(&body)).await;
        assert_eq!(tried.expect(200)["dryRun"]["changes"].as_array().map(Vec::len), Some(2));
        assert_eq!(count(&app.alpha, "accounts", json!({ "name": { "startsWith": "Once" } })).await, 0);
        let first = send(body.clone()).await;
        assert_eq!(first.header("idempotency-replayed"), None);
        let first = first.expect(200);
        let again = send(body.clone()).await;
        assert_eq!(again.header("idempotency-replayed"), Some("true"));
        let mut again = again.expect(200);
        again["results"][1]["error"]["requestId"] = first["results"][1]["error"]["requestId"].clone();
        assert_eq!(again, first);
        assert_eq!(count(&app.alpha, "accounts", json!({ "name": { "startsWith": "Once" } })).await, 2);
        send(json!({ "rows": [{ "create": { "name": "Other" } }] })).await.refused(422, "IDEMPOTENCY_KEY_REUSED");
        let twins = futures_util::future::join_all((0..8).map(|_| {
            let client = app.alpha.clone();
            async move {
                let body = json!({ "rows": [{ "create": { "name": "Twin" } }], "atomic": true });
                client.send(Method::POST, "/v1/accounts/batch", &[("idempotency-key", "twins")], Some(&body)).await
            }
        }))
        .await;
        assert!(twins.iter().all(|answer| answer.status == 200), "{}", twins[0].describe());
        assert_eq!(twins.iter().filter(|answer| answer.header("idempotency-replayed").is_none()).count(), 1);
        assert_eq!(count(&app.alpha, "accounts", json!({ "name": { "eq": "Twin" } })).await, 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_refers_to_what_it_made_before() {
    both(|app| async move {
        let operations = json!([
            { "as": "dairy", "resource": "accounts", "create": { "name": "Transaction" } },
            { "as": "anna", "resource": "contacts", "create": { "lastName": "Gruber", "accountId": { "ref": "dairy" } } },
            { "resource": "account-contacts", "create": { "accountId": { "ref": "dairy" }, "contactId": { "ref": "anna" }, "role": "BUYER", "primary": true } },
            { "as": "call", "resource": "interactions", "create": { "kind": "CALL", "subject": "Prices" } },
            { "resource": "interaction-participants", "create": { "interactionId": { "ref": "call" }, "partyId": { "ref": "anna" } } },
            { "resource": "accounts", "update": { "id": { "ref": "dairy" }, "values": { "city": "Innsbruck" } } },
            { "as": "upserted", "resource": "accounts", "upsert": { "by": { "key": "erp", "value": "tx" }, "values": { "name": "Upserted" } } },
            { "resource": "accounts", "update": { "id": { "ref": "upserted" }, "values": { "parentId": { "ref": "dairy" } } } },
        ]);
        let answer = app.alpha.post("/v1/transactions", &json!({ "operations": operations })).await.expect(200);
        assert_eq!(statuses(&answer), [201, 201, 201, 201, 201, 200, 201, 200], "{answer}");
        let id = |row: usize| text(&answer["results"][row], "id");
        assert_eq!(app.alpha.get(&format!("/v1/contacts/{}", id(1))).await.expect(200)["accountId"], json!(id(0)));
        assert_eq!(app.alpha.get(&format!("/v1/accounts/{}", id(6))).await.expect(200)["parentId"], json!(id(0)));

        let later = json!([
            { "resource": "contacts", "create": { "lastName": "Early", "accountId": { "ref": "late" } } },
            { "as": "late", "resource": "accounts", "create": { "name": "Late" } },
            { "resource": "contacts", "create": { "lastName": "Lost", "accountId": { "ref": "nobody" } } },
        ]);
        let refused = app.alpha.post("/v1/transactions", &json!({ "operations": later })).await.refused(422, "VALIDATION_FAILED");
        assert_eq!(refused["errors"][0]["pointer"], json!("/operations/0/create/accountId/ref"));
        assert_eq!(refused["errors"][0]["code"], json!("REFERENCE_NOT_FOUND"));
        assert_eq!(refused["errors"][1]["pointer"], json!("/operations/2/create/accountId/ref"));
        assert_eq!(count(&app.alpha, "accounts", json!({ "name": { "eq": "Late" } })).await, 0);

        let wrong = json!([
            { "as": "a", "resource": "accounts", "create": { "name": "Half" } },
            { "resource": "contacts", "create": { "lastName": "Half", "email": "nothing", "accountId": { "ref": "a" } } },
        ]);
        let refused = app.alpha.post("/v1/transactions", &json!({ "operations": wrong })).await.refused(422, "VALIDATION_FAILED");
        assert_eq!(refused["errors"][0]["pointer"], json!("/operations/1/create/email"));
        assert_eq!(count(&app.alpha, "accounts", json!({ "name": { "eq": "Half" } })).await, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_answers_as_the_write_would() {
    both(|app| async move {
        let tried = app.alpha.post("/v1/contacts?dryRun=true", &json!({ "lastName": "Dry", "email": "dry@run.example" })).await.expect(201);
        assert_eq!((tried["lastName"].clone(), tried["version"].clone()), (json!("Dry"), json!(1)));
        let events: Vec<&str> =
            tried["dryRun"]["changes"].as_array().expect("changes").iter().filter_map(|change| change["event"].as_str()).collect();
        assert_eq!(events, ["contact.created", "contactPoint.created"]);
        app.alpha.get(&format!("/v1/contacts/{}", text(&tried, "id"))).await.refused(404, "NOT_FOUND");
        app.alpha.post("/v1/contacts?dryRun=true", &json!({ "lastName": "Dry", "email": "dry" })).await.refused(422, "VALIDATION_FAILED");

        let made = app.alpha.post("/v1/contacts", &json!({ "lastName": "Wet" })).await.expect(201);
        let path = format!("/v1/contacts/{}", text(&made, "id"));
        let tried = app.alpha.patch(&format!("{path}?dryRun=true"), &json!({ "title": "Dr." })).await.expect(200);
        assert_eq!((tried["title"].clone(), tried["dryRun"]["changes"][0]["fields"].clone()), (json!("Dr."), json!(["title"])));
        let gone = app.alpha.delete(&format!("{path}?dryRun=true")).await.expect(200);
        assert_eq!(gone["dryRun"]["changes"][0]["event"], json!("contact.deleted"));
        let erased = app.alpha.send(Method::POST, &format!("{path}/erase?dryRun=true"), &[], None).await.expect(200);
        assert_eq!(erased["dryRun"]["changes"][0]["event"], json!("contact.erased"));
        app.alpha.send(Method::PUT, "/v1/contacts/by/erp/dry?dryRun=true", &[], Some(&json!({ "lastName": "Dry" }))).await.expect(201);
        assert_eq!(app.alpha.get(&path).await.expect(200), made);
        assert_eq!(app.log(&text(&made, "id")).await.len(), 1);
        app.alpha.delete(&path).await;
        let back = app.alpha.send(Method::POST, &format!("{path}/restore?dryRun=true"), &[], None).await.expect(200);
        assert_eq!(back["version"], json!(3));
        app.alpha.get(&path).await.refused(404, "NOT_FOUND");

        let send = |query: &'static str| {
            let client = app.alpha.clone();
            async move {
                client
                    .send(Method::POST, &format!("/v1/accounts{query}"), &[("idempotency-key", "dry")], Some(&json!({ "name": "Dry key" })))
                    .await
            }
        };
        send("?dryRun=true").await.expect(201);
        let real = send("").await;
        assert_eq!(real.header("idempotency-replayed"), None);
        real.expect(201);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn graphql_writes_many_and_tries() {
    both(|app| async move {
        let mutation = "mutation($input: BatchAccountsInput!) { batchAccounts(input: $input) {
            results { status id version account { name city } userErrors { field code problem } }
            changes { event id version fields } userErrors { field code problem } } }";
        let rows = json!([
            { "create": { "name": "GraphQL A" } },
            { "create": { "name": "GraphQL B", "website": "no address" } },
            { "upsert": { "by": { "key": "erp", "value": "gq" }, "values": { "name": "GraphQL C", "city": "Linz" } } },
        ]);
        let tried = app.alpha.graphql(mutation, json!({ "input": { "rows": rows, "dryRun": true } })).await.data();
        let tried = &tried["batchAccounts"];
        assert_eq!(tried["results"][0]["account"], json!({ "name": "GraphQL A", "city": null }));
        assert_eq!(tried["changes"].as_array().map(Vec::len), Some(3), "{tried}");
        assert_eq!(count(&app.alpha, "accounts", json!({ "name": { "startsWith": "GraphQL" } })).await, 0);
        let done = app.alpha.graphql(mutation, json!({ "input": { "rows": rows, "idempotencyKey": "gq" } })).await.data();
        let done = &done["batchAccounts"];
        assert_eq!(statuses(done), [201, 422, 201]);
        assert_eq!(done["results"][1]["userErrors"][0], json!({ "field": ["input", "rows", "1", "create", "website"], "code": "VALIDATION_FAILED", "problem": "INVALID_FORMAT" }));
        assert_eq!(done["results"][2]["account"], json!({ "name": "GraphQL C", "city": "Linz" }));
        assert_eq!(done["changes"], json!(null));
        let again = app.alpha.graphql(mutation, json!({ "input": { "rows": rows, "idempotencyKey": "gq" } })).await;
        assert_eq!(again.json()["extensions"]["idempotencyReplayed"], json!(true));
        assert_eq!(&again.data()["batchAccounts"], done);
        let refused = app.alpha.graphql(mutation, json!({ "input": { "rows": rows, "atomic": true } })).await.data();
        assert_eq!(refused["batchAccounts"]["results"], json!(null));
        assert_eq!(refused["batchAccounts"]["userErrors"][0]["field"], json!(["input", "rows", "1", "create", "website"]));

        let create = "mutation($input: CreateContactInput!) { createContact(input: $input) { contact { name contactPoints { totalCount } } changes { event } userErrors { code } } }";
        let tried = app.alpha.graphql(create, json!({ "input": { "lastName": "Tried", "email": "tried@dry.example", "dryRun": true } })).await.data();
        assert_eq!(tried["createContact"]["contact"], json!({ "name": "Tried", "contactPoints": { "totalCount": 1 } }));
        assert_eq!(tried["createContact"]["changes"], json!([{ "event": "contact.created" }, { "event": "contactPoint.created" }]));
        assert_eq!(count(&app.alpha, "contacts", json!({ "name": { "eq": "Tried" } })).await, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn records_are_made_along_with_one_another() {
    both(|app| async move {
        let create = "mutation($input: CreateAccountInput!) { createAccount(input: $input) {
            account { id name parent { name } contacts(orderBy: [{name: ASC}]) { nodes { name accountRoles { nodes { role } } } } notes { nodes { title } } }
            changes { event } userErrors { field code problem message } } }";
        let tied = text(&app.alpha.post("/v1/contacts", &json!({ "lastName": "Tied" })).await.expect(201), "id");
        let known = account(&app, "Group").await;
        let input = json!({
            "name": "Nested",
            "parent": { "connect": known },
            "contacts": {
                "create": [{ "lastName": "Anna", "email": "anna@nested.example" }, { "lastName": "Berta" }],
                "connect": [tied],
            },
            "notes": { "create": [{ "title": "First", "body": "Rings at the back door." }] },
        });
        let made = app.alpha.graphql(create, json!({ "input": input })).await.data();
        let made = &made["createAccount"];
        assert_eq!(made["userErrors"], json!([]), "{made}");
        assert_eq!(made["account"]["parent"]["name"], json!("Group"));
        let names: Vec<&str> = made["account"]["contacts"]["nodes"].as_array().expect("contacts").iter().filter_map(|contact| contact["name"].as_str()).collect();
        assert_eq!(names, ["Anna", "Berta", "Tied"]);
        assert_eq!(made["account"]["notes"]["nodes"], json!([{ "title": "First" }]));

        let upward = "mutation($input: CreateContactInput!) { createContact(input: $input) { contact { name account { name parent { name } } } userErrors { field message } } }";
        let input = json!({ "lastName": "Up", "account": { "create": { "name": "Above", "parent": { "create": { "name": "Further above" } } } } });
        let made = app.alpha.graphql(upward, json!({ "input": input })).await.data();
        assert_eq!(made["createContact"]["contact"], json!({ "name": "Up", "account": { "name": "Above", "parent": { "name": "Further above" } } }));

        let wrong = json!({ "name": "Wrong", "contacts": { "create": [{ "lastName": "Fine" }, { "lastName": "Wrong", "email": "nothing" }] } });
        let refused = app.alpha.graphql(create, json!({ "input": wrong })).await.data();
        assert_eq!(refused["createAccount"]["account"], json!(null));
        assert_eq!(refused["createAccount"]["userErrors"][0]["field"], json!(["input", "contacts", "create", "1", "email"]));
        assert_eq!(count(&app.alpha, "accounts", json!({ "name": { "eq": "Wrong" } })).await, 0);

        let mut deep = json!({ "name": "Level 6" });
        for level in (1..6).rev() {
            deep = json!({ "name": format!("Level {level}"), "children": { "create": [deep] } });
        }
        let refused = app.alpha.graphql(create, json!({ "input": deep })).await.data();
        assert_eq!(refused["createAccount"]["userErrors"][0]["problem"], json!("OUT_OF_RANGE"), "{refused}");
        assert_eq!(app.alpha.graphql(create, json!({ "input": deep["children"]["create"][0] })).await.data()["createAccount"]["userErrors"], json!([]));
        let many: Vec<Json> = (0..500).map(|number| json!({ "lastName": format!("Many {number}") })).collect();
        let refused = app.alpha.graphql(create, json!({ "input": { "name": "Many", "contacts": { "create": many } } })).await.data();
        assert_eq!(refused["createAccount"]["userErrors"][0]["problem"], json!("OUT_OF_RANGE"));
        let both = json!({ "lastName": "Both", "accountId": known, "account": { "connect": known } });
        let refused = app.alpha.graphql(upward, json!({ "input": both })).await.data();
        assert_eq!(refused["createContact"]["userErrors"][0]["field"], json!(["input", "account"]));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_of_many_writes() {
    both(|app| async move {
        let gone = json!({ "delete": { "id": "acc_01h455vb4pex5vsknk084sn02q" } });
        let rows = |count: usize| json!({ "rows": vec![gone.clone(); count] });
        app.alpha.post("/v1/accounts/batch", &rows(2000)).await.expect(200);
        let refused = app.alpha.post("/v1/accounts/batch", &rows(2001)).await.refused(422, "VALIDATION_FAILED");
        assert_eq!(
            (refused["errors"][0]["pointer"].clone(), refused["errors"][0]["code"].clone()),
            (json!("/rows"), json!("OUT_OF_RANGE"))
        );
        app.alpha.post("/v1/accounts/batch", &rows(0)).await.refused(422, "VALIDATION_FAILED");
        let operation = json!({ "resource": "accounts", "delete": { "id": "acc_01h455vb4pex5vsknk084sn02q" } });
        let operations = |count: usize| json!({ "operations": vec![operation.clone(); count] });
        app.alpha.post("/v1/transactions", &operations(500)).await.refused(404, "NOT_FOUND");
        app.alpha.post("/v1/transactions", &operations(501)).await.refused(422, "VALIDATION_FAILED");
        let body = |bytes: usize| json!({ "rows": [gone], "atomic": "x".repeat(bytes) });
        app.alpha.post("/v1/accounts/batch", &body((8 << 20) - 200)).await.refused(422, "VALIDATION_FAILED");
        app.alpha.post("/v1/accounts/batch", &body(8 << 20)).await.refused(413, "PAYLOAD_TOO_LARGE");
        let limits = app.alpha.get("/v1/limits").await.expect(200);
        assert_eq!(limits["batch"], json!({ "rows": 2000, "operations": 500, "bodyBytes": 8 << 20, "bulkRecords": 5000 }));

        for (bad, pointer) in [
            (json!({}), "/rows"),
            (json!({ "rows": {} }), "/rows"),
            (json!({ "rows": [gone], "atmoic": true }), "/atmoic"),
            (json!({ "rows": [gone], "atomic": 1 }), "/atomic"),
        ] {
            let refused = app.alpha.post("/v1/accounts/batch", &bad).await.refused(422, "VALIDATION_FAILED");
            assert_eq!(refused["errors"][0]["pointer"], json!(pointer), "{bad}");
        }
        for (row, pointer) in [
            (json!(7), ""),
            (json!({}), ""),
            (json!({ "erase": {} }), "/erase"),
            (json!({ "create": 7 }), "/create"),
            (json!({ "update": { "id": "acc_1", "values": {} } }), "/update/id"),
            (json!({ "update": { "id": "acc_01h455vb4pex5vsknk084sn02q" } }), "/update/values"),
            (json!({ "update": { "id": "con_01h455vb4pex5vsknk084sn02q", "values": {} } }), "/update/id"),
            (json!({ "delete": { "id": "acc_01h455vb4pex5vsknk084sn02q", "expectedVersion": 0 } }), "/delete/expectedVersion"),
            (json!({ "delete": { "id": "acc_01h455vb4pex5vsknk084sn02q", "version": 1 } }), "/delete/version"),
            (json!({ "upsert": { "by": { "key": "erp" }, "values": {} } }), "/upsert/by"),
            (json!({ "upsert": { "by": { "key": "erp", "value": "1" }, "values": {}, "mode": "upsert" } }), "/upsert/mode"),
        ] {
            let answer = app.alpha.post("/v1/accounts/batch", &json!({ "rows": [row] })).await.expect(200);
            let error = &answer["results"][0]["error"];
            assert_eq!(error["errors"][0]["pointer"], json!(format!("/rows/0{pointer}")), "{row}: {error}");
        }
        let unknown = json!({ "operations": [{ "resource": "acounts", "create": { "name": "X" } }] });
        let refused = app.alpha.post("/v1/transactions", &unknown).await.refused(422, "VALIDATION_FAILED");
        assert!(refused["detail"].as_str().is_some_and(|text| text.contains("accounts")), "{refused}");
        let twice = json!({ "operations": [
            { "as": "a", "resource": "accounts", "create": { "name": "X" } },
            { "as": "a", "resource": "accounts", "create": { "name": "Y" } },
        ] });
        let refused = app.alpha.post("/v1/transactions", &twice).await.refused(422, "VALIDATION_FAILED");
        assert_eq!(refused["errors"][0]["pointer"], json!("/operations/1/as"));
        app.reader.post("/v1/accounts/batch", &rows(1)).await.refused(403, "FORBIDDEN");
        app.reader.post("/v1/accounts?dryRun=true", &json!({ "name": "X" })).await.refused(403, "FORBIDDEN");
        app.alpha.post("/v1/accounts?dryRun=yes", &json!({ "name": "X" })).await.refused(400, "INVALID_PARAMETER");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn both_apis_agree_on_every_row() {
    both(|app| async move {
        let known = account(&app, "Known").await;
        let rows = json!([
            { "create": { "name": "Agreed", "city": "Wien" } },
            { "create": { "city": "Wien" } },
            { "create": { "name": "x".repeat(300), "website": "nothing" } },
            { "update": { "id": known, "expectedVersion": 7, "values": { "city": "Graz" } } },
            { "update": { "id": known, "values": { "city": "Graz" } } },
            { "upsert": { "by": { "key": "erp", "value": "1" }, "values": { "name": "Upserted" } } },
            { "upsert": { "by": { "key": "erp", "value": "9" }, "values": { "name": "Upserted" }, "mode": "UPDATE_ONLY" } },
            { "restore": { "id": known } },
            { "delete": { "id": known } },
            { "delete": { "id": "acc_01h455vb4pex5vsknk084sn02q" } },
        ]);
        let rest = app.alpha.post("/v1/accounts/batch?dryRun=true", &json!({ "rows": rows })).await.expect(200);
        let mutation = "mutation($input: BatchAccountsInput!) { batchAccounts(input: $input) {
            results { status version userErrors { field code problem } } changes { event fields } } }";
        let graphql = app.alpha.graphql(mutation, json!({ "input": { "rows": rows, "dryRun": true } })).await.data();
        let graphql = &graphql["batchAccounts"];
        assert_eq!(statuses(&rest), statuses(graphql), "{rest}");
        assert_eq!(statuses(&rest), [201, 422, 422, 412, 200, 201, 412, 200, 204, 404]);
        for (row, (one, other)) in
            rest["results"].as_array().expect("results").iter().zip(graphql["results"].as_array().expect("results")).enumerate()
        {
            assert_eq!(one["version"], other["version"], "row {row}");
            let pointer = |problem: &Json| text(problem, "pointer").split('/').skip(1).map(str::to_owned).collect::<Vec<_>>();
            let said: Vec<Json> =
                one["error"]["errors"].as_array().into_iter().flatten().map(|problem| json!([pointer(problem), problem["code"]])).collect();
            let path = |error: &Json| error["field"].as_array().into_iter().flatten().skip(1).cloned().collect::<Vec<_>>();
            let errors = other["userErrors"].as_array().expect("userErrors");
            let heard: Vec<Json> =
                errors.iter().filter(|error| !error["problem"].is_null()).map(|error| json!([path(error), error["problem"]])).collect();
            assert_eq!(said, heard, "row {row}");
            assert_eq!(one["error"]["code"], errors.first().map_or(json!(null), |error| error["code"].clone()), "row {row}");
        }
        let events = |changes: &Json| {
            changes
                .as_array()
                .expect("changes")
                .iter()
                .map(|change| (change["event"].clone(), change["fields"].clone()))
                .collect::<Vec<_>>()
        };
        assert_eq!(events(&rest["dryRun"]["changes"]), events(&graphql["changes"]));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn records_change_by_filter() {
    both(|app| async move {
        let rows: Vec<Json> = (0..30).map(|number| json!({ "create": { "name": format!("Bulk {number}"), "city": if number < 20 { "Linz" } else { "Graz" } } })).collect();
        app.alpha.post("/v1/accounts/batch", &json!({ "rows": rows, "atomic": true })).await.expect(200);
        let change = json!({ "filter": { "name": { "startsWith": "Bulk" }, "city": { "eq": "Linz" } }, "values": { "city": "Wels" } });
        let preview = app.alpha.post("/v1/accounts/bulk-update?dryRun=true", &change).await.expect(200);
        assert_eq!((preview["count"].clone(), preview["dryRun"]["changes"].as_array().map(Vec::len)), (json!(20), Some(20)));
        assert_eq!(count(&app.alpha, "accounts", json!({ "city": { "eq": "Wels" } })).await, 0);
        let mut moved = change.clone();
        moved["expectedCount"] = json!(19);
        app.alpha.post("/v1/accounts/bulk-update", &moved).await.refused(412, "VERSION_CONFLICT");
        moved["expectedCount"] = json!(20);
        let key = [("idempotency-key", "bulk")];
        let done = app.alpha.send(Method::POST, "/v1/accounts/bulk-update", &key, Some(&moved)).await;
        assert_eq!(done.expect(200), json!({ "count": 20 }));
        let again = app.alpha.send(Method::POST, "/v1/accounts/bulk-update", &key, Some(&moved)).await;
        assert_eq!((again.header("idempotency-replayed"), again.expect(200)), (Some("true"), json!({ "count": 20 })));
        assert_eq!(count(&app.alpha, "accounts", json!({ "city": { "eq": "Wels" } })).await, 20);

        let bad = json!({ "filter": { "city": { "eq": "Wels" } }, "values": { "website": "nothing" } });
        let refused = app.alpha.post("/v1/accounts/bulk-update", &bad).await.refused(422, "VALIDATION_FAILED");
        assert_eq!(refused["errors"], json!([{ "pointer": "/values/website", "code": refused["errors"][0]["code"], "detail": refused["errors"][0]["detail"] }]));
        // However many records there are.
        let nobody = json!({ "filter": { "city": { "eq": "Nowhere" } }, "values": { "nmae": "x" }, "expectedCount": 0.0 });
        let refused = app.alpha.post("/v1/accounts/bulk-update", &nobody).await.refused(422, "VALIDATION_FAILED");
        assert_eq!((&refused["errors"][0]["pointer"], &refused["errors"][0]["code"]), (&json!("/values/nmae"), &json!("UNKNOWN_FIELD")));
        app.alpha.post("/v1/accounts/bulk-delete", &json!({ "filter": {} })).await.refused(422, "VALIDATION_FAILED");
        app.alpha.post("/v1/accounts/bulk-delete", &json!({ "filter": { "nmae": { "eq": "x" } } })).await.refused(400, "INVALID_FILTER");
        app.reader.post("/v1/accounts/bulk-delete", &json!({ "filter": { "city": { "eq": "Wels" } } })).await.refused(403, "FORBIDDEN");

        let mutation = "mutation($input: BulkDeleteAccountsInput!) { bulkDeleteAccounts(input: $input) { count changes { event } userErrors { code } } }";
        let input = json!({ "filter": { "city": { "eq": "Graz" } }, "dryRun": true });
        let tried = app.alpha.graphql(mutation, json!({ "input": input })).await.data();
        assert_eq!((tried["bulkDeleteAccounts"]["count"].clone(), tried["bulkDeleteAccounts"]["changes"].as_array().map(Vec::len)), (json!(10), Some(10)));
        let input = json!({ "filter": { "city": { "eq": "Graz" } }, "expectedCount": 10 });
        let gone = app.alpha.graphql(mutation, json!({ "input": input })).await.data();
        assert_eq!(gone["bulkDeleteAccounts"], json!({ "count": 10, "changes": null, "userErrors": [] }));
        let conflict = app.alpha.graphql(mutation, json!({ "input": input })).await.data();
        assert_eq!(conflict["bulkDeleteAccounts"]["userErrors"], json!([{ "code": "VERSION_CONFLICT" }]));
        let update = "mutation($input: BulkUpdateAccountsInput!) { bulkUpdateAccounts(input: $input) { count userErrors { field code } } }";
        let input = json!({ "filter": { "city": { "eq": "Wels" } }, "values": { "city": "Enns" } });
        assert_eq!(app.alpha.graphql(update, json!({ "input": input })).await.data()["bulkUpdateAccounts"], json!({ "count": 20, "userErrors": [] }));
        let deleted = app.alpha.post("/v1/accounts/bulk-delete", &json!({ "filter": { "name": { "startsWith": "Bulk" } } })).await.expect(200);
        assert_eq!(deleted["count"], json!(20));
    })
    .await;
}
