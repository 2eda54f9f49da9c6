//! Imports.

use super::{MAPPING, fates, make, rows, send, work};
use clientela_testkit::both;
use clientela_testkit::factory::text;
use serde_json::{Value as Json, json};

#[tokio::test(flavor = "multi_thread")]
async fn few_rows_go_with_the_import_and_a_second_time_change_nothing() {
    both(|app| async move {
        for expected in [[2, 0, 0, 1], [0, 0, 2, 1]] {
            let id = make(&app.alpha, "/v1/imports", rows("number,name,country\n1,Alfreds,DE\n2,Berglund,Sweden\n3,Centro,MX\n")).await;
            let path = format!("/v1/imports/{id}");
            assert_eq!(app.alpha.get(&path).await.expect(200)["state"], "QUEUED");
            assert_eq!(work(&app).await, 1);
            let done = app.alpha.get(&path).await.expect(200);
            assert_eq!((&done["state"], &done["rowsRead"], &done["rowsRefused"]), (&json!("SUCCEEDED"), &json!(3), &json!(1)), "{done}");
            assert_eq!(fates(&done), expected, "{done}");
            let problems = format!("/v1/import-problems?filter[importId][eq]={id}");
            let problems = app.alpha.get(&problems).await.expect(200);
            assert_eq!(problems["data"].as_array().map(Vec::len), Some(1), "{problems}");
            let problem = &problems["data"][0];
            assert_eq!((&problem["rowNumber"], &problem["lineNumber"]), (&json!(2), &json!(3)));
            assert_eq!((&problem["field"], &problem["given"]), (&json!("country"), &json!("Sweden")), "{problem}");
            let query = "query($id: ID!) { import(id: $id) { state problems { nodes { rowNumber code } } } }";
            let seen = app.alpha.graphql(query, json!({ "id": id })).await.data();
            assert_eq!(seen["import"]["problems"]["nodes"][0]["rowNumber"], 2, "{seen}");
        }
        let made = app.alpha.get("/v1/accounts/by/erp/1").await.expect(200);
        assert_eq!((&made["name"], &made["createdBy"]), (&json!("Alfreds"), &json!(app.alpha.context.actor.to_text())));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_sent_to_an_import_that_waits_for_it_once() {
    both(|app| async move {
        let saved = json!({ "name": "Old system", "text": MAPPING });
        let saved = app.alpha.post("/v1/import-mappings", &saved).await.expect(201);
        assert_eq!(saved["resources"], json!(["account"]));
        let query =
            "mutation { createImport(input: { mappingName: \"Old system\" }) { import { id state mappingId } userErrors { message } } }";
        let made = app.alpha.graphql(query, json!({})).await.data();
        let made = &made["createImport"]["import"];
        assert_eq!((&made["state"], &made["mappingId"]), (&json!("WAITING"), &saved["id"]));
        let path = format!("/v1/imports/{}", text(made, "id"));
        assert_eq!(work(&app).await, 0, "an import without rows was taken up");
        // Larger than a piece, so that it is kept in several.
        let file = (0..30_000).map(|number| format!("{number},Firma mit einem längeren Namen {number},AT\n")).collect::<String>();
        let file = format!("number,name,country\n{file}");
        send(&app.alpha, &path, "text/html", file.clone()).await.refused(415, "UNSUPPORTED_MEDIA_TYPE");
        send(&app.beta, &path, "text/csv", file.clone()).await.refused(404, "NOT_FOUND");
        send(&app.reader, &path, "text/csv", file.clone()).await.refused(403, "FORBIDDEN");
        let small = "number,name,country\n7,Sieben,AT\n8,Acht,AT\n";
        let sent = send(&app.alpha, &path, "text/csv; charset=utf-8", small).await;
        assert_eq!(sent.header("location"), Some(path.as_str()));
        let sent = sent.expect(202);
        assert_eq!((&sent["state"], &sent["format"], &sent["contentBytes"]), (&json!("QUEUED"), &json!("CSV"), &json!(small.len())));
        send(&app.alpha, &path, "text/csv", "again").await.refused(422, "VALIDATION_FAILED");
        let large = make(&app.alpha, "/v1/imports", json!({ "mappingId": saved["id"], "writing": "DRY_RUN" })).await;
        let large = format!("/v1/imports/{large}");
        // Only the first rows are good: the file is read to its end nevertheless.
        let cut = file.len() / 12;
        let cut = (cut..).find(|place| file.is_char_boundary(*place)).unwrap();
        send(&app.alpha, &large, "text/csv", file[..cut].to_owned() + &"\n".repeat(1_500_000)).await.expect(202);
        assert_eq!(work(&app).await, 2);
        let done = app.alpha.get(&path).await.expect(200);
        assert_eq!((&done["state"], fates(&done)), (&json!("SUCCEEDED"), [2, 0, 0, 0]), "{done}");
        let tried = app.alpha.get(&large).await.expect(200);
        assert_eq!(tried["state"], "SUCCEEDED", "{tried}");
        assert!(tried["recordsCreated"].as_i64().unwrap() > 2_000, "{tried}");
        app.alpha.get("/v1/accounts/by/erp/100").await.refused(404, "NOT_FOUND");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_used_is_said_when_the_import_is_made() {
    both(|app| async move {
        let refused = |answer: Json, pointer: &str, text: &str| {
            let error = &answer["errors"][0];
            assert_eq!(error["pointer"], pointer, "{answer}");
            assert!(error["detail"].as_str().unwrap().contains(text), "{answer}");
        };
        for (body, pointer, text) in [
            (json!({}), "/mappingText", "at least one of"),
            (json!({ "mappingText": "[[record]" }), "/mappingText", "cannot be read"),
            (json!({ "mappingText": MAPPING.replace("account", "acount") }), "/mappingText", "acount"),
            (json!({ "mappingText": MAPPING.replace("fields.name", "fields.nmae") }), "/mappingText", "nmae"),
            (json!({ "mappingName": "nobody's" }), "/mappingName", "there is not"),
        ] {
            let answer = app.alpha.post("/v1/imports", &body).await.refused(422, "VALIDATION_FAILED");
            refused(answer, pointer, text);
        }
        let answer =
            app.alpha.post("/v1/import-mappings", &json!({ "name": "x", "text": "nothing" })).await.refused(422, "VALIDATION_FAILED");
        refused(answer, "/text", "cannot be used");
        // The file is no business of the import's maker before it is read.
        let id = make(&app.alpha, "/v1/imports", rows("nummer,name,country\n1,x,DE\n")).await;
        assert_eq!(work(&app).await, 1);
        let done = app.alpha.get(&format!("/v1/imports/{id}")).await.expect(200);
        assert_eq!((&done["state"], &done["failureCode"]), (&json!("FAILED"), &json!("VALIDATION_FAILED")));
        assert!(done["failure"].as_str().unwrap().contains("no column \"number\""), "{done}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_is_called_off_before_it_begins_and_all_or_nothing_is_that() {
    both(|app| async move {
        let id = make(&app.alpha, "/v1/imports", rows("number,name,country\n1,x,DE\n")).await;
        let path = format!("/v1/imports/{id}");
        app.beta.post(&format!("{path}/cancel"), &json!({})).await.refused(404, "NOT_FOUND");
        let cancelled = app.alpha.post(&format!("{path}/cancel"), &json!({ "reason": "The wrong file" })).await.expect(200);
        assert_eq!(cancelled["import"]["state"], "CANCELLED");
        assert_eq!(work(&app).await, 0);
        app.alpha.post(&format!("{path}/cancel"), &json!({})).await.refused(422, "VALIDATION_FAILED");
        let mut atomic = rows("number,name,country\n1,x,DE\n2,y,Nowhere\n");
        atomic["writing"] = json!("ATOMIC");
        let id = make(&app.alpha, "/v1/imports", atomic).await;
        assert_eq!(work(&app).await, 1);
        let done = app.alpha.get(&format!("/v1/imports/{id}")).await.expect(200);
        assert_eq!(done["state"], "FAILED", "{done}");
        app.alpha.get("/v1/accounts/by/erp/1").await.refused(404, "NOT_FOUND");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_runs_with_the_rights_of_whoever_made_it_as_they_are_then() {
    both(|app| async move {
        let user = json!({ "name": "Leaves soon", "email": "leaves@alpha.example" });
        let key = app.alpha.post("/v1/api-keys", &json!({ "name": "import" })).await.expect(201);
        app.alpha.post("/v1/users", &user).await.expect(201);
        let program = app.alpha.with_token(key["secret"].as_str());
        let [kept, lost] = [1, 2].map(|number| rows(&format!("number,name,country\n{number},By a program,DE\n")));
        let first = make(&program, "/v1/imports", kept).await;
        assert_eq!(work(&app).await, 1);
        let made = app.alpha.get("/v1/accounts/by/erp/1").await.expect(200);
        assert_eq!(made["createdBy"], key["id"]);
        assert_eq!(app.alpha.get(&format!("/v1/imports/{first}")).await.expect(200)["state"], "SUCCEEDED");
        let second = make(&program, "/v1/imports", lost).await;
        let revoked = json!({ "revokedAt": "2026-02-25T00:00:00Z" });
        app.alpha.patch(&format!("/v1/api-keys/{}", text(&key, "id")), &revoked).await.expect(200);
        assert_eq!(work(&app).await, 1);
        let done = app.alpha.get(&format!("/v1/imports/{second}")).await.expect(200);
        assert_eq!((&done["state"], &done["failureCode"]), (&json!("FAILED"), &json!("FORBIDDEN")), "{done}");
        app.alpha.get("/v1/accounts/by/erp/2").await.refused(404, "NOT_FOUND");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_makes_duplicates_where_it_is_told_to() {
    both(|app| async move {
        let rule = json!({ "name": "Refuse", "partyKind": "ORGANIZATION", "atCreation": "REFUSE" });
        app.alpha.post("/v1/duplicate-rules", &rule).await.expect(201);
        let there = json!({ "name": "Bergkäserei Tirol GmbH", "country": "AT", "phone": "0512 555010" });
        app.alpha.post("/v1/accounts", &there).await.expect(201);
        let mut asked = rows("number,name,country,phone\n1,Bergkaserei Tirol AG,AT,+43 512 555 010\n");
        asked["mappingText"] = json!(format!("{MAPPING}fields.phone = \"phone\"\n"));
        let refused = make(&app.alpha, "/v1/imports", asked.clone()).await;
        assert_eq!(work(&app).await, 1);
        asked["allowDuplicates"] = json!(true);
        let query = "mutation($input: CreateImportInput!) { createImport(input: $input) { import { id allowDuplicates } } }";
        let made = app.alpha.graphql(query, json!({ "input": asked })).await.data()["createImport"]["import"].clone();
        assert_eq!(made["allowDuplicates"], json!(true), "{made}");
        assert_eq!(work(&app).await, 1);
        for (id, expected) in [(refused, [0, 0, 0, 1]), (text(&made, "id"), [1, 0, 0, 0])] {
            let done = app.alpha.get(&format!("/v1/imports/{id}")).await.expect(200);
            assert_eq!((&done["state"], fates(&done)), (&json!("SUCCEEDED"), expected), "{done}");
        }
        let problems = app.alpha.get("/v1/import-problems").await.expect(200);
        assert_eq!(problems["data"][0]["code"], "DUPLICATE_FOUND", "{problems}");
    })
    .await;
}
