//! Aggregates over both APIs: exact, kept apart by currency and by tenant, blind to what is hidden, page by page.

use clientela_testkit::factory::text;
use clientela_testkit::{TestApp, both};
use serde_json::{Value as Json, json};

const PATH: &str = "/v1/accounts/aggregate";

async fn account(app: &TestApp, body: Json) -> String {
    text(&app.alpha.post("/v1/accounts", &body).await.expect(201), "id")
}

/// Five accounts: two in Italy, two in Austria, one nowhere.
async fn accounts(app: &TestApp) {
    let euros = |amount: &str| json!({ "amount": amount, "currency": "EUR" });
    let parent =
        account(app, json!({ "name": "Alps", "industry": "FOOD", "country": "IT", "employees": 10, "annualRevenue": euros("100.10") }))
            .await;
    account(
        app,
        json!({ "name": "Bora", "industry": "FOOD", "country": "IT", "employees": 3, "annualRevenue": euros("0.05"), "parentId": parent }),
    )
    .await;
    account(app, json!({ "name": "Cima", "country": "AT", "employees": 4, "annualRevenue": { "amount": "700", "currency": "JPY" } })).await;
    account(app, json!({ "name": "Dorf", "country": "AT", "parentId": parent, "annualRevenue": euros("92233720368547758.07") })).await;
    account(app, json!({ "name": "Etna", "annualRevenue": euros("92233720368547758.07") })).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_and_figures_are_exact_on_both_apis() {
    both(|app| async move {
        accounts(&app).await;
        let answer = app
            .alpha
            .post(PATH, &json!({ "groupBy": ["country"], "measures": { "count": true, "sum": ["employees"], "avg": ["employees"], "countDistinct": ["industry"] } }))
            .await
            .expect(200);
        assert_eq!(
            answer,
            json!({ "data": [
                { "keys": { "country": "AT" }, "count": 2, "sum": { "employees": 4 }, "avg": { "employees": "4" }, "countDistinct": { "industry": 0 } },
                { "keys": { "country": "IT" }, "count": 2, "sum": { "employees": 13 }, "avg": { "employees": "6.5" }, "countDistinct": { "industry": 1 } },
                { "keys": { "country": null }, "count": 1, "sum": { "employees": null }, "avg": { "employees": null }, "countDistinct": { "industry": 0 } },
            ], "page": { "next": null, "hasMore": false } })
        );
        // The sum of the euros leaves 64 bits of cents.
        let rest = app
            .alpha
            .post(
                PATH,
                &json!({ "groupBy": ["annualRevenue.currency"], "measures": { "count": true, "sum": ["annualRevenue"], "avg": ["annualRevenue"], "max": ["annualRevenue"] }, "sort": ["-sum.annualRevenue"] }),
            )
            .await
            .expect(200);
        let money = |amount: &str, currency: &str| json!({ "amount": amount, "currency": currency });
        assert_eq!(
            rest["data"],
            json!([
                { "keys": { "annualRevenue": { "currency": "JPY" } }, "count": 1, "sum": { "annualRevenue": money("700", "JPY") }, "avg": { "annualRevenue": money("700", "JPY") }, "max": { "annualRevenue": money("700", "JPY") } },
                { "keys": { "annualRevenue": { "currency": "EUR" } }, "count": 4, "sum": { "annualRevenue": money("184467440737095616.29", "EUR") },
                  "avg": { "annualRevenue": money("46116860184273904.07", "EUR") }, "max": { "annualRevenue": money("92233720368547758.07", "EUR") } },
            ])
        );
        let query = "{ aggregate: accountsAggregate(groupBy: [{annualRevenue: CURRENCY}], orderBy: [{sum: {annualRevenue: DESC}}]) {
            data: groups { keys { annualRevenue { currency } } count sum { annualRevenue { amount currency } } avg { annualRevenue { amount currency } }
                max { annualRevenue { amount currency } } } hasMore next } }";
        let graphql = app.alpha.graphql(query, json!({})).await.data();
        assert_eq!(graphql["aggregate"]["data"], rest["data"]);
        assert_eq!(graphql["aggregate"]["hasMore"], json!(false));
        let aliased = "query($zone: String!) { accountsAggregate(groupBy: [{parent: {country: VALUE}}, {createdAt: {bucket: YEAR, zone: $zone}}], having: {sum: {employees: {gt: 3}}}, orderBy: [{keys: {parent: {country: ASC}}}]) {
            __typename groups { __typename k: keys { __typename parent { c: country industry } createdAt } n: count sum { __typename e: employees parent { employees } } } } }";
        let graphql = app.alpha.graphql(aliased, json!({ "zone": "Europe/Rome" })).await.data();
        let groups = &graphql["accountsAggregate"]["groups"];
        assert_eq!(groups.as_array().map(Vec::len), Some(1), "{graphql}");
        assert_eq!(groups[0]["n"], json!(3));
        assert_eq!(groups[0]["k"]["parent"], json!({ "c": null, "industry": null }));
        assert_eq!(groups[0]["sum"], json!({ "__typename": "AccountAggregateSums", "e": 14, "parent": { "employees": null } }));
        assert!(text(&groups[0]["k"], "createdAt").ends_with("-12-31T23:00:00.000Z"), "{graphql}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn conditions_orders_and_pages() {
    both(|app| async move {
        accounts(&app).await;
        let countries = |answer: &Json| {
            answer["data"]
                .as_array()
                .unwrap()
                .iter()
                .map(|group| group["keys"]["country"].as_str().unwrap_or("–").to_owned())
                .collect::<Vec<_>>()
        };
        let ask = async |body: Json| app.alpha.post(PATH, &body).await.expect(200);
        for (having, expected) in [
            (json!({ "count": { "gte": 2 } }), vec!["AT", "IT"]),
            (json!({ "avg": { "employees": { "gt": "6.4999" } } }), vec!["IT"]),
            (json!({ "avg": { "employees": { "eq": 6.5 } } }), vec!["IT"]),
            (json!({ "not": { "sum": { "employees": { "in": [4, 13] } } } }), vec!["–"]),
            (json!({ "sum": { "employees": { "isNull": true } } }), vec!["–"]),
            (json!({ "or": [{ "max": { "employees": { "gte": 10 } } }, { "count": { "eq": 1 } }] }), vec!["IT", "–"]),
            (json!({ "min": { "createdAt": { "gt": "2020-01-01T00:00:00Z" } }, "countDistinct": { "industry": { "ne": 0 } } }), vec!["IT"]),
        ] {
            let found = ask(json!({ "groupBy": ["country"], "having": having })).await;
            assert_eq!(countries(&found), expected, "{having}");
            assert_eq!(found["data"][0].as_object().unwrap().len(), 2, "a figure nobody asked for is shown: {found}");
        }
        for (sort, expected) in [
            (json!(["-count", "-country"]), vec!["IT", "AT", "–"]),
            (json!(["-avg.employees"]), vec!["–", "IT", "AT"]),
            (json!("-country"), vec!["–", "IT", "AT"]),
        ] {
            let whole = ask(json!({ "groupBy": ["country"], "sort": sort })).await;
            assert_eq!(countries(&whole), expected);
            let (mut after, mut walked) = (Json::Null, Vec::new());
            loop {
                let page = ask(json!({ "groupBy": ["country"], "sort": sort, "limit": 1, "after": after })).await;
                walked.extend(countries(&page));
                after = page["page"]["next"].clone();
                assert_eq!(page["page"]["hasMore"], json!(!after.is_null()));
                if after.is_null() {
                    break;
                }
            }
            assert_eq!(walked, expected, "{sort}");
        }
        let page = ask(json!({ "groupBy": ["country"], "limit": 1 })).await;
        let other = json!({ "groupBy": ["industry"], "limit": 1, "after": page["page"]["next"] });
        app.alpha.post(PATH, &other).await.refused(400, "INVALID_CURSOR");
        app.alpha.post(PATH, &json!({ "after": "nonsense" })).await.refused(400, "INVALID_CURSOR");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_computed_is_told() {
    both(|app| async move {
        for (body, code, says) in [
            (json!({ "groupBy": ["nam"] }), "INVALID_AGGREGATE", "did you mean \"name\"?"),
            (json!({ "groupBy": ["annualRevenue"] }), "INVALID_AGGREGATE", "annualRevenue"),
            (json!({ "groupBy": ["tags"] }), "INVALID_AGGREGATE", "tags"),
            (json!({ "groupBy": ["contacts.name"] }), "INVALID_AGGREGATE", "no to-one relation"),
            (json!({ "groupBy": ["name", "name"] }), "INVALID_AGGREGATE", "twice"),
            (json!({ "groupBy": ["name", "city", "country", "industry", "kind", "lifecycle"] }), "INVALID_AGGREGATE", "5 are allowed"),
            (json!({ "groupBy": [{ "field": "name", "bucket": "DAY" }] }), "INVALID_AGGREGATE", "no buckets"),
            (json!({ "groupBy": [{ "field": "createdAt", "bucket": "EON" }] }), "INVALID_AGGREGATE", "HOUR, DAY"),
            (json!({ "groupBy": [{ "field": "createdAt", "bucket": "DAY", "zone": "Mars" }] }), "INVALID_AGGREGATE", "IANA"),
            (json!({ "measures": { "sum": ["annualRevenue"] } }), "INVALID_AGGREGATE", "add annualRevenue.currency to groupBy"),
            (json!({ "measures": { "sum": ["name"] } }), "INVALID_AGGREGATE", "summed up by"),
            (json!({ "having": { "median": {} } }), "INVALID_FILTER", "no figure"),
            (json!({ "having": { "count": { "gte": "many" } } }), "INVALID_FILTER", "having.count.gte"),
            (json!({ "having": { "avg": { "employees": { "contains": "1" } } } }), "INVALID_FILTER", "having.avg.employees.contains"),
            (json!({ "sort": ["name"] }), "INVALID_SORT", "neither a key"),
            (json!({ "filter": { "nam": {} } }), "INVALID_FILTER", "nam"),
            (json!({ "limit": 1001 }), "INVALID_PARAMETER", "1 to 1000"),
            (json!({ "group": [] }), "UNKNOWN_PARAMETER", "groupBy"),
        ] {
            let refused = app.alpha.post(PATH, &body).await.refused(400, code);
            assert!(text(&refused, "detail").contains(says), "{body}: {refused}");
        }
        let query = "{ accountsAggregate { groups { sum { annualRevenue { amount } } } } }";
        let answer = app.alpha.graphql(query, json!({})).await;
        assert_eq!(answer.graphql_code().as_deref(), Some("INVALID_AGGREGATE"), "{}", answer.text());
        let eleven: String = (0..11).map(|number| format!("a{number}: accountsAggregate {{ groups {{ count }} }} ")).collect();
        let answer = app.alpha.graphql(&format!("{{ {eleven} }}"), json!({})).await;
        assert_eq!(answer.graphql_code().as_deref(), Some("QUERY_TOO_COMPLEX"), "{}", answer.text());
    })
    .await;
}

/// A hidden field is answered like one that does not exist, wherever it stands.
#[tokio::test(flavor = "multi_thread")]
async fn a_hidden_field_cannot_be_told_from_none() {
    both(|app| async move {
        let mut tried = 0;
        for def in app.registry.resources().to_vec() {
            for field in def.fields.iter().filter(|field| field.secret) {
                let path = format!("/v1/{}/aggregate", def.path);
                for place in [
                    json!({ "groupBy": ["NAME"] }),
                    json!({ "measures": { "countDistinct": ["NAME"] } }),
                    json!({ "having": { "countDistinct": { "NAME": { "gt": 1 } } } }),
                    json!({ "sort": ["min.NAME"] }),
                    json!({ "filter": { "NAME": { "isNull": false } } }),
                ] {
                    let mut answers = Vec::new();
                    for name in [field.name.as_ref(), "zzzzzzzzzz"] {
                        let body: Json = serde_json::from_str(&place.to_string().replace("NAME", name)).unwrap();
                        let answer = app.alpha.post(&path, &body).await;
                        assert_eq!(answer.status, 400, "{body}: {}", answer.text());
                        let json = answer.json();
                        // What is near to the name in the question is named by it alone, and is never the hidden field.
                        let detail = text(&json, "detail");
                        let (said, hint) = match detail.split_once(" (did you mean") {
                            Some((said, hint)) => (said.to_owned() + hint.split_once("?)").map_or("", |(_, rest)| rest), hint.to_owned()),
                            None => (detail, String::new()),
                        };
                        assert!(!hint.contains(&format!("\"{}\"", field.name)), "{hint}");
                        answers.push((json["code"].clone(), said.replace(name, "NAME")));
                    }
                    assert_eq!(answers.first(), answers.last(), "{} {place}", def.name);
                    tried += 1;
                }
            }
        }
        assert!(tried >= 5, "no resource hides a field");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_limit_serves_at_its_value_and_refuses_beyond() {
    both(|app| async move {
        let keys = ["name", "city", "country", "industry", "kind", "lifecycle"];
        app.alpha.post(PATH, &json!({ "groupBy": keys[..5] })).await.expect(200);
        app.alpha.post(PATH, &json!({ "groupBy": keys })).await.refused(400, "INVALID_AGGREGATE");
        let def = app.registry.resource("account").expect("accounts exist").clone();
        let countable = |field: &&clientela_model::FieldDef| {
            use clientela_engine::aggregate::{Function, takes};
            field.filter && !field.secret && takes(Function::CountDistinct, &field.kind)
        };
        let names: Vec<String> = def.fields.iter().filter(countable).map(|field| field.name.to_string()).collect();
        assert!(names.len() > 20);
        app.alpha.post(PATH, &json!({ "measures": { "countDistinct": names[..20] } })).await.expect(200);
        app.alpha.post(PATH, &json!({ "measures": { "countDistinct": names[..21] } })).await.refused(400, "INVALID_AGGREGATE");
        let having = |count: usize| json!({ "having": { "or": vec![json!({ "count": { "gt": 1 } }); count] } });
        app.alpha.post(PATH, &having(200)).await.expect(200);
        app.alpha.post(PATH, &having(201)).await.refused(400, "INVALID_FILTER");
        app.alpha.post(PATH, &json!({ "groupBy": ["id"], "limit": 1000 })).await.expect(200);
        app.alpha.post(PATH, &json!({ "groupBy": ["id"], "limit": 1001 })).await.refused(400, "INVALID_PARAMETER");
    })
    .await;
}

/// A hundred thousand groups are served page by page; one more is refused, and says so.
#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_thousand_groups() {
    use sea_orm::ConnectionTrait as _;
    both(|app| async move {
        let def = app.registry.resource("interaction").expect("interactions exist").clone();
        let first = app.alpha.post("/v1/interactions", &json!({ "kind": "CALL", "subject": "One of many" })).await.expect(201);
        let postgres = app.store.dialect() == clientela_store::Dialect::Postgres;
        let fresh = if postgres { "gen_random_uuid()" } else { "randomblob(16)" };
        let mut columns = vec!["tenant_id".to_owned()];
        for field in &def.fields {
            columns.extend(field.columns());
            columns.extend(field.folded.then(|| field.folded_column()));
        }
        let copied: Vec<&str> = columns.iter().map(|name| if name == "id" { fresh } else { name.as_str() }).collect();
        let connection = app.store.migration_connection().await.expect("a further connection");
        let copy = format!(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000) INSERT INTO {table} ({}) SELECT {} FROM {table}, n",
            columns.join(", "),
            copied.join(", "),
            table = def.table
        );
        connection.execute_unprepared(&copy).await.expect("rows can be copied");
        let path = "/v1/interactions/aggregate";
        let by_id = json!({ "groupBy": ["id"], "limit": 1000 });
        let refused = app.alpha.post(path, &by_id).await.refused(400, "QUERY_TOO_COMPLEX");
        assert!(text(&refused, "detail").contains("100000"), "{refused}");
        let one = format!("/v1/interactions/{}", text(&first, "id"));
        assert_eq!(app.alpha.delete(&one).await.status, 204);
        let page = app.alpha.post(path, &by_id).await.expect(200);
        assert_eq!((page["data"].as_array().map(Vec::len), &page["page"]["hasMore"]), (Some(1000), &json!(true)));
        let counted = app.alpha.post(path, &json!({ "groupBy": ["kind"] })).await.expect(200);
        assert_eq!(counted["data"], json!([{ "keys": { "kind": "CALL" }, "count": 100_000 }]));
    })
    .await;
}
