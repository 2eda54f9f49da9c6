//! What an export writes is what the lists of the API show, for every resource, and nothing of another tenant.

use crate::import::{Bytes, counts, import, import_from};
use clientela_engine::export::{self, ExportPlan, ExportRequest, Format};
use clientela_engine::import::{Mode, Outcome, Problem};
use clientela_kernel::DeletedMode;
use clientela_testkit::factory::Fill;
use clientela_testkit::{Client, TestApp, both};
use serde_json::{Value as Json, json};
use std::sync::Arc;

fn request(resource: &str, format: Format) -> ExportRequest {
    ExportRequest { resource: resource.to_owned(), fields: Vec::new(), filter: None, deleted: DeletedMode::Exclude, format, guarded: true }
}

async fn written(app: &TestApp, client: &Client, request: &ExportRequest) -> String {
    let plan = ExportPlan::new(&app.registry, &client.context, request).unwrap();
    let mut out = Vec::new();
    let mut told = Vec::new();
    let count =
        export::run(&app.engine, &client.context, plan, &mut out, &std::env::temp_dir(), &mut |so_far| told.push(so_far)).await.unwrap();
    assert_eq!(told.last(), Some(&count));
    String::from_utf8(out).unwrap()
}

fn lines(text: &str) -> Vec<Json> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The rows of comma-separated values, each by its column.
fn rows(text: &str) -> Vec<Vec<(String, String)>> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let heads = reader.headers().unwrap().clone();
    let row = |row: csv::Result<csv::StringRecord>| {
        heads.iter().zip(row.unwrap().iter()).map(|(head, cell)| (head.to_owned(), cell.to_owned())).collect()
    };
    reader.records().map(row).collect()
}

#[tokio::test]
async fn every_resource_is_exported_as_its_list_shows_it() {
    both(|app| async move {
        for def in app.registry.resources() {
            if def.creatable {
                for client in [&app.alpha, &app.beta] {
                    for fill in [Fill::Everything, Fill::Required] {
                        app.factory(client).create(def, fill).await;
                    }
                }
            }
            let shown = app.alpha.get(&format!("/v1/{}?limit=1000", def.path)).await.expect(200)["data"].as_array().unwrap().clone();
            assert!(shown.iter().all(|record| record.get("custom").is_none()), "{} are looked at before they get further fields", def.name);
            assert_eq!(lines(&written(&app, &app.alpha, &request(&def.name, Format::Ndjson)).await), shown, "{}", def.name);
            let table = rows(&written(&app, &app.alpha, &request(&def.path, Format::Csv)).await);
            assert_eq!(table.len(), shown.len(), "{}", def.name);
            for (row, record) in table.iter().zip(&shown) {
                for (name, cell) in row {
                    let value = name.split('.').try_fold(record, |at, part| at.get(part)).unwrap_or(&Json::Null);
                    let wanted = match value {
                        Json::Null => String::new(),
                        Json::String(text) if text.starts_with(['+', '=', '-', '@']) => format!("'{text}"),
                        Json::String(text) => text.clone(),
                        Json::Array(members) => members.iter().map(|member| member.as_str().unwrap()).collect::<Vec<_>>().join(","),
                        other => other.to_string(),
                    };
                    assert_eq!(*cell, wanted, "{}.{name}", def.name);
                }
            }
        }
    })
    .await;
}

#[tokio::test]
async fn columns_filters_and_deleted_records_are_as_asked_for() {
    both(|app| async move {
        let account = app
            .alpha
            .post("/v1/accounts", &json!({"name": "=cmd()|' /C calc'!A0", "country": "AT", "tags": ["a,b", "c"]}))
            .await
            .expect(201);
        for name in ["Zweite", "Dritte"] {
            app.alpha.post("/v1/contacts", &json!({"lastName": name, "accountId": account["id"]})).await.expect(201);
        }
        app.alpha
            .delete(&format!(
                "/v1/accounts/{}",
                app.alpha.post("/v1/accounts", &json!({"name": "Fort"})).await.expect(201)["id"].as_str().unwrap()
            ))
            .await;
        let mut wanted = request("contact", Format::Csv);
        wanted.fields = ["lastName", "account.name", "account.tags", "account.country"].map(str::to_owned).to_vec();
        wanted.filter = Some(json!({"lastName": {"startsWith": "zwei"}}));
        assert_eq!(
            written(&app, &app.alpha, &wanted).await,
            "lastName,account.name,account.tags,account.country\r\nZweite,'=cmd()|' /C calc'!A0,\"[\"\"a,b\"\",\"\"c\"\"]\",AT\r\n"
        );
        wanted.format = Format::Ndjson;
        wanted.fields.truncate(2);
        assert_eq!(
            lines(&written(&app, &app.alpha, &wanted).await),
            [json!({"lastName": "Zweite", "account": {"name": "=cmd()|' /C calc'!A0"}})]
        );
        let mut every = request("accounts", Format::Ndjson);
        let living = lines(&written(&app, &app.alpha, &every).await).len();
        every.deleted = DeletedMode::Include;
        assert_eq!(lines(&written(&app, &app.alpha, &every).await).len(), living + 1);
    })
    .await;
}

#[tokio::test]
async fn what_cannot_be_exported_is_told_before_anything_is_written() {
    both(|app| async move {
        for (resource, fields, filter, text) in [
            ("acount", vec![], None, "did you mean \"account\"?"),
            ("account", vec!["nmae"], None, "did you mean \"name\"?"),
            ("account", vec!["name", "name"], None, "twice"),
            ("contact", vec!["acount.name"], None, "did you mean \"account\"?"),
            ("contact", vec!["interactions.id"], None, "no to-one relation"),
            ("apiKey", vec!["secretHash"], None, "no field"),
            ("account", vec![], Some(json!({"nmae": {"eq": "x"}})), "nmae"),
        ] {
            let fields = fields.into_iter().map(str::to_owned).collect();
            let request = ExportRequest { fields, filter, ..request(resource, Format::Csv) };
            let Err(error) = ExportPlan::new(&app.registry, &app.alpha.context, &request) else { panic!("{resource} was exported") };
            assert!(error.detail().contains(text), "{}", error.detail());
        }
    })
    .await;
}

#[tokio::test]
async fn pages_follow_one_another() {
    both(|app| async move {
        let file = (0..1_005).map(|number| format!("{number},Firma {number}\n")).collect::<String>();
        let mapping =
            "[[record]]\nresource = \"account\"\nkey = { system = \"erp\", column = \"number\" }\n[record.fields]\nname = \"name\"\n";
        let (outcome, _) = import(&app, mapping, format!("number,name\n{file}"), Mode::Each).await;
        assert_eq!(counts(&outcome, "account")[0], 1_005);
        let exported = lines(&written(&app, &app.alpha, &request("account", Format::Ndjson)).await);
        let mut names: Vec<&str> = exported.iter().filter_map(|record| record["name"].as_str()).collect();
        assert!(exported.is_sorted_by_key(|record| record["id"].as_str().unwrap()));
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.iter().filter(|name| name.starts_with("Firma ")).count(), 1_005);
        assert_eq!(names.len(), exported.len());
    })
    .await;
}

async fn read_back(app: &TestApp, client: &Client, request: &ExportRequest, file: String) -> (Outcome, Vec<Problem>) {
    let mapping = ExportPlan::new(&app.registry, &app.alpha.context, request).unwrap().mapping().unwrap();
    import_from(app, client, &mapping, Arc::new(Bytes(file.into_bytes())), Mode::Each).await
}

#[tokio::test]
async fn reading_an_export_back_changes_nothing() {
    both(|app| async move {
        for def in app.registry.resources().iter().filter(|def| app.registry.is_upsertable(def)) {
            for fill in [Fill::Everything, Fill::Required] {
                app.factory(&app.alpha).create(def, fill).await;
            }
            for format in [Format::Csv, Format::Ndjson] {
                let request = request(&def.name, format);
                let file = written(&app, &app.alpha, &request).await;
                let (outcome, problems) = read_back(&app, &app.alpha, &request, file.clone()).await;
                assert_eq!(problems, [], "{} {file}", def.name);
                let [created, updated, unchanged, refused] = counts(&outcome, &def.name);
                assert!(unchanged >= 2, "{}: {unchanged}", def.name);
                assert_eq!([created, updated, refused], [0, 0, 0], "{} {file}", def.name);
            }
        }
    })
    .await;
}

#[tokio::test]
async fn what_one_tenant_exports_another_can_have() {
    both(|app| async move {
        let parent = app
            .alpha
            .post("/v1/accounts", &json!({"name": "'=Apostrophe", "tags": ["a,b", "[x", "c"], "description": " two\nlines, \"quoted\" "}))
            .await;
        let parent = parent.expect(201);
        let first = app
            .alpha
            .post("/v1/accounts", &json!({"name": "-12 °C GmbH", "creditLimit": {"amount": "-1234.50", "currency": "EUR"}}))
            .await
            .expect(201);
        // The child comes before its parent in the file.
        app.alpha.patch(&format!("/v1/accounts/{}", parent["id"].as_str().unwrap()), &json!({"parentId": first["id"]})).await.expect(200);
        for (format, created) in [(Format::Csv, 2), (Format::Ndjson, 0)] {
            let request = request("account", format);
            let file = written(&app, &app.alpha, &request).await;
            let (outcome, problems) = read_back(&app, &app.beta, &request, file).await;
            assert_eq!(problems, []);
            assert_eq!(counts(&outcome, "account"), [created, 0, 2 - created, 0]);
            for id in [&parent["id"], &first["id"]] {
                let path = format!("/v1/accounts/{}", id.as_str().unwrap());
                let (mut one, mut other) = (app.alpha.get(&path).await.expect(200), app.beta.get(&path).await.expect(200));
                for system in ["version", "createdAt", "createdBy", "updatedAt", "updatedBy"] {
                    one[system].take();
                    other[system].take();
                }
                assert_eq!(one, other);
            }
        }
    })
    .await;
}
