//! Writing the answer's JSON from the rows.

use super::layout::{Child, ConnectionShape, EdgeEntry, Entry, Layout, ListEntry, ObjectShape};
use crate::order;
use crate::plan::{MoneyPart, PageInfoItem};
use clientela_kernel::{Cursor, Error, ListArguments, Result, Value};
use clientela_model::{ResourceDef, system};
use clientela_store::Row;
use std::collections::HashMap;
use std::ops::Range;
use uuid::Uuid;

/// The rows of a level and the pages below it, one for each to-many relation.
#[derive(Default)]
pub(crate) struct Loaded {
    pub(crate) rows: Vec<Row>,
    pub(crate) children: Vec<Page>,
}

/// A list level: its rows by parent (the nil id where there is none).
#[derive(Default)]
pub(crate) struct Page {
    pub(crate) groups: HashMap<Uuid, Group>,
    pub(crate) totals: HashMap<Uuid, i64>,
    pub(crate) loaded: Loaded,
}

/// The rows of one parent.
#[derive(Clone)]
pub(crate) struct Group {
    pub(crate) rows: Range<usize>,
    pub(crate) more: bool,
}

/// Where an object's values come from.
#[derive(Clone, Copy)]
pub(crate) enum Source<'r> {
    /// A row and the pages below its level.
    Row { row: &'r Row, children: &'r [Page] },
    /// Every field of one record, by index of its definition.
    Memory(&'r [Value]),
}

/// Cursors of a page for headers and `page`.
#[derive(Default)]
pub(crate) struct PageCursors {
    pub(crate) next: Option<String>,
    pub(crate) previous: Option<String>,
}

/// Appends `"key":`, with a comma where it is not the first.
fn key(first: &mut bool, key: &str, out: &mut Vec<u8>) {
    out.push(if *first { b'{' } else { b',' });
    *first = false;
    out.push(b'"');
    out.extend_from_slice(key.as_bytes());
    out.extend_from_slice(b"\":");
}

fn close(first: bool, out: &mut Vec<u8>) {
    out.extend_from_slice(if first { b"{}" } else { b"}" });
}

/// Appends a list of records in memory, each with every field by index of its definition. They come as a statement would give
/// them: in reversed order where the list is read backward.
pub(crate) fn write_memory(
    layout: &Layout<'_>,
    shape: &ConnectionShape<'_>,
    records: &[Vec<Value>],
    more: bool,
    total: i64,
    out: &mut Vec<u8>,
) -> Result<PageCursors> {
    let row = |record: &Vec<Value>| {
        Row::from_values(layout.cells.iter().map(|cell| (cell.field, record.get(cell.index).cloned().unwrap_or_default())))
    };
    let rows: Vec<Row> = records.iter().map(row).collect();
    let group = Group { rows: 0..rows.len(), more };
    let page = Page {
        groups: HashMap::from([(Uuid::nil(), group)]),
        totals: HashMap::from([(Uuid::nil(), total)]),
        loaded: Loaded { rows, children: Vec::new() },
    };
    write_list(layout, shape, &page, None, out)
}

/// Appends a record's object.
pub(crate) fn write_object(layout: &Layout<'_>, shape: &ObjectShape<'_>, source: Source<'_>, out: &mut Vec<u8>) -> Result<()> {
    let mut first = true;
    for (name, entry) in &shape.entries {
        key(&mut first, name, out);
        match entry {
            Entry::Constant(json) => out.extend_from_slice(json.as_bytes()),
            Entry::Cell(cell) => write_cell(layout, *cell, source, out)?,
            Entry::Masked(cell) => {
                let mut open = Vec::new();
                write_cell(layout, *cell, source, &mut open)?;
                write_masked(&open, out)?;
            }
            Entry::Money(cell, parts) => write_money(layout, *cell, parts, source, out)?,
            Entry::Object(object) => write_object(layout, object, source, out)?,
            Entry::ToOne(present, object) => {
                let Source::Row { row, .. } = source else {
                    return Err(Error::internal("a relation was rendered from memory"));
                };
                if row.is_null(position(layout, *present)?)? {
                    out.extend_from_slice(b"null");
                } else {
                    write_object(layout, object, source, out)?;
                }
            }
            Entry::ToMany(index) => {
                let Source::Row { row, children } = source else {
                    return Err(Error::internal("a relation was rendered from memory"));
                };
                let (child, page) =
                    layout.children.get(*index).zip(children.get(*index)).ok_or_else(|| Error::internal("a level went missing"))?;
                write_child(layout, child, page, row, out)?;
            }
        }
    }
    close(first, out);
    Ok(())
}

fn write_child(layout: &Layout<'_>, child: &Child<'_>, page: &Page, row: &Row, out: &mut Vec<u8>) -> Result<()> {
    let parent = row.uuid(position(layout, child.local)?)?;
    write_list(&child.layout, &child.shape, page, parent, out).map(|_| ())
}

fn position(layout: &Layout<'_>, cell: usize) -> Result<usize> {
    layout.cells.get(cell).map(|cell| cell.position).ok_or_else(|| Error::internal("no such cell"))
}

fn write_cell(layout: &Layout<'_>, cell: usize, source: Source<'_>, out: &mut Vec<u8>) -> Result<()> {
    let cell = layout.cells.get(cell).ok_or_else(|| Error::internal("no such cell"))?;
    match source {
        Source::Row { row, .. } => cell.encoder.write(row, cell.position, out),
        Source::Memory(values) => {
            cell.encoder.write_value(values.get(cell.index).unwrap_or(&Value::Null), out);
            Ok(())
        }
    }
}

/// How much of the end of a masked text stays.
const MASK_END: usize = 2;

/// Writes the mask of a text that was written as JSON: stars, and its last two characters where it has at least eight.
fn write_masked(open: &[u8], out: &mut Vec<u8>) -> Result<()> {
    let Some(text) = serde_json::from_slice::<Option<String>>(open).map_err(Error::internal)? else {
        out.extend_from_slice(b"null");
        return Ok(());
    };
    let length = text.chars().count();
    let end: String = if length >= 8 { text.chars().skip(length - MASK_END).collect() } else { String::new() };
    serde_json::to_writer(out, &format!("***{end}")).map_err(Error::internal)
}

fn write_money(layout: &Layout<'_>, cell: usize, parts: &[(Box<str>, MoneyPart)], source: Source<'_>, out: &mut Vec<u8>) -> Result<()> {
    let cell = layout.cells.get(cell).ok_or_else(|| Error::internal("no such cell"))?;
    let value = match source {
        Source::Row { row, .. } => row.value(cell.position, cell.field)?,
        Source::Memory(values) => values.get(cell.index).cloned().unwrap_or_default(),
    };
    let Value::Money(money) = value else {
        out.extend_from_slice(b"null");
        return Ok(());
    };
    let mut first = true;
    for (name, part) in parts {
        key(&mut first, name, out);
        match part {
            MoneyPart::Constant(json) => out.extend_from_slice(json.as_bytes()),
            MoneyPart::Amount => {
                out.push(b'"');
                money.write_amount(out);
                out.push(b'"');
            }
            MoneyPart::Currency => {
                out.push(b'"');
                out.extend_from_slice(money.currency.code().as_bytes());
                out.push(b'"');
            }
        }
    }
    close(first, out);
    Ok(())
}

/// Appends a list in the shape of its connection.
pub(crate) fn write_list(
    layout: &Layout<'_>,
    shape: &ConnectionShape<'_>,
    page: &Page,
    parent: Option<Uuid>,
    out: &mut Vec<u8>,
) -> Result<PageCursors> {
    let group = page.groups.get(&parent.unwrap_or_default()).cloned().unwrap_or(Group { rows: 0..0, more: false });
    let mut rows: Vec<&Row> = page.loaded.rows.get(group.rows).unwrap_or_default().iter().collect();
    let list = layout.list.ok_or_else(|| Error::internal("a list without arguments"))?;
    if list.page.backward {
        rows.reverse();
    }
    let list_page = ListPage { layout, page, rows, list, more: group.more, total: page.totals.get(&parent.unwrap_or_default()).copied() };
    let cursors = if shape.needs_cursors { list_page.cursors()? } else { Cursors::default() };
    let mut first = true;
    for (name, entry) in &shape.entries {
        key(&mut first, name, out);
        match entry {
            ListEntry::Constant(json) => out.extend_from_slice(json.as_bytes()),
            ListEntry::Total => out.extend_from_slice(list_page.total.unwrap_or(0).to_string().as_bytes()),
            ListEntry::Nodes(object) => list_page.write_nodes(object, out)?,
            ListEntry::Edges(entries) => list_page.write_edges(entries, &cursors.fingerprint, out)?,
            ListEntry::PageInfo(items) => list_page.write_page_info(items, &cursors, out),
        }
    }
    close(first, out);
    Ok(PageCursors { next: cursors.next, previous: cursors.previous })
}

/// One page of a list while it is written.
struct ListPage<'a, 'r> {
    layout: &'a Layout<'a>,
    page: &'r Page,
    rows: Vec<&'r Row>,
    list: &'a ListArguments,
    more: bool,
    total: Option<i64>,
}

#[derive(Default)]
struct Cursors {
    fingerprint: String,
    start: Option<String>,
    end: Option<String>,
    next: Option<String>,
    previous: Option<String>,
}

impl ListPage<'_, '_> {
    fn has_next(&self) -> bool {
        if self.list.page.backward { self.list.page.before.is_some() } else { self.more }
    }

    fn has_previous(&self) -> bool {
        if self.list.page.backward { self.more } else { self.list.page.after.is_some() }
    }

    fn cursors(&self) -> Result<Cursors> {
        let def: &ResourceDef = self.layout.def(0)?;
        let fingerprint = order::fingerprint(def, self.list);
        let at = |row: Option<&&Row>| -> Result<Option<String>> {
            let Some(row) = row else { return Ok(None) };
            let mut text = Vec::with_capacity(96);
            self.write_cursor(row, &fingerprint, &mut text)?;
            Ok(String::from_utf8(text).ok())
        };
        let (start, end) = (at(self.rows.first())?, at(self.rows.last())?);
        let next = end.clone().filter(|_| self.has_next());
        let previous = start.clone().filter(|_| self.has_previous());
        Ok(Cursors { fingerprint, start, end, next, previous })
    }

    fn write_cursor(&self, row: &Row, fingerprint: &str, out: &mut Vec<u8>) -> Result<()> {
        let mut values = Vec::new();
        let mut id = Uuid::nil();
        for (cell, _) in &self.layout.sort {
            let cell = self.layout.cells.get(*cell).ok_or_else(|| Error::internal("no such sort cell"))?;
            if cell.table == 0 && cell.field.name == system::ID {
                id = row.uuid(cell.position)?.unwrap_or_default();
            } else {
                if !values.is_empty() {
                    values.push(b',');
                }
                cell.encoder.write(row, cell.position, &mut values)?;
            }
        }
        Cursor::write(fingerprint, &values, id, out);
        Ok(())
    }

    fn write_nodes(&self, object: &ObjectShape<'_>, out: &mut Vec<u8>) -> Result<()> {
        out.push(b'[');
        for (index, row) in self.rows.iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            write_object(self.layout, object, Source::Row { row, children: &self.page.loaded.children }, out)?;
        }
        out.push(b']');
        Ok(())
    }

    fn write_edges(&self, entries: &[(&str, EdgeEntry<'_>)], fingerprint: &str, out: &mut Vec<u8>) -> Result<()> {
        out.push(b'[');
        for (index, row) in self.rows.iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            let mut first = true;
            for (name, entry) in entries {
                key(&mut first, name, out);
                match entry {
                    EdgeEntry::Constant(json) => out.extend_from_slice(json.as_bytes()),
                    EdgeEntry::Cursor => {
                        out.push(b'"');
                        self.write_cursor(row, fingerprint, out)?;
                        out.push(b'"');
                    }
                    EdgeEntry::Node(object) => {
                        write_object(self.layout, object, Source::Row { row, children: &self.page.loaded.children }, out)?;
                    }
                }
            }
            close(first, out);
        }
        out.push(b']');
        Ok(())
    }

    fn write_page_info(&self, items: &[PageInfoItem], cursors: &Cursors, out: &mut Vec<u8>) {
        let flag = |value: bool| if value { "true".to_owned() } else { "false".to_owned() };
        let text = |cursor: &Option<String>| cursor.as_ref().map_or_else(|| "null".to_owned(), |cursor| format!("\"{cursor}\""));
        let mut first = true;
        for item in items {
            let (name, json) = match item {
                PageInfoItem::HasNextPage(name) => (name, flag(self.has_next())),
                PageInfoItem::HasPreviousPage(name) => (name, flag(self.has_previous())),
                PageInfoItem::StartCursor(name) => (name, text(&cursors.start)),
                PageInfoItem::EndCursor(name) => (name, text(&cursors.end)),
                PageInfoItem::Next(name) => (name, text(&cursors.next)),
                PageInfoItem::Previous(name) => (name, text(&cursors.previous)),
                PageInfoItem::Total(name) => (name, self.total.unwrap_or(0).to_string()),
                PageInfoItem::Constant(name, json) => (name, json.to_string()),
            };
            key(&mut first, name, out);
            out.extend_from_slice(json.as_bytes());
        }
        close(first, out);
    }
}
