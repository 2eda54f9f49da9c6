//! Saved views: whose they are, and what they may name.

use super::{made_by, make, names, role, user};
use clientela_testkit::both;
use serde_json::{Value as Json, json};

#[tokio::test]
async fn a_view_is_its_makers() {
    both(|app| async move {
        let rights = [("savedView", "create", "ALL"), ("savedView", "read", "OWN"), ("savedView", "share", "OWN"), ("account", "read", "ALL"), ("user", "read", "ALL")];
        let role = role(&app, "viewers", &rights).await;
        let (maria_id, maria) = user(&app, "maria", &[&role]).await;
        let (_, jonas) = user(&app, "jonas", &[&role]).await;
        let body = json!({ "name": "Austria", "resource": "account", "filter": "{\"country\": {\"eq\": \"AT\"}}", "sort": "-createdAt,name", "fields": "name,country" });
        let view = made_by(&maria, "saved-views", body.clone()).await;
        let shown = maria.get(&format!("/v1/saved-views/{view}")).await.expect(200);
        assert_eq!(shown["ownerId"], Json::String(maria_id));
        for (name, value) in body.as_object().unwrap() {
            assert_eq!(&shown[name], value, "{name}");
        }
        assert_eq!(names(&maria, "/v1/saved-views").await, ["Austria"]);
        assert!(names(&jonas, "/v1/saved-views").await.is_empty());
        assert_eq!(jonas.get(&format!("/v1/saved-views/{view}")).await.status, 404);
        let query = "{ savedViews { nodes { name filter sort fields } } }";
        let answer = maria.graphql(query, json!({})).await.expect(200);
        assert_eq!(answer["data"]["savedViews"]["nodes"][0]["sort"], "-createdAt,name", "{answer}");
        // The list that it is made for takes its parts as they stand.
        make(&app, "accounts", json!({ "name": "Weinhof", "country": "AT" })).await;
        make(&app, "accounts", json!({ "name": "Kaasboer", "country": "NL" })).await;
        let filter: String = form_urlencoded::byte_serialize(shown["filter"].as_str().unwrap().as_bytes()).collect();
        assert_eq!(names(&maria, &format!("/v1/accounts?filter={filter}&sort=-createdAt,name&fields=name,country")).await, ["Weinhof"]);
    })
    .await;
}

#[tokio::test]
async fn a_view_names_only_what_its_writer_sees() {
    both(|app| async move {
        let role = role(&app, "viewers", &[("savedView", "create", "ALL"), ("savedView", "read", "ALL"), ("account", "read", "ALL")]).await;
        make(&app, "field-rules", json!({ "roleId": role, "resource": "account", "field": "annualRevenue", "access": "HIDDEN" })).await;
        let (_, maria) = user(&app, "maria", &[&role]).await;
        let cases = [
            ("resource", json!({ "name": "x", "resource": "unicorn" })),
            ("resource", json!({ "name": "x", "resource": "accounts" })),
            ("filter", json!({ "name": "x", "resource": "account", "filter": "{" })),
            ("filter", json!({ "name": "x", "resource": "account", "filter": "{\"wings\": {\"eq\": 2}}" })),
            ("filter", json!({ "name": "x", "resource": "account", "filter": "{\"annualRevenue\": {\"isNull\": true}}" })),
            ("sort", json!({ "name": "x", "resource": "account", "sort": "-wings" })),
            ("sort", json!({ "name": "x", "resource": "account", "sort": "annualRevenue" })),
            ("fields", json!({ "name": "x", "resource": "account", "fields": "name,annualRevenue" })),
            ("fields", json!({ "name": "x", "resource": "account", "fields": "name,name" })),
        ];
        for (part, body) in cases {
            let answer = maria.post("/v1/saved-views", &body).await;
            assert_eq!(answer.status, 422, "{body}: {}", answer.describe());
            assert_eq!(answer.json()["errors"][0]["pointer"], format!("/{part}"), "{body}: {}", answer.describe());
        }
        assert!(names(&app.alpha, "/v1/saved-views").await.is_empty());
    })
    .await;
}
