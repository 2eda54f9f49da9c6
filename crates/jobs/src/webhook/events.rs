//! `describeWebhookEvents`.

use super::endpoint::ENDPOINT;
use async_trait::async_trait;
use clientela_engine::{Call, Operation, event};
use clientela_kernel::{Error, FieldProblem, ProblemCode, Result};
use clientela_macros::Shape;
use clientela_model::OperationDef;
use serde_json::json;

/// Tells which events there are.
pub struct DescribeWebhookEvents;

/// Of which records.
#[derive(Shape)]
pub struct WebhookEventSelection {
    /// The resource, such as `account`; every one where it is left out.
    #[field(max = 60, example = "\"account\"")]
    pub resource: Option<String>,
}

/// Which events there are.
#[derive(Shape)]
pub struct WebhookEventCatalogue {
    /// The events, by the order of the resources.
    #[field(shape, most = 10_000)]
    pub events: Vec<WebhookEventDescription>,
}

/// An event, and what it looks like.
#[derive(Shape)]
pub struct WebhookEventDescription {
    /// What it is called in `webhookEndpoint.events`.
    #[field(max = 120, example = "\"account.created\"")]
    pub event: String,
    /// The type of record.
    #[field(max = 60, example = "\"account\"")]
    pub resource: String,
    /// What has happened.
    #[field(max = 300, example = "\"An account was made.\"")]
    pub description: String,
    /// The body of a full payload in the format STANDARD, made of examples.
    #[field(document = r#"{"type":"object","required":["type","timestamp","data"],"properties":{
        "type":{"type":"string","description":"What has happened."},
        "timestamp":{"type":"string","format":"date-time","description":"When."},
        "data":{"type":"object","description":"To which record, and what it looks like.","additionalProperties":true}}}"#)]
    pub sample: Option<String>,
}

#[async_trait]
impl Operation for DescribeWebhookEvents {
    type Input = WebhookEventSelection;
    type Output = WebhookEventCatalogue;

    fn definition() -> OperationDef {
        OperationDef::reading::<WebhookEventSelection, WebhookEventCatalogue>(
            "describeWebhookEvents",
            ENDPOINT,
            "events",
            "Tells which events there are for webhooks, those of the tenant's own objects among them, each with a sample of what is sent. /asyncapi.json says the same as a contract.",
        )
    }

    async fn run(&self, call: &Call<'_>, given: WebhookEventSelection) -> Result<WebhookEventCatalogue> {
        let (registry, now) = (call.engine().registry(), call.now());
        let told = |name: &str| registry.resource(name).is_some_and(|def| event::is_told(def));
        if let Some(resource) = given.resource.as_deref().filter(|name| !told(name)) {
            let text =
                format!("resource is {resource:?}, and no resource whose changes are told is called so. Take a name such as account.");
            return Err(Error::validation(vec![FieldProblem::new("/resource", ProblemCode::NotAllowed, text)]));
        }
        let wanted = registry.resources().iter().filter(|def| given.resource.as_deref().is_none_or(|name| *name == def.name));
        let events = wanted.flat_map(|def| {
            event::of(def).map(|(name, kind, description)| {
                let body = json!({ "type": name, "timestamp": now.to_text(), "data": event::sample(def, kind, now, true) });
                WebhookEventDescription { event: name, resource: def.name.to_string(), description, sample: Some(body.to_string()) }
            })
        });
        Ok(WebhookEventCatalogue { events: events.collect() })
    }
}
