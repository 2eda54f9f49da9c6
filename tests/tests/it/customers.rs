//! Tax ids, households, relationships and telephone numbers, through the whole server.

use clientela_testkit::factory::text;
use clientela_testkit::{Client, both};
use futures_util::future::join_all;
use serde_json::{Value as Json, json};

async fn account(client: &Client, name: &str, kind: &str) -> String {
    text(&client.post("/v1/accounts", &json!({ "name": name, "kind": kind })).await.expect(201), "id")
}

async fn contact(client: &Client, name: &str) -> String {
    text(&client.post("/v1/contacts", &json!({ "name": name })).await.expect(201), "id")
}

/// The pointers and codes of a refusal.
fn problems(refusal: &Json) -> Vec<(String, String)> {
    let problem = |problem: &Json| (text(problem, "pointer"), text(problem, "code"));
    refusal["errors"].as_array().map(|all| all.iter().map(problem).collect()).unwrap_or_default()
}

fn one(pointer: &str, code: &str) -> Vec<(String, String)> {
    vec![(pointer.to_owned(), code.to_owned())]
}

#[tokio::test(flavor = "multi_thread")]
async fn tax_ids_are_checked_and_known_once() {
    both(|app| async move {
        let company = account(&app.alpha, "Bergkäserei", "ORGANIZATION").await;
        let body = |value: &str| json!({ "partyId": company, "scheme": "VAT", "country": "AT", "value": value });
        let made = app.alpha.post("/v1/tax-ids", &body("atu 1358-5627")).await.expect(201);
        assert_eq!(made["normalized"], json!("ATU13585627"));
        app.alpha.post("/v1/tax-ids", &body("U13585627")).await.refused(409, "DUPLICATE");
        let wrong = app.alpha.post("/v1/tax-ids", &body("ATU13585628")).await.refused(422, "VALIDATION_FAILED");
        assert_eq!(problems(&wrong), one("/value", "INVALID_FORMAT"), "{wrong}");
        let homeless = json!({ "partyId": company, "scheme": "VAT", "value": "ATU13585627" });
        assert_eq!(
            problems(&app.alpha.post("/v1/tax-ids", &homeless).await.refused(422, "VALIDATION_FAILED")),
            one("/country", "REQUIRED")
        );
        let path = format!("/v1/tax-ids/{}", text(&made, "id"));
        let verified = app.alpha.patch(&path, &json!({ "verifiedAt": "2026-01-31T08:15:00.000Z" })).await.expect(200);
        assert_ne!(verified["verifiedAt"], Json::Null);
        // Another spelling is the same number; another number has to be asked for anew.
        let respelled = app.alpha.patch(&path, &json!({ "value": "ATU13585627" })).await.expect(200);
        assert_ne!(respelled["verifiedAt"], Json::Null);
        let other = app.alpha.patch(&path, &json!({ "value": "ATU37675002" })).await;
        assert!(other.status == 200 && other.json()["verifiedAt"].is_null(), "{}", other.describe());
        let found = app.alpha.get("/v1/accounts?filter%5BtaxIds%5D%5Bsome%5D%5Bnormalized%5D%5Beq%5D=ATU37675002").await.expect(200);
        assert_eq!(found["data"][0]["id"], json!(company), "{found}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_household_is_people_for_a_time() {
    both(|app| async move {
        let (family, other, company) = (
            account(&app.alpha, "Family Gruber", "HOUSEHOLD").await,
            account(&app.alpha, "Family Moser", "HOUSEHOLD").await,
            account(&app.alpha, "Gruber & Söhne", "ORGANIZATION").await,
        );
        let child = contact(&app.alpha, "Lena Gruber").await;
        let body = |household: &str, party: &str, since: Json, until: Json| json!({ "accountId": household, "partyId": party, "role": "CHILD", "since": since, "until": until });
        let first = app.alpha.post("/v1/household-members", &body(&family, &child, json!("2010-05-01"), json!("2020-12-31"))).await.expect(201);
        app.alpha.post("/v1/household-members", &body(&other, &child, Json::Null, Json::Null)).await.expect(201);
        app.alpha.post("/v1/household-members", &body(&family, &child, json!("2021-01-01"), Json::Null)).await.expect(201);
        for (household, party, since, pointer) in
            [(&family, &child, json!("2020-12-31"), "/since"), (&company, &child, Json::Null, "/accountId"), (&family, &company, Json::Null, "/partyId")]
        {
            let refused = app.alpha.post("/v1/household-members", &body(household, party, since, Json::Null)).await.refused(422, "VALIDATION_FAILED");
            assert_eq!(problems(&refused), one(pointer, "CONTRADICTION"), "{refused}");
        }
        let longer = app.alpha.patch(&format!("/v1/household-members/{}", text(&first, "id")), &json!({ "until": "2021-06-30" })).await;
        assert_eq!(problems(&longer.refused(422, "VALIDATION_FAILED")), one("/since", "CONTRADICTION"));
        let query = "query($id: ID!) { contact(id: $id) { householdMemberships(first: 10) { nodes { account { name } } } } }";
        let homes = app.alpha.graphql(query, json!({ "id": child })).await.data();
        assert_eq!(homes["contact"]["householdMemberships"]["nodes"].as_array().map(Vec::len), Some(3), "{homes}");
    })
    .await;
}

async fn kind(client: &Client, body: Json) -> String {
    text(&client.post("/v1/relationship-types", &body).await.expect(201), "id")
}

#[tokio::test(flavor = "multi_thread")]
async fn relationships_keep_what_their_type_promises() {
    both(|app| async move {
        let client = &app.alpha;
        let parent = kind(client, json!({ "name": "parent of", "inverseName": "child of", "acyclic": true })).await;
        let leads = kind(client, json!({ "name": "leads", "inverseName": "led by", "perTo": "ONE" })).await;
        let married = kind(client, json!({ "name": "married to", "symmetric": true, "perFrom": "ONE", "perTo": "ONE" })).await;
        let uneven = json!({ "name": "knows", "symmetric": true, "acyclic": true, "perTo": "ONE" });
        let refused = client.post("/v1/relationship-types", &uneven).await.refused(422, "VALIDATION_FAILED");
        assert_eq!(problems(&refused).len(), 2, "{refused}");
        let mut people = Vec::new();
        for name in ["Ada", "Bea", "Cem", "Dan"] {
            people.push(contact(client, name).await);
        }
        let [a, b, c, d] = people.as_slice() else { panic!("four people") };
        let body = |kind: &str, from: &str, to: &str| json!({ "typeId": kind, "fromPartyId": from, "toPartyId": to });
        let make = async |body: Json| client.post("/v1/relationships", &body).await;
        let contradiction = |refused: Json, pointer: &str| assert_eq!(problems(&refused), one(pointer, "CONTRADICTION"), "{refused}");
        contradiction(make(body(&parent, a, a)).await.refused(422, "VALIDATION_FAILED"), "/toPartyId");
        let missing = format!("{}_01h455vb4pex5vsknk084sn02q", parent.split('_').next().unwrap());
        contradiction(make(body(&missing, a, a)).await.refused(422, "VALIDATION_FAILED"), "/toPartyId");
        make(body(&parent, a, b)).await.expect(201);
        contradiction(make(body(&parent, a, b)).await.refused(422, "VALIDATION_FAILED"), "/toPartyId");
        make(body(&parent, b, c)).await.expect(201);
        let circle = make(body(&parent, c, a)).await.refused(422, "VALIDATION_FAILED");
        assert!(text(&circle, "detail").contains("circle"), "{circle}");
        // One leader at a time; after the first has gone, another.
        let led = make(body(&leads, a, d)).await.expect(201);
        assert!(led.get("onlyTo").is_none(), "{led}");
        contradiction(make(body(&leads, b, d)).await.refused(422, "VALIDATION_FAILED"), "/toPartyId");
        make(body(&leads, a, c)).await.expect(201);
        client.patch(&format!("/v1/relationships/{}", text(&led, "id")), &json!({ "until": "2025-12-31" })).await.expect(200);
        let mut later = body(&leads, b, d);
        later["since"] = json!("2026-01-01");
        make(later).await.expect(201);
        client.patch(&format!("/v1/relationships/{}", text(&led, "id")), &json!({ "until": null })).await.refused(422, "VALIDATION_FAILED");
        // The same from both ends.
        make(body(&married, a, b)).await.expect(201);
        contradiction(make(body(&married, c, a)).await.refused(422, "VALIDATION_FAILED"), "/toPartyId");
        contradiction(make(body(&married, b, a)).await.refused(422, "VALIDATION_FAILED"), "/toPartyId");
        make(body(&married, c, d)).await.expect(201);
        client.delete(&format!("/v1/relationship-types/{married}")).await.refused(409, "REFERENCED");
    })
    .await;
}

/// Of two writers at the same moment one alone gets the place that the type has for one.
#[tokio::test(flavor = "multi_thread")]
async fn a_place_for_one_is_taken_once() {
    both(|app| async move {
        let leads = kind(&app.alpha, json!({ "name": "leads", "inverseName": "led by", "perTo": "ONE" })).await;
        let led = account(&app.alpha, "Led", "ORGANIZATION").await;
        let mut attempts = Vec::new();
        for number in 0..8 {
            let leader = contact(&app.alpha, &format!("Leader {number}")).await;
            let (client, body) = (app.alpha.clone(), json!({ "typeId": leads, "fromPartyId": leader, "toPartyId": led }));
            attempts.push(async move { client.post("/v1/relationships", &body).await.status });
        }
        let mut made = 0;
        for status in join_all(attempts).await {
            assert!([201, 409, 422].contains(&status), "{status}");
            made += usize::from(status == 201);
        }
        assert_eq!(made, 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn telephone_numbers_are_what_the_world_dials() {
    both(|app| async move {
        let point = async |contact: &str, value: &str| {
            app.alpha.post("/v1/contact-points", &json!({ "partyId": contact, "kind": "PHONE", "value": value })).await
        };
        let anna = app.alpha.post("/v1/contacts", &json!({ "name": "Anna", "country": "AT", "phone": "0512 555 0101" })).await.expect(201);
        let anna = text(&anna, "id");
        let list =
            app.alpha.get(&format!("/v1/contact-points?filter%5BpartyId%5D%5Beq%5D={}", anna.replace("con_", "pty_"))).await.expect(200);
        assert_eq!(list["data"][0]["normalized"], json!("+435125550101"), "{list}");
        point(&anna, "+43 (0)512 555 01-01").await.refused(409, "DUPLICATE");
        assert_eq!(point(&anna, "0049 30 1234567").await.expect(201)["normalized"], json!("+49301234567"));
        // Nobody knows in which country this is dialed.
        let nowhere = contact(&app.alpha, "Nobody").await;
        assert_eq!(point(&nowhere, "0512 555 0101").await.expect(201)["normalized"], Json::Null);
    })
    .await;
}
