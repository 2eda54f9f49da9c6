//! Categories, products and bundles: trees that do not close, and numbers that are one product's.

use super::{euro, made, priced, product};
use clientela_testkit::both;
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn trees_and_bundles_do_not_close() {
    both(|app| async move {
        let alpha = &app.alpha;
        let food = made(alpha, "product-categories", json!({ "name": "Food" })).await;
        let dairy = made(alpha, "product-categories", json!({ "name": "Dairy", "parentId": food })).await;
        let closed = alpha.patch(&format!("/v1/product-categories/{food}"), &json!({ "parentId": dairy })).await;
        assert_eq!(closed.refused(422, "VALIDATION_FAILED")["errors"][0]["pointer"], json!("/parentId"));
        let body = json!({ "name": "Cheese", "sku": "CH-1", "categoryId": dairy, "cost": euro("9.40"), "family": "Cheese" });
        let cheese = made(alpha, "products", body.clone()).await;
        alpha.post("/v1/products", &json!({ "name": "Other", "sku": "ch-1" })).await.refused(409, "DUPLICATE");
        alpha.post("/v1/products", &json!({ "name": "Free", "sku": "F", "cost": euro("-0.01") })).await.refused(422, "VALIDATION_FAILED");
        app.beta.post("/v1/products", &json!({ "name": "Cheese", "sku": "CH-1" })).await.expect(201);
        let found = alpha.get("/v1/products?filter[category][parent][name][eq]=Food&fields=sku").await.expect(200);
        assert_eq!(found["data"], json!([{ "sku": "CH-1" }]));

        let basket = made(alpha, "products", json!({ "name": "Basket", "sku": "B-1", "kind": "BUNDLE" })).await;
        let hamper = made(alpha, "products", json!({ "name": "Hamper", "sku": "B-2", "kind": "BUNDLE" })).await;
        let component =
            |bundle: &str, product: &str, quantity: &str| json!({ "bundleId": bundle, "productId": product, "quantity": quantity });
        let held = made(alpha, "product-components", component(&basket, &cheese, "2.5")).await;
        assert_eq!(alpha.get(&format!("/v1/product-components/{held}")).await.expect(200)["quantity"], json!("2.5"));
        let in_hamper = made(alpha, "product-components", component(&hamper, &basket, "1")).await;
        for (bundle, product, quantity, pointer) in [
            (&cheese, &basket, "1", "/bundleId"),
            (&basket, &hamper, "1", "/productId"),
            (&basket, &basket, "1", "/productId"),
            (&hamper, &cheese, "-1", "/quantity"),
            (&hamper, &cheese, "0", "/quantity"),
            (&hamper, &cheese, "0.00001", "/quantity"),
        ] {
            let refused =
                alpha.post("/v1/product-components", &component(bundle, product, quantity)).await.refused(422, "VALIDATION_FAILED");
            assert_eq!(refused["errors"][0]["pointer"], json!(pointer), "{refused}");
        }
        // What comes back must not close the circle either.
        assert_eq!(alpha.delete(&format!("/v1/product-components/{in_hamper}")).await.status, 204);
        made(alpha, "product-components", component(&basket, &hamper, "1")).await;
        alpha.post(&format!("/v1/product-components/{in_hamper}/restore"), &json!({})).await.refused(422, "VALIDATION_FAILED");
        alpha.patch(&format!("/v1/products/{basket}"), &json!({ "kind": "GOOD" })).await.refused(422, "VALIDATION_FAILED");
        alpha.delete(&format!("/v1/products/{cheese}")).await.refused(409, "REFERENCED");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn price_books_and_taxes_keep_one_price_at_a_time() {
    both(|app| async move {
        let alpha = &app.alpha;
        let cheese = product(alpha, "Cheese").await;
        let book = made(alpha, "price-books", json!({ "name": "List", "currency": "EUR", "isDefault": true })).await;
        let second = json!({ "name": "Other list", "currency": "EUR", "isDefault": true });
        alpha.post("/v1/price-books", &second).await.refused(409, "DUPLICATE");
        alpha.post("/v1/price-books", &json!({ "name": "Dollars", "currency": "USD", "isDefault": true })).await.expect(201);
        let account = made(alpha, "accounts", json!({ "name": "Dairy" })).await;
        for body in [
            json!({ "name": "Both", "currency": "EUR", "accountId": account, "segment": "RETAIL" }),
            json!({ "name": "Default of one", "currency": "EUR", "accountId": account, "isDefault": true }),
            json!({ "name": "Backwards", "currency": "EUR", "validFrom": "2026-02-01", "validUntil": "2026-01-31" }),
        ] {
            alpha.post("/v1/price-books", &body).await.refused(422, "VALIDATION_FAILED");
        }
        let entry = |from: &str, since: &str, until: &str| {
            json!({ "priceBookId": book, "productId": cheese, "unitPrice": euro("10.00"), "minQuantity": from, "validFrom": since, "validUntil": until })
        };
        let first = made(alpha, "price-book-entries", entry("10", "2026-01-01", "2026-06-30")).await;
        made(alpha, "price-book-entries", entry("10", "2026-07-01", "2026-12-31")).await;
        made(alpha, "price-book-entries", entry("20", "2026-01-01", "2026-06-30")).await;
        let refused = alpha.post("/v1/price-book-entries", &entry("10.000", "2026-06-30", "2026-07-15")).await.refused(422, "VALIDATION_FAILED");
        assert_eq!(refused["errors"][0]["pointer"], json!("/minQuantity"), "{refused}");
        assert_eq!(alpha.delete(&format!("/v1/price-book-entries/{first}")).await.status, 204);
        made(alpha, "price-book-entries", entry("10", "2026-03-01", "2026-03-31")).await;
        alpha.post(&format!("/v1/price-book-entries/{first}/restore"), &json!({})).await.refused(422, "VALIDATION_FAILED");
        let dollars = json!({ "priceBookId": book, "productId": cheese, "unitPrice": { "amount": "1", "currency": "USD" } });
        let refused = alpha.post("/v1/price-book-entries", &dollars).await.refused(422, "VALIDATION_FAILED");
        assert_eq!(refused["errors"][0]["pointer"], json!("/unitPrice/currency"));
        // Two who make an open price at once: one has it.
        let open = json!({ "priceBookId": book, "productId": cheese, "unitPrice": euro("9.00"), "minQuantity": "100" });
        let (left, right) = tokio::join!(alpha.post("/v1/price-book-entries", &open), alpha.post("/v1/price-book-entries", &open));
        let mut statuses = [left.status, right.status];
        statuses.sort_unstable();
        assert!(statuses[0] == 201 && [409, 422].contains(&statuses[1]), "{statuses:?}");

        let vat = |region: Option<&str>, class: &str, since: &str| json!({ "name": "VAT", "country": "AT", "region": region, "taxClass": class, "percent": "20", "validFrom": since });
        made(alpha, "tax-rates", vat(None, "STANDARD", "2016-01-01")).await;
        made(alpha, "tax-rates", vat(Some("Jungholz"), "STANDARD", "2016-01-01")).await;
        made(alpha, "tax-rates", vat(None, "REDUCED", "2016-01-01")).await;
        alpha.post("/v1/tax-rates", &vat(None, "STANDARD", "2027-01-01")).await.refused(422, "VALIDATION_FAILED");
        let rate = |from: &str, to: &str, rate: &str| json!({ "fromCurrency": from, "toCurrency": to, "validOn": "2026-01-30", "rate": rate });
        made(alpha, "exchange-rates", rate("EUR", "USD", "1.0854321098")).await;
        alpha.post("/v1/exchange-rates", &rate("EUR", "USD", "1.1")).await.refused(409, "DUPLICATE");
        for (from, to, value) in [("EUR", "EUR", "1"), ("EUR", "CHF", "0"), ("EUR", "CHF", "0.00000000001"), ("EUR", "XYZ", "1")] {
            alpha.post("/v1/exchange-rates", &rate(from, to, value)).await.refused(422, "VALIDATION_FAILED");
        }
        priced(alpha, &book, &cheese, euro("8.00"), "1000").await;
    })
    .await;
}
