//! What a tenant adds to the definitions as one document: written out, compared, applied.

use crate::custom_objects::define;
use clientela_testkit::{Client, both};
use serde_json::{Value as Json, json};

async fn snapshot(client: &Client) -> Json {
    client.post("/v1/custom-objects/snapshot-schema", &json!({})).await.expect(200)
}

fn kinds(answer: &Json) -> Vec<(String, String)> {
    let changes = answer["changes"].as_array().expect("changes");
    changes
        .iter()
        .map(|change| (text(change, "kind"), format!("{}.{}", text(change, "resource"), change["field"].as_str().unwrap_or(""))))
        .collect()
}

fn text(json: &Json, name: &str) -> String {
    json[name].as_str().unwrap_or_default().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_tenants_schema_becomes_anothers() {
    both(|app| async move {
        define(&app.alpha).await;
        let document = snapshot(&app.alpha).await;
        assert_eq!((document["objects"].as_array().map(Vec::len), document["fields"].as_array().map(Vec::len)), (Some(2), Some(7)));
        let (diff, apply) = ("/v1/custom-objects/diff-schema", "/v1/custom-objects/apply-schema");
        assert_eq!(app.alpha.post(diff, &document).await.expect(200), json!({ "changes": [], "breaking": false }));

        // Tried first, which changes nothing, then done: objects, and fields of them and to them, in one transaction.
        let tried = app.beta.post(&format!("{apply}?dryRun=true"), &document).await.expect(200);
        assert_eq!(tried["changes"].as_array().map(Vec::len), Some(9));
        app.beta.get("/v1/custom/machines").await.refused(404, "ROUTE_NOT_FOUND");
        let applied = app.beta.post(apply, &document).await.expect(200);
        assert_eq!(applied["changes"].as_array().map(Vec::len), Some(9));
        assert_eq!(snapshot(&app.beta).await, document);
        let account = app.beta.post("/v1/accounts", &json!({ "name": "Dairy" })).await.expect(201);
        let machine = json!({ "name": "Press", "custom": { "serial": "1", "accountId": account["id"] } });
        app.beta.post("/v1/custom/machines", &machine).await.expect(201);
        assert_eq!(app.beta.post(apply, &document).await.expect(200), json!({ "changes": [] }), "done again it changes nothing");

        // What differs, and what of it breaks.
        let mut other = document.clone();
        let fields = other["fields"].as_array_mut().expect("fields");
        fields.retain(|field| field["name"] != json!("price"));
        for field in fields.iter_mut() {
            match field["name"].as_str() {
                Some("year") => field["maximum"] = json!(2050),
                Some("serial") => field["label"] = json!("Serial"),
                _ => {}
            }
        }
        fields.push(json!({ "resource": "account", "name": "tier", "label": "Tier", "type": "TEXT", "required": true }));
        let seen = app.beta.post(diff, &other).await.expect(200);
        let expected = [("CHANGE", "customMachine.serial"), ("CHANGE", "customMachine.year"), ("CREATE", "account.tier")];
        assert_eq!(kinds(&seen), expected.map(|(kind, name)| (kind.to_owned(), name.to_owned())), "{seen}");
        assert_eq!((seen["breaking"].clone(), seen["changes"][0]["breaks"].clone()), (json!(true), json!([])), "a label breaks nothing");
        other["deleteMissing"] = json!(true);
        let applied = app.beta.post(apply, &other).await.expect(200);
        assert!(kinds(&applied).contains(&("DELETE".to_owned(), "customMachine.price".to_owned())), "{applied}");
        assert_eq!(snapshot(&app.beta).await["fields"].as_array().map(Vec::len), Some(7));

        // What cannot be is refused whole.
        let mut wrong = other.clone();
        wrong["fields"][0]["label"] = json!("Changed");
        for field in wrong["fields"].as_array_mut().expect("fields") {
            if field["name"] == json!("year") {
                field["type"] = json!("TEXT");
                field["minimum"] = Json::Null;
                field["maximum"] = Json::Null;
            }
        }
        let refused = app.beta.post(apply, &wrong).await.refused(422, "VALIDATION_FAILED");
        assert_eq!(refused["errors"][0]["code"], json!("IMMUTABLE"), "{refused}");
        let broken = json!({ "objects": [{ "name": "tool", "label": "Tool" }], "fields": [{ "resource": "customTool", "name": "Bad", "label": "x", "type": "TEXT" }] });
        let refused = app.beta.post(apply, &broken).await.refused(422, "VALIDATION_FAILED");
        assert_eq!(refused["errors"][0]["pointer"], json!("/fields/0/name"), "{refused}");
        app.beta.get("/v1/custom/tools").await.refused(404, "ROUTE_NOT_FOUND");
        app.reader.post(apply, &document).await.refused(403, "FORBIDDEN");
        assert_eq!(snapshot(&app.alpha).await, document, "the other tenant keeps its own");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn graphql_says_the_same() {
    both(|app| async move {
        define(&app.alpha).await;
        let query = "{ snapshotSchema(input: { resource: \"customMachine\" }) { objects { name plural label labels title } fields { name type options indexed } } }";
        let seen = app.alpha.graphql(query, json!({})).await.data();
        assert_eq!(seen["snapshotSchema"]["objects"][0]["plural"], json!("machines"), "{seen}");
        assert_eq!(seen["snapshotSchema"]["fields"].as_array().map(Vec::len), Some(5), "{seen}");
    })
    .await;
}
