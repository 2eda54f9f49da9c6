//! Why somebody may do something: `GET …/access` and its twin say what requests meet, and a role that is tried says what it will come to.

use super::{make, role, user};
use clientela_testkit::{Client, both};
use serde_json::{Value as Json, json};

const QUERY: &str = "query($id: ID!, $principal: ID, $field: String) { access(id: $id, principal: $principal, field: $field) { id resource principal \
     actions { action allowed grounds { layer allows text role resource action depth condition shareIds } } \
     fields { field access grounds { layer allows text role resource action depth condition shareIds } } } }";

fn action<'a>(access: &'a Json, name: &str) -> &'a Json {
    access["actions"].as_array().and_then(|all| all.iter().find(|action| action["action"] == name)).unwrap_or(&Json::Null)
}

fn field<'a>(access: &'a Json, name: &str) -> &'a Json {
    access["fields"].as_array().and_then(|all| all.iter().find(|field| field["field"] == name)).unwrap_or(&Json::Null)
}

fn ground<'a>(of: &'a Json, layer: &str) -> &'a Json {
    of["grounds"].as_array().and_then(|all| all.iter().find(|ground| ground["layer"] == layer)).unwrap_or(&Json::Null)
}

/// The same answer on both APIs.
async fn access(client: &Client, path: &str, id: &str) -> Json {
    let rest = client.get(&format!("/v1/{path}/{id}/access")).await.expect(200);
    let graph = client.graphql(QUERY, json!({ "id": id })).await.data();
    assert_eq!(graph["access"], rest);
    rest
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_names_the_rules_behind_it() {
    both(|app| async move {
        let sales =
            role(&app, "sales", &[("*", "read", "ALL"), ("account", "read", "OWN"), ("account", "update", "OWN"), ("note", "*", "ALL")])
                .await;
        make(&app, "field-rules", json!({ "roleId": sales, "resource": "account", "field": "employees", "access": "HIDDEN" })).await;
        make(&app, "field-rules", json!({ "roleId": sales, "resource": "account", "field": "phone", "access": "MASKED" })).await;
        let (maria, client) = user(&app, "maria", &[&sales]).await;
        let own = make(&app, "accounts", json!({ "name": "Hers", "ownerId": maria })).await;
        let other = make(&app, "accounts", json!({ "name": "Not hers" })).await;

        let told = access(&client, "accounts", &own).await;
        assert_eq!((&told["id"], &told["resource"], &told["principal"]), (&json!(own), &json!("account"), &json!(maria)));
        let reading = action(&told, "read");
        assert_eq!(reading["allowed"], true, "{told}");
        let right = ground(reading, "ROLE");
        assert_eq!(
            (&right["role"], &right["resource"], &right["action"], &right["depth"]),
            (&json!("sales"), &json!("account"), &json!("read"), &json!("OWN"))
        );
        assert_eq!(action(&told, "update")["allowed"], true);
        assert_eq!(action(&told, "delete")["allowed"], false);
        assert_eq!(ground(action(&told, "delete"), "ROLE")["depth"], Json::Null, "the role says nothing of it");
        assert_eq!((&field(&told, "name")["access"], &field(&told, "phone")["access"]), (&json!("WRITE"), &json!("MASKED")));
        assert_eq!(field(&told, "createdAt")["access"], "READ");
        assert_eq!(field(&told, "employees"), &Json::Null, "to her there is no such field");
        client.get(&format!("/v1/accounts/{own}/access?field=employees")).await.refused(404, "NOT_FOUND");
        let one = client.get(&format!("/v1/accounts/{own}/access?field=name")).await.expect(200);
        assert_eq!(one["fields"].as_array().map(Vec::len), Some(1));

        // What is hidden and what is not there are told alike.
        let hidden = client.get(&format!("/v1/accounts/{other}/access")).await.refused(404, "NOT_FOUND");
        let absent = client.get("/v1/accounts/acc_01h455vb4pex5vsknk084sn02q/access").await.refused(404, "NOT_FOUND");
        let same = |answer: &Json, id: &str| answer["detail"].to_string().replace(id, "ID");
        assert_eq!(same(&hidden, &other), same(&absent, "acc_01h455vb4pex5vsknk084sn02q"));
        assert_eq!(client.graphql(QUERY, json!({ "id": other })).await.data(), json!({ "access": null }));

        // An administrator asks about others, and nobody else does.
        client.get(&format!("/v1/accounts/{own}/access?principal={}", app.alpha.context.actor.to_text())).await.refused(403, "FORBIDDEN");
        let about = app.alpha.get(&format!("/v1/accounts/{other}/access?principal={maria}")).await.expect(200);
        assert_eq!((&action(&about, "read")["allowed"], &field(&about, "name")["access"]), (&json!(false), &json!("HIDDEN")));
        assert_eq!(
            field(&app.alpha.get(&format!("/v1/accounts/{own}/access?principal={maria}")).await.expect(200), "employees")["access"],
            "HIDDEN"
        );
        app.alpha.get(&format!("/v1/accounts/{own}/access?principal=usr_01h455vb4pex5vsknk084sn02q")).await.refused(404, "NOT_FOUND");
        let graph = app.alpha.graphql(QUERY, json!({ "id": other, "principal": maria })).await.data();
        assert_eq!(graph["access"], about);

        // A share is among the rules, for as long as it lasts.
        let share = make(&app, "shares", json!({ "recordId": other, "recipientId": maria })).await;
        let told = access(&client, "accounts", &other).await;
        assert_eq!(ground(action(&told, "read"), "SHARE")["shareIds"], json!([share]));
        assert_eq!((&action(&told, "read")["allowed"], &action(&told, "update")["allowed"]), (&json!(true), &json!(false)));

        // The credential is a layer of its own.
        let reader = app.reader.get(&format!("/v1/accounts/{own}/access")).await.expect(200);
        assert_eq!((&action(&reader, "read")["allowed"], &action(&reader, "update")["allowed"]), (&json!(true), &json!(false)));
        assert_eq!(ground(action(&reader, "update"), "SCOPE")["allows"], false);
        assert_eq!(ground(action(&reader, "update"), "ADMINISTRATOR")["allows"], true);
    })
    .await;
}

/// What is told is what a request meets: every action that can be tried without a trace.
#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_what_requests_meet() {
    both(|app| async move {
        let some =
            role(&app, "some", &[("*", "read", "ALL"), ("account", "*", "OWN"), ("contact", "update", "ALL"), ("task", "*", "OWN")]).await;
        let (user, client) = user(&app, "somebody", &[&some]).await;
        let mut tried = 0;
        for def in app.registry.resources().to_vec() {
            let id = app.factory(&app.alpha).any(&def).await;
            let path = format!("/v1/{}/{id}", def.path);
            if client.get(&path).await.status != 200 {
                client.get(&format!("{path}/access")).await;
                continue;
            }
            let told = access(&client, &def.path, &id).await;
            for (name, answer) in [
                ("update", def.updatable.then_some(client.patch(&format!("{path}?dryRun=true"), &json!({})).await)),
                ("delete", def.deletable.then_some(client.delete(&format!("{path}?dryRun=true")).await)),
            ] {
                let Some(answer) = answer else { continue };
                let forbidden = answer.status == 403;
                // A rule of the resource may refuse what rights allow.
                assert!(
                    action(&told, name)["allowed"] == json!(!forbidden)
                        || (forbidden && action(&told, name)["allowed"] == true && def.name != "account"),
                    "{name} {} as {user}: {} {}",
                    def.name,
                    answer.describe(),
                    action(&told, name)
                );
                tried += 1;
            }
        }
        assert!(tried > 20, "only {tried} were tried");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_is_tried_before_it_is_saved() {
    both(|app| async move {
        let sales = role(&app, "sales", &[("account", "read", "OWN")]).await;
        let (maria, client) = user(&app, "maria", &[&sales]).await;
        let own = make(&app, "accounts", json!({ "name": "Hers", "ownerId": maria, "employees": 7 })).await;
        let other = make(&app, "accounts", json!({ "name": "Not hers" })).await;
        let body = json!({
            "userId": maria,
            "roleId": sales,
            "rights": [{ "resource": "account", "action": "read", "depth": "ALL" }, { "resource": "account", "action": "delete", "depth": "OWN" }],
            "fieldRules": [{ "resource": "account", "field": "employees", "access": "HIDDEN" }],
            "recordIds": [own, other],
            "resources": ["account", "contact"],
        });
        let tried = app.alpha.post("/v1/access/simulate", &body).await.expect(200);
        assert_eq!(tried["counts"], json!([{ "resource": "account", "before": 1, "after": 2 }, { "resource": "contact", "before": 0, "after": 0 }]));
        let (hers, others) = (&tried["records"][0], &tried["records"][1]);
        assert_eq!((&hers["before"]["actions"], &hers["after"]["actions"]), (&json!(["read"]), &json!(["read", "delete"])));
        assert_eq!((&others["before"]["actions"], &others["after"]["actions"]), (&json!([]), &json!(["read"])));
        let readable = |sight: &Json| sight["readable"].as_array().is_some_and(|all| all.contains(&json!("employees")));
        assert!(readable(&hers["before"]) && !readable(&hers["after"]));
        // Nothing was saved.
        client.get(&format!("/v1/accounts/{other}")).await.refused(404, "NOT_FOUND");
        // Saved, it is as it was told.
        for right in body["rights"].as_array().into_iter().flatten().skip(1) {
            let mut right = right.clone();
            right["roleId"] = json!(sales);
            make(&app, "role-rights", right).await;
        }
        assert_eq!(action(&access(&client, "accounts", &own).await, "delete")["allowed"], true);
        // What cannot be saved cannot be tried, and nobody else tries.
        let refused = json!({ "userId": maria, "rights": [{ "resource": "unicorn", "action": "fly", "depth": "ALL", "condition": "{}" }] });
        let refused = app.alpha.post("/v1/access/simulate", &refused).await.refused(422, "VALIDATION_FAILED");
        let pointers: Vec<&Json> = refused["errors"].as_array().into_iter().flatten().map(|error| &error["pointer"]).collect();
        assert_eq!(pointers, ["/rights/0/resource", "/rights/0/action", "/rights/0/condition"]);
        client.post("/v1/access/simulate", &json!({ "userId": maria })).await.refused(403, "FORBIDDEN");
    })
    .await;
}
