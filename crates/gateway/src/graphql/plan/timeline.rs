//! The timeline of a party, in the shape that a document selects.

use super::Source;
use super::answer::write_key;
use super::build::{Builder, size};
use super::collect::{Collected, What};
use super::past::{instant, write_members};
use super::problem::Problem;
use super::query::below;
use crate::array::split_array;
use crate::graphql::schema::types::Role;
use clientela_engine::timeline::{TimelineEntry, TimelineRequest};
use clientela_engine::{ReadPlan, Root, Selection};
use clientela_kernel::{Context, ErrorCode, Id, PageArguments, Result};
use clientela_model::ResourceDef;
use serde_json::{Value as Json, json};
use std::collections::HashMap;
use std::sync::Arc;
use uuid::Uuid;

/// How a record of a resource is shown.
type Shape = (Arc<ResourceDef>, Selection);

/// Where records stand: the key of the entries, and their own.
type Spot = (Box<str>, Box<str>);

/// A timeline, as it is asked for.
pub(super) struct TimelineStep {
    def: Arc<ResourceDef>,
    id: Id,
    request: TimelineRequest,
    /// For each place where records are selected, by the key of the entries and their own: the shape of every resource that may stand there.
    shapes: Vec<(Spot, Vec<Shape>)>,
}

impl TimelineStep {
    /// Reads the arguments and the selection; none where no record with a timeline has such ids.
    pub(super) fn new(
        builder: &Builder<'_>,
        field: &Collected,
        record: Option<(&Arc<ResourceDef>, Uuid)>,
    ) -> Result<Option<TimelineStep>, Problem> {
        let given = |name: &str| field.given(builder.types, name, builder.variables);
        let text = |json: &Json| json.as_str().map(str::to_owned);
        let kinds = given("kinds")?.as_deref().and_then(Json::as_array).into_iter().flatten().filter_map(text).collect();
        let limit = size(field, "first", given("first")?.as_deref())?.unwrap_or(PageArguments::DEFAULT_LIMIT);
        if limit == 0 {
            return Err(Problem::at(field.position, ErrorCode::BadUserInput, "first is 0; 1 to 1000 is allowed."));
        }
        let (from, to) = (instant(given("from")?.as_deref()), instant(given("to")?.as_deref()));
        let request = TimelineRequest { kinds, from, to, limit, after: given("after")?.as_deref().and_then(text) };
        let registry = &builder.types.registry;
        let Some((def, id)) = record.filter(|(def, _)| registry.timeline_identity(def).is_some()) else { return Ok(None) };
        let mut shapes = Vec::new();
        for entries in field.children.iter().filter(|child| matches!(&child.what, What::Role(Role::Member("entries")))) {
            for node in entries.children.iter().filter(|child| matches!(&child.what, What::Role(Role::Node))) {
                let shown = |def: &Arc<ResourceDef>| {
                    registry.timeline_sources().any(|source| source.shown.name == def.name)
                        || def.face.is_some() && registry.timeline_identity(def).is_some()
                };
                let all = registry.resources().iter().enumerate().filter(|(_, def)| shown(def));
                let shape = |(index, def): (usize, &Arc<ResourceDef>)| Ok((Arc::clone(def), builder.selection(def, below(node, index))?));
                shapes.push(((entries.key.clone(), node.key.clone()), all.map(shape).collect::<Result<_, Problem>>()?));
            }
        }
        Ok(Some(TimelineStep { def: Arc::clone(def), id: Id(id), request, shapes }))
    }

    /// What it may cost: each record is of one resource alone, so the dearest counts.
    pub(super) fn cost(&self, source: &dyn Source) -> Result<u64> {
        let most = usize::try_from(self.request.limit).unwrap_or(usize::MAX);
        let mut total = 1 + u64::from(self.request.limit);
        for (_, shapes) in &self.shapes {
            let mut dearest = 0;
            for (def, selection) in shapes {
                let root = Root::Records { ids: vec![Uuid::nil(); most], selection: selection.clone() };
                dearest = dearest.max(source.cost(&ReadPlan { def: Arc::clone(def), root })?);
            }
            total = total.saturating_add(dearest);
        }
        Ok(total)
    }

    /// Appends the timeline; null where there is no such record.
    pub(super) async fn write(&self, source: &dyn Source, context: &Context, field: &Collected, out: &mut Vec<u8>) -> Result<(), Problem> {
        let failed = |error| Problem::field(error, field.position);
        let page = match source.timeline(context, &self.def, self.id, &self.request).await {
            Ok(page) => page,
            Err(error) if error.code() == ErrorCode::NotFound => {
                out.extend_from_slice(b"null");
                return Ok(());
            }
            Err(error) => return Err(failed(error)),
        };
        let rest = json!({ "hasMore": page.next.is_some(), "next": page.next });
        out.push(b'{');
        for child in &field.children {
            if !matches!(&child.what, What::Role(Role::Member("entries"))) {
                write_members(std::slice::from_ref(child), &rest, out)?;
                continue;
            }
            let mut records = HashMap::new();
            for ((entries, node), shapes) in &self.shapes {
                if *entries == child.key {
                    records.insert(node, read(source, context, shapes, &page.entries).await.map_err(failed)?);
                }
            }
            write_key(&child.key, out);
            out.push(b'[');
            for (index, entry) in page.entries.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                let json = entry.to_json();
                out.push(b'{');
                for part in &child.children {
                    if !matches!(&part.what, What::Role(Role::Node)) {
                        write_members(std::slice::from_ref(part), &json, out)?;
                        continue;
                    }
                    let record = records.get(&part.key).and_then(|records| records.get(&entry.id.0));
                    write_key(&part.key, out);
                    out.extend_from_slice(record.map_or(b"null", Vec::as_slice));
                }
                out.push(b'}');
            }
            out.push(b']');
        }
        out.push(b'}');
        Ok(())
    }
}

/// The records of the entries, one read for each resource.
async fn read(source: &dyn Source, context: &Context, shapes: &[Shape], entries: &[TimelineEntry]) -> Result<HashMap<Uuid, Vec<u8>>> {
    let mut records = HashMap::with_capacity(entries.len());
    for (def, selection) in shapes {
        let mut ids: Vec<Uuid> = entries.iter().filter(|entry| entry.def.name == def.name).map(|entry| entry.id.0).collect();
        ids.sort_unstable();
        ids.dedup();
        if ids.is_empty() {
            continue;
        }
        let root = Root::Records { ids: ids.clone(), selection: selection.clone() };
        let mut text = Vec::new();
        source.read(context, &ReadPlan { def: Arc::clone(def), root }, &mut text).await?;
        records.extend(ids.into_iter().zip(split_array(&text)).map(|(id, text)| (id, text.to_vec())));
    }
    Ok(records)
}
