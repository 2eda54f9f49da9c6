//! What one source gives to a timeline.

use super::place::Place;
use super::{Subject, TimelineEntry, TimelineRequest};
use clientela_access::Grant;
use clientela_kernel::{Comparison, DeletedMode, Error, Filter, Id, RecordKey, Result, Timestamp, Value};
use clientela_model::timeline::CHANGE;
use clientela_model::{FieldDef, FieldType, Registry, ResourceDef, TimelineSource, system};
use clientela_store::{Change, Column, Row, Scope, Select, SortColumn};
use serde_json::{Map, Value as Json};
use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::sync::Arc;

/// A resource as one request reads it.
pub(super) struct Reading<'a> {
    pub(super) registry: &'a Registry,
    pub(super) source: TimelineSource<'a>,
    pub(super) kind: &'a str,
    pub(super) rank: usize,
    pub(super) grant: Grant,
    /// What the caller may see of the records that are shown in its place; the same as `grant` where they are its own.
    pub(super) shown: Grant,
    pub(super) request: &'a TimelineRequest,
    pub(super) after: Option<&'a Place>,
    pub(super) limit: u32,
}

impl Reading<'_> {
    /// The next entries: for a reference to the party of one statement, for one to a face of it or to any record of a statement each.
    pub(super) async fn read(&self, scope: &Scope, subject: &Subject) -> Result<Vec<TimelineEntry>> {
        let of = self.source.of;
        let targets: Vec<Value> = match &of.kind {
            FieldType::AnyReference(reference) => {
                let reached = subject.records.iter().filter(|record| reference.target(&record.resource).is_some());
                reached.map(|record| Value::Record(record.clone())).collect()
            }
            FieldType::Reference(reference) if self.is_face(&reference.target) => {
                let faces = subject.records.iter().filter(|record| record.resource == reference.target);
                faces.map(|record| Value::Id(record.id)).collect()
            }
            _ => vec![Value::Id(subject.party)],
        };
        let mut entries = Vec::new();
        // Where a hidden field would tell whom a record concerns, or when, it is as if it were not there.
        if !self.grant.fields.sees(of) || !self.grant.fields.sees(self.source.at) {
            return Ok(entries);
        }
        for target in targets {
            let filter = self.filter(target);
            let select = self.select(&filter)?;
            for row in &scope.fetch(&select).await? {
                entries.push(self.entry(row)?);
            }
        }
        Ok(entries)
    }

    fn is_face(&self, target: &str) -> bool {
        self.registry.resource(target).is_some_and(|def| def.face.is_some())
    }

    fn filter(&self, target: Value) -> Filter {
        let (at, id) = (self.source.at.name.clone(), self.source.shows.map_or(system::ID, |field| field.name.as_ref()));
        let mut all = vec![Filter::field(self.source.of.name.clone(), Comparison::Equal(target))];
        if let Some(from) = self.request.from {
            all.push(Filter::field(at.clone(), Comparison::GreaterOrEqual(Value::Instant(from))));
        }
        match self.after {
            Some(place) => all.push(place.beyond(self.rank, &at, id)),
            None => all.extend(self.request.to.map(|to| Filter::field(at, Comparison::Less(Value::Instant(to))))),
        }
        all.extend(self.grant.rows.clone());
        if let (Some(reference), Some(rows)) = (self.source.shows.and_then(FieldDef::reference), &self.shown.rows) {
            all.push(Filter::ToOne { relation: reference.relation.clone(), filter: Box::new(rows.clone()) });
        }
        Filter::And(all)
    }

    fn select<'s>(&'s self, filter: &'s Filter) -> Result<Select<'s>> {
        let def = self.source.def.as_ref();
        let own = |name: &str| def.field(name).ok_or_else(|| Error::internal("a resource without its system fields"));
        let id = self.source.shows.map_or_else(|| own(system::ID), Ok)?;
        let mut columns = vec![id, self.source.at, own(system::CREATED_BY)?];
        columns.extend(self.title());
        columns.extend(self.sort());
        let key = |field| SortColumn { table: 0, field, nullable: false, descending: true };
        Ok(Select {
            registry: self.registry,
            def,
            joins: Vec::new(),
            columns: columns.into_iter().map(|field| Column { table: 0, field }).collect(),
            filters: vec![filter],
            deleted: DeletedMode::Exclude,
            sort: vec![key(self.source.at), key(id)],
            seek: None,
            until: None,
            backward: false,
            limit: Some(self.limit),
            parents: None,
        })
    }

    fn title(&self) -> Option<&FieldDef> {
        self.source.title.filter(|field| self.grant.fields.sees(field))
    }

    fn sort(&self) -> Option<&FieldDef> {
        self.source.sort.filter(|field| self.grant.fields.sees(field))
    }

    fn entry(&self, row: &Row) -> Result<TimelineEntry> {
        let broken = || Error::internal("a record of a timeline lacks a required field");
        let id = row.uuid(0)?.ok_or_else(broken)?;
        let at = row.instant(1)?.ok_or_else(broken)?;
        let text = |column: usize| row.text(column).map(|text| text.map(str::to_owned));
        let title = if self.title().is_some() { text(3)? } else { None };
        let sort = if self.sort().is_some() { text(3 + usize::from(self.title().is_some()))? } else { None };
        Ok(TimelineEntry {
            kind: self.kind.to_owned(),
            sort,
            at,
            title,
            def: Arc::clone(self.source.shown),
            id: Id(id),
            actor: text(2)?.ok_or_else(broken)?,
            version: None,
            fields: Vec::new(),
            order: (Reverse(at.0), self.rank, Reverse(id), Reverse((0, 0))),
        })
    }
}

/// The next changes of one of the party's own records.
pub(super) async fn changes(
    scope: &Scope,
    def: &Arc<ResourceDef>,
    grant: &Grant,
    record: &RecordKey,
    rank: usize,
    request: &TimelineRequest,
    after: Option<&Place>,
    limit: u32,
) -> Result<Vec<TimelineEntry>> {
    let before = after.and_then(|place| place.changes.get(&record.id).copied());
    // `to` is exclusive; moments are whole milliseconds.
    let to = request.to.map(|to| Timestamp(to.0.saturating_sub(1)));
    let latest = match (after.filter(|_| before.is_none()), to) {
        (Some(place), _) => Some(place.at),
        (None, to) => to.filter(|_| before.is_none()),
    };
    let found = scope.history_between(&def.name, record.id, before, (request.from, latest), limit).await?;
    // Where clocks disagreed, a later version counts as made no earlier than what came before it.
    let mut bound = after.map_or(i64::MAX, |place| place.at.0);
    let mut entries = Vec::with_capacity(found.len());
    for change in &found {
        bound = bound.min(change.at.0);
        entries.push(TimelineEntry {
            kind: CHANGE.to_owned(),
            sort: Some(change.kind.clone()),
            at: Timestamp(bound),
            title: None,
            def: Arc::clone(def),
            id: change.record,
            actor: change.actor.clone(),
            version: Some(change.version),
            fields: fields(def, grant, change)?,
            order: (Reverse(bound), rank, Reverse(record.id), Reverse((change.version, change.sequence))),
        });
    }
    Ok(entries)
}

/// The names of the fields that a change touched and the caller may see, in the order of the definition.
fn fields(def: &ResourceDef, grant: &Grant, change: &Change) -> Result<Vec<String>> {
    let mut touched = BTreeSet::new();
    for side in [&change.before, &change.after].into_iter().flatten() {
        let members: Map<String, Json> = serde_json::from_str(side).map_err(Error::internal)?;
        touched.extend(members.into_iter().map(|(name, _)| name));
    }
    let seen = def.fields.iter().filter(|field| touched.contains(field.name.as_ref()) && grant.fields.sees(field));
    Ok(seen.map(|field| field.name.to_string()).collect())
}
