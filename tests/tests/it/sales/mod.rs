//! The sale: what is offered, at what price, and what comes of it.

mod catalog;
mod prices;
mod quotes;

use clientela_testkit::Client;
use clientela_testkit::factory::text;
use serde_json::{Value as Json, json};
use std::sync::atomic::{AtomicU64, Ordering};

static NUMBER: AtomicU64 = AtomicU64::new(1);

/// Makes a record and answers its id.
pub(crate) async fn made(client: &Client, path: &str, body: Json) -> String {
    text(&client.post(&format!("/v1/{path}"), &body).await.expect(201), "id")
}

/// An amount of euros.
pub(crate) fn euro(amount: &str) -> Json {
    json!({ "amount": amount, "currency": "EUR" })
}

/// A product with a number of its own.
pub(crate) async fn product(client: &Client, name: &str) -> String {
    let sku = format!("SKU-{}", NUMBER.fetch_add(1, Ordering::Relaxed));
    made(client, "products", json!({ "name": name, "sku": sku })).await
}

/// A price in a price book.
pub(crate) async fn priced(client: &Client, book: &str, product: &str, price: Json, from: &str) -> String {
    made(client, "price-book-entries", json!({ "priceBookId": book, "productId": product, "unitPrice": price, "minQuantity": from })).await
}
