//! `search`: one connection over records of several types.

use super::Source;
use super::answer::{write_key, write_text};
use super::build::{Builder, misplaced, page_info};
use super::collect::{Collected, What};
use super::problem::Problem;
use super::records::Shapes;
use crate::graphql::schema::types::Role;
use clientela_engine::PageInfoItem;
use clientela_engine::search::{Found, SearchAnswer, SearchRequest};
use clientela_kernel::{Context, Error, ErrorCode, PageArguments, Result};
use clientela_model::ResourceDef;
use serde_json::Value as Json;
use std::sync::Arc;

/// What to search for, and the shape of the answer.
pub(super) struct SearchStep {
    request: SearchRequest,
    items: Vec<(Box<str>, Item)>,
}

enum Item {
    Constant(Box<str>),
    Nodes(Shapes),
    Edges(Vec<(Box<str>, EdgePart)>),
    PageInfo(Vec<PageInfoItem>),
}

enum EdgePart {
    Constant(Box<str>),
    Cursor,
    Node(Shapes),
    Highlights(Vec<(Box<str>, MarkPart)>),
}

enum MarkPart {
    Constant(Box<str>),
    Field,
    Html,
}

impl SearchStep {
    /// Reads the arguments and the selection.
    pub(super) fn new(builder: &Builder<'_>, field: &Collected) -> Result<SearchStep, Problem> {
        let given = |name: &str| field.given(builder.types, name, builder.variables);
        let refuse = |text: String| Problem::at(field.position, ErrorCode::BadUserInput, text);
        let text = |json: &Json| json.as_str().map(str::to_owned);
        let query = given("query")?.as_deref().and_then(text).ok_or_else(|| refuse("The argument query must have a value.".to_owned()))?;
        let registry = &builder.types.registry;
        let mut resources = Vec::new();
        for name in given("resources")?.as_deref().and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str) {
            let found = registry.resource(name).filter(|def| def.is_searched());
            resources.push(Arc::clone(found.ok_or_else(|| refuse(format!("resources names {name:?}, which is not searched.")))?));
        }
        let limit = match given("first")?.as_deref() {
            None => PageArguments::DEFAULT_LIMIT,
            Some(json) => json
                .as_u64()
                .and_then(|limit| u32::try_from(limit).ok())
                .filter(|limit| (1..=PageArguments::MAXIMUM_LIMIT).contains(limit))
                .ok_or_else(|| refuse(format!("first is {json}; 1 to {} is allowed.", PageArguments::MAXIMUM_LIMIT)))?,
        };
        let after = given("after")?.as_deref().and_then(text);
        let request = SearchRequest { query, resources, filter: None, limit, after };
        let mut items = Vec::with_capacity(field.children.len());
        for child in &field.children {
            let item = match &child.what {
                What::Typename(json) => Item::Constant(json.clone()),
                What::Role(Role::Nodes) => Item::Nodes(shapes(builder, &request, child)?),
                What::Role(Role::Edges) => {
                    Item::Edges(child.children.iter().map(|part| edge(builder, &request, part)).collect::<Result<_, _>>()?)
                }
                What::Role(Role::PageInfo) => Item::PageInfo(page_info(&child.children)?),
                _ => return Err(misplaced(child)),
            };
            items.push((child.key.clone(), item));
        }
        Ok(SearchStep { request, items })
    }

    /// What it may cost.
    pub(super) fn cost(&self, source: &dyn Source) -> Result<u64> {
        let mut total = u64::from(self.request.limit);
        for shapes in self.shapes() {
            total = total.saturating_add(shapes.cost(source, self.request.limit)?);
        }
        Ok(total)
    }

    fn shapes(&self) -> impl Iterator<Item = &Shapes> {
        self.items.iter().flat_map(|(_, item)| -> Vec<&Shapes> {
            match item {
                Item::Nodes(shapes) => vec![shapes],
                Item::Edges(parts) => {
                    parts.iter().filter_map(|(_, part)| if let EdgePart::Node(shapes) = part { Some(shapes) } else { None }).collect()
                }
                Item::Constant(_) | Item::PageInfo(_) => Vec::new(),
            }
        })
    }

    /// Searches, and appends the connection.
    pub(super) async fn run(&self, source: &dyn Source, context: &Context, out: &mut Vec<u8>) -> Result<()> {
        let answer = source.search(context, &self.request).await?;
        out.push(b'{');
        for (key, item) in &self.items {
            write_key(key, out);
            match item {
                Item::Constant(json) => out.extend_from_slice(json.as_bytes()),
                Item::Nodes(shapes) => {
                    let records = records(source, context, shapes, &answer.records).await?;
                    out.push(b'[');
                    out.extend_from_slice(&records.join(&b','));
                    out.push(b']');
                }
                Item::Edges(parts) => edges(source, context, parts, &answer, out).await?,
                Item::PageInfo(items) => self.page_info(items, &answer, out),
            }
        }
        out.push(b'}');
        Ok(())
    }

    fn page_info(&self, items: &[PageInfoItem], answer: &SearchAnswer, out: &mut Vec<u8>) {
        let first = answer.records.first().map(|found| found.cursor.clone());
        let last = answer.next.clone().or_else(|| answer.records.last().map(|found| found.cursor.clone()));
        out.push(b'{');
        for item in items {
            let (key, value) = match item {
                PageInfoItem::HasNextPage(key) => (key, Json::from(answer.next.is_some())),
                PageInfoItem::HasPreviousPage(key) => (key, Json::from(self.request.after.is_some())),
                PageInfoItem::StartCursor(key) | PageInfoItem::Previous(key) => (key, Json::from(first.clone())),
                PageInfoItem::EndCursor(key) | PageInfoItem::Next(key) => (key, Json::from(last.clone())),
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

fn shapes(builder: &Builder<'_>, request: &SearchRequest, field: &Collected) -> Result<Shapes, Problem> {
    let wanted = |def: &ResourceDef| {
        def.is_searched() && (request.resources.is_empty() || request.resources.iter().any(|other| other.name == def.name))
    };
    Shapes::new(builder, field, wanted)
}

fn edge(builder: &Builder<'_>, request: &SearchRequest, field: &Collected) -> Result<(Box<str>, EdgePart), Problem> {
    let part = match &field.what {
        What::Typename(json) => EdgePart::Constant(json.clone()),
        What::Role(Role::Cursor) => EdgePart::Cursor,
        What::Role(Role::Node) => EdgePart::Node(shapes(builder, request, field)?),
        What::Role(Role::Highlights) => EdgePart::Highlights(field.children.iter().map(mark).collect::<Result<_, _>>()?),
        _ => return Err(misplaced(field)),
    };
    Ok((field.key.clone(), part))
}

fn mark(field: &Collected) -> Result<(Box<str>, MarkPart), Problem> {
    let part = match &field.what {
        What::Typename(json) => MarkPart::Constant(json.clone()),
        What::Role(Role::HighlightField) => MarkPart::Field,
        What::Role(Role::HighlightHtml) => MarkPart::Html,
        _ => return Err(misplaced(field)),
    };
    Ok((field.key.clone(), part))
}

/// The records as text, in the order in which they were found; null in the place of one that has gone since.
async fn records(source: &dyn Source, context: &Context, shapes: &Shapes, found: &[Found]) -> Result<Vec<Vec<u8>>> {
    let records = shapes.read(source, context, found.iter().map(|found| (found.def.as_ref(), found.id.0))).await?;
    let text = |found: &Found| records.get(&(found.def.name.clone(), found.id.0)).cloned().unwrap_or_else(|| b"null".to_vec());
    Ok(found.iter().map(text).collect())
}

async fn edges(
    source: &dyn Source,
    context: &Context,
    parts: &[(Box<str>, EdgePart)],
    answer: &SearchAnswer,
    out: &mut Vec<u8>,
) -> Result<()> {
    let mut columns = Vec::with_capacity(parts.len());
    for (_, part) in parts {
        columns.push(match part {
            EdgePart::Node(shapes) => records(source, context, shapes, &answer.records).await?,
            _ => Vec::new(),
        });
    }
    out.push(b'[');
    for (index, found) in answer.records.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        out.push(b'{');
        for ((key, part), column) in parts.iter().zip(&columns) {
            write_key(key, out);
            match part {
                EdgePart::Constant(json) => out.extend_from_slice(json.as_bytes()),
                EdgePart::Cursor => write_text(&found.cursor, out),
                EdgePart::Node(_) => {
                    let record = column.get(index).ok_or_else(|| Error::internal("a record that was found went missing"))?;
                    out.extend_from_slice(record);
                }
                EdgePart::Highlights(marks) => highlights(marks, found, out),
            }
        }
        out.push(b'}');
    }
    out.push(b']');
    Ok(())
}

fn highlights(parts: &[(Box<str>, MarkPart)], found: &Found, out: &mut Vec<u8>) {
    out.push(b'[');
    for (index, highlight) in found.highlights.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        out.push(b'{');
        for (key, part) in parts {
            write_key(key, out);
            match part {
                MarkPart::Constant(json) => out.extend_from_slice(json.as_bytes()),
                MarkPart::Field => write_text(&highlight.field, out),
                MarkPart::Html => write_text(&highlight.html, out),
            }
        }
        out.push(b'}');
    }
    out.push(b']');
}
