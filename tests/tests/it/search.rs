//! The full-text search: the same finds on both databases, right after every kind of write, on both APIs, in one's own tenant alone.

use clientela_testkit::factory::{Fill, text};
use clientela_testkit::{Client, TestApp, both};
use http::Method;
use serde_json::{Value as Json, json};

fn form(text: &str) -> String {
    crate::isolation::form(&json!(text)).replace("%22", "").replace("%5C", "%22")
}

/// The ids found everywhere, in their order.
async fn found(client: &Client, query: &str) -> Vec<String> {
    let answer = client.get(&format!("/v1/search?limit=100&q={}", form(query))).await.expect(200);
    answer["data"].as_array().map(|all| all.iter().map(|hit| text(&hit["record"], "id")).collect()).unwrap_or_default()
}

async fn contact(client: &Client, body: Json) -> String {
    text(&client.post("/v1/contacts", &body).await.expect(201), "id")
}

#[tokio::test(flavor = "multi_thread")]
async fn words_are_found_as_people_mean_them() {
    both(|app| async move {
        let client = &app.alpha;
        let anna =
            contact(client, json!({ "name": "Anna Grüber", "email": "anna.gruber@kaeserei.example", "phone": "+43 512 555 0101" })).await;
        let other = contact(client, json!({ "name": "Gruber Anna", "city": "Straßburg" })).await;
        let account = text(
            &client
                .post("/v1/accounts", &json!({ "name": "Käserei OR 50% * 'x'", "description": "Anna is in the text, far behind." }))
                .await
                .expect(201),
            "id",
        );
        assert_eq!(found(client, "ANNA grub").await.len(), 2);
        assert_eq!(found(client, "\\\"anna gruber\\\"").await, std::slice::from_ref(&anna));
        assert_eq!(found(client, "anna.gruber@kaes").await, std::slice::from_ref(&anna));
        assert_eq!(found(client, "+43512555").await, std::slice::from_ref(&anna));
        assert_eq!(found(client, "512 0101").await, std::slice::from_ref(&anna));
        assert_eq!(found(client, "strass").await, std::slice::from_ref(&other));
        assert_eq!(found(client, "tras").await, Vec::<String>::new(), "the middle of a word is not its beginning");
        // Names count more than texts.
        let anywhere = found(client, "anna").await;
        assert_eq!((anywhere.len(), anywhere.last()), (3, Some(&account)), "{anywhere:?}");
        // Operators of databases are words or nothing.
        assert_eq!(found(client, "käserei OR").await, std::slice::from_ref(&account));
        assert_eq!(found(client, "50% käserei").await, std::slice::from_ref(&account));
        assert_eq!(found(client, "gruber OR nobody").await, Vec::<String>::new());
        assert_eq!(found(client, "anna:* & !zz | (").await, Vec::<String>::new());
        for query in ["*", "%", "'", "...", "\\\"\\\""] {
            let refused = client.get(&format!("/v1/search?q={}", form(query))).await.refused(400, "INVALID_PARAMETER");
            assert!(text(&refused, "detail").contains("no word"), "{refused}");
        }
        client.get("/v1/search").await.refused(400, "INVALID_PARAMETER");
        client.get("/v1/search?q=a&resources=nothing").await.refused(400, "INVALID_PARAMETER");
        client.get("/v1/search?q=a&after=x").await.refused(400, "INVALID_CURSOR");
        client.get(&format!("/v1/search?q={}", "x".repeat(1_000))).await.refused(400, "INVALID_PARAMETER");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_written_is_found_and_what_is_gone_is_not() {
    both(|app| async move {
        let client = &app.alpha;
        let id = contact(client, json!({ "name": "Zacharias", "email": "z@one.example" })).await;
        let path = format!("/v1/contacts/{id}");
        assert_eq!(found(client, "zacharias").await, std::slice::from_ref(&id));
        client.patch(&path, &json!({ "name": "Balthasar" })).await.expect(200);
        assert_eq!((found(client, "zacharias").await.len(), found(client, "balth").await), (0, vec![id.clone()]));
        // A companion's change counts as well: the point's value is the contact's e-mail address.
        let points = client.get(&format!("/v1/contact-points?filter%5BpartyId%5D%5Beq%5D={id}")).await.expect(200);
        client
            .patch(&format!("/v1/contact-points/{}", text(&points["data"][0], "id")), &json!({ "value": "melchior@two.example" }))
            .await
            .expect(200);
        assert_eq!(found(client, "melchior").await, std::slice::from_ref(&id));
        let note = client.post("/v1/notes", &json!({ "recordId": id, "body": "Frankincense for <b>Balthasar</b>" })).await.expect(201);
        assert_eq!(found(client, "frankincense").await, [text(&note, "id")]);
        let data = client.get("/v1/search?q=balthasar&resources=note").await.expect(200);
        assert_eq!(data["data"][0]["highlights"]["body"], json!("Frankincense for &lt;b&gt;<mark>Balthasar</mark>&lt;/b&gt;"), "{data}");
        assert_eq!(client.delete(&path).await.status, 204);
        assert_eq!((found(client, "balthasar").await.len(), found(client, "frankincense").await.len()), (0, 0));
        client.send(Method::POST, &format!("{path}/restore"), &[], None).await.expect(200);
        assert_eq!(found(client, "balthasar").await.len(), 2, "the note came back with its record");
        assert_eq!(client.send(Method::POST, &format!("{path}/erase"), &[], None).await.status, 204);
        assert_eq!(found(client, "balthasar").await.len(), 0);
        // What was refused is not found.
        client
            .post("/v1/contacts", &json!({ "name": "Caspar", "accountId": "acc_01h455vb4pex5vsknk084sn02q" }))
            .await
            .refused(422, "VALIDATION_FAILED");
        assert_eq!(found(client, "caspar").await.len(), 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_join_and_one_resource_takes_a_filter() {
    both(|app| async move {
        let client = &app.alpha;
        for number in 0..7 {
            let city = if number % 2 == 0 { "Graz" } else { "Linz" };
            contact(client, json!({ "name": format!("Miller {number}"), "city": city })).await;
        }
        let all = found(client, "miller").await;
        assert_eq!(all.len(), 7);
        let mut paged = Vec::new();
        let mut after = String::new();
        loop {
            let page = client.get(&format!("/v1/search?q=miller&limit=3{after}")).await.expect(200);
            paged.extend(page["data"].as_array().unwrap().iter().map(|hit| text(&hit["record"], "id")));
            match page["page"]["next"].as_str() {
                Some(next) => after = format!("&after={next}"),
                None => break,
            }
        }
        assert_eq!(paged, all);
        let cursor = after.trim_start_matches("&after=").to_owned();
        client.get(&format!("/v1/search?q=other&after={cursor}")).await.refused(400, "INVALID_CURSOR");
        let graz = client.get("/v1/contacts/search?q=mill&filter%5Bcity%5D%5Beq%5D=Graz&fields=id,city&limit=2").await.expect(200);
        assert_eq!((graz["data"].as_array().map(Vec::len), &graz["page"]["hasMore"]), (Some(2), &json!(true)), "{graz}");
        let rest = json!({ "q": "mill", "filter": { "city": { "eq": "Graz" } }, "fields": ["id", "city"], "limit": 2, "after": graz["page"]["next"] });
        let rest = client.post("/v1/contacts/search", &rest).await.expect(200);
        assert_eq!((rest["data"].as_array().map(Vec::len), &rest["page"]["hasMore"]), (Some(2), &json!(false)), "{rest}");
        assert!(rest["data"].as_array().unwrap().iter().all(|record| record["city"] == json!("Graz")));
        assert!(rest["highlights"][text(&rest["data"][0], "id")]["name"].as_str().unwrap().starts_with("<mark>Miller</mark>"));
        client.post("/v1/contacts/search", &json!({ "q": "mill", "sort": "name" })).await.refused(400, "INVALID_PARAMETER");
        client.get("/v1/visitors/search?q=a").await.refused(405, "METHOD_NOT_ALLOWED");
        client.post("/v1/visitors/search", &json!({ "q": "a" })).await.refused(400, "INVALID_PARAMETER");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn both_apis_find_the_same() {
    both(|app| async move {
        let client = &app.alpha;
        contact(client, json!({ "name": "Nora Berg" })).await;
        client.post("/v1/accounts", &json!({ "name": "Bergbahn Nord" })).await.expect(201);
        let rest = client.get("/v1/search?q=berg").await.expect(200);
        let query = "query($q: String!, $after: String) { search(query: $q, first: 1, after: $after) { pageInfo { hasNextPage endCursor }
            nodes { __typename id ... on Contact { name } } edges { cursor node { id ... on Account { name } } highlights { field html } } } }";
        let mut seen = Vec::new();
        let mut after = Json::Null;
        loop {
            let page = client.graphql(query, json!({ "q": "berg", "after": after })).await.data()["search"].clone();
            seen.push((page["nodes"][0]["id"].clone(), page["edges"][0]["highlights"][0]["html"].clone()));
            assert_eq!(page["nodes"][0]["id"], page["edges"][0]["node"]["id"]);
            if page["pageInfo"]["hasNextPage"] == json!(false) {
                break;
            }
            after = page["pageInfo"]["endCursor"].clone();
        }
        let expected: Vec<(Json, Json)> = rest["data"].as_array().unwrap().iter().map(|hit| (hit["record"]["id"].clone(), hit["highlights"]["name"].clone())).collect();
        assert_eq!((seen.len(), seen), (2, expected));
        let limited = client.graphql("{ search(query: \"berg\", resources: [\"account\"]) { nodes { __typename } } }", json!({})).await.data();
        assert_eq!(limited, json!({ "search": { "nodes": [{ "__typename": "Account" }] } }));
        assert_eq!(client.graphql("{ search(query: \"*\") { nodes { id } } }", json!({})).await.graphql_code().as_deref(), Some("INVALID_PARAMETER"));
    })
    .await;
}

/// What is written in bulk is in the index like the rest, on both APIs, whichever way it came, and in one's own tenant alone.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_written_in_bulk_is_found() {
    both(|app| async move {
        let client = &app.alpha;
        let count = async |client: &Client, word: &str| {
            let rest = found(client, word).await;
            let query = "query($q: String!) { search(query: $q, first: 100) { nodes { id } } }";
            let graphql = client.graphql(query, json!({ "q": word })).await.data();
            let ids: Vec<String> = graphql["search"]["nodes"].as_array().unwrap().iter().map(|node| text(node, "id")).collect();
            assert_eq!(ids, rest, "{word}");
            rest.len()
        };
        let rows: Vec<Json> = (0..40).map(|n| json!({ "create": { "name": format!("Zwetschke {n}"), "city": "Altstadt" } })).collect();
        let made = client.post("/v1/accounts/batch", &json!({ "rows": rows })).await.expect(200);
        let ids: Vec<String> = made["results"].as_array().unwrap().iter().map(|row| text(row, "id")).collect();
        assert_eq!((count(client, "zwetschke").await, count(&app.beta, "zwetschke").await), (40, 0));
        // The same words in another tenant, by the other API, are another's.
        let mutation = "mutation($rows: [AccountBatchRow!]!) { batchAccounts(input: {rows: $rows, atomic: true}) { results { id } } }";
        app.beta.graphql(mutation, json!({ "rows": [{ "create": { "name": "Zwetschke fremd" } }] })).await.data();
        assert_eq!((count(client, "zwetschke").await, count(&app.beta, "zwetschke").await), (40, 1));
        // Changed, deleted and brought back in one batch; one row of it is refused.
        let rows = json!([
            { "update": { "id": ids[0], "values": { "name": "Marille" } } },
            { "delete": { "id": ids[1] } },
            { "create": { "name": "Zwetschke", "website": "nothing" } },
            { "upsert": { "by": { "key": "erp", "value": "z" }, "values": { "name": "Zwetschke upserted" } } },
        ]);
        client.post("/v1/accounts/batch", &json!({ "rows": rows })).await.expect(200);
        assert_eq!((count(client, "zwetschke").await, count(client, "marille").await), (39, 1));
        client.post("/v1/accounts/batch", &json!({ "rows": [{ "restore": { "id": ids[1] } }] })).await.expect(200);
        // What was taken back, or only tried, left nothing.
        let bad = json!({ "atomic": true, "rows": [{ "create": { "name": "Zwetschke a" } }, { "create": { "name": "" } }] });
        client.post("/v1/accounts/batch", &bad).await.refused(422, "VALIDATION_FAILED");
        client.post("/v1/accounts/batch?dryRun=true", &json!({ "rows": [{ "create": { "name": "Zwetschke dry" } }] })).await.expect(200);
        assert_eq!(count(client, "zwetschke").await, 40);
        let filter = json!({ "name": { "startsWith": "Zwetschke" } });
        client.post("/v1/accounts/bulk-update", &json!({ "filter": filter, "values": { "name": "Ribisel" } })).await.expect(200);
        assert_eq!((count(client, "zwetschke").await, count(client, "ribisel").await, count(&app.beta, "zwetschke").await), (0, 40, 1));
        client.post("/v1/accounts/bulk-delete", &json!({ "filter": { "name": { "eq": "Ribisel" } } })).await.expect(200);
        assert_eq!(count(client, "ribisel").await, 0);
        let operations = json!([
            { "as": "a", "resource": "accounts", "create": { "name": "Hollunder" } },
            { "resource": "notes", "create": { "recordId": { "ref": "a" }, "body": "Auch Hollunder genannt" } },
        ]);
        client.post("/v1/transactions", &json!({ "operations": operations })).await.expect(200);
        assert_eq!((count(client, "hollunder").await, count(&app.beta, "hollunder").await), (2, 0));
    })
    .await;
}

/// Every searched field of every resource: found by its owner, and by nobody else.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_found_across_tenants() {
    both(|app| async move {
        let mut tried = 0;
        for def in app.registry.resources().to_vec() {
            if !def.is_searched() || !def.creatable {
                continue;
            }
            let record = app.factory(&app.alpha).create(&def, Fill::Everything).await;
            let id = text(&record, "id");
            for (_, field, _) in def.searched_fields() {
                let Some(value) = record[field.name.as_ref()].as_str() else { continue };
                let words: Vec<String> = value.split_whitespace().take(4).map(|word| word.replace('"', "")).collect();
                let path = format!("/v1/{}/search?limit=1000&q={}", def.path, form(&words.join(" ")));
                let own = app.alpha.get(&path).await.expect(200);
                assert!(
                    own["data"].as_array().unwrap().iter().any(|found| found["id"] == json!(id)),
                    "{}.{}: {path}",
                    def.name,
                    field.name
                );
                assert!(own["highlights"][&id][field.name.as_ref()].is_string(), "{}.{}: {}", def.name, field.name, own["highlights"][&id]);
                let foreign = app.beta.get(&path).await;
                foreign.expect(200);
                assert!(!foreign.text().contains(&id), "{} is found by another tenant", def.name);
                tried += 1;
            }
        }
        assert!(tried > 20, "only {tried} fields were tried");
        no_word_is_left(&app).await;
    })
    .await;
}

/// What a caller without the right to read asks for is refused.
async fn no_word_is_left(app: &TestApp) {
    app.alpha.with_token(None).get("/v1/search?q=anna").await.refused(401, "UNAUTHENTICATED");
}
