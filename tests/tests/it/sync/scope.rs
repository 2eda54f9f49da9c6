//! Saved scopes: what devices hold, and what becomes of it when that changes.

use super::device::Device;
use crate::rights::{make, role, user};
use clientela_testkit::both;
use serde_json::{Value as Json, json};

fn content(trees: &Json) -> Json {
    json!({ "content": trees.to_string() })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scope_that_changes_changes_what_devices_hold() {
    both(|app| async move {
        let seller = role(&app, "seller", &[("account", "read", "ALL"), ("contact", "read", "ALL"), ("syncScope", "read", "ALL")]).await;
        let (me, client) = user(&app, "anna", &[&seller]).await;
        let mine = make(&app, "accounts", json!({ "name": "Mine", "ownerId": me, "country": "AT" })).await;
        let other = make(&app, "accounts", json!({ "name": "Other", "country": "AT" })).await;
        let contact = make(&app, "contacts", json!({ "lastName": "Gruber" })).await;
        let trees = json!({ "account": { "ownerId": { "eq": "me" } } });
        let scope = make(&app, "sync-scopes", json!({ "name": "Field sales", "content": trees.to_string() })).await;
        let path = format!("/v1/sync-scopes/{scope}");
        let mut device = Device::of(&app, &client, "phone", json!({ "scope": scope }));
        let holds = |device: &Device<'_>| device.copy.held.keys().map(|(_, id)| id.clone()).collect::<Vec<_>>();
        device.sync(&[]).await;
        assert_eq!(holds(&device), std::slice::from_ref(&mine), "me is whoever syncs");

        // Wider: another condition, and another resource.
        app.alpha.patch(&path, &content(&json!({ "account": { "country": { "eq": "AT" } }, "contact": {} }))).await.expect(200);
        let answer = device.sync(&[]).await;
        let mut expected = vec![mine.clone(), other.clone(), contact.clone()];
        expected.sort();
        let mut held = holds(&device);
        held.sort();
        assert_eq!(held, expected, "{answer}");
        device.is_true(&["account", "contact"]).await;
        // A new copy by the same scope begins with the same.
        let mut tablet = Device::of(&app, &client, "tablet", json!({ "scope": scope }));
        tablet.is_true(&["account", "contact"]).await;

        // Narrower: what goes out of scope is named, although it may still be seen.
        app.alpha.patch(&path, &content(&json!({ "account": { "country": { "eq": "DE" } } }))).await.expect(200);
        let answer = device.sync(&[]).await;
        let kinds: Vec<&str> =
            answer.pointer("/changes/data").and_then(Json::as_array).unwrap().iter().filter_map(|entry| entry["kind"].as_str()).collect();
        assert!(kinds.iter().all(|kind| *kind == "LEFT"), "{answer}");
        assert_eq!(holds(&device), Vec::<String>::new());
        make(&app, "contacts", json!({ "lastName": "Unseen" })).await;
        device.sync(&[]).await;
        assert_eq!(holds(&device), Vec::<String>::new(), "what is out of scope is not told");
        // And wider again.
        app.alpha.patch(&path, &content(&json!({ "contact": {} }))).await.expect(200);
        device.is_true(&["contact"]).await;
        tablet.is_true(&["contact"]).await;
        assert_eq!(holds(&device).len(), 2);

        // The feed takes it as well.
        let page = client.get(&format!("/v1/changes?scope={scope}")).await.expect(200);
        assert_eq!(page["data"].as_array().unwrap().len(), 2);
        let query = "query ($scope: ID) { changes(scope: $scope) { nodes { kind } } }";
        let answer = client.graphql(query, json!({ "scope": scope })).await.expect(200);
        assert_eq!(answer.pointer("/data/changes/nodes").and_then(Json::as_array).map(Vec::len), Some(2), "{answer}");
        client.get(&format!("/v1/changes?scope={scope}&resources=account")).await.refused(400, "INVALID_PARAMETER");
        app.beta.get(&format!("/v1/changes?scope={scope}")).await.refused(404, "NOT_FOUND");
        let cursor = page.pointer("/page/next").and_then(Json::as_str).unwrap();
        client.get(&format!("/v1/changes?after={cursor}")).await.expect(200);
        client.get(&format!("/v1/changes?after={cursor}&resources=account")).await.refused(400, "INVALID_CURSOR");
        // Where the scope is gone there is nothing to follow.
        assert_eq!(app.alpha.delete(&path).await.status, 204);
        client.get(&format!("/v1/changes?after={cursor}")).await.refused(404, "NOT_FOUND");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scope_is_checked_when_it_is_written() {
    both(|app| async move {
        for wrong in [
            "",
            "[]",
            "{}",
            "{\"shoe\": {}}",
            "{\"party\": {}}",
            "{\"account\": 1}",
            "{\"account\": {\"shoe\": {\"eq\": 1}}}",
            "{\"account\": {\"name\": {\"near\": 1}}}",
        ] {
            let refused =
                app.alpha.post("/v1/sync-scopes", &json!({ "name": "Wrong", "content": wrong })).await.refused(422, "VALIDATION_FAILED");
            assert_eq!(refused.pointer("/errors/0/pointer"), Some(&json!("/content")), "{wrong}: {refused}");
        }
        app.reader.post("/v1/sync-scopes", &json!({ "name": "Mine", "content": "{\"account\": {}}" })).await.refused(403, "FORBIDDEN");
    })
    .await;
}
