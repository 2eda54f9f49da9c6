//! The feed: a copy that follows it ends equal to a fresh read, whatever changes meanwhile: records, rights, shares, the time.

pub(crate) mod copy;
pub(crate) mod model;
mod sight;
mod stream;

use crate::rights::make;
use clientela_kernel::{Clock as _, Timestamp};
use clientela_testkit::both;
use copy::Copy;
use serde_json::{Value as Json, json};

/// The kinds and versions that entries tell of a record, in order.
fn told(entries: &[Json], id: &str) -> Vec<(String, Option<i64>)> {
    let of = entries.iter().filter(|entry| entry["id"] == json!(id));
    of.map(|entry| (entry["kind"].as_str().unwrap_or_default().to_owned(), entry["version"].as_i64())).collect()
}

fn kinds(entries: &[Json], id: &str) -> Vec<String> {
    told(entries, id).into_iter().map(|(kind, _)| kind).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_begins_with_what_is_there_and_follows_every_change() {
    both(|app| async move {
        let old = make(&app, "accounts", json!({ "name": "Old", "country": "AT" })).await;
        let mut copy = Copy::of(&app, &app.alpha, "resources=account,contact");
        let first = copy.follow().await;
        assert_eq!(kinds(&first, &old), ["PRESENT"]);
        assert_eq!(copy.follow().await, Vec::<Json>::new(), "nothing is told twice");

        let new = make(&app, "accounts", json!({ "name": "New" })).await;
        let path = format!("/v1/accounts/{new}");
        app.alpha.patch(&path, &json!({ "name": "Newer", "industry": "RETAIL" })).await.expect(200);
        assert_eq!(app.alpha.delete(&path).await.status, 204);
        app.alpha.post(&format!("{path}/restore"), &json!({})).await.expect(200);
        make(&app, "purposes", json!({ "key": "news", "name": "News" })).await;
        let entries = copy.follow().await;
        let expected =
            [("CREATED", 1), ("UPDATED", 2), ("DELETED", 3), ("RESTORED", 4)].map(|(kind, version)| (kind.to_owned(), Some(version)));
        assert_eq!(told(&entries, &new), expected);
        assert_eq!(entries.len(), 4, "what is not followed is not told: {entries:?}");
        let changed: Vec<&str> = entries[1]["fields"].as_array().unwrap().iter().filter_map(Json::as_str).collect();
        assert!(changed.contains(&"name") && changed.contains(&"industry") && !changed.contains(&"country"), "{changed:?}");
        assert_eq!(entries[3].pointer("/record/name"), Some(&json!("Newer")), "the record as it is");
        assert_eq!(entries[2]["record"], Json::Null);
        assert!(entries[0]["actor"].is_string() && entries[0]["at"].is_string() && entries[0]["requestId"].is_string(), "{}", entries[0]);
        copy.is_true(&["account", "contact"]).await;

        // A cursor may be used again: what it told it tells again.
        let place = copy.cursor.clone();
        app.alpha.patch(&path, &json!({ "name": "Newest" })).await.expect(200);
        assert_eq!(kinds(&copy.follow().await, &new), ["UPDATED"]);
        copy.cursor = place;
        assert_eq!(kinds(&copy.follow().await, &new), ["UPDATED"]);
        app.alpha.post(&format!("{path}/erase"), &json!({})).await;
        assert_eq!(kinds(&copy.follow().await, &new), ["ERASED"]);
        copy.is_true(&["account", "contact"]).await;

        // Page by page it is the same.
        let mut slow = Copy::of(&app, &app.alpha, "resources=account,contact&limit=1");
        slow.follow().await;
        slow.is_true(&["account", "contact"]).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_may_be_told_only_what_has_changed() {
    both(|app| async move {
        make(&app, "custom-fields", json!({ "resource": "account", "name": "floor", "label": "Floor", "type": "TEXT", "maxLength": 20 }))
            .await;
        make(&app, "custom-fields", json!({ "resource": "account", "name": "room", "label": "Room", "type": "TEXT", "maxLength": 20 }))
            .await;
        let own = json!({ "floor": "1", "room": "2" });
        let account = make(&app, "accounts", json!({ "name": "One", "country": "AT", "custom": own })).await;
        let path = format!("/v1/accounts/{account}");
        let mut copy = Copy::of(&app, &app.alpha, "resources=account&record=changed");
        let mut filtered = Copy::of(&app, &app.alpha, "resources=account&record=changed&filter[country][eq]=AT");
        copy.follow().await;
        filtered.follow().await;
        let begun = copy.cursor.clone().unwrap();
        app.alpha.patch(&path, &json!({ "name": "Two" })).await.expect(200);
        app.alpha.patch(&path, &json!({ "industry": "RETAIL", "custom": { "floor": "3" } })).await.expect(200);
        let entries = copy.follow().await;
        let members = |entry: &Json| entry["record"].as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        assert_eq!(members(&entries[0]), ["id", "name", "updatedAt", "updatedBy", "version"], "{entries:?}");
        assert_eq!(members(&entries[1]), ["custom", "id", "industry", "updatedAt", "updatedBy", "version"], "{entries:?}");
        assert_eq!(entries[1].pointer("/record/custom"), Some(&json!({ "floor": "3" })));
        let versions = [&entries[0], &entries[1]].map(|entry| entry.pointer("/record/version").and_then(Json::as_i64));
        assert_eq!(versions, [Some(2), Some(3)], "that which the change led to, although the record is further on");
        copy.is_true(&["account"]).await;

        // What goes out of a filter and comes into it again by a change is told whole: the copy has dropped it.
        for country in ["DE", "AT"] {
            app.alpha.patch(&path, &json!({ "country": country })).await.expect(200);
            filtered.follow().await;
            copy.follow().await;
        }
        assert_eq!(filtered.held.len(), 1);
        filtered.is_true(&["account"]).await;
        copy.is_true(&["account"]).await;

        let asked = json!({
            "query": "query($after: String) { changes(resources: [\"account\"], after: $after) { nodes { kind fields changed } } }",
            "variables": { "after": begun },
        });
        let answer = app.alpha.post("/graphql", &asked).await.expect(200);
        let nodes = answer.pointer("/data/changes/nodes").and_then(Json::as_array).unwrap_or_else(|| panic!("{answer}"));
        assert_eq!(nodes.len(), 4, "{answer}");
        assert_eq!(members(&json!({ "record": nodes[0]["changed"] })), ["id", "name", "updatedAt", "updatedBy", "version"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_filter_is_followed_through_relations_and_time() {
    both(|app| async move {
        let account = make(&app, "accounts", json!({ "name": "Trade", "country": "AT" })).await;
        let contact = make(&app, "contacts", json!({ "lastName": "Gruber", "accountId": account })).await;
        let filter = json!({ "account": { "country": { "eq": "AT" } } });
        let query = format!("resources=contacts&filter={}", urlencoded(&filter));
        let mut copy = Copy::of(&app, &app.alpha, &query);
        assert_eq!(kinds(&copy.follow().await, &contact), ["PRESENT"]);
        app.alpha.patch(&format!("/v1/accounts/{account}"), &json!({ "country": "DE" })).await.expect(200);
        let left = copy.follow().await;
        assert_eq!(kinds(&left, &contact), ["LEFT"], "{left:?}");
        assert_eq!(left[0]["record"], Json::Null);
        app.alpha.patch(&format!("/v1/accounts/{account}"), &json!({ "country": "AT" })).await.expect(200);
        let gained = copy.follow().await;
        assert_eq!(kinds(&gained, &contact), ["ACCESS_GAINED"]);
        assert_eq!(gained[0].pointer("/record/lastName"), Some(&json!("Gruber")));
        let mut bracketed = Copy::of(&app, &app.alpha, "resources=contact&filter[account][country][eq]=AT");
        assert_eq!(kinds(&bracketed.follow().await, &contact), ["PRESENT"]);
        assert_eq!(app.alpha.delete(&format!("/v1/contacts/{contact}")).await.status, 204);
        assert_eq!(kinds(&copy.follow().await, &contact), ["DELETED"]);

        let filter = json!({ "task": { "dueAt": { "within": { "last": "PT4H" } } } });
        let soon = Timestamp(app.clock.now().0 + 3_600_000).to_text();
        let task = make(&app, "tasks", json!({ "subject": "Call", "dueAt": soon })).await;
        let mut copy = Copy::of(&app, &app.alpha, &format!("resources=task&filter={}", urlencoded(&filter["task"])));
        assert_eq!(kinds(&copy.follow().await, &task), Vec::<String>::new());
        app.clock.advance(7_200_000);
        assert_eq!(kinds(&copy.follow().await, &task), ["ACCESS_GAINED"], "time alone brings it in");
        app.clock.advance(18_000_000);
        assert_eq!(kinds(&copy.follow().await, &task), ["LEFT"], "and out");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_questions_and_cursors_are_refused() {
    both(|app| async move {
        let refused = [
            ("resources=nothing", 400, "INVALID_PARAMETER"),
            ("resources=party", 400, "INVALID_PARAMETER"),
            ("resources=account,,contact", 400, "INVALID_PARAMETER"),
            ("filter={\"nothing\":{}}", 400, "INVALID_FILTER"),
            ("resources=account&filter={\"shoe\":{\"eq\":1}}", 400, "INVALID_FILTER"),
            ("filter[name][eq]=x", 400, "INVALID_PARAMETER"),
            ("filter=[]", 400, "INVALID_FILTER"),
            ("limit=0", 400, "INVALID_PARAMETER"),
            ("wait=61", 400, "INVALID_PARAMETER"),
            ("record=some", 400, "INVALID_PARAMETER"),
            ("after=x", 400, "INVALID_CURSOR"),
            ("since=x", 400, "UNKNOWN_PARAMETER"),
        ];
        for (query, status, code) in refused {
            let query = query.replace('{', "%7B").replace('}', "%7D").replace('"', "%22");
            app.alpha.get(&format!("/v1/changes?{query}")).await.refused(status, code);
            if !query.starts_with("limit") && !query.starts_with("wait") {
                app.alpha.get(&format!("/v1/changes/stream?{query}")).await.refused(status, code);
            }
        }
        let page = app.alpha.get("/v1/changes?resources=account").await.expect(200);
        let cursor = page.pointer("/page/next").and_then(Json::as_str).unwrap().to_owned();
        app.beta.get(&format!("/v1/changes?after={cursor}")).await.refused(400, "INVALID_CURSOR");
        app.reader.get(&format!("/v1/changes?after={cursor}")).await.refused(400, "INVALID_CURSOR");
        app.alpha.get(&format!("/v1/changes?after={cursor}&resources=contact")).await.refused(400, "INVALID_CURSOR");
        app.alpha.get(&format!("/v1/changes?after={cursor}&resources=account")).await.expect(200);
        app.alpha.with_token(None).get("/v1/changes").await.refused(401, "UNAUTHENTICATED");

        // A consumer that slept for too long begins anew: whoever asks next clears away what nobody uses.
        let key = app.alpha.post("/v1/api-keys", &json!({ "name": "ERP", "expiresAt": null })).await.expect(201);
        let script = app.alpha.with_token(key["secret"].as_str());
        let page = script.get("/v1/changes?resources=account").await.expect(200);
        let cursor = page.pointer("/page/next").and_then(Json::as_str).unwrap().to_owned();
        app.clock.advance(40 * 86_400_000);
        script.get("/v1/changes?resources=contact&after=now").await.expect(200);
        let answer = script.get(&format!("/v1/changes?after={cursor}")).await;
        let gone = answer.refused(410, "CURSOR_EXPIRED");
        assert!(gone["detail"].as_str().is_some_and(|text| text.contains("Begin again")), "{gone}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erasure_reaches_what_feeds_ask_for() {
    both(|app| async move {
        let anna = make(&app, "contacts", json!({ "lastName": "Gruber", "email": "anna.gruber@canary.example" })).await;
        let mut cursors = Vec::new();
        for query in
            ["resources=contact&filter[email][eq]=anna.gruber@canary.example", "resources=contact&filter[email][eq]=bob@other.example"]
        {
            let page = app.alpha.get(&format!("/v1/changes?{query}")).await.expect(200);
            cursors.push(page.pointer("/page/next").and_then(Json::as_str).unwrap().to_owned());
        }
        app.alpha.post("/v1/privacy-requests/erase-person", &json!({ "partyId": anna })).await.expect(200);
        app.alpha.get(&format!("/v1/changes?after={}", cursors[0])).await.refused(410, "CURSOR_EXPIRED");
        app.alpha.get(&format!("/v1/changes?after={}", cursors[1])).await.expect(200);
    })
    .await;
}

fn urlencoded(json: &Json) -> String {
    json.to_string().bytes().map(|byte| format!("%{byte:02X}")).collect()
}
