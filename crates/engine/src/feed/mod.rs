//! The feed: what changed of that which a principal may see and asks for, so that a copy of it stays true.
//!
//! A principal with its question is a *view*. The store remembers which records are in sight of it, and since when (`feed_member`), so that what goes out of
//! sight is told by name to whoever had it, and to nobody else, whatever it was that changed: the record, a role, a share, an owner, a team, the day. Where a
//! principal sees all of a resource nothing is remembered, and the log alone tells. A cursor says up to which step of the view and which place of the
//! log a copy has come; two copies of one principal share a view.
//!
//! A page goes through what there is since then in this order: the snapshot where the copy is new, the log, what came into sight or went out of it without a
//! word in the log, and what is shown otherwise since rights of fields have changed.

mod advance;
mod cursor;
mod entries;
mod leads;
mod scope;
mod sight;

pub use scope::check_content;

use crate::Engine;
use crate::plan::Selection;
use crate::read::{self, Layout, Source};
use clientela_kernel::{Context, DeletedMode, Error, ErrorCode, Id, Name, Result, Timestamp, Value};
use clientela_model::{ResourceDef, system};
use clientela_store::Bell;
use entries::Pages;
use serde_json::{Value as Json, json};
use std::sync::Arc;
use std::time::Duration;

/// How many entries a page holds at most.
pub const MAXIMUM_ENTRIES: u32 = 1_000;

/// What a feed is asked for.
#[derive(Clone, Debug)]
pub struct FeedRequest {
    /// The resources; all that the caller may read where it is empty.
    pub resources: Vec<Name>,
    /// Filter trees by resource, as JSON; none where everything counts.
    pub filter: serde_json::Map<String, Json>,
    /// The id of a saved scope that says both in their stead.
    pub scope: Option<String>,
    /// How many entries, from 1 to 1000.
    pub limit: u32,
    /// Where to go on, as a page gave it; from the beginning where absent.
    pub after: Option<String>,
    /// Without a place to go on from: only what happens from now on, and no snapshot.
    pub from_now: bool,
}

/// What an entry says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FeedKind {
    /// The record is there: part of the snapshot that a copy begins with.
    Present,
    /// It was made.
    Created,
    /// It was changed.
    Updated,
    /// It was deleted.
    Deleted,
    /// It was restored.
    Restored,
    /// It was erased for good.
    Erased,
    /// It has come into sight, or satisfies the filter now.
    AccessGained,
    /// It is shown with other fields than before.
    AccessChanged,
    /// It may not be seen any more.
    AccessLost,
    /// It does not satisfy the filter any more.
    Left,
}

impl FeedKind {
    /// All of them, with what each means.
    pub const ALL: [(FeedKind, &'static str); 10] = [
        (FeedKind::Present, "The record is there: part of the snapshot that a new copy begins with."),
        (FeedKind::Created, "It was made."),
        (FeedKind::Updated, "It was changed."),
        (FeedKind::Deleted, "It was deleted. Drop it; a RESTORED may follow."),
        (FeedKind::Restored, "It was deleted and has come back."),
        (FeedKind::Erased, "It was erased for good. Drop it and whatever was kept of it."),
        (
            FeedKind::AccessGained,
            "It came into sight without being made: a role, a share, an owner or a team changed, or it satisfies the filter now.",
        ),
        (FeedKind::AccessChanged, "Fields of it are shown or hidden now that were not before. Replace it."),
        (FeedKind::AccessLost, "It may not be seen any more. Drop it."),
        (FeedKind::Left, "It may still be seen, but does not satisfy the filter any more. Drop it."),
    ];

    /// The name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            FeedKind::Present => "PRESENT",
            FeedKind::Created => "CREATED",
            FeedKind::Updated => "UPDATED",
            FeedKind::Deleted => "DELETED",
            FeedKind::Restored => "RESTORED",
            FeedKind::Erased => "ERASED",
            FeedKind::AccessGained => "ACCESS_GAINED",
            FeedKind::AccessChanged => "ACCESS_CHANGED",
            FeedKind::AccessLost => "ACCESS_LOST",
            FeedKind::Left => "LEFT",
        }
    }

    fn of_log(kind: &str) -> Option<FeedKind> {
        FeedKind::ALL[1..6].iter().map(|(of, _)| *of).find(|of| of.name() == kind)
    }
}

/// One entry.
#[derive(Clone, Debug)]
pub struct FeedEntry {
    /// What it says.
    pub kind: FeedKind,
    /// The resource.
    pub def: Arc<ResourceDef>,
    /// The record.
    pub id: Id,
    /// The record's version after the change, or as it is; none where nothing is said of it any more.
    pub version: Option<i64>,
    /// When it changed; none where the log does not tell this entry.
    pub at: Option<Timestamp>,
    /// Who changed it.
    pub actor: Option<String>,
    /// The request that changed it.
    pub request: Option<uuid::Uuid>,
    /// The fields that were changed, of those that the caller may see.
    pub fields: Vec<String>,
    /// Where to go on behind this entry.
    pub cursor: String,
    /// Every field of the record as it is now; none where it is no longer there for the caller.
    record: Option<Vec<Value>>,
    /// Whether a copy that has followed up to here holds the record, and the log says all that was changed of it.
    known: bool,
}

impl FeedEntry {
    /// Whether the record is there for the caller.
    pub fn has_record(&self) -> bool {
        self.record.is_some()
    }

    /// The shape of that which a copy lacks that has followed up to here, and the entry to render by it: of a change the fields that were changed, with the version that it led
    /// to; of a record that such a copy does not hold, or of which the log does not say what was changed, all of it.
    pub fn changed(&self) -> (FeedEntry, Selection) {
        let whole = Selection::whole(&self.def);
        if self.kind != FeedKind::Updated || !self.known {
            return (self.clone(), whole);
        }
        let mut entry = self.clone();
        // Other changes may have followed, whose entries a copy must not pass over.
        let place = self.def.field_index(system::VERSION).and_then(|index| entry.record.as_mut()?.get_mut(index));
        if let Some((slot, version)) = place.zip(self.version) {
            *slot = Value::Integer(version);
        }
        let always = [system::ID, system::VERSION, system::UPDATED_AT, system::UPDATED_BY];
        let shows = |index: &usize| {
            let field = self.def.fields.get(*index);
            field.is_some_and(|field| always.contains(&field.name.as_ref()) || self.fields.iter().any(|name| *name == *field.name))
        };
        (entry, whole.only(&shows))
    }

    /// The entry as both APIs show it, without the record: `kind resource id version at actor requestId fields`.
    pub fn to_json(&self) -> Json {
        json!({
            "kind": self.kind.name(),
            "resource": self.def.name,
            "id": self.id.to_text(&self.def.prefix),
            "version": self.version,
            "at": self.at.map(Timestamp::to_text),
            "actor": self.actor,
            "requestId": self.request.map(|request| request.to_string()),
            "fields": self.fields,
        })
    }
}

/// A page of the feed.
#[derive(Clone, Debug, Default)]
pub struct FeedPage {
    /// The entries, in order.
    pub entries: Vec<FeedEntry>,
    /// Where to go on, now or whenever something has happened.
    pub next: String,
    /// Whether more is there already.
    pub more: bool,
}

impl Engine {
    /// A page of what changed of that which the caller may see and asks for. What it may see is decided now: an entry shows the record as it is.
    ///
    /// # Errors
    /// `NOT_FOUND` for a scope that there is not; `INVALID_CURSOR` for a place of another caller or question; `CURSOR_EXPIRED` for one that is not kept any more; `INVALID_FILTER`; `FORBIDDEN` where a
    /// resource that is asked for may not be read at all.
    pub async fn feed(&self, context: &Context, request: &FeedRequest) -> Result<FeedPage> {
        let mut followed = self.follow(context, request).await?;
        Pages::new(self, context, &mut followed, request.limit).fill().await
    }

    /// Hears when there may be something new in feeds. Not everything rings: look from time to time as well.
    pub fn feed_bell(&self) -> FeedBell {
        FeedBell(self.inner.store.changes_bell())
    }

    /// Appends the JSON object of an entry's record in the shape of a selection without relations; `null` where it is not there.
    pub async fn render_entry(&self, context: &Context, entry: &FeedEntry, selection: &Arc<Selection>, out: &mut Vec<u8>) -> Result<()> {
        let Some(record) = &entry.record else {
            out.extend_from_slice(b"null");
            return Ok(());
        };
        let mut layout = Layout::new(&self.inner.registry, context, &entry.def, DeletedMode::Exclude)?;
        let shape = layout.object(0, selection)?;
        self.saw(context, layout.sights_of(record)).await;
        read::write_object(&layout, &shape, Source::Memory(record), out)
    }
}

/// Hears when there may be something new in feeds.
#[derive(Clone, Debug)]
pub struct FeedBell(Bell);

impl FeedBell {
    /// Waits for the next ring, or for this long. Answers false once there will be nothing new.
    pub async fn heard(&mut self, at_most: Duration) -> bool {
        tokio::time::timeout(at_most, self.0.heard()).await.unwrap_or(true)
    }
}

fn expired(why: &str) -> Error {
    let text = format!("The cursor has expired: {why}. Begin again without after, and drop from the copy what does not come again.");
    Error::new(ErrorCode::CursorExpired, text)
}

fn invalid(why: &str) -> Error {
    Error::new(ErrorCode::InvalidCursor, format!("The cursor cannot be used: {why}."))
}
