//! The sale, on both APIs and both databases.

mod catalog;
mod forecasts;
mod insight;
mod leads;
mod line_items;
mod opportunities;
mod pipelines;
mod prices;
mod quotes;
mod walk;

use clientela_testkit::Client;
use clientela_testkit::factory::text;
use serde_json::{Map, Value as Json, json};
use std::sync::atomic::{AtomicU64, Ordering};

static NUMBER: AtomicU64 = AtomicU64::new(1);

/// A pipeline with its stages by name.
pub(crate) struct Line {
    pub(crate) id: String,
    pub(crate) stages: Map<String, Json>,
}

impl Line {
    /// Makes a pipeline with two open stages, Qualify and Offer, and an end of each kind.
    pub(crate) async fn new(client: &Client) -> Line {
        let pipeline = client.post("/v1/pipelines", &json!({ "name": "New business", "isDefault": true })).await.expect(201);
        let mut line = Line { id: text(&pipeline, "id"), stages: Map::new() };
        line.stage(client, json!({ "name": "Qualify", "position": 10, "probability": 10 })).await;
        line.stage(client, json!({ "name": "Offer", "position": 20, "probability": 50, "forecastCategory": "BEST_CASE" })).await;
        line.stage(client, json!({ "name": "Won", "position": 90, "kind": "WON" })).await;
        line.stage(client, json!({ "name": "Lost", "position": 91, "kind": "LOST" })).await;
        line
    }

    /// Adds a stage.
    pub(crate) async fn stage(&mut self, client: &Client, mut body: Json) -> String {
        body["pipelineId"] = json!(self.id);
        let made = client.post("/v1/stages", &body).await.expect(201);
        self.stages.insert(text(&made, "name"), made["id"].clone());
        text(&made, "id")
    }

    /// The id of a stage.
    pub(crate) fn at(&self, name: &str) -> Json {
        self.stages[name].clone()
    }
}

/// What the operations of the sale need beyond what their examples say.
pub(crate) async fn prepare(client: &Client, name: &str, record: &str, input: &mut Map<String, Json>) {
    let on_deal = ["advanceOpportunity", "winOpportunity", "loseOpportunity", "reopenOpportunity", "requestApproval"];
    if on_deal.contains(&name) {
        let deal = client.get(&format!("/v1/opportunities/{record}")).await.expect(200);
        let mut line = Line { id: text(&deal, "pipelineId"), stages: Map::new() };
        for (stage, kind) in [("Next", "OPEN"), ("Won", "WON"), ("Lost", "LOST")] {
            line.stage(client, json!({ "name": stage, "position": 1_000, "kind": kind })).await;
        }
        if name == "reopenOpportunity" {
            client.post(&format!("/v1/opportunities/{record}/win"), &json!({})).await.expect(200);
        }
        if name == "requestApproval" {
            let approver = json!({ "stageId": line.at("Next"), "approverId": client.context.actor.to_text() });
            client.post("/v1/stage-approvers", &approver).await.expect(201);
            input.insert("stageId".to_owned(), line.at("Next"));
        }
    }
    if name == "quoteOpportunity" {
        let item = json!({ "opportunityId": record, "description": "Cheese", "unitPrice": euro("1.00") });
        client.post("/v1/opportunity-line-items", &item).await.expect(201);
    }
    if name == "convertLead" || name == "revertLeadConversion" {
        let line = Line::new(client).await;
        if name == "convertLead" {
            input.insert("stageId".to_owned(), line.at("Offer"));
        } else {
            client.post(&format!("/v1/leads/{record}/convert"), &json!({})).await.expect(200);
        }
    }
    if name == "requalifyLead" {
        client.post(&format!("/v1/leads/{record}/disqualify"), &json!({ "reason": "No" })).await.expect(200);
    }
    if name == "moveToPipeline" {
        let line = Line::new(client).await;
        input.insert("pipelineId".to_owned(), json!(line.id));
    }
    if name == "captureLead" {
        // It must be somebody, and each time somebody new.
        input.remove("email");
        input.entry("lastName").or_insert(json!("Gruber"));
    }
    if let "approveStage" | "rejectStage" = name {
        let approval = client.get(&format!("/v1/stage-approvals/{record}")).await.expect(200);
        let approver = json!({ "stageId": approval["stageId"], "approverId": client.context.actor.to_text() });
        client.post("/v1/stage-approvers", &approver).await.expect(201);
    }
}

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
