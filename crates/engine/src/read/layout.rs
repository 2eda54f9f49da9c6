//! From a plan's selection to the columns, joins and lower levels that feed it.

use crate::plan::{Connection, ConnectionItem, EdgeItem, Item, MoneyPart, PageInfoItem, Selection};
use crate::way::is_open;
use clientela_access::{Action, Grant, authorize, check_scope};
use clientela_kernel::{Context, DeletedMode, Error, ErrorCode, Filter, ListArguments, Result, SortKey, Value};
use clientela_model::{FieldDef, FieldType, Registry, RelationDef, RelationKind, ResourceDef, system};
use clientela_store::{Column, Encoder, Join, Seek, Select, SelectCount, SortColumn, width};
use uuid::Uuid;

/// A field's place in a level: table, definition, position of its first column in the row.
pub(crate) struct Cell<'a> {
    pub(crate) table: usize,
    pub(crate) index: usize,
    pub(crate) field: &'a FieldDef,
    pub(crate) encoder: Encoder,
    pub(crate) position: usize,
}

/// A table of a level: the resource itself, or a to-one relation from another table.
struct Table<'a> {
    def: &'a ResourceDef,
    grant: Grant,
    via: Option<(usize, usize)>,
}

/// A level: what one statement reads, and the levels below.
pub(crate) struct Layout<'a> {
    registry: &'a Registry,
    context: &'a Context,
    tables: Vec<Table<'a>>,
    pub(crate) cells: Vec<Cell<'a>>,
    next_position: usize,
    pub(crate) children: Vec<Child<'a>>,
    /// The list this level is, unless it is a single record.
    pub(crate) list: Option<&'a ListArguments>,
    /// Cells of the sort keys, the id last; empty for a single record.
    pub(crate) sort: Vec<(usize, bool)>,
    pub(crate) deleted: DeletedMode,
    /// The parents' resource, where the reference to them is one to any record.
    parents: Option<&'a str>,
    /// Whether one row more than the limit is read, since the answer says if more follows.
    looks_ahead: bool,
}

/// A to-many relation below a level.
pub(crate) struct Child<'a> {
    /// The cell that holds the parents' value.
    pub(crate) local: usize,
    /// Their reference field.
    pub(crate) foreign: &'a FieldDef,
    pub(crate) layout: Layout<'a>,
    pub(crate) shape: ConnectionShape<'a>,
}

/// The output shape of a record, with the places its values come from.
pub(crate) struct ObjectShape<'a> {
    pub(crate) entries: Vec<(&'a str, Entry<'a>)>,
}

pub(crate) enum Entry<'a> {
    Cell(usize),
    Constant(&'a str),
    /// A text of which only the end may be shown.
    Masked(usize),
    Money(usize, &'a [(Box<str>, MoneyPart)]),
    /// A part of the record.
    Object(ObjectShape<'a>),
    /// The cell of the related record's id tells whether there is one.
    ToOne(usize, ObjectShape<'a>),
    ToMany(usize),
}

/// The output shape of a list.
pub(crate) struct ConnectionShape<'a> {
    pub(crate) entries: Vec<(&'a str, ListEntry<'a>)>,
    pub(crate) needs_cursors: bool,
    pub(crate) needs_total: bool,
}

pub(crate) enum ListEntry<'a> {
    Nodes(ObjectShape<'a>),
    Edges(Vec<(&'a str, EdgeEntry<'a>)>),
    PageInfo(&'a [PageInfoItem]),
    Total,
    Constant(&'a str),
}

pub(crate) enum EdgeEntry<'a> {
    Cursor,
    Node(ObjectShape<'a>),
    Constant(&'a str),
}

/// What of a related resource may be read: nothing is there for whoever may read none of it.
fn related(context: &Context, def: &ResourceDef) -> Result<Grant> {
    match authorize(context, def, Action::Read) {
        Err(error) if error.code() == ErrorCode::Forbidden => Ok(Grant { rows: Some(Filter::Or(Vec::new())), ..Grant::default() }),
        grant => grant,
    }
}

impl<'a> Layout<'a> {
    pub(crate) fn new(registry: &'a Registry, context: &'a Context, def: &'a ResourceDef, deleted: DeletedMode) -> Result<Self> {
        Ok(Layout::granted(registry, context, def, deleted, authorize(context, def, Action::Read)?))
    }

    /// A level of which everything is read: for what the server itself looks up.
    pub(crate) fn whole(registry: &'a Registry, context: &'a Context, def: &'a ResourceDef, deleted: DeletedMode) -> Result<Self> {
        // What goes along with a record that a credential of single resources may write is looked up without being named by it.
        let named = context.scopes.resources().any(|path| *path == *def.path);
        if named || context.scopes.resources().next().is_none() {
            check_scope(context, def, Action::Read)?;
        }
        Ok(Layout::granted(registry, context, def, deleted, Grant::default()))
    }

    fn granted(registry: &'a Registry, context: &'a Context, def: &'a ResourceDef, deleted: DeletedMode, grant: Grant) -> Self {
        let tables = vec![Table { def, grant, via: None }];
        let (cells, children, sort) = (Vec::with_capacity(24), Vec::new(), Vec::new());
        Layout {
            registry,
            context,
            tables,
            cells,
            next_position: 0,
            children,
            list: None,
            sort,
            deleted,
            parents: None,
            looks_ahead: false,
        }
    }

    /// A level that is a list: sorts, and knows the columns its cursors need.
    pub(crate) fn for_list(mut self, list: &'a ListArguments) -> Result<Self> {
        self.list = Some(list);
        for SortKey { path, descending } in &list.sort {
            let Some((name, relations)) = path.split_last() else { continue };
            let mut table = 0;
            for relation in relations {
                let index = self.def(table)?.relation_index(relation).ok_or_else(|| Error::internal("sorting by an unknown relation"))?;
                table = self.join(table, index)?;
            }
            let index = self.def(table)?.field_index(name).ok_or_else(|| Error::internal("sorting by an unknown field"))?;
            let cell = self.cell(table, index)?;
            self.sort.push((cell, *descending));
        }
        // The id makes the order total, in the direction of the last key, so that one index serves both.
        let id_sorted = list.sort.iter().any(|key| matches!(key.path.as_slice(), [only] if only == system::ID));
        if !id_sorted {
            let id = self.id_cell(0)?;
            let descending = list.sort.last().is_some_and(|key| key.descending);
            self.sort.push((id, descending));
        }
        Ok(self)
    }

    pub(crate) fn def(&self, table: usize) -> Result<&'a ResourceDef> {
        self.tables.get(table).map(|table| table.def).ok_or_else(|| Error::internal("no such table in the level"))
    }

    /// Whether the caller sees a cell's value as it is.
    pub(crate) fn shows_plainly(&self, cell: &Cell<'_>) -> bool {
        self.tables.get(cell.table).is_some_and(|table| table.grant.fields.sees(cell.field))
    }

    /// The cell of a field, read once however often it is asked for.
    pub(crate) fn cell(&mut self, table: usize, index: usize) -> Result<usize> {
        if let Some(at) = self.cells.iter().position(|cell| cell.table == table && cell.index == index) {
            return Ok(at);
        }
        let def = self.def(table)?;
        let field = def.fields.get(index).ok_or_else(|| Error::internal("no such field in the level"))?;
        self.cells.push(Cell { table, index, field, encoder: Encoder::new(def, field), position: self.next_position });
        self.next_position += width(field);
        Ok(self.cells.len() - 1)
    }

    pub(crate) fn id_cell(&mut self, table: usize) -> Result<usize> {
        let index = self.def(table)?.field_index(system::ID).ok_or_else(|| Error::internal("a resource has no id"))?;
        self.cell(table, index)
    }

    fn join(&mut self, from: usize, relation: usize) -> Result<usize> {
        if let Some(at) = self.tables.iter().position(|table| table.via == Some((from, relation))) {
            return Ok(at);
        }
        let definition = self.def(from)?.relations.get(relation).ok_or_else(|| Error::internal("no such relation"))?;
        let def = self.registry.target(definition).ok_or_else(|| Error::internal("a relation leads nowhere"))?;
        let grant = self.beyond(from, definition, def)?;
        self.tables.push(Table { def, grant, via: Some((from, relation)) });
        Ok(self.tables.len() - 1)
    }

    /// What the caller may see of the records that a relation of a table leads to; none of them where the relation's own field is hidden.
    fn beyond(&self, from: usize, relation: &RelationDef, target: &ResourceDef) -> Result<Grant> {
        let grant = related(self.context, target)?;
        let table = self.tables.get(from).ok_or_else(|| Error::internal("no such table in the level"))?;
        let open = is_open(relation, (table.def, &table.grant.fields), (target, &grant.fields));
        Ok(if open { grant } else { Grant { rows: Some(Filter::Or(Vec::new())), ..grant } })
    }

    /// Places a selection's fields and relations; what the caller may not see is left out, as if it did not exist.
    pub(crate) fn object(&mut self, table: usize, selection: &'a Selection) -> Result<ObjectShape<'a>> {
        let mut entries = Vec::with_capacity(selection.items.len());
        for item in &selection.items {
            match item {
                Item::Field { key, field } if self.sees(table, *field)? => {
                    entries.push((key.as_ref(), Entry::Cell(self.cell(table, *field)?)))
                }
                Item::MoneyParts { key, field, parts } if self.sees(table, *field)? => {
                    entries.push((key.as_ref(), Entry::Money(self.cell(table, *field)?, parts)));
                }
                Item::Field { key, field } if self.masks(table, *field)? => {
                    let cell = self.cell(table, *field)?;
                    let text = self.cells.get(cell).is_some_and(|cell| matches!(cell.field.kind, FieldType::Text { .. }));
                    entries.push((key.as_ref(), if text { Entry::Masked(cell) } else { Entry::Constant("null") }));
                }
                Item::MoneyParts { key, field, .. } if self.masks(table, *field)? => entries.push((key.as_ref(), Entry::Constant("null"))),
                Item::Field { .. } | Item::MoneyParts { .. } => {}
                Item::Constant { key, json } => entries.push((key.as_ref(), Entry::Constant(json))),
                Item::Part { key, selection } => entries.push((key.as_ref(), Entry::Object(self.object(table, selection)?))),
                Item::ToOne { key, relation, selection } => {
                    if let Some(copied) = self.copied(table, *relation, selection)? {
                        entries.push((key.as_ref(), copied));
                        continue;
                    }
                    let joined = self.join(table, *relation)?;
                    let present = self.id_cell(joined)?;
                    entries.push((key.as_ref(), Entry::ToOne(present, self.object(joined, selection)?)));
                }
                Item::ToMany { key, relation, list, connection } => {
                    self.child(table, *relation, list, connection)?;
                    entries.push((key.as_ref(), Entry::ToMany(self.children.len() - 1)));
                }
            }
        }
        Ok(ObjectShape { entries })
    }

    /// A to-one relation of which nothing is wanted but what this table copies: read from the copies, without a join. The
    /// original lives because the copy does; where deleted copies are read as well, the original is asked.
    fn copied(&mut self, table: usize, relation: usize, selection: &'a Selection) -> Result<Option<Entry<'a>>> {
        let def = self.def(table)?;
        let definition = def.relations.get(relation).ok_or_else(|| Error::internal("no such relation"))?;
        let RelationKind::ToOne { field: reference } = &definition.kind else { return Ok(None) };
        let copies = || def.fields.iter().filter(|field| field.copy_of.as_ref().is_some_and(|copy| copy.relation == definition.name));
        let already_joined = self.tables.iter().any(|other| other.via == Some((table, relation)));
        if copies().next().is_none() || already_joined || self.deleted != DeletedMode::Exclude {
            return Ok(None);
        }
        let target = self.registry.target(definition).ok_or_else(|| Error::internal("a relation leads nowhere"))?;
        let grant = self.beyond(table, definition, target)?;
        if grant.rows.is_some() {
            return Ok(None);
        }
        let mut sources = Vec::with_capacity(selection.items.len());
        for item in &selection.items {
            match item {
                Item::Constant { key, json } => sources.push((key.as_ref(), Err(json.as_ref()))),
                Item::Field { key, field } => {
                    let Some(wanted) = target.fields.get(*field) else { return Ok(None) };
                    let copy_of = |copy: &&FieldDef| copy.copy_of.as_ref().is_some_and(|copy| copy.field == wanted.name);
                    let source = if wanted.name == system::ID { Some(reference) } else { copies().find(copy_of).map(|copy| &copy.name) };
                    let Some(source) = source.and_then(|name| def.field_index(name)) else { return Ok(None) };
                    if grant.fields.sees(wanted) {
                        sources.push((key.as_ref(), Ok(source)));
                    } else if grant.fields.shows(wanted) {
                        return Ok(None);
                    }
                }
                Item::MoneyParts { .. } | Item::Part { .. } | Item::ToOne { .. } | Item::ToMany { .. } => return Ok(None),
            }
        }
        let present = def.field_index(reference).ok_or_else(|| Error::internal("a relation starts at an unknown field"))?;
        let present = self.cell(table, present)?;
        let mut entries = Vec::with_capacity(sources.len());
        for (key, source) in sources {
            entries.push((
                key,
                match source {
                    Ok(index) => Entry::Cell(self.cell(table, index)?),
                    Err(json) => Entry::Constant(json),
                },
            ));
        }
        Ok(Some(Entry::ToOne(present, ObjectShape { entries })))
    }

    /// Whether the caller sees the field's mask alone.
    fn masks(&self, table: usize, index: usize) -> Result<bool> {
        let table = self.tables.get(table).ok_or_else(|| Error::internal("no such table in the level"))?;
        let fields = &table.grant.fields;
        Ok(table.def.fields.get(index).is_some_and(|field| fields.shows(field) && !fields.sees(field)))
    }

    fn sees(&self, table: usize, index: usize) -> Result<bool> {
        let table = self.tables.get(table).ok_or_else(|| Error::internal("no such table in the level"))?;
        Ok(table.def.fields.get(index).is_some_and(|field| table.grant.fields.sees(field)))
    }

    fn child(&mut self, table: usize, relation: usize, list: &'a ListArguments, connection: &'a Connection) -> Result<()> {
        let def = self.def(table)?;
        let definition = def.relations.get(relation).ok_or_else(|| Error::internal("no such relation"))?;
        let RelationKind::ToMany { local, foreign, .. } = &definition.kind else {
            return Err(Error::internal("a to-one relation was asked for as a list"));
        };
        let local = def.field_index(local).ok_or_else(|| Error::internal("a relation starts at an unknown field"))?;
        let local = self.cell(table, local)?;
        let target = self.registry.target(definition).ok_or_else(|| Error::internal("a relation leads nowhere"))?;
        let foreign = target.field(foreign).ok_or_else(|| Error::internal("a relation ends at an unknown field"))?;
        let mut layout = Layout::granted(self.registry, self.context, target, list.deleted, self.beyond(table, definition, target)?);
        // The parent's value is the first column of every row.
        layout.next_position = 1;
        layout.parents = foreign.any_reference().map(|_| def.name.as_ref());
        let mut layout = layout.for_list(list)?;
        let shape = layout.connection(connection)?;
        self.children.push(Child { local, foreign, layout, shape });
        Ok(())
    }

    /// Places the parts of a list.
    pub(crate) fn connection(&mut self, connection: &'a Connection) -> Result<ConnectionShape<'a>> {
        let mut shape = ConnectionShape { entries: Vec::with_capacity(connection.items.len()), needs_cursors: false, needs_total: false };
        for item in &connection.items {
            let (key, entry) = match item {
                ConnectionItem::Nodes { key, selection } => (key, ListEntry::Nodes(self.object(0, selection)?)),
                ConnectionItem::Edges { key, items } => {
                    let mut edges = Vec::with_capacity(items.len());
                    for item in items {
                        edges.push(match item {
                            EdgeItem::Cursor { key } => {
                                shape.needs_cursors = true;
                                (key.as_ref(), EdgeEntry::Cursor)
                            }
                            EdgeItem::Node { key, selection } => (key.as_ref(), EdgeEntry::Node(self.object(0, selection)?)),
                            EdgeItem::Constant { key, json } => (key.as_ref(), EdgeEntry::Constant(json)),
                        });
                    }
                    (key, ListEntry::Edges(edges))
                }
                ConnectionItem::PageInfo { key, items } => {
                    shape.needs_total |= items.iter().any(|item| matches!(item, PageInfoItem::Total(_)));
                    self.looks_ahead |= items.iter().any(|item| {
                        matches!(
                            item,
                            PageInfoItem::HasNextPage(_)
                                | PageInfoItem::HasPreviousPage(_)
                                | PageInfoItem::Next(_)
                                | PageInfoItem::Previous(_)
                        )
                    });
                    shape.needs_cursors |= items.iter().any(|item| {
                        !matches!(
                            item,
                            PageInfoItem::HasNextPage(_)
                                | PageInfoItem::HasPreviousPage(_)
                                | PageInfoItem::Total(_)
                                | PageInfoItem::Constant(..)
                        )
                    });
                    (key, ListEntry::PageInfo(items))
                }
                ConnectionItem::TotalCount { key } => {
                    shape.needs_total = true;
                    (key, ListEntry::Total)
                }
                ConnectionItem::Constant { key, json } => (key, ListEntry::Constant(json)),
            };
            shape.entries.push((key.as_ref(), entry));
        }
        // The page's edges are known by the id alone; the sort cells are read in any case, since the order names them.
        if self.cells.is_empty() {
            self.id_cell(0)?;
        }
        Ok(shape)
    }

    /// The statement of this level.
    pub(crate) fn select(&self, parents: Option<(&'a FieldDef, Vec<Uuid>)>) -> Result<Select<'_>> {
        let mut joins = Vec::with_capacity(self.tables.len() - 1);
        for table in self.tables.iter().skip(1) {
            let (from, relation) = table.via.ok_or_else(|| Error::internal("a join without a relation"))?;
            let source = self.def(from)?;
            let definition = source.relations.get(relation).ok_or_else(|| Error::internal("no such relation"))?;
            let RelationKind::ToOne { field } = &definition.kind else {
                return Err(Error::internal("a list was joined"));
            };
            let field = source.field(field).ok_or_else(|| Error::internal("a relation starts at an unknown field"))?;
            joins.push(Join { from, field, def: table.def, filter: table.grant.rows.as_ref() });
        }
        let root = self.tables.first().ok_or_else(|| Error::internal("a level without a table"))?;
        let mut filters: Vec<_> = root.grant.rows.iter().collect();
        let mut select = Select {
            registry: self.registry,
            def: root.def,
            joins,
            columns: self.cells.iter().map(|cell| Column { table: cell.table, field: cell.field }).collect(),
            filters: Vec::new(),
            deleted: self.deleted,
            sort: Vec::new(),
            seek: None,
            until: None,
            backward: false,
            limit: None,
            parents: parents.map(|(field, ids)| clientela_store::Parents { field, ids, resource: self.parents }),
        };
        if let Some(list) = self.list {
            filters.extend(list.filter.iter());
            for (cell, descending) in &self.sort {
                let cell = self.cells.get(*cell).ok_or_else(|| Error::internal("no such sort cell"))?;
                let nullable = cell.table > 0 || !cell.field.always_there();
                select.sort.push(SortColumn { table: cell.table, field: cell.field, nullable, descending: *descending });
            }
            select.seek = list.page.after.as_ref().map(|cursor| self.place(cursor)).transpose()?;
            select.until = list.page.before.as_ref().map(|cursor| self.place(cursor)).transpose()?;
            select.backward = list.page.backward;
            select.limit = Some(list.page.limit.saturating_add(u32::from(self.looks_ahead)));
        }
        select.filters = filters;
        Ok(select)
    }

    /// A cursor's values, typed by the sort columns.
    pub(crate) fn place(&self, cursor: &clientela_kernel::Cursor) -> Result<Seek> {
        let broken = || Error::new(ErrorCode::InvalidCursor, "The cursor cannot be used: its values do not fit the order.");
        let mut values = Vec::with_capacity(self.sort.len());
        let mut given = cursor.values.iter();
        for (cell, _) in &self.sort {
            let cell = self.cells.get(*cell).ok_or_else(broken)?;
            if cell.table == 0 && cell.field.name == system::ID {
                values.push(Value::Id(cursor.id));
            } else {
                values.push(cell.encoder.parse(given.next().ok_or_else(broken)?).ok_or_else(broken)?);
            }
        }
        if given.next().is_some() { Err(broken()) } else { Ok(Seek { values }) }
    }

    /// The statement that counts this level.
    pub(crate) fn count(&self, parents: Option<(&'a FieldDef, Vec<Uuid>)>) -> Result<SelectCount<'_>> {
        let root = self.tables.first().ok_or_else(|| Error::internal("a level without a table"))?;
        let list = self.list.and_then(|list| list.filter.as_ref());
        Ok(SelectCount {
            registry: self.registry,
            def: root.def,
            filters: root.grant.rows.iter().chain(list).collect(),
            deleted: self.deleted,
            parents: parents.map(|(field, ids)| clientela_store::Parents { field, ids, resource: self.parents }),
        })
    }
}
