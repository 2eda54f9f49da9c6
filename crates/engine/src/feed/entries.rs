//! The entries of a page: what there is between a copy and the state that it is brought to.

use super::advance::Followed;
use super::cursor::{Phase, Target, place};
use super::sight::Sight;
use super::{FeedEntry, FeedKind, FeedPage};
use crate::Engine;
use crate::past::sides;
use crate::read;
use crate::write::id_of;
use clientela_access::FieldMask;
use clientela_kernel::{Comparison, Context, DeletedMode, Error, Filter, Id, Result, Value};
use clientela_model::{ResourceDef, system};
use clientela_store::{Change, FeedCursor, FeedMember, FeedMembersOf};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use uuid::Uuid;

/// How many rows of the log are looked through for one page that finds few it may tell.
const LOOKED_THROUGH: usize = 10_000;
/// How many at once.
const STRETCH: u32 = 500;

/// A page on its way.
pub(super) struct Pages<'a> {
    engine: &'a Engine,
    context: &'a Context,
    followed: &'a mut Followed,
    limit: usize,
    looked: usize,
    page: FeedPage,
}

/// What became of a record between two steps of a view.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Fate {
    Stays,
    /// Whether the log tells it.
    Gained {
        logged: bool,
    },
    Lost {
        by: String,
    },
    Never,
}

impl<'a> Pages<'a> {
    pub(super) fn new(engine: &'a Engine, context: &'a Context, followed: &'a mut Followed, limit: u32) -> Pages<'a> {
        let limit = usize::try_from(limit.clamp(1, super::MAXIMUM_ENTRIES)).unwrap_or(1);
        Pages { engine, context, followed, limit, looked: 0, page: FeedPage::default() }
    }

    /// Fills the page, and says where to go on.
    pub(super) async fn fill(mut self) -> Result<FeedPage> {
        let mut caught_up = false;
        while let Some(target) = self.followed.cursor.target.clone() {
            if self.room() == 0 || self.looked >= LOOKED_THROUGH {
                break;
            }
            match target.phase.clone() {
                Phase::Snapshot(after) => self.snapshot(target, after).await?,
                Phase::Log => self.log(target).await?,
                Phase::Members(after) => self.members(target, after).await?,
                Phase::Refreshed(after) => self.refreshed(target, after).await?,
            }
            // What happened while a snapshot was read follows at once where there is room.
            if self.followed.cursor.target.is_none() && self.room() > 0 && !caught_up {
                caught_up = true;
                self.followed.catch_up(self.engine, self.context).await?;
            }
        }
        self.page.more = self.followed.cursor.target.is_some();
        self.page.next = self.followed.cursor.to_text();
        Ok(self.page)
    }

    fn room(&self) -> usize {
        self.limit.saturating_sub(self.page.entries.len())
    }

    fn room_limit(&self) -> u32 {
        u32::try_from(self.room()).unwrap_or(u32::MAX)
    }

    fn go_to(&mut self, target: &Target, phase: Phase) {
        self.followed.cursor.target = Some(Target { phase, ..target.clone() });
    }

    /// The copy is where it was to be brought.
    fn arrive(&mut self, target: &Target) {
        self.followed.cursor.step = target.step;
        self.followed.cursor.place.clone_from(&target.place);
        self.followed.cursor.target = None;
    }

    fn push(&mut self, entry: FeedEntry) {
        let cursor = self.followed.cursor.to_text();
        self.page.entries.push(FeedEntry { cursor, ..entry });
    }

    fn sight(&self, resource: &str) -> Option<usize> {
        self.followed.sights.iter().position(|sight| *sight.def.name == *resource)
    }

    fn at(&self, index: usize) -> Result<&Sight> {
        self.followed.sights.get(index).ok_or_else(|| Error::internal("no such sight"))
    }

    /// Everything in sight, resource by resource in the order of ids.
    async fn snapshot(&mut self, target: Target, after: Option<(String, Uuid)>) -> Result<()> {
        let all: Vec<usize> = (0..self.followed.sights.len()).collect();
        if self.walk(&target, &all, after, FeedKind::Present, Phase::Snapshot).await? {
            self.arrive(&target);
        }
        Ok(())
    }

    /// Everything in sight of the resources that are shown otherwise since.
    async fn refreshed(&mut self, target: Target, after: Option<(String, Uuid)>) -> Result<()> {
        let since = self.followed.cursor.step;
        let changed = |sight: &Sight| {
            let known = self.followed.state.resources.get(sight.def.name.as_ref());
            known.is_some_and(|known| known.refreshed > since && known.refreshed <= target.step)
        };
        let places: Vec<usize> =
            self.followed.sights.iter().enumerate().filter(|(_, sight)| changed(sight)).map(|(index, _)| index).collect();
        if self.walk(&target, &places, after, FeedKind::AccessChanged, Phase::Refreshed).await? {
            self.arrive(&target);
        }
        Ok(())
    }

    /// Walks through the records of resources from beyond one on; true where it has come to the end.
    async fn walk(
        &mut self,
        target: &Target,
        places: &[usize],
        after: Option<(String, Uuid)>,
        kind: FeedKind,
        phase: fn(Option<(String, Uuid)>) -> Phase,
    ) -> Result<bool> {
        let start = after
            .as_ref()
            .and_then(|(resource, _)| places.iter().position(|place| self.at(*place).is_ok_and(|sight| *sight.def.name == **resource)));
        let mut beyond = after.filter(|_| start.is_some()).map(|(_, id)| id);
        for place in places.iter().skip(start.unwrap_or(0)) {
            if self.room() == 0 {
                return Ok(false);
            }
            let sight = self.at(*place)?;
            let all = Filter::And(Vec::new());
            let filter = sight.seen.as_ref().unwrap_or(&all);
            let def = Arc::clone(&sight.def);
            let limit = self.room_limit();
            let unlimited = self.context.unlimited();
            let (registry, scope) = (self.engine.registry(), &self.followed.scope);
            let records = read::stretch(registry, &unlimited, scope, &def, filter, DeletedMode::Exclude, beyond.take(), limit).await?;
            let full = records.len() >= self.room();
            for record in records {
                let Some(id) = id_of(&def, &record) else { continue };
                self.go_to(target, phase(Some((def.name.to_string(), id.0))));
                let version = integer(&def, &record, system::VERSION);
                self.push(entry(kind, &def, id, version, Some(record)));
            }
            if full {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// What the log tells.
    async fn log(&mut self, target: Target) -> Result<()> {
        let (from, until) = (place(&self.followed.cursor.place), place(&target.place));
        let names: Vec<String> = self.followed.sights.iter().map(|sight| sight.def.name.to_string()).collect();
        // Resources in the statement help where they are few; where all are followed they say nothing.
        let narrow = names.len() * 2 < self.engine.registry().resources().len();
        let limit = self.room_limit().clamp(1, STRETCH);
        let rows = self.followed.scope.changes_until(from, Some(until), if narrow { &names } else { &[] }, limit).await?;
        let full = rows.len() >= usize::try_from(limit).unwrap_or(usize::MAX);
        self.looked += rows.len();
        let mut seen = self.look(&rows).await?;
        let step = self.followed.cursor.step;
        for (at, change) in rows {
            self.followed.cursor.place = at.to_string();
            let Some(index) = self.sight(&change.resource) else { continue };
            let Some(kind) = FeedKind::of_log(&change.kind) else { continue };
            let sight = self.at(index)?;
            let whole = self.followed.state.resources.get(&change.resource).is_some_and(|known| known.whole);
            let record = seen.records.get_mut(&(index, change.record));
            let fate = seen.members.get(&(index, change.record)).filter(|_| !whole).map(|times| fate(times, step, target.step));
            // Whoever has followed up to here has it already.
            let held = whole || fate == Some(Fate::Stays);
            let told = match fate {
                None if whole => true,
                Some(Fate::Stays | Fate::Gained { logged: true }) => true,
                Some(Fate::Gained { logged: false }) => false,
                Some(Fate::Lost { by }) => by == kind.name(),
                // Made and deleted since: whoever may read what was deleted is told.
                None | Some(Fate::Never) => record.as_ref().is_some_and(|record| deleted(&sight.def, record)),
            };
            if !told {
                continue;
            }
            let gone = matches!(kind, FeedKind::Deleted | FeedKind::Erased);
            let living = record.filter(|record| !gone && !deleted(&sight.def, record)).map(|record| record.clone());
            let (fields, all) = if kind == FeedKind::Erased { (Vec::new(), false) } else { changed(&sight.def, &sight.mask, &change)? };
            let def = Arc::clone(&sight.def);
            let told = FeedEntry {
                at: Some(change.at),
                actor: Some(change.actor),
                request: Some(change.request),
                fields,
                known: held && all,
                ..entry(kind, &def, change.record, Some(change.version), living)
            };
            self.push(told);
        }
        if !full {
            self.followed.cursor.place.clone_from(&target.place);
            self.go_to(&target, Phase::Members(None));
        }
        Ok(())
    }

    /// What is known of the records that rows of the log speak of: the records that may be read, deleted ones included, and since when they were in sight.
    async fn look(&self, rows: &[(FeedCursor, Change)]) -> Result<Seen> {
        let mut by_sight: HashMap<usize, HashSet<Uuid>> = HashMap::new();
        for (_, change) in rows {
            if let Some(index) = self.sight(&change.resource) {
                by_sight.entry(index).or_default().insert(change.record.0);
            }
        }
        let mut seen = Seen::default();
        for (index, ids) in by_sight {
            let ids: Vec<Uuid> = ids.into_iter().collect();
            for record in self.records(index, &ids, DeletedMode::Include).await? {
                if let Some(id) = id_of(&self.at(index)?.def, &record) {
                    seen.records.insert((index, id), record);
                }
            }
            let resource = self.at(index)?.def.name.as_ref();
            if self.followed.state.resources.get(resource).is_some_and(|known| !known.whole) {
                let of = FeedMembersOf::Records { resource, ids: &ids };
                for member in self.followed.scope.feed_members(self.followed.view.id, of).await? {
                    seen.members.entry((index, Id(member.record))).or_default().push(member);
                }
            }
        }
        Ok(seen)
    }

    /// Records that are in sight now, by their ids.
    async fn records(&self, index: usize, ids: &[Uuid], deleted: DeletedMode) -> Result<Vec<Vec<Value>>> {
        let sight = self.at(index)?;
        let these = Filter::field(system::ID, Comparison::In(ids.iter().copied().map(Value::Id).collect()));
        let filter = Filter::And(std::iter::once(these).chain(sight.seen.clone()).collect());
        let limit = u32::try_from(ids.len()).unwrap_or(u32::MAX);
        self.engine.inner.find(&self.context.unlimited(), &self.followed.scope, &sight.def, &filter, deleted, limit).await
    }

    /// What came into sight and went out of it without a word in the log.
    async fn members(&mut self, target: Target, after: Option<(String, Uuid)>) -> Result<()> {
        let since = self.followed.cursor.step;
        if target.step == since {
            self.arrive(&target);
            return Ok(());
        }
        let limit = self.room_limit();
        let of = FeedMembersOf::Changed { since, until: target.step, after: after.as_ref(), limit };
        let times = self.followed.scope.feed_members(self.followed.view.id, of).await?;
        let mut records: Vec<((String, Uuid), Vec<FeedMember>)> = Vec::new();
        for time in times {
            let key = (time.resource.clone(), time.record);
            match records.last_mut().filter(|(last, _)| *last == key) {
                Some((_, times)) => times.push(time),
                None => records.push((key, vec![time])),
            }
        }
        let full = records.len() >= self.room();
        let mut gained: HashMap<usize, Vec<Uuid>> = HashMap::new();
        for ((resource, id), times) in &records {
            if let (Fate::Gained { logged: false }, Some(index)) = (fate(times, since, target.step), self.sight(resource)) {
                gained.entry(index).or_default().push(*id);
            }
        }
        let mut found = HashMap::new();
        for (index, ids) in gained {
            for record in self.records(index, &ids, DeletedMode::Exclude).await? {
                if let Some(id) = id_of(&self.at(index)?.def, &record) {
                    found.insert((index, id), record);
                }
            }
        }
        for ((resource, id), times) in records {
            self.go_to(&target, Phase::Members(Some((resource.clone(), id))));
            // A resource that has gone from the definitions since has nothing to tell.
            let Some(index) = self.sight(&resource) else { continue };
            let def = Arc::clone(&self.at(index)?.def);
            match fate(&times, since, target.step) {
                Fate::Gained { logged: false } => {
                    // What has gone out of sight again meanwhile is told with what comes later.
                    let Some(record) = found.remove(&(index, Id(id))) else { continue };
                    let version = integer(&def, &record, system::VERSION);
                    self.push(entry(FeedKind::AccessGained, &def, Id(id), version, Some(record)));
                }
                Fate::Lost { by } => {
                    let kind = match by.as_str() {
                        "ACCESS_LOST" => FeedKind::AccessLost,
                        "LEFT" => FeedKind::Left,
                        // The log has told it.
                        _ => continue,
                    };
                    self.push(entry(kind, &def, Id(id), None, None));
                }
                Fate::Stays | Fate::Gained { logged: true } | Fate::Never => {}
            }
        }
        if !full {
            self.go_to(&target, Phase::Refreshed(None));
        }
        Ok(())
    }
}

/// What [`Pages::look`] finds.
#[derive(Default)]
struct Seen {
    records: HashMap<(usize, Id), Vec<Value>>,
    members: HashMap<(usize, Id), Vec<FeedMember>>,
}

/// What became of a record after one step and not after another, by the times during which it was in sight.
fn fate(times: &[FeedMember], since: i64, until: i64) -> Fate {
    let holds = |step: i64| times.iter().find(|time| time.gained <= step && time.lost.is_none_or(|lost| lost > step));
    match (holds(since), holds(until)) {
        (Some(_), Some(_)) => Fate::Stays,
        (None, Some(time)) => Fate::Gained { logged: time.gained_by == "LOGGED" },
        (Some(_), None) => {
            let last = times.iter().filter(|time| time.lost.is_some_and(|lost| lost > since && lost <= until)).max_by_key(|time| time.lost);
            Fate::Lost { by: last.and_then(|time| time.lost_by.clone()).unwrap_or_default() }
        }
        (None, None) => Fate::Never,
    }
}

fn entry(kind: FeedKind, def: &Arc<ResourceDef>, id: Id, version: Option<i64>, record: Option<Vec<Value>>) -> FeedEntry {
    let def = Arc::clone(def);
    FeedEntry {
        kind,
        def,
        id,
        version,
        at: None,
        actor: None,
        request: None,
        fields: Vec::new(),
        cursor: String::new(),
        record,
        known: false,
    }
}

fn deleted(def: &ResourceDef, record: &[Value]) -> bool {
    def.field_index(system::DELETED_AT).and_then(|index| record.get(index)).is_some_and(|value| !matches!(value, Value::Null))
}

fn integer(def: &ResourceDef, record: &[Value], field: &str) -> Option<i64> {
    def.field_index(field).and_then(|index| record.get(index)).and_then(Value::as_integer)
}

/// The names of the fields that a change changed, of those that may be seen, and whether the log says what it changed: a secret is not kept there.
fn changed(def: &ResourceDef, mask: &FieldMask, change: &Change) -> Result<(Vec<String>, bool)> {
    let (before, after) = sides(change)?;
    let names = |name: &str| before.contains_key(name) || after.as_ref().is_some_and(|after| after.contains_key(name));
    let said = !before.is_empty() || after.as_ref().is_some_and(|after| !after.is_empty());
    Ok((def.fields.iter().filter(|field| mask.sees(*field) && names(&field.name)).map(|field| field.name.to_string()).collect(), said))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(gained: i64, gained_by: &str, lost: Option<(i64, &str)>) -> FeedMember {
        FeedMember {
            resource: "account".to_owned(),
            record: Uuid::nil(),
            gained,
            gained_by: gained_by.to_owned(),
            lost: lost.map(|(step, _)| step),
            lost_by: lost.map(|(_, by)| by.to_owned()),
        }
    }

    #[test]
    fn what_became_of_a_record_is_told_from_its_times() {
        let lost = |by: &str| Fate::Lost { by: by.to_owned() };
        let times = [time(2, "LOGGED", Some((4, "LEFT"))), time(6, "ACCESS", Some((7, "ERASED")))];
        for (since, until, expected) in [
            (0, 1, Fate::Never),
            (1, 2, Fate::Gained { logged: true }),
            (1, 3, Fate::Gained { logged: true }),
            (2, 3, Fate::Stays),
            (3, 4, lost("LEFT")),
            (1, 5, Fate::Never),
            (3, 6, Fate::Stays),
            (4, 6, Fate::Gained { logged: false }),
            (3, 7, lost("ERASED")),
            (6, 9, lost("ERASED")),
        ] {
            assert_eq!(fate(&times, since, until), expected, "{since} to {until}");
        }
        assert_eq!(fate(&[], 0, 9), Fate::Never);
    }
}
