//! Every limit serves at its value and refuses one above it, with its own code. The values are part of the contract, so
//! they stand here as numbers.

use crate::isolation::form;
use axum::body::Body;
use clientela_kernel::decimal;
use clientela_model::{FieldType, TextFormat};
use clientela_testkit::factory::{Fill, changeable, text};
use clientela_testkit::{Answer, TestApp, both, document};
use http::{Method, Request};
use serde_json::{Value as Json, json};

#[tokio::test(flavor = "multi_thread")]
async fn page_sizes() {
    both(|app| async move {
        for def in app.registry.resources() {
            let list = |limit: &str| format!("/v1/{}?limit={limit}", def.path);
            app.alpha.get(&list("1000")).await.expect(200);
            app.alpha.get(&list("1")).await.expect(200);
            for bad in ["1001", "0", "-1", "1.5", "ten", "", "99999999999999999999"] {
                app.alpha.get(&list(bad)).await.refused(400, "INVALID_PARAMETER");
            }
            let query =
                "query($first: Int, $last: Int) { list: NAME(first: $first, last: $last) { nodes { id } } }".replace("NAME", &def.plural);
            for served in [json!({ "first": 1000 }), json!({ "last": 1000 }), json!({ "first": 0 }), json!({})] {
                app.alpha.graphql(&query, served).await.data();
            }
            for refused in [json!({ "first": 1001 }), json!({ "last": 1001 }), json!({ "first": -1 }), json!({ "first": 1, "last": 1 })] {
                let answer = app.alpha.graphql(&query, refused.clone()).await;
                assert_eq!(answer.graphql_code().as_deref(), Some("BAD_USER_INPUT"), "{refused}: {}", answer.text());
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn field_sizes() {
    both(|app| async move {
        let mut tried = 0;
        for def in app.registry.resources().to_vec() {
            // What the values of a custom field may be depends on its type, and labels name their language: tried in `custom_fields`.
            if !def.updatable || matches!(def.name.as_ref(), "customField" | "customObject") {
                continue;
            }
            let id = app.factory(&app.alpha).any(&def).await;
            let path = format!("/v1/{}/{id}", def.path);
            for field in changeable(&def) {
                let name = field.name.as_ref();
                // A mapping is more than a text, a day lies before another, and so are addresses, places in a document, scopes, events, what a view shows and what a schedule makes; how long it may be is tried where it is created.
                let spelled = matches!(
                    (def.name.as_ref(), name),
                    ("importMapping", "text")
                        | ("oauthClient", "redirectUris")
                        | ("savedView", "filter" | "sort" | "fields")
                        | ("syncScope", "content")
                        | ("stage", "requiredFields")
                        | ("quota", "since")
                        | ("identityProvider", "scopes" | "emailDomains")
                        | ("webhookEndpoint", "events" | "fields")
                        | ("inboxSource", "mapping" | "signatureHeader" | "eventIdHeader" | "eventIdPointer" | "keyPointer")
                        | ("schedule", _)
                );
                if spelled || name == "resourceScopes" {
                    continue;
                }
                let (most, over, code) = match &field.kind {
                    FieldType::Text { max, format: TextFormat::Plain } => {
                        // Characters, not bytes.
                        (json!("é".repeat(*max as usize)), json!("é".repeat(*max as usize + 1)), "TOO_LONG")
                    }
                    FieldType::Integer { min, max } if *max < i64::MAX && *min > i64::MIN => {
                        let under = app.alpha.patch(&path, &json!({ name: min - 1 })).await.refused(422, "VALIDATION_FAILED");
                        assert_eq!(under["errors"][0]["code"], json!("OUT_OF_RANGE"), "{under}");
                        app.alpha.patch(&path, &json!({ name: min })).await.expect(200);
                        (json!(max), json!(max + 1), "OUT_OF_RANGE")
                    }
                    FieldType::Decimal { places, min, max } => {
                        let shown = |number: i64| json!(decimal::text(number, *places));
                        for (wrong, code) in
                            [(shown(min - 1), "OUT_OF_RANGE"), (json!("1e2"), "INVALID_FORMAT"), (json!(1.5), "WRONG_TYPE")]
                        {
                            let refused = app.alpha.patch(&path, &json!({ name: wrong })).await.refused(422, "VALIDATION_FAILED");
                            assert_eq!(refused["errors"][0]["code"], json!(code), "{refused}");
                        }
                        app.alpha.patch(&path, &json!({ name: shown(*min) })).await.expect(200);
                        (shown(*max), shown(max + 1), "OUT_OF_RANGE")
                    }
                    FieldType::TextSet { max_items, .. } => {
                        let set = |count: u32| json!((0..count).map(|number| format!("a{number:04}.example")).collect::<Vec<_>>());
                        (set(*max_items), set(max_items + 1), "TOO_LONG")
                    }
                    FieldType::Date => (json!("9999-12-31"), json!("10000-01-01"), "WRONG_TYPE"),
                    _ => continue,
                };
                app.alpha.patch(&path, &json!({ name: most })).await.expect(200);
                let refused = app.alpha.patch(&path, &json!({ name: over })).await.refused(422, "VALIDATION_FAILED");
                let problem = &refused["errors"][0];
                assert_eq!(problem["pointer"], json!(format!("/{name}")), "{refused}");
                let accepted = [json!(code), json!("OUT_OF_RANGE"), json!("INVALID_FORMAT")];
                assert!(accepted.contains(&problem["code"]), "{}.{name}: {refused}", def.name);
                assert_eq!(app.alpha.get(&path).await.expect(200)[name], most, "a refused patch changed {}.{name}", def.name);
                tried += 1;
            }
        }
        assert!(tried > 20, "only {tried} fields were tried");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies() {
    both(|app| async move {
        let send = |bytes: String| {
            let app = &app;
            async move {
                let request = Request::post("/v1/accounts").header("content-type", "application/json");
                app.alpha.raw(request.body(Body::from(bytes)).unwrap()).await
            }
        };
        let padded = |size: usize| {
            let body = r#"{"name":"Padded"}"#;
            format!("{body}{}", " ".repeat(size - body.len()))
        };
        send(padded(1 << 20)).await.expect(201);
        send(padded((1 << 20) + 1)).await.refused(413, "PAYLOAD_TOO_LARGE");
        send(padded(10 << 20)).await.refused(413, "PAYLOAD_TOO_LARGE");
        let nested = |levels: usize| format!("{{\"name\":{}1{}}}", "[".repeat(levels), "]".repeat(levels));
        send(nested(63)).await.refused(422, "VALIDATION_FAILED");
        send(nested(64)).await.refused(400, "MALFORMED_BODY");
        send(nested(200_000)).await.refused(400, "MALFORMED_BODY");
        let graphql = Request::post("/graphql").header("content-type", "application/json");
        let large = format!("{{\"query\":\"{{__typename}}\"{}}}", " ".repeat(10 << 20));
        assert_eq!(app.alpha.raw(graphql.body(Body::from(large)).unwrap()).await.status, 413);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_and_orders() {
    both(|app| async move {
        let filtered = |filter: Json| {
            let app = &app;
            async move { app.alpha.post("/v1/accounts/search", &json!({ "filter": filter })).await }
        };
        let deep = |levels: usize| (0..levels).fold(json!({ "name": { "eq": "x" } }), |inner, _| json!({ "and": [inner] }));
        filtered(deep(15)).await.expect(200);
        refused(&filtered(deep(16)).await, &["INVALID_FILTER", "QUERY_TOO_COMPLEX"]);
        let wide = |count: usize| json!({ "or": vec![json!({ "name": { "eq": "x" } }); count] });
        filtered(wide(200)).await.expect(200);
        refused(&filtered(wide(201)).await, &["INVALID_FILTER", "QUERY_TOO_COMPLEX"]);
        let listed = |count: usize| json!({ "name": { "in": vec!["x"; count] } });
        filtered(listed(1_000)).await.expect(200);
        refused(&filtered(listed(1_001)).await, &["INVALID_FILTER", "QUERY_TOO_COMPLEX"]);
        let keys = ["name", "city", "country", "createdAt", "updatedAt", "version"];
        app.alpha.get(&format!("/v1/accounts?sort={}", keys[..5].join(","))).await.expect(200);
        app.alpha.get(&format!("/v1/accounts?sort={}", keys.join(","))).await.refused(400, "INVALID_SORT");
    })
    .await;
}

fn refused(answer: &Answer, codes: &[&str]) {
    let json = answer.json();
    assert!(answer.status == 400 && codes.contains(&json["code"].as_str().unwrap_or_default()), "{} {}", answer.status, answer.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn documents() {
    both(|app| async move {
        let aliases = |count: usize| {
            let fields: Vec<String> = (0..count).map(|number| format!("a{number}: id")).collect();
            format!("{{ accounts(first: 1) {{ nodes {{ {} }} }} }}", fields.join(" "))
        };
        served(&app, &aliases(100)).await;
        too_complex(&app, &aliases(101)).await;
        too_complex(&app, &aliases(10_000)).await;
        let roots = |count: usize| {
            let fields: Vec<String> = (0..count).map(|number| format!("r{number}: __typename")).collect();
            format!("{{ {} }}", fields.join(" "))
        };
        served(&app, &roots(50)).await;
        too_complex(&app, &roots(51)).await;
        let directives = |count: usize| format!("{{ __typename {} }}", "@include(if: true) ".repeat(count));
        // The directive may stand once; what is counted is counted first.
        too_complex(&app, &directives(51)).await;
        // account > parent > … > id: fifteen levels of fields.
        let levels = |count: usize| {
            let open = "parent { ".repeat(count - 3);
            format!("{{ accounts(first: 1) {{ nodes {{ {open} id {} }} }} }}", "} ".repeat(count - 3))
        };
        served(&app, &levels(15)).await;
        too_complex(&app, &levels(16)).await;
        // Pages multiply.
        let pages = |size: usize| format!("{{ accounts(first: {size}) {{ nodes {{ contacts(first: {size}) {{ nodes {{ id }} }} }} }} }}");
        served(&app, &pages(300)).await;
        too_complex(&app, &pages(1_000)).await;
        let comment = |size: usize| format!("{{ __typename }} #{}", "x".repeat(size - "{ __typename } #".len()));
        served(&app, &comment(64 * 1024)).await;
        too_complex(&app, &comment(64 * 1024 + 1)).await;
        let spread = "{ ...a } fragment a on Query { __typename ...b } fragment b on Query { ...a }";
        let answer = app.alpha.graphql(spread, json!({})).await;
        assert!(answer.graphql_code().is_some(), "{}", answer.text());
    })
    .await;
}

async fn served(app: &TestApp, query: &str) {
    app.alpha.graphql(query, json!({})).await.data();
}

async fn too_complex(app: &TestApp, query: &str) {
    let answer = app.alpha.graphql(query, json!({})).await;
    assert_eq!(answer.graphql_code().as_deref(), Some("QUERY_TOO_COMPLEX"), "{:.300} → {:.600}", query, answer.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn idempotency_keys() {
    both(|app| async move {
        let body = json!({ "name": "Keyed" });
        let create = |key: String| {
            let (app, body) = (&app, &body);
            async move { app.alpha.send(Method::POST, "/v1/accounts", &[("idempotency-key", &key)], Some(body)).await }
        };
        create("k".repeat(255)).await.expect(201);
        create("k".repeat(256)).await.refused(400, "INVALID_PARAMETER");
        create(String::new()).await.refused(400, "INVALID_PARAMETER");
        let def = app.registry.resource("account").expect("accounts exist");
        let long = json!({ "input": { "name": "Keyed", "idempotencyKey": "k".repeat(256) } });
        let answer = app.alpha.graphql(&document::mutation("create", def), long).await;
        let refused = answer.data();
        assert_eq!(refused["payload"]["userErrors"][0]["field"], json!(["input", "idempotencyKey"]), "{refused}");
        assert_eq!(refused["payload"]["record"], Json::Null);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn expansions() {
    both(|app| async move {
        let account = app.registry.resource("account").expect("accounts exist").clone();
        let id = text(&app.factory(&app.alpha).create(&account, Fill::Required).await, "id");
        let deep = |levels: usize| vec!["parent"; levels].join(".");
        app.alpha.get(&format!("/v1/accounts/{id}?expand={}", deep(4))).await.expect(200);
        refused(&app.alpha.get(&format!("/v1/accounts/{id}?expand={}", deep(5))).await, &["QUERY_TOO_COMPLEX", "INVALID_PARAMETER"]);
        let filter = form(&json!({ "name": { "eq": "x" } }));
        app.alpha.get(&format!("/v1/accounts?filter={filter}")).await.expect(200);
    })
    .await;
}
