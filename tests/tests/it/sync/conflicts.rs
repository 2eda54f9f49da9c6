//! What both sides have changed, and what becomes of it.

use super::device::{Device, statuses};
use crate::rights::make;
use clientela_testkit::both;
use serde_json::{Value as Json, json};

#[tokio::test(flavor = "multi_thread")]
async fn conflicts_are_by_field_and_end_as_the_policy_says() {
    both(|app| async move {
        let device = Device::of(&app, &app.alpha, "phone", json!({}));
        // The office changes the name; the device, which knows version 1, name and industry.
        for (policy, status, name, industry, kept) in [
            ("MERGE_FIELDS", "CONFLICT", "Office", "OTHER", Json::Null),
            ("ASK", "CONFLICT", "Office", "OTHER", Json::Null),
            ("SERVER_WINS", "MERGED", "Office", "FOOD", json!("THEIRS")),
            ("CLIENT_WINS", "MERGED", "Device", "FOOD", json!("MINE")),
        ] {
            let account = make(&app, "accounts", json!({ "name": "Base", "industry": "OTHER" })).await;
            let path = format!("/v1/accounts/{account}");
            app.alpha.patch(&path, &json!({ "name": "Office" })).await.expect(200);
            let values = json!({ "name": "Device", "industry": "FOOD" });
            let update = json!({ "id": format!("{policy}-1"), "policy": policy, "resource": "accounts", "update": { "id": account, "baseVersion": 1, "values": values } });
            let answer = device.push(std::slice::from_ref(&update)).await;
            assert_eq!(statuses(&answer), [status], "{policy}: {answer}");
            let conflict = answer.pointer("/results/0/conflicts/0").unwrap_or_else(|| panic!("{policy}: {answer}"));
            assert_eq!(*conflict, json!({ "field": "name", "base": "Base", "mine": "Device", "theirs": "Office", "kept": kept }), "{policy}");
            assert_eq!(answer.pointer("/results/0/conflicts/1"), None, "{policy}: nobody else changed the industry");
            let record = app.alpha.get(&path).await.expect(200);
            assert_eq!((record["name"].clone(), record["industry"].clone()), (json!(name), json!(industry)), "{policy}: {record}");
            if status == "CONFLICT" {
                assert_eq!(answer.pointer("/results/0/error/currentVersion"), Some(&json!(2)), "{answer}");
                assert_eq!(answer.pointer("/results/0/version"), Some(&json!(2)), "{answer}");
                // Resolved by sending it again with the version that is known now.
                let mut resolved = update.clone();
                resolved["update"]["baseVersion"] = json!(2);
                assert_eq!(statuses(&device.push(&[resolved]).await), ["APPLIED"], "{policy}");
                assert_eq!(app.alpha.get(&path).await.expect(200)["name"], json!("Device"));
            } else {
                let again = device.push(&[update]).await;
                assert_eq!((statuses(&again), again.pointer("/results/0/replayed")), (vec!["MERGED"], Some(&json!(true))));
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_touches_other_fields_is_merged_and_the_same_value_is_no_conflict() {
    both(|app| async move {
        let field = json!({ "resource": "account", "name": "creditClass", "label": "Credit class", "type": "TEXT" });
        app.alpha.post("/v1/custom-fields", &field).await.expect(201);
        let account = make(&app, "accounts", json!({ "name": "Base", "industry": "OTHER", "custom": { "creditClass": "A" } })).await;
        let path = format!("/v1/accounts/{account}");
        let phone = Device::of(&app, &app.alpha, "phone", json!({}));
        let tablet = Device::of(&app, &app.alpha, "tablet", json!({}));
        let update = |key: &str, base: i64, values: Json| {
            json!({ "id": key, "resource": "accounts", "update": { "id": account, "baseVersion": base, "values": values } })
        };
        // Two devices of one user are two: what the tablet did, the phone does not know.
        assert_eq!(statuses(&tablet.push(&[update("1", 1, json!({ "industry": "FOOD", "custom": { "creditClass": "B" } }))]).await), ["APPLIED"]);
        let answer = phone.push(&[update("1", 1, json!({ "name": "Phone" }))]).await;
        assert_eq!((statuses(&answer), answer.pointer("/results/0/conflicts")), (vec!["MERGED"], Some(&json!([]))), "{answer}");
        let answer = phone.push(&[update("2", 1, json!({ "industry": "RETAIL" }))]).await;
        assert_eq!(statuses(&answer), ["CONFLICT"], "{answer}");
        let answer = phone.push(&[update("3", 1, json!({ "industry": "FOOD" }))]).await;
        assert_eq!(statuses(&answer), ["MERGED"], "both made the same of it: {answer}");
        // What the phone itself did since is not held against it; what the tablet did after that is.
        assert_eq!(statuses(&phone.push(&[update("4", 1, json!({ "name": "Phone again" }))]).await), ["MERGED"]);
        let version = app.alpha.get(&path).await.expect(200)["version"].as_i64().unwrap();
        assert_eq!(statuses(&tablet.push(&[update("2", version, json!({ "name": "Tablet" }))]).await), ["APPLIED"]);
        let answer = phone.push(&[update("5", 1, json!({ "name": "Phone at last" }))]).await;
        assert_eq!(
            answer.pointer("/results/0/conflicts/0"),
            Some(&json!({ "field": "name", "base": "Phone again", "mine": "Phone at last", "theirs": "Tablet", "kept": null })),
            "the device knew what it wrote last: {answer}"
        );
        // Fields of one's own.
        let answer = phone.push(&[json!({ "id": "6", "policy": "SERVER_WINS", "resource": "accounts", "update": {
            "id": account, "baseVersion": 1, "values": { "custom": { "creditClass": "C" } } } })]).await;
        assert_eq!(
            answer.pointer("/results/0/conflicts/0"),
            Some(&json!({ "field": "custom.creditClass", "base": "A", "mine": "C", "theirs": "B", "kept": "THEIRS" })),
            "{answer}"
        );
        let record = app.alpha.get(&path).await.expect(200);
        assert_eq!((record.pointer("/custom/creditClass"), record["name"].clone()), (Some(&json!("B")), json!("Tablet")));
        // Deletions: what others changed is not thrown away unasked.
        let delete = |key: &str, policy: &str, base: i64| {
            json!({ "id": key, "policy": policy, "resource": "accounts", "delete": { "id": account, "baseVersion": base } })
        };
        assert_eq!(statuses(&phone.push(&[delete("7", "MERGE_FIELDS", 1), delete("8", "SERVER_WINS", 1)]).await), ["CONFLICT", "MERGED"]);
        assert_eq!(app.alpha.get(&path).await.status, 200);
        let ahead = phone.push(&[update("9", 99, json!({ "name": "From the future" }))]).await;
        assert_eq!(statuses(&ahead), ["CONFLICT"], "{ahead}");
        assert_eq!(statuses(&phone.push(&[delete("10", "CLIENT_WINS", 1)]).await), ["MERGED"]);
        let gone = phone.push(&[update("11", 1, json!({ "name": "Too late" }))]).await;
        assert_eq!((statuses(&gone), gone.pointer("/results/0/error/code")), (vec!["REJECTED"], Some(&json!("RECORD_DELETED"))), "{gone}");
    })
    .await;
}
