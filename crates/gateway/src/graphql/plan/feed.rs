//! The feed: a page of it as a connection, and one entry at a time for whoever subscribes.

use super::Source;
use super::answer::{write_key, write_text};
use super::build::{Builder, misplaced, page_info, size};
use super::collect::{Collected, What};
use super::past::write_members;
use super::problem::Problem;
use super::records::{Records, Shapes};
use crate::graphql::schema::types::Role;
use clientela_engine::PageInfoItem;
use clientela_engine::feed::{FeedEntry, FeedPage, FeedRequest};
use clientela_kernel::{Context, Error, ErrorCode, Name, PageArguments, Result};
use clientela_model::ResourceDef;
use serde_json::{Map, Value as Json};
use std::collections::HashMap;
use std::sync::Arc;

/// A page of the feed, as it is asked for.
pub(super) struct FeedStep {
    request: FeedRequest,
    items: Vec<(Box<str>, Item)>,
}

enum Item {
    Constant(Box<str>),
    Nodes(EntryShape),
    Edges(Vec<(Box<str>, EdgePart)>),
    PageInfo(Vec<PageInfoItem>),
}

enum EdgePart {
    Constant(Box<str>),
    Cursor,
    Node(EntryShape),
}

/// What is shown of an entry.
pub(super) struct EntryShape(Vec<(Box<str>, EntryPart)>);

enum EntryPart {
    Cursor,
    /// A member by its name, or the name of the type.
    Member(Collected),
    /// The record, by resource.
    Record(Shapes),
    /// What of the record was changed.
    Changed,
}

/// The records at each place of an entry, or what was changed of them by the cursor of the entry; none where neither stands.
type Columns = Vec<(Records, HashMap<String, Vec<u8>>)>;

/// What is followed, from the arguments. `only` is the resource where the field is about one.
pub(super) fn request(builder: &Builder<'_>, field: &Collected, only: Option<&Arc<ResourceDef>>) -> Result<FeedRequest, Problem> {
    let given = |name: &str| field.given(builder.types, name, builder.variables);
    let text = |json: &Json| json.as_str().map(str::to_owned);
    let after = given("after")?.as_deref().and_then(text);
    let tree = match given("filter")?.as_deref() {
        None | Some(Json::Null) => Map::new(),
        Some(Json::Object(tree)) => tree.clone(),
        Some(_) => return Err(Problem::at(field.position, ErrorCode::BadUserInput, "filter must be an object.")),
    };
    if let Some(def) = only {
        let filter = if tree.is_empty() { tree } else { Map::from_iter([(def.name.to_string(), Json::Object(tree))]) };
        return Ok(FeedRequest { resources: vec![def.name.clone()], filter, scope: None, limit: 1, from_now: after.is_none(), after });
    }
    let resources: Vec<Name> =
        given("resources")?.as_deref().and_then(Json::as_array).into_iter().flatten().filter_map(text).map(Name::from).collect();
    let scope = given("scope")?.as_deref().and_then(text);
    Ok(FeedRequest { resources, filter: tree, scope, limit: 1, after, from_now: false })
}

impl FeedStep {
    /// Reads the arguments and the selection.
    pub(super) fn new(builder: &Builder<'_>, field: &Collected) -> Result<FeedStep, Problem> {
        let mut request = request(builder, field, None)?;
        let first = field.given(builder.types, "first", builder.variables)?;
        request.limit = size(field, "first", first.as_deref())?.unwrap_or(PageArguments::DEFAULT_LIMIT);
        if request.limit == 0 {
            return Err(Problem::at(field.position, ErrorCode::BadUserInput, "first is 0; 1 to 1000 is allowed."));
        }
        let mut items = Vec::with_capacity(field.children.len());
        for child in &field.children {
            let item = match &child.what {
                What::Typename(json) => Item::Constant(json.clone()),
                What::Role(Role::Nodes) => Item::Nodes(EntryShape::new(builder, &child.children, &request, None)?),
                What::Role(Role::Edges) => {
                    let edge = |part: &Collected| {
                        let shape = match &part.what {
                            What::Typename(json) => EdgePart::Constant(json.clone()),
                            What::Role(Role::Cursor) => EdgePart::Cursor,
                            What::Role(Role::Node) => EdgePart::Node(EntryShape::new(builder, &part.children, &request, None)?),
                            _ => return Err(misplaced(part)),
                        };
                        Ok((part.key.clone(), shape))
                    };
                    Item::Edges(child.children.iter().map(edge).collect::<Result<_, Problem>>()?)
                }
                What::Role(Role::PageInfo) => Item::PageInfo(page_info(&child.children)?),
                _ => return Err(misplaced(child)),
            };
            items.push((child.key.clone(), item));
        }
        Ok(FeedStep { request, items })
    }

    /// What it may cost.
    pub(super) fn cost(&self, source: &dyn Source) -> Result<u64> {
        let mut total = 1 + u64::from(self.request.limit);
        for (_, item) in &self.items {
            let shapes: Vec<&EntryShape> = match item {
                Item::Nodes(shape) => vec![shape],
                Item::Edges(parts) => {
                    parts.iter().filter_map(|(_, part)| if let EdgePart::Node(shape) = part { Some(shape) } else { None }).collect()
                }
                Item::Constant(_) | Item::PageInfo(_) => Vec::new(),
            };
            for shape in shapes {
                total = total.saturating_add(shape.cost(source, self.request.limit)?);
            }
        }
        Ok(total)
    }

    /// Reads the page, and appends the connection.
    pub(super) async fn run(&self, source: &dyn Source, context: &Context, field: &Collected, out: &mut Vec<u8>) -> Result<(), Problem> {
        let failed = |error: Error| Problem::field(error, field.position);
        let page = source.feed(context, &self.request).await.map_err(failed)?;
        out.push(b'{');
        for (key, item) in &self.items {
            write_key(key, out);
            match item {
                Item::Constant(json) => out.extend_from_slice(json.as_bytes()),
                Item::Nodes(shape) => {
                    let records = shape.records(source, context, &page.entries).await.map_err(failed)?;
                    out.push(b'[');
                    for (index, entry) in page.entries.iter().enumerate() {
                        if index > 0 {
                            out.push(b',');
                        }
                        shape.write(entry, &records, out)?;
                    }
                    out.push(b']');
                }
                Item::Edges(parts) => edges(source, context, parts, field, &page, out).await?,
                Item::PageInfo(items) => self.page_info(items, &page, out),
            }
        }
        out.push(b'}');
        Ok(())
    }

    fn page_info(&self, items: &[PageInfoItem], page: &FeedPage, out: &mut Vec<u8>) {
        out.push(b'{');
        for item in items {
            let (key, value) = match item {
                PageInfoItem::HasNextPage(key) => (key, Json::from(page.more)),
                PageInfoItem::HasPreviousPage(key) => (key, Json::from(self.request.after.is_some())),
                PageInfoItem::StartCursor(key) | PageInfoItem::Previous(key) => {
                    (key, page.entries.first().map_or(Json::Null, |entry| Json::from(entry.cursor.clone())))
                }
                // Also of an empty page: whoever goes on from here misses nothing.
                PageInfoItem::EndCursor(key) | PageInfoItem::Next(key) => (key, Json::from(page.next.clone())),
                PageInfoItem::Constant(key, json) => {
                    write_key(key, out);
                    out.extend_from_slice(json.as_bytes());
                    continue;
                }
                PageInfoItem::Total(key) => (key, Json::Null),
            };
            write_key(key, out);
            out.extend_from_slice(value.to_string().as_bytes());
        }
        out.push(b'}');
    }
}

async fn edges(
    source: &dyn Source,
    context: &Context,
    parts: &[(Box<str>, EdgePart)],
    field: &Collected,
    page: &FeedPage,
    out: &mut Vec<u8>,
) -> Result<(), Problem> {
    let failed = |error: Error| Problem::field(error, field.position);
    let mut columns = Vec::with_capacity(parts.len());
    for (_, part) in parts {
        columns.push(match part {
            EdgePart::Node(shape) => shape.records(source, context, &page.entries).await.map_err(failed)?,
            EdgePart::Constant(_) | EdgePart::Cursor => Columns::new(),
        });
    }
    out.push(b'[');
    for (index, entry) in page.entries.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        out.push(b'{');
        for ((key, part), records) in parts.iter().zip(&columns) {
            write_key(key, out);
            match part {
                EdgePart::Constant(json) => out.extend_from_slice(json.as_bytes()),
                EdgePart::Cursor => write_text(&entry.cursor, out),
                EdgePart::Node(shape) => shape.write(entry, records, out)?,
            }
        }
        out.push(b'}');
    }
    out.push(b']');
    Ok(())
}

impl EntryShape {
    /// What is selected of an entry. `only` is the resource where its records are all of one.
    pub(super) fn new(
        builder: &Builder<'_>,
        fields: &[Collected],
        request: &FeedRequest,
        only: Option<&Arc<ResourceDef>>,
    ) -> Result<EntryShape, Problem> {
        let part = |field: &Collected| {
            let part = match (&field.what, only) {
                (What::Role(Role::Cursor), _) => EntryPart::Cursor,
                (What::Role(Role::Changed), _) => EntryPart::Changed,
                (What::Role(Role::Node), Some(def)) => EntryPart::Record(Shapes::of_one(builder, field, def)?),
                (What::Role(Role::Node), None) => EntryPart::Record(Shapes::new(builder, field, |def| {
                    !def.mirror && (request.resources.is_empty() || request.resources.contains(&def.name))
                })?),
                _ => EntryPart::Member(field.clone()),
            };
            Ok((field.key.clone(), part))
        };
        fields.iter().map(part).collect::<Result<_, Problem>>().map(EntryShape)
    }

    /// What so many of them may cost.
    pub(super) fn cost(&self, source: &dyn Source, limit: u32) -> Result<u64> {
        let mut total: u64 = 0;
        for (_, part) in &self.0 {
            if let EntryPart::Record(shapes) = part {
                total = total.saturating_add(shapes.cost(source, limit)?);
            }
        }
        Ok(total)
    }

    /// The records of entries, at each place.
    pub(super) async fn records(&self, source: &dyn Source, context: &Context, entries: &[FeedEntry]) -> Result<Columns> {
        let keys = entries.iter().filter(|entry| entry.has_record()).map(|entry| (entry.def.as_ref(), entry.id.0));
        let mut columns = Columns::with_capacity(self.0.len());
        for (_, part) in &self.0 {
            let (mut records, mut changed) = (Records::new(), HashMap::new());
            match part {
                EntryPart::Record(shapes) => records = shapes.read(source, context, keys.clone()).await?,
                EntryPart::Changed => {
                    for entry in entries {
                        changed.insert(entry.cursor.clone(), source.changed(context, entry).await?);
                    }
                }
                EntryPart::Cursor | EntryPart::Member(_) => {}
            }
            columns.push((records, changed));
        }
        Ok(columns)
    }

    /// Appends an entry.
    pub(super) fn write(&self, entry: &FeedEntry, records: &Columns, out: &mut Vec<u8>) -> Result<(), Problem> {
        let json = entry.to_json();
        out.push(b'{');
        for ((key, part), (records, changed)) in self.0.iter().zip(records) {
            match part {
                EntryPart::Changed => {
                    write_key(key, out);
                    out.extend_from_slice(changed.get(&entry.cursor).map_or(b"null", Vec::as_slice));
                }
                EntryPart::Cursor => {
                    write_key(key, out);
                    write_text(&entry.cursor, out);
                }
                EntryPart::Member(field) => write_members(std::slice::from_ref(field), &json, out)?,
                EntryPart::Record(_) => {
                    write_key(key, out);
                    let record = records.get(&(entry.def.name.clone(), entry.id.0)).filter(|_| entry.has_record());
                    out.extend_from_slice(record.map_or(b"null", Vec::as_slice));
                }
            }
        }
        out.push(b'}');
        Ok(())
    }
}
