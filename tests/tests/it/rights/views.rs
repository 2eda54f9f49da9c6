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

#[tokio::test(flavor = "multi_thread")]
async fn a_view_is_shared_with_somebody_a_team_or_everybody() {
    both(|app| async move {
        let rights = [
            ("savedView", "*", "OWN"),
            ("savedViewShare", "*", "ALL"),
            ("account", "read", "OWN"),
            ("account", "create", "ALL"),
            ("user", "read", "ALL"),
            ("team", "read", "ALL"),
        ];
        let works = role(&app, "works", &rights).await;
        let (_, maria) = user(&app, "maria", &[&works]).await;
        let (jonas_id, jonas) = user(&app, "jonas", &[&works]).await;
        let (lena_id, lena) = user(&app, "lena", &[&works]).await;
        let (_, tom) = user(&app, "tom", &[&works]).await;
        let west = make(&app, "teams", json!({ "name": "West" })).await;
        make(&app, "team-members", json!({ "teamId": west, "userId": lena_id })).await;
        let view = made_by(&maria, "saved-views", json!({ "name": "Mine", "resource": "account", "sort": "name" })).await;
        let path = format!("/v1/saved-views/{view}");
        for other in [&jonas, &lena, &tom] {
            other.get(&path).await.refused(404, "NOT_FOUND");
            other.post("/v1/saved-view-shares", &json!({ "savedViewId": view })).await.refused(422, "VALIDATION_FAILED");
        }
        let one = made_by(&maria, "saved-view-shares", json!({ "savedViewId": view, "recipientId": jonas_id })).await;
        jonas.get(&path).await.expect(200);
        assert_eq!(names(&jonas, "/v1/saved-views").await, ["Mine"]);
        lena.get(&path).await.refused(404, "NOT_FOUND");
        // To be shown a view is not to change it, nor whom it is shared with.
        assert!(jonas.patch(&path, &json!({ "name": "Ours" })).await.status >= 403);
        assert!(jonas.patch(&format!("/v1/saved-view-shares/{one}"), &json!({ "level": "WRITE" })).await.status >= 403);
        assert!(jonas.delete(&format!("/v1/saved-view-shares/{one}")).await.status >= 403);
        made_by(&maria, "saved-view-shares", json!({ "savedViewId": view, "recipientId": west, "level": "WRITE" })).await;
        lena.patch(&path, &json!({ "name": "Ours" })).await.expect(200);
        assert!(lena.delete(&path).await.status >= 403);
        tom.get(&path).await.refused(404, "NOT_FOUND");
        let all = made_by(&maria, "saved-view-shares", json!({ "savedViewId": view, "until": "2026-02-26T00:00:00Z" })).await;
        tom.get(&path).await.expect(200);
        let answer = tom.graphql("{ savedViews { nodes { name } } }", json!({})).await.expect(200);
        assert_eq!(answer["data"]["savedViews"]["nodes"], json!([{ "name": "Ours" }]), "{answer}");
        // Each sees through it what they may see.
        made_by(&maria, "accounts", json!({ "name": "Maria's" })).await;
        made_by(&tom, "accounts", json!({ "name": "Tom's" })).await;
        assert_eq!(
            (names(&maria, "/v1/accounts?sort=name").await, names(&tom, "/v1/accounts?sort=name").await),
            (vec!["Maria's".to_owned()], vec!["Tom's".to_owned()])
        );
        // It ends by its time, and when it is taken back.
        app.clock.advance(20 * 3_600_000);
        tom.get(&path).await.refused(404, "NOT_FOUND");
        jonas.get(&path).await.expect(200);
        for share in [&one, &all] {
            maria.delete(&format!("/v1/saved-view-shares/{share}")).await.expect(204);
        }
        jonas.get(&path).await.refused(404, "NOT_FOUND");
        let wrong = json!({ "savedViewId": view, "recipientId": view });
        assert_eq!(maria.post("/v1/saved-view-shares", &wrong).await.status, 422);
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
