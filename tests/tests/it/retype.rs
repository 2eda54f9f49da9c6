//! A custom field of another type keeps its values, under another name too; one that is erased leaves none.

use crate::jobs::work;
use crate::person::dump;
use crate::rights::{make, role, user};
use clientela_store::Dialect;
use clientela_testkit::factory::text;
use clientela_testkit::{TestApp, both};
use sea_orm::{ConnectionTrait as _, Statement};
use serde_json::{Value as Json, json};

/// A text field of accounts with these values, the last of a deleted account.
async fn field(app: &TestApp, extra: Json, values: &[&str]) -> (String, Vec<String>) {
    let mut body = json!({ "resource": "account", "name": "grade", "label": "Grade", "type": "TEXT", "indexed": true });
    body.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    let id = text(&app.alpha.post("/v1/custom-fields", &body).await.expect(201), "id");
    let mut accounts = Vec::new();
    for (number, value) in values.iter().enumerate() {
        accounts.push(make(app, "accounts", json!({ "name": format!("A{number}"), "custom": { "grade": value } })).await);
    }
    if let Some(last) = accounts.last() {
        app.alpha.delete(&format!("/v1/accounts/{last}")).await.expect(204);
    }
    (id, accounts)
}

async fn grade(app: &TestApp, account: &str) -> Json {
    app.alpha.get(&format!("/v1/accounts/{account}?deleted=include")).await.expect(200)["custom"]["grade"].clone()
}

/// How many indexes of a key stand in the database.
async fn indexes(app: &TestApp, key: &str) -> i64 {
    let connection = app.store.migration_connection().await.unwrap();
    let statement = match app.store.dialect() {
        Dialect::Postgres => format!("SELECT count(*) AS n FROM pg_class WHERE relkind = 'i' AND relname LIKE 'custom_{key}_%'"),
        Dialect::Sqlite => format!("SELECT count(*) AS n FROM sqlite_master WHERE type = 'index' AND name LIKE 'custom_{key}_%'"),
    };
    let statement = Statement::from_string(connection.get_database_backend(), statement);
    let row = connection.query_one_raw(statement).await.unwrap().unwrap();
    connection.close().await.unwrap();
    row.try_get::<i64>("", "n").unwrap()
}

/// Everything that stands in the database.
async fn everything(app: &TestApp) -> String {
    let connection = app.store.migration_connection().await.unwrap();
    let all = dump(&connection, app.store.dialect()).await;
    connection.close().await.unwrap();
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn values_become_others_and_what_does_not_fit_is_told_first() {
    both(|app| async move {
        let (id, accounts) = field(&app, json!({}), &["7", " 12 ", "about twelve", "3"]).await;
        let path = format!("/v1/custom-fields/{id}");
        let key = text(&app.alpha.get(&path).await.expect(200), "key");
        assert_eq!(indexes(&app, &key).await, 1);
        let wanted = json!({ "type": "INTEGER", "minimum": 0 });
        let preview = app.alpha.post(&format!("{path}/preview-retype"), &wanted).await.expect(200);
        assert_eq!((&preview["holding"], &preview["converting"], &preview["failing"]), (&json!(4), &json!(3), &json!(1)), "{preview}");
        assert_eq!((&preview["failures"][0]["record"], &preview["failures"][0]["value"]), (&json!(accounts[2]), &json!("about twelve")));
        let refused = app.alpha.post(&format!("{path}/retype"), &wanted).await.refused(422, "VALIDATION_FAILED");
        assert!(refused["errors"][0]["detail"].as_str().unwrap().contains(&accounts[2]), "{refused}");
        assert_eq!(grade(&app, &accounts[0]).await, json!("7"), "nothing has changed");
        let before = app.alpha.get(&format!("/v1/accounts/{}", accounts[0])).await.expect(200);
        let clearing = json!({ "type": "INTEGER", "minimum": 0, "onFailure": "CLEAR" });
        let tried = app.alpha.post(&format!("{path}/retype?dryRun=true"), &clearing).await.expect(200);
        assert_eq!((&tried["converted"], &tried["cleared"]), (&json!(3), &json!(1)));
        assert_eq!(grade(&app, &accounts[0]).await, json!("7"), "it was only tried");
        let done = app.alpha.post(&format!("{path}/retype"), &clearing).await.expect(200);
        assert_eq!((&done["holding"], &done["converted"], &done["cleared"]), (&json!(4), &json!(3), &json!(1)), "{done}");
        assert_eq!(done["customField"]["type"], json!("INTEGER"));
        for (account, value) in accounts.iter().zip([json!(7), json!(12), Json::Null, json!(3)]) {
            assert_eq!(grade(&app, account).await, value, "{account}");
        }
        let found = app.alpha.get("/v1/accounts?filter[custom][grade][gte]=8&fields=name").await.expect(200);
        assert_eq!(found["data"].as_array().map(Vec::len), Some(1), "{found}");
        let after = app.alpha.get(&format!("/v1/accounts/{}", accounts[0])).await.expect(200);
        assert_eq!(after["version"].as_i64(), before["version"].as_i64().map(|version| version + 1));
        let history = app.alpha.get(&format!("/v1/accounts/{}/history", accounts[0])).await.expect(200);
        assert!(!history.to_string().contains("Before"), "{history}");
        app.alpha.patch(&format!("/v1/accounts/{}", accounts[2]), &json!({ "custom": { "grade": "x" } })).await.refused(422, "VALIDATION_FAILED");
        app.alpha.patch(&format!("/v1/accounts/{}", accounts[2]), &json!({ "custom": { "grade": 40 } })).await.expect(200);
        let fresh = text(&app.alpha.get(&path).await.expect(200), "key");
        assert_ne!(fresh, key);
        assert_eq!((indexes(&app, &key).await, indexes(&app, &fresh).await), (0, 1), "the index went over");
        app.alpha.post(&format!("{path}/retype"), &json!({ "type": "DECIMAL", "maximum": 40 })).await.expect(200);
        assert_eq!(grade(&app, &accounts[2]).await, json!("40"));
        // And back, through a choice, by GraphQL too.
        let mutation = "mutation($input: RetypeFieldInput!) { retypeField(input: $input) { converted customField { type options } userErrors { code message } } }";
        let input = json!({ "id": id, "type": "CHOICE", "options": ["LOW=7", "MIDDLE=12", "HIGH=40", "LEAST=3"] });
        let answer = app.alpha.graphql(mutation, json!({ "input": input })).await.data();
        assert_eq!(answer["retypeField"]["converted"], json!(4), "{answer}");
        assert_eq!(grade(&app, &accounts[1]).await, json!("MIDDLE"));
        app.alpha.post(&format!("{path}/retype"), &json!({ "type": "TEXT" })).await.expect(200);
        assert_eq!(grade(&app, &accounts[0]).await, json!("LOW"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_does_it_where_many_hold_a_value_and_until_then_nothing_changes() {
    both(|app| async move {
        let (id, accounts) = field(&app, json!({}), &["7", "12", "about twelve", "3"]).await;
        let (path, retype) = (format!("/v1/custom-fields/{id}"), format!("/v1/custom-fields/{id}/retype"));
        let mut wanted = json!({ "type": "INTEGER", "inBackground": true });
        let refused = app.alpha.post(&retype, &wanted).await.refused(422, "VALIDATION_FAILED");
        assert!(refused["errors"][0]["detail"].as_str().unwrap().contains(&accounts[2]), "what does not fit is told at once: {refused}");
        wanted["onFailure"] = json!("CLEAR");
        let asked = app.alpha.post(&retype, &wanted).await.expect(200);
        assert_eq!((&asked["holding"], &asked["converted"], &asked["cleared"]), (&json!(4), &json!(3), &json!(1)), "{asked}");
        assert_eq!((&asked["customField"]["type"], &asked["retyping"]["newType"]), (&json!("TEXT"), &json!("INTEGER")), "{asked}");
        assert_eq!(grade(&app, &accounts[0]).await, json!("7"), "nothing has changed yet");
        // Called off, it leaves nothing.
        let job = text(&asked["retyping"], "jobId");
        app.alpha.post(&format!("/v1/jobs/{job}/cancel"), &json!({ "reason": "Not today" })).await.expect(200);
        assert_eq!(work(&app).await, 0);
        assert_eq!(grade(&app, &accounts[0]).await, json!("7"));
        // Asked for again, by GraphQL too, it is done.
        let mutation = "mutation($input: RetypeFieldInput!) { retypeField(input: $input) { retyping { id job { kind state } } userErrors { code message } } }";
        let input = json!({ "id": id, "type": "INTEGER", "onFailure": "CLEAR", "inBackground": true });
        let answer = app.alpha.graphql(mutation, json!({ "input": input })).await.data();
        assert_eq!(answer["retypeField"]["retyping"]["job"], json!({ "kind": "retyping", "state": "QUEUED" }), "{answer}");
        let before = app.alpha.get(&format!("/v1/accounts/{}", accounts[0])).await.expect(200);
        assert_eq!(work(&app).await, 1);
        let retyping = format!("/v1/retypings/{}?expand=job", answer["retypeField"]["retyping"]["id"].as_str().unwrap());
        let done = app.alpha.get(&retyping).await.expect(200);
        assert_eq!((&done["job"]["state"], &done["converted"], &done["cleared"]), (&json!("SUCCEEDED"), &json!(3), &json!(1)), "{done}");
        assert_eq!(app.alpha.get(&path).await.expect(200)["type"], json!("INTEGER"));
        for (account, value) in accounts.iter().zip([json!(7), json!(12), Json::Null, json!(3)]) {
            assert_eq!(grade(&app, account).await, value, "{account}");
        }
        let after = app.alpha.get(&format!("/v1/accounts/{}", accounts[0])).await.expect(200);
        assert_eq!(after["version"].as_i64(), before["version"].as_i64().map(|version| version + 1));
        // What came meanwhile and does not fit is not lost: the job fails whole, and says by what.
        let choice = json!({ "type": "CHOICE", "options": ["LOW=7", "MIDDLE=12", "LEAST=3"], "inBackground": true });
        let asked = app.alpha.post(&retype, &choice).await.expect(200);
        app.alpha.patch(&format!("/v1/accounts/{}", accounts[2]), &json!({ "custom": { "grade": 99 } })).await.expect(200);
        assert_eq!(work(&app).await, 1);
        let job = app.alpha.get(&format!("/v1/jobs/{}", text(&asked["retyping"], "jobId"))).await.expect(200);
        assert_eq!((&job["state"], &job["failureCode"]), (&json!("FAILED"), &json!("VALIDATION_FAILED")), "{job}");
        assert!(job["failure"].as_str().unwrap().contains(&accounts[2]), "{job}");
        assert_eq!((grade(&app, &accounts[0]).await, grade(&app, &accounts[2]).await), (json!(7), json!(99)));
        // Administrators alone see them.
        let works = role(&app, "works", &[("*", "*", "ALL")]).await;
        let (_, worker) = user(&app, "worker", &[&works]).await;
        assert!(worker.get("/v1/retypings").await.status >= 403);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_unique_field_stays_unique_and_only_administrators_retype() {
    both(|app| async move {
        let (id, accounts) = field(&app, json!({ "unique": true, "indexed": false }), &["1", "01", "2", "1x"]).await;
        let path = format!("/v1/custom-fields/{id}/retype");
        let preview = app.alpha.post(&format!("/v1/custom-fields/{id}/preview-retype"), &json!({ "type": "INTEGER" })).await.expect(200);
        assert_eq!(preview["failing"], json!(2), "{preview}");
        let failing: Vec<&Json> = preview["failures"].as_array().unwrap().iter().map(|failure| &failure["record"]).collect();
        // Of two that would be the same the one with the later id; made in one millisecond, either may have it.
        let one_of_two = failing.contains(&&json!(accounts[0])) != failing.contains(&&json!(accounts[1]));
        assert!(one_of_two && failing.contains(&&json!(accounts[3])), "{preview}");
        app.alpha.post(&path, &json!({ "type": "INTEGER", "onFailure": "CLEAR" })).await.expect(200);
        let taken = app.alpha.post("/v1/accounts", &json!({ "name": "B", "custom": { "grade": 2 } })).await;
        taken.refused(409, "DUPLICATE");
        for wrong in
            [json!({ "type": "INTEGER" }), json!({ "type": "REFERENCE" }), json!({ "type": "CHOICE" }), json!({ "type": "BOOLEAN" })]
        {
            app.alpha.post(&path, &wrong).await.refused(422, "VALIDATION_FAILED");
        }
        let works = role(&app, "works", &[("*", "*", "ALL")]).await;
        let (_, worker) = user(&app, "worker", &[&works]).await;
        worker.post(&path, &json!({ "type": "TEXT" })).await.refused(403, "FORBIDDEN");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_name_keeps_the_values_and_an_erased_field_leaves_none() {
    both(|app| async move {
        let (id, accounts) = field(&app, json!({ "searched": true }), &["Kanariengelb", "Zinnober", "Purpur"]).await;
        let path = format!("/v1/custom-fields/{id}");
        let key = text(&app.alpha.get(&path).await.expect(200), "key");
        app.clock.advance(1_000);
        app.alpha.patch(&path, &json!({ "name": "color" })).await.expect(200);
        let account = format!("/v1/accounts/{}", accounts[0]);
        assert_eq!(app.alpha.get(&account).await.expect(200)["custom"], json!({ "color": "Kanariengelb" }));
        app.alpha.patch(&account, &json!({ "custom": { "color": "Kanariengrün" } })).await.expect(200);
        // A deleted field keeps everything, though not its index.
        app.clock.advance(1_000);
        app.alpha.delete(&path).await.expect(204);
        assert_eq!(app.alpha.get(&account).await.expect(200).get("custom"), None);
        assert_eq!(indexes(&app, &key).await, 0);
        app.alpha.post(&format!("{path}/restore"), &json!({})).await.expect(200);
        assert_eq!(app.alpha.get(&account).await.expect(200)["custom"]["color"], json!("Kanariengrün"));
        assert_eq!(indexes(&app, &key).await, 1);
        // Another field that comes to have the first name keeps its values and its history.
        app.clock.advance(1_000);
        app.alpha
            .post("/v1/custom-fields", &json!({ "resource": "account", "name": "grade", "label": "Grade", "type": "TEXT" }))
            .await
            .expect(201);
        app.alpha.patch(&account, &json!({ "custom": { "grade": "Erstklassig" } })).await.expect(200);
        assert_eq!(app.alpha.get("/v1/accounts/search?q=Kanarien*").await.status, 200);
        let tried = app.alpha.post(&format!("{path}/erase?dryRun=true"), &json!({})).await;
        assert!(tried.status < 300, "{}", tried.describe());
        assert_eq!(app.alpha.get(&account).await.expect(200)["custom"]["color"], json!("Kanariengrün"), "it was only tried");
        let erased = app.alpha.post(&format!("{path}/erase"), &json!({})).await;
        assert_eq!(erased.status, 204, "{}", erased.describe());
        assert_eq!(app.alpha.get(&account).await.expect(200)["custom"], json!({ "grade": "Erstklassig" }));
        let everything = everything(&app).await;
        for value in ["Kanariengelb", "Kanariengrün", "Zinnober", "Purpur"] {
            assert!(!everything.contains(value), "{value} is still there");
        }
        assert!(everything.contains("Erstklassig"));
        let found = app.alpha.get("/v1/accounts/search?q=Zinnober").await.expect(200);
        assert_eq!(found["data"], json!([]));
        assert_eq!(indexes(&app, &key).await, 0);
        let history = app.alpha.get(&format!("{account}/history")).await.expect(200);
        assert!(history.to_string().contains("Erstklassig"), "{history}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erased_object_takes_its_records_along() {
    both(|app| async move {
        crate::custom_objects::define(&app.alpha).await;
        let machine = make(&app, "custom/machines", json!({ "name": "Presse Nordwind", "custom": { "serial": "NW-1" } })).await;
        let gone = make(&app, "custom/machines", json!({ "name": "Mühle Südwind" })).await;
        app.alpha.delete(&format!("/v1/custom/machines/{gone}")).await.expect(204);
        make(&app, "notes", json!({ "recordId": machine, "body": "Klappert bei Ostwind" })).await;
        let contact = make(&app, "contacts", json!({ "lastName": "Liebhaber", "custom": { "favoriteId": machine } })).await;
        let objects = app.alpha.get("/v1/custom-objects?filter[name][eq]=machine").await.expect(200);
        let object = format!("/v1/custom-objects/{}", objects["data"][0]["id"].as_str().unwrap());
        app.alpha.delete(&object).await.expect(204);
        let erased = app.alpha.post(&format!("{object}/erase"), &json!({})).await;
        assert_eq!(erased.status, 204, "{}", erased.describe());
        let everything = everything(&app).await;
        for value in ["Nordwind", "Südwind", "Ostwind", "NW-1"] {
            assert!(!everything.contains(value), "{value} is still there");
        }
        app.alpha.get(&format!("/v1/contacts/{contact}")).await.expect(200);
        let fields = app.alpha.get("/v1/custom-fields?filter[resource][eq]=customMachine&deleted=include").await.expect(200);
        assert_eq!(fields["data"], json!([]));
        // The name is free.
        app.alpha.post("/v1/custom-objects", &json!({ "name": "machine", "label": "Machine" })).await.expect(201);
        assert_eq!(app.alpha.get("/v1/custom/machines").await.expect(200)["data"], json!([]));
    })
    .await;
}
