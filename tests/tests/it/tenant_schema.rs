//! `GET /v1/schema`: the contract of the caller's tenant as data, as far as the caller may use it.

use crate::rights::{make, role, user};
use clientela_testkit::factory::text;
use clientela_testkit::{Client, both};
use http::Method;
use serde_json::{Value as Json, json};

fn resource<'j>(schema: &'j Json, name: &str) -> Option<&'j Json> {
    schema["resources"].as_array().expect("a list").iter().find(|resource| resource["name"] == name)
}

fn field<'j>(resource: &'j Json, name: &str) -> Option<&'j Json> {
    resource["fields"].as_array().expect("a list").iter().find(|field| field["name"] == name)
}

async fn credit_class(client: &Client) -> String {
    let body = json!({
        "resource": "account", "name": "creditClass", "label": "Credit class", "type": "CHOICE", "options": ["GOOD=Good", "BAD=Bad"],
        "labels": ["de=Kreditklasse", "de-AT=Bonität"], "optionLabels": ["de.GOOD=Gut", "de.BAD=Schlecht", "it.GOOD=Buona"], "sensitive": false,
    });
    text(&client.post("/v1/custom-fields", &body).await.expect(201), "id")
}

#[tokio::test(flavor = "multi_thread")]
async fn every_resource_is_there_with_what_is_the_tenants_own() {
    both(|app| async move {
        let plain = app.alpha.get("/v1/schema").await.expect(200);
        let names: Vec<&str> = plain["resources"].as_array().unwrap().iter().map(|resource| resource["name"].as_str().unwrap()).collect();
        let all: Vec<&str> = app.registry.resources().iter().map(|def| def.name.as_ref()).collect();
        assert_eq!(names, all, "an administrator sees everything");
        for def in app.registry.resources() {
            let shown = resource(&plain, &def.name).unwrap();
            for (_, field) in def.visible_fields() {
                let found = shown["fields"].as_array().unwrap().iter().any(|shown| shown["name"] == field.name.as_ref());
                assert!(found || field.name == "custom", "{}.{}", def.name, field.name);
            }
            assert!(!shown["fields"].to_string().contains("secretHash"), "{}", def.name);
        }
        credit_class(&app.alpha).await;
        app.alpha
            .post("/v1/custom-objects", &json!({ "name": "machine", "label": "Machine", "labels": ["de=Maschine"] }))
            .await
            .expect(201);
        let schema = app.alpha.get("/v1/schema").await.expect(200);
        let account = resource(&schema, "account").unwrap();
        let own = field(account, "custom.creditClass").expect("the new field");
        assert_eq!((&own["type"], &own["own"], &own["label"]), (&json!("CHOICE"), &json!(true), &json!("Credit class")));
        assert_eq!(own["labels"], json!({ "de": "Kreditklasse", "de-AT": "Bonität" }));
        let bad = own["options"].as_array().unwrap().iter().find(|option| option["value"] == "BAD").expect("an option");
        assert_eq!(bad["labels"], json!({ "de": "Schlecht" }));
        let machine = resource(&schema, "customMachine").expect("the new object");
        assert_eq!(
            (&machine["own"], &machine["path"], &machine["label"]),
            (&json!(true), &json!("/v1/custom/machines"), &json!("Machine"))
        );
        assert!(machine["relations"].as_array().unwrap().iter().any(|relation| relation["name"] == "notes"));
        assert!(account["relations"].as_array().unwrap().iter().any(|relation| relation["name"] == "contacts" && relation["many"] == true));
        let name = field(account, "name").unwrap();
        assert_eq!((&name["requiredOnCreate"], &name["updatable"], &name["sortable"]), (&json!(true), &json!(true), &json!(true)));
        assert!(name["filterOperators"].as_array().unwrap().contains(&json!("contains")));
        assert_eq!(field(account, "version").unwrap()["creatable"], json!(false));
        assert_eq!(
            field(resource(&schema, "contact").unwrap(), "accountId").unwrap()["reference"],
            json!({ "resources": ["account"], "relation": "account" })
        );
        // Another tenant knows nothing of it.
        assert_eq!(app.beta.get("/v1/schema").await.expect(200), plain);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn labels_come_in_the_language_asked_for_and_go_with_the_schema() {
    both(|app| async move {
        credit_class(&app.alpha).await;
        let ask = |language: &'static str| {
            let client = &app.alpha;
            async move {
                let answer = client.send(Method::GET, "/v1/schema/account", &[("accept-language", language)], None).await;
                let account = answer.expect(200);
                let own = field(&account, "custom.creditClass").unwrap().clone();
                let good = own["options"].as_array().unwrap().iter().find(|option| option["value"] == "GOOD").unwrap()["label"].clone();
                (text(&own, "label"), good.as_str().unwrap().to_owned())
            }
        };
        let both = |left: &str, right: &str| (left.to_owned(), right.to_owned());
        assert_eq!(ask("de").await, both("Kreditklasse", "Gut"));
        assert_eq!(ask("de-AT").await, both("Bonität", "Gut"));
        assert_eq!(ask("it, de;q=0.5").await, both("Kreditklasse", "Buona"));
        assert_eq!(ask("fr").await, both("Credit class", "Good"));
        for (labels, wrong) in [("labels", "nothing"), ("labels", "d!=X"), ("optionLabels", "de.UGLY=Wüst"), ("optionLabels", "GOOD=Gut")]
        {
            let body =
                json!({ "resource": "account", "name": "other", "label": "Other", "type": "CHOICE", "options": ["GOOD"], labels: [wrong] });
            let refused = app.alpha.post("/v1/custom-fields", &body).await.refused(422, "VALIDATION_FAILED");
            assert_eq!(refused["errors"][0]["pointer"], json!(format!("/{labels}")), "{refused}");
        }
        // The document takes them along, to another tenant too.
        let document = app.alpha.post("/v1/custom-objects/snapshot-schema", &json!({})).await.expect(200);
        assert_eq!(document["fields"][0]["optionLabels"], json!(["de.BAD=Schlecht", "de.GOOD=Gut", "it.GOOD=Buona"]));
        let wanted = json!({ "objects": document["objects"], "fields": document["fields"] });
        let same = app.alpha.post("/v1/custom-objects/diff-schema", &wanted).await.expect(200);
        assert_eq!(same["changes"], json!([]), "{same}");
        app.beta.post("/v1/custom-objects/apply-schema", &wanted).await.expect(200);
        let there = app.beta.send(Method::GET, "/v1/schema/account", &[("accept-language", "de")], None).await.expect(200);
        assert_eq!(field(&there, "custom.creditClass").unwrap()["label"], json!("Kreditklasse"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_may_not_see_is_not_there() {
    both(|app| async move {
        credit_class(&app.alpha).await;
        let works = role(&app, "works", &[("account", "*", "OWN"), ("note", "read", "ALL")]).await;
        for (name, access) in [("custom.creditClass", "HIDDEN"), ("industry", "READ"), ("phone", "MASKED")] {
            make(&app, "field-rules", json!({ "roleId": works, "resource": "account", "field": name, "access": access })).await;
        }
        let (_, worker) = user(&app, "worker", &[&works]).await;
        let schema = worker.get("/v1/schema").await.expect(200);
        let names: Vec<&Json> = schema["resources"].as_array().unwrap().iter().map(|resource| &resource["name"]).collect();
        assert!(names.contains(&&json!("account")) && names.contains(&&json!("note")) && !names.contains(&&json!("contact")), "{names:?}");
        let account = resource(&schema, "account").unwrap();
        assert!(!account.to_string().contains("creditClass"), "{account}");
        assert!(!account["relations"].to_string().contains("\"contact\""), "{account}");
        assert_eq!(field(account, "industry").unwrap()["updatable"], json!(false));
        assert_eq!(
            (&field(account, "phone").unwrap()["masked"], &field(account, "phone").unwrap()["sortable"]),
            (&json!(true), &json!(false))
        );
        let one = worker.get("/v1/schema/accounts").await.expect(200);
        assert!(!one.to_string().contains("creditClass"), "{one}");
        let writable = |part: &str, field: &str| one["jsonSchema"][part]["properties"].get(field).is_some();
        assert!(
            writable("create", "name") && writable("update", "name") && !writable("update", "industry") && !writable("create", "phone"),
            "{one}"
        );
        let note = worker.get("/v1/schema/note").await.expect(200);
        assert_eq!((&note["actions"], &note["jsonSchema"]), (&json!(["read"]), &json!({})));
        worker.get("/v1/schema/contact").await.refused(404, "NOT_FOUND");
        worker.get("/v1/schema/nothing").await.refused(404, "NOT_FOUND");
        // Nor does a credential without the scope see what is sensitive.
        let sensitive =
            json!({ "resource": "account", "name": "creditLimitInside", "label": "Inside", "type": "INTEGER", "sensitive": true });
        app.alpha.post("/v1/custom-fields", &sensitive).await.expect(201);
        let key = app.alpha.post("/v1/api-keys", &json!({ "name": "plain" })).await.expect(201);
        let plain = app.alpha.with_token(key["secret"].as_str());
        assert!(!plain.get("/v1/schema").await.expect(200).to_string().contains("creditLimitInside"));
        assert!(app.alpha.get("/v1/schema").await.expect(200).to_string().contains("creditLimitInside"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_has_a_tag_and_schemas_of_bodies_that_stand_alone() {
    both(|app| async move {
        credit_class(&app.alpha).await;
        for path in ["/v1/schema", "/v1/schema/account", "/openapi.json", "/schema.graphql"] {
            let first = app.alpha.get(path).await;
            let tag = first.header("etag").expect("a tag").to_owned();
            let again = app.alpha.send(Method::GET, path, &[("if-none-match", &tag)], None).await;
            assert_eq!((again.status, again.bytes.len()), (304, 0), "{path}");
        }
        let tag = app.alpha.get("/v1/schema").await.header("etag").expect("a tag").to_owned();
        app.alpha
            .post("/v1/custom-fields", &json!({ "resource": "contact", "name": "size", "label": "Size", "type": "INTEGER" }))
            .await
            .expect(201);
        let changed = app.alpha.send(Method::GET, "/v1/schema", &[("if-none-match", &tag)], None).await;
        assert_eq!(changed.status, 200);
        for def in app.registry.resources() {
            let schema = app.alpha.get(&format!("/v1/schema/{}", def.path)).await.expect(200);
            assert_eq!(schema["name"], json!(def.name), "by its path");
            for body in ["create", "update"] {
                let body = &schema["jsonSchema"][body];
                let text = body.to_string();
                assert!(!text.contains("#/components"), "{}: {text}", def.name);
                for reference in text.split("\"#/$defs/").skip(1).filter_map(|rest| rest.split('"').next()) {
                    assert!(body["$defs"].get(reference).is_some(), "{}: {reference} is not there", def.name);
                }
            }
        }
        app.alpha.with_token(None).get("/v1/schema").await.refused(401, "UNAUTHENTICATED");
        app.alpha.get("/v1/schema?x=1").await.refused(400, "UNKNOWN_PARAMETER");
    })
    .await;
}
