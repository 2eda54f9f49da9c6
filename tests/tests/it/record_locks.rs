//! While somebody holds a lock of a record nobody else changes it, by whatever way.

use crate::jobs::{MAPPING, fates, work};
use crate::rights::{made_by, make, role, user};
use clientela_testkit::{Answer, Client, TestApp, both};
use http::Method;
use serde_json::{Value as Json, json};

/// Two people who may do everything but administrate, each signed in.
async fn two(app: &TestApp) -> (Client, Client) {
    let member = app.alpha.get("/v1/roles?filter[key][eq]=member").await.expect(200);
    let member = member["data"][0]["id"].as_str().expect("the first roles").to_owned();
    let (_, anna) = user(app, "anna", &[&member]).await;
    let (_, ben) = user(app, "ben", &[&member]).await;
    (anna, ben)
}

async fn lock(client: &Client, record: &str) -> Json {
    client.post("/v1/record-locks", &json!({ "recordId": record, "reason": "Being checked" })).await.expect(201)
}

fn locked(answer: &Answer) -> Json {
    answer.refused(409, "RECORD_LOCKED")
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_does_not_hold_it_is_refused_on_every_way() {
    both(|app| async move {
        let (anna, ben) = two(&app).await;
        let account = make(&app, "accounts", json!({ "name": "Dairy", "employees": 3 })).await;
        make(&app, "external-ids", json!({ "recordId": account, "system": "erp", "value": "4711" })).await;
        let path = format!("/v1/accounts/{account}");
        let held = lock(&anna, &account).await;
        assert_eq!((&held["recordId"], &held["createdBy"]), (&json!(account), &json!(anna.context.actor.to_text())));
        assert_eq!(held["holderId"], held["createdBy"], "a person holds it");

        let before = app.alpha.get(&path).await.expect(200);
        let refused = locked(&ben.patch(&path, &json!({ "employees": 4 })).await);
        assert_eq!((&refused["lockedUntil"], &refused["lockedBy"]), (&held["until"], &held["createdBy"]), "{refused}");
        // An administrator is no exception, but may remove it.
        locked(&app.alpha.patch(&path, &json!({ "employees": 4 })).await);
        locked(&ben.delete(&path).await);
        locked(&ben.post(&format!("{path}/erase"), &json!({})).await);
        locked(&ben.patch(&format!("{path}?dryRun=true"), &json!({ "employees": 4 })).await);
        locked(&ben.send(Method::PUT, "/v1/accounts/by/erp/4711", &[], Some(&json!({ "employees": 4 }))).await);
        let row = json!({ "update": { "id": account, "values": { "employees": 4 } } });
        let batch = ben.post("/v1/accounts/batch", &json!({ "rows": [row] })).await.expect(200);
        assert!(batch.to_string().contains("RECORD_LOCKED"), "{batch}");
        let atomic = ben.post("/v1/accounts/batch", &json!({ "rows": [row], "atomic": true })).await;
        assert_eq!(locked(&atomic)["lockedUntil"], held["until"]);
        let operation = json!({ "resource": "accounts", "update": { "id": account, "values": { "employees": 4 } } });
        locked(&ben.post("/v1/transactions", &json!({ "operations": [operation] })).await);
        let bulk = json!({ "filter": { "name": { "eq": "Dairy" } }, "values": { "employees": 4 } });
        locked(&ben.post("/v1/accounts/bulk-update", &bulk).await);
        locked(&ben.post("/v1/accounts/bulk-delete", &json!({ "filter": { "name": { "eq": "Dairy" } } })).await);
        let import = json!({ "mappingText": MAPPING, "rows": "number,name,country\n4711,Imported,DE\n" });
        let import = crate::jobs::make(&app.alpha, "/v1/imports", import).await;
        work(&app).await;
        assert_eq!(fates(&app.alpha.get(&format!("/v1/imports/{import}")).await.expect(200)), [0, 0, 0, 1]);
        let problems = app.alpha.get(&format!("/v1/import-problems?filter[importId][eq]={import}")).await.expect(200);
        assert_eq!(problems["data"][0]["code"], "RECORD_LOCKED", "{problems}");
        let mutation = "mutation($id: ID!) { updateAccount(input: { id: $id, employees: 4 }) { account { id } userErrors { code lockedUntil lockedBy } } }";
        let answer = ben.graphql(mutation, json!({ "id": account })).await.data();
        let error = &answer["updateAccount"]["userErrors"][0];
        assert_eq!((&error["code"], &error["lockedUntil"], &error["lockedBy"]), (&json!("RECORD_LOCKED"), &held["until"], &held["createdBy"]));
        assert_eq!(app.alpha.get(&path).await.expect(200), before, "nothing was written");
        // Its holder goes on, and what is attached is nobody's lock.
        anna.patch(&path, &json!({ "employees": 5 })).await.expect(200);
        made_by(&ben, "notes", json!({ "recordId": account, "body": "Called" })).await;
        // What goes along with it is kept back as well.
        let points = app.alpha.post("/v1/contact-points", &json!({ "partyId": account, "kind": "PHONE", "value": "+43 1 5550", "preferred": true })).await;
        locked(&points);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn merges_and_operations_are_held_back_too() {
    both(|app| async move {
        let (anna, ben) = two(&app).await;
        let one = make(&app, "contacts", json!({ "lastName": "One", "email": "one@x.example" })).await;
        let two = make(&app, "contacts", json!({ "lastName": "Two" })).await;
        let points = app.alpha.get(&format!("/v1/contact-points?filter[partyId][eq]={one}")).await.expect(200);
        let point = points["data"][0]["id"].as_str().expect("an address").to_owned();
        let report = format!("/v1/contact-points/{point}/report-health");
        let held = lock(&anna, &point).await;
        locked(&ben.post(&report, &json!({ "event": "BOUNCED" })).await);
        // What follows its contact is held back with it.
        locked(&ben.post("/v1/parties/merge", &json!({ "survivorId": two, "loserId": one })).await);
        anna.delete(&format!("/v1/record-locks/{}", held["id"].as_str().expect("an id"))).await.expect(204);
        ben.post(&report, &json!({ "event": "BOUNCED" })).await.expect(200);
        lock(&anna, &two).await;
        locked(&ben.post("/v1/parties/merge", &json!({ "survivorId": one, "loserId": two })).await);
        for id in [&one, &two] {
            app.alpha.get(&format!("/v1/contacts/{id}")).await.expect(200);
        }
        let merged = anna.post("/v1/parties/merge", &json!({ "survivorId": one, "loserId": two })).await;
        assert_eq!(merged.status, 200, "{}", merged.describe());
        // Nobody's lock stands against the right to be forgotten.
        let held = app.alpha.get(&format!("/v1/contacts/{one}?expand=locks")).await.expect(200);
        assert_eq!(held["locks"]["data"].as_array().map(Vec::len), Some(1), "it went over: {held}");
        app.alpha.post("/v1/privacy-requests/erase-person", &json!({ "partyId": one })).await.expect(200);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_ends_by_its_time_its_holder_or_an_administrator() {
    both(|app| async move {
        let (anna, ben) = two(&app).await;
        let account = make(&app, "accounts", json!({ "name": "Dairy" })).await;
        let path = format!("/v1/accounts/{account}");
        let held = lock(&anna, &account).await;
        let of = |lock: &Json| format!("/v1/record-locks/{}", lock["id"].as_str().expect("an id"));
        // One at a time.
        let refused = ben.post("/v1/record-locks", &json!({ "recordId": account })).await.refused(409, "RECORD_LOCKED");
        assert_eq!(refused["lockedUntil"], held["until"]);
        ben.patch(&of(&held), &json!({ "reason": "Mine now" })).await.refused(403, "FORBIDDEN");
        ben.delete(&of(&held)).await.refused(403, "FORBIDDEN");
        // Longer, but not for ever.
        let later = anna.patch(&of(&held), &json!({ "until": "2026-03-10T00:00:00Z" })).await;
        assert_eq!(later.status, 200, "{}", later.describe());
        anna.patch(&of(&held), &json!({ "until": "2026-04-10T00:00:00Z" })).await.refused(422, "VALIDATION_FAILED");
        anna.delete(&of(&held)).await.expect(204);
        ben.patch(&path, &json!({ "employees": 1 })).await.expect(200);

        let held = lock(&anna, &account).await;
        ben.patch(&path, &json!({ "employees": 2 })).await.refused(409, "RECORD_LOCKED");
        app.alpha.delete(&of(&held)).await.expect(204);
        ben.patch(&path, &json!({ "employees": 2 })).await.expect(200);

        lock(&anna, &account).await;
        app.clock.advance(15 * 60 * 1_000);
        ben.patch(&path, &json!({ "employees": 3 })).await.expect(200);
        // The next one needs nothing to be cleared away.
        let next = lock(&ben, &account).await;
        assert_eq!(anna.patch(&path, &json!({ "employees": 4 })).await.refused(409, "RECORD_LOCKED")["lockedUntil"], next["until"]);
        let seen = app.alpha.get(&format!("{path}?expand=locks")).await.expect(200);
        assert_eq!(seen["locks"]["data"].as_array().map(Vec::len), Some(2), "{seen}");
        // The record goes with its locks, those of others that have ended too.
        ben.delete(&path).await.expect(204);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_whoever_may_change_a_record_locks_it_and_only_who_may_read_users_hears_who() {
    both(|app| async move {
        let (anna, _) = two(&app).await;
        let looks = role(&app, "looks", &[("*", "read", "ALL"), ("recordLock", "*", "ALL")]).await;
        let works = role(&app, "works", &[("account", "*", "ALL")]).await;
        let (_, reader) = user(&app, "reader", &[&looks]).await;
        let (_, worker) = user(&app, "worker", &[&works]).await;
        let account = make(&app, "accounts", json!({ "name": "Dairy" })).await;
        reader.post("/v1/record-locks", &json!({ "recordId": account })).await.refused(422, "VALIDATION_FAILED");
        worker.post("/v1/record-locks", &json!({ "recordId": account })).await.refused(403, "FORBIDDEN");
        let held = lock(&anna, &account).await;
        let refused = locked(&worker.patch(&format!("/v1/accounts/{account}"), &json!({ "employees": 3 })).await);
        assert_eq!((&refused["lockedUntil"], refused.get("lockedBy")), (&held["until"], None), "{refused}");
        assert!(!refused.to_string().contains("usr_"), "{refused}");
        // Another tenant neither sees nor locks it.
        app.beta.post("/v1/record-locks", &json!({ "recordId": account })).await.refused(422, "VALIDATION_FAILED");
        app.beta.get(&format!("/v1/record-locks/{}", held["id"].as_str().expect("an id"))).await.refused(404, "NOT_FOUND");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_at_once_one_gets_it_and_writes_abreast_respect_it() {
    both(|app| async move {
        let (anna, ben) = two(&app).await;
        for round in 0..10 {
            let account = make(&app, "accounts", json!({ "name": format!("Dairy {round}") })).await;
            let body = json!({ "recordId": account });
            let (first, second) = tokio::join!(anna.post("/v1/record-locks", &body), ben.post("/v1/record-locks", &body));
            let mut statuses = [first.status, second.status];
            statuses.sort_unstable();
            assert_eq!(statuses, [201, 409], "{} {}", first.describe(), second.describe());
            let (holder, other) = if first.status == 201 { (&anna, &ben) } else { (&ben, &anna) };
            let path = format!("/v1/accounts/{account}");
            let free = make(&app, "accounts", json!({ "name": format!("Free {round}") })).await;
            let free = format!("/v1/accounts/{free}");
            // Writes that go to the database together hear their own answers.
            let many = (0..24).map(|number| {
                let (client, path) = match number % 3 {
                    0 => (holder, &path),
                    1 => (other, &path),
                    _ => (other, &free),
                };
                let body = json!({ "employees": number + 1 });
                async move { (number % 3, client.patch(path, &body).await) }
            });
            for (kind, answer) in futures_util::future::join_all(many).await {
                assert_eq!(answer.status, if kind == 1 { 409 } else { 200 }, "{kind}: {}", answer.describe());
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_of_an_object_is_locked_like_any_other() {
    both(|app| async move {
        crate::custom_objects::define(&app.alpha).await;
        let (anna, ben) = two(&app).await;
        let machine = make(&app, "custom/machines", json!({ "name": "Press" })).await;
        let other = make(&app, "custom/machines", json!({ "name": "Mill" })).await;
        lock(&anna, &machine).await;
        locked(&ben.patch(&format!("/v1/custom/machines/{machine}"), &json!({ "custom": { "year": 2001 } })).await);
        anna.patch(&format!("/v1/custom/machines/{machine}"), &json!({ "custom": { "year": 2001 } })).await.expect(200);
        ben.patch(&format!("/v1/custom/machines/{other}"), &json!({ "custom": { "year": 2001 } })).await.expect(200);
    })
    .await;
}
