//! The timeline of a party: everything there is about it, in one order, page by page, the same on both APIs.

use clientela_kernel::{Comparison, DeletedMode, Filter, RecordKey, Value};
use clientela_model::FieldType;
use clientela_store::{Column, Dialect, Select, SortColumn};
use clientela_testkit::factory::text;
use clientela_testkit::{Client, TestApp, both};
use http::Method;
use sea_orm::{ConnectionTrait as _, DatabaseConnection, DbBackend, Statement, TransactionTrait as _};
use serde_json::{Value as Json, json};

const QUERY: &str = "query($id: ID!, $kinds: [TimelineKind!], $from: DateTime, $to: DateTime, $first: Int, $after: String) {
    timeline(id: $id, kinds: $kinds, from: $from, to: $to, first: $first, after: $after) {
        entries { kind type at title resource id actor link version fields } hasMore next } }";

/// Every page of a timeline over REST.
async fn walk(client: &Client, path: &str, query: &str, limit: usize) -> Vec<Json> {
    let (mut entries, mut after) = (Vec::new(), String::new());
    loop {
        let page = client.get(&format!("{path}/timeline?limit={limit}{query}{after}")).await.expect(200);
        let data = page["data"].as_array().unwrap();
        assert!(data.len() <= limit, "{page}");
        entries.extend(data.clone());
        assert_eq!(page["page"]["hasMore"], json!(page["page"]["next"].is_string()), "{page}");
        match page["page"]["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => return entries,
        }
    }
}

struct Customer {
    contact: String,
    account: String,
    party: String,
}

impl Customer {
    fn path(&self) -> String {
        format!("/v1/contacts/{}", self.contact)
    }
}

/// A person who is a customer, with something of everything.
async fn customer(app: &TestApp) -> Customer {
    let made = async |path: &str, body: Json| app.alpha.post(path, &body).await.expect(201);
    let contact = made("/v1/contacts", json!({ "name": "Anna Gruber", "email": "anna@bergkaese.example" })).await;
    let contact = text(&contact, "id");
    let account = made("/v1/accounts", json!({ "name": "Anna Gruber", "kind": "PERSON", "contactId": contact })).await;
    let (account, party) = (text(&account, "id"), text(&account, "partyId"));
    app.clock.advance(60_000);
    let call = made("/v1/interactions", json!({ "kind": "CALL", "subject": "Price list" })).await;
    made("/v1/interaction-participants", json!({ "interactionId": call["id"], "partyId": contact })).await;
    app.clock.advance(60_000);
    made("/v1/notes", json!({ "recordId": contact, "title": "Back door", "body": "Ring there." })).await;
    made("/v1/notes", json!({ "recordId": account, "body": "Pays late." })).await;
    made("/v1/tasks", json!({ "recordId": account, "subject": "Send the list" })).await;
    app.clock.advance(60_000);
    let times = json!({ "startsAt": "2026-04-01T08:00:00Z", "endsAt": "2026-04-01T09:00:00Z" });
    let meeting =
        made("/v1/meetings", json!({ "title": "Tasting", "recordId": contact, "startsAt": times["startsAt"], "endsAt": times["endsAt"] }))
            .await;
    let asked = json!({ "meetingId": meeting["id"], "email": "anna@bergkaese.example", "partyId": contact });
    made("/v1/meeting-attendees", asked.clone()).await;
    let elsewhere = made("/v1/meetings", json!({ "title": "Fair", "startsAt": times["startsAt"], "endsAt": times["endsAt"] })).await;
    made("/v1/meeting-attendees", json!({ "meetingId": elsewhere["id"], "email": "anna@bergkaese.example", "partyId": party })).await;
    made("/v1/customer-events", json!({ "kind": "PRODUCT_VIEWED", "partyId": party })).await;
    let purpose = made("/v1/purposes", json!({ "key": "news", "name": "News", "legalBasis": "CONSENT" })).await;
    let consent = json!({ "partyId": contact, "purposeId": purpose["id"], "state": "GRANTED", "source": "Fair" });
    app.alpha.post("/v1/consents/record", &consent).await.expect(200);
    let asked = json!({ "partyId": contact, "purposeId": purpose["id"], "channel": "EMAIL" });
    app.alpha.post("/v1/contact-decisions/decide", &asked).await.expect(200);
    app.clock.advance(60_000);
    app.alpha.patch(&format!("/v1/contacts/{contact}"), &json!({ "title": "Head of dairy" })).await.expect(200);
    // The copies that attendees hold follow the meeting.
    let moved = json!({ "title": "Cheese fair", "status": "TENTATIVE" });
    app.alpha.patch(&format!("/v1/meetings/{}", text(&elsewhere, "id")), &moved).await.expect(200);
    Customer { contact, account, party }
}

fn column<'a>(entries: &'a [Json], name: &str) -> Vec<&'a str> {
    entries.iter().map(|entry| entry[name].as_str().unwrap_or("")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_about_a_customer_in_one_order() {
    both(|app| async move {
        let customer = customer(&app).await;
        let path = customer.path();
        let whole = app.alpha.get(&format!("{path}/timeline?limit=1000")).await.expect(200);
        let entries = whole["data"].as_array().unwrap().clone();
        // Both meetings once, in the future; then backwards.
        assert_eq!(
            column(&entries, "kind"),
            [
                "MEETING",
                "MEETING",
                "CHANGE",
                "CONSENT",
                "CONTACT_DECISION",
                "CUSTOMER_EVENT",
                "NOTE",
                "NOTE",
                "TASK",
                "INTERACTION",
                "CHANGE",
                "CHANGE"
            ],
            "{whole}"
        );
        let mut meetings = vec![(&entries[0]["title"], &entries[0]["type"]), (&entries[1]["title"], &entries[1]["type"])];
        meetings.sort_by_key(|(title, _)| title.as_str());
        assert_eq!(meetings, [(&json!("Cheese fair"), &json!("TENTATIVE")), (&json!("Tasting"), &json!("CONFIRMED"))]);
        assert_eq!((&entries[2]["type"], &entries[2]["fields"], &entries[2]["version"]), (&json!("UPDATED"), &json!(["title"]), &json!(2)));
        assert_eq!((&entries[9]["type"], &entries[9]["title"]), (&json!("CALL"), &json!("Price list")));
        assert_eq!((&entries[3]["type"], &entries[3]["title"]), (&json!("GRANTED"), &json!("Fair")));
        for entry in &entries {
            app.alpha.get(entry["link"].as_str().unwrap()).await.expect(200);
            assert!(entry["actor"].as_str().unwrap().starts_with("usr_"), "{entry}");
        }
        for other in [format!("/v1/accounts/{}", customer.account), format!("/v1/parties/{}", customer.party)] {
            assert_eq!(app.alpha.get(&format!("{other}/timeline?limit=1000")).await.expect(200), whole, "{other}");
        }
        assert_eq!(app.reader.get(&format!("{path}/timeline?limit=1000")).await.expect(200), whole);
        for limit in [1, 2, 3, 5, 11, 12, 13] {
            assert_eq!(walk(&app.alpha, &path, "", limit).await, entries, "pages of {limit}");
        }
        let graphql = app.alpha.graphql(QUERY, json!({ "id": customer.party, "first": 1000 })).await.data();
        assert_eq!(graphql["timeline"], json!({ "entries": entries, "hasMore": false, "next": null }));
        let some = walk(&app.alpha, &path, "&kinds=CHANGE,NOTE", 2).await;
        assert_eq!(column(&some, "kind"), ["CHANGE", "NOTE", "NOTE", "CHANGE", "CHANGE"]);
        let (from, to) = (text(&entries[8], "at"), text(&entries[2], "at"));
        let between = walk(&app.alpha, &path, &format!("&from={from}&to={to}"), 2).await;
        assert_eq!(json!(between), json!(entries[3..9]));
        let first =
            app.alpha.graphql(QUERY, json!({ "id": customer.contact, "kinds": ["NOTE"], "from": from, "to": to, "first": 1 })).await.data();
        let next =
            json!({ "id": customer.contact, "kinds": ["NOTE"], "from": from, "to": to, "first": 1, "after": first["timeline"]["next"] });
        let second = app.alpha.graphql(QUERY, next).await.data();
        assert_eq!((&first["timeline"]["entries"][0], &second["timeline"]["entries"][0]), (&entries[6], &entries[7]));
        // Records with their entries.
        let shown = app.alpha.get(&format!("{path}/timeline?expand=record")).await.expect(200);
        for entry in shown["data"].as_array().unwrap() {
            let link = entry["link"].as_str().unwrap().trim_end_matches("/history");
            assert_eq!(entry["record"], app.alpha.get(link).await.expect(200));
        }
        let document = "query($id: ID!) { timeline(id: $id) { list: entries { id a: record { id __typename ... on Note { body } } } } }";
        let records = app.alpha.graphql(document, json!({ "id": customer.contact })).await.data();
        for entry in records["timeline"]["list"].as_array().unwrap() {
            assert_eq!(entry["a"]["id"], entry["id"]);
            assert_eq!(entry["a"]["__typename"] == json!("Note"), entry["a"].get("body").is_some(), "{entry}");
        }
        // What is deleted is no part of it any more; what was changed is.
        app.alpha.delete(&format!("/v1/notes/{}", text(&entries[6], "id"))).await;
        assert_eq!(walk(&app.alpha, &path, "&kinds=NOTE", 10).await.len(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_asked_well_is_refused() {
    both(|app| async move {
        let customer = customer(&app).await;
        let path = customer.path();
        let next = text(&app.alpha.get(&format!("{path}/timeline?limit=1")).await.expect(200)["page"], "next");
        for bad in
            ["kinds=ORDER", "kinds=", "kinds=note", "from=yesterday", "to=2026-13-01T00:00:00Z", "expand=account", "limit=0", "limit=1001"]
        {
            app.alpha.get(&format!("{path}/timeline?{bad}")).await.refused(400, "INVALID_PARAMETER");
        }
        app.alpha.get(&format!("{path}/timeline?before=x")).await.refused(400, "UNKNOWN_PARAMETER");
        for foreign in ["after=x".to_owned(), format!("after={next}&kinds=NOTE"), format!("after={next}&to=2026-01-01T00:00:00Z")] {
            app.alpha.get(&format!("{path}/timeline?{foreign}")).await.refused(400, "INVALID_CURSOR");
        }
        app.alpha.get("/v1/contacts/con_01h455vb4pex5vsknk084sn02q/timeline").await.refused(404, "NOT_FOUND");
        app.alpha.get("/v1/notes/not_01h455vb4pex5vsknk084sn02q/timeline").await.refused(404, "ROUTE_NOT_FOUND");
        app.beta.get(&format!("{path}/timeline")).await.refused(404, "NOT_FOUND");
        let hidden = app.beta.graphql(QUERY, json!({ "id": customer.contact })).await.data();
        assert_eq!(hidden["timeline"], Json::Null);
        // A record of the same id in another tenant brings nothing along.
        app.beta.post("/v1/contacts", &json!({ "id": customer.contact, "name": "Somebody" })).await.expect(201);
        let own = walk(&app.beta, &path, "", 50).await;
        assert_eq!(column(&own, "kind"), ["CHANGE"], "{own:?}");
        app.alpha.delete(&format!("/v1/accounts/{}", customer.account)).await.expect(204);
        app.alpha.delete(&path).await.expect(204);
        app.alpha.get(&format!("{path}/timeline")).await.refused(404, "NOT_FOUND");
        assert_eq!(app.alpha.with_token(None).get(&format!("{path}/timeline")).await.status, 401);
    })
    .await;
}

/// Many entries of few moments: pages of any size give each once, in the order of the whole, while others are made.
#[tokio::test(flavor = "multi_thread")]
async fn pages_hold_each_entry_once() {
    both(|app| async move {
        let contact = text(&app.alpha.post("/v1/contacts", &json!({ "name": "Anna" })).await.expect(201), "id");
        let path = format!("/v1/contacts/{contact}");
        for round in 0..4 {
            app.clock.advance(1);
            let rows: Vec<Json> = (0..25).map(|n| json!({ "create": { "recordId": contact, "body": format!("{round} {n}") } })).collect();
            app.alpha.post("/v1/notes/batch", &json!({ "rows": rows })).await.expect(200);
            let rows: Vec<Json> =
                (0..25).map(|n| json!({ "create": { "kind": "CUSTOM", "name": format!("{n}"), "partyId": contact } })).collect();
            app.alpha.post("/v1/customer-events/batch", &json!({ "rows": rows })).await.expect(200);
            for n in 0..5 {
                app.alpha.patch(&path, &json!({ "department": format!("{round} {n}") })).await.expect(200);
            }
        }
        let whole = walk(&app.alpha, &path, "", 1000).await;
        assert_eq!(whole.len(), 4 * 55 + 1);
        let moments = column(&whole, "at");
        assert!(moments.windows(2).all(|pair| pair[0] >= pair[1]), "{moments:?}");
        for limit in [1, 7, 50] {
            assert_eq!(walk(&app.alpha, &path, "", limit).await, whole, "pages of {limit}");
        }
        let first = app.alpha.get(&format!("{path}/timeline?limit=60")).await.expect(200);
        app.clock.advance(1_000);
        app.alpha.patch(&path, &json!({ "department": "later" })).await.expect(200);
        app.alpha.send(Method::POST, "/v1/notes", &[], Some(&json!({ "recordId": contact, "body": "later" }))).await.expect(201);
        let rest = app.alpha.get(&format!("{path}/timeline?limit=1000&after={}", text(&first["page"], "next"))).await.expect(200);
        assert_eq!(rest["data"], json!(whole[60..]));
    })
    .await;
}

/// How a database would go about a statement, whatever its values are.
pub(crate) async fn plan(connection: &DatabaseConnection, dialect: Dialect, sql: &str) -> String {
    if dialect == Dialect::Sqlite {
        let asked = Statement::from_string(DbBackend::Sqlite, format!("EXPLAIN QUERY PLAN {sql}"));
        let rows = connection.query_all_raw(asked).await.unwrap();
        return rows.iter().map(|row| row.try_get_by_index::<String>(3).unwrap()).collect::<Vec<_>>().join("\n");
    }
    let values = vec!["NULL"; (1..100).take_while(|number| sql.contains(&format!("${number}"))).count()].join(", ");
    let transaction = connection.begin().await.unwrap();
    // The tables are small; what matters is which plans are possible.
    let set = "SET LOCAL plan_cache_mode = force_generic_plan; SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off; SET LOCAL enable_sort = off";
    transaction.execute_unprepared(set).await.unwrap();
    transaction.execute_unprepared(&format!("PREPARE page AS {sql}")).await.unwrap();
    let asked = Statement::from_string(DbBackend::Postgres, format!("EXPLAIN (COSTS OFF) EXECUTE page({values})"));
    let rows = transaction.query_all_raw(asked).await.unwrap();
    transaction.execute_unprepared("DEALLOCATE page").await.unwrap();
    rows.iter().map(|row| row.try_get_by_index::<String>(0).unwrap()).collect::<Vec<_>>().join("\n")
}

/// However long a timeline is, each of its sources finds the next entries by an index, in their order, and reads no others.
#[tokio::test(flavor = "multi_thread")]
async fn every_source_answers_a_page_by_an_index() {
    both(|app| async move {
        let connection = app.store.migration_connection().await.expect("a further connection");
        let sources: Vec<_> = app.registry.timeline_sources().collect();
        assert!(sources.len() >= 8, "{} sources", sources.len());
        for source in sources {
            let id = source.shows.or_else(|| source.def.field("id")).unwrap();
            let target = match &source.of.kind {
                FieldType::AnyReference(_) => Value::Record(RecordKey { resource: "contact".into(), id: uuid::Uuid::nil() }),
                _ => Value::Id(uuid::Uuid::nil()),
            };
            let filter = Filter::field(source.of.name.clone(), Comparison::Equal(target));
            let key = |field| SortColumn { table: 0, field, nullable: false, descending: true };
            let select = Select {
                registry: &app.registry,
                def: source.def,
                joins: Vec::new(),
                columns: vec![Column { table: 0, field: id }, Column { table: 0, field: source.at }],
                filters: vec![&filter],
                deleted: DeletedMode::Exclude,
                sort: vec![key(source.at), key(id)],
                seek: None,
                until: None,
                backward: false,
                limit: Some(50),
                parents: None,
            };
            let dialect = app.store.dialect();
            let sql = select.compile(dialect, app.alpha.context.tenant).unwrap();
            let plan = plan(&connection, dialect, &sql.text).await;
            // Entries of the same moment may be put in order among themselves.
            let plan = plan.replace("Incremental Sort", "").replace("TEMP B-TREE FOR LAST TERM", "");
            let (by_index, without) =
                if dialect == Dialect::Postgres { ("Index", ["Seq Scan", "Sort\n"]) } else { ("INDEX", ["SCAN", "TEMP B-TREE"]) };
            assert!(plan.contains(by_index) && without.iter().all(|way| !plan.contains(way)), "{}: {plan}", source.def.name);
        }
    })
    .await;
}
