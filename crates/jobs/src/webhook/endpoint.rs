//! The webhook endpoint: an address that hears of what changes.

use super::{Webhooks, event, secret};
use crate::mirror;
use async_trait::async_trait;
use clientela_access::{Action, authorize};
use clientela_engine::module::{ChangeKind, Draft, Found, RuleReader, Wiped};
use clientela_engine::{AuditNote, AuditShows, Engine, Rules, View};
use clientela_kernel::{
    ActorKind, Comparison, Context, Error, ErrorCode, FieldProblem, Filter, Id, ProblemCode, Result, Scopes, Timestamp, Value,
};
use clientela_macros::{Choice, resource};
use clientela_model::{Choice as _, system};

/// The name of the resource.
pub(crate) const ENDPOINT: &str = "webhookEndpoint";
/// The fields that decide what goes where.
const DIRECTING: [&str; 5] = ["url", "events", "filter", "fields", "payload"];

/// How much is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Choice)]
pub enum WebhookPayload {
    /// What has happened, and the record as the endpoint's principal may see it when the message is sent.
    Full,
    /// What has happened to which record; whoever wants to know more asks for the record.
    Thin,
}

/// What the body looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Choice)]
pub enum WebhookFormat {
    /// `type`, `timestamp` and `data`, as Standard Webhooks recommends.
    Standard,
    /// A CloudEvents 1.0 event in structured JSON.
    Cloudevents,
}

/// Whether an endpoint hears of anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Choice)]
pub enum WebhookEndpointState {
    /// It does.
    Active,
    /// It does not. What happens meanwhile is not sent later unless somebody replays it; what waited to be sent goes on when it is active again.
    Disabled,
}

/// Why an endpoint is disabled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Choice)]
pub enum WebhookDisabledReason {
    /// Somebody has disabled it.
    ByHand,
    /// It has answered 410 Gone.
    Gone,
    /// Nothing could be delivered for a day.
    Failing,
    /// Whoever made it may sign in no more.
    PrincipalGone,
    /// Its filter cannot be read any more: a field that it names is gone, or whoever made the endpoint may no longer see it.
    FilterUnreadable,
}

/// An address that hears of what happens to records: each event is sent to it as a signed POST (Standard Webhooks 1.0), at least once, with an `id` that stays the
/// same however often it is tried, and of one record in the order of its versions. It is done in the name of whoever made the endpoint (`createdBy`), with the rights of the moment when it is
/// sent: records that this principal may not read are not sent, and fields are hidden and masked as in any read. A delivery that fails is tried again for
/// a day; an answer 410 disables the endpoint at once, a day of nothing but failures at its end, and its owner is told. Only its maker and administrators change it.
#[resource(
    name = "webhookEndpoint",
    prefix = "whe",
    label = "name",
    owned,
    unattachable,
    reveals(
        "secret",
        "The secret that signatures are made with: `whsec_` and 32 random bytes in base64. Shown only here, once: store it now."
    )
)]
pub struct Model {
    /// What listens there.
    #[field(max = 200, folded, example = "\"Web shop\"")]
    pub name: String,
    /// The address: `https`, on the public network (an operator may allow others), without a user name. Redirects are not followed.
    #[field(format = "url", max = 2000, no_sort, example = "\"https://hooks.alpine-foods.example/clientela\"")]
    pub url: String,
    /// Which events it hears of: `account.created`, `account.*` for all of a resource, `*.deleted` for one of all, `*` for every one.
    #[field(max = 120, max_items = 100, default = "[\"*\"]", example = "[\"account.created\",\"account.updated\"]")]
    pub events: TextSet,
    /// Only events of records that satisfy this filter tree, as JSON, when the event is read, which is a moment after it has happened. The events must be of one resource then. An erased record can be asked
    /// nothing: of one the endpoint hears if it has heard of the record before.
    #[field(format = "filter_tree", max = 10_000, no_filter, no_sort, example = "\"{\\\"country\\\": {\\\"eq\\\": \\\"AT\\\"}}\"")]
    pub filter: Option<String>,
    /// How much is sent.
    #[field(default = "\"FULL\"")]
    pub payload: WebhookPayload,
    /// The fields of the record in a full payload, with commas between them, also of records reached through to-one relations; every field where empty. The
    /// events must be of one resource then.
    #[field(max = 5000, no_filter, no_sort, example = "\"id,name,country\"")]
    pub fields: Option<String>,
    /// What the body looks like. The headers are the same.
    #[field(default = "\"STANDARD\"")]
    pub format: WebhookFormat,
    /// Whether it hears of anything.
    #[field(default = "\"ACTIVE\"")]
    pub state: WebhookEndpointState,
    /// Why it is disabled.
    #[field(write = "read_only", example = "null")]
    pub disabled_reason: Option<WebhookDisabledReason>,
    /// Since when it is disabled.
    #[field(write = "read_only", example = "null")]
    pub disabled_at: Option<Timestamp>,
    /// Since when nothing could be delivered; empty while it can.
    #[field(write = "read_only", example = "null")]
    pub failing_since: Option<Timestamp>,
    /// Until when messages are signed with the secret before the last rotation as well.
    #[field(write = "read_only", example = "null")]
    pub previous_secret_until: Option<Timestamp>,
    /// The secret that signatures are made with, so it is kept as it is.
    #[field(write = "read_only", secret, max = 200, example = "\"\"")]
    pub signing_secret: String,
    /// The one before.
    #[field(write = "read_only", secret, max = 200, example = "\"\"")]
    pub previous_secret: Option<String>,
    /// Its version when it became active: it hears of what stands behind that in the change log.
    #[field(write = "read_only", secret, example = "1")]
    pub active_since_version: i64,
    /// What the credential allowed that made it; nothing is sent with more.
    #[field(write = "read_only", secret, max = 8_000, example = "\"\"")]
    pub scopes: String,
}

/// The rules of webhook endpoints.
pub struct WebhookEndpointRules {
    /// The door out, and who is to hear of changes.
    pub(crate) webhooks: Webhooks,
}

#[async_trait]
impl Rules for WebhookEndpointRules {
    fn derive(&self, context: &Context, draft: &mut Draft) {
        let by_server = context.actor.kind == ActorKind::System;
        let version = draft.get(system::VERSION).clone();
        let active = draft.get("state").as_text() == Some(WebhookEndpointState::Active.as_str());
        if draft.kind == ChangeKind::Created {
            let minted = secret::mint().unwrap_or_default();
            draft.set("signingSecret", minted.clone().into());
            draft.revealed = Some(minted);
            draft.set("scopes", context.scopes.to_text().into());
            if draft.get("ownerId").is_null()
                && let Some(user) = user(context)
            {
                draft.set("ownerId", Value::Id(user.0));
            }
        } else if !by_server && DIRECTING.iter().any(|field| draft.changed(field)) {
            // Nobody sends more anywhere than their own credential lets them read.
            let kept = Scopes::parse_known(draft.get("scopes").as_text().unwrap_or_default());
            draft.set("scopes", kept.common(&context.scopes).to_text().into());
        }
        if draft.kind != ChangeKind::Updated || (active && draft.changed("state")) {
            draft.set("activeSinceVersion", version);
        }
        if active {
            draft.set("disabledReason", Value::Null);
            draft.set("disabledAt", Value::Null);
            if draft.changed("state") {
                draft.set("failingSince", Value::Null);
            }
        } else if draft.changed("state") {
            draft.set("disabledAt", Value::Instant(context.now));
            if !by_server {
                draft.set("disabledReason", WebhookDisabledReason::ByHand.as_str().into());
            }
        }
    }

    async fn look_up(&self, context: &Context, reader: &dyn RuleReader, draft: &mut Draft) -> Result<()> {
        if draft.get("signingSecret").as_text().is_none_or(str::is_empty) {
            return Err(Error::internal("the operating system gives no random bytes for a secret"));
        }
        if context.actor.kind == ActorKind::System {
            return Ok(());
        }
        if draft.kind != ChangeKind::Created
            && !context.is_administrator()
            && draft.get(system::CREATED_BY).as_text() != Some(&context.actor.to_text())
        {
            let text =
                "Only whoever made a webhook endpoint, in whose name it delivers, and administrators change it. Make one of your own.";
            return Err(Error::new(ErrorCode::Forbidden, text));
        }
        let written = ["events", "filter", "fields"].into_iter().any(|field| draft.changed(field));
        if draft.kind == ChangeKind::Updated && !written {
            return Ok(());
        }
        let registry = reader.registry().ok_or_else(|| Error::internal("no definitions to check an endpoint with"))?;
        let events = texts(draft.get("events"));
        let mut problems: Vec<FieldProblem> = events
            .iter()
            .filter_map(|pattern| event::problem(registry, pattern))
            .map(|text| FieldProblem::new("/events", ProblemCode::NotAllowed, text))
            .collect();
        if events.is_empty() {
            let text = "events is empty: name at least one event, such as account.created, or * for every one.";
            problems.push(FieldProblem::new("/events", ProblemCode::Required, text));
        }
        if problems.is_empty() {
            problems.extend(check_parts(registry, context, draft, &events));
        }
        if problems.is_empty() { Ok(()) } else { Err(Error::validation(problems)) }
    }

    fn check(&self, _context: &Context, draft: &Draft, problems: &mut Vec<FieldProblem>) {
        let Some(door) = self.webhooks.door.as_ref().filter(|_| draft.changed("url")) else { return };
        if let Err(why) = draft.get("url").as_text().map_or(Ok(()), |url| door.check(url)) {
            problems.push(FieldProblem::new("/url", ProblemCode::NotAllowed, format!("Nothing can be sent to url: {why}.")));
        }
    }

    fn audit(&self, draft: &Draft) -> Option<AuditNote> {
        let directs = DIRECTING.iter().chain(["state", "signingSecret"].iter()).any(|field| draft.changed(field));
        let told = draft.kind != ChangeKind::Updated || directs;
        told.then_some(AuditNote { kind: "CREDENTIAL_CHANGED", shows: AuditShows::Names })
    }

    fn wipes(&self) -> bool {
        true
    }

    /// What was sent goes with the endpoint.
    async fn wipe(&self, engine: &Engine, context: &Context, record: &Found) -> Result<Wiped> {
        let def = super::delivery::definition(engine.registry())?;
        let own = Context::of_system(context.tenant, context.request_id, context.now);
        let filter = Filter::field("endpointId", Comparison::Equal(Value::Id(record.id.0)));
        mirror::remove(engine, &own, &def.name, &filter).await?;
        Ok(Wiped { indexes: Vec::new(), tables: vec![def.table.to_string()] })
    }

    fn committed(&self, _context: &Context, _draft: &Draft) {
        self.webhooks.wake.ring();
    }
}

/// The user who asks, or in whose name a key does.
fn user(context: &Context) -> Option<Id> {
    match context.actor.kind {
        ActorKind::User => Some(context.actor.id),
        _ => context.policy.as_ref().and_then(|policy| policy.user()).map(Id),
    }
}

/// The members of a set.
pub(crate) fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::TextSet(members) => members.clone(),
        _ => Vec::new(),
    }
}

/// Filter and fields against the one resource that they are about.
fn check_parts(registry: &clientela_model::Registry, context: &Context, draft: &Draft, events: &[String]) -> Vec<FieldProblem> {
    let text = |field: &str| draft.get(field).as_text();
    let given: Vec<&str> = ["filter", "fields"].into_iter().filter(|field| text(field).is_some()).collect();
    if given.is_empty() {
        return Vec::new();
    }
    let Some(resource) = event::only_resource(events) else {
        let refused = |field: &&str| {
            let text = format!(
                "{field} is about records of one resource, and events names those of several. Name events of one, such as account.*, or leave {field} out."
            );
            FieldProblem::new(format!("/{field}"), ProblemCode::Contradiction, text)
        };
        return given.iter().map(refused).collect();
    };
    if let Some(def) = registry.resource(resource)
        && let Err(error) = authorize(context, def, Action::Read)
    {
        return vec![FieldProblem::new("/events", ProblemCode::NotAllowed, error.detail().to_owned())];
    }
    let view = View { resource, filter: text("filter"), sort: None, fields: text("fields") };
    match view.check(registry, context) {
        Ok(_) => Vec::new(),
        Err((part, error)) => vec![FieldProblem::new(format!("/{part}"), ProblemCode::NotAllowed, error.detail().to_owned())],
    }
}

/// An endpoint as those who deliver to it need it.
#[derive(Clone, Debug)]
pub(crate) struct Endpoint {
    pub(crate) id: Id,
    pub(crate) name: String,
    pub(crate) url: String,
    pub(crate) events: Vec<String>,
    pub(crate) filter: Option<String>,
    pub(crate) fields: Vec<String>,
    pub(crate) full: bool,
    pub(crate) cloud: bool,
    pub(crate) active: bool,
    pub(crate) active_since_version: i64,
    pub(crate) failing_since: Option<Timestamp>,
    pub(crate) secret: String,
    previous: Option<(String, Timestamp)>,
    pub(crate) owner: Option<Id>,
    /// In whose name it delivers.
    pub(crate) principal: String,
    pub(crate) scopes: Scopes,
}

impl Endpoint {
    pub(crate) fn of(found: &Found) -> Endpoint {
        let text = |field: &str| found.get(field).as_text().unwrap_or_default().to_owned();
        let number = |field: &str| found.get(field).as_integer().unwrap_or(0);
        let fields = text("fields").split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect();
        let previous = found.get("previousSecret").as_text().map(str::to_owned).zip(found.get("previousSecretUntil").as_instant());
        Endpoint {
            id: found.id,
            name: text("name"),
            url: text("url"),
            events: texts(found.get("events")),
            filter: found.get("filter").as_text().map(str::to_owned),
            fields,
            full: text("payload") == WebhookPayload::Full.as_str(),
            cloud: text("format") == WebhookFormat::Cloudevents.as_str(),
            active: text("state") == WebhookEndpointState::Active.as_str(),
            active_since_version: number("activeSinceVersion"),
            failing_since: found.get("failingSince").as_instant(),
            secret: text("signingSecret"),
            previous,
            owner: found.get("ownerId").as_id().map(Id),
            principal: text(system::CREATED_BY),
            scopes: Scopes::parse_known(&text("scopes")),
        }
    }

    /// Whether it hears of an event.
    pub(crate) fn wants(&self, event: &str) -> bool {
        self.events.iter().any(|pattern| event::fits(pattern, event))
    }

    /// The secrets that a message of this moment is signed with.
    pub(crate) fn secrets(&self, now: Timestamp) -> impl Iterator<Item = &str> {
        let previous = self.previous.as_ref().filter(|(_, until)| now < *until).map(|(secret, _)| secret.as_str());
        std::iter::once(self.secret.as_str()).chain(previous)
    }
}
