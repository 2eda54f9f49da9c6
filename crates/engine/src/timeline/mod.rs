//! The timeline of a party: everything there is about it in one list, the latest first.
//!
//! Which resources take part is said by their definitions (`TimelineDef`). Each of them answers with its next entries by an index, one
//! statement each, and so does the change log of the party's own records; what they answer is put in order here. So a page costs the same
//! however long the timeline is.

mod place;
mod source;

use crate::engine::{Engine, Inner};
use clientela_access::{Action, authorize};
use clientela_kernel::{
    Comparison, Context, DeletedMode, Error, ErrorCode, Filter, Id, PageArguments, RecordKey, Result, Timestamp, Value,
};
use clientela_model::timeline::CHANGE;
use clientela_model::{ResourceDef, naming, system};
use clientela_store::Scope;
use place::{Order, Place};
use serde_json::{Value as Json, json};
use std::sync::Arc;
use uuid::Uuid;

/// How many records one party stands behind at most in a timeline: the contact, and the accounts of that person.
const MAXIMUM_FACES: u32 = 50;

/// What of a timeline is asked for.
#[derive(Clone, Debug)]
pub struct TimelineRequest {
    /// Entries of these kinds alone (see `Registry::timeline_kinds`); of all, where empty.
    pub kinds: Vec<String>,
    /// Only from this moment on.
    pub from: Option<Timestamp>,
    /// Only before this moment.
    pub to: Option<Timestamp>,
    /// How many entries, from 1 to 1000.
    pub limit: u32,
    /// The place to go on from, as a page gave it.
    pub after: Option<String>,
}

/// An entry of a timeline.
#[derive(Clone, Debug)]
pub struct TimelineEntry {
    /// `INTERACTION`, `CHANGE` …
    pub kind: String,
    /// Of what sort it is or how it stands, where the resource says so: `CALL`, `COMPLETED`; of a change what happened: `UPDATED`.
    pub sort: Option<String>,
    /// The moment.
    pub at: Timestamp,
    /// What it is about in a line, where there is such a field.
    pub title: Option<String>,
    /// The resource of the record.
    pub def: Arc<ResourceDef>,
    /// The record.
    pub id: Id,
    /// Who made it: a principal's wire id.
    pub actor: String,
    /// Of a change: the record's version after it.
    pub version: Option<i64>,
    /// Of a change: the names of the fields it changed that the caller may see.
    pub fields: Vec<String>,
    order: Order,
}

/// A page of a timeline.
#[derive(Clone, Debug, Default)]
pub struct TimelinePage {
    /// The entries, the latest first.
    pub entries: Vec<TimelineEntry>,
    /// Where to go on; absent where nothing follows.
    pub next: Option<String>,
}

impl TimelineEntry {
    /// Where REST has it: the record, or of a change the record's history.
    pub fn link(&self) -> String {
        let history = if self.kind == CHANGE { "/history" } else { "" };
        format!("/v1/{}/{}{history}", self.def.path, self.id.to_text(&self.def.prefix))
    }

    /// The entry as both APIs show it: `kind type at title resource id actor link version fields`.
    pub fn to_json(&self) -> Json {
        json!({
            "kind": self.kind,
            "type": self.sort,
            "at": self.at.to_text(),
            "title": self.title,
            "resource": self.def.name,
            "id": self.id.to_text(&self.def.prefix),
            "actor": self.actor,
            "link": self.link(),
            "version": self.version,
            "fields": self.fields,
        })
    }
}

/// The party, and the records it stands behind.
struct Subject {
    party: Uuid,
    records: Vec<RecordKey>,
}

impl Engine {
    /// The timeline of the party behind a record: of a party itself, of a contact, an account. It is the same from whichever of
    /// them one comes. What the caller may not read is no part of it.
    ///
    /// # Errors
    /// `NOT_FOUND` where there is no such living record; `INVALID_PARAMETER` where records of the resource have no timeline or a kind is
    /// unknown; `INVALID_CURSOR` for a place of another timeline.
    pub async fn timeline(&self, context: &Context, def: &Arc<ResourceDef>, id: Id, request: &TimelineRequest) -> Result<TimelinePage> {
        let inner = &self.inner;
        let identity = inner.registry.timeline_identity(def).ok_or_else(|| {
            let text = format!("{} have no timeline: parties have, and what stands for them.", naming::words(&def.plural));
            Error::new(ErrorCode::InvalidParameter, text)
        })?;
        let kinds = inner.registry.timeline_kinds();
        if let Some(unknown) = request.kinds.iter().find(|kind| !kinds.contains(kind)) {
            let text = format!("kinds names {unknown:?}; there are {}.", kinds.join(", "));
            return Err(Error::new(ErrorCode::InvalidParameter, text));
        }
        let scope = inner.store.scope(context.tenant);
        let party = self.party(context, &scope, def, id).await?;
        let subject = inner.subject(context, &scope, identity, party).await?;
        let fingerprint = place::fingerprint(party, request);
        let after = request.after.as_deref().map(|text| Place::parse(text, &fingerprint)).transpose()?;
        let limit = request.limit.clamp(1, PageArguments::MAXIMUM_LIMIT);
        let mut entries = inner.timeline_entries(context, &scope, &subject, request, after.as_ref(), limit.saturating_add(1)).await?;
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = entries.len() > limit;
        entries.truncate(limit);
        let next = entries.last().filter(|_| more).map(|last| Place::after(last, after, &entries).to_text(&fingerprint));
        Ok(TimelinePage { entries, next })
    }

    /// The party behind a living record that the caller may see, or behind the one that it was merged into.
    async fn party(&self, context: &Context, scope: &Scope, def: &Arc<ResourceDef>, id: Id) -> Result<Uuid> {
        let grant = authorize(context, def, Action::Read)?;
        let link = def.face_link().map_or(system::ID, |field| field.name.as_ref());
        let mut wanted = id;
        for _ in 0..2 {
            let this = Filter::field(system::ID, Comparison::Equal(Value::Id(wanted.0)));
            let filter = Filter::And(std::iter::once(this).chain(grant.rows.clone()).collect());
            let found = self.inner.find(context, scope, def, &filter, DeletedMode::Exclude, 1).await?.pop();
            if let Some(record) = found {
                let party = def.field_index(link).and_then(|index| record.get(index)).and_then(Value::as_id);
                return party.ok_or_else(|| Error::internal("a face without its identity"));
            }
            if def.successor().is_none() {
                break;
            }
            match self.successor(context, def, wanted).await? {
                Some(successor) => wanted = successor,
                None => break,
            }
        }
        let text = format!("There is no {} {}. It may be deleted.", naming::words(&def.name), id.to_text(&def.prefix));
        Err(Error::new(ErrorCode::NotFound, text))
    }
}

impl Inner {
    /// The party with the living records that it stands behind and that the caller may see.
    async fn subject(&self, context: &Context, scope: &Scope, identity: &Arc<ResourceDef>, party: Uuid) -> Result<Subject> {
        let mut records = Vec::new();
        for face in self.registry.resources().iter().filter(|face| face.face.as_ref() == Some(&identity.name)) {
            let (Ok(grant), Some(link)) = (authorize(context, face, Action::Read), face.face_link()) else { continue };
            let this = Filter::field(link.name.clone(), Comparison::Equal(Value::Id(party)));
            let filter = Filter::And(std::iter::once(this).chain(grant.rows).collect());
            let found = self.find(context, scope, face, &filter, DeletedMode::Exclude, MAXIMUM_FACES).await?;
            let id = |record: &Vec<Value>| face.field_index(system::ID).and_then(|index| record.get(index)).and_then(Value::as_id);
            records.extend(found.iter().filter_map(id).map(|id| RecordKey { resource: face.name.clone(), id }));
        }
        Ok(Subject { party, records })
    }

    /// The next entries of every source, in order; at most so many.
    async fn timeline_entries(
        &self,
        context: &Context,
        scope: &Scope,
        subject: &Subject,
        request: &TimelineRequest,
        after: Option<&Place>,
        limit: u32,
    ) -> Result<Vec<TimelineEntry>> {
        let mut entries = Vec::new();
        let kinds = self.registry.timeline_kinds();
        let wanted = |kind: &str| request.kinds.is_empty() || request.kinds.iter().any(|other| other == kind);
        for source in self.registry.timeline_sources() {
            let kind = source.kind();
            let Some(rank) = kinds.iter().position(|other| *other == kind).filter(|_| wanted(&kind)) else { continue };
            // What may not be read is simply no part of the timeline.
            let (Ok(grant), Ok(shown)) = (authorize(context, source.def, Action::Read), authorize(context, source.shown, Action::Read))
            else {
                continue;
            };
            let reading = source::Reading { registry: &self.registry, source, kind: &kind, rank, grant, shown, request, after, limit };
            entries.extend(reading.read(scope, subject).await?);
        }
        if wanted(CHANGE) {
            let rank = kinds.len();
            for record in &subject.records {
                let def = self.resource(&record.resource)?;
                let Ok(grant) = authorize(context, &def, Action::Read) else { continue };
                entries.extend(source::changes(scope, &def, &grant, record, rank, request, after, limit).await?);
            }
        }
        entries.sort_by_key(|entry| entry.order);
        // A meeting about a contact who is asked to it comes from two sources.
        entries.dedup_by_key(|entry| entry.order);
        entries.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        Ok(entries)
    }
}
