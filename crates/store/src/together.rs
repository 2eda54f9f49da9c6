//! Many write sets put together into few statements (SQLite's are here, PostgreSQL's in `postgres/many.rs`): new rows of one shape are one `INSERT`, changes of one shape are one `UPDATE`,
//! the records that references point to are counted once for each group, and all log rows are one `INSERT`. All sets are written,
//! or none; which of them stood in the way is found by writing fewer of them.

use crate::commit::{Bound, CHANGE_LOG, Draft, keeps_alive, makes_alive, referred, written};
use crate::locks::{Places, minds};
use crate::write::{IdempotencyWrite, LogEntry, RowChange, RowGuard, WriteSet};
use clientela_kernel::{Result, TenantId};
use clientela_model::FieldType;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use uuid::Uuid;

/// A record by resource and id.
type Place<'s> = (&'s str, Uuid);

/// Write sets of one tenant, put together.
pub(crate) struct Together<'s> {
    tenant: TenantId,
    /// What is referred to stands before what refers to it.
    groups: Vec<Group<'s>>,
    logs: Vec<(&'s RowChange, &'s LogEntry)>,
    remembered: Vec<&'s IdempotencyWrite>,
}

/// Rows that one statement writes.
#[derive(Default)]
pub(crate) struct Group<'s> {
    pub(crate) rows: Vec<&'s RowChange>,
    /// By table: the records that must live.
    checks: BTreeMap<&'s str, BTreeSet<Uuid>>,
}

impl<'s> Together<'s> {
    /// Puts sets together; none where they cannot be: one is remembered under an idempotency key, audited or removes rows, two change the
    /// same record, or new records refer to one another in a circle.
    pub(crate) fn new(tenant: TenantId, sets: &[&'s WriteSet]) -> Result<Option<Together<'s>>> {
        if sets.iter().any(|set| set.idempotency.is_some()) {
            return Ok(None);
        }
        Together::remembering(tenant, sets)
    }

    /// The same, where sets may be remembered under idempotency keys.
    pub(crate) fn remembering(tenant: TenantId, sets: &[&'s WriteSet]) -> Result<Option<Together<'s>>> {
        // What is audited goes alone: each entry is bound to the one before.
        if sets.iter().any(|set| set.audit.is_some()) {
            return Ok(None);
        }
        let mut groups: Vec<Group<'s>> = Vec::new();
        let mut shapes: HashMap<(&'s str, u8, Vec<usize>), usize> = HashMap::new();
        let mut places: HashSet<Place<'s>> = HashSet::new();
        let mut made: HashMap<Place<'s>, usize> = HashMap::new();
        for row in sets.iter().flat_map(|set| &set.rows) {
            let kind = match row.guard {
                RowGuard::Insert => 0,
                RowGuard::Unguarded => 1,
                RowGuard::Version(_) if minds(row).is_some() => 2,
                RowGuard::Version(_) => 3,
                RowGuard::Erase(_) | RowGuard::Remove => return Ok(None),
            };
            let place = (row.def.name.as_ref(), row.id.0);
            if !places.insert(place) {
                return Ok(None);
            }
            let columns = row.values.iter().map(|(field, _)| *field).collect();
            let group = *shapes.entry((row.def.name.as_ref(), kind, columns)).or_insert_with(|| {
                groups.push(Group::default());
                groups.len() - 1
            });
            if makes_alive(row) {
                made.insert(place, group);
            }
            if let Some(group) = groups.get_mut(group) {
                group.rows.push(row);
            }
        }
        let changed = sets.iter().flat_map(|set| &set.rows).filter(|row| keeps_alive(row));
        let kept: HashSet<Place<'_>> = changed.map(|row| (row.def.name.as_ref(), row.id.0)).collect();
        for group in &mut groups {
            for row in &group.rows {
                for (index, id) in &row.references {
                    let (target, table) = referred(row, *index)?;
                    if !made.contains_key(&(target, *id)) && !kept.contains(&(target, *id)) {
                        group.checks.entry(table).or_default().insert(*id);
                    }
                }
            }
        }
        let Some(groups) = ordered(groups, &made) else { return Ok(None) };
        let logs = groups.iter().flat_map(|group| &group.rows).filter_map(|row| row.log.as_ref().map(|log| (*row, log))).collect();
        let remembered = sets.iter().filter_map(|set| set.idempotency.as_ref()).collect();
        Ok(Some(Together { tenant, groups, logs, remembered }))
    }

    /// The requests to remember.
    pub(crate) fn remembered(&self) -> &[&'s IdempotencyWrite] {
        &self.remembered
    }

    pub(crate) fn tenant(&self) -> TenantId {
        self.tenant
    }

    pub(crate) fn groups(&self) -> &[Group<'s>] {
        &self.groups
    }

    /// Every row.
    pub(crate) fn rows(&self) -> impl Iterator<Item = &'s RowChange> + Clone {
        self.groups.iter().flat_map(|group| group.rows.iter().copied())
    }

    /// The log rows.
    pub(crate) fn logs(&self) -> &[(&'s RowChange, &'s LogEntry)] {
        &self.logs
    }
}

/// Values that a log row binds.
pub(crate) const LOG_WIDTH: usize = 11;

/// `INSERT INTO change_log …`.
pub(crate) fn log<B: Bound>(draft: &mut Draft<B>, entries: &[(&RowChange, &LogEntry)]) -> Result<()> {
    draft.push("INSERT INTO ").push(CHANGE_LOG);
    draft.push(" (tenant_id, resource, record_id, version, at, actor, client, request, kind, before, after) VALUES ");
    for (index, (row, entry)) in entries.iter().enumerate() {
        draft.push(if index == 0 { "(" } else { ", (" });
        draft.push_tenant()?;
        draft.push(", ");
        draft.log(&row.def, row.id, entry)?;
        draft.push(")");
    }
    Ok(())
}

impl<'s> Group<'s> {
    /// Some of the rows, by themselves.
    pub(crate) fn piece(&self, rows: &[&'s RowChange], checks: bool) -> Group<'s> {
        Group { rows: rows.to_vec(), checks: if checks { self.checks.clone() } else { BTreeMap::new() } }
    }

    /// No fewer values than a row binds.
    pub(crate) fn width(&self) -> usize {
        self.rows.first().map_or(1, |row| 4 + 2 * row.values.len())
    }

    /// The records that must live, by their table.
    pub(crate) fn checks(&self) -> &BTreeMap<&'s str, BTreeSet<Uuid>> {
        &self.checks
    }

    /// How many rows must be written, where fewer could be.
    pub(crate) fn expected(&self) -> Option<u64> {
        let guarded = self.rows.first().is_some_and(|row| matches!(row.guard, RowGuard::Version(_)));
        (guarded || !self.checks.is_empty()).then(|| u64::try_from(self.rows.len()).unwrap_or(u64::MAX))
    }

    /// The group's statement.
    pub(crate) fn write<B: Bound>(&self, draft: &mut Draft<B>) -> Result<()> {
        let Some(first) = self.rows.first() else { return Ok(()) };
        if matches!(first.guard, RowGuard::Version(_)) { self.update(draft, first) } else { self.insert(draft, first) }
    }

    /// `INSERT INTO table (…) SELECT * FROM (VALUES …) v WHERE …`.
    fn insert<B: Bound>(&self, draft: &mut Draft<B>, first: &RowChange) -> Result<()> {
        let plain = self.checks.is_empty() && first.guard == RowGuard::Insert;
        draft.insert_into(first)?;
        draft.push(if plain { " VALUES " } else { " SELECT * FROM (VALUES " });
        for (index, row) in self.rows.iter().enumerate() {
            draft.push(if index == 0 { "(" } else { ", (" });
            draft.push_tenant()?;
            draft.push(", ");
            draft.inserted(row)?;
            draft.push(")");
        }
        if plain {
            return Ok(());
        }
        draft.push(") v WHERE true");
        self.check(draft)?;
        if first.guard == RowGuard::Unguarded {
            draft.push(" ON CONFLICT (tenant_id, id) DO UPDATE SET ");
            draft.each_column(first, |draft, column, index| {
                draft.push(if index == 0 { "" } else { ", " }).push(column).push(" = excluded.").push(column);
            })?;
        }
        Ok(())
    }

    /// `UPDATE table SET … = v.… FROM (VALUES (id, version, …), …) v WHERE …`: each row has its own values and its own guard.
    fn update<B: Bound>(&self, draft: &mut Draft<B>, first: &RowChange) -> Result<()> {
        let table = first.def.table.as_ref();
        let minded = minds(first).is_some();
        let values = if minded { 5 } else { 3 };
        draft.push("UPDATE ").push(table).push(" SET ");
        draft.each_column(first, |draft, column, index| {
            draft.push(if index == 0 { "" } else { ", " }).push(column).push(" = v.column").push_number(index + values);
        })?;
        draft.push(" FROM (VALUES ");
        for (index, row) in self.rows.iter().enumerate() {
            draft.push(if index == 0 { "(" } else { ", (" });
            let before = draft.bound.count();
            let version = if let RowGuard::Version(version) = row.guard { version } else { 0 };
            draft.bound.id(row.id.0)?;
            draft.bound.number(version)?;
            if let Some((actor, at)) = minds(row) {
                draft.bound.text(Some(actor))?;
                draft.bound.instant(at)?;
            }
            for (field, value) in written(row) {
                draft.bind_field(field?, value)?;
            }
            draft.placeholders_since(before);
            draft.push(")");
        }
        draft.push(") v WHERE ").push(table).push(".tenant_id = ");
        draft.push_tenant()?;
        draft.push(" AND ").push(table).push(".id = v.column1 AND ");
        draft.push(table).push(".version = v.column2");
        if minded {
            draft.each_unlocked(first, &Places { id: "v.column1", actor: "v.column3", at: "v.column4" })?;
        }
        self.check(draft)
    }

    /// Every record that the group refers to lives.
    fn check<B: Bound>(&self, draft: &mut Draft<B>) -> Result<()> {
        for (table, ids) in &self.checks {
            draft.push(" AND (SELECT count(*) FROM (SELECT 1 FROM ").push(table).push(" WHERE tenant_id = ");
            draft.push_tenant()?;
            draft.push(" AND id IN (");
            let before = draft.bound.count();
            for id in ids {
                draft.bound.id(*id)?;
            }
            draft.placeholders_since(before);
            let lock = draft.bound.row_lock();
            draft.push(") AND deleted_at IS NULL").push(lock).push(") c) = ").push_number(ids.len());
        }
        Ok(())
    }
}

/// Puts what is referred to before what refers to it: a database that checks each statement takes nothing else. None where that is a circle.
fn ordered<'s>(groups: Vec<Group<'s>>, made: &HashMap<Place<'s>, usize>) -> Option<Vec<Group<'s>>> {
    let mut needs: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); groups.len()];
    for (number, (group, needs)) in groups.iter().zip(&mut needs).enumerate() {
        for row in &group.rows {
            for (index, value) in &row.values {
                let target = row.def.fields.get(*index).and_then(|field| match &field.kind {
                    FieldType::Reference(reference) => Some(reference.target.as_ref()),
                    _ => None,
                });
                let Some((target, id)) = target.zip(value.as_id()) else { continue };
                if let Some(other) = made.get(&(target, id)).filter(|other| **other != number) {
                    needs.insert(*other);
                }
            }
        }
    }
    let mut waiting: Vec<(usize, Group<'s>)> = groups.into_iter().enumerate().collect();
    let mut done: BTreeSet<usize> = BTreeSet::new();
    let mut ordered = Vec::with_capacity(waiting.len());
    while !waiting.is_empty() {
        let is_free = |number: usize| needs.get(number).is_none_or(|needs| needs.is_subset(&done));
        let at = waiting.iter().position(|(number, _)| is_free(*number))?;
        let (number, group) = waiting.remove(at);
        done.insert(number);
        ordered.push(group);
    }
    Some(ordered)
}
