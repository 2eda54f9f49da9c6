//! Records by another key than their id: read, created and changed by it, by one caller and by fifty at once, on both APIs.

use clientela_engine::ids::mint;
use clientela_kernel::Clock as _;
use clientela_store::Dialect;
use clientela_testkit::factory::text;
use clientela_testkit::{Client, TestApp, both};
use futures_util::future::join_all;
use http::Method;
use serde_json::{Value as Json, json};

async fn put(client: &Client, path: &str, headers: &[(&str, &str)], body: &Json) -> clientela_testkit::Answer {
    client.send(Method::PUT, path, headers, Some(body)).await
}

const UPSERT: &str = "mutation($input: UpsertAccountInput!) { upsertAccount(input: $input) { created account { id version name }
    userErrors { field code problem message currentVersion existingId } } }";

async fn upsert(app: &TestApp, input: Json) -> Json {
    app.alpha.graphql(UPSERT, json!({ "input": input })).await.data()["upsertAccount"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_external_key_makes_and_then_changes_one_record() {
    both(|app| async move {
        let path = "/v1/accounts/by/erp/4711";
        app.alpha.get(path).await.refused(404, "NOT_FOUND");
        let made = put(&app.alpha, path, &[], &json!({ "name": "Bergkäserei" })).await;
        let record = made.expect(201);
        let id = text(&record, "id");
        assert_eq!(made.header("location"), Some(format!("/v1/accounts/{id}").as_str()));
        assert_eq!(made.header("etag"), Some("\"1\""));
        // The key is a record of its own, with its own log row.
        let keys = app.alpha.get("/v1/external-ids").await.expect(200);
        assert_eq!(keys["data"].as_array().map(Vec::len), Some(1), "{keys}");
        let key = &keys["data"][0];
        assert_eq!((&key["system"], &key["value"], &key["recordId"]), (&json!("erp"), &json!("4711"), &json!(id)));
        assert_eq!(app.log(&text(key, "id")).await.len(), 1);
        // A repetition changes nothing, another body does.
        let again = put(&app.alpha, path, &[], &json!({ "name": "Bergkäserei" })).await;
        assert_eq!((again.expect(200)["version"].clone(), again.header("location")), (json!(1), None));
        let changed = put(&app.alpha, path, &[], &json!({ "city": "Innsbruck", "id": id })).await.expect(200);
        assert_eq!((&changed["version"], &changed["name"], &changed["city"]), (&json!(2), &json!("Bergkäserei"), &json!("Innsbruck")));
        let shown = app.alpha.get(&format!("{path}?fields=name")).await.expect(200);
        assert_eq!(shown, json!({ "name": "Bergkäserei" }));
        assert_eq!(app.alpha.get(path).await.header("etag"), Some("\"2\""));
        // The same value in another system, or of another resource, is another key.
        app.alpha.get("/v1/accounts/by/crm/4711").await.refused(404, "NOT_FOUND");
        put(&app.alpha, "/v1/contacts/by/erp/4711", &[], &json!({ "name": "Anna" })).await.expect(201);
        assert_eq!(app.alpha.get(path).await.expect(200)["id"], json!(id));
        // The relation, both ways in, and a filter through it.
        let expanded = app.alpha.get(&format!("/v1/accounts/{id}?expand=externalIds")).await.expect(200);
        assert_eq!(expanded["externalIds"]["data"][0]["value"], json!("4711"));
        let query = "query($key: RecordKey!) { accountBy(key: $key) { id externalIds { totalCount nodes { system value recordId } } }
            accounts(filter: {externalIds: {some: {system: {eq: \"erp\"}}}}) { totalCount } }";
        let data = app.alpha.graphql(query, json!({ "key": { "key": "erp", "value": "4711" } })).await.data();
        assert_eq!(data["accountBy"]["externalIds"]["totalCount"], json!(1));
        assert_eq!((&data["accountBy"]["id"], &data["accounts"]["totalCount"]), (&json!(id), &json!(1)));
        let filter = crate::isolation::form(&json!({ "recordId": { "in": [id] } }));
        assert_eq!(app.alpha.get(&format!("/v1/external-ids?filter={filter}&total=true")).await.expect(200)["page"]["total"], json!(1));
        // Deleting the account takes the key along; it makes a new account then, and the old one cannot come back to it.
        app.alpha.delete(&format!("/v1/accounts/{id}")).await;
        app.alpha.get(path).await.refused(404, "NOT_FOUND");
        let new = put(&app.alpha, path, &[], &json!({ "name": "Another" })).await.expect(201);
        assert_ne!(new["id"], json!(id));
        app.alpha.send(Method::POST, &format!("/v1/accounts/{id}/restore"), &[], None).await.refused(409, "DUPLICATE");
        // A key alone cannot come back to a record that is deleted.
        let restore = format!("/v1/external-ids/{}/restore", text(key, "id"));
        let refused = app.alpha.send(Method::POST, &restore, &[], None).await;
        assert!(matches!(refused.status, 409 | 422), "{}", refused.describe());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_unique_field_is_a_key() {
    both(|app| async move {
        let path = "/v1/users/by/email/maria.huber%40alpine.example";
        let made = put(&app.alpha, path, &[], &json!({ "name": "Maria" })).await.expect(201);
        assert_eq!(made["email"], json!("maria.huber@alpine.example"));
        // Case does not count in an address; the body may spell it anew.
        let other = "/v1/users/by/email/Maria.Huber@alpine.example";
        assert_eq!(app.alpha.get(other).await.expect(200)["id"], made["id"]);
        let spelled = put(&app.alpha, other, &[], &json!({ "email": "Maria.Huber@alpine.example" })).await.expect(200);
        assert_eq!(
            (&spelled["id"], &spelled["email"], &spelled["version"]),
            (&made["id"], &json!("Maria.Huber@alpine.example"), &json!(2))
        );
        for body in [json!({ "email": "other@alpine.example" }), json!({ "email": null })] {
            for path in [path, "/v1/users/by/email/nobody@alpine.example"] {
                let refused = put(&app.alpha, path, &[], &body).await.refused(422, "VALIDATION_FAILED");
                assert_eq!(refused["errors"][0]["pointer"], json!("/email"), "{refused}");
                assert_eq!(refused["errors"][0]["code"], json!("CONTRADICTION"), "{refused}");
            }
        }
        let refused = put(&app.alpha, "/v1/users/by/email/nonsense", &[], &json!({ "name": "X" })).await.refused(422, "VALIDATION_FAILED");
        assert_eq!((&refused["errors"][0]["pointer"], &refused["errors"][0]["code"]), (&json!("/email"), &json!("INVALID_FORMAT")));
        app.alpha.get("/v1/users/by/email/nonsense").await.refused(404, "NOT_FOUND");
        // What is no key says which there are.
        for path in ["/v1/users/by/name/Maria", "/v1/users/by/Not-a-system/1", "/v1/users/by/manager/1"] {
            let refused = put(&app.alpha, path, &[], &json!({ "name": "X" })).await.refused(404, "NOT_FOUND");
            assert!(refused["detail"].as_str().is_some_and(|text| text.contains("email")), "{refused}");
            app.alpha.get(path).await.refused(404, "NOT_FOUND");
        }
        app.reader.get(other).await.expect(200);
        put(&app.reader, other, &[], &json!({})).await.refused(403, "FORBIDDEN");
        // A system cannot take a field's name.
        let taken = json!({ "system": "email", "value": "1", "recordId": made["id"] });
        let refused = app.alpha.post("/v1/external-ids", &taken).await.refused(422, "VALIDATION_FAILED");
        assert_eq!(refused["errors"][0]["pointer"], json!("/system"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn conditions_decide_between_creating_and_changing() {
    both(|app| async move {
        let path = "/v1/accounts/by/erp/1";
        let refused = put(&app.alpha, path, &[("if-match", "*")], &json!({ "name": "A" })).await.refused(412, "VERSION_CONFLICT");
        assert_eq!(refused["currentVersion"], Json::Null, "{refused}");
        put(&app.alpha, path, &[("if-match", "\"1\"")], &json!({ "name": "A" })).await.refused(412, "VERSION_CONFLICT");
        let made = put(&app.alpha, path, &[("if-none-match", "*")], &json!({ "name": "A" })).await.expect(201);
        let refused = put(&app.alpha, path, &[("if-none-match", "*")], &json!({ "name": "B" })).await.refused(412, "VERSION_CONFLICT");
        assert_eq!(refused["currentVersion"], json!(1), "{refused}");
        put(&app.alpha, path, &[("if-match", "\"7\"")], &json!({ "name": "B" })).await.refused(412, "VERSION_CONFLICT");
        put(&app.alpha, path, &[("if-match", "\"1\", \"7\"")], &json!({ "name": "B" })).await.expect(200);
        put(&app.alpha, path, &[("if-match", "*")], &json!({ "name": "C" })).await.expect(200);
        put(&app.alpha, path, &[("if-match", "*"), ("if-none-match", "*")], &json!({})).await.refused(400, "INVALID_PARAMETER");
        put(&app.alpha, path, &[("if-none-match", "\"3\"")], &json!({})).await.refused(400, "INVALID_PARAMETER");
        // The same on the other API.
        let by = json!({ "key": "erp", "value": "1" });
        let payload = upsert(&app, json!({ "by": by, "mode": "CREATE_ONLY", "name": "D" })).await;
        let error = &payload["userErrors"][0];
        assert_eq!((&error["code"], &error["currentVersion"], &error["existingId"]), (&json!("VERSION_CONFLICT"), &json!(3), &made["id"]));
        let payload = upsert(&app, json!({ "by": by, "mode": "UPDATE_ONLY", "expectedVersion": 3, "name": "D" })).await;
        assert_eq!((&payload["created"], &payload["account"]["version"]), (&json!(false), &json!(4)), "{payload}");
        let payload = upsert(&app, json!({ "by": { "key": "erp", "value": "2" }, "mode": "UPDATE_ONLY", "name": "D" })).await;
        assert_eq!(payload["userErrors"][0]["code"], json!("VERSION_CONFLICT"), "{payload}");
        assert_eq!((&payload["created"], &payload["account"]), (&Json::Null, &Json::Null));
        let payload = upsert(&app, json!({ "by": { "key": "erp", "value": "2" }, "name": "D" })).await;
        assert_eq!((&payload["created"], &payload["userErrors"]), (&json!(true), &json!([])), "{payload}");
        let payload = upsert(&app, json!({ "by": { "key": "erp", "value": "3" } })).await;
        assert_eq!(payload["userErrors"][0]["field"], json!(["input", "name"]), "{payload}");
        let payload = upsert(&app, json!({ "by": { "key": "name", "value": "3" }, "name": "D" })).await;
        assert_eq!(payload["userErrors"][0]["code"], json!("NOT_FOUND"), "{payload}");
        let unknown = "{ accountBy(key: {key: \"erp\", value: \"9\"}) { id } }";
        assert_eq!(app.alpha.graphql(unknown, json!({})).await.data(), json!({ "accountBy": null }));
        let no_key = app.alpha.graphql("{ accountBy(key: {key: \"name\", value: \"9\"}) { id } }", json!({})).await;
        assert_eq!(no_key.graphql_code().as_deref(), Some("NOT_FOUND"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn values_of_every_kind_are_keys() {
    both(|app| async move {
        for (encoded, value) in [("a%2Fb", "a/b"), ("%C3%A4%20%26%25", "ä &%"), ("x+y", "x+y"), ("..", ".."), ("A", "A"), ("a", "a")] {
            let path = format!("/v1/accounts/by/old-crm/{encoded}");
            let made = put(&app.alpha, &path, &[], &json!({ "name": value })).await.expect(201);
            assert_eq!(app.alpha.get(&path).await.expect(200)["id"], made["id"], "{value}");
            let by = json!({ "by": { "key": "old-crm", "value": value }, "name": value });
            let payload = upsert(&app, by).await;
            assert_eq!((&payload["account"]["id"], &payload["account"]["version"]), (&made["id"], &json!(1)), "{value}: {payload}");
        }
        put(&app.alpha, "/v1/accounts/by/erp/", &[], &json!({ "name": "X" })).await.refused(404, "ROUTE_NOT_FOUND");
        for (path, code) in [("%20", "REQUIRED"), (&"x".repeat(256), "TOO_LONG"), ("a%00b", "INVALID_FORMAT")] {
            let path = format!("/v1/accounts/by/erp/{path}");
            let refused = put(&app.alpha, &path, &[], &json!({ "name": "X" })).await.refused(422, "VALIDATION_FAILED");
            assert_eq!((&refused["errors"][0]["pointer"], &refused["errors"][0]["code"]), (&json!("/by/value"), &json!(code)), "{refused}");
            app.alpha.get(&path).await.refused(404, "NOT_FOUND");
        }
        put(&app.alpha, "/v1/accounts/by/erp/%ff", &[], &json!({ "name": "X" })).await.refused(400, "INVALID_PARAMETER");
        let payload = upsert(&app, json!({ "by": { "key": "erp", "value": "" }, "name": "X" })).await;
        assert_eq!(payload["userErrors"][0]["field"], json!(["input", "by", "value"]), "{payload}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_key_is_replayed() {
    both(|app| async move {
        let (path, key) = ("/v1/accounts/by/erp/5", [("idempotency-key", "upsert-1")]);
        let made = put(&app.alpha, path, &key, &json!({ "name": "A" })).await;
        let record = made.expect(201);
        let again = put(&app.alpha, path, &key, &json!({ "name": "A" })).await;
        assert_eq!((again.expect(201), again.header("idempotency-replayed")), (record.clone(), Some("true")));
        assert!(again.header("location").is_some());
        put(&app.alpha, path, &key, &json!({ "name": "B" })).await.refused(422, "IDEMPOTENCY_KEY_REUSED");
        let second = [("idempotency-key", "upsert-2")];
        put(&app.alpha, path, &second, &json!({ "name": "B" })).await.expect(200);
        let again = put(&app.alpha, path, &second, &json!({ "name": "B" })).await;
        assert_eq!((again.expect(200)["version"].clone(), again.header("idempotency-replayed")), (json!(2), Some("true")));
        let input = json!({ "by": { "key": "erp", "value": "6" }, "name": "C", "idempotencyKey": "upsert-3" });
        let first = upsert(&app, input.clone()).await;
        assert_eq!(first["created"], json!(true));
        assert_eq!(upsert(&app, input).await, first);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_at_once_make_one_record() {
    both(|app| async move {
        for path in ["/v1/accounts/by/erp/race", "/v1/users/by/email/race@alpine.example"] {
            let calls = (0..50).map(|number| {
                let client = app.alpha.clone();
                async move { put(&client, path, &[], &json!({ "name": format!("Racer {number}") })).await }
            });
            let answers = join_all(calls).await;
            let created = answers.iter().filter(|answer| answer.status == 201).count();
            assert_eq!(created, 1, "{:?}", answers.iter().map(|answer| answer.status).collect::<Vec<_>>());
            let id = answers[0].json()["id"].clone();
            for answer in &answers {
                assert!(matches!(answer.status, 200 | 201), "{}", answer.describe());
                assert_eq!(answer.json()["id"], id);
            }
            let shown = app.alpha.get(path).await.expect(200);
            assert_eq!((&shown["id"], &shown["version"]), (&id, &json!(50)));
            assert_eq!(app.log(id.as_str().unwrap_or_default()).await.len(), 50);
        }
        // Who only creates meets the one who did.
        let client = &app.alpha;
        let calls =
            (0..20).map(|_| async move { client.post("/v1/users", &json!({ "name": "Eva", "email": "eva@alpine.example" })).await });
        let answers = join_all(calls).await;
        let winner = answers.iter().find(|answer| answer.status == 201).map(|answer| answer.json()["id"].clone());
        for answer in answers.iter().filter(|answer| answer.status != 201) {
            let refused = answer.refused(409, "DUPLICATE");
            assert_eq!(Some(&refused["existingId"]), winner.as_ref(), "{refused}");
        }
        let only = [("if-none-match", "*")];
        let calls = (0..20).map(|_| async move { put(client, "/v1/accounts/by/erp/only", &only, &json!({ "name": "Only" })).await });
        let answers = join_all(calls).await;
        assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 1);
        assert!(answers.iter().filter(|answer| answer.status != 201).all(|answer| answer.status == 412));
    })
    .await;
}

/// One statement finds the key and reads the record, one writes; as any other write.
#[tokio::test(flavor = "multi_thread")]
async fn an_upsert_is_two_statements() {
    both(|app| async move {
        let postgres = app.store.dialect() == Dialect::Postgres;
        put(&app.alpha, "/v1/accounts/by/erp/warm", &[], &json!({ "name": "Warm" })).await.expect(201);
        let cases = [
            ("/v1/accounts/by/erp/count", json!({ "name": "A" }), 201, 11),
            ("/v1/accounts/by/erp/count", json!({ "name": "B" }), 200, 8),
            ("/v1/users/by/email/count@alpine.example", json!({ "name": "A" }), 201, 8),
            ("/v1/users/by/email/count@alpine.example", json!({ "name": "B" }), 200, 8),
        ];
        for (path, body, status, on_sqlite) in cases {
            // Where a user has changed, what is kept in memory is read again.
            app.alpha.get("/v1/me").await.expect(200);
            let before = app.store.statements();
            put(&app.alpha, path, &[], &body).await.expect(status);
            let count = app.store.statements() - before;
            let limit = if postgres { 2 } else { on_sqlite };
            assert!(count <= limit, "{path} {body} takes {count} statements; {limit} are allowed");
        }
        app.alpha.get("/v1/me").await.expect(200);
        let before = app.store.statements();
        put(&app.alpha, "/v1/accounts/by/erp/count", &[], &json!({ "name": "B" })).await.expect(200);
        assert_eq!(app.store.statements() - before, 1, "nothing changes, so nothing is written");
    })
    .await;
}

#[tokio::test]
async fn whoever_mints_ids_upserts_by_them() {
    both(|app| async move {
        let id = mint(app.clock.now()).to_text("acc");
        let path = format!("/v1/accounts/by/id/{id}");
        let made = put(&app.alpha, &path, &[], &json!({ "name": "Mint" })).await.expect(201);
        assert_eq!(made["id"], json!(id));
        let same = put(&app.alpha, &path, &[], &json!({ "id": id, "name": "Mint" })).await.expect(200);
        assert_eq!(same["version"], made["version"]);
        assert_eq!(app.alpha.get(&path).await.expect(200)["name"], "Mint");
        app.beta.get(&path).await.refused(404, "NOT_FOUND");
        let other = mint(app.clock.now()).to_text("acc");
        let refused = put(&app.alpha, &path, &[], &json!({ "id": other, "name": "Mint" })).await.refused(422, "VALIDATION_FAILED");
        assert_eq!((&refused["errors"][0]["pointer"], &refused["errors"][0]["code"]), (&json!("/id"), &json!("CONTRADICTION")));
        for wrong in ["con_01h455vb4pex5vsknk084sn02q", "acc_1", "4711"] {
            put(&app.alpha, &format!("/v1/accounts/by/id/{wrong}"), &[], &json!({ "name": "X" })).await.refused(422, "VALIDATION_FAILED");
        }
        app.alpha.delete(&format!("/v1/accounts/{id}")).await.expect(204);
        app.alpha.get(&path).await.refused(404, "NOT_FOUND");
        put(&app.alpha, &path, &[], &json!({ "name": "Again" })).await.refused(409, "ID_TAKEN");
    })
    .await;
}
