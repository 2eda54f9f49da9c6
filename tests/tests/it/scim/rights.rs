//! Who may do what by SCIM: what the same credential may do anywhere.

use super::{ask, found, made, operation, refused};
use clientela_testkit::both;
use http::Method;
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn another_tenant_sees_and_changes_nothing() {
    both(|app| async move {
        let user = made(&app.alpha, json!({ "userName": "maria@alpine.example", "externalId": "1" })).await;
        let group = ask(&app.alpha, Method::POST, "/Groups", Some(json!({ "displayName": "Sales", "members": [{ "value": user["id"] }] })))
            .await
            .expect(201);
        let key = app.beta.post("/v1/api-keys", &json!({ "name": "SCIM" })).await.expect(201)["secret"].as_str().unwrap().to_owned();
        for stranger in [app.beta.clone(), app.beta.with_token(Some(&key))] {
            for (kind, id) in [("Users", &user["id"]), ("Groups", &group["id"])] {
                let path = format!("/{kind}/{}", id.as_str().unwrap());
                refused(&ask(&stranger, Method::GET, &path, None).await, 404, None);
                refused(&ask(&stranger, Method::PUT, &path, Some(json!({ "displayName": "x", "externalId": "y" }))).await, 404, None);
                refused(&ask(&stranger, Method::PATCH, &path, Some(operation("replace", "displayName", json!("x")))).await, 404, None);
                refused(&ask(&stranger, Method::DELETE, &path, None).await, 404, None);
            }
            for filter in ["userName eq \"maria@alpine.example\"", "externalId eq \"1\"", "displayName eq \"maria@alpine.example\""] {
                assert_eq!(found(&stranger, "/Users", filter).await.0, 0, "{filter}");
            }
            assert_eq!(ask(&stranger, Method::GET, "/Groups", None).await.expect(200)["totalResults"], 0);
        }
        // The same names are free there; a stranger's user cannot be a member.
        let theirs = made(&app.beta, json!({ "userName": "maria@alpine.example", "externalId": "1" })).await;
        let mixed = json!({ "displayName": "Sales", "members": [{ "value": user["id"] }] });
        refused(&ask(&app.beta, Method::POST, "/Groups", Some(mixed)).await, 400, Some("invalidValue"));
        assert_eq!(ask(&app.beta, Method::GET, "/Groups", None).await.expect(200)["totalResults"], 0, "half a group was made");
        assert_ne!(theirs["id"], user["id"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_credential_does_here_what_it_may_do_elsewhere() {
    both(|app| async move {
        let user = made(&app.alpha, json!({ "userName": "maria@alpine.example" })).await;
        let path = format!("/Users/{}", user["id"].as_str().unwrap());
        refused(&ask(&app.alpha.with_token(None), Method::GET, "/Users", None).await, 401, None);
        refused(&ask(&app.alpha.with_token(Some("clk_nonsense")), Method::GET, "/Users", None).await, 401, None);
        let key = async |fields: serde_json::Value| {
            let mut body = json!({ "name": "SCIM" });
            body.as_object_mut().unwrap().extend(fields.as_object().cloned().unwrap());
            let secret = app.alpha.post("/v1/api-keys", &body).await.expect(201)["secret"].as_str().unwrap().to_owned();
            app.alpha.with_token(Some(&secret))
        };
        // A key whose scopes say nothing of users.
        let accounts = key(json!({ "resourceScopes": "accounts:read accounts:write" })).await;
        for (method, path, body) in [
            (Method::GET, "/Users", None),
            (Method::GET, path.as_str(), None),
            (Method::GET, "/Groups", None),
            (Method::POST, "/Users", Some(json!({ "userName": "x" }))),
            (Method::DELETE, path.as_str(), None),
        ] {
            refused(&ask(&accounts, method, path, body).await, 403, None);
        }
        // One that only reads.
        for reader in [app.reader.clone(), key(json!({ "scopes": "READ" })).await] {
            ask(&reader, Method::GET, &path, None).await.expect(200);
            refused(&ask(&reader, Method::POST, "/Users", Some(json!({ "userName": "x" }))).await, 403, None);
            refused(&ask(&reader, Method::PATCH, &path, Some(operation("replace", "title", json!("x")))).await, 403, None);
            refused(&ask(&reader, Method::DELETE, &path, None).await, 403, None);
        }
        // One with scopes for exactly this.
        let scopes =
            "users:read users:write teams:read teams:write team-members:read team-members:write external-ids:read external-ids:write";
        let provider = key(json!({ "resourceScopes": scopes })).await;
        let other = made(&provider, json!({ "userName": "bert", "externalId": "2" })).await;
        ask(&provider, Method::POST, "/Groups", Some(json!({ "displayName": "Sales", "members": [{ "value": other["id"] }] })))
            .await
            .expect(201);
        provider.get("/v1/accounts").await.refused(403, "FORBIDDEN");
        let log = app.log(other["id"].as_str().unwrap()).await;
        assert!(log[0]["actor"].as_str().unwrap().starts_with("key_"), "{log:?}");
        // A member of the house, whose role lets nobody be made or changed.
        let (id, _) = crate::sign_in::person(&app, "member").await;
        let member = app.sign_in(&id).await;
        refused(&ask(&member, Method::POST, "/Users", Some(json!({ "userName": "x" }))).await, 403, None);
        refused(&ask(&member, Method::PATCH, &path, Some(operation("replace", "active", json!(false)))).await, 403, None);
        assert_eq!(found(&app.alpha, "/Users", "userName eq \"x\"").await.0, 0);
        // A new user has no role, and may do nothing until somebody gives one.
        let newcomer = app.sign_in(other["id"].as_str().unwrap()).await;
        assert_eq!(newcomer.get("/v1/accounts").await.status, 403);
    })
    .await;
}
