//! Two records of one party are found, by rules that say why.

use clientela_testkit::factory::text;
use clientela_testkit::{Client, TestApp, both};
use serde_json::{Value as Json, json};

async fn create(client: &Client, path: &str, body: Json) -> String {
    text(&client.post(&format!("/v1/{path}"), &body).await.expect(201), "id")
}

async fn find(client: &Client, body: Json) -> Json {
    client.post("/v1/parties/find-duplicates", &body).await.expect(200)
}

/// The candidates by id, without the prefix, each with its score.
fn candidates(found: &Json) -> Vec<(String, i64)> {
    let pairs = found["pairs"].as_array().expect("pairs").iter();
    pairs.map(|pair| (bare(&text(pair, "candidateId")), pair["score"].as_i64().expect("a score"))).collect()
}

fn bare(id: &str) -> String {
    id.rsplit('_').next().unwrap_or_default().to_owned()
}

async fn rule(client: &Client, body: Json) -> String {
    create(client, "duplicate-rules", body).await
}

#[tokio::test(flavor = "multi_thread")]
async fn candidates_come_with_their_reasons() {
    both(|app| async move {
        let alpha = &app.alpha;
        let by = rule(alpha, json!({"name": "Person", "threshold": 60})).await;
        let anna = create(alpha, "contacts", json!({"name": "Anna Gruber", "email": "anna@x.example", "phone": "+43 512 555010"})).await;
        // The same address in another spelling, and a letter wrong.
        let twin = create(alpha, "contacts", json!({"name": "Anna Gruuber", "email": "ANNA@X.example"})).await;
        // A second telephone number that is the first one's mobile.
        let cousin = create(alpha, "contacts", json!({"name": "Anne Gruber", "mobile": "+43512555010"})).await;
        // The same first name alone is no reason to look at her.
        create(alpha, "contacts", json!({"name": "Anna Zzz"})).await;
        create(alpha, "accounts", json!({"name": "Anna Gruber", "phone": "+43 512 555010"})).await;
        create(&app.beta, "contacts", json!({"name": "Anna Gruber", "email": "anna@x.example"})).await;

        let found = find(alpha, json!({"partyId": anna})).await;
        assert_eq!(candidates(&found), [(bare(&twin), 94), (bare(&cousin), 93)], "{found}");
        let best = &found["pairs"][0];
        assert_eq!((&best["ruleId"], bare(&text(best, "partyId"))), (&json!(by), bare(&anna)));
        assert_eq!(
            best["reasons"],
            json!([
                {"field": "NAME", "comparison": "EDIT_DISTANCE", "similarity": 91, "weight": 40},
                {"field": "EMAIL", "comparison": "EQUAL", "similarity": 100, "weight": 30},
            ])
        );
        // What is given by values finds the same, and itself.
        let given = json!({"values": {"name": "gruber anna", "email": "anna@x.example", "phone": "0512 555010", "country": "AT"}});
        assert_eq!(candidates(&find(alpha, given).await).len(), 3);
        // A rule by which she is not compared finds nobody; one that is not active is asked by name alone.
        let keys = ["pairByEmail", "pairByPhone", "pairByWebsite", "pairByTaxId"];
        let strict = json!({"name": "Name alone", "active": false, "threshold": 91});
        let mut strict = strict.as_object().cloned().unwrap();
        strict.extend(keys.map(|key| (key.to_owned(), json!(false))));
        let strict = rule(alpha, Json::Object(strict)).await;
        let found = find(alpha, json!({"partyId": anna, "ruleId": strict})).await;
        assert_eq!(candidates(&found), [(bare(&twin), 94)], "the cousin's name begins otherwise");
        alpha.patch(&format!("/v1/duplicate-rules/{by}"), &json!({"active": false})).await.expect(200);
        assert_eq!(find(alpha, json!({"partyId": anna})).await["pairs"], json!([]));
        assert_eq!(candidates(&find(alpha, json!({"partyId": anna, "ruleId": by})).await).len(), 2);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn organizations_are_known_by_their_numbers_and_names() {
    both(|app| async move {
        let alpha = &app.alpha;
        rule(alpha, json!({"name": "Organization", "partyKind": "ORGANIZATION", "threshold": 70})).await;
        let one = create(alpha, "accounts", json!({"name": "Bergkäserei Tirol GmbH", "city": "Innsbruck"})).await;
        let other =
            create(alpha, "accounts", json!({"name": "Bergkaeserei Tirol AG", "legalName": "Bergkäserei Tirol", "city": "Insbruck"})).await;
        let third = create(alpha, "accounts", json!({"name": "Alpenmilch", "website": "https://alpenmilch.example/"})).await;
        let fourth = create(alpha, "accounts", json!({"name": "Alpen Milch GesmbH", "website": "https://ALPENMILCH.example"})).await;
        create(alpha, "accounts", json!({"kind": "HOUSEHOLD", "name": "Bergkäserei Tirol"})).await;
        for account in [&one, &fourth] {
            create(alpha, "tax-ids", json!({"partyId": account, "scheme": "REGISTER", "value": "FN 123456 k"})).await;
        }
        let pair = |found: &Json| candidates(found).into_iter().map(|(id, _)| id).collect::<Vec<_>>();
        // The legal name is the same, and the number is shared with somebody who is called otherwise.
        assert_eq!(pair(&find(alpha, json!({"partyId": third})).await), [bare(&fourth)]);
        assert_eq!(pair(&find(alpha, json!({"partyId": one})).await), [bare(&other)], "a household of the name is none of them");
        let found = find(alpha, json!({"values": {"partyKind": "ORGANIZATION", "taxId": "fn 123456 K"}})).await;
        assert_eq!(candidates(&found).iter().map(|(_, score)| *score).collect::<Vec<_>>(), [100, 100], "{found}");
    })
    .await;
}

/// Everybody's, page by page: each pair once, however small the pages are.
#[tokio::test(flavor = "multi_thread")]
async fn a_whole_tenant_is_looked_through_page_by_page() {
    both(|app| async move {
        let alpha = &app.alpha;
        rule(alpha, json!({"name": "Person"})).await;
        rule(alpha, json!({"name": "Household", "partyKind": "HOUSEHOLD"})).await;
        for number in 0..4 {
            for spelling in ["Eva", "eva"] {
                create(alpha, "contacts", json!({"name": format!("{spelling} Person{number}"), "email": format!("e{number}@x.example")}))
                    .await;
            }
        }
        for _ in 0..3 {
            create(alpha, "accounts", json!({"kind": "HOUSEHOLD", "name": "Familie Huber"})).await;
        }
        let whole = find(alpha, json!({"limit": 500})).await;
        assert_eq!((whole["pairs"].as_array().unwrap().len(), &whole["next"]), (4 + 3, &Json::Null), "{whole}");
        for limit in [1, 2, 3, 7] {
            let (mut pairs, mut after, mut pages) = (Vec::new(), Json::Null, 0);
            loop {
                let page = find(alpha, json!({"limit": limit, "after": after})).await;
                pairs.extend(page["pairs"].as_array().unwrap().clone());
                after = page["next"].clone();
                pages += 1;
                assert!(pages < 20, "it never ends");
                if after.is_null() {
                    break;
                }
            }
            assert_eq!(json!(pairs), whole["pairs"], "pages of {limit}");
        }
        assert_eq!(find(&app.beta, json!({})).await["pairs"], json!([]));
        alpha.post("/v1/parties/find-duplicates", &json!({"after": "7.x"})).await.refused(400, "INVALID_CURSOR");
        let contact = create(alpha, "contacts", json!({"name": "Z"})).await;
        for body in [json!({"partyId": contact, "values": {}}), json!({"partyId": contact, "after": "0.00000000000000000000000000000000"})]
        {
            let refused = alpha.post("/v1/parties/find-duplicates", &body).await.refused(422, "VALIDATION_FAILED");
            assert_eq!(refused["errors"][0]["code"], "CONTRADICTION", "{refused}");
        }
    })
    .await;
}

/// A key that everybody shares does not make a search look at everybody.
#[tokio::test(flavor = "multi_thread")]
async fn a_search_costs_a_few_statements() {
    both(|app| async move {
        let alpha = &app.alpha;
        rule(alpha, json!({"name": "Person"})).await;
        let rows: Vec<Json> =
            (0..300).map(|number| json!({"create": {"name": format!("Max Muster{number}"), "email": "office@x.example"}})).collect();
        alpha.post("/v1/contacts/batch", &json!({"rows": rows})).await.expect(200);
        let contact = create(alpha, "contacts", json!({"name": "Max Muster5", "email": "office@x.example"})).await;
        let before = app.store.statements();
        let found = find(alpha, json!({"partyId": contact})).await;
        let count = app.store.statements() - before;
        assert!(count <= 16, "{count} statements");
        assert!((199..=400).contains(&found["pairs"].as_array().unwrap().len()));
        let before = app.store.statements();
        find(alpha, json!({"limit": 100})).await;
        let count = app.store.statements() - before;
        assert!(count <= 24, "{count} statements for a page of a hundred");
    })
    .await;
}

/// Whoever is merged is no candidate any more.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_found_can_be_merged() {
    both(|app: TestApp| async move {
        let alpha = &app.alpha;
        rule(alpha, json!({"name": "Person"})).await;
        create(alpha, "contacts", json!({"name": "Ida Kofler", "email": "ida@x.example"})).await;
        create(alpha, "contacts", json!({"name": "Ida Kofler", "email": "ida@x.example"})).await;
        let found = find(alpha, json!({})).await;
        let pair = &found["pairs"][0];
        let merge = json!({"survivorId": pair["partyId"], "loserId": pair["candidateId"]});
        alpha.post("/v1/parties/merge", &merge).await.expect(200);
        assert_eq!(find(alpha, json!({"partyId": pair["partyId"]})).await["pairs"], json!([]));
        assert_eq!(find(alpha, json!({})).await["pairs"], json!([]));
    })
    .await;
}
