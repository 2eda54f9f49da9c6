//! Objects that tenants add: resources like any other, from the next request on, on every surface.

use clientela_testkit::factory::text;
use clientela_testkit::{Client, TestApp, both};
use http::Method;
use serde_json::{Value as Json, json};

/// A machine at an account, with a serial number, a state and a year; contacts have a favorite one, and parts belong to one.
pub(crate) async fn define(client: &Client) {
    for (name, label) in [("machine", "Machine"), ("sparePart", "Spare part")] {
        let object = json!({ "name": name, "label": label, "labels": [format!("de={label}")] });
        client.post("/v1/custom-objects", &object).await.expect(201);
    }
    for field in [
        json!({ "resource": "customMachine", "name": "serial", "label": "Serial number", "type": "TEXT", "unique": true, "searched": true }),
        json!({ "resource": "customMachine", "name": "state", "label": "State", "type": "CHOICE", "options": ["IN_USE", "RETIRED"], "indexed": true }),
        json!({ "resource": "customMachine", "name": "year", "label": "Year", "type": "INTEGER", "minimum": 1900, "maximum": 2100 }),
        json!({ "resource": "customMachine", "name": "price", "label": "Price", "type": "MONEY" }),
        json!({ "resource": "customMachine", "name": "account", "label": "Account", "type": "REFERENCE", "target": "account", "inverse": "machines", "indexed": true }),
        json!({ "resource": "customSparePart", "name": "machine", "label": "Machine", "type": "REFERENCE", "target": "customMachine", "inverse": "parts" }),
        json!({ "resource": "contact", "name": "favorite", "label": "Favorite", "type": "REFERENCE", "target": "customMachine", "inverse": "admirers" }),
    ] {
        client.post("/v1/custom-fields", &field).await.expect(201);
    }
}

async fn make(client: &Client, path: &str, body: Json) -> String {
    text(&client.post(&format!("/v1/{path}"), &body).await.expect(201), "id")
}

/// The names of what a search by body finds, in their order.
async fn found(client: &Client, path: &str, body: Json) -> Vec<String> {
    let page = client.post(&format!("/v1/{path}/search"), &body).await.expect(200);
    page["data"].as_array().expect("a page").iter().map(|record| text(record, "name")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_lives_like_any_other() {
    both(|app| async move {
        app.alpha.get("/v1/custom/machines").await.refused(404, "ROUTE_NOT_FOUND");
        define(&app.alpha).await;
        assert_eq!(app.alpha.get("/v1/custom/machines").await.expect(200)["data"], json!([]));
        app.beta.get("/v1/custom/machines").await.refused(404, "ROUTE_NOT_FOUND");
        app.alpha.get("/v1/custom/nothings").await.refused(404, "ROUTE_NOT_FOUND");

        let account = make(&app.alpha, "accounts", json!({ "name": "Dairy" })).await;
        let body = json!({ "name": "Press", "tags": ["big"], "custom": { "serial": "P-1", "state": "IN_USE", "year": 2001, "accountId": account } });
        let key = [("idempotency-key", "once")];
        let made = app.alpha.send(Method::POST, "/v1/custom/machines", &key, Some(&body)).await;
        let path = made.header("location").expect("a location").to_owned();
        let made = made.expect(201);
        let again = app.alpha.send(Method::POST, "/v1/custom/machines", &key, Some(&body)).await;
        assert_eq!(again.json()["id"], made["id"], "the same request has one effect");
        let id = text(&made, "id");
        assert!(id.starts_with("custom_machine_"), "{id}");
        assert!(path.ends_with(&format!("/v1/custom/machines/{id}")), "{path}");
        let path = format!("/v1/custom/machines/{id}");
        assert_eq!(made["custom"]["serial"], json!("P-1"));
        assert_eq!(made.get("object"), None, "what tells its rows apart is nobody's business");
        assert_eq!(app.alpha.get(&path).await.expect(200), made);

        // Versions, a patch, and what was.
        app.alpha.send(Method::PATCH, &path, &[("if-match", "\"7\"")], Some(&json!({ "name": "X" }))).await.refused(412, "VERSION_CONFLICT");
        let before = made["updatedAt"].as_str().expect("a moment").to_owned();
        app.clock.advance(1_000);
        let patched = app.alpha.patch(&path, &json!({ "name": "Big press", "custom": { "year": 2002 } })).await.expect(200);
        assert_eq!((patched["version"].clone(), patched["custom"]["year"].clone()), (json!(2), json!(2002)));
        let was = app.alpha.get(&format!("{path}?asOf={before}")).await.expect(200);
        assert_eq!((was["name"].clone(), was["custom"]["year"].clone()), (json!("Press"), json!(2001)));
        let list = app.alpha.get(&format!("/v1/custom/machines?asOf={before}")).await.expect(200);
        assert_eq!(list["data"][0]["name"], json!("Press"));
        let history = app.alpha.get(&format!("{path}/history")).await.expect(200);
        assert_eq!(history["data"].as_array().map(Vec::len), Some(2), "{history}");

        // Another object's address knows nothing of it, nor does another tenant.
        let part = make(&app.alpha, "custom/spare-parts", json!({ "name": "Belt", "custom": { "machineId": id } })).await;
        app.alpha.get(&format!("/v1/custom/spare-parts/{id}")).await.refused(404, "NOT_FOUND");
        app.alpha.get(&format!("/v1/custom/machines/{part}")).await.refused(404, "NOT_FOUND");
        app.beta.get(&path).await.refused(404, "ROUTE_NOT_FOUND");

        // Whatever refers to it is checked, by kind too.
        let forged = format!("custom_machine_{}", part.rsplit('_').next().unwrap());
        let wrong = json!({ "name": "Bolt", "custom": { "machineId": forged } });
        let refused = app.alpha.post("/v1/custom/spare-parts", &wrong).await.refused(422, "VALIDATION_FAILED");
        assert_eq!(refused["errors"][0]["pointer"], json!("/custom/machineId"), "{refused}");
        define(&app.beta).await;
        for (reference, foreign) in [("machineId", &id), ("machineId", &forged)] {
            let stolen = json!({ "name": "Bolt", "custom": { reference: foreign } });
            let refused = app.beta.post("/v1/custom/spare-parts", &stolen).await.refused(422, "VALIDATION_FAILED");
            assert_eq!(refused["errors"][0]["code"], json!("REFERENCE_NOT_FOUND"), "{refused}");
        }
        let foreign = json!({ "name": "Mine", "custom": { "accountId": account } });
        app.beta.post("/v1/custom/machines", &foreign).await.refused(422, "VALIDATION_FAILED");
        let twice = json!({ "name": "Other", "custom": { "serial": "p-1" } });
        app.alpha.post("/v1/custom/machines", &twice).await.refused(409, "DUPLICATE");

        // Deleted, it is gone from its relations, and it comes back.
        app.alpha.delete(&path).await.expect(204);
        app.alpha.get(&path).await.refused(404, "NOT_FOUND");
        let belt = app.alpha.get(&format!("/v1/custom/spare-parts/{part}")).await.expect(200);
        assert_eq!(belt["custom"]["machineId"], Json::Null, "a reference to what is deleted is emptied");
        app.alpha.post(&format!("{path}/restore"), &json!({})).await.expect(200);
        assert_eq!(app.alpha.get(&path).await.expect(200)["name"], json!("Big press"));
        app.alpha.post(&format!("{path}/erase"), &json!({})).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_lead_both_ways_between_objects_and_resources() {
    both(|app| async move {
        define(&app.alpha).await;
        let client = &app.alpha;
        let dairy = make(client, "accounts", json!({ "name": "Dairy" })).await;
        let mill = make(client, "accounts", json!({ "name": "Mill" })).await;
        let mut machines = Vec::new();
        for (name, year, account) in [("Press", 2001, &dairy), ("Saw", 2011, &mill), ("Vat", 2021, &dairy)] {
            let custom = json!({ "serial": format!("S-{year}"), "year": year, "accountId": account, "state": "IN_USE",
                "price": { "amount": "10.00", "currency": "EUR" } });
            machines.push(make(client, "custom/machines", json!({ "name": name, "custom": custom })).await);
        }
        make(client, "custom/spare-parts", json!({ "name": "Belt", "custom": { "machineId": machines[0] } })).await;
        make(client, "contacts", json!({ "name": "Anna", "custom": { "favoriteId": machines[2] } })).await;
        for (path, filter, expected) in [
            ("custom/machines", json!({ "custom": { "account": { "name": { "eq": "Dairy" } } } }), vec!["Press", "Vat"]),
            ("custom/machines", json!({ "custom": { "parts": { "some": { "name": { "contains": "elt" } } } } }), vec!["Press"]),
            ("custom/machines", json!({ "custom": { "admirers": { "none": {} } } }), vec!["Press", "Saw"]),
            ("custom/machines", json!({ "custom": { "year": { "gte": 2011 } }, "name": { "startsWith": "v" } }), vec!["Vat"]),
            ("accounts", json!({ "custom": { "machines": { "some": { "custom": { "year": { "lt": 2010 } } } } } }), vec!["Dairy"]),
            ("accounts", json!({ "custom": { "machines": { "every": { "custom": { "year": { "gt": 2010 } } } } } }), vec!["Mill"]),
            ("contacts", json!({ "custom": { "favorite": { "custom": { "account": { "name": { "eq": "Dairy" } } } } } }), vec!["Anna"]),
            ("custom/spare-parts", json!({ "custom": { "machine": { "custom": { "year": { "eq": 2001 } } } } }), vec!["Belt"]),
        ] {
            let body = json!({ "filter": filter, "sort": ["name"] });
            assert_eq!(found(client, path, body).await, expected, "{path} {filter} on {:?}", app.store.dialect());
        }
        let sorted = json!({ "sort": ["-custom.account.name", "-custom.year"] });
        assert_eq!(found(client, "custom/machines", sorted).await, ["Saw", "Vat", "Press"]);
        let (mut walked, mut after) = (Vec::new(), String::new());
        loop {
            let page = client.get(&format!("/v1/custom/machines?limit=1&sort=-custom.year&total=true{after}")).await.expect(200);
            assert_eq!(page["page"]["total"], json!(3));
            walked.push(text(&page["data"][0], "name"));
            let Some(next) = page["page"]["next"].as_str() else { break };
            after = format!("&after={next}");
        }
        assert_eq!(walked, ["Vat", "Saw", "Press"]);
        let grouped = json!({ "groupBy": ["custom.account.name"], "measures": { "count": true, "max": ["custom.year"] }, "sort": ["custom.account.name"] });
        let grouped = client.post("/v1/custom/machines/aggregate", &grouped).await.expect(200);
        assert_eq!((&grouped["data"][0]["count"], &grouped["data"][1]["count"]), (&json!(2), &json!(1)), "{grouped}");

        // With their relations, on both APIs.
        let shown = client.get(&format!("/v1/custom/machines/{}?expand=custom.account,custom.parts,custom.admirers", machines[0])).await.expect(200);
        assert_eq!(shown["custom"]["account"]["name"], json!("Dairy"), "{shown}");
        assert_eq!(shown["custom"]["parts"]["data"][0]["name"], json!("Belt"), "{shown}");
        let query = "query($o: [CustomMachineOrder!]) { customMachines(orderBy: $o, filter: { custom: { account: { name: { eq: \"Dairy\" } } } }) { totalCount
            nodes { __typename id name owner { name } custom { serial state account { name custom { machines { nodes { name } } } } parts { nodes { name } } admirers { nodes { name } } } } }
            customMachinesAggregate { groups { count sum { custom { year } } } } }";
        let answer = client.graphql(query, json!({ "o": [{ "custom": { "year": "DESC" } }] })).await.expect(200);
        let nodes = &answer["data"]["customMachines"]["nodes"];
        assert_eq!((nodes[0]["name"].clone(), nodes[0]["__typename"].clone()), (json!("Vat"), json!("CustomMachine")), "{answer}");
        assert_eq!(nodes[1]["custom"]["parts"]["nodes"], json!([{ "name": "Belt" }]), "{answer}");
        assert_eq!(nodes[0]["custom"]["admirers"]["nodes"], json!([{ "name": "Anna" }]), "{answer}");
        assert_eq!(nodes[0]["custom"]["account"]["custom"]["machines"]["nodes"].as_array().map(Vec::len), Some(2));
        assert_eq!(answer["data"]["customMachinesAggregate"]["groups"][0]["sum"]["custom"]["year"], json!(6033), "{answer}");
        let unknown = app.beta.graphql(query, json!({})).await;
        assert!(unknown.json()["errors"][0]["message"].as_str().is_some_and(|text| text.contains("CustomMachine") || text.contains("customMachines")));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_hangs_on_any_record_hangs_on_these() {
    both(|app| async move {
        define(&app.alpha).await;
        let client = &app.alpha;
        let id = make(client, "custom/machines", json!({ "name": "Press", "custom": { "serial": "ZZ-900" } })).await;
        make(client, "notes", json!({ "recordId": id, "title": "About it", "body": "squeaks" })).await;
        make(client, "external-ids", json!({ "recordId": id, "system": "erp", "value": "4711" })).await;
        assert_eq!(client.get("/v1/custom/machines/by/erp/4711").await.expect(200)["id"], json!(id));
        assert_eq!(client.get("/v1/custom/machines/by/custom.serial/zz-900").await.expect(200)["id"], json!(id));
        let put = client.send(Method::PUT, "/v1/custom/machines/by/erp/4712", &[], Some(&json!({ "name": "Saw" }))).await;
        assert_eq!(put.expect(201)["name"], json!("Saw"));
        let with_notes = json!({ "filter": { "notes": { "some": { "title": { "eq": "About it" } } } } });
        assert_eq!(found(client, "custom/machines", with_notes).await, ["Press"]);
        for query in ["press", "ZZ-900"] {
            let hits = client.get(&format!("/v1/search?q={query}")).await.expect(200);
            assert!(hits.to_string().contains(&id), "{query}: {hits}");
            let hits = client.get(&format!("/v1/custom/machines/search?q={query}")).await.expect(200);
            assert_eq!(hits["data"].as_array().map(Vec::len), Some(1), "{query}: {hits}");
        }
        assert!(!app.beta.get("/v1/search?q=press").await.expect(200).to_string().contains(&id));

        // Many at once, by rows, by filter, and together with others.
        let rows = json!({ "rows": [{ "create": { "name": "A" } }, { "update": { "id": id, "values": { "custom": { "year": 1999 } } } }] });
        let done = client.post("/v1/custom/machines/batch", &rows).await;
        assert!(done.status < 300, "{}", done.describe());
        let bulk = json!({ "filter": { "custom": { "year": { "eq": 1999 } } }, "values": { "custom": { "state": "RETIRED" } } });
        let done = client.post("/v1/custom/machines/bulk-update", &bulk).await;
        assert!(done.status < 300, "{}", done.describe());
        assert_eq!(client.get(&format!("/v1/custom/machines/{id}")).await.expect(200)["custom"]["state"], json!("RETIRED"));
        let transaction = json!({ "operations": [
            { "resource": "custom/machines", "create": { "name": "B" } },
            { "resource": "custom/spare-parts", "create": { "name": "C", "custom": { "machineId": id } } },
        ] });
        let done = client.post("/v1/transactions", &transaction).await;
        assert!(done.status < 300, "{}", done.describe());
        let of_press = json!({ "filter": { "custom": { "machine": { "name": { "eq": "Press" } } } } });
        assert_eq!(found(client, "custom/spare-parts", of_press).await, ["C"]);
        client.delete(&format!("/v1/custom/machines/{id}")).await.expect(204);
        assert_eq!(client.get("/v1/notes").await.expect(200)["data"], json!([]), "what hangs on it goes with it");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn graphql_writes_them() {
    both(|app| async move {
        define(&app.alpha).await;
        let create = "mutation($i: CreateCustomMachineInput!) { createCustomMachine(input: $i) { customMachine { id name version custom { serial year } } userErrors { field code } } }";
        let made = app.alpha.graphql(create, json!({ "i": { "name": "Press", "custom": { "serial": "1", "year": 1999 } } })).await.expect(200);
        let machine = &made["data"]["createCustomMachine"]["customMachine"];
        assert_eq!(machine["custom"], json!({ "serial": "1", "year": 1999 }), "{made}");
        let wrong = app.alpha.graphql(create, json!({ "i": { "name": "Saw", "custom": { "year": 1 } } })).await.expect(200);
        assert_eq!(wrong["data"]["createCustomMachine"]["userErrors"][0]["field"], json!(["input", "custom", "year"]), "{wrong}");
        let update = "mutation($i: UpdateCustomMachineInput!) { updateCustomMachine(input: $i) { customMachine { name custom { year } } userErrors { code } } }";
        let input = json!({ "i": { "id": machine["id"], "expectedVersion": 1, "custom": { "year": null } } });
        let patched = app.alpha.graphql(update, input.clone()).await.expect(200);
        assert_eq!(patched["data"]["updateCustomMachine"]["customMachine"], json!({ "name": "Press", "custom": { "year": null } }), "{patched}");
        let stale = app.alpha.graphql(update, input).await.expect(200);
        assert_eq!(stale["data"]["updateCustomMachine"]["userErrors"][0]["code"], json!("VERSION_CONFLICT"));
        for (verb, deleted) in [("delete", true), ("restore", false)] {
            let mutation = format!("mutation($i: {0}CustomMachineInput!) {{ {verb}CustomMachine(input: $i) {{ userErrors {{ code }} }} }}", if deleted { "Delete" } else { "Restore" });
            app.alpha.graphql(&mutation, json!({ "i": { "id": machine["id"] } })).await.data();
            let node = app.alpha.graphql("query($id: ID!) { node(id: $id) { id } }", json!({ "id": machine["id"] })).await.data();
            assert_eq!(node["node"].is_null(), deleted, "{verb}");
        }
        let sdl = app.alpha.get("/schema.graphql").await.text();
        assert!(sdl.contains("type CustomMachine ") && sdl.contains("createCustomMachine"));
        let contract = app.alpha.get("/openapi.json").await.expect(200);
        assert!(contract["paths"].get("/v1/custom/machines/{id}").is_some());
        assert!(!app.beta.get("/openapi.json").await.text().contains("CustomMachine"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_object_is_refused_with_its_reason() {
    both(|app| async move {
        for (object, pointer) in [
            (json!({ "name": "Machine", "label": "x" }), "/name"),
            (json!({ "name": "machine2", "label": "x" }), "/name"),
            (json!({ "name": "x'; DROP TABLE contact", "label": "x" }), "/name"),
            (json!({ "name": "field", "label": "x" }), "/name"),
            (json!({ "name": "fieldFilter", "label": "x" }), "/name"),
            (json!({ "name": "object", "label": "x" }), "/name"),
            (json!({ "name": "sheep", "plural": "sheep", "label": "x" }), "/name"),
            (json!({ "name": "part", "plural": "content", "label": "x" }), "/plural"),
            (json!({ "name": "part", "label": "x", "labels": ["Teil"] }), "/labels"),
        ] {
            let refused = app.alpha.post("/v1/custom-objects", &object).await.refused(422, "VALIDATION_FAILED");
            assert_eq!(refused["errors"][0]["pointer"], json!(pointer), "{object}: {refused}");
        }
        define(&app.alpha).await;
        app.alpha
            .post("/v1/custom-objects", &json!({ "name": "machine", "label": "x", "plural": "engines" }))
            .await
            .refused(409, "DUPLICATE");
        app.alpha.post("/v1/custom-objects", &json!({ "name": "machineOrder", "label": "x" })).await.refused(422, "VALIDATION_FAILED");
        for field in [
            json!({ "resource": "customMachine", "name": "name", "label": "x", "type": "TEXT" }),
            json!({ "resource": "customMachine", "name": "owner", "label": "x", "type": "TEXT" }),
            json!({ "resource": "customMachine", "name": "object", "label": "x", "type": "TEXT" }),
            json!({ "resource": "customMachine", "name": "notes", "label": "x", "type": "TEXT" }),
            json!({ "resource": "customNothing", "name": "size", "label": "x", "type": "TEXT" }),
            json!({ "resource": "contact", "name": "size", "label": "x", "type": "REFERENCE", "target": "customNothing" }),
        ] {
            app.alpha.post("/v1/custom-fields", &field).await.refused(422, "VALIDATION_FAILED");
        }
        // Another tenant's object is nothing here.
        let foreign = json!({ "resource": "contact", "name": "machine", "label": "x", "type": "REFERENCE", "target": "customMachine" });
        app.beta.post("/v1/custom-fields", &foreign).await.refused(422, "VALIDATION_FAILED");
        app.reader.post("/v1/custom-objects", &json!({ "name": "tool", "label": "x" })).await.refused(403, "FORBIDDEN");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_object_hides_its_records_and_brings_them_back() {
    both(|app| async move {
        define(&app.alpha).await;
        let machine = make(&app.alpha, "custom/machines", json!({ "name": "Press" })).await;
        let contact = make(&app.alpha, "contacts", json!({ "name": "Anna", "custom": { "favoriteId": machine } })).await;
        let objects = app.alpha.get("/v1/custom-objects?filter[name][eq]=machine").await.expect(200);
        let object = format!("/v1/custom-objects/{}", text(&objects["data"][0], "id"));
        app.alpha.delete(&object).await.expect(204);
        app.alpha.get("/v1/custom/machines").await.refused(404, "ROUTE_NOT_FOUND");
        let anna = app.alpha.get(&format!("/v1/contacts/{contact}")).await.expect(200);
        assert_eq!(anna.get("custom"), None, "nothing leads to what is not there: {anna}");
        // A new object of the name does not find the old records.
        let new = app.alpha.post("/v1/custom-objects", &json!({ "name": "machine", "label": "Machine" })).await.expect(201);
        assert_eq!(app.alpha.get("/v1/custom/machines").await.expect(200)["data"], json!([]));
        app.alpha.post(&format!("{object}/restore"), &json!({})).await.refused(409, "DUPLICATE");
        app.alpha.delete(&format!("/v1/custom-objects/{}", text(&new, "id"))).await.expect(204);
        app.alpha.post(&format!("{object}/restore"), &json!({})).await.expect(200);
        assert_eq!(app.alpha.get(&format!("/v1/custom/machines/{machine}")).await.expect(200)["name"], json!("Press"));
        let anna = app.alpha.get(&format!("/v1/contacts/{contact}")).await.expect(200);
        assert_eq!(anna["custom"]["favoriteId"], json!(machine));
    })
    .await;
}

/// What the sweeps take for the server where alpha and beta have the same objects.
pub(crate) async fn with_objects(mut app: TestApp) -> TestApp {
    for client in [&app.alpha, &app.beta] {
        define(client).await;
    }
    app.engine = app.engine.for_tenant(app.alpha.context.tenant).await.expect("the definitions can be read");
    app.registry = app.engine.registry().clone();
    app
}
