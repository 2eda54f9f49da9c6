//! What deals are about: their amounts follow, to the cent, and are known in the tenant's currency.

use super::{Line, euro, made, priced, product};
use crate::rights::{role, user};
use clientela_testkit::factory::text;
use clientela_testkit::{Client, both};
use serde_json::{Value as Json, json};
use tokio::task::JoinSet;

fn minor(amount: &Json) -> i64 {
    amount["amount"].as_str().unwrap_or_else(|| panic!("{amount}")).replace('.', "").parse().unwrap()
}

async fn deal(client: &Client, body: Json) -> String {
    let account = made(client, "accounts", json!({ "name": "Dairy" })).await;
    let mut whole = json!({ "name": "Cheese", "accountId": account, "closeDate": "2026-12-18" });
    whole.as_object_mut().unwrap().extend(body.as_object().cloned().unwrap());
    made(client, "opportunities", whole).await
}

fn item(deal: &str, price: &str, quantity: &str) -> Json {
    json!({ "opportunityId": deal, "description": "Cheese", "unitPrice": euro(price), "quantity": quantity })
}

/// The deal, whose amount is the sum of its line items and of the shares of it.
async fn adds_up(client: &Client, deal: &str) -> Json {
    let query =
        "query Deal($id: ID!) { opportunity(id: $id) { id amount { amount currency } lineTotal { amount currency } lineItemCount version
        expectedAmount { amount currency } baseAmount { amount currency }
        lineItems(first: 100) { nodes { amount { amount currency } } } splits(first: 10) { nodes { amount { amount currency } } } } }";
    let whole = client.graphql(query, json!({ "id": deal })).await.expect(200)["data"]["opportunity"].clone();
    let sum = |of: &str| whole[of]["nodes"].as_array().unwrap().iter().map(|node| minor(&node["amount"])).sum::<i64>();
    assert_eq!(minor(&whole["amount"]), sum("lineItems"), "{whole}");
    assert_eq!(minor(&whole["amount"]), sum("splits"), "{whole}");
    assert_eq!((&whole["lineTotal"], &whole["baseAmount"]), (&whole["amount"], &whole["amount"]), "{whole}");
    assert_eq!(whole["lineItemCount"], json!(whole["lineItems"]["nodes"].as_array().unwrap().len()));
    whole
}

#[tokio::test(flavor = "multi_thread")]
async fn the_amount_follows_the_line_items() {
    both(|app| async move {
        let admin = &app.alpha;
        let line = Line::new(admin).await;
        let deal = deal(admin, json!({ "amount": euro("500.00"), "stageId": line.at("Offer") })).await;
        let path = format!("/v1/opportunities/{deal}");
        let ((one, _), (other, _)) = (user(&app, "one", &[]).await, user(&app, "other", &[]).await);
        let shares = json!({ "shares": [{ "userId": one, "percent": "66.67" }, { "userId": other, "percent": "33.33" }] });
        admin.post(&format!("{path}/split"), &shares).await.expect(200);
        admin.post(&format!("{path}/quote"), &json!({})).await.refused(409, "INVALID_STATE");
        // Many write at once, and nothing is lost.
        let mut writers = JoinSet::new();
        for number in 0..8 {
            let (client, body) = (admin.clone(), item(&deal, &format!("{number}.99"), "1.3333"));
            writers.spawn(async move { client.post("/v1/opportunity-line-items", &body).await.expect(201) });
        }
        let items = writers.join_all().await;
        let whole = adds_up(admin, &deal).await;
        let rounded = (minor(&whole["amount"]) + 1) / 2;
        assert_eq!(minor(&whole["expectedAmount"]), rounded, "half of it, as Offer says");
        let of = |item: &Json| format!("/v1/opportunity-line-items/{}", text(item, "id"));
        admin.patch(&of(&items[0]), &json!({ "quantity": "7", "discountPercent": "12.5" })).await.expect(200);
        assert_eq!(admin.delete(&of(&items[1])).await.status, 204);
        adds_up(admin, &deal).await;
        admin.post(&format!("{}/restore", of(&items[1])), &json!({})).await.expect(200);
        let whole = adds_up(admin, &deal).await;
        // What contradicts it is refused, and nothing is written.
        let refused = async |body: Json, pointer: &str| {
            let problem = admin.patch(&path, &body).await.refused(422, "VALIDATION_FAILED");
            assert_eq!(problem["errors"][0]["pointer"], json!(pointer), "{problem}");
        };
        refused(json!({ "amount": euro("1.00") }), "/amount").await;
        refused(json!({ "currency": "USD" }), "/currency").await;
        for (body, pointer) in [
            (json!({ "quantity": "0" }), "/quantity"),
            (json!({ "quantity": "-1" }), "/quantity"),
            (json!({ "unitPrice": { "amount": "1.00", "currency": "USD" } }), "/unitPrice/currency"),
            (json!({ "unitPrice": euro("-1.00") }), "/unitPrice"),
            (json!({ "discountPercent": "100.5" }), "/discountPercent"),
            (json!({ "partnerCreditPercent": "100.5" }), "/partnerCreditPercent"),
            (json!({ "unitPrice": euro("90000000000000.00"), "quantity": "100000000" }), "/quantity"),
        ] {
            let mut whole = item(&deal, "1.00", "1");
            whole.as_object_mut().unwrap().extend(body.as_object().cloned().unwrap());
            let problem = admin.post("/v1/opportunity-line-items", &whole).await.refused(422, "VALIDATION_FAILED");
            assert!(problem["errors"][0]["pointer"].as_str().unwrap().starts_with(pointer), "{problem}");
        }
        assert_eq!(adds_up(admin, &deal).await["version"], whole["version"]);
        // By hand, and back.
        let by_hand = admin.patch(&path, &json!({ "amountSource": "MANUAL", "amount": euro("1.00") })).await.expect(200);
        admin.post("/v1/opportunity-line-items", &item(&deal, "5.00", "1")).await.expect(201);
        let now = admin.get(&path).await.expect(200);
        assert_eq!((&now["amount"], &now["lineItemCount"]), (&by_hand["amount"], &json!(9)));
        assert_eq!(minor(&now["lineTotal"]), minor(&whole["amount"]) + 500);
        admin.patch(&path, &json!({ "amountSource": "LINE_ITEMS" })).await.expect(200);
        adds_up(admin, &deal).await;
        // The quote asks for the same.
        let quote = admin.post(&format!("{path}/quote"), &json!({ "validUntil": "2027-01-31" })).await.expect(200)["quote"].clone();
        let amount = admin.get(&path).await.expect(200)["amount"].clone();
        assert_eq!((&quote["net"], &quote["lineCount"], &quote["opportunityId"]), (&amount, &json!(9), &json!(deal)));
        // Without line items nothing is known.
        let all = admin.get(&format!("/v1/opportunity-line-items?filter[opportunityId][eq]={deal}&limit=100")).await.expect(200);
        for item in all["data"].as_array().unwrap() {
            assert_eq!(admin.delete(&of(item)).await.status, 204);
        }
        let bare = admin.get(&path).await.expect(200);
        assert_eq!((&bare["amount"], &bare["lineTotal"], &bare["baseAmount"]), (&Json::Null, &Json::Null, &Json::Null));
        assert_eq!(bare["lineItemCount"], json!(0));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn prices_come_from_the_books_and_partners_are_credited() {
    both(|app| async move {
        let admin = &app.alpha;
        Line::new(admin).await;
        let cheese = product(admin, "Cheese").await;
        let book = made(admin, "price-books", json!({ "name": "All", "currency": "EUR", "isDefault": true })).await;
        priced(admin, &book, &cheese, euro("10.00"), "1").await;
        priced(admin, &book, &cheese, euro("8.00"), "100").await;
        let partner = made(admin, "accounts", json!({ "name": "Alpine Trading" })).await;
        let deal = deal(admin, json!({})).await;
        let body = json!({ "opportunityId": deal, "productId": cheese, "quantity": "100", "partnerId": partner, "partnerCreditPercent": "33.3333" });
        let item = admin.post("/v1/opportunity-line-items", &body).await.expect(201);
        assert_eq!((&item["unitPrice"], &item["listPrice"], &item["amount"]), (&euro("8.00"), &euro("8.00"), &euro("800.00")));
        assert_eq!((&item["description"], &item["partnerCredit"]), (&json!("Cheese"), &euro("266.67")));
        let path = format!("/v1/opportunity-line-items/{}", text(&item, "id"));
        let free = admin.patch(&path, &json!({ "partnerId": null })).await.expect(200);
        assert_eq!((&free["partnerCreditPercent"], &free["partnerCredit"]), (&json!("33.3333"), &Json::Null));
        let whole = admin.patch(&path, &json!({ "partnerId": partner, "partnerCreditPercent": "100" })).await.expect(200);
        assert_eq!((&whole["partnerCreditPercent"], &whole["partnerCredit"]), (&json!("100"), &euro("800.00")));
        // A price of one's own is a discount; and what has no price must be given one.
        let own = admin.patch(&path, &json!({ "unitPrice": euro("7.00") })).await.expect(200);
        assert_eq!((&own["listPrice"], &own["amount"]), (&euro("8.00"), &euro("700.00")));
        let milk = product(admin, "Milk").await;
        let bare = json!({ "opportunityId": deal, "productId": milk });
        admin.post("/v1/opportunity-line-items", &bare).await.refused(422, "VALIDATION_FAILED");
        let nothing = json!({ "opportunityId": deal });
        let problem = admin.post("/v1/opportunity-line-items", &nothing).await.refused(422, "VALIDATION_FAILED");
        assert_eq!(problem["errors"].as_array().unwrap().len(), 2, "{problem}");
        assert_eq!(admin.get(&format!("/v1/opportunities/{deal}")).await.expect(200)["amount"], euro("700.00"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn amounts_are_known_in_the_currency_of_the_tenant() {
    both(|app| async move {
        let admin = &app.alpha;
        let line = Line::new(admin).await;
        let dollars = |amount: &str| json!({ "amount": amount, "currency": "USD" });
        let home = deal(admin, json!({ "amount": euro("50.00"), "stageId": line.at("Offer") })).await;
        let away = deal(admin, json!({ "amount": dollars("100.00"), "stageId": line.at("Offer"), "closeDate": "2026-02-10" })).await;
        let of = |deal: &str| format!("/v1/opportunities/{deal}");
        let now = admin.get(&of(&away)).await.expect(200);
        assert_eq!((&now["baseAmount"], &now["baseExpectedAmount"]), (&Json::Null, &Json::Null));
        let board = format!("/v1/pipelines/{}/board", line.id);
        let base = async || admin.post(&board, &json!({})).await.expect(200)["columns"][1]["base"].clone();
        assert_eq!(base().await, json!({ "amount": euro("50.00"), "expectedAmount": euro("25.00"), "unconverted": 1 }));
        let revalue = "/v1/opportunities/revalue";
        let lacking = admin.post(revalue, &json!({})).await.expect(200);
        assert_eq!((&lacking["examined"], &lacking["changed"]), (&json!(2), &json!(0)));
        assert_eq!(lacking["missing"], json!([{ "currency": "USD", "date": "2026-02-10" }]));
        for (day, rate) in [("2026-01-01", "0.80"), ("2026-02-01", "0.90"), ("2026-03-01", "0.955")] {
            made(admin, "exchange-rates", json!({ "fromCurrency": "USD", "toCurrency": "EUR", "validOn": day, "rate": rate })).await;
        }
        let tried = admin.post(&format!("{revalue}?dryRun=true"), &json!({})).await.expect(200);
        assert_eq!(tried["changed"], json!(1));
        assert_eq!(admin.get(&of(&away)).await.expect(200)["baseAmount"], Json::Null);
        let narrow = json!({ "filter": "{\"currency\":{\"eq\":\"EUR\"}}" });
        assert_eq!(admin.post(revalue, &narrow).await.expect(200)["examined"], json!(1));
        let done = admin.post(revalue, &json!({})).await.expect(200);
        assert_eq!((&done["changed"], &done["missing"]), (&json!(1), &json!([])));
        let now = admin.get(&of(&away)).await.expect(200);
        assert_eq!((&now["baseAmount"], &now["baseExpectedAmount"]), (&euro("90.00"), &euro("45.00")));
        assert_eq!(base().await, json!({ "amount": euro("140.00"), "expectedAmount": euro("70.00"), "unconverted": 0 }));
        // The day counts: another one, and at the end the one on which it was decided.
        let later = admin.patch(&of(&away), &json!({ "closeDate": "2026-06-30" })).await.expect(200);
        assert_eq!(later["baseAmount"], euro("95.50"));
        let won = admin.post(&format!("{}/win", of(&away)), &json!({ "closedAt": "2026-01-15T12:00:00Z" })).await.expect(200);
        assert_eq!(won["opportunity"]["baseAmount"], euro("80.00"));
        // Every step stands in its history.
        let history = admin.get(&format!("{}/history", of(&away))).await.expect(200);
        assert!(history["data"].as_array().unwrap().len() >= 4, "{history}");
        assert_eq!(admin.get(&of(&home)).await.expect(200)["version"], json!(1));
        // Whoever may change some works out what these are worth.
        let rights = [("*", "read", "ALL"), ("opportunity", "update", "OWN"), ("opportunity", "revalueOpportunities", "ALL")];
        let seller = role(&app, "seller", &rights).await;
        let (seller, client) = user(&app, "seller", &[&seller]).await;
        let theirs = deal(admin, json!({ "amount": dollars("10.00"), "closeDate": "2026-02-10", "ownerId": seller })).await;
        made(admin, "exchange-rates", json!({ "fromCurrency": "USD", "toCurrency": "EUR", "validOn": "2026-02-05", "rate": "0.5" })).await;
        let done = client.post(revalue, &json!({ "closed": true })).await.expect(200);
        assert_eq!((&done["examined"], &done["changed"]), (&json!(1), &json!(1)));
        assert_eq!(admin.get(&of(&theirs)).await.expect(200)["baseAmount"], euro("5.00"));
    })
    .await;
}
