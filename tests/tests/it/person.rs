//! Everything about a person: exported whole, and erased so that no byte of it is left.

use clientela_model::{FieldDef, FieldType, Personal, ResourceDef, TextFormat};
use clientela_store::Dialect;
use clientela_testkit::factory::{Fill, changeable, text, writable};
use clientela_testkit::{Client, TestApp, both};
use http::Method;
use sea_orm::{ConnectionTrait as _, DatabaseConnection, Statement};
use serde_json::{Map, Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// Stands in every text of the person; nothing else holds it.
const CANARY: &str = "zqvkxjwqpyfzkq";

async fn create(client: &Client, path: &str, body: Json) -> Json {
    client.post(&format!("/v1/{path}"), &body).await.expect(201)
}

fn is_planted(field: &FieldDef) -> bool {
    match &field.kind {
        FieldType::Text { format, max } => {
            matches!(format, TextFormat::Plain | TextFormat::Email | TextFormat::Url | TextFormat::Domain) && *max >= 24
        }
        FieldType::TextSet { .. } => true,
        _ => false,
    }
}

fn canary(field: &FieldDef, number: usize) -> Json {
    match &field.kind {
        FieldType::TextSet { .. } => json!([format!("sku={CANARY}")]),
        FieldType::Text { format: TextFormat::Email, .. } => json!(format!("{CANARY}{number}@alp.example")),
        FieldType::Text { format: TextFormat::Url, .. } => json!(format!("https://alp.example/{CANARY}/{number}")),
        FieldType::Text { format: TextFormat::Domain, .. } => json!(format!("{CANARY}{number}.example")),
        _ => json!(format!("{CANARY} {number}")),
    }
}

/// A person with a record of everything that can belong to one, in all of whose texts the canary stands.
struct Planted {
    person: String,
    records: BTreeMap<String, String>,
}

/// The record that a reference of a new record is to name, where that makes it the person's.
fn own(planted: &Planted, field: &FieldDef) -> Option<String> {
    if let Some(reference) = field.reference() {
        return match reference.target.as_ref() {
            "party" | "contact" => Some(planted.person.clone()),
            other => planted.records.get(other).cloned(),
        };
    }
    field.any_reference().map(|_| planted.person.clone())
}

async fn plant(app: &TestApp) -> Planted {
    let contact = app.registry.resource("contact").unwrap();
    let mut planted = Planted { person: String::new(), records: BTreeMap::new() };
    let person = plant_one(app, &planted, contact, 0).await.expect("a contact holds canaries");
    planted.person.clone_from(&person);
    planted.records.insert("contact".to_owned(), person);
    let shared: BTreeSet<String> = app
        .registry
        .resources()
        .iter()
        .flat_map(|def| &def.fields)
        .filter_map(|field| field.reference().filter(|reference| reference.personal == Personal::Shared))
        .map(|reference| reference.target.to_string())
        .collect();
    // What is named comes before what names it, so it is gone through until nothing new comes.
    let mut number = 1;
    for _ in 0..4 {
        for def in app.registry.resources().to_vec().into_iter().filter(|def| def.creatable && def.name != "contact") {
            let names = writable(&def).any(|field| own(&planted, field).is_some());
            if planted.records.contains_key(def.name.as_ref()) || !(names || shared.contains(def.name.as_ref())) {
                continue;
            }
            number += 1;
            if let Some(id) = plant_one(app, &planted, &def, number).await {
                planted.records.insert(def.name.to_string(), id);
            }
        }
    }
    planted
}

/// Makes a record with canaries, and changes it once, so that the log holds some as well. Texts that a rule refuses are left as they are.
async fn plant_one(app: &TestApp, planted: &Planted, def: &Arc<ResourceDef>, number: usize) -> Option<String> {
    let factory = app.factory(&app.alpha);
    let mut body = factory.body(def, Fill::Everything).await;
    // An interaction is about the person by its participants; a meeting as well.
    let plain = body.clone();
    for field in writable(def) {
        if let Some(id) = own(planted, field).filter(|_| body.contains_key(field.name.as_ref()) || field.example == "null") {
            if def.face.is_none() || field.name == "contactId" {
                body.insert(field.name.to_string(), json!(id));
            }
        } else if is_planted(field) {
            body.insert(field.name.to_string(), canary(field, number));
        }
    }
    if def.name == "account" {
        body.insert("kind".to_owned(), json!("PERSON"));
        body.insert("contactId".to_owned(), json!(planted.person));
    }
    let names = |body: &Map<String, Json>| {
        writable(def).any(|field| own(planted, field).is_some_and(|id| body.get(field.name.as_ref()) == Some(&json!(id))))
    };
    let named = names(&body);
    let id = loop {
        let answer = app.alpha.post(&format!("/v1/{}", def.path), &Json::Object(body.clone())).await;
        if answer.status == 201 {
            break text(&answer.json(), "id");
        }
        let refused = answer.json();
        let mut dropped = false;
        for error in refused["errors"].as_array().into_iter().flatten() {
            let name = text(error, "pointer").trim_start_matches('/').split('/').next().unwrap_or_default().to_owned();
            dropped |= match plain.get(&name) {
                Some(value) if body.get(&name) != Some(value) => body.insert(name, value.clone()).is_some(),
                _ => body.remove(&name).is_some(),
            };
        }
        assert!(dropped, "{} cannot be planted: {}", def.name, answer.describe());
        if named && !names(&body) {
            // Rules let it name nobody of the kind: a view is shared with users, not with contacts. Made all the same, it would be somebody else's.
            return None;
        }
    };
    if def.updatable {
        let mut patch = Map::new();
        for field in changeable(def).filter(|field| is_planted(field) && body.get(field.name.as_ref()) == Some(&canary(field, number))) {
            patch.insert(field.name.to_string(), canary(field, number + 500));
        }
        let patched = app.alpha.patch(&format!("/v1/{}/{id}", def.path), &Json::Object(patch)).await;
        assert!(patched.status == 200 || patched.status == 422, "{}: {}", def.name, patched.describe());
    }
    Some(id)
}

/// Every row of every table as text.
pub(crate) async fn dump(connection: &DatabaseConnection, dialect: Dialect) -> String {
    let backend = connection.get_database_backend();
    let all = |text: String| async move {
        let rows = connection.query_all_raw(Statement::from_string(backend, text)).await.expect("a table can be read");
        rows.iter().map(|row| row.try_get_by_index::<Option<String>>(0).expect("a text").unwrap_or_default()).collect::<Vec<_>>()
    };
    let mut dump = String::new();
    match dialect {
        Dialect::Postgres => {
            for table in all("SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'".to_owned()).await {
                dump.push_str(&all(format!("SELECT t::text FROM {table} t")).await.join("\n"));
            }
        }
        Dialect::Sqlite => {
            let tables = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'";
            for table in all(tables.to_owned()).await {
                for column in all(format!("SELECT name FROM pragma_table_info('{table}')")).await {
                    // Some hold bytes that are no text.
                    for cell in all(format!("SELECT hex(\"{column}\") FROM \"{table}\"")).await {
                        let pair = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
                        let bytes: Vec<u8> = cell.as_bytes().chunks(2).filter_map(pair).collect();
                        dump.push_str(&format!("{table}.{column}: {}\n", String::from_utf8_lossy(&bytes)));
                    }
                }
            }
        }
    }
    dump
}

fn holds(bytes: &[u8]) -> bool {
    let needle = CANARY.as_bytes();
    // The search's index leaves out what a word begins with where the one before begins alike.
    let needle = &needle[needle.len() - 8..];
    bytes.windows(needle.len()).any(|window| window == needle)
}

/// The files of the database that hold the canary.
async fn files(app: &TestApp, connection: &DatabaseConnection) -> Vec<String> {
    let mut found = Vec::new();
    match app.store.dialect() {
        Dialect::Sqlite => {
            let path = app.database_url.trim_start_matches("sqlite:");
            for end in ["", "-wal"] {
                if std::fs::read(format!("{path}{end}")).is_ok_and(|bytes| holds(&bytes)) {
                    found.push(format!("the file{end}"));
                }
            }
        }
        Dialect::Postgres => {
            let backend = connection.get_database_backend();
            let one = |text: &'static str| async move {
                let row = connection.query_one_raw(Statement::from_string(backend, text)).await.expect("an answer").expect("a row");
                row.try_get_by_index::<String>(0).expect("a text")
            };
            connection.execute_unprepared("CHECKPOINT").await.expect("the test's user may");
            let folder = one("SELECT current_setting('data_directory')").await;
            let database = one("SELECT oid::text FROM pg_database WHERE datname = current_database()").await;
            for entry in std::fs::read_dir(Path::new(&folder).join("base").join(database)).expect("the database's directory") {
                let path = entry.expect("an entry").path();
                if std::fs::read(&path).is_ok_and(|bytes| holds(&bytes)) {
                    let number = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                    let name = format!("SELECT coalesce(max(relname::text), '?') FROM pg_class WHERE relfilenode::text = '{number}'");
                    let row = connection.query_one_raw(Statement::from_string(backend, name)).await.expect("an answer").expect("a row");
                    found.push(format!("{} {number}", row.try_get_by_index::<String>(0).expect("a text")));
                }
            }
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn no_byte_of_an_erased_person_is_left() {
    both(|app| async move {
        let alpha = &app.alpha;
        let planted = plant(&app).await;
        let person = &planted.person;
        assert!(planted.records.len() > 12, "only {:?} can be a person's", planted.records.keys());
        // A double that was merged in, a record that was deleted, a search, remembered answers, a shared interaction.
        let twin = json!({ "name": format!("{CANARY} twin"), "email": format!("twin@{CANARY}.example") });
        let twin = text(&create(alpha, "contacts", twin).await, "id");
        let merge = json!({ "survivorId": person, "loserId": twin });
        let merged = alpha.send(Method::POST, "/v1/parties/merge", &[("idempotency-key", "merged")], Some(&merge)).await;
        assert_eq!(merged.status, 200, "{}", merged.describe());
        let gone = create(alpha, "notes", json!({ "recordId": person, "body": format!("{CANARY} deleted") })).await;
        assert_eq!(alpha.delete(&format!("/v1/notes/{}", text(&gone, "id"))).await.status, 204);
        let rows = json!({ "rows": [{ "create": { "recordId": person, "body": CANARY } }, { "create": { "recordId": person, "body": null, "title": CANARY } }] });
        let batch = alpha.send(Method::POST, "/v1/notes/batch", &[("idempotency-key", "batch")], Some(&rows)).await;
        assert_eq!(batch.status, 200, "{}", batch.describe());
        let other = text(&create(alpha, "contacts", json!({ "name": "Berta Berger", "email": "berta@alp.example" })).await, "id");
        let name = text(&alpha.get(&format!("/v1/contacts/{person}")).await.expect(200), "name");
        let shared = json!({ "kind": "CALL", "subject": format!("Berta about {name}"), "body": "Prices" });
        let shared = text(&create(alpha, "interactions", shared).await, "id");
        for party in [person, &other] {
            create(alpha, "interaction-participants", json!({ "interactionId": shared, "partyId": party })).await;
        }
        let about_other = create(alpha, "notes", json!({ "recordId": other, "body": "Stays" })).await;

        // The export holds every one of them.
        let exported = alpha.post("/v1/privacy-requests/export-person", &json!({ "partyId": person })).await.expect(200);
        let records = exported["document"]["records"].as_array().expect("records").clone();
        let is_own = |id: &str| records.iter().find(|record| record["id"] == json!(id)).map(|record| record["own"].clone());
        for (resource, id) in &planted.records {
            assert_eq!(is_own(id), Some(json!(true)), "{resource} is not exported as the person's");
        }
        assert_eq!((is_own(&twin), is_own(&shared), is_own(&other)), (Some(json!(true)), Some(json!(false)), None));
        let history = |id: &str| records.iter().find(|record| record["id"] == json!(id)).map(|record| record["history"].clone());
        assert!(history(person).is_some_and(|history| history.to_string().contains(CANARY)));

        let connection = app.store.migration_connection().await.expect("a further connection");
        assert!(dump(&connection, app.store.dialect()).await.contains(CANARY));
        assert!(!files(&app, &connection).await.is_empty(), "the canary is looked for in the wrong files");
        let erase = json!({ "partyId": person, "reference": "DSR-1" });
        let tried = alpha.post("/v1/privacy-requests/erase-person?dryRun=true", &erase).await.expect(200);
        alpha.get(&format!("/v1/contacts/{person}")).await.expect(200);
        let done = alpha.send(Method::POST, "/v1/privacy-requests/erase-person", &[("idempotency-key", "erased")], Some(&erase)).await;
        let done = done.expect(200);
        assert_eq!(done["counts"], tried["counts"]);
        let dumped = dump(&connection, app.store.dialect()).await;
        let held: Vec<&str> = dumped.lines().filter(|line| holds(line.as_bytes())).collect();
        assert!(held.is_empty(), "a table still holds {held:?}");
        // What was others' stays.
        let subject = alpha.get(&format!("/v1/interactions/{shared}")).await.expect(200)["subject"].clone();
        assert_eq!(subject, json!("Berta about ***"));
        let left = alpha.get(&format!("/v1/interactions/{shared}?expand=participants")).await.expect(200);
        assert!(left.to_string().contains(&other.replace("con_", "pty_")), "{left}");
        alpha.get(&format!("/v1/notes/{}", text(&about_other, "id"))).await.expect(200);
        // The log says that they were there.
        for id in planted.records.values().chain([&twin]) {
            let log = app.log(id).await;
            assert_eq!(log.last().expect("a log")["kind"], json!("ERASED"), "{log:?}");
            assert!(log.iter().all(|row| row["before"].is_null() && row["after"].is_null()), "{log:?}");
        }
        // The report is kept, and the requests before are not answered again.
        let request = text(&done["privacyRequest"], "id");
        let kept = alpha.get(&format!("/v1/privacy-requests/{request}")).await.expect(200);
        assert_eq!((&kept["kind"], &kept["reference"]), (&json!("ERASE"), &json!("DSR-1")));
        let again = alpha.send(Method::POST, "/v1/privacy-requests/erase-person", &[("idempotency-key", "erased")], Some(&erase)).await;
        assert_eq!((again.status, again.header("idempotency-replayed")), (200, Some("true")), "{}", again.describe());
        let replayed = alpha.send(Method::POST, "/v1/parties/merge", &[("idempotency-key", "merged")], Some(&merge)).await;
        replayed.refused(404, "NOT_FOUND");
        alpha.post("/v1/privacy-requests/erase-person", &erase).await.refused(422, "VALIDATION_FAILED");

        // The address is recognized.
        let check = json!({ "addresses": [{ "kind": "EMAIL", "value": format!("TWIN@{CANARY}.example") }, { "kind": "EMAIL", "value": "berta@alp.example" }] });
        let checked = alpha.post("/v1/privacy-requests/check-suppression", &check).await.expect(200);
        assert_eq!((&checked["results"][0]["suppressed"], &checked["results"][1]["suppressed"]), (&json!(true), &json!(false)));

        let foreign = app.beta.post("/v1/privacy-requests/check-suppression", &check).await.expect(200);
        assert_eq!(foreign["results"][0]["suppressed"], json!(false), "another tenant's addresses are recognized");

        // Nor is it in any file of the database.
        let mut found = Vec::new();
        for _ in 0..60 {
            found = files(&app, &connection).await;
            if found.is_empty() {
                break;
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        assert!(found.is_empty(), "still in {found:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_who_comes_back_is_not_contacted_without_a_new_consent() {
    both(|app| async move {
        let alpha = &app.alpha;
        let purpose = json!({ "key": "news", "name": "News", "kind": "SERVICE", "defaultBasis": "CONTRACT" });
        let factory = app.factory(alpha);
        let mut body = factory.body(app.registry.resource("purpose").unwrap(), Fill::Required).await;
        body.extend(purpose.as_object().unwrap().clone().into_iter().filter(|(name, _)| body.contains_key(name)).collect::<Vec<_>>());
        let purpose = text(&create(alpha, "purposes", Json::Object(body)).await, "id");
        let anna = json!({ "name": "Anna", "email": "anna@alp.example" });
        let contact = text(&create(alpha, "contacts", anna.clone()).await, "id");
        let grant = |contact: &str| json!({ "partyId": contact, "purposeId": purpose });
        alpha.post("/v1/consents/record", &grant(&contact)).await.expect(200);
        let decide = |contact: &str| json!({ "partyId": contact, "purposeId": purpose, "channel": "EMAIL" });
        let decided = alpha.post("/v1/contact-decisions/decide", &decide(&contact)).await.expect(200);
        assert_eq!(decided["verdict"], json!("SEND"), "{decided}");
        alpha.post("/v1/privacy-requests/erase-person", &json!({ "partyId": contact })).await.expect(200);
        let back = text(&create(alpha, "contacts", anna).await, "id");
        let decided = alpha.post("/v1/contact-decisions/decide", &decide(&back)).await.expect(200);
        assert_eq!(decided["verdict"], json!("HOLD"), "{decided}");
        assert!(decided["reasons"].to_string().contains("ERASED"), "{decided}");
        app.clock.advance(60_000);
        alpha.post("/v1/consents/record", &grant(&back)).await.expect(200);
        let decided = alpha.post("/v1/contact-decisions/decide", &decide(&back)).await.expect(200);
        assert_eq!(decided["verdict"], json!("SEND"), "{decided}");
    })
    .await;
}
