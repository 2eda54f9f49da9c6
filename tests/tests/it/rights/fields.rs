//! Which fields: hidden, masked, read.

use super::{make, role, user};
use clientela_testkit::both;
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn a_hidden_field_is_as_one_that_there_is_not() {
    both(|app| async move {
        let all = [("*", "*", "ALL")];
        let role = role(&app, "clerk", &all).await;
        for (field, access) in [("employees", "HIDDEN"), ("legalName", "MASKED"), ("currency", "READ")] {
            make(&app, "field-rules", json!({ "roleId": role, "resource": "account", "field": field, "access": access })).await;
        }
        let secret = json!({ "name": "Alpha", "employees": 4711, "legalName": "Zirbenhof Secret Ltd", "currency": "EUR" });
        let id = make(&app, "accounts", secret).await;
        app.alpha
            .patch(&format!("/v1/accounts/{id}"), &json!({ "employees": 4712, "legalName": "Zirbenhof Hidden Ltd" }))
            .await
            .expect(200);
        let (_, clerk) = user(&app, "clerk", &[&role]).await;
        let unknown = |text: String| text.replace("employees", "nothing").replace("legalName", "nothing");

        let record = clerk.get(&format!("/v1/accounts/{id}")).await.expect(200);
        assert!(record.get("employees").is_none(), "{record}");
        assert_eq!((&record["legalName"], &record["currency"]), (&json!("***td"), &json!("EUR")));
        for path in [
            "accounts?sort=employees",
            "accounts?fields=name,employees",
            "accounts?filter[employees][gt]=1",
            "contacts?filter[account][employees][gt]=1",
            "accounts?sort=legalName",
            "accounts?filter[legalName][eq]=x",
        ] {
            let hidden = clerk.get(&format!("/v1/{path}")).await;
            let nothing = clerk.get(&format!("/v1/{}", unknown(path.to_owned()))).await;
            assert_eq!(hidden.status, 400, "{path}: {}", hidden.describe());
            let (hidden, nothing) = (hidden.json(), nothing.json());
            assert_eq!(hidden["code"], nothing["code"], "{path}");
            let end = |text: &str| text.split(" (did you mean").next().unwrap_or_default().to_owned();
            let detail = |json: &serde_json::Value| {
                unknown(end(json["detail"].as_str().unwrap_or_default().split(" Did you mean").next().unwrap_or_default()))
            };
            assert_eq!(detail(&hidden), detail(&nothing), "{path}");
        }
        for body in [json!({ "measures": { "sum": ["employees"] } }), json!({ "groupBy": ["employees"], "measures": { "count": true } })] {
            assert_eq!(clerk.post("/v1/accounts/aggregate", &body).await.status, 400, "{body}");
        }
        // Neither the history nor the past, the search nor a file tell it.
        for path in [
            format!("accounts/{id}/history"),
            format!("accounts/{id}?asOf=2026-02-26T00:00:00Z"),
            format!("accounts/{id}/timeline"),
            "accounts".to_owned(),
        ] {
            let text = clerk.get(&format!("/v1/{path}")).await.expect(200).to_string();
            assert!(!text.contains("471") && !text.contains("Zirbenhof"), "{path}: {text}");
        }
        assert_eq!(app.alpha.get("/v1/search?q=zirbenhof").await.expect(200)["data"].as_array().map(Vec::len), Some(1));
        assert_eq!(clerk.get("/v1/search?q=zirbenhof").await.expect(200)["data"].as_array().map(Vec::len), Some(0));
        // GraphQL says what it says of fields that there are not.
        let hidden = clerk.graphql("{ accounts { nodes { employees } } }", json!({})).await;
        let nothing = clerk.graphql("{ accounts { nodes { nothing } } }", json!({})).await;
        assert_eq!(hidden.status, nothing.status);
        assert_eq!(hidden.json()["data"], nothing.json()["data"]);
        let (hidden, nothing) = (hidden.json()["errors"][0].clone(), nothing.json()["errors"][0].clone());
        assert_eq!(hidden["extensions"]["code"], nothing["extensions"]["code"]);
        assert_eq!(
            hidden["message"].as_str().map(|text| text.replace("employees", "nothing")),
            nothing["message"].as_str().map(str::to_owned)
        );
        let seen = clerk.graphql("{ accounts { nodes { legalName currency } } }", json!({})).await.data();
        assert_eq!(seen["accounts"]["nodes"][0], json!({ "legalName": "***td", "currency": "EUR" }));
        // Nobody writes what they may not.
        let path = format!("/v1/accounts/{id}");
        let refused = clerk.patch(&path, &json!({ "employees": 1 })).await.refused(422, "VALIDATION_FAILED");
        let nothing = clerk.patch(&path, &json!({ "nothing": 1 })).await.refused(422, "VALIDATION_FAILED");
        assert_eq!(refused["errors"][0]["code"], nothing["errors"][0]["code"]);
        for field in ["legalName", "currency"] {
            let refused = clerk.patch(&path, &json!({ field: "CHF" })).await.refused(422, "VALIDATION_FAILED");
            assert_eq!(refused["errors"][0]["code"], json!("READ_ONLY"), "{field}");
        }
        clerk.patch(&path, &json!({ "name": "Beta" })).await.expect(200);
        let kept = app.alpha.get(&path).await.expect(200);
        assert_eq!((&kept["employees"], &kept["legalName"]), (&json!(4712), &json!("Zirbenhof Hidden Ltd")));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn several_roles_give_the_widest_access() {
    both(|app| async move {
        let narrow = role(&app, "narrow", &[("*", "*", "ALL")]).await;
        make(&app, "field-rules", json!({ "roleId": narrow, "resource": "account", "field": "employees", "access": "HIDDEN" })).await;
        let wide = role(&app, "wide", &[("*", "read", "ALL")]).await;
        make(&app, "field-rules", json!({ "roleId": wide, "resource": "account", "field": "employees", "access": "READ" })).await;
        let id = make(&app, "accounts", json!({ "name": "Alpha", "employees": 5 })).await;
        let (_, both_roles) = user(&app, "both", &[&narrow, &wide]).await;
        assert_eq!(both_roles.get(&format!("/v1/accounts/{id}")).await.expect(200)["employees"], json!(5));
        let refused = both_roles.patch(&format!("/v1/accounts/{id}"), &json!({ "employees": 6 })).await;
        assert_eq!(refused.status, 422, "the role that lets change hides it: {}", refused.describe());
        // What has no place cannot be ruled, and what tells records apart is always there.
        for (resource, field) in [("nothing", "name"), ("account", "nothing"), ("account", "id"), ("apiKey", "secretHash")] {
            let rule = json!({ "roleId": narrow, "resource": resource, "field": field, "access": "HIDDEN" });
            app.alpha.post("/v1/field-rules", &rule).await.refused(422, "VALIDATION_FAILED");
        }
    })
    .await;
}
