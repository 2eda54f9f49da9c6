//! Taking an event in: it is kept for good, together with the job that carries it out, before the sender hears of it.

use super::content;
use super::event::{self, EVENT, InboxEventStatus};
use super::signature::{HEADER, verify};
use super::source::{self, InboxSignature, InboxSourceState, PREFIX};
use crate::mirror;
use crate::state::JobState;
use async_trait::async_trait;
use clientela_engine::{Call, Engine, Intake, Message, Taken, WriteAction, WriteRequest, ids};
use clientela_kernel::{Actor, ActorKind, Comparison, Context, Error, ErrorCode, Filter, Id, Name, Result, TenantId, Timestamp, Value};
use clientela_model::{Choice as _, system};
use clientela_store::{Commit, Store, SystemTask, WriteSet};
use sea_orm::{ColumnTrait as _, Condition};
use serde_json::{Map, Value as Json};
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;
use std::sync::Arc;

/// Greatest size of an event, in bytes.
const LARGEST: usize = 256 * 1024;
/// Longest id and key of an event, in characters; longer ones are told by their digest.
const LONGEST: usize = 200;
/// Headers that are kept, and bytes of them.
const HEADERS: usize = 60;
const HEADER_BYTES: usize = 12_000;
/// Headers that hold what nobody else may know.
const HIDDEN: [&str; 5] = ["authorization", "cookie", "proxy-authorization", "webhook-signature", "x-api-key"];
/// How often it is tried where transactions meet.
const ATTEMPTS: usize = 10;

/// Takes events in.
pub struct Inbox;

#[async_trait]
impl Intake for Inbox {
    async fn take(&self, engine: &Engine, store: &Store, message: Message) -> Result<Taken> {
        let Some(source) = source(store, &message).await? else {
            let text = "There is no source of this id, or the event is not signed as it says. Check the address, the secret and, with Standard Webhooks, the sender's clock.";
            return Err(Error::new(ErrorCode::Unauthenticated, text));
        };
        if source.state == InboxSourceState::Disabled {
            let text = "The source is disabled, and takes no events. Send it again when it is active.";
            return Err(Error::new(ErrorCode::NotFound, text));
        }
        let engine = engine.for_tenant(source.tenant_id).await?;
        let new = New::of(&source, &message);
        for _ in 0..ATTEMPTS {
            if let Some(id) = known(&engine, &source, &message, &new).await? {
                return Ok(Taken { id: id.to_text("ine"), replayed: true });
            }
            let (inside, held) = engine.begin().await?;
            match keep(&inside, &source, &message, &new).await {
                Ok(Some(id)) => match held.commit().await {
                    Err(error) if error.is_collision() => {}
                    committed => return committed.map(|()| Taken { id: id.to_text("ine"), replayed: false }),
                },
                // A twin was faster.
                Ok(None) => held.roll_back().await?,
                Err(error) => {
                    held.roll_back().await?;
                    if !error.is_collision() {
                        return Err(error);
                    }
                }
            }
        }
        Err(Error::unavailable("an event kept meeting others"))
    }

    fn limit(&self) -> usize {
        LARGEST
    }
}

/// The source that a message is sent to and signed for. Ids are unique in a tenant alone: of several that share one, the secret tells.
async fn source(store: &Store, message: &Message) -> Result<Option<source::Model>> {
    let Ok(id) = Id::parse(&message.source, PREFIX) else { return Ok(None) };
    let condition = Condition::all().add(source::Column::Id.eq(id)).add(source::Column::DeletedAt.is_null());
    for found in store.system(SystemTask::Jobs).find::<source::Entity>(condition).await? {
        match verify(&found, message) {
            Ok(()) => return Ok(Some(found)),
            Err(why) => tracing::info!(source = message.source, why, "an event was refused"),
        }
    }
    Ok(None)
}

/// What is kept of a message besides its bytes.
struct New {
    event_id: String,
    key: Option<String>,
    headers: String,
}

impl New {
    fn of(source: &source::Model, message: &Message) -> New {
        let document = content::document(&message.body, source.format == source::InboxFormat::Form).unwrap_or_default();
        let at = |place: &Option<String>| {
            let place = place.as_deref()?;
            if let Some(name) = place.strip_prefix("header:") {
                return message.header(&name.to_ascii_lowercase()).map(str::to_owned);
            }
            match document.pointer(place)? {
                Json::String(text) => Some(text.trim().to_owned()),
                Json::Null | Json::Object(_) | Json::Array(_) => None,
                other => Some(other.to_string()),
            }
        };
        let header = |name: &str| message.header(&name.to_ascii_lowercase()).map(|text| text.trim().to_owned());
        let standard = || header("webhook-id").filter(|_| source.signature == InboxSignature::StandardWebhooks);
        let given = |text: &String| !text.is_empty();
        let named = source.event_id_header.as_deref().and_then(header).filter(given);
        let named = named.or_else(|| at(&source.event_id_pointer).filter(given)).or_else(standard);
        let hidden = source.signature_header.as_deref().unwrap_or(HEADER).to_ascii_lowercase();
        let shown = message.headers.iter().filter(|(name, _)| !HIDDEN.contains(&name.as_str()) && *name != hidden).take(HEADERS);
        let mut bytes = 0;
        let shown = shown.take_while(|(name, value)| {
            bytes += name.len() + value.len();
            bytes <= HEADER_BYTES
        });
        let headers: Map<String, Json> = shown.map(|(name, value)| (name.clone(), value.as_str().into())).collect();
        New {
            event_id: named.map_or_else(|| digest(&message.body), short),
            key: at(&source.key_pointer).filter(given).map(short),
            headers: Json::Object(headers).to_string(),
        }
    }
}

/// A text as an id, or its digest where it cannot be one.
fn short(text: String) -> String {
    if text.chars().count() <= LONGEST && !text.chars().any(char::is_control) { text } else { digest(text.as_bytes()) }
}

fn digest(bytes: &[u8]) -> String {
    let mut text = "sha256:".to_owned();
    for byte in Sha256::digest(bytes) {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// The event with this id, where it came before.
async fn known(engine: &Engine, source: &source::Model, message: &Message, new: &New) -> Result<Option<Id>> {
    let same = Filter::And(vec![event::of(source.id), Filter::field("eventId", Comparison::Equal(new.event_id.as_str().into()))]);
    let own = Context::of_system(source.tenant_id, message.request_id, engine.clock().now());
    Ok(engine.find_one(&own, EVENT, same).await?.map(|found| found.id))
}

/// Keeps it, with a job; none where a twin is there already.
async fn keep(inside: &Engine, source: &source::Model, message: &Message, new: &New) -> Result<Option<Id>> {
    let now = inside.clock().now();
    let own = Context::of_system(source.tenant_id, message.request_id, now);
    let (id, def) = (ids::mint(now), event::definition(inside.registry())?);
    let (encoding, body) = content::kept(&message.body);
    let values = vec![
        ("sourceId", Value::Id(source.id.0)),
        ("eventId", new.event_id.as_str().into()),
        ("receivedAt", Value::Instant(now)),
        ("status", InboxEventStatus::Received.as_str().into()),
        ("key", new.key.as_deref().map_or(Value::Null, Value::from)),
        ("attempts", Value::Integer(0)),
        ("records", Value::TextSet(Vec::new())),
        ("bodyBytes", Value::Integer(i64::try_from(message.body.len()).unwrap_or(i64::MAX))),
        ("bodyEncoding", encoding.as_str().into()),
        ("body", Value::Text(body)),
        ("headers", new.headers.as_str().into()),
    ];
    let rows = vec![mirror::made(&own, def, id, values)];
    match inside.scope(&own).commit(WriteSet { tenant: own.tenant, rows, idempotency: None, audit: None }).await? {
        Commit::Done => {}
        Commit::Duplicate { .. } => return Ok(None),
        other => return Err(Error::internal(format!("an event was not kept: {other:?}"))),
    }
    call(inside, source.tenant_id, source.id, &source.created_by, Value::from(source.scopes.as_str()), now).await?;
    Ok(Some(id))
}

/// Sees to it, inside a transaction, that a job carries out what waits at a source, and begins no sooner than the transaction is durable. One that waits for its turn is held
/// until then; where there is none a new one is made, in the name of the source's maker.
pub(super) async fn call(inside: &Engine, tenant: TenantId, source: Id, maker: &str, scopes: Value, now: Timestamp) -> Result<()> {
    let own = Context::of_system(tenant, ids::mint(now).0, now);
    let def = inside.registry().resource("job").ok_or_else(|| Error::internal("jobs are not defined"))?;
    let waits = || {
        Filter::And(vec![
            Filter::field("inboxSourceId", Comparison::Equal(Value::Id(source.0))),
            Filter::field("state", Comparison::Equal(JobState::Queued.as_str().into())),
        ])
    };
    if let Some(job) = inside.found(&own, def, &waits()).await?.pop() {
        Call::inside(inside, &own).hold("job", &[job.id]).await?;
        // It may have begun before it was held.
        let this = Filter::field(system::ID, Comparison::Equal(Value::Id(job.id.0)));
        if inside.find_one(&own, "job", Filter::And(vec![this, waits()])).await?.is_some() {
            return Ok(());
        }
    }
    let values = source::job(source, maker, scopes, now).into_iter().map(|(name, value)| (Name::from(name), value)).collect();
    let action = WriteAction::Make { values };
    let actor = actor(maker).unwrap_or(own.actor);
    let context = Context { actor, ..own };
    inside.write(&context, WriteRequest { def: Arc::clone(def), action, idempotency: None }).await.map(drop)
}

/// The principal of a wire id.
fn actor(text: &str) -> Option<Actor> {
    let kinds = [("usr", ActorKind::User), ("key", ActorKind::ApiKey), ("spt", ActorKind::Token)];
    kinds.into_iter().find_map(|(prefix, kind)| Some(Actor { kind, id: Id::parse(text, prefix).ok()? }))
}
