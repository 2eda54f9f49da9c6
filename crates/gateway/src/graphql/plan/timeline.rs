//! The timeline of a party, in the shape that a document selects.

use super::Source;
use super::answer::write_key;
use super::build::{Builder, size};
use super::collect::{Collected, What};
use super::past::{instant, write_members};
use super::problem::Problem;
use super::records::Shapes;
use crate::graphql::schema::types::Role;
use clientela_engine::timeline::TimelineRequest;
use clientela_kernel::{Context, ErrorCode, Id, PageArguments, Result};
use clientela_model::ResourceDef;
use serde_json::{Value as Json, json};
use std::collections::HashMap;
use std::sync::Arc;
use uuid::Uuid;

/// Where records stand: the key of the entries, and their own.
type Spot = (Box<str>, Box<str>);

/// A timeline, as it is asked for.
pub(super) struct TimelineStep {
    def: Arc<ResourceDef>,
    id: Id,
    request: TimelineRequest,
    /// For each place where records are selected, by the key of the entries and their own: the shape of every resource that may stand there.
    shapes: Vec<(Spot, Shapes)>,
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
                let shown = |def: &ResourceDef| {
                    registry.timeline_sources().any(|source| source.shown.name == def.name)
                        || def.face.is_some() && registry.timeline_identity(def).is_some()
                };
                shapes.push(((entries.key.clone(), node.key.clone()), Shapes::new(builder, node, shown)?));
            }
        }
        Ok(Some(TimelineStep { def: Arc::clone(def), id: Id(id), request, shapes }))
    }

    /// What it may cost.
    pub(super) fn cost(&self, source: &dyn Source) -> Result<u64> {
        let mut total = 1 + u64::from(self.request.limit);
        for (_, shapes) in &self.shapes {
            total = total.saturating_add(shapes.cost(source, self.request.limit)?);
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
                    let keys = page.entries.iter().map(|entry| (entry.def.as_ref(), entry.id.0));
                    records.insert(node, shapes.read(source, context, keys).await.map_err(failed)?);
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
                    let record = records.get(&part.key).and_then(|records| records.get(&(entry.def.name.clone(), entry.id.0)));
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
