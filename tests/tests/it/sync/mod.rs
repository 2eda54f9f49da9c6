//! Sync: devices that go offline, do things, and come back.

mod conflicts;
mod device;
mod model;
mod scope;

use crate::rights::{make, role, user};
use clientela_testkit::both;
use device::{Device, minted, statuses};
use serde_json::{Value as Json, json};

#[tokio::test(flavor = "multi_thread")]
async fn what_was_done_offline_is_carried_out_once_and_in_order() {
    both(|app| async move {
        let purpose = make(&app, "purposes", json!({ "key": "news", "name": "News" })).await;
        let old = make(&app, "accounts", json!({ "name": "Old" })).await;
        let mut device = Device::of(&app, &app.alpha, "phone", json!({ "resources": ["account", "contact", "task", "consent"] }));
        device.sync(&[]).await;
        assert!(device.copy.held.contains_key(&("account".to_owned(), old.clone())), "the first pull brings what is there");

        let (account, contact, task) = (minted("acc", 1), minted("con", 2), minted("tsk", 3));
        let said = json!({ "partyId": contact, "purposeId": purpose, "evidence": "Signed on the glass" });
        let done = [
            json!({ "id": "1", "resource": "accounts", "create": { "id": account, "name": "New", "country": "AT" } }),
            json!({ "id": "2", "resource": "contacts", "create": { "id": contact, "lastName": "Gruber", "accountId": account } }),
            json!({ "id": "3", "resource": "accounts", "update": { "id": account, "baseVersion": 1, "values": { "name": "Newer" } } }),
            json!({ "id": "4", "resource": "accounts", "update": { "id": account, "baseVersion": 1, "values": { "name": "Newest", "industry": "FOOD" } } }),
            json!({ "id": "5", "resource": "tasks", "create": { "id": task, "subject": "Call back" } }),
            json!({ "id": "6", "resource": "tasks", "delete": { "id": task, "baseVersion": 1 } }),
            json!({ "id": "7", "resource": "tasks", "restore": { "id": task } }),
            json!({ "id": "8", "resource": "consents", "perform": { "verb": "record", "input": said } }),
            json!({ "id": "9", "resource": "accounts", "create": { "name": "" } }),
            json!({ "id": "10", "resource": "accounts", "upsert": { "by": { "key": "erp", "value": "4711" }, "values": { "name": "Upserted" } } }),
        ];
        let answer = device.sync(&done).await;
        let expected = ["APPLIED"; 8].into_iter().chain(["REJECTED", "APPLIED"]).collect::<Vec<_>>();
        assert_eq!(statuses(&answer), expected, "{answer}");
        assert_eq!(answer.pointer("/results/3/version"), Some(&json!(3)), "its own changes do not stand in its way");
        assert_eq!(answer.pointer("/results/3/recordId"), Some(&json!(account)));
        assert_eq!(answer.pointer("/results/8/error/code"), Some(&json!("VALIDATION_FAILED")));
        assert_eq!(answer.pointer("/results/8/error/errors/0/pointer"), Some(&json!("/operations/8/create/name")));
        let consent = answer.pointer("/results/7/output/consent").and_then(Json::as_str).expect("the ledger's entry").to_owned();
        device.is_true(&["account", "contact", "task", "consent"]).await;
        let held = device.copy.held.get(&("account".to_owned(), account.clone())).expect("what it made comes back");
        assert_eq!((held["name"].clone(), held["industry"].clone()), (json!("Newest"), json!("FOOD")));
        assert!(device.copy.held.contains_key(&("consent".to_owned(), consent)), "and so does what came of the verb");
        let told = app.alpha.get(&format!("/v1/accounts/{account}/history")).await.expect(200);
        assert_eq!(told.pointer("/data/0/requestId"), answer.pointer("/results/3/requestId"), "the log names the operation: {told}");

        // The answer was lost: the same push again changes nothing.
        let again = device.sync(&done).await;
        assert_eq!(statuses(&again), expected, "{again}");
        let replayed: Vec<bool> = again["results"].as_array().unwrap().iter().map(|result| result["replayed"] == json!(true)).collect();
        assert_eq!(replayed, [true, true, true, true, true, true, true, true, false, true], "{again}");
        assert_eq!(again.pointer("/results/7/output"), answer.pointer("/results/7/output"));
        assert_eq!(app.alpha.get(&format!("/v1/accounts/{account}")).await.expect(200)["version"], json!(3));
        assert_eq!(app.alpha.get("/v1/consents").await.expect(200)["data"].as_array().unwrap().len(), 1);
        // An id belongs to one operation.
        let other = json!({ "id": "1", "resource": "accounts", "create": { "name": "Another" } });
        let refused = device.sync(&[other]).await;
        assert_eq!(refused.pointer("/results/0/error/code"), Some(&json!("IDEMPOTENCY_KEY_REUSED")), "{refused}");
        // Another device, and another person, have ids of their own.
        let mut tablet = Device::of(&app, &app.alpha, "tablet", json!({ "resources": ["account"] }));
        let own = json!({ "id": "1", "resource": "accounts", "create": { "name": "Of the tablet" } });
        assert_eq!(statuses(&tablet.sync(&[own]).await), ["APPLIED"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn twins_of_a_push_do_it_once() {
    both(|app| async move {
        let account = make(&app, "accounts", json!({ "name": "Trade", "industry": "FOOD" })).await;
        let body = json!({ "device": "phone", "operations": [
            { "id": "a", "resource": "accounts", "create": { "name": "Once" } },
            { "id": "b", "resource": "accounts", "update": { "id": account, "baseVersion": 1, "values": { "industry": "RETAIL" } } },
        ] });
        let pushes = (0..6).map(|_| app.alpha.post("/v1/sync", &body));
        let answers: Vec<Json> = futures_util::future::join_all(pushes).await.iter().map(|answer| answer.expect(200)).collect();
        assert!(answers.iter().all(|answer| statuses(answer) == ["APPLIED", "APPLIED"]), "{answers:?}");
        let fresh = answers.iter().filter(|answer| answer.pointer("/results/0/replayed") == Some(&json!(false))).count();
        assert_eq!(fresh, 1);
        let list = app.alpha.get("/v1/accounts?filter[name][eq]=Once").await.expect(200);
        assert_eq!(list["data"].as_array().unwrap().len(), 1);
        assert_eq!(app.alpha.get(&format!("/v1/accounts/{account}")).await.expect(200)["version"], json!(2));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_is_tried_and_a_bad_question_loses_nothing() {
    both(|app| async move {
        let account = make(&app, "accounts", json!({ "name": "Trade" })).await;
        let contact = make(&app, "contacts", json!({ "lastName": "Gruber" })).await;
        let purpose = make(&app, "purposes", json!({ "key": "news", "name": "News" })).await;
        let operations = json!([
            { "id": "a", "resource": "accounts", "update": { "id": account, "baseVersion": 1, "values": { "name": "Tried" } } },
            { "id": "b", "resource": "consents", "perform": { "verb": "record", "input": { "partyId": contact, "purposeId": purpose } } },
            { "id": "c", "resource": "consents", "perform": { "verb": "record", "input": { "partyId": contact, "purposeId": contact } } },
        ]);
        let body = json!({ "device": "phone", "operations": operations, "pull": {} });
        let tried = app.alpha.post("/v1/sync?dryRun=true", &body).await.expect(200);
        assert_eq!(statuses(&tried), ["APPLIED", "APPLIED", "REJECTED"], "{tried}");
        let events: Vec<&str> = tried
            .pointer("/dryRun/changes")
            .and_then(Json::as_array)
            .unwrap()
            .iter()
            .filter_map(|change| change["event"].as_str())
            .collect();
        assert!(events.contains(&"account.updated") && events.contains(&"consent.created"), "{events:?}");
        assert_eq!(tried["changes"], Json::Null);
        assert_eq!(app.alpha.get(&format!("/v1/accounts/{account}")).await.expect(200)["version"], json!(1), "nothing was written");
        assert_eq!(app.alpha.get("/v1/consents").await.expect(200)["data"], json!([]));

        // What was carried out stays, whatever is wrong with the cursor, and the ids tell the next push so.
        let wrong = json!({ "device": "phone", "operations": operations, "pull": { "after": "x" } });
        let answer = app.alpha.post("/v1/sync", &wrong).await.expect(200);
        assert_eq!(statuses(&answer), ["APPLIED", "APPLIED", "REJECTED"], "{answer}");
        assert_eq!(
            (answer["changes"].clone(), answer.pointer("/pullError/code")),
            (Json::Null, Some(&json!("INVALID_CURSOR"))),
            "{answer}"
        );
        let again = app.alpha.post("/v1/sync", &body).await.expect(200);
        assert_eq!(again.pointer("/results/0/replayed"), Some(&json!(true)));
        assert!(again.pointer("/changes/page/next").is_some());

        // What is wrong as a whole does nothing.
        let many: Vec<Json> =
            (0..501).map(|at| json!({ "id": at.to_string(), "resource": "accounts", "create": { "name": "Many" } })).collect();
        for (body, pointer) in [
            (json!({}), "/device"),
            (json!({ "device": "" }), "/device"),
            (json!({ "device": "phone", "policy": "MINE" }), "/policy"),
            (json!({ "device": "phone", "operations": many }), "/operations"),
            (json!({ "device": "phone", "pull": [] }), "/pull"),
            (json!({ "device": "phone", "pull": { "limit": 0 } }), "/pull/limit"),
            (json!({ "device": "phone", "pull": { "since": 1 } }), "/pull/since"),
            (json!({ "device": "phone", "rows": [] }), "/rows"),
        ] {
            let refused = app.alpha.post("/v1/sync", &body).await.refused(422, "VALIDATION_FAILED");
            assert_eq!(refused.pointer("/errors/0/pointer"), Some(&json!(pointer)), "{refused}");
        }
        // What is wrong with an operation is its own affair.
        let update = json!({ "id": account, "values": { "name": "x" } });
        for (operation, pointer) in [
            (json!({ "resource": "accounts", "create": { "name": "x" } }), "/operations/0/id"),
            (json!({ "id": "x", "resource": "shoes", "create": {} }), "/operations/0/resource"),
            (json!({ "id": "x", "resource": "accounts", "update": update }), "/operations/0/update/baseVersion"),
            (json!({ "id": "x", "resource": "accounts", "create": {}, "delete": { "id": account, "baseVersion": 1 } }), "/operations/0"),
            (json!({ "id": "x", "resource": "accounts", "policy": "MINE", "create": {} }), "/operations/0/policy"),
            (json!({ "id": "x", "resource": "consents", "perform": { "verb": "shout" } }), "/operations/0/perform/verb"),
            (json!({ "id": "x", "resource": "users", "perform": { "verb": "set-password", "input": {} } }), "/operations/0/perform/verb"),
            (json!({ "id": "x", "resource": "consents", "perform": { "verb": "record", "id": contact } }), "/operations/0/perform/id"),
        ] {
            let answer = app.alpha.post("/v1/sync", &json!({ "device": "phone", "operations": [operation] })).await.expect(200);
            assert_eq!(statuses(&answer), ["REJECTED"], "{answer}");
            assert_eq!(answer.pointer("/results/0/error/errors/0/pointer"), Some(&json!(pointer)), "{answer}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rights_hold_on_the_way_up_and_on_the_way_down() {
    both(|app| async move {
        let seller = role(&app, "seller", &[("account", "read", "OWN"), ("account", "update", "OWN")]).await;
        make(&app, "field-rules", json!({ "roleId": seller, "resource": "account", "field": "phone", "access": "HIDDEN" })).await;
        let (me, client) = user(&app, "anna", &[&seller]).await;
        let mine = make(&app, "accounts", json!({ "name": "Mine", "ownerId": me, "phone": "+43 1 5550 100" })).await;
        let theirs = make(&app, "accounts", json!({ "name": "Theirs" })).await;
        let mut device = Device::of(&app, &client, "phone", json!({ "resources": ["account"] }));
        device.sync(&[]).await;
        let held: Vec<&Json> = device.copy.held.values().collect();
        assert_eq!(held.len(), 1, "only what may be seen");
        assert!(held[0].get("phone").is_none() && !held[0].to_string().contains("5550"), "{}", held[0]);
        let update = |id: &str, key: &str, values: Json| json!({ "id": key, "resource": "accounts", "update": { "id": id, "baseVersion": 1, "values": values } });
        let answer = device
            .sync(&[
                update(&mine, "1", json!({ "industry": "FOOD" })),
                update(&theirs, "2", json!({ "name": "Taken" })),
                update(&mine, "3", json!({ "phone": "+43 1 5550 999" })),
                json!({ "id": "4", "resource": "accounts", "create": { "name": "New" } }),
                json!({ "id": "5", "resource": "accounts", "delete": { "id": mine, "baseVersion": 2 } }),
            ])
            .await;
        assert_eq!(statuses(&answer), ["APPLIED", "REJECTED", "REJECTED", "REJECTED", "REJECTED"], "{answer}");
        assert_eq!(answer.pointer("/results/1/error/code"), Some(&json!("NOT_FOUND")), "as if there were none");
        assert_eq!(answer.pointer("/results/2/error/errors/0/code"), Some(&json!("UNKNOWN_FIELD")));
        // Others touch both fields; the hidden one is not told of, and stands in nobody's way.
        app.alpha.patch(&format!("/v1/accounts/{mine}"), &json!({ "phone": "+43 1 5550 777", "name": "Ours" })).await.expect(200);
        let answer = device.push(&[update(&mine, "6", json!({ "name": "Just mine" }))]).await;
        assert_eq!(statuses(&answer), ["CONFLICT"]);
        assert!(!answer.to_string().contains("5550") && !answer.to_string().contains("phone"), "{answer}");
        // The record goes out of sight: what was done to it is refused, and the copy is told.
        app.alpha.patch(&format!("/v1/accounts/{mine}"), &json!({ "ownerId": null })).await.expect(200);
        let answer = device.sync(&[update(&mine, "7", json!({ "industry": "RETAIL" }))]).await;
        assert_eq!(answer.pointer("/results/0/error/code"), Some(&json!("NOT_FOUND")), "{answer}");
        assert!(device.copy.held.is_empty(), "{answer}");
        // Tenants know nothing of each other.
        let other = app.beta.post("/v1/sync", &json!({ "device": "phone", "operations": [update(&theirs, "1", json!({ "name": "x" }))], "pull": {} })).await.expect(200);
        assert_eq!(other.pointer("/results/0/error/code"), Some(&json!("NOT_FOUND")));
        assert!(!other["changes"].to_string().contains("Theirs"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn graphql_syncs_alike() {
    both(|app| async move {
        let account = make(&app, "accounts", json!({ "name": "Trade" })).await;
        app.settled().await;
        let query = "mutation ($input: SyncInput!, $after: String) { sync(input: $input) {
            results { id status replayed requestId resource recordId version conflicts { field base mine theirs kept } output userErrors { code field message } }
            changes(resources: [\"account\"], after: $after) { nodes { kind id record { ... on Account { name } } } pageInfo { endCursor } }
            dryRun { event } userErrors { code field } } }";
        let update = |key: &str, name: &str| json!({ "id": key, "resource": "accounts", "update": { "id": account, "baseVersion": 1, "values": { "name": name } } });
        let tried = app.alpha.graphql(query, json!({ "input": { "device": "phone", "dryRun": true, "operations": [update("1", "Tried")] } })).await.expect(200);
        assert_eq!(tried.pointer("/data/sync/dryRun/0/event"), Some(&json!("account.updated")), "{tried}");
        assert_eq!(tried.pointer("/data/sync/changes"), Some(&Json::Null));
        let answer = app.alpha.graphql(query, json!({ "input": { "device": "phone", "operations": [update("1", "Mine")] } })).await.expect(200);
        let sync = answer.pointer("/data/sync").unwrap_or_else(|| panic!("{answer}"));
        assert_eq!((sync.pointer("/results/0/status"), sync.pointer("/results/0/version")), (Some(&json!("APPLIED")), Some(&json!(2))), "{sync}");
        assert_eq!(sync.pointer("/changes/nodes/0/record/name"), Some(&json!("Mine")), "the pull sees what was pushed: {sync}");
        app.alpha.patch(&format!("/v1/accounts/{account}"), &json!({ "name": "Theirs" })).await.expect(200);
        let input = json!({ "device": "phone", "policy": "SERVER_WINS", "operations": [update("2", "Again")] });
        let merged = app.alpha.graphql(query, json!({ "input": input, "after": sync.pointer("/changes/pageInfo/endCursor") })).await.expect(200);
        let conflict = merged.pointer("/data/sync/results/0/conflicts/0").unwrap_or_else(|| panic!("{merged}"));
        assert_eq!(*conflict, json!({ "field": "name", "base": "Mine", "mine": "Again", "theirs": "Theirs", "kept": "THEIRS" }));
        let refused = app.alpha.graphql(query, json!({ "input": { "device": "phone", "operations": [update("3", "No")] }, "after": "x" })).await.expect(200);
        assert_eq!(refused.pointer("/errors/0/path"), Some(&json!(["sync", "changes"])), "{refused}");
        assert_eq!(refused.pointer("/data/sync/results/0/userErrors/0/code"), Some(&json!("VERSION_CONFLICT")), "{refused}");
        let refused = app.alpha.graphql(query, json!({ "input": { "device": "" } })).await.expect(200);
        assert_eq!(refused.pointer("/data/sync/userErrors/0/field"), Some(&json!(["input", "device"])), "{refused}");
    })
    .await;
}
