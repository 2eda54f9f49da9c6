//! Fields that tenants add: made by one request, there on every surface with the next.

use clientela_kernel::DeletedMode;
use clientela_store::{Column, Select, SortColumn};
use clientela_testkit::factory::text;
use clientela_testkit::{Client, TestApp, both};
use serde_json::{Value as Json, json};

/// Adds a field to contacts.
async fn add(client: &Client, field: Json) -> Json {
    let mut body = json!({ "resource": "contact" });
    for (name, value) in field.as_object().expect("an object") {
        body[name] = value.clone();
    }
    client.post("/v1/custom-fields", &body).await.expect(201)
}

async fn add_several(client: &Client) {
    add(client, json!({ "name": "region", "label": "Region", "type": "CHOICE", "options": ["NORTH=The north", "SOUTH"], "indexed": true }))
        .await;
    add(client, json!({ "name": "score", "label": "Score", "type": "INTEGER", "minimum": 0, "maximum": 100 })).await;
    add(client, json!({ "name": "rating", "label": "Rating", "type": "DECIMAL", "minimum": -5, "maximum": 100 })).await;
    add(client, json!({ "name": "nickname", "label": "Nickname", "type": "TEXT", "maxLength": 20 })).await;
    add(client, json!({ "name": "loyal", "label": "Loyal", "type": "BOOLEAN", "defaultValue": "false" })).await;
    add(client, json!({ "name": "since", "label": "Since", "type": "DATE" })).await;
    add(client, json!({ "name": "seenAt", "label": "Seen", "type": "INSTANT" })).await;
    add(client, json!({ "name": "limit", "label": "Limit", "type": "MONEY" })).await;
    add(client, json!({ "name": "hobbies", "label": "Hobbies", "type": "TEXT_SET" })).await;
    add(client, json!({ "name": "patience", "label": "Patience", "type": "DURATION" })).await;
}

fn everything() -> Json {
    json!({
        "region": "NORTH", "score": 42, "rating": "0.000001", "nickname": "Änne", "loyal": true, "since": "1969-07-20",
        "seenAt": "9998-12-31T23:59:59.987Z", "limit": { "amount": "12.50", "currency": "EUR" },
        "hobbies": ["chess", "tea"], "patience": "PT1H30M",
    })
}

async fn contact(client: &Client, name: &str, custom: Json) -> Json {
    let mut body = json!({ "name": name });
    if custom != json!({}) {
        body["custom"] = custom;
    }
    client.post("/v1/contacts", &body).await.expect(201)
}

async fn names(client: &Client, query: &str) -> Vec<String> {
    let page = client.get(&format!("/v1/contacts?{query}")).await.expect(200);
    page["data"].as_array().expect("a page").iter().map(|contact| text(contact, "name")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_field_is_there_with_the_next_request() {
    both(|app| async move {
        let before = contact(&app.alpha, "Before", json!({})).await.get("custom").cloned();
        assert_eq!(before, None, "a tenant without fields of its own sees nothing of them");
        add_several(&app.alpha).await;
        let made = contact(&app.alpha, "Anna", everything()).await;
        assert_eq!(made["custom"], everything());
        let path = format!("/v1/contacts/{}", text(&made, "id"));
        assert_eq!(app.alpha.get(&path).await.expect(200)["custom"], everything(), "what was written is read");
        let shown = app.alpha.get(&format!("{path}?fields=name,custom.region,custom.score")).await.expect(200);
        assert_eq!(shown, json!({ "name": "Anna", "custom": { "region": "NORTH", "score": 42 } }));

        // A patch merges by field.
        let patched = app.alpha.patch(&path, &json!({ "custom": { "score": null, "region": "SOUTH" } })).await.expect(200);
        let mut expected = everything();
        expected["score"] = Json::Null;
        expected["region"] = json!("SOUTH");
        assert_eq!((patched["custom"].clone(), patched["version"].clone()), (expected.clone(), json!(2)));
        assert_eq!(app.alpha.get(&path).await.expect(200)["custom"], expected);
        let history = app.alpha.get(&format!("{path}/history")).await.expect(200);
        assert!(history.to_string().contains("custom.region"), "{history}");

        // Another tenant has none of it.
        app.beta.post("/v1/contacts", &json!({ "name": "Berta", "custom": { "score": 1 } })).await.refused(422, "VALIDATION_FAILED");
        assert_eq!(contact(&app.beta, "Berta", json!({})).await.get("custom"), None);
        assert_eq!(app.beta.get("/v1/custom-fields").await.expect(200)["data"], json!([]));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_are_filtered_sorted_and_grouped_by_it() {
    both(|app| async move {
        add_several(&app.alpha).await;
        contact(&app.alpha, "Anna", everything()).await;
        contact(&app.alpha, "Bert", json!({ "region": "SOUTH", "score": 7, "rating": "99.50", "since": "2020-02-29", "hobbies": ["tea"] })).await;
        contact(&app.alpha, "Cleo", json!({ "nickname": "Pharaoh", "loyal": false, "seenAt": "2026-01-01T00:00:00.000Z" })).await;
        for (filter, expected) in [
            (json!({ "custom": { "region": { "eq": "NORTH" } } }), vec!["Anna"]),
            (json!({ "custom": { "region": { "in": ["NORTH", "SOUTH"] } } }), vec!["Anna", "Bert"]),
            (json!({ "custom": { "score": { "gte": 7 } } }), vec!["Anna", "Bert"]),
            (json!({ "custom": { "score": { "in": [7, 8] } } }), vec!["Bert"]),
            (json!({ "custom": { "rating": { "gt": "0.000001" } } }), vec!["Bert"]),
            (json!({ "custom": { "rating": { "in": ["99.500", "-1"] } } }), vec!["Bert"]),
            (json!({ "custom": { "nickname": { "contains": "ANNE" } } }), vec!["Anna"]),
            (json!({ "custom": { "nickname": { "isNull": true } } }), vec!["Bert"]),
            (json!({ "custom": { "loyal": { "eq": true } } }), vec!["Anna"]),
            (json!({ "custom": { "since": { "lt": "1970-01-01" } } }), vec!["Anna"]),
            (json!({ "custom": { "since": { "in": ["2020-02-29"] } } }), vec!["Bert"]),
            (json!({ "custom": { "seenAt": { "eq": "9998-12-31T23:59:59.987Z" } } }), vec!["Anna"]),
            (json!({ "custom": { "seenAt": { "lt": "2026-01-01T00:00:00.001Z" } } }), vec!["Cleo"]),
            (json!({ "custom": { "limit": { "gte": "12.50", "currency": "EUR" } } }), vec!["Anna"]),
            (json!({ "custom": { "hobbies": { "has": "tea" } } }), vec!["Anna", "Bert"]),
            (json!({ "custom": { "hobbies": { "hasAll": ["tea", "chess"] } } }), vec!["Anna"]),
            (json!({ "custom": { "patience": { "gt": "PT1H" } } }), vec!["Anna"]),
            (json!({ "not": { "custom": { "region": { "eq": "NORTH" } } } }), vec!["Bert", "Cleo"]),
        ] {
            let page = app.alpha.post("/v1/contacts/search", &json!({ "filter": filter, "sort": ["name"] })).await.expect(200);
            let found: Vec<String> = page["data"].as_array().expect("a page").iter().map(|contact| text(contact, "name")).collect();
            assert_eq!(found, expected, "{filter} on {:?}", app.store.dialect());
        }
        assert_eq!(names(&app.alpha, "filter[custom][score][gte]=8").await, ["Anna"]);
        assert_eq!(names(&app.alpha, "filter[custom][rating][lt]=1").await, ["Anna"]);
        app.alpha.get("/v1/contacts?filter[custom][rating][lt]=0.0000001").await.refused(400, "INVALID_FILTER");
        for (sort, expected) in [
            ("custom.score", ["Bert", "Anna", "Cleo"]),
            ("-custom.rating,name", ["Cleo", "Bert", "Anna"]),
            ("-custom.region,name", ["Cleo", "Bert", "Anna"]),
            ("custom.since,name", ["Anna", "Bert", "Cleo"]),
            ("custom.seenAt,name", ["Cleo", "Anna", "Bert"]),
            ("-custom.limit,name", ["Bert", "Cleo", "Anna"]),
        ] {
            assert_eq!(names(&app.alpha, &format!("sort={sort}")).await, expected, "{sort} on {:?}", app.store.dialect());
            // Page by page it is the same.
            let (mut walked, mut after) = (Vec::new(), String::new());
            loop {
                let page = app.alpha.get(&format!("/v1/contacts?limit=1&sort={sort}{after}")).await.expect(200);
                walked.extend(page["data"].as_array().expect("a page").iter().map(|contact| text(contact, "name")));
                let Some(next) = page["page"]["next"].as_str() else { break };
                after = format!("&after={next}");
            }
            assert_eq!(walked, expected, "{sort} page by page on {:?}", app.store.dialect());
        }
        let question =
            json!({ "groupBy": ["custom.region"], "measures": { "count": true, "sum": ["custom.score"] }, "sort": ["custom.region"] });
        let grouped = app.alpha.post("/v1/contacts/aggregate", &question).await.expect(200);
        let counts: Vec<_> = grouped["data"].as_array().expect("groups").iter().map(|group| group["count"].clone()).collect();
        assert_eq!(counts, [json!(1), json!(1), json!(1)], "{grouped}");
        assert!(grouped.to_string().contains("\"NORTH\"") && grouped.to_string().contains("42"), "{grouped}");
        let measures = json!({ "sum": ["custom.rating"], "avg": ["custom.rating"], "min": ["custom.rating"] });
        let having = json!({ "avg": { "custom": { "rating": { "gt": "49.75", "lt": 49.750_001 } } }, "sum": { "custom": { "rating": { "eq": "99.500001" } } } });
        let figures = app.alpha.post("/v1/contacts/aggregate", &json!({ "measures": measures, "having": having })).await.expect(200);
        let of = |function: &str| figures["data"][0][function]["custom"]["rating"].clone();
        assert_eq!([of("sum"), of("avg"), of("min")], [json!("99.500001"), json!("49.750001"), json!("0.000001")], "{figures}");
        let query = "{ contactsAggregate(having: { avg: { custom: { rating: { gt: \"49.75\" } } } }, orderBy: [{ sum: { custom: { rating: DESC } } }]) { groups { sum { custom { rating } } avg { custom { rating } } } } }";
        let same = app.alpha.graphql(query, json!({})).await.data();
        assert_eq!(same["contactsAggregate"]["groups"][0]["avg"]["custom"]["rating"], of("avg"), "{same}");
        app.alpha.post("/v1/contacts/aggregate", &json!({ "groupBy": ["custom.colour"] })).await.refused(400, "INVALID_AGGREGATE");
        app.alpha.get("/v1/contacts?sort=custom.colour").await.refused(400, "INVALID_SORT");
        app.alpha.get("/v1/contacts?filter[custom][colour][eq]=x").await.refused(400, "INVALID_FILTER");
        app.alpha.get("/v1/contacts?fields=custom.colour").await.refused(400, "INVALID_PARAMETER");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn graphql_has_it_typed() {
    both(|app| async move {
        let plain = app.alpha.graphql("{ contacts { nodes { custom { region } } } }", json!({})).await;
        assert!(plain.json()["errors"][0]["message"].as_str().is_some_and(|text| text.contains("custom")), "{}", plain.describe());
        add_several(&app.alpha).await;
        let create = "mutation($input: CreateContactInput!) { createContact(input: $input) {
            contact { id custom { region score rating nickname loyal since seenAt limit { amount currency } hobbies patience } }
            userErrors { field code problem message } } }";
        let made = app.alpha.graphql(create, json!({ "input": { "name": "Anna", "custom": everything() } })).await.expect(200);
        let made = &made["data"]["createContact"];
        assert_eq!((made["contact"]["custom"].clone(), made["userErrors"].clone()), (everything(), json!([])));
        let list = "query($f: ContactFilter, $o: [ContactOrder!]) { contacts(filter: $f, orderBy: $o) { nodes { name custom { __typename region } } } }";
        let arguments = json!({ "f": { "custom": { "region": { "eq": "NORTH" } } }, "o": [{ "custom": { "score": "DESC" } }] });
        let listed = app.alpha.graphql(list, arguments).await.expect(200);
        assert_eq!(listed["data"]["contacts"]["nodes"], json!([{ "name": "Anna", "custom": { "__typename": "ContactCustom", "region": "NORTH" } }]));
        let wrong = app.alpha.graphql(create, json!({ "input": { "name": "Eva", "custom": { "score": 101 } } })).await.expect(200);
        let error = &wrong["data"]["createContact"]["userErrors"][0];
        assert_eq!((error["field"].clone(), error["code"].clone()), (json!(["input", "custom", "score"]), json!("VALIDATION_FAILED")));
        let update = "mutation($input: UpdateContactInput!) { updateContact(input: $input) { contact { custom { region score } } userErrors { message } } }";
        let patch = json!({ "input": { "id": made["contact"]["id"], "custom": { "score": null } } });
        let patched = app.alpha.graphql(update, patch).await.expect(200);
        assert_eq!(patched["data"]["updateContact"]["contact"]["custom"], json!({ "region": "NORTH", "score": null }));
        // The other tenant's schema knows nothing of it.
        let other = app.beta.graphql(list, json!({})).await;
        assert!(other.json()["errors"][0]["message"].as_str().is_some_and(|text| text.contains("custom")), "{}", other.describe());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn values_are_checked_at_their_place() {
    both(|app| async move {
        add_several(&app.alpha).await;
        add(&app.alpha, json!({ "name": "code", "label": "Code", "type": "TEXT", "unique": true })).await;
        for (custom, pointer, code) in [
            (json!({ "region": "EAST" }), "/custom/region", "NOT_ALLOWED"),
            (json!({ "score": 101 }), "/custom/score", "OUT_OF_RANGE"),
            (json!({ "score": "7" }), "/custom/score", "WRONG_TYPE"),
            (json!({ "rating": "100.000001" }), "/custom/rating", "OUT_OF_RANGE"),
            (json!({ "rating": "0.0000001" }), "/custom/rating", "OUT_OF_RANGE"),
            (json!({ "rating": "1e2" }), "/custom/rating", "INVALID_FORMAT"),
            (json!({ "rating": 1.5 }), "/custom/rating", "WRONG_TYPE"),
            (json!({ "nickname": "x".repeat(21) }), "/custom/nickname", "TOO_LONG"),
            (json!({ "since": "2026-02-30" }), "/custom/since", "INVALID_FORMAT"),
            (json!({ "limit": { "amount": "1.234", "currency": "EUR" } }), "/custom/limit/amount", "OUT_OF_RANGE"),
            (json!({ "colour": "red" }), "/custom/colour", "UNKNOWN_FIELD"),
            (json!(["region"]), "/custom", "WRONG_TYPE"),
        ] {
            let body = json!({ "name": "Eva", "custom": custom });
            let refused = app.alpha.post("/v1/contacts", &body).await.refused(422, "VALIDATION_FAILED");
            assert_eq!(
                (refused["errors"][0]["pointer"].clone(), refused["errors"][0]["code"].clone()),
                (json!(pointer), json!(code)),
                "{body}"
            );
        }
        let first = contact(&app.alpha, "First", json!({ "code": "A-1" })).await;
        let taken =
            app.alpha.post("/v1/contacts", &json!({ "name": "Second", "custom": { "code": "a-1" } })).await.refused(409, "DUPLICATE");
        assert_eq!(taken["errors"][0]["pointer"], json!("/custom/code"));
        contact(&app.alpha, "Third", json!({})).await;
        contact(&app.alpha, "Fourth", json!({})).await;
        // Required from then on: what was there before keeps its empty field until somebody writes it.
        add(&app.alpha, json!({ "name": "tier", "label": "Tier", "type": "TEXT", "required": true })).await;
        let missing = app.alpha.post("/v1/contacts", &json!({ "name": "Fifth" })).await.refused(422, "VALIDATION_FAILED");
        assert_eq!(missing["errors"][0]["pointer"], json!("/custom/tier"));
        let path = format!("/v1/contacts/{}", text(&first, "id"));
        app.alpha.patch(&path, &json!({ "department": "Dairy" })).await.expect(200);
        app.alpha.patch(&path, &json!({ "custom": { "tier": null } })).await.refused(422, "VALIDATION_FAILED");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_field_is_refused_with_its_reason() {
    both(|app| async move {
        let many: Vec<String> = (0..201).map(|number| format!("OPTION_{number}")).collect();
        for (field, pointer) in [
            (json!({ "resource": "contact", "name": "email", "label": "x", "type": "TEXT" }), "/name"),
            (json!({ "resource": "contact", "name": "account", "label": "x", "type": "TEXT" }), "/name"),
            (json!({ "resource": "contact", "name": "custom", "label": "x", "type": "TEXT" }), "/name"),
            (json!({ "resource": "contact", "name": "Region", "label": "x", "type": "TEXT" }), "/name"),
            (json!({ "resource": "contact", "name": "re-gion", "label": "x", "type": "TEXT" }), "/name"),
            (json!({ "resource": "contact", "name": "x'; DROP TABLE contact", "label": "x", "type": "TEXT" }), "/name"),
            (json!({ "resource": "role", "name": "region", "label": "x", "type": "TEXT" }), "/resource"),
            (json!({ "resource": "nothing", "name": "region", "label": "x", "type": "TEXT" }), "/resource"),
            (json!({ "resource": "contact", "name": "region", "label": "x", "type": "CHOICE" }), "/options"),
            (json!({ "resource": "contact", "name": "region", "label": "x", "type": "CHOICE", "options": ["north"] }), "/options"),
            (json!({ "resource": "contact", "name": "region", "label": "x", "type": "CHOICE", "options": many }), "/options"),
            (json!({ "resource": "contact", "name": "region", "label": "x", "type": "TEXT", "options": ["NORTH"] }), "/options"),
            (json!({ "resource": "contact", "name": "region", "label": "x", "type": "REFERENCE" }), "/target"),
            (json!({ "resource": "contact", "name": "region", "label": "x", "type": "REFERENCE", "target": "nothing" }), "/target"),
            (json!({ "resource": "contact", "name": "region", "label": "x", "type": "TEXT", "minimum": 1 }), "/minimum"),
            (json!({ "resource": "contact", "name": "region", "label": "x", "type": "INTEGER", "minimum": 2, "maximum": 1 }), "/maximum"),
            (
                json!({ "resource": "contact", "name": "region", "label": "x", "type": "DECIMAL", "maximum": 1_000_000_000_001_i64 }),
                "/maximum",
            ),
            (json!({ "resource": "contact", "name": "region", "label": "x", "type": "INTEGER", "defaultValue": "\"a\"" }), "/defaultValue"),
            (json!({ "resource": "contact", "name": "region", "label": "x", "type": "BOOLEAN", "unique": true }), "/unique"),
            (json!({ "resource": "contact", "name": "region", "label": "x", "type": "FLOAT" }), "/type"),
        ] {
            let refused = app.alpha.post("/v1/custom-fields", &field).await.refused(422, "VALIDATION_FAILED");
            assert_eq!(refused["errors"][0]["pointer"], json!(pointer), "{field}: {refused}");
        }
        add(&app.alpha, json!({ "name": "region", "label": "Region", "type": "TEXT" })).await;
        let twice = json!({ "resource": "contact", "name": "region", "label": "Region", "type": "TEXT" });
        app.alpha.post("/v1/custom-fields", &twice).await.refused(409, "DUPLICATE");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_field_keeps_its_values_and_a_renamed_one_too() {
    both(|app| async move {
        let field = add(&app.alpha, json!({ "name": "region", "label": "Region", "type": "TEXT" })).await;
        let made = contact(&app.alpha, "Anna", json!({ "region": "North" })).await;
        let (field, path) = (format!("/v1/custom-fields/{}", text(&field, "id")), format!("/v1/contacts/{}", text(&made, "id")));
        app.alpha.patch(&field, &json!({ "name": "area" })).await.expect(200);
        assert_eq!(app.alpha.get(&path).await.expect(200)["custom"], json!({ "area": "North" }));
        app.alpha.delete(&field).await.expect(204);
        assert_eq!(app.alpha.get(&path).await.expect(200).get("custom"), None);
        // A new field of the name does not find the old values, and writing it leaves them.
        let other = add(&app.alpha, json!({ "name": "area", "label": "Area", "type": "INTEGER" })).await;
        assert_eq!(app.alpha.patch(&path, &json!({ "custom": { "area": 5 } })).await.expect(200)["custom"], json!({ "area": 5 }));
        app.alpha.patch(&format!("/v1/custom-fields/{}", text(&other, "id")), &json!({ "name": "size" })).await.expect(200);
        app.alpha.post(&format!("{field}/restore"), &json!({})).await.expect(200);
        let custom = app.alpha.get(&path).await.expect(200)["custom"].clone();
        assert_eq!((custom["area"].clone(), custom["size"].clone()), (json!("North"), json!(5)));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_filter_on_an_indexed_field_uses_its_index() {
    both(|app| async move {
        add_several(&app.alpha).await;
        contact(&app.alpha, "Anna", everything()).await;
        let plan = plan(&app, json!({ "custom": { "region": { "eq": "NORTH" } } })).await;
        assert!(plan.contains("custom_k") && plan.contains("_index"), "{plan}");
    })
    .await;
}

/// How the database would carry out a list with this filter.
async fn plan(app: &TestApp, filter: Json) -> String {
    let engine = app.engine.for_tenant(app.alpha.context.tenant).await.expect("the definitions can be read");
    let def = engine.registry().resource("contact").expect("contacts exist").clone();
    let filter = engine.parse_filter(&app.alpha.context, &def, &filter).expect("a filter");
    let id = def.field("id").expect("an id");
    let select = Select {
        registry: engine.registry(),
        def: &def,
        joins: Vec::new(),
        columns: vec![Column { table: 0, field: id }],
        filters: vec![&filter],
        deleted: DeletedMode::Exclude,
        sort: vec![SortColumn { table: 0, field: id, nullable: false, descending: false }],
        seek: None,
        until: None,
        backward: false,
        limit: Some(50),
        parents: None,
    };
    let dialect = app.store.dialect();
    let sql = select.compile(dialect, app.alpha.context.tenant).expect("a statement");
    let connection = app.store.migration_connection().await.expect("a further connection");
    crate::timeline::plan(&connection, dialect, &sql.text).await
}
