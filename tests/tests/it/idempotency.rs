//! The same request twice has one effect, in a row and at the same time, on both APIs.

use clientela_testkit::factory::{Fill, text};
use clientela_testkit::{both, document};
use http::Method;
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;
use tokio::task::JoinSet;

#[tokio::test(flavor = "multi_thread")]
async fn fifty_twins_have_one_effect() {
    both(|app| async move {
        let body = json!({ "name": "Twin" });
        let mut twins = JoinSet::new();
        for _ in 0..50 {
            let (client, body) = (app.alpha.clone(), body.clone());
            twins.spawn(async move { client.send(Method::POST, "/v1/accounts", &[("idempotency-key", "twin")], Some(&body)).await });
        }
        let (mut ids, mut replays, mut refusals) = (BTreeSet::new(), 0, 0);
        for answer in twins.join_all().await {
            match answer.status {
                201 => {
                    ids.insert(text(&answer.json(), "id"));
                    replays += usize::from(answer.header("idempotency-replayed") == Some("true"));
                }
                409 => {
                    answer.refused(409, "IDEMPOTENCY_IN_PROGRESS");
                    assert!(answer.header("retry-after").is_some());
                    refusals += 1;
                }
                _ => panic!("{}", answer.text()),
            }
        }
        assert_eq!(ids.len(), 1, "fifty twins made {ids:?}");
        assert_eq!(replays + refusals, 49, "all but one answer is a replay or told to wait");
        let found = app.alpha.get("/v1/accounts?filter%5Bname%5D%5Beq%5D=Twin&total=true").await.expect(200);
        assert_eq!(found["page"]["total"], json!(1));
        assert_eq!(app.log(ids.first().expect("one")).await.len(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_write_replays() {
    both(|app| async move {
        let path = "/v1/accounts";
        let create = |key: &'static str, body: Json| {
            let app = &app;
            async move { app.alpha.send(Method::POST, path, &[("idempotency-key", key)], Some(&body)).await }
        };
        let made = create("one", json!({ "name": "Once" })).await;
        assert_eq!(made.header("idempotency-replayed"), None);
        let made = made.expect(201);
        let again = create("one", json!({ "name": "Once" })).await;
        assert_eq!(again.header("idempotency-replayed"), Some("true"));
        assert_eq!(again.expect(201), made);
        create("one", json!({ "name": "Twice" })).await.refused(422, "IDEMPOTENCY_KEY_REUSED");
        // Another principal's keys are its own.
        let other = app.beta.send(Method::POST, path, &[("idempotency-key", "one")], Some(&json!({ "name": "Once" }))).await;
        assert_ne!(other.expect(201)["id"], made["id"]);

        let record = format!("{path}/{}", text(&made, "id"));
        let (patch, key) = (json!({ "city": "Graz" }), [("idempotency-key", "two")]);
        let patched = app.alpha.send(Method::PATCH, &record, &key, Some(&patch)).await.expect(200);
        let again = app.alpha.send(Method::PATCH, &record, &key, Some(&patch)).await;
        assert_eq!((again.header("idempotency-replayed"), again.expect(200)), (Some("true"), patched));
        // A replay shows the record as it is now, under the tag of its present version.
        let now = create("one", json!({ "name": "Once" })).await;
        assert_eq!((now.header("idempotency-replayed"), now.header("etag")), (Some("true"), Some("\"2\"")));
        assert_eq!(now.expect(201)["city"], json!("Graz"));
        // A key is bound to its request, whatever the method and the address.
        app.alpha.send(Method::DELETE, &record, &key, None).await.refused(422, "IDEMPOTENCY_KEY_REUSED");
        for (method, address, status) in [(Method::DELETE, record.clone(), 204), (Method::POST, format!("{record}/restore"), 200)] {
            let key = format!("{method}");
            let first = app.alpha.send(method.clone(), &address, &[("idempotency-key", &key)], None).await;
            assert_eq!((first.status, first.header("idempotency-replayed")), (status, None), "{}", first.text());
            let again = app.alpha.send(method, &address, &[("idempotency-key", &key)], None).await;
            assert_eq!((again.status, again.header("idempotency-replayed")), (status, Some("true")), "{}", again.text());
        }
        assert_eq!(app.log(&text(&made, "id")).await.len(), 4);
        // What failed is not kept: the same key serves the corrected request.
        create("three", json!({ "name": 7 })).await.refused(422, "VALIDATION_FAILED");
        create("three", json!({ "name": "Corrected" })).await.expect(201);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn graphql_replays() {
    both(|app| async move {
        for def in app.registry.resources().to_vec() {
            if !def.creatable {
                continue;
            }
            let mut input = app.factory(&app.alpha).body(&def, Fill::Required).await;
            input.insert("idempotencyKey".to_owned(), json!(format!("key-{}", def.name)));
            let create = document::mutation("create", &def);
            let first = app.alpha.graphql(&create, json!({ "input": input })).await;
            let again = app.alpha.graphql(&create, json!({ "input": input })).await;
            let id = first.data().pointer("/payload/record/id").and_then(Json::as_str).expect("made").to_owned();
            assert_eq!(again.data(), first.data());
            assert_eq!(again.json().pointer("/extensions/idempotencyReplayed"), Some(&json!(true)), "{}", again.text());
            assert_eq!(app.log(&id).await.len(), 1);
        }
    })
    .await;
}

/// Fifty writers of one record: each success is one version and one log row, and nothing is lost.
#[tokio::test(flavor = "multi_thread")]
async fn writers_of_one_record_take_turns() {
    both(|app| async move {
        let def = app.registry.resource("account").expect("accounts exist").clone();
        let id = text(&app.factory(&app.alpha).create(&def, Fill::Required).await, "id");
        let mut writers = JoinSet::new();
        for number in 0..50 {
            let (client, path) = (app.alpha.clone(), format!("/v1/accounts/{id}"));
            writers.spawn(async move { client.patch(&path, &json!({ "employees": number })).await.status });
        }
        for status in writers.join_all().await {
            assert_eq!(status, 200);
        }
        // Exactly one of many who build on the same version wins.
        let record = app.alpha.get(&format!("/v1/accounts/{id}")).await.expect(200);
        let (version, log) = (record["version"].as_i64().expect("a version"), app.log(&id).await);
        assert_eq!(i64::try_from(log.len()).ok(), Some(version), "versions and log rows differ");
        let tag = format!("\"{version}\"");
        let mut racers = JoinSet::new();
        for number in 0..20 {
            let (client, path, tag) = (app.alpha.clone(), format!("/v1/accounts/{id}"), tag.clone());
            let patch = json!({ "employees": 1_000 + number });
            racers.spawn(async move { client.send(Method::PATCH, &path, &[("if-match", &tag)], Some(&patch)).await.status });
        }
        let mut won = 0;
        for status in racers.join_all().await {
            match status {
                200 => won += 1,
                412 => {}
                other => panic!("{other}"),
            }
        }
        assert_eq!(won, 1);
        let mut versions: Vec<i64> = app.log(&id).await.iter().filter_map(|row| row["version"].as_i64()).collect();
        versions.sort_unstable();
        assert_eq!(versions, (1..=version + 1).collect::<Vec<_>>());
    })
    .await;
}
