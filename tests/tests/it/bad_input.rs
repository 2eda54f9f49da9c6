//! What is wrong is refused with a stable code and the place, and leaves nothing behind.

use axum::body::Body;
use clientela_testkit::factory::{self, Fill, text};
use clientela_testkit::{TestApp, both};
use http::{Method, Request};
use serde_json::{Value as Json, json};

async fn account(app: &TestApp) -> String {
    let def = app.registry.resource("account").expect("accounts exist");
    text(&app.factory(&app.alpha).create(def, Fill::Required).await, "id")
}

async fn count(app: &TestApp) -> u64 {
    app.alpha.get("/v1/accounts?limit=1&total=true&deleted=include").await.expect(200)["page"]["total"].as_u64().expect("a total")
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_that_cannot_be_read() {
    both(|app| async move {
        let before = count(&app).await;
        let bodies: [(&[u8], &str); 9] = [
            (b"", "MALFORMED_BODY"),
            (b"{", "MALFORMED_BODY"),
            (b"[]", "MALFORMED_BODY"),
            (b"null", "MALFORMED_BODY"),
            (b"\"name\"", "MALFORMED_BODY"),
            (b"{\"name\": \"\xff\xfe\"}", "MALFORMED_BODY"),
            (b"{\"name\": \"a\", \"name\": \"b\"}", "MALFORMED_BODY"),
            (b"{\"name\": \"a\"} trailing", "MALFORMED_BODY"),
            (b"{\"name\": \"\\ud800\"}", "MALFORMED_BODY"),
        ];
        for (bytes, code) in bodies {
            let request = Request::post("/v1/accounts").header("content-type", "application/json").body(Body::from(bytes)).unwrap();
            let refused = app.alpha.raw(request).await.refused(400, code);
            assert!(refused["detail"].as_str().is_some_and(|detail| detail.len() > 20), "{refused}");
        }
        for media_type in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/json; charset=latin1"] {
            let request = Request::post("/v1/accounts").header("content-type", media_type).body(Body::from("{\"name\":\"a\"}")).unwrap();
            app.alpha.raw(request).await.refused(415, "UNSUPPORTED_MEDIA_TYPE");
        }
        assert_eq!(count(&app).await, before);
    })
    .await;
}

/// The whole record once more: its id and every unique key are taken, by itself.
#[tokio::test(flavor = "multi_thread")]
async fn the_same_record_twice() {
    both(|app| async move {
        for def in app.registry.resources().iter().filter(|def| def.creatable) {
            let path = format!("/v1/{}", def.path);
            let mut body = app.factory(&app.alpha).body(def, Fill::Everything).await;
            let made = app.alpha.post(&path, &Json::Object(body.clone())).await.expect(factory::made(def));
            body.insert("id".to_owned(), made["id"].clone());
            let refused = app.alpha.post(&path, &Json::Object(body)).await.expect(409);
            assert_eq!((&refused["code"], &refused["existingId"]), (&json!("ID_TAKEN"), &made["id"]), "{}: {refused}", def.name);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fields_that_are_wrong() {
    both(|app| async move {
        let id = account(&app).await;
        let before = (count(&app).await, app.alpha.get(&format!("/v1/accounts/{id}")).await.expect(200), app.log(&id).await);
        let table = [
            (json!({ "name": 7 }), "/name", "WRONG_TYPE"),
            (json!({ "name": ["a"] }), "/name", "WRONG_TYPE"),
            (json!({ "name": null }), "/name", "REQUIRED"),
            (json!({ "name": "x".repeat(100_000) }), "/name", "TOO_LONG"),
            (json!({ "nmae": "typo" }), "/nmae", "UNKNOWN_FIELD"),
            (json!({ "version": 7 }), "/version", "READ_ONLY"),
            (json!({ "createdBy": "usr_x" }), "/createdBy", "READ_ONLY"),
            (json!({ "tenantId": "ten_01h455vb4pex5vsknk084sn02q" }), "/tenantId", "UNKNOWN_FIELD"),
            (json!({ "employees": "many" }), "/employees", "WRONG_TYPE"),
            (json!({ "employees": 1.5 }), "/employees", ""),
            (json!({ "employees": -1 }), "/employees", "OUT_OF_RANGE"),
            (json!({ "industry": "MAGIC" }), "/industry", "NOT_ALLOWED"),
            (json!({ "industry": "retail" }), "/industry", "NOT_ALLOWED"),
            (json!({ "country": "Austria" }), "/country", ""),
            (json!({ "annualRevenue": 12.5 }), "/annualRevenue", "WRONG_TYPE"),
            (json!({ "annualRevenue": { "amount": "12.5" } }), "/annualRevenue", ""),
            (json!({ "parentId": "acc_01h455vb4pex5vsknk084sn02q" }), "/parentId", "REFERENCE_NOT_FOUND"),
            (json!({ "parentId": "con_01h455vb4pex5vsknk084sn02q" }), "/parentId", ""),
            (json!({ "parentId": "nonsense" }), "/parentId", ""),
            (json!({ "domains": "a.example" }), "/domains", "WRONG_TYPE"),
            (json!({ "a/b~c": 1 }), "/a~1b~0c", "UNKNOWN_FIELD"),
        ];
        for (patch, pointer, code) in &table {
            let mut body = json!({ "name": "Attempt" });
            body.as_object_mut().unwrap().extend(patch.as_object().unwrap().clone());
            for answer in [app.alpha.post("/v1/accounts", &body).await, app.alpha.patch(&format!("/v1/accounts/{id}"), patch).await] {
                let refused = answer.refused(422, "VALIDATION_FAILED");
                let problem = &refused["errors"][0];
                assert!(problem["pointer"].as_str().is_some_and(|given| given.starts_with(pointer)), "{patch}: {refused}");
                assert!(code.is_empty() || problem["code"] == json!(code), "{patch}: {refused}");
                assert!(problem["detail"].as_str().is_some_and(|detail| detail.len() > 15), "{refused}");
            }
        }
        // Every field that is wrong is listed, not only the first.
        let many = json!({ "name": 7, "employees": "many", "industry": "MAGIC", "nmae": 1 });
        let refused = app.alpha.post("/v1/accounts", &many).await.refused(422, "VALIDATION_FAILED");
        assert_eq!(refused["errors"].as_array().map(Vec::len), Some(4), "{refused}");
        let after = (count(&app).await, app.alpha.get(&format!("/v1/accounts/{id}")).await.expect(200), app.log(&id).await);
        assert_eq!(after, before);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn addresses_that_are_wrong() {
    both(|app| async move {
        let id = account(&app).await;
        app.alpha.get("/v1/unicorns").await.refused(404, "ROUTE_NOT_FOUND");
        app.alpha.get("/").await;
        app.alpha.get("/v2/accounts").await.refused(404, "ROUTE_NOT_FOUND");
        app.alpha.get(&format!("/v1/accounts/{id}/fly")).await.refused(404, "ROUTE_NOT_FOUND");
        for unknown in [
            "acc_01h455vb4pex5vsknk084sn02q",
            "con_01h455vb4pex5vsknk084sn02q",
            "nonsense",
            "acc_",
            "1",
            "%00",
            "acc_01H455VB4PEX5VSKNK084SN02Q",
        ] {
            app.alpha.get(&format!("/v1/accounts/{unknown}")).await.refused(404, "NOT_FOUND");
        }
        let wrong = app.alpha.send(Method::PUT, &format!("/v1/accounts/{id}"), &[], Some(&json!({}))).await;
        wrong.refused(405, "METHOD_NOT_ALLOWED");
        let allow = wrong.header("allow").expect("405 names what is allowed").to_owned();
        for method in ["GET", "PATCH", "DELETE"] {
            assert!(allow.contains(method), "{allow}");
        }
        app.alpha.get("/v1/accounts?colour=red").await.refused(400, "UNKNOWN_PARAMETER");
        app.alpha.get("/v1/accounts?total=perhaps").await.refused(400, "INVALID_PARAMETER");
        app.alpha.get("/v1/accounts?deleted=some").await.refused(400, "INVALID_PARAMETER");
        app.alpha.get("/v1/accounts?sort=colour").await.refused(400, "INVALID_SORT");
        app.alpha.get("/v1/accounts?sort=tags").await.refused(400, "INVALID_SORT");
        app.alpha.get(&format!("/v1/accounts/{id}?fields=colour")).await.refused(400, "INVALID_PARAMETER");
        app.alpha.get(&format!("/v1/accounts/{id}?expand=colour")).await.refused(400, "INVALID_PARAMETER");
        app.alpha.get("/v1/accounts?filter=%7B").await.refused(400, "INVALID_FILTER");
        app.alpha.get("/v1/accounts?filter%5Bcolour%5D%5Beq%5D=red").await.refused(400, "INVALID_FILTER");
        app.alpha.get("/v1/accounts?filter%5BtenantId%5D%5Beq%5D=x").await.refused(400, "INVALID_FILTER");
        app.alpha.get("/v1/accounts?filter%5Bemployees%5D%5Bcontains%5D=1").await.refused(400, "INVALID_FILTER");
        app.alpha.get("/v1/accounts?filter%5Bemployees%5D%5Bgt%5D=many").await.refused(400, "INVALID_FILTER");
        // A secret field does not exist, and neither answer tells more.
        let secret = app.alpha.get("/v1/api-keys?filter%5BsecretHash%5D%5Beq%5D=x").await.refused(400, "INVALID_FILTER");
        let unknown = app.alpha.get("/v1/api-keys?filter%5BsecretHasx%5D%5Beq%5D=x").await.refused(400, "INVALID_FILTER");
        let plain = |json: &Json| text(json, "detail").replace("secretHasx", "X").replace("secretHash", "X");
        assert_eq!(plain(&secret), plain(&unknown));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cursors_and_versions() {
    both(|app| async move {
        let id = account(&app).await;
        account(&app).await;
        let page = app.alpha.get("/v1/accounts?limit=1&sort=name").await.expect(200);
        let cursor = page["page"]["next"].as_str().expect("two accounts make two pages").to_owned();
        app.alpha.get(&format!("/v1/accounts?limit=1&sort=name&after={cursor}")).await.expect(200);
        for other in ["sort=-name", "sort=city", "sort=name&filter%5Bcity%5D%5Beq%5D=x", "sort=name&deleted=include"] {
            app.alpha.get(&format!("/v1/accounts?limit=1&{other}&after={cursor}")).await.refused(400, "INVALID_CURSOR");
        }
        app.alpha.get(&format!("/v1/contacts?limit=1&sort=name&after={cursor}")).await.refused(400, "INVALID_CURSOR");
        for broken in ["x", "%00", &cursor[1..], &cursor[..cursor.len() - 4]] {
            app.alpha.get(&format!("/v1/accounts?limit=1&sort=name&after={broken}")).await.refused(400, "INVALID_CURSOR");
        }
        let path = format!("/v1/accounts/{id}");
        let stale = app.alpha.send(Method::PATCH, &path, &[("if-match", "\"9\"")], Some(&json!({ "name": "New" }))).await;
        assert_eq!(stale.refused(412, "VERSION_CONFLICT")["currentVersion"], json!(1));
        app.alpha.send(Method::PATCH, &path, &[("if-match", "9")], Some(&json!({ "name": "New" }))).await.refused(400, "INVALID_PARAMETER");
        let fresh = app.alpha.send(Method::PATCH, &path, &[("if-match", "\"1\"")], Some(&json!({ "name": "New" }))).await;
        assert_eq!(fresh.expect(200)["version"], json!(2));
        assert_eq!(fresh.header("etag"), Some("\"2\""));
        // A patch that changes nothing leaves version and log alone.
        let log = app.log(&id).await;
        assert_eq!(app.alpha.patch(&path, &json!({ "name": "New" })).await.expect(200)["version"], json!(2));
        assert_eq!(app.log(&id).await, log);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials() {
    both(|app| async move {
        for token in [None, Some(""), Some("nonsense"), Some("a.b.c"), Some("clk_unknownunknownunknownunknown1234")] {
            let stranger = app.alpha.with_token(token);
            for path in ["/v1/accounts", "/v1/accounts/acc_01h455vb4pex5vsknk084sn02q", "/v1/unicorns/x"] {
                let answer = stranger.get(path).await;
                assert!(matches!(answer.status, 401 | 404), "{path}: {}", answer.status);
            }
            let refused = stranger.get("/v1/accounts").await;
            refused.refused(401, "UNAUTHENTICATED");
            assert!(refused.header("www-authenticate").is_some());
            let graphql = stranger.graphql("{ accounts { nodes { id } } }", json!({})).await;
            assert_eq!((graphql.status, graphql.graphql_code().as_deref()), (401, Some("UNAUTHENTICATED")), "{}", graphql.text());
        }
        let reader = &app.reader;
        reader.get("/v1/accounts").await.expect(200);
        reader.post("/v1/accounts", &json!({ "name": "x" })).await.refused(403, "FORBIDDEN");
    })
    .await;
}

/// A primary role takes its contact along, which then names the missing account as well: the caller hears of the role's field.
#[tokio::test(flavor = "multi_thread")]
async fn missing_records_named_through_a_companion() {
    both(|app| async move {
        let def = app.registry.resource("contact").expect("contacts exist");
        let contact = text(&app.factory(&app.alpha).create(def, Fill::Required).await, "id");
        let body = json!({ "accountId": "acc_01h455vb4pex5vsknk084sn02q", "contactId": contact, "role": "BUYER", "primary": true });
        let refused = app.alpha.post("/v1/account-contacts", &body).await.refused(422, "VALIDATION_FAILED");
        assert_eq!(refused["errors"][0]["pointer"], "/accountId", "{refused}");
        assert_eq!(refused["errors"][0]["code"], "REFERENCE_NOT_FOUND", "{refused}");
    })
    .await;
}

/// Nobody stands above himself, directly, through others, or within one call.
#[tokio::test(flavor = "multi_thread")]
async fn circles() {
    both(|app| async move {
        for (path, field, name) in [("accounts", "parentId", "name"), ("users", "managerId", "name")] {
            let mut ids: Vec<String> = Vec::new();
            for number in 0..3 {
                let mut body = json!({ name: format!("Circle {number}"), field: ids.last() });
                if path == "users" {
                    body["email"] = json!(format!("circle{number}@alpha.example"));
                }
                ids.push(text(&app.alpha.post(&format!("/v1/{path}"), &body).await.expect(201), "id"));
            }
            let [top, middle, bottom] = ids.as_slice() else { panic!("three") };
            for (above, below) in [(top, top), (middle, top), (bottom, top), (bottom, middle)] {
                let refused =
                    app.alpha.patch(&format!("/v1/{path}/{below}"), &json!({ field: above })).await.refused(422, "VALIDATION_FAILED");
                let problem = &refused["errors"][0];
                assert_eq!((&problem["pointer"], &problem["code"]), (&json!(format!("/{field}")), &json!("CONTRADICTION")), "{refused}");
            }
            assert_eq!(app.alpha.get(&format!("/v1/{path}/{top}")).await.expect(200)["version"], 1);
        }
    })
    .await;
}

/// A rule without an end never makes more than the next task.
#[tokio::test(flavor = "multi_thread")]
async fn a_recurrence_without_end() {
    both(|app| async move {
        let endless = json!({ "subject": "Every day", "recurrence": "FREQ=DAILY", "dueAt": "2026-03-01T08:00:00Z" });
        let mut open = app.alpha.post("/v1/tasks", &endless).await.expect(201);
        for day in 2..5 {
            app.alpha.patch(&format!("/v1/tasks/{}", text(&open, "id")), &json!({ "status": "COMPLETED" })).await.expect(200);
            let next = app.alpha.get("/v1/tasks?filter[status][eq]=OPEN").await.expect(200);
            assert_eq!(next["data"].as_array().map(Vec::len), Some(1), "{next}");
            assert_eq!(next["data"][0]["previousTaskId"], open["id"]);
            open = next["data"][0].clone();
            assert_eq!(open["dueAt"], json!(format!("2026-03-0{day}T08:00:00.000Z")));
        }
        for endless in ["FREQ=SECONDLY", "FREQ=YEARLY;INTERVAL=99999999999999999999", "FREQ=DAILY;COUNT=-1"] {
            let refused = app.alpha.post("/v1/tasks", &json!({ "subject": "x", "recurrence": endless })).await;
            refused.refused(422, "VALIDATION_FAILED");
        }
    })
    .await;
}
