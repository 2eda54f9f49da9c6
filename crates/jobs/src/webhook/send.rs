//! One attempt to deliver: the payload is made with the rights of this moment, signed and sent.

use super::endpoint::Endpoint;
use super::payload::Message;
use super::{Dispatcher, event, schedule, secret};
use clientela_access::{Action, authorize};
use clientela_engine::module::Found;
use clientela_engine::{Engine, Item, ReadPlan, Root, Selection, export};
use clientela_kernel::{Context, DeletedMode, Error, ErrorCode, Id, Result};
use clientela_model::{ResourceDef, system};
use clientela_outgoing::Post;
use clientela_store::{Change, ChangeKind};
use serde_json::{Map, Value as Json, json};
use std::sync::Arc;

/// So much of an answer is kept, in bytes.
const EXCERPT: usize = 2_000;

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It was taken.
    Delivered(u16),
    /// It was not.
    Failed(Failure),
    /// The principal may not read the record.
    Withheld(&'static str),
}

/// Why an attempt failed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) status: Option<u16>,
    pub(super) problem: String,
    pub(super) answer: Option<String>,
    /// The pause that the receiver asks for, in milliseconds.
    pub(super) pause: Option<i64>,
}

impl Failure {
    /// Whether the receiver says that nobody listens there any more.
    pub(super) fn is_gone(&self) -> bool {
        self.status == Some(410)
    }
}

impl Dispatcher {
    /// Tries a delivery once. `context` is the principal's authority.
    ///
    /// # Errors
    /// Where nothing was tried: the database is away.
    pub(super) async fn attempt(&self, engine: &Engine, context: &Context, endpoint: &Endpoint, delivery: &Found) -> Result<Outcome> {
        let message = match self.message(engine, context, endpoint, delivery).await? {
            Ok(message) => message,
            Err(why) => return Ok(Outcome::Withheld(why)),
        };
        let (now, id) = (self.now(), message.id.clone());
        let (media_type, body) = message.written(endpoint.cloud);
        let seconds = now.0.div_euclid(1_000);
        let signatures: Vec<String> = endpoint.secrets(now).filter_map(|known| secret::sign(known, &id, seconds, &body)).collect();
        let headers = vec![
            ("content-type", media_type.to_owned()),
            ("webhook-id", id),
            ("webhook-timestamp", seconds.to_string()),
            ("webhook-signature", signatures.join(" ")),
        ];
        let reply = match self.door.post(Post { url: endpoint.url.clone(), headers, body, most: EXCERPT }).await {
            Ok(reply) => reply,
            Err(error) => {
                let problem = format!("Nothing was delivered: {error}.").chars().take(1_000).collect();
                return Ok(Outcome::Failed(Failure { problem, ..Failure::default() }));
            }
        };
        if (200..300).contains(&reply.status) {
            return Ok(Outcome::Delivered(reply.status));
        }
        let answer = String::from_utf8_lossy(&reply.excerpt).replace('\0', "");
        let away = if (300..400).contains(&reply.status) { " Redirects are not followed." } else { "" };
        Ok(Outcome::Failed(Failure {
            status: Some(reply.status),
            problem: format!("The endpoint answered {}.{away}", reply.status),
            answer: Some(answer.chars().take(EXCERPT).collect::<String>()).filter(|answer| !answer.is_empty()),
            pause: reply.retry_after.and_then(|header| schedule::asked_for(&header, self.now())),
        }))
    }

    /// What is to be sent, or why it is not.
    async fn message(
        &self,
        engine: &Engine,
        context: &Context,
        endpoint: &Endpoint,
        delivery: &Found,
    ) -> Result<std::result::Result<Message, &'static str>> {
        let text = |field: &str| delivery.get(field).as_text().map(str::to_owned);
        let name = text("event").unwrap_or_default();
        let Some(def) = engine.registry().resource(&text("resource").unwrap_or_default()) else {
            return Ok(Err("There are no such records any more."));
        };
        let occurred_at = delivery.get("occurredAt").as_instant().unwrap_or(context.now);
        let source = format!("/v1/{}", def.path);
        let id = text("eventId").unwrap_or_default();
        let Some(subject) = text("record") else {
            let mut data = clientela_engine::event::sample(def, event::kind(&name), occurred_at, endpoint.full);
            data.insert("test".to_owned(), Json::from(true));
            return Ok(Ok(Message { id, event: name, occurred_at, source, subject: None, data }));
        };
        let Some(change) = self.change(engine, context, def, &subject, delivery).await? else {
            return Ok(Err("The change log tells of it no more."));
        };
        let mut data = told(def, context, &subject, &change);
        match self.record(engine, context, endpoint, def, change.record).await? {
            Some(record) if endpoint.full => drop(data.insert("record".to_owned(), record)),
            Some(_) => {}
            // Of what is gone nobody can tell whether it may be read: those who have heard of it hear that it is gone.
            None if change.kind == ChangeKind::Erased.as_str() => {
                if !self.has_heard(engine, context, endpoint, &subject).await? {
                    return Ok(Err("The record was erased before the endpoint had heard of it."));
                }
            }
            None => return Ok(Err("Whoever made the endpoint may not read the record, or it was erased.")),
        }
        Ok(Ok(Message { id, event: name, occurred_at, source, subject: Some(subject), data }))
    }

    /// The change that a delivery is about.
    async fn change(
        &self,
        engine: &Engine,
        context: &Context,
        def: &ResourceDef,
        subject: &str,
        delivery: &Found,
    ) -> Result<Option<Change>> {
        let number = |field: &str| delivery.get(field).as_integer().unwrap_or(0);
        let Ok(record) = Id::parse(subject, &def.prefix) else { return Ok(None) };
        let (version, sequence) = (number("recordVersion"), number("sequence"));
        let beyond = Some((version, sequence.saturating_add(1)));
        let found = engine.scope(context).history(&def.name, record.0, beyond, 1).await?.pop();
        Ok(found.filter(|change| change.sequence == sequence))
    }

    /// The record as the principal may see it now, deleted or not; none where there is none that it may.
    async fn record(
        &self,
        engine: &Engine,
        context: &Context,
        endpoint: &Endpoint,
        def: &Arc<ResourceDef>,
        id: Id,
    ) -> Result<Option<Json>> {
        let selection = match shape(engine, context, endpoint, def) {
            Ok(selection) => selection,
            Err(error) if error.code() == ErrorCode::Forbidden => return Ok(None),
            Err(error) => return Err(error),
        };
        let root = Root::Record { id: id.0, deleted: DeletedMode::Include, selection: Arc::new(selection) };
        let mut out = Vec::new();
        match engine.read(context, &ReadPlan { def: Arc::clone(def), root }, &mut out).await {
            Ok(answer) if answer.found => serde_json::from_slice(&out).map(Some).map_err(Error::internal),
            Ok(_) => Ok(None),
            Err(error) if error.code() == ErrorCode::Forbidden => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// What of a record is sent. A field that was hidden since is left out.
fn shape(engine: &Engine, context: &Context, endpoint: &Endpoint, def: &ResourceDef) -> Result<Selection> {
    authorize(context, def, Action::Read)?;
    if !endpoint.full {
        let id = def.field_index(system::ID).ok_or_else(|| Error::internal("a resource without an id"))?;
        return Ok(Selection { items: vec![Item::Field { key: system::ID.into(), field: id }] });
    }
    if endpoint.fields.is_empty() {
        return Ok(Selection::whole(def));
    }
    let seen = |name: &&String| export::selection(engine.registry(), context, def, &[(*name).clone()]).is_ok();
    let names: Vec<String> = endpoint.fields.iter().filter(seen).cloned().collect();
    if names.is_empty() { Ok(Selection::default()) } else { export::selection(engine.registry(), context, def, &names) }
}

/// What has happened, without what the principal may not see.
fn told(def: &ResourceDef, context: &Context, subject: &str, change: &Change) -> Map<String, Json> {
    let mut data = Map::new();
    for (key, value) in [
        ("resource", Json::from(def.name.as_ref())),
        ("id", subject.into()),
        ("version", change.version.into()),
        ("kind", change.kind.as_str().into()),
        ("actor", change.actor.as_str().into()),
        ("requestId", change.request.to_string().into()),
    ] {
        data.insert(key.to_owned(), value);
    }
    if change.kind == ChangeKind::Updated.as_str()
        && let Ok(grant) = authorize(context, def, Action::Read)
    {
        let after: Map<String, Json> = change.after.as_deref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
        let seen = def.fields.iter().filter(|field| grant.fields.sees(field)).map(|field| field.name.as_ref());
        data.insert("changedFields".to_owned(), json!(seen.filter(|name| after.contains_key(*name)).collect::<Vec<_>>()));
    }
    data
}
