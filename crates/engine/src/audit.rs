//! What the audit says of changes, and of what changes nothing. What is worth an entry the rules of a resource know.

use crate::engine::Inner;
use crate::module::Draft;
use crate::write::log;
use crate::{Engine, ids};
use clientela_kernel::{Context, Error, Result, Timestamp};
use clientela_store::{AuditEntry, AuditWrite, Commit, WriteSet};
use serde_json::{Value as Json, json};

/// How often an entry is tried to be added while the chain moves on.
const MAXIMUM_ATTEMPTS: usize = 20;

/// What the audit says of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditNote {
    /// What it is: UPPER_SNAKE.
    pub kind: &'static str,
    /// What is shown of the fields that changed.
    pub shows: AuditShows,
}

/// How much an entry shows of the fields that changed; of secrets it never shows more than that they did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuditShows {
    /// What they were and what they are: who reads it later must know what was allowed.
    Values,
    /// Their names: the values are a person's, and what stands in the audit cannot be erased.
    Names,
}

/// Something that changes no record.
#[derive(Clone, Debug, Default)]
pub struct AuditEvent {
    /// What it is: UPPER_SNAKE.
    pub kind: &'static str,
    /// The resource that it is about.
    pub resource: Option<String>,
    /// The record that it is about, by its id on the wire.
    pub record: Option<String>,
    /// More.
    pub detail: Option<Json>,
}

impl Engine {
    /// Adds an entry about something that changes no record: a sign-in, an export, a look at what is sensitive. Who, from where and by which
    /// request the context says. Inside a transaction ([`Engine::begin`]) it is part of it.
    ///
    /// # Errors
    /// `DATABASE_UNAVAILABLE`: nothing was added, and what it tells of should not happen.
    pub async fn audit(&self, context: &Context, event: AuditEvent) -> Result<()> {
        let now = self.inner.clock.now();
        let entry = AuditEntry {
            resource: event.resource,
            record: event.record,
            detail: event.detail.map(|detail| detail.to_string()),
            ..entry(context, now, event.kind)
        };
        for _ in 0..MAXIMUM_ATTEMPTS {
            let audit = Some(AuditWrite { entries: vec![entry.clone()], as_of: None });
            let set = WriteSet { tenant: context.tenant, rows: Vec::new(), idempotency: None, audit };
            if self.inner.store.scope(context.tenant).commit(set).await? == Commit::Done {
                return Ok(());
            }
        }
        Err(Error::unavailable("the audit kept moving on"))
    }
}

impl Inner {
    /// What the audit says of these changes; nothing where none of them is its concern.
    pub(crate) fn audited(&self, context: &Context, now: Timestamp, drafts: &[Draft], as_of: Option<i64>) -> Option<AuditWrite> {
        let of = |draft: &Draft| {
            let note = self.rules.get(draft.def.name.as_ref())?.audit(draft)?;
            Some(AuditEntry {
                change: Some(draft.kind.as_str()),
                resource: Some(draft.def.name.to_string()),
                record: Some(draft.id.to_text(&draft.def.prefix)),
                detail: Some(shown(context, now, draft, note.shows).to_string()),
                ..entry(context, now, note.kind)
            })
        };
        let entries: Vec<AuditEntry> = drafts.iter().filter_map(of).collect();
        (!entries.is_empty() || as_of.is_some()).then_some(AuditWrite { entries, as_of })
    }
}

pub(crate) fn entry(context: &Context, at: Timestamp, kind: &str) -> AuditEntry {
    AuditEntry {
        id: ids::mint(at),
        at,
        actor: context.actor.to_text(),
        kind: kind.to_owned(),
        change: None,
        resource: None,
        record: None,
        client: context.client.clone(),
        address: context.address.map(|address| address.to_string()),
        request: context.request_id,
        detail: None,
    }
}

/// `{"before": {…}, "after": {…}}` as the change log has them, or `{"fields": […]}`.
fn shown(context: &Context, now: Timestamp, draft: &Draft, shows: AuditShows) -> Json {
    if shows == AuditShows::Names {
        let names = |indexes: Vec<usize>| -> Vec<String> {
            indexes.into_iter().filter_map(|index| draft.def.fields.get(index)).map(|field| field.name.to_string()).collect()
        };
        let changed = draft.before.as_deref().map(|before| log::differing(&draft.def, before, &draft.after));
        return json!({ "fields": changed.map(names).unwrap_or_default() });
    }
    let row = log::entry(context, &draft.def, draft.kind, now, draft.before.as_deref(), &draft.after);
    let side = |text: Option<String>| text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or(Json::Null);
    json!({ "before": side(row.before), "after": side(row.after) })
}
