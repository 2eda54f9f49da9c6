//! What comes of an attempt: the delivery's record, the endpoint's health, and who hears of it.

use super::delivery::WebhookDeliveryState;
use super::endpoint::{ENDPOINT, Endpoint, WebhookDisabledReason, WebhookEndpointState};
use super::send::{Failure, Outcome};
use super::{Dispatcher, schedule};
use crate::mirror;
use clientela_engine::module::Found;
use clientela_engine::{Engine, WriteAction, WriteRequest};
use clientela_kernel::{Comparison, ErrorCode, Filter, Id, Name, Result, TenantId, Timestamp, Value};
use clientela_model::{Choice as _, system};
use clientela_store::{Scope, WriteSet};
use parking_lot::Mutex;
use rand::Rng as _;
use std::sync::Arc;

/// What follows from an attempt.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Noted {
    /// When it is tried again.
    pub(super) again: Option<Timestamp>,
    /// Whether the endpoint was disabled.
    pub(super) disabled: bool,
}

impl Dispatcher {
    /// Notes how an attempt ended. Where the delivery has changed meanwhile, somebody else has noted something newer.
    pub(super) async fn note(
        &self,
        engine: &Engine,
        scope: &Scope,
        endpoint: &Endpoint,
        delivery: &Found,
        outcome: &Outcome,
        failing: &Mutex<Option<Timestamp>>,
    ) -> Result<Noted> {
        let (tenant, now) = (scope.tenant(), self.now());
        let tried = delivery.get("attempts").as_integer().unwrap_or(0) + 1;
        let mut noted = Noted::default();
        let state = |state: WebhookDeliveryState| ("state", Value::from(state.as_str()));
        let attempted = [("attempts", Value::Integer(tried)), ("lastAttemptAt", Value::Instant(now))];
        let finished = [("nextAttemptAt", Value::Null), ("finishedAt", Value::Instant(now))];
        let mut values: Vec<(&'static str, Value)> = Vec::new();
        match outcome {
            Outcome::Delivered(status) => {
                values.extend(attempted);
                values.extend(finished);
                values.extend([state(WebhookDeliveryState::Delivered), ("lastStatus", Value::Integer(i64::from(*status)))]);
                values.extend([("lastProblem", Value::Null), ("lastAnswer", Value::Null)]);
            }
            Outcome::Withheld(why) => {
                values.extend(finished);
                values.extend([state(WebhookDeliveryState::Withheld), ("lastProblem", (*why).into())]);
            }
            Outcome::Failed(failure) => {
                values.extend(attempted);
                let chance = rand::rng().random_range(0..=1_000);
                noted.again = schedule::next(now, tried, failure.pause, chance).filter(|_| !failure.is_gone());
                match noted.again {
                    Some(at) => values.push(("nextAttemptAt", Value::Instant(at))),
                    None => {
                        values.extend(finished);
                        values.push(state(WebhookDeliveryState::Failed));
                    }
                }
                values.extend(told(failure));
            }
        }
        let context = self.own(tenant);
        let rows = vec![mirror::change(&context, delivery, values)];
        scope.commit(WriteSet { tenant, rows, idempotency: None, audit: None }).await?;
        noted.disabled = self.health(engine, tenant, endpoint, outcome, tried, failing).await?;
        Ok(noted)
    }

    /// Keeps an eye on an endpoint. Answers whether it was disabled.
    async fn health(
        &self,
        engine: &Engine,
        tenant: TenantId,
        endpoint: &Endpoint,
        outcome: &Outcome,
        tried: i64,
        failing: &Mutex<Option<Timestamp>>,
    ) -> Result<bool> {
        let (now, since) = (self.now(), *failing.lock());
        let failure = match outcome {
            Outcome::Withheld(_) => return Ok(false),
            Outcome::Delivered(_) if since.is_none() => return Ok(false),
            Outcome::Delivered(_) => {
                *failing.lock() = None;
                self.set(engine, tenant, endpoint.id, vec![("failingSince", Value::Null)]).await?;
                return Ok(false);
            }
            Outcome::Failed(failure) => failure,
        };
        if failure.is_gone() {
            self.disable(engine, tenant, endpoint, WebhookDisabledReason::Gone).await?;
            return Ok(true);
        }
        // Whoever comes first notes it.
        let first = failing.lock().replace(since.unwrap_or(now)).is_none();
        if first {
            self.set(engine, tenant, endpoint.id, vec![("failingSince", Value::Instant(now))]).await?;
        }
        let long = since.is_some_and(|since| now.0.saturating_sub(since.0) >= schedule::PATIENCE);
        if long && tried >= schedule::WITNESS {
            self.disable(engine, tenant, endpoint, WebhookDisabledReason::Failing).await?;
            return Ok(true);
        }
        Ok(false)
    }

    /// Disables an endpoint, and has its owner told.
    pub(super) async fn disable(
        &self,
        engine: &Engine,
        tenant: TenantId,
        endpoint: &Endpoint,
        reason: WebhookDisabledReason,
    ) -> Result<()> {
        let why = match reason {
            WebhookDisabledReason::Gone => "its address answered 410 Gone",
            WebhookDisabledReason::Failing => "nothing could be delivered for a day",
            WebhookDisabledReason::PrincipalGone => "whoever made it may sign in no more",
            WebhookDisabledReason::FilterUnreadable => "its filter cannot be read any more",
            WebhookDisabledReason::ByHand => "somebody has disabled it",
        };
        let values = vec![("state", WebhookEndpointState::Disabled.as_str().into()), ("disabledReason", reason.as_str().into())];
        self.set(engine, tenant, endpoint.id, values).await?;
        tracing::info!(endpoint = %endpoint.id.to_text("whe"), why, "a webhook endpoint was disabled");
        let Some(user) = self.told(engine, tenant, endpoint).await? else { return Ok(()) };
        let text = format!("The webhook endpoint {:?} ({}) was disabled: {why}.", endpoint.name, endpoint.id.to_text("whe"));
        let text: String = text.chars().take(500).collect();
        let Some(def) = engine.registry().resource("notification") else { return Ok(()) };
        let values: Vec<(Name, Value)> =
            vec![("userId".into(), Value::Id(user.0)), ("kind".into(), "OTHER".into()), ("text".into(), text.into())];
        let action = WriteAction::Make { values };
        engine.write(&self.own(tenant), WriteRequest { def: Arc::clone(def), action, idempotency: None }).await.map(drop)
    }

    /// Who hears that an endpoint was disabled: its owner, or whoever made it, or the key that did.
    async fn told(&self, engine: &Engine, tenant: TenantId, endpoint: &Endpoint) -> Result<Option<Id>> {
        if endpoint.owner.is_some() {
            return Ok(endpoint.owner);
        }
        let user = |text: &str| Id::parse(text, "usr").ok();
        let Ok(key) = Id::parse(&endpoint.principal, "key") else { return Ok(user(&endpoint.principal)) };
        let this = Filter::field(system::ID, Comparison::Equal(Value::Id(key.0)));
        let key = engine.find_one(&self.own(tenant), "apiKey", this).await?;
        Ok(key.and_then(|key| key.get(system::CREATED_BY).as_text().and_then(user)))
    }

    /// Notes something about an endpoint, if it is still there.
    async fn set(&self, engine: &Engine, tenant: TenantId, id: Id, values: Vec<(&'static str, Value)>) -> Result<()> {
        let Some(def) = engine.registry().resource(ENDPOINT) else { return Ok(()) };
        let values = values.into_iter().map(|(name, value)| (Name::from(name), value)).collect();
        let action = WriteAction::Set { id, values, expected: None };
        match engine.write(&self.own(tenant), WriteRequest { def: Arc::clone(def), action, idempotency: None }).await {
            Err(error) if !matches!(error.code(), ErrorCode::NotFound | ErrorCode::RecordDeleted) => Err(error),
            _ => Ok(()),
        }
    }
}

fn told(failure: &Failure) -> Vec<(&'static str, Value)> {
    vec![
        ("lastStatus", failure.status.map_or(Value::Null, |status| Value::Integer(i64::from(status)))),
        ("lastProblem", failure.problem.as_str().into()),
        ("lastAnswer", failure.answer.clone().map_or(Value::Null, Value::Text)),
    ]
}
