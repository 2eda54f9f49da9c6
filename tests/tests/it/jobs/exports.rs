//! Exports.

use super::{fates, make, send, work};
use clientela_testkit::both;
use clientela_testkit::factory::{Fill, text};
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn an_export_is_a_file_for_a_week() {
    both(|app| async move {
        for name in ["=cmd()", "Alfreds", "-1"] {
            app.alpha.post("/v1/accounts", &json!({ "name": name, "country": "AT" })).await.expect(201);
        }
        app.alpha.post("/v1/accounts", &json!({ "name": "Elsewhere", "country": "DE" })).await.expect(201);
        let asked = json!({ "resource": "account", "fields": "name, country", "filter": "{\"country\": {\"eq\": \"AT\"}}" });
        let id = make(&app.alpha, "/v1/exports", asked.clone()).await;
        let path = format!("/v1/exports/{id}");
        app.alpha.get(&format!("{path}/content")).await.refused(404, "NOT_FOUND");
        assert_eq!(work(&app).await, 1);
        let done = app.alpha.get(&path).await.expect(200);
        assert_eq!((&done["state"], &done["recordsWritten"]), (&json!("SUCCEEDED"), &json!(3)), "{done}");
        let file = app.alpha.get(&format!("{path}/content")).await;
        let whole = file.text();
        let mut lines: Vec<&str> = whole.split_inclusive("\r\n").collect();
        assert_eq!(lines.remove(0), "name,country\r\n");
        // Made within a millisecond, they come in the order of chance.
        lines.sort_unstable();
        assert_eq!(lines, ["'-1,AT\r\n", "'=cmd(),AT\r\n", "Alfreds,AT\r\n"]);
        assert_eq!(file.header("content-type"), Some("text/csv"));
        let day = app.engine.clock().now().date().to_text();
        assert_eq!(file.header("content-disposition"), Some(format!("attachment; filename=\"accounts-{day}.csv\"").as_str()));
        assert_eq!(file.header("content-length"), Some(file.text().len().to_string().as_str()));
        app.beta.get(&format!("{path}/content")).await.refused(404, "NOT_FOUND");
        assert_eq!(app.reader.get(&format!("{path}/content")).await.status, 200);
        app.worker.upkeep().await.unwrap();
        assert_eq!(app.alpha.get(&format!("{path}/content")).await.status, 200, "the file went before its time");
        // The credentials of a test end before the file does.
        let query = format!("{path}/content");
        app.clock.advance(8 * 86_400_000);
        app.worker.upkeep().await.unwrap();
        app.clock.advance(-8 * 86_400_000);
        app.alpha.get(&query).await.refused(404, "NOT_FOUND");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_exported_is_said_at_once() {
    both(|app| async move {
        for (asked, pointer) in [
            (json!({ "resource": "acount" }), "/resource"),
            (json!({ "resource": "account", "fields": "nmae" }), "/fields"),
            (json!({ "resource": "account", "filter": "{\"nmae\": {\"eq\": \"x\"}}" }), "/filter"),
            (json!({ "resource": "account", "filter": "{" }), "/filter"),
        ] {
            let answer = app.alpha.post("/v1/exports", &asked).await.refused(422, "VALIDATION_FAILED");
            assert_eq!(answer["errors"][0]["pointer"], pointer, "{answer}");
        }
    })
    .await;
}

/// The media type of spreadsheets.
const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// The media type of Parquet files.
const PARQUET: &str = "application/vnd.apache.parquet";

/// Every resource that can be imported, in every format: the file of an export, imported by its mapping, changes nothing.
#[tokio::test(flavor = "multi_thread")]
async fn an_export_that_is_imported_again_changes_nothing() {
    both(|app| async move {
        for def in app.registry.resources().to_vec().iter().filter(|def| app.registry.is_upsertable(def)) {
            for fill in [Fill::Everything, Fill::Required] {
                app.factory(&app.alpha).create(def, fill).await;
            }
            for (format, media_type) in [("CSV", "text/csv"), ("NDJSON", "application/x-ndjson"), ("XLSX", XLSX), ("PARQUET", PARQUET)] {
                let export = make(&app.alpha, "/v1/exports", json!({ "resource": def.path, "format": format })).await;
                work(&app).await;
                let export = format!("/v1/exports/{export}");
                let mapping = text(&app.alpha.get(&export).await.expect(200), "mappingText");
                let file = app.alpha.get(&format!("{export}/content")).await;
                assert_eq!((file.status, file.header("content-type")), (200, Some(media_type)));
                let import = make(&app.alpha, "/v1/imports", json!({ "mappingText": mapping })).await;
                let import = format!("/v1/imports/{import}");
                send(&app.alpha, &import, media_type, file.bytes.clone()).await.expect(202);
                work(&app).await;
                let done = app.alpha.get(&import).await.expect(200);
                let [created, updated, unchanged, refused] = fates(&done);
                assert_eq!((&done["state"], [created, updated, refused]), (&json!("SUCCEEDED"), [0, 0, 0]), "{}: {done}", def.name);
                assert!(unchanged >= 2, "{}: {done}", def.name);
            }
        }
    })
    .await;
}

/// A Parquet file is looked through before its first row is used: of a damaged one nothing is written, and the import says why.
#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_parquet_file_leaves_nothing_behind() {
    both(|app| async move {
        for (name, limit) in
            [("Alfreds \"Futterkiste\", Berlin", json!({ "amount": "-1234.50", "currency": "EUR" })), ("Zweite", json!(null))]
        {
            app.alpha.post("/v1/accounts", &json!({ "name": name, "creditLimit": limit, "employees": 12 })).await.expect(201);
        }
        let asked = json!({ "resource": "account", "fields": "id,name,creditLimit,employees,createdAt,tags", "format": "PARQUET" });
        let export = format!("/v1/exports/{}", make(&app.alpha, "/v1/exports", asked).await);
        work(&app).await;
        let mapping = text(&app.alpha.get(&export).await.expect(200), "mappingText");
        let file = app.alpha.get(&format!("{export}/content")).await.bytes.to_vec();
        assert!(file.starts_with(b"PAR1") && file.ends_with(b"PAR1"));
        let torn = [&file[..40], &file[60..]].concat();
        let lying = [file[..file.len() - 8].to_vec(), vec![0xff, 0xff, 0xff, 0x7f], b"PAR1".to_vec()].concat();
        let cases = [
            (file[..file.len() - 1].to_vec(), json!(null), "cannot be read"),
            (lying, json!(null), "cannot be read"),
            (torn, json!(null), "cannot be read"),
            (b"id,name\n".to_vec(), json!("PARQUET"), "does not begin with PAR1"),
            (file.clone(), json!("CSV"), "and not of the format"),
        ];
        let before = app.alpha.get("/v1/changes?limit=1000&resources=account").await.expect(200);
        for (bytes, format, said) in cases {
            // Whoever names a format means it, and the mapping of the export does.
            let mapping = if format == json!("CSV") { mapping.replace("parquet", "csv") } else { mapping.clone() };
            let import = make(&app.beta, "/v1/imports", json!({ "mappingText": mapping, "format": format })).await;
            let import = format!("/v1/imports/{import}");
            send(&app.beta, &import, PARQUET, bytes).await.expect(202);
            work(&app).await;
            let done = app.beta.get(&import).await.expect(200);
            assert_eq!((&done["state"], &done["rowsRead"]), (&json!("FAILED"), &json!(0)), "{done}");
            assert!(done["failure"].as_str().unwrap_or_default().contains(said), "{done}");
        }
        assert_eq!(app.alpha.get("/v1/changes?limit=1000&resources=account").await.expect(200)["data"], before["data"]);
        assert_eq!(app.beta.get("/v1/accounts").await.expect(200)["data"], json!([]));
        // And whole it makes in another tenant what it was made of.
        let import = make(&app.beta, "/v1/imports", json!({ "mappingText": mapping })).await;
        send(&app.beta, &format!("/v1/imports/{import}"), PARQUET, file).await.expect(202);
        work(&app).await;
        let made = app.beta.get("/v1/accounts?sort=name").await.expect(200)["data"].clone();
        assert_eq!((&made[0]["creditLimit"], &made[1]["creditLimit"]), (&json!({ "amount": "-1234.50", "currency": "EUR" }), &json!(null)));
        assert_eq!((&made[0]["name"], &made[0]["employees"]), (&json!("Alfreds \"Futterkiste\", Berlin"), &json!(12)), "{made}");
    })
    .await;
}
