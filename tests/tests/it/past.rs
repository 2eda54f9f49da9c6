//! What was: replaying the log to any moment equals the records as they were, for every resource; histories page, hide and
//! forget as they must.

use crate::isolation::form;
use clientela_testkit::factory::{self, Fill, text};
use clientela_testkit::{TestApp, both};
use http::Method;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;

/// Every record of every resource that keeps a log, deleted ones too, by resource.
async fn everything(app: &TestApp, as_of: Option<&str>) -> BTreeMap<String, Json> {
    let mut all = BTreeMap::new();
    for def in app.registry.resources().iter().filter(|def| !def.mirror) {
        let moment = as_of.map(|at| format!("&asOf={at}")).unwrap_or_default();
        let page = app.alpha.get(&format!("/v1/{}?limit=1000&deleted=include{moment}", def.path)).await.expect(200);
        assert_eq!(page["page"]["hasMore"], json!(false));
        all.insert(def.path.to_string(), page["data"].clone());
    }
    all
}

fn now(app: &TestApp) -> String {
    use clientela_kernel::Clock as _;
    app.clock.now().to_text()
}

/// Records without custom fields that are empty: those of today are shown of any time, also of one before them.
fn filled(records: &Json) -> Vec<Json> {
    let mut records = records.as_array().expect("a list").clone();
    for record in records.iter_mut().filter_map(Json::as_object_mut) {
        if let Some(custom) = record.get_mut("custom").and_then(Json::as_object_mut) {
            custom.retain(|_, value| !value.is_null());
            if custom.is_empty() {
                record.remove("custom");
            }
        }
    }
    records
}

#[tokio::test(flavor = "multi_thread")]
async fn replaying_the_log_to_any_moment_equals_the_records_as_they_were() {
    both(|app| async move {
        let birth = now(&app);
        app.clock.advance(10);
        let mut moments = Vec::new();
        for def in app.registry.resources().to_vec() {
            if !def.creatable {
                continue;
            }
            let mut record = Json::Null;
            for fill in [Fill::Required, Fill::Everything] {
                record = app.factory(&app.alpha).create(&def, fill).await;
                app.clock.advance(10);
            }
            let path = format!("/v1/{}/{}", def.path, text(&record, "id"));
            for round in 0..3 {
                for (number, field) in factory::changeable(&def).enumerate().filter(|(number, _)| def.updatable && number % 3 == round) {
                    let current = app.alpha.get(&path).await.expect(200);
                    // Some rules refuse some values; what is refused leaves no trace.
                    let value = if number % 2 == 0 { factory::other_value(field, &current[field.name.as_ref()]) } else { Some(Json::Null) };
                    if let Some(value) = value {
                        app.alpha.patch(&path, &json!({ field.name.as_ref(): value })).await;
                        app.clock.advance(10);
                    }
                }
                if round == 1 && def.deletable {
                    app.alpha.delete(&path).await;
                    moments.push((now(&app), everything(&app, None).await));
                    app.clock.advance(10);
                    app.alpha.send(Method::POST, &format!("{path}/restore"), &[], None).await;
                }
                moments.push((now(&app), everything(&app, None).await));
                app.clock.advance(10);
            }
        }
        assert!(moments.len() > 30, "too little was written to mean anything");
        let mut compared = 0;
        for (at, then) in &moments {
            let replayed = everything(&app, Some(at)).await;
            for (path, records) in then {
                assert_eq!(filled(&replayed[path]), filled(records), "{path} as of {at}");
                compared += records.as_array().map_or(0, Vec::len);
            }
        }
        assert!(compared > 1_000, "only {compared} records were compared");
        // One by one, and before they were born.
        let (at, then) = moments.get(moments.len() / 2).unwrap();
        for (path, records) in then {
            for record in records.as_array().unwrap() {
                let one = format!("/v1/{path}/{}", text(record, "id"));
                let was = app.alpha.get(&format!("{one}?asOf={at}&deleted=include")).await.expect(200);
                assert_eq!(filled(&json!([was])), filled(&json!([record])), "{one}");
                if text(record, "createdAt") > birth {
                    app.alpha.get(&format!("{one}?asOf={birth}&deleted=include")).await.refused(404, "NOT_FOUND");
                }
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_are_filtered_sorted_and_paged_as_they_were() {
    both(|app| async move {
        let mut ids = Vec::new();
        for (name, employees) in [("Alps", 5), ("Bora", 3), ("Cima", 9), ("Dorf", 1)] {
            let made = app.alpha.post("/v1/accounts", &json!({ "name": name, "employees": employees })).await.expect(201);
            ids.push(text(&made, "id"));
        }
        let then = now(&app);
        app.clock.advance(1_000);
        for id in &ids {
            app.alpha.patch(&format!("/v1/accounts/{id}"), &json!({ "name": "Renamed", "employees": 100 })).await.expect(200);
        }
        assert_eq!(app.alpha.delete(&format!("/v1/accounts/{}", ids[2])).await.status, 204);
        let names = |page: &Json| page["data"].as_array().unwrap().iter().map(|record| text(record, "name")).collect::<Vec<_>>();
        let filter = form(&json!({ "employees": { "lt": 6 }, "name": { "contains": "o" } }));
        let found = app.alpha.get(&format!("/v1/accounts?asOf={then}&filter={filter}&sort=-employees&total=true")).await.expect(200);
        assert_eq!(names(&found), ["Bora", "Dorf"]);
        assert_eq!(found["page"]["total"], json!(2));
        for sort in ["", "&sort=-employees", "&sort=name"] {
            let whole = names(&app.alpha.get(&format!("/v1/accounts?asOf={then}{sort}")).await.expect(200));
            assert_eq!(whole.len(), 4);
            let (mut walked, mut after, mut last) = (Vec::new(), String::new(), Json::Null);
            loop {
                let page = app.alpha.get(&format!("/v1/accounts?asOf={then}&limit=1{sort}{after}")).await.expect(200);
                walked.extend(names(&page));
                last = if page["page"]["previous"].is_null() { last } else { page["page"]["previous"].clone() };
                match page["page"]["next"].as_str() {
                    Some(next) => after = format!("&after={next}"),
                    None => break,
                }
            }
            assert_eq!(walked, whole, "{sort}");
            let back = app.alpha.get(&format!("/v1/accounts?asOf={then}{sort}&before={}", last.as_str().unwrap())).await.expect(200);
            assert_eq!(names(&back), whole[..3], "{sort}");
        }
        let search = app.alpha.post("/v1/accounts/search", &json!({ "asOf": then, "filter": { "id": { "in": ids } }, "fields": ["name"] })).await;
        assert_eq!(search.expect(200)["data"].as_array().map(Vec::len), Some(4));
        let query = "query($at: DateTime, $id: ID!) { one: account(id: $id, asOf: $at) { name n: employees } all: accounts(asOf: $at, orderBy: [{employees: ASC}], first: 2) { totalCount nodes { name } pageInfo { hasNextPage } } }";
        let data = app.alpha.graphql(query, json!({ "at": then, "id": ids[2] })).await.data();
        assert_eq!(data["one"], json!({ "name": "Cima", "n": 9 }));
        assert_eq!(data["all"], json!({ "totalCount": 4, "nodes": [{ "name": "Dorf" }, { "name": "Bora" }], "pageInfo": { "hasNextPage": true } }));
        let early = app.alpha.graphql(query, json!({ "at": "2001-01-01T00:00:00Z", "id": ids[2] })).await.data();
        assert_eq!(early["one"], Json::Null);
        assert_eq!(early["all"]["totalCount"], json!(0));
        // What relations lead to may have been others then.
        for bad in ["expand=parent", "sort=parent.name", &format!("filter={}", form(&json!({ "parent": { "name": { "eq": "x" } } })))] {
            app.alpha.get(&format!("/v1/accounts?asOf={then}&{bad}")).await.refused(400, "INVALID_PARAMETER");
        }
        app.alpha.get("/v1/accounts?asOf=yesterday").await.refused(400, "INVALID_PARAMETER");
        let mirror = app.registry.resources().iter().find(|def| def.mirror).expect("there is a mirror").clone();
        app.alpha.get(&format!("/v1/{}?asOf={then}", mirror.path)).await.refused(400, "INVALID_PARAMETER");
        app.alpha.get(&format!("/v1/{}/{}/history", mirror.path, ids[0])).await.refused(404, "ROUTE_NOT_FOUND");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_history_tells_what_happened() {
    both(|app| async move {
        let made = app.alpha.post("/v1/accounts", &json!({ "name": "Alps", "annualRevenue": { "amount": "1.50", "currency": "EUR" } })).await.expect(201);
        let path = format!("/v1/accounts/{}", text(&made, "id"));
        app.clock.advance(1_000);
        app.alpha.patch(&path, &json!({ "name": "Bora", "annualRevenue": null })).await.expect(200);
        assert_eq!(app.alpha.delete(&path).await.status, 204);
        let history = app.alpha.get(&format!("{path}/history")).await.expect(200);
        let kinds: Vec<&Json> = history["data"].as_array().unwrap().iter().map(|change| &change["kind"]).collect();
        assert_eq!(kinds, ["DELETED", "UPDATED", "CREATED"]);
        let update = &history["data"][1];
        assert_eq!(
            update["fields"],
            json!([
                { "field": "name", "before": "Alps", "after": "Bora" },
                { "field": "annualRevenue", "before": { "amount": "1.50", "currency": "EUR" }, "after": null },
            ])
        );
        assert_eq!((&update["version"], &update["erased"], &update["actor"]), (&json!(2), &json!(false), &made["createdBy"]));
        let (mut after, mut walked) = (String::new(), Vec::new());
        loop {
            let page = app.alpha.get(&format!("{path}/history?limit=1{after}")).await.expect(200);
            walked.extend(page["data"].as_array().unwrap().clone());
            match page["page"]["next"].as_str() {
                Some(next) => after = format!("&after={next}"),
                None => break,
            }
        }
        assert_eq!(json!(walked), history["data"]);
        let query = "query($id: ID!) { history(id: $id) { __typename changes { version kind at actor client requestId erased fields { field before after } } hasMore next } }";
        let graphql = app.alpha.graphql(query, json!({ "id": made["id"] })).await.data();
        assert_eq!(graphql["history"]["changes"], history["data"]);
        assert_eq!(app.reader.get(&format!("{path}/history")).await.expect(200), history);
        // What is erased shows that it was, and no longer what it was.
        assert_eq!(app.alpha.send(Method::POST, &format!("{path}/erase"), &[], None).await.status, 204);
        let forgotten = app.alpha.get(&format!("{path}/history")).await.expect(200);
        let changes = forgotten["data"].as_array().unwrap();
        assert_eq!(changes[0]["kind"], json!("ERASED"));
        assert!(changes.len() == 4 && changes.iter().all(|change| change["erased"] == json!(true) && change["fields"] == json!([])), "{forgotten}");
        app.alpha.get(&format!("{path}?asOf={}", text(&made, "createdAt"))).await.refused(404, "NOT_FOUND");
        app.alpha.get("/v1/accounts/acc_01h455vb4pex5vsknk084sn02q/history").await.refused(404, "NOT_FOUND");
        app.alpha.get(&format!("{path}/history?after=nonsense")).await.refused(400, "INVALID_CURSOR");
        app.alpha.get(&format!("{path}/history?limit=1001")).await.refused(400, "INVALID_PARAMETER");
        let none = app.alpha.graphql(query, json!({ "id": "acc_01h455vb4pex5vsknk084sn02q" })).await.data();
        assert_eq!(none["history"], Json::Null);
    })
    .await;
}

/// What nobody may read is in no history either.
#[tokio::test(flavor = "multi_thread")]
async fn a_history_hides_what_the_record_hides() {
    both(|app| async move {
        let mut tried = 0;
        for def in app.registry.resources().to_vec() {
            if !def.creatable || !def.fields.iter().any(|field| field.secret) {
                continue;
            }
            let id = app.factory(&app.alpha).any(&def).await;
            let history = app.alpha.get(&format!("/v1/{}/{id}/history", def.path)).await;
            history.expect(200);
            for field in def.fields.iter().filter(|field| field.secret) {
                assert!(!history.text().contains(&format!("\"{}\"", field.name)), "{}", history.text());
            }
            tried += 1;
        }
        assert!(tried > 0, "no resource hides a field");
    })
    .await;
}
