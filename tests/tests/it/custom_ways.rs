//! Fields and objects of a tenant's own on the ways that lead past the plain requests: files out and in, rights, field rules, shares,
//! figures.

use crate::custom_objects::define;
use crate::import::{Bytes, counts};
use crate::rights::{make, role, user};
use clientela_engine::Engine;
use clientela_engine::export::{self, ExportPlan, ExportRequest, Format};
use clientela_engine::import::{self, Mapping, Mode, Opened, Outcome, Plan, Problem, Sink, Summary};
use clientela_kernel::DeletedMode;
use clientela_testkit::{Client, TestApp, both};
use serde_json::{Value as Json, json};
use std::sync::Arc;

#[derive(Default)]
struct Problems(Vec<Problem>);

impl Sink for Problems {
    fn problem(&mut self, problem: &Problem) {
        self.0.push(problem.clone());
    }

    fn progress(&mut self, _: &Summary) {}
}

async fn engine_of(app: &TestApp, client: &Client) -> Engine {
    app.engine.for_tenant(client.context.tenant).await.expect("the definitions can be read")
}

/// A file of a resource's records, and the mapping that reads it back.
async fn exported(app: &TestApp, client: &Client, resource: &str, format: Format) -> (String, String) {
    let engine = engine_of(app, client).await;
    let resource = resource.to_owned();
    let request = ExportRequest { resource, fields: Vec::new(), filter: None, deleted: DeletedMode::Exclude, format, guarded: true };
    let plan = ExportPlan::new(engine.registry(), &client.context, &request).expect("a plan");
    let mapping = plan.mapping().expect("it can be read back");
    let mut out = Vec::new();
    export::run(&engine, &client.context, plan, &mut out, &std::env::temp_dir(), &mut |_| {}).await.expect("it is written");
    (String::from_utf8(out).expect("text"), mapping)
}

async fn imported(app: &TestApp, client: &Client, mapping: &str, file: &str) -> (Outcome, Vec<Problem>) {
    let engine = engine_of(app, client).await;
    let plan = Plan::new(&Mapping::parse(mapping).expect("a mapping"), engine.registry()).expect("it fits");
    let mut problems = Problems::default();
    let input = Arc::new(Bytes(file.as_bytes().to_vec()));
    let opened = Opened { plan: Arc::new(plan), input, folder: std::env::temp_dir() };
    let outcome = import::run(&engine, &client.context, opened, Mode::Each, None, &mut problems).await;
    (outcome.expect("it starts"), problems.0)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_exported_here_is_imported_there() {
    both(|app| async move {
        define(&app.alpha).await;
        define(&app.beta).await;
        let client = &app.alpha;
        let account = make(&app, "accounts", json!({ "name": "Dairy" })).await;
        let custom = json!({ "serial": "P-1", "year": 2001, "accountId": account, "state": "IN_USE", "price": { "amount": "12.50", "currency": "EUR" } });
        let machine = make(&app, "custom/machines", json!({ "name": "Press", "tags": ["big"], "custom": custom })).await;
        make(&app, "contacts", json!({ "name": "Anna", "custom": { "favoriteId": machine } })).await;
        for (round, format) in [Format::Csv, Format::Csv].into_iter().enumerate() {
            for (resource, path) in [("account", "accounts"), ("customMachine", "custom/machines"), ("contact", "contacts")] {
                let (file, mapping) = exported(&app, client, resource, format).await;
                let (outcome, problems) = imported(&app, &app.beta, &mapping, &file).await;
                assert!(problems.is_empty(), "{resource} {format:?}: {problems:?}\n{mapping}\n{file}");
                let new = u64::from(round == 0);
                assert_eq!(counts(&outcome, resource), [new, 0, 1 - new, 0], "{resource} {format:?}");
                let shown = |list: Json| {
                    let mut record = list["data"][0].clone();
                    for stamp in ["createdAt", "createdBy", "updatedAt", "updatedBy", "version"] {
                        record.as_object_mut().expect("a record").remove(stamp);
                    }
                    record
                };
                let here = shown(client.get(&format!("/v1/{path}")).await.expect(200));
                let there = shown(app.beta.get(&format!("/v1/{path}")).await.expect(200));
                if resource != "contact" {
                    assert_eq!(here, there, "{resource} {format:?}");
                }
                assert_eq!(here["custom"], there["custom"], "{resource} {format:?}");
            }
        }
        let (file, mapping) = exported(&app, client, "customMachine", Format::Csv).await;
        let (_, problems) = imported(&app, &app.beta, &mapping, &file.replace("2001", "1")).await;
        assert_eq!(problems.len(), 1, "a year of another range is refused: {file}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rights_reach_them_as_anything_else() {
    both(|app| async move {
        define(&app.alpha).await;
        let role =
            role(&app, "technician", &[("*", "read", "ALL"), ("customMachine", "read", "OWN"), ("customMachine", "update", "OWN")]).await;
        for (resource, field) in [("customMachine", "custom.serial"), ("contact", "custom.favoriteId")] {
            make(&app, "field-rules", json!({ "roleId": role, "resource": resource, "field": field, "access": "HIDDEN" })).await;
        }
        let (id, technician) = user(&app, "technician", &[&role]).await;
        let mine =
            make(&app, "custom/machines", json!({ "name": "Mine", "ownerId": id, "custom": { "serial": "SECRET-1", "year": 2001 } })).await;
        let other = make(&app, "custom/machines", json!({ "name": "Other", "custom": { "serial": "SECRET-2", "year": 2002 } })).await;
        make(&app, "contacts", json!({ "name": "Anna", "custom": { "favoriteId": mine } })).await;
        make(&app, "custom/spare-parts", json!({ "name": "Belt", "custom": { "machineId": other } })).await;

        let list = technician.get("/v1/custom/machines?total=true").await.expect(200);
        assert_eq!((list["page"]["total"].clone(), list["data"][0]["name"].clone()), (json!(1), json!("Mine")));
        assert!(!list.to_string().contains("SECRET"), "{list}");
        technician.get(&format!("/v1/custom/machines/{other}")).await.refused(404, "NOT_FOUND");
        technician.patch(&format!("/v1/custom/machines/{mine}"), &json!({ "custom": { "year": 2005 } })).await.expect(200);
        technician
            .patch(&format!("/v1/custom/machines/{mine}"), &json!({ "custom": { "serial": "X" } }))
            .await
            .refused(422, "VALIDATION_FAILED");
        technician.post("/v1/custom/machines", &json!({ "name": "New" })).await.refused(403, "FORBIDDEN");
        for path in [
            "custom/machines?sort=custom.serial",
            "custom/machines?filter[custom][serial][eq]=SECRET-1",
            "custom/machines?fields=custom.serial",
        ] {
            let refused = technician.get(&format!("/v1/{path}")).await;
            assert_eq!(refused.status, 400, "{path}: {}", refused.describe());
        }
        let grouped = json!({ "groupBy": ["custom.serial"], "measures": { "count": true } });
        technician.post("/v1/custom/machines/aggregate", &grouped).await.refused(400, "INVALID_AGGREGATE");
        for path in [
            format!("custom/machines/{mine}/history"),
            format!("custom/machines/{mine}?asOf=9999-01-01T00:00:00Z"),
            "search?q=secret".to_owned(),
            "contacts".to_owned(),
        ] {
            let text = technician.get(&format!("/v1/{path}")).await.expect(200).to_string();
            assert!(!text.contains("SECRET") && !text.contains("favorite"), "{path}: {text}");
        }
        // Whom a part belongs to is not seen where the machine is not.
        let belt = technician.get("/v1/custom/spare-parts?expand=custom.machine").await.expect(200);
        assert_eq!(belt["data"][0]["custom"]["machine"], Json::Null, "{belt}");
        let hidden = technician.graphql("{ customMachines { nodes { custom { serial } } } }", json!({})).await;
        assert!(hidden.json()["errors"][0]["message"].as_str().is_some_and(|text| text.contains("serial")), "{}", hidden.describe());

        // A share shows one more.
        make(&app, "shares", json!({ "recordId": other, "recipientId": id, "level": "READ" })).await;
        assert_eq!(technician.get(&format!("/v1/custom/machines/{other}")).await.expect(200)["name"], json!("Other"));
        technician.patch(&format!("/v1/custom/machines/{other}"), &json!({ "name": "X" })).await.refused(403, "FORBIDDEN");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn aggregates_are_typed_too() {
    both(|app| async move {
        define(&app.alpha).await;
        for (name, region) in [("Dairy", 1), ("Mill", 2)] {
            let account = make(&app, "accounts", json!({ "name": name })).await;
            for year in 0..region {
                let custom = json!({ "serial": format!("{name}{year}"), "accountId": account, "year": 2000 + year, "state": "IN_USE", "price": { "amount": "10.00", "currency": "EUR" } });
                make(&app, "custom/machines", json!({ "name": name, "custom": custom })).await;
            }
        }
        let query = "query($h: CustomMachineAggregateHaving) { customMachinesAggregate(groupBy: [{ custom: { state: VALUE } }, { custom: { account: { name: VALUE } } }, { custom: { price: CURRENCY } }],
            having: $h, orderBy: [{ count: DESC }]) { groups { keys { custom { state price { currency } account { name } } } count sum { custom { year price { amount } } } avg { custom { year } } max { custom { year } } countDistinct { custom { serial } } } } }";
        let answer = app.alpha.graphql(query, json!({})).await.data();
        let groups = &answer["customMachinesAggregate"]["groups"];
        let keys = json!({ "custom": { "state": "IN_USE", "price": { "currency": "EUR" }, "account": { "name": "Mill" } } });
        assert_eq!((groups[0]["keys"].clone(), groups[0]["count"].clone()), (keys, json!(2)), "{answer}");
        assert_eq!(groups[0]["sum"], json!({ "custom": { "year": 4001, "price": { "amount": "20.00" } } }), "{answer}");
        assert_eq!((groups[0]["max"].clone(), groups[0]["countDistinct"].clone()), (json!({ "custom": { "year": 2001 } }), json!({ "custom": { "serial": 2 } })), "{answer}");
        let having = json!({ "h": { "sum": { "custom": { "year": { "gt": 3000 } } } } });
        let answer = app.alpha.graphql(query, having).await.data();
        assert_eq!(answer["customMachinesAggregate"]["groups"].as_array().map(Vec::len), Some(1), "{answer}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_field_that_is_renamed_stays_hidden() {
    both(|app| async move {
        define(&app.alpha).await;
        let role = role(&app, "clerk", &[("*", "read", "ALL")]).await;
        for field in ["custom.serial", "custom.accountId"] {
            make(&app, "field-rules", json!({ "roleId": role, "resource": "customMachine", "field": field, "access": "HIDDEN" })).await;
        }
        let (_, clerk) = user(&app, "clerk", &[&role]).await;
        let account = make(&app, "accounts", json!({ "name": "Dairy" })).await;
        make(&app, "custom/machines", json!({ "name": "Press", "custom": { "serial": "SECRET", "accountId": account } })).await;
        for (name, new) in [("serial", "number"), ("account", "place")] {
            let fields = app.alpha.get(&format!("/v1/custom-fields?filter[name][eq]={name}")).await.expect(200);
            let path = format!("/v1/custom-fields/{}", fields["data"][0]["id"].as_str().expect("an id"));
            app.alpha.patch(&path, &json!({ "name": new })).await.expect(200);
        }
        let seen = clerk.get("/v1/custom/machines").await.expect(200);
        assert!(!seen.to_string().contains("SECRET") && !seen.to_string().contains(&account), "{seen}");
        assert_eq!(app.alpha.get("/v1/custom/machines").await.expect(200)["data"][0]["custom"]["number"], json!("SECRET"));
        let rules = app.alpha.get("/v1/field-rules?filter[resource][eq]=customMachine&sort=field").await.expect(200);
        let names: Vec<_> = rules["data"].as_array().expect("rules").iter().map(|rule| rule["field"].clone()).collect();
        assert_eq!(names, [json!("custom.number"), json!("custom.placeId")]);
    })
    .await;
}
