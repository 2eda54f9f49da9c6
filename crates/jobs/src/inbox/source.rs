//! The inbox source: an address to which another system sends its events.

use super::event::EVENT;
use crate::mirror;
use crate::queue::queued;
use crate::webhook::secret;
use async_trait::async_trait;
use clientela_engine::import::{MessagePlan, place_problem};
use clientela_engine::module::{ChangeKind, Companion, Draft, Found, RuleReader, Wiped};
use clientela_engine::{AuditNote, AuditShows, Engine, Rules};
use clientela_kernel::{
    ActorKind, Comparison, Context, Error, ErrorCode, FieldProblem, Filter, Id, ProblemCode, Result, Scopes, Timestamp, Value,
};
use clientela_macros::{Choice, resource};
use clientela_model::{Choice as _, Registry, system};

/// The name of the resource.
pub(crate) const SOURCE: &str = "inboxSource";
/// The prefix of its ids.
pub(crate) const PREFIX: &str = "ins";
/// The fields that decide what comes in and what is done with it.
const DIRECTING: [&str; 11] = [
    "mapping",
    "format",
    "signature",
    "signatureHeader",
    "signatureEncoding",
    "signaturePrefix",
    "eventIdHeader",
    "eventIdPointer",
    "keyPointer",
    "allowDuplicates",
    "signingSecret",
];

/// How an event says that it comes from the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Choice)]
pub enum InboxSignature {
    /// Standard Webhooks 1.0: the headers `webhook-id`, `webhook-timestamp` and `webhook-signature`, with a secret that is `whsec_` and base64. The time may be five minutes off.
    StandardWebhooks,
    /// HMAC-SHA256 of the body's bytes, with the secret's own characters as the key, in the header that `signatureHeader` names.
    HmacSha256,
    /// The secret itself: `Authorization: Bearer …`. Whoever hears it once can send anything: prefer a signature.
    Bearer,
}

/// How the bytes of a signature are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Choice)]
pub enum InboxSignatureEncoding {
    /// In hexadecimal, small or large letters.
    Hex,
    /// In base64.
    Base64,
}

/// What the body of an event is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Choice)]
pub enum InboxFormat {
    /// A JSON document.
    Json,
    /// A form, `application/x-www-form-urlencoded`: an object with a text for each name, or a list of texts where a name stands there more than once.
    Form,
}

/// Whether a source takes events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Choice)]
pub enum InboxSourceState {
    /// It does.
    Active,
    /// It answers 404, and what waits is not carried out until it is active again.
    Disabled,
}

/// An address to which another system sends its events (orders of an ERP, forms, calls): `POST /v1/inbox/{id}`, with the signature as the credential. Each event is kept as it came and answered
/// with 202; then the mapping says which records it makes or changes and which operations it carries out, one event after the other, all of an event or
/// nothing. It is done in the name of whoever made the source (`createdBy`), with the rights of that moment, and no more than the credential allowed that made it. An event that
/// comes again is known by its id and does nothing. Only its maker and administrators change a source.
#[resource(
    name = "inboxSource",
    prefix = "ins",
    label = "name",
    owned,
    unattachable,
    reveals(
        "secret",
        "The secret that events are signed with: `whsec_` and 32 random bytes in base64. Shown only here, once: give it to the sender. Where the sender gives one instead, take it over with `rotate-secret`."
    )
)]
pub struct Model {
    /// What sends there.
    #[field(max = 200, folded, example = "\"Orders of the ERP\"")]
    pub name: String,
    /// What it is for.
    #[field(max = 2000, no_sort, example = "\"Every order, when it is booked or changed\"")]
    pub description: Option<String>,
    /// Whether it takes events.
    #[field(default = "\"ACTIVE\"")]
    pub state: InboxSourceState,
    /// How events are signed.
    #[field(default = "\"STANDARD_WEBHOOKS\"")]
    pub signature: InboxSignature,
    /// The header with the signature of `HMAC_SHA256`, such as `x-hub-signature-256`; `x-signature` where it is left out.
    #[field(max = 100, example = "\"x-hub-signature-256\"")]
    pub signature_header: Option<String>,
    /// How the signature in that header is written.
    #[field(default = "\"HEX\"")]
    pub signature_encoding: InboxSignatureEncoding,
    /// What stands before the signature in that header, such as `sha256=`.
    #[field(max = 40, example = "\"sha256=\"")]
    pub signature_prefix: Option<String>,
    /// What the body is.
    #[field(default = "\"JSON\"")]
    pub format: InboxFormat,
    /// The header with the event's own id, such as `x-github-delivery`. `HMAC_SHA256` does not sign headers: `eventIdPointer` is safer where the body holds the id.
    #[field(max = 100, example = "null")]
    pub event_id_header: Option<String>,
    /// The JSON Pointer to the event's own id in the body. Without either, the id is `webhook-id` where the signature is of Standard Webhooks, and else the digest of the body.
    #[field(max = 200, example = "\"/eventId\"")]
    pub event_id_pointer: Option<String>,
    /// The JSON Pointer to what the event is about, such as the number of an order. Where it is set, an event is passed over (`IGNORED`) once a later one about the same has been
    /// carried out, so that a replay never puts an older state in the place of a newer one.
    #[field(max = 200, example = "\"/order/number\"")]
    pub key_pointer: Option<String>,
    /// What is done with an event, as JSON: `rules`, each with `when` (JSON Pointers with the values that must stand there) and `do`, a list of steps. A step is `upsert` (a resource)
    /// with `key` and `fields`, or `operation` with `key` or `record` and `input`; `each` does it for every element of an array. Fields are mapped as in an import mapping, with
    /// JSON Pointers for columns. It is checked against the resources when it is written. Without one, events are kept and `IGNORED`, and can be replayed.
    #[field(
        max = 100_000,
        no_filter,
        no_sort,
        example = "\"{\\\"rules\\\":[{\\\"when\\\":{\\\"/type\\\":\\\"customer.saved\\\"},\\\"do\\\":[{\\\"upsert\\\":\\\"account\\\",\\\"key\\\":{\\\"system\\\":\\\"erp\\\",\\\"column\\\":\\\"/customer/number\\\"},\\\"fields\\\":{\\\"name\\\":\\\"/customer/name\\\"}}]}]}\""
    )]
    pub mapping: Option<String>,
    /// Whether records are made even where a duplicate rule that refuses holds them for others.
    #[field(default = "false")]
    pub allow_duplicates: bool,
    /// Until when events that are signed with the secret before the last rotation are taken as well.
    #[field(write = "read_only", example = "null")]
    pub previous_secret_until: Option<Timestamp>,
    /// The secret that signatures are made with, so it is kept as it is.
    #[field(write = "read_only", secret, max = 500, example = "\"\"")]
    pub signing_secret: String,
    /// The one before.
    #[field(write = "read_only", secret, max = 500, example = "\"\"")]
    pub previous_secret: Option<String>,
    /// What the credential allowed that made it; nothing is done with more.
    #[field(write = "read_only", secret, max = 8_000, example = "\"\"")]
    pub scopes: String,
}

/// The fields of a job that carries out what waits at a source.
pub(crate) fn job(source: Id, maker: &str, scopes: Value, now: Timestamp) -> Vec<(&'static str, Value)> {
    queued(SOURCE, source, maker, scopes, now)
}

/// The rules of inbox sources.
pub struct InboxSourceRules;

#[async_trait]
impl Rules for InboxSourceRules {
    fn derive(&self, context: &Context, draft: &mut Draft) {
        if draft.kind == ChangeKind::Created {
            let minted = secret::mint().unwrap_or_default();
            draft.set("signingSecret", minted.clone().into());
            draft.revealed = Some(minted);
            draft.set("scopes", context.scopes.to_text().into());
            let user = match context.actor.kind {
                ActorKind::User => Some(context.actor.id),
                _ => context.policy.as_ref().and_then(|policy| policy.user()).map(Id),
            };
            if let Some(user) = user.filter(|_| draft.get("ownerId").is_null()) {
                draft.set("ownerId", Value::Id(user.0));
            }
        } else if context.actor.kind != ActorKind::System && DIRECTING.iter().any(|field| draft.changed(field)) {
            // Nobody has more done than their own credential lets them do.
            let kept = Scopes::parse_known(draft.get("scopes").as_text().unwrap_or_default());
            draft.set("scopes", kept.common(&context.scopes).to_text().into());
        }
    }

    async fn look_up(&self, context: &Context, reader: &dyn RuleReader, draft: &mut Draft) -> Result<()> {
        if draft.get("signingSecret").as_text().is_none_or(str::is_empty) {
            return Err(Error::internal("the operating system gives no random bytes for a secret"));
        }
        let maker = draft.get(system::CREATED_BY).as_text() == Some(&context.actor.to_text());
        if context.actor.kind != ActorKind::System && draft.kind != ChangeKind::Created && !context.is_administrator() && !maker {
            let text = "Only whoever made an inbox source, in whose name it acts, and administrators change it. Make one of your own.";
            return Err(Error::new(ErrorCode::Forbidden, text));
        }
        if draft.kind == ChangeKind::Updated && !draft.changed("mapping") {
            return Ok(());
        }
        let Some(text) = draft.get("mapping").as_text() else { return Ok(()) };
        let registry = reader.registry().ok_or_else(|| Error::internal("no definitions to check a mapping with"))?;
        checked(text, registry, "/mapping").map(drop)
    }

    fn check(&self, _context: &Context, draft: &Draft, problems: &mut Vec<FieldProblem>) {
        let text = |field: &str| draft.get(field).as_text();
        for field in ["signatureHeader", "eventIdHeader"] {
            let named = |letter: char| letter.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(letter);
            if let Some(name) = text(field).filter(|name| !name.chars().all(named)) {
                let detail =
                    format!("{field} is {name:?}, which is no name of a header. Write it as the sender does: x-hub-signature-256.");
                problems.push(FieldProblem::new(format!("/{field}"), ProblemCode::InvalidFormat, detail));
            }
        }
        for field in ["eventIdPointer", "keyPointer"] {
            if let Some(detail) = text(field).and_then(place_problem) {
                problems.push(FieldProblem::new(format!("/{field}"), ProblemCode::InvalidFormat, format!("{field}: {detail}")));
            }
        }
        let standard = text("signature") == Some(InboxSignature::StandardWebhooks.as_str());
        if standard && draft.changed("signature") && text("signingSecret").is_some_and(|known| secret::sign(known, "", 0, b"").is_none()) {
            let detail = "signature is STANDARD_WEBHOOKS, whose secrets are whsec_ with base64 behind it, and the source has another one. Give it a new one first, with rotate-secret.";
            problems.push(FieldProblem::new("/signature", ProblemCode::Contradiction, detail));
        }
    }

    /// What waited while the source was disabled is carried out.
    async fn companions(&self, context: &Context, _reader: &dyn RuleReader, draft: &Draft) -> Result<Vec<Companion>> {
        let active = draft.get("state").as_text() == Some(InboxSourceState::Active.as_str());
        let again = draft.kind == ChangeKind::Restored || (draft.kind == ChangeKind::Updated && draft.changed("state"));
        if !active || !again {
            return Ok(Vec::new());
        }
        let maker = draft.get(system::CREATED_BY).as_text().unwrap_or_default();
        let values = job(draft.id, maker, draft.get("scopes").clone(), context.now);
        Ok(vec![Companion::Create { resource: "job", values }])
    }

    fn audit(&self, draft: &Draft) -> Option<AuditNote> {
        let directs = DIRECTING.iter().chain(&["state"]).any(|field| draft.changed(field));
        let told = draft.kind != ChangeKind::Updated || directs;
        told.then_some(AuditNote { kind: "CREDENTIAL_CHANGED", shows: AuditShows::Names })
    }

    fn wipes(&self) -> bool {
        true
    }

    /// What came in goes with the source.
    async fn wipe(&self, engine: &Engine, context: &Context, record: &Found) -> Result<Wiped> {
        let own = Context::of_system(context.tenant, context.request_id, context.now);
        let filter = Filter::field("sourceId", Comparison::Equal(Value::Id(record.id.0)));
        mirror::remove(engine, &own, EVENT, &filter).await?;
        Ok(Wiped { indexes: Vec::new(), tables: vec!["inbox_event".to_owned()] })
    }
}

/// Reads a mapping and checks it against the definitions; what is wrong is told of the field at `pointer`, with the place in the mapping.
pub(crate) fn checked(text: &str, registry: &Registry, pointer: &str) -> Result<MessagePlan> {
    MessagePlan::read(text, registry).map_err(|mistakes| {
        let told = |(place, text): (String, String)| {
            let at = if place.is_empty() { String::new() } else { format!(", at {place}") };
            let text: String = format!("The mapping cannot be used{at}: {}.", text.trim_end_matches('.')).chars().take(2_000).collect();
            FieldProblem::new(pointer, ProblemCode::InvalidFormat, text)
        };
        Error::validation(mistakes.into_iter().map(told).collect())
    })
}
