//! Which records: one's own, a team's, those of the teams below, by a condition, by a share.

use super::{made_by, make, names, role, user};
use clientela_testkit::{Client, TestApp, both};
use serde_json::json;

const DEPTHS: [&str; 4] = ["OWN", "TEAM", "SUBTREE", "ALL"];

/// Three people: one leads, one works with the leader, one is in the team below.
struct World {
    lead: String,
    mate: String,
    below: String,
}

async fn world(app: &TestApp) -> World {
    let mut people = Vec::new();
    for name in ["lead", "mate", "below"] {
        people.push(make(app, "users", json!({ "name": name, "email": format!("{name}@alpha.example") })).await);
    }
    let [lead, mate, below] = <[String; 3]>::try_from(people).expect("three");
    let west = make(app, "teams", json!({ "name": "West" })).await;
    let tyrol = make(app, "teams", json!({ "name": "Tyrol", "parentId": west })).await;
    for (team, user) in [(&west, &lead), (&west, &mate), (&tyrol, &below)] {
        make(app, "team-members", json!({ "teamId": team, "userId": user })).await;
    }
    for (name, owner) in [("Lead's", Some(&lead)), ("Mate's", Some(&mate)), ("Below's", Some(&below)), ("Nobody's", None)] {
        let account = make(app, "accounts", json!({ "name": name, "ownerId": owner, "employees": 10, "phone": "+43 5442 555010" })).await;
        make(app, "notes", json!({ "recordId": account, "title": format!("About {name}"), "body": "remember" })).await;
    }
    World { lead, mate, below }
}

fn reached(depth: &str) -> Vec<&'static str> {
    match depth {
        "OWN" => vec!["Lead's"],
        "TEAM" => vec!["Lead's", "Mate's"],
        "SUBTREE" => vec!["Below's", "Lead's", "Mate's"],
        _ => vec!["Below's", "Lead's", "Mate's", "Nobody's"],
    }
}

/// The names of a list that is read page by page, from its end.
async fn by_pages(client: &Client, path: &str) -> Vec<String> {
    let (mut names, mut place) = (Vec::new(), String::new());
    loop {
        let page = client.get(&format!("{path}{place}")).await.expect(200);
        names.extend(page["data"].as_array().expect("a list").iter().filter_map(|record| record["name"].as_str()).map(str::to_owned));
        match page["page"]["next"].as_str() {
            Some(next) => place = format!("&after={next}"),
            None => break,
        }
    }
    names.reverse();
    names
}

#[tokio::test(flavor = "multi_thread")]
async fn a_depth_reaches_the_same_records_by_every_way() {
    both(|app| async move {
        let world = world(&app).await;
        for depth in DEPTHS {
            let role = role(&app, &format!("reads-{}", depth.to_lowercase()), &[("*", "read", "ALL"), ("account", "read", depth)]).await;
            let assignment = make(&app, "role-assignments", json!({ "roleId": role, "userId": world.lead })).await;
            let lead = app.sign_in(&world.lead).await;
            let wanted = reached(depth);
            assert_eq!(names(&lead, "/v1/accounts").await, wanted, "list {depth}");
            assert_eq!(names(&lead, "/v1/accounts?filter[employees][eq]=10&sort=-name").await, wanted, "filter {depth}");
            assert_eq!(by_pages(&lead, "/v1/accounts?sort=-name&limit=1").await, wanted, "pages {depth}");
            let total = lead.get("/v1/accounts?total=true&limit=1").await.expect(200);
            assert_eq!(total["page"]["total"], json!(wanted.len()), "total {depth}");
            let counted = lead.post("/v1/accounts/aggregate", &json!({ "measures": { "count": true } })).await.expect(200);
            assert_eq!(counted.pointer("/data/0/count"), Some(&json!(wanted.len())), "aggregate {depth}: {counted}");
            let found = lead.get("/v1/search?q=remember&limit=100").await.expect(200);
            assert_eq!(found["data"].as_array().map(Vec::len), Some(wanted.len()), "search {depth}: {found}");
            let graph = lead
                .graphql("{ accounts(first: 10) { totalCount nodes { name notes(first: 5) { nodes { title } } } } }", json!({}))
                .await
                .data();
            assert_eq!(graph["accounts"]["totalCount"], json!(wanted.len()), "graphql {depth}");
            // What hangs on an account, and its identity and numbers, are seen with it.
            let notes = lead.get("/v1/notes").await.expect(200);
            assert_eq!(notes["data"].as_array().map(Vec::len), Some(wanted.len()), "notes {depth}: {notes}");
            let points = lead.get("/v1/contact-points").await.expect(200);
            assert_eq!(points["data"].as_array().map(Vec::len), Some(wanted.len()), "contact points {depth}");
            assert_eq!(names(&lead, "/v1/parties").await, wanted, "parties {depth}");
            let then = lead.get("/v1/accounts?asOf=2026-02-26T00:00:00Z").await.expect(200);
            assert_eq!(then["data"].as_array().map(Vec::len), Some(wanted.len()), "asOf {depth}: {then}");
            // Record by record, by whatever address.
            let all = app.alpha.get("/v1/accounts?expand=notes").await.expect(200);
            for account in all["data"].as_array().expect("a list") {
                let (id, name) = (account["id"].as_str().expect("an id"), account["name"].as_str().expect("a name"));
                let note = account.pointer("/notes/data/0/id").and_then(|id| id.as_str()).expect("a note");
                let seen = wanted.contains(&name);
                for path in [
                    format!("accounts/{id}"),
                    format!("accounts/{id}/history"),
                    format!("accounts/{id}/timeline"),
                    format!("notes/{note}"),
                    format!("accounts/{id}?asOf=2026-02-26T00:00:00Z"),
                ] {
                    let answer = lead.get(&format!("/v1/{path}")).await;
                    assert_eq!(answer.status, if seen { 200 } else { 404 }, "{depth} {name} {path}: {}", answer.describe());
                }
                let node = lead.graphql("query($id: ID!) { node(id: $id) { id } }", json!({ "id": id })).await.data();
                assert_eq!(node["node"].is_null(), !seen, "{depth} {name} node");
                // A reference may not name what its author does not see.
                let child = lead.post("/v1/accounts", &json!({ "name": "x", "parentId": id })).await;
                assert_eq!(child.status, 403, "no role lets the lead create: {}", child.describe());
            }
            assert_eq!(app.alpha.delete(&format!("/v1/role-assignments/{assignment}")).await.status, 204);
        }
        // Without a role there is nothing, at once.
        let lead = app.sign_in(&world.lead).await;
        lead.get("/v1/accounts").await.refused(403, "FORBIDDEN");
        lead.get("/v1/me").await.expect(200);
        let _ = (world.mate, world.below);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn writes_stay_within_what_a_role_reaches() {
    both(|app| async move {
        let world = world(&app).await;
        let rights = [("*", "read", "ALL"), ("account", "read", "SUBTREE"), ("account", "*", "OWN"), ("account", "assign", "TEAM"), ("note", "*", "ALL")];
        let role = role(&app, "seller", &rights).await;
        make(&app, "role-assignments", json!({ "roleId": role, "userId": world.lead })).await;
        let lead = app.sign_in(&world.lead).await;
        let all = app.alpha.get("/v1/accounts").await.expect(200);
        let id = |name: &str| {
            let found = all["data"].as_array().expect("a list").iter().find(|account| account["name"] == name);
            found.expect("an account")["id"].as_str().expect("an id").to_owned()
        };
        let count = || async { app.alpha.get("/v1/accounts?total=true&limit=1").await.expect(200)["page"]["total"].clone() };
        let before = count().await;
        let change = json!({ "employees": 11 });
        lead.patch(&format!("/v1/accounts/{}", id("Lead's")), &change).await.expect(200);
        for (name, status, code) in [("Mate's", 403, "FORBIDDEN"), ("Below's", 403, "FORBIDDEN"), ("Nobody's", 404, "NOT_FOUND")] {
            let path = format!("/v1/accounts/{}", id(name));
            lead.patch(&path, &change).await.refused(status, code);
            lead.delete(&path).await.refused(status, code);
            lead.post(&format!("{path}/erase"), &json!({})).await.refused(status, code);
            lead.post(&format!("{path}/restore"), &json!({})).await.refused(status, code);
            let payload = lead
                .graphql("mutation($input: UpdateAccountInput!) { updateAccount(input: $input) { account { id } userErrors { code } } }", json!({ "input": { "id": id(name), "employees": 11 } }))
                .await;
            assert!(payload.text().contains(code), "{name}: {}", payload.describe());
        }
        // A filter reaches no further either.
        let bulk = lead.post("/v1/accounts/bulk-update", &json!({ "filter": { "employees": { "gte": 0 } }, "values": { "industry": "RETAIL" } })).await.expect(200);
        assert_eq!(bulk["count"], json!(1), "{bulk}");
        // What is made is one's own, and may be given to one's team alone.
        let own = made_by(&lead, "accounts", json!({ "name": "New" })).await;
        assert_eq!(app.alpha.get(&format!("/v1/accounts/{own}")).await.expect(200)["ownerId"], json!(world.lead));
        let given = lead.patch(&format!("/v1/accounts/{own}"), &json!({ "ownerId": world.below })).await;
        given.refused(422, "VALIDATION_FAILED");
        lead.post("/v1/accounts", &json!({ "name": "Theirs", "ownerId": world.below })).await.refused(422, "VALIDATION_FAILED");
        // A record may not name one that its author does not see, nor may a note hang on it.
        lead.post("/v1/accounts", &json!({ "name": "Child", "parentId": id("Nobody's") })).await.refused(422, "VALIDATION_FAILED");
        lead.post("/v1/notes", &json!({ "recordId": id("Nobody's"), "body": "x" })).await.refused(422, "VALIDATION_FAILED");
        made_by(&lead, "notes", json!({ "recordId": id("Below's"), "body": "x" })).await;
        let batch = json!({ "mode": "EACH", "rows": [{ "update": { "id": id("Below's"), "employees": 1 } }, { "update": { "id": own, "employees": 1 } }] });
        let _ = lead.post("/v1/accounts/batch", &batch).await;
        assert_eq!(app.alpha.get(&format!("/v1/accounts/{}", id("Below's"))).await.expect(200)["employees"], json!(10));
        lead.patch(&format!("/v1/accounts/{own}"), &json!({ "ownerId": world.mate })).await;
        lead.patch(&format!("/v1/accounts/{own}"), &change).await.refused(403, "FORBIDDEN");
        assert_eq!(count().await, json!(before.as_i64().expect("a count") + 1));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_condition_narrows_and_a_share_widens() {
    both(|app| async move {
        let world = world(&app).await;
        let conditional = role(&app, "customers-only", &[("note", "*", "ALL")]).await;
        let condition = json!({ "or": [{ "lifecycle": { "eq": "CUSTOMER" } }, { "ownerId": { "eq": "me" } }] }).to_string();
        let right = json!({ "roleId": conditional, "resource": "account", "action": "*", "depth": "SUBTREE", "condition": condition });
        make(&app, "role-rights", right).await;
        make(&app, "role-assignments", json!({ "roleId": conditional, "userId": world.lead })).await;
        let lead = app.sign_in(&world.lead).await;
        assert_eq!(names(&lead, "/v1/accounts").await, ["Lead's"]);
        let all = app.alpha.get("/v1/accounts").await.expect(200);
        let id = |name: &str| {
            let found = all["data"].as_array().expect("a list").iter().find(|account| account["name"] == name);
            found.expect("an account")["id"].as_str().expect("an id").to_owned()
        };
        app.alpha.patch(&format!("/v1/accounts/{}", id("Below's")), &json!({ "lifecycle": "CUSTOMER" })).await.expect(200);
        app.alpha.patch(&format!("/v1/accounts/{}", id("Nobody's")), &json!({ "lifecycle": "CUSTOMER" })).await.expect(200);
        assert_eq!(names(&lead, "/v1/accounts").await, ["Below's", "Lead's"], "the condition and the depth");

        let nobodys = format!("/v1/accounts/{}", id("Nobody's"));
        let share = make(&app, "shares", json!({ "recordId": id("Nobody's"), "recipientId": world.lead })).await;
        assert_eq!(names(&lead, "/v1/accounts").await, ["Below's", "Lead's", "Nobody's"]);
        assert_eq!(lead.get("/v1/notes").await.expect(200)["data"].as_array().map(Vec::len), Some(3), "with what hangs on it");
        lead.patch(&nobodys, &json!({ "employees": 5 })).await.refused(403, "FORBIDDEN");
        app.alpha.patch(&format!("/v1/shares/{share}"), &json!({ "level": "WRITE" })).await.expect(200);
        lead.patch(&nobodys, &json!({ "employees": 5 })).await.expect(200);
        lead.delete(&nobodys).await.refused(403, "FORBIDDEN");
        // Nobody shares what they may not share.
        lead.post("/v1/shares", &json!({ "recordId": id("Mate's"), "recipientId": world.lead })).await.refused(403, "FORBIDDEN");
        app.alpha.patch(&format!("/v1/shares/{share}"), &json!({ "until": "2026-02-25T06:13:21.000Z" })).await.expect(200);
        assert_eq!(lead.get(&nobodys).await.status, 200);
        app.clock.advance(2_000);
        lead.get(&nobodys).await.refused(404, "NOT_FOUND");

        // A condition that fits no more allows nothing, rather than everything.
        for wrong in ["not json", "{\"nothing\": {\"eq\": 1}}"] {
            let right = json!({ "roleId": conditional, "resource": "contact", "action": "read", "depth": "ALL", "condition": wrong });
            app.alpha.post("/v1/role-rights", &right).await.refused(422, "VALIDATION_FAILED");
        }
        let (_, nobody) = user(&app, "nobody", &[]).await;
        nobody.get("/v1/accounts").await.refused(403, "FORBIDDEN");
    })
    .await;
}
