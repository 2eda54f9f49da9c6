//! Which price applies and why, and what an amount is in another currency.

use super::{euro, made, priced, product};
use clientela_testkit::{Client, both};
use serde_json::{Value as Json, json};

async fn price(client: &Client, question: Json) -> Json {
    client.post("/v1/products/price", &question).await.expect(200)
}

async fn refused(client: &Client, question: Json, pointer: &str, word: &str) {
    let refused = client.post("/v1/products/price", &question).await.refused(422, "VALIDATION_FAILED");
    assert_eq!(refused["errors"][0]["pointer"], json!(pointer), "{refused}");
    assert!(refused["errors"][0]["detail"].as_str().unwrap().contains(word), "{word}: {refused}");
}

fn outcomes(item: &Json) -> Vec<(String, String)> {
    let candidates = item["candidates"].as_array().unwrap().iter();
    let text = |json: &Json| json.as_str().unwrap().to_owned();
    candidates.map(|candidate| (text(&candidate["priceBookEntry"]["id"]), text(&candidate["outcome"]))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_nearest_price_applies_and_the_others_say_why_not() {
    both(|app| async move {
        let alpha = &app.alpha;
        let (cheese, butter) = (product(alpha, "Cheese").await, product(alpha, "Butter").await);
        let account = made(alpha, "accounts", json!({ "name": "Dairy" })).await;
        let list = made(alpha, "price-books", json!({ "name": "List", "currency": "EUR", "isDefault": true })).await;
        let own = made(alpha, "price-books", json!({ "name": "Of the dairy", "currency": "EUR", "accountId": account })).await;
        let retail = made(alpha, "price-books", json!({ "name": "Retail", "currency": "EUR", "segment": "RETAIL" })).await;
        let unit = priced(alpha, &list, &cheese, euro("10.00"), "0").await;
        let tier = priced(alpha, &list, &cheese, euro("9.55"), "10").await;
        let bulk = priced(alpha, &list, &cheese, euro("8.00"), "100").await;
        let of_account = priced(alpha, &own, &cheese, euro("9.00"), "0.5").await;
        let of_segment = priced(alpha, &retail, &cheese, euro("9.90"), "0").await;
        priced(alpha, &list, &butter, euro("0.35"), "0").await;

        let plain = price(alpha, json!({ "items": [{ "productId": cheese, "quantity": "12.5" }, { "productId": butter, "quantity": "0.5" }] })).await;
        let item = &plain["items"][0];
        assert_eq!((&item["unitPrice"], &item["total"], &item["minQuantity"]), (&euro("9.55"), &euro("119.38"), &json!("10")), "119.375 is rounded");
        assert_eq!(item["priceBookEntry"]["id"], json!(tier));
        let why = |entry: &str, outcome: &str| (entry.to_owned(), outcome.to_owned());
        assert_eq!(outcomes(item), [why(&unit, "LOWER_TIER"), why(&bulk, "QUANTITY_TOO_SMALL")]);
        assert_eq!((&plain["items"][1]["total"], &plain["total"]), (&euro("0.18"), &euro("119.56")));
        let near = price(alpha, json!({ "items": [{ "productId": cheese }], "accountId": account, "segment": "RETAIL" })).await;
        assert_eq!(near["items"][0]["priceBookEntry"]["id"], json!(of_account));
        let others = outcomes(&near["items"][0]);
        assert!(others.contains(&why(&of_segment, "OTHER_BOOK")) && others.contains(&why(&unit, "OTHER_BOOK")), "{others:?}");
        let segment = price(alpha, json!({ "items": [{ "productId": cheese }], "segment": "RETAIL" })).await;
        assert_eq!(segment["items"][0]["unitPrice"], euro("9.90"));
        let named = price(alpha, json!({ "items": [{ "productId": cheese, "quantity": "100" }], "accountId": account, "priceBookId": list })).await;
        assert_eq!(named["items"][0]["unitPrice"], euro("8.00"));
        // The same on GraphQL.
        let query = "query($input: PriceProductsInput!) { priceProducts(input: $input) { total { amount currency } items { quantity minQuantity priceBookEntry { id } candidates { outcome } } } }";
        let input = json!({ "items": [{ "productId": cheese, "quantity": "12.5" }] });
        let graphql = alpha.graphql(query, json!({ "input": input })).await.data();
        assert_eq!(graphql["priceProducts"]["items"][0]["priceBookEntry"]["id"], json!(tier), "{graphql}");

        // What cannot be priced says why.
        let one = |product: &str| json!([{ "productId": product }]);
        let sold_out = made(alpha, "products", json!({ "name": "Old", "sku": "OLD", "active": false })).await;
        refused(alpha, json!({ "items": one(&sold_out) }), "/items/0/productId", "not sold").await;
        refused(alpha, json!({ "items": one(&product(alpha, "New").await) }), "/items/0/productId", "no price").await;
        refused(alpha, json!({ "items": one(&cheese), "currency": "USD" }), "/items/0/productId", "no exchange rate from EUR to USD").await;
        refused(alpha, json!({ "items": [{ "productId": cheese, "quantity": "-1" }] }), "/items/0/quantity", "from 0.0001").await;
        alpha.patch(&format!("/v1/price-books/{list}"), &json!({ "validUntil": "2026-01-31" })).await.expect(200);
        refused(alpha, json!({ "items": one(&cheese), "priceBookId": list, "date": "2026-02-01" }), "/items/0/productId", "until 2026-01-31").await;
        let old = price(alpha, json!({ "items": one(&cheese), "priceBookId": list, "date": "2026-01-31" })).await;
        assert_eq!(old["items"][0]["unitPrice"], euro("10.00"));
        alpha.patch(&format!("/v1/price-books/{own}"), &json!({ "active": false })).await.expect(200);
        let inactive = price(alpha, json!({ "items": one(&cheese), "accountId": account, "segment": "RETAIL", "date": "2026-01-31" })).await;
        assert!(outcomes(&inactive["items"][0]).contains(&why(&of_account, "BOOK_INACTIVE")), "{inactive}");
        // Prices of one tenant are none of another's.
        app.beta.post("/v1/products/price", &json!({ "items": one(&cheese) })).await.refused(422, "VALIDATION_FAILED");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn amounts_are_converted_by_the_rates_of_the_day() {
    both(|app| async move {
        let alpha = &app.alpha;
        for (from, to, on, rate) in [
            ("EUR", "USD", "2026-01-01", "1.08"),
            ("EUR", "USD", "2026-01-15", "1.10"),
            ("EUR", "JPY", "2020-01-01", "162.3"),
            ("CHF", "EUR", "2026-01-10", "1.05"),
        ] {
            made(alpha, "exchange-rates", json!({ "fromCurrency": from, "toCurrency": to, "validOn": on, "rate": rate })).await;
        }
        let convert = |amount: &str, from: &str, to: &str, on: &str| {
            let question = json!({ "amount": { "amount": amount, "currency": from }, "currency": to, "date": on });
            async move { alpha.post("/v1/exchange-rates/convert", &question).await }
        };
        for (amount, from, to, on, expected, rate, path, day) in [
            ("100.00", "EUR", "USD", "2026-01-14", "108.00", json!("1.08"), "DIRECT", json!("2026-01-01")),
            ("100.00", "EUR", "USD", "2026-01-15", "110.00", json!("1.1"), "DIRECT", json!("2026-01-15")),
            ("110.00", "USD", "EUR", "2026-02-01", "100.00", json!("0.9090909091"), "INVERSE", json!("2026-01-15")),
            ("1.50", "EUR", "JPY", "2026-01-01", "243", json!("162.3"), "DIRECT", json!("2020-01-01")),
            ("100.00", "CHF", "USD", "2026-01-20", "115.50", json!("1.155"), "CROSS", json!("2026-01-10")),
            ("7", "JPY", "JPY", "2026-01-20", "7", json!("1"), "SAME", Json::Null),
        ] {
            let found = convert(amount, from, to, on).await.expect(200);
            assert_eq!(found["amount"], json!({ "amount": expected, "currency": to }), "{found}");
            assert_eq!((&found["rate"], &found["path"], &found["rateDate"]), (&rate, &json!(path), &day), "{found}");
        }
        for (from, to, on) in [("EUR", "USD", "2025-12-31"), ("EUR", "GBP", "2026-02-01"), ("GBP", "USD", "2026-02-01")] {
            let refused = convert("1.00", from, to, on).await.refused(422, "VALIDATION_FAILED");
            let detail = refused["errors"][0]["detail"].as_str().unwrap();
            assert!(detail.contains(&format!("no exchange rate from {from} to {to}")), "{detail}");
        }
        // A price in another currency than the one wanted is converted, and says by which day's rate.
        let cheese = product(alpha, "Cheese").await;
        let list = made(alpha, "price-books", json!({ "name": "List", "currency": "EUR", "isDefault": true })).await;
        priced(alpha, &list, &cheese, euro("9.99"), "0").await;
        let dear =
            price(alpha, json!({ "items": [{ "productId": cheese, "quantity": "3" }], "currency": "USD", "date": "2026-01-20" })).await;
        let item = &dear["items"][0];
        assert_eq!((&item["unitPrice"]["amount"], &item["total"]["amount"]), (&json!("10.99"), &json!("32.97")), "{item}");
        assert_eq!((&item["listPrice"], &item["rateDate"]), (&euro("9.99"), &json!("2026-01-15")));
        // The base currency is the tenant's, which only administrators change.
        assert_eq!(alpha.get("/v1/tenants").await.expect(200)["data"][0]["currency"], json!("EUR"));
    })
    .await;
}
