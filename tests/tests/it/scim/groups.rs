//! Groups and their members, and what the server tells of itself.

use super::{ask, found, made, operation, refused};
use clientela_testkit::both;
use http::Method;
use serde_json::{Value as Json, json};

/// The ids of the members of a group, in order.
fn members(group: &Json) -> Vec<String> {
    let mut ids: Vec<String> =
        group["members"].as_array().into_iter().flatten().map(|member| member["value"].as_str().unwrap().to_owned()).collect();
    ids.sort();
    ids
}

fn sorted(users: &[&Json]) -> Vec<String> {
    let mut ids: Vec<String> = users.iter().map(|user| user["id"].as_str().unwrap().to_owned()).collect();
    ids.sort();
    ids
}

#[tokio::test(flavor = "multi_thread")]
async fn members_come_and_go() {
    both(|app| async move {
        let [a, b, c] = [made(&app.alpha, json!({ "userName": "a" })).await, made(&app.alpha, json!({ "userName": "b" })).await, made(&app.alpha, json!({ "userName": "c" })).await];
        let sent = json!({ "displayName": "Sales West", "externalId": "g-1", "members": [{ "value": a["id"], "type": "User", "display": "A" }] });
        let group = ask(&app.alpha, Method::POST, "/Groups", Some(sent.clone())).await.expect(201);
        assert_eq!((members(&group), group["externalId"].as_str()), (sorted(&[&a]), Some("g-1")));
        assert_eq!(group["members"][0]["$ref"], a["meta"]["location"]);
        let id = group["id"].as_str().unwrap();
        let path = format!("/Groups/{id}");
        let patch = |body: Json| ask(&app.alpha, Method::PATCH, &path, Some(body));
        let added = json!([{ "value": b["id"] }, { "value": c["id"] }, { "value": a["id"] }]);
        assert_eq!(members(&patch(operation("Add", "members", added)).await.expect(200)), sorted(&[&a, &b, &c]));
        let gone = operation("Remove", &format!("members[value eq \"{}\"]", a["id"].as_str().unwrap()), Json::Null);
        assert_eq!(members(&patch(gone.clone()).await.expect(200)), sorted(&[&b, &c]));
        assert_eq!(members(&patch(gone).await.expect(200)), sorted(&[&b, &c]), "who is not in it cannot go");
        assert_eq!(members(&patch(operation("remove", "members", json!([{ "value": b["id"] }]))).await.expect(200)), sorted(&[&c]));
        let renamed = json!({ "Operations": [{ "op": "replace", "value": { "id": id, "displayName": "Sales East", "members": [{ "value": a["id"] }] } }] });
        let after = patch(renamed).await.expect(200);
        assert_eq!((members(&after), after["displayName"].as_str()), (sorted(&[&a]), Some("Sales East")));
        // It is a team, and who is in it are its members: the other API tells the same.
        let team = app.alpha.get(&format!("/v1/teams/{id}?expand=members")).await.expect(200);
        assert_eq!((team["name"].as_str(), team["members"]["data"][0]["userId"].as_str()), (Some("Sales East"), a["id"].as_str()));
        let shown = ask(&app.alpha, Method::GET, &format!("/Users/{}", a["id"].as_str().unwrap()), None).await.expect(200);
        let groups = json!([{ "value": id, "$ref": group["meta"]["location"], "display": "Sales East", "type": "direct" }]);
        assert_eq!(shown["groups"], groups);
        let put = ask(&app.alpha, Method::PUT, &path, Some(json!({ "displayName": "Sales East", "members": [{ "value": b["id"] }, { "value": c["id"] }] }))).await;
        assert_eq!(members(&put.expect(200)), sorted(&[&b, &c]));
        let silent = ask(&app.alpha, Method::PUT, &path, Some(json!({ "displayName": "Sales" }))).await.expect(200);
        assert_eq!(members(&silent), sorted(&[&b, &c]), "silence changes nobody");
        for filter in [format!("members eq \"{}\"", b["id"].as_str().unwrap()), format!("members[value eq \"{}\"]", c["id"].as_str().unwrap()), "displayName eq \"SALES\"".to_owned(), "externalId eq \"g-1\"".to_owned()] {
            assert_eq!(found(&app.alpha, "/Groups", &filter).await, (1, vec!["Sales".to_owned()]), "{filter}");
        }
        assert_eq!(found(&app.alpha, "/Users", &format!("groups.value eq \"{id}\"")).await.0, 2);
        let bare = ask(&app.alpha, Method::GET, "/Groups?excludedAttributes=members", None).await.expect(200);
        assert!(bare["Resources"][0]["members"].is_null() && bare["Resources"][0]["displayName"] == "Sales");
        assert_eq!(members(&patch(operation("remove", "members", Json::Null)).await.expect(200)), Vec::<String>::new());

        refused(&ask(&app.alpha, Method::POST, "/Groups", Some(json!({ "displayName": "sales" }))).await, 409, Some("uniqueness"));
        refused(&ask(&app.alpha, Method::POST, "/Groups", Some(json!({ "members": [] }))).await, 400, Some("invalidValue"));
        let nobody = json!([{ "value": "usr_01h455vb4pex5vsknk084sn02q" }]);
        for wrong in [nobody, json!([{ "value": "x" }]), json!([{ "value": id, "type": "Group" }])] {
            refused(&patch(operation("add", "members", wrong)).await, 400, Some("invalidValue"));
        }
        assert_eq!(ask(&app.alpha, Method::DELETE, &path, None).await.status, 204);
        refused(&ask(&app.alpha, Method::GET, &path, None).await, 404, None);
        ask(&app.alpha, Method::GET, &format!("/Users/{}", b["id"].as_str().unwrap()), None).await.expect(200);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_group_is_shown_and_changed_whole() {
    both(|app| async move {
        let rows: Vec<Json> = (0..1_100).map(|number| json!({ "create": { "name": format!("U{number}") } })).collect();
        let made = app.alpha.post("/v1/users/batch", &json!({ "rows": rows })).await.expect(200);
        let all: Vec<Json> = made["results"].as_array().unwrap().iter().map(|row| json!({ "value": row["id"] })).collect();
        assert_eq!(all.len(), 1_100);
        let group = ask(&app.alpha, Method::POST, "/Groups", Some(json!({ "displayName": "Everybody", "members": all }))).await.expect(201);
        assert_eq!(members(&group).len(), 1_100);
        let path = format!("/Groups/{}", group["id"].as_str().unwrap());
        let after = ask(&app.alpha, Method::PATCH, &path, Some(operation("replace", "members", json!(all[..3])))).await.expect(200);
        assert_eq!(members(&after).len(), 3);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_tells_what_it_can() {
    both(|app| async move {
        let anybody = app.alpha.with_token(None);
        let configuration = ask(&anybody, Method::GET, "/ServiceProviderConfig", None).await.expect(200);
        assert_eq!(
            (&configuration["patch"]["supported"], &configuration["bulk"]["supported"], &configuration["etag"]["supported"]),
            (&json!(true), &json!(false), &json!(true))
        );
        let types = ask(&anybody, Method::GET, "/ResourceTypes", None).await.expect(200);
        assert_eq!(types["totalResults"], 2);
        for one in types["Resources"].as_array().unwrap() {
            let path = one["meta"]["location"].as_str().unwrap().split_once("/scim/v2").unwrap().1.to_owned();
            assert_eq!(&ask(&anybody, Method::GET, &path, None).await.expect(200), one);
            let schema = ask(&anybody, Method::GET, &format!("/Schemas/{}", one["schema"].as_str().unwrap()), None).await.expect(200);
            assert_eq!(schema["name"], one["name"]);
        }
        assert_eq!(ask(&anybody, Method::GET, "/Schemas", None).await.expect(200)["totalResults"], 3);
        for (method, path, status) in [
            (Method::GET, "/Schemas/urn:none", 404),
            (Method::GET, "/Nothing", 404),
            (Method::GET, "/ServiceProviderConfig/x", 404),
            (Method::POST, "/Bulk", 501),
            (Method::POST, "/.search", 501),
            (Method::GET, "/Me", 501),
            (Method::DELETE, "/ServiceProviderConfig", 405),
            (Method::POST, "/Schemas", 405),
        ] {
            refused(&ask(&anybody, method, path, None).await, status, None);
        }
        refused(&ask(&app.alpha, Method::DELETE, "/Users", None).await, 405, None);
        let wrong_type = http::Request::builder().method(Method::POST).uri("/scim/v2/Users").header("content-type", "text/plain");
        assert_eq!(app.alpha.raw(wrong_type.body(axum::body::Body::from("{}")).unwrap()).await.status, 415);
        let broken = http::Request::builder().method(Method::POST).uri("/scim/v2/Users").header("content-type", "application/scim+json");
        refused(&app.alpha.raw(broken.body(axum::body::Body::from("{")).unwrap()).await, 400, Some("invalidSyntax"));
    })
    .await;
}
