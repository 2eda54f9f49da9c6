//! `sendTestWebhook`.

use super::delivery::{self, New};
use super::endpoint::{ENDPOINT, WebhookEndpointState, texts};
use super::{Webhooks, event};
use async_trait::async_trait;
use clientela_engine::event as told;
use clientela_engine::{Call, Operation, ids};
use clientela_kernel::{Context, Error, FieldProblem, Id, ProblemCode, Result};
use clientela_macros::Shape;
use clientela_model::{Choice as _, OperationDef, Registry};
use clientela_store::WriteSet;

/// Sends a sample.
pub struct SendTestWebhook {
    /// Who sends it.
    pub(crate) webhooks: Webhooks,
}

/// What is sent.
#[derive(Shape)]
pub struct WebhookTest {
    /// The event of which a sample is sent, such as `account.created`, whether the endpoint hears of it or not; one that it hears of where it is left out.
    #[field(max = 120, example = "\"account.created\"")]
    pub event: Option<String>,
}

/// The delivery to look at.
#[derive(Shape)]
pub struct WebhookTestSent {
    /// The delivery, which is sent within a second or two: read it again to see what came of it.
    #[field(record = "webhookDelivery")]
    pub webhook_delivery: Id,
}

#[async_trait]
impl Operation for SendTestWebhook {
    type Input = WebhookTest;
    type Output = WebhookTestSent;

    fn definition() -> OperationDef {
        OperationDef::writing::<WebhookTest, WebhookTestSent>(
            "sendTestWebhook",
            ENDPOINT,
            "test",
            "Sends a sample of an event to a webhook endpoint, made of the examples of the definitions and marked by `test`, signed and tried again as any other. The endpoint must be active.",
        )
        .on_record()
    }

    async fn run(&self, call: &Call<'_>, given: WebhookTest) -> Result<WebhookTestSent> {
        let endpoint = call.target()?;
        let refused = |field: &str, code, text: String| Error::validation(vec![FieldProblem::new(format!("/{field}"), code, text)]);
        if endpoint.get("state").as_text() != Some(WebhookEndpointState::Active.as_str()) {
            let text = "state is DISABLED: nothing is sent to the endpoint. Set it to ACTIVE first.".to_owned();
            return Err(refused("state", ProblemCode::Contradiction, text));
        }
        let registry = call.engine().registry();
        let name = match given.event {
            Some(name) => match event::problem(registry, &name) {
                Some(text) => return Err(refused("event", ProblemCode::NotAllowed, text)),
                None if name.contains(event::ANY) => {
                    let text = format!("event is {name:?}, which means several. Name one, such as account.created.");
                    return Err(refused("event", ProblemCode::NotAllowed, text));
                }
                None => name,
            },
            None => heard(registry, &texts(endpoint.get("events"))),
        };
        let resource = name.split_once('.').map_or("", |(resource, _)| resource).to_owned();
        let now = call.now();
        let (id, def) = (ids::mint(now), delivery::definition(registry)?);
        let made = New {
            id,
            endpoint: endpoint.id,
            event: name,
            event_id: ids::mint(now),
            resource: &resource,
            record: None,
            record_version: None,
            sequence: None,
            occurred_at: now,
        };
        let context = Context { now, ..call.context.clone() };
        let rows = vec![made.row(&context, def)];
        let tenant = context.tenant;
        call.engine().scope(&context).commit(WriteSet { tenant, rows, idempotency: None, audit: None }).await?;
        self.webhooks.wake.ring();
        Ok(WebhookTestSent { webhook_delivery: id })
    }
}

/// An event that an endpoint hears of.
fn heard(registry: &Registry, patterns: &[String]) -> String {
    let fits = |name: &String| patterns.iter().any(|pattern| event::fits(pattern, name));
    let known = registry.resources().iter().filter(|def| told::is_told(def) && def.creatable);
    // Everybody knows what an account is.
    let (first, rest): (Vec<_>, Vec<_>) = known.partition(|def| def.name == "account");
    let mut names = first.into_iter().chain(rest).flat_map(|def| told::of(def).map(|(name, ..)| name));
    names.find(fits).unwrap_or_else(|| "account.created".to_owned())
}
