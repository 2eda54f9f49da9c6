//! The columns of an export: paths to fields, and the cells that a record gives for each.

use super::cell;
use super::members::{self, Members};
use crate::filter::operand;
use crate::order;
use crate::plan::{Item, Selection};
use clientela_access::{Action, authorize};
use clientela_kernel::{Context, Error, ErrorCode, Result};
use clientela_model::{FieldDef, FieldType, Registry, ResourceDef, WriteMode, system};
use serde_json::Value as Json;
use std::borrow::Cow;

/// Columns of one export.
const MOST_COLUMNS: usize = 200;
/// Relations a column may lead through.
const MOST_RELATIONS: usize = 4;
/// Digits of an amount behind the point: no currency has more.
const OF_AMOUNTS: u32 = 4;

/// A field of the record, or of one reached through to-one relations.
pub(super) struct Column {
    path: Vec<String>,
    /// Where its first part most likely stands among the members of the record.
    place: usize,
    kind: Kind,
    typed: Typed,
    /// Whether an import can write it back.
    writable: bool,
    /// Whether it names a record of the same resource, which may come later in the file.
    own: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Free text, which a spreadsheet could take for a formula.
    Text,
    /// A set of free texts.
    Texts,
    /// An amount and its currency: two cells.
    Money,
    /// Anything else: no cell of it can be taken for a formula.
    Plain,
}

/// What a file with types knows of a value beyond its text.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Typed {
    Text,
    Whole,
    /// By its digits behind the point.
    Decimal(u32),
    Boolean,
    Day,
    Moment,
}

/// A cell of a file with types. What is not empty is as it stands in the record.
pub(super) enum Cell<'r> {
    Nothing,
    Text(Cow<'r, str>),
    Number(Cow<'r, str>),
    Boolean(bool),
    Day(Cow<'r, str>),
    Moment(Cow<'r, str>),
}

/// What all cells of a column are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leaf {
    Text,
    Whole,
    Flag,
    Day,
    Moment,
    /// By its digits behind the point.
    Decimal(u32),
}

/// The columns that names ask for, every visible field of the record where there are none, and the selection they read.
pub(super) fn select(registry: &Registry, context: &Context, def: &ResourceDef, names: &[String]) -> Result<(Vec<Column>, Selection)> {
    let mut selection = Selection::default();
    let mut columns = Vec::new();
    let grant = authorize(context, def, Action::Read)?;
    let every: Vec<String> = def.fields.iter().filter(|field| grant.fields.sees(field)).map(|field| field.name.to_string()).collect();
    let names = if names.is_empty() { &every } else { names };
    if names.len() > MOST_COLUMNS {
        return Err(refuse(format!("{} columns are asked for; at most {MOST_COLUMNS} are allowed", names.len())));
    }
    for name in names {
        let path: Vec<String> = name.split('.').map(str::to_owned).collect();
        let path = order::own_path(&path).filter(|_| def.document().is_some()).unwrap_or(path);
        if columns.iter().any(|column: &Column| column.path == path) {
            return Err(refuse(format!("{name:?} stands in the columns twice")));
        }
        if path.len() > MOST_RELATIONS + 1 {
            return Err(refuse(format!("{name:?} leads through {} relations; at most {MOST_RELATIONS} are allowed", path.len() - 1)));
        }
        let field = place(registry, context, def, &path, &mut selection)?;
        let writable = path.len() == 1 && (field.name == system::ID || field.write != WriteMode::ReadOnly);
        let own = field.reference().is_some_and(|reference| reference.target == def.name);
        let place = selection.items.len().saturating_sub(1);
        columns.push(Column { path, place, kind: kind(field), typed: typed(field), writable, own });
    }
    Ok((columns, selection))
}

/// Puts a path's field into the selection.
fn place<'r>(
    registry: &'r Registry,
    context: &Context,
    def: &'r ResourceDef,
    path: &[String],
    selection: &mut Selection,
) -> Result<&'r FieldDef> {
    let Some((name, rest)) = path.split_first() else { return Err(refuse("a column has no name".to_owned())) };
    let grant = authorize(context, def, Action::Read)?;
    if rest.is_empty() {
        let visible = || def.fields.iter().enumerate().filter(|(_, field)| grant.fields.sees(field));
        let found = visible().find(|(_, field)| field.name == *name);
        let (index, field) = found.ok_or_else(|| {
            let hint = operand::nearest(name, visible().map(|(_, field)| field.name.as_ref()));
            refuse(format!("{} have no field {name:?}{hint}", def.plural))
        })?;
        selection.items.push(Item::Field { key: name.as_str().into(), field: index });
        return Ok(field);
    }
    let one = |relation: &&clientela_model::RelationDef| relation.is_to_one();
    let (index, relation) = def.relation_index(name).zip(def.relation(name).filter(one)).ok_or_else(|| {
        let hint =
            operand::nearest(name, def.relations.iter().filter(|relation| relation.is_to_one()).map(|relation| relation.name.as_ref()));
        refuse(format!("{} have no to-one relation {name:?}{hint}", def.plural))
    })?;
    let target = registry.target(relation).ok_or_else(|| Error::internal("a relation leads nowhere"))?;
    let known = selection.items.iter().position(|item| matches!(item, Item::ToOne { relation, .. } if *relation == index));
    let at = known.unwrap_or_else(|| {
        selection.items.push(Item::ToOne { key: name.as_str().into(), relation: index, selection: Selection::default() });
        selection.items.len() - 1
    });
    match selection.items.get_mut(at) {
        Some(Item::ToOne { selection, .. }) => place(registry, context, target, rest, selection),
        _ => Err(Error::internal("a relation left the selection")),
    }
}

fn kind(field: &FieldDef) -> Kind {
    match field.kind {
        FieldType::Text { .. } => Kind::Text,
        FieldType::TextSet { .. } => Kind::Texts,
        FieldType::Money => Kind::Money,
        _ => Kind::Plain,
    }
}

fn typed(field: &FieldDef) -> Typed {
    match field.kind {
        FieldType::Integer { .. } => Typed::Whole,
        FieldType::Decimal { places, .. } => Typed::Decimal(places),
        FieldType::Boolean => Typed::Boolean,
        FieldType::Date => Typed::Day,
        FieldType::Instant => Typed::Moment,
        _ => Typed::Text,
    }
}

fn refuse(text: String) -> Error {
    Error::new(ErrorCode::InvalidParameter, format!("The columns cannot be used: {text}."))
}

impl Column {
    pub(super) fn is_id(&self) -> bool {
        matches!(self.path.as_slice(), [only] if only == system::ID)
    }

    /// The names of its cells.
    pub(super) fn heads(&self) -> Vec<Cow<'_, str>> {
        let name = self.path.join(".");
        match self.kind {
            Kind::Money => vec![format!("{name}.amount").into(), format!("{name}.currency").into()],
            _ => vec![name.into()],
        }
    }

    /// What its cells are, by their names.
    pub(super) fn leaves(&self) -> Vec<(String, Leaf)> {
        let leaf = match (self.kind, self.typed) {
            (Kind::Money, _) => Leaf::Decimal(OF_AMOUNTS),
            (_, Typed::Whole) => Leaf::Whole,
            (_, Typed::Decimal(places)) => Leaf::Decimal(places),
            (_, Typed::Boolean) => Leaf::Flag,
            (_, Typed::Day) => Leaf::Day,
            (_, Typed::Moment) => Leaf::Moment,
            (_, Typed::Text) => Leaf::Text,
        };
        // Behind an amount stands its currency.
        let leaves = std::iter::once(leaf).chain(std::iter::repeat(Leaf::Text));
        self.heads().into_iter().map(Cow::into_owned).zip(leaves).collect()
    }

    /// Writes the cells a record gives.
    pub(super) fn write(&self, record: &Members<'_>, guarded: bool, rows: &mut cell::Rows<'_>) -> Result<()> {
        let guard = |text| if guarded { cell::guarded(text) } else { text };
        let Some((first, rest)) = self.path.split_first() else { return Err(Error::internal("a column without a path")) };
        let member = record.get(self.place, first);
        if rest.is_empty() && matches!(self.kind, Kind::Text | Kind::Plain) {
            let text = members::text(member)?;
            return cell::write(&if self.kind == Kind::Text { guard(text) } else { text }, rows);
        }
        if rest.is_empty() && self.kind == Kind::Money && member == "null" {
            return cell::write("", rows).and_then(|()| cell::write("", rows));
        }
        let member: Json = serde_json::from_str(member).map_err(Error::internal)?;
        let value = rest.iter().try_fold(&member, |at, name| at.get(name)).unwrap_or(&Json::Null);
        match self.kind {
            Kind::Money => {
                cell::write(&cell::plain(value.get("amount")), rows)?;
                cell::write(&cell::plain(value.get("currency")), rows)
            }
            Kind::Text => cell::write(&guard(value.as_str().unwrap_or_default().into()), rows),
            Kind::Texts => cell::write(&guard(cell::set(value)), rows),
            Kind::Plain => cell::write(&cell::plain(Some(value)), rows),
        }
    }

    /// The cells a record gives in a file with types.
    pub(super) fn typed<'r>(&self, record: &'r Json) -> Vec<Cell<'r>> {
        let value = self.path.iter().try_fold(record, |at, name| at.get(name)).unwrap_or(&Json::Null);
        let text = cell::plain;
        let one = match (self.kind, self.typed, value) {
            (Kind::Money, _, Json::Null) => return vec![Cell::Nothing, Cell::Nothing],
            (Kind::Money, ..) => return vec![Cell::Number(text(value.get("amount"))), Cell::Text(text(value.get("currency")))],
            (_, _, Json::Null) => Cell::Nothing,
            (Kind::Texts, ..) => Cell::Text(cell::set(value)),
            (_, Typed::Boolean, Json::Bool(flag)) => Cell::Boolean(*flag),
            (_, Typed::Whole | Typed::Decimal(_), _) => Cell::Number(text(Some(value))),
            (_, Typed::Day, _) => Cell::Day(text(Some(value))),
            (_, Typed::Moment, _) => Cell::Moment(text(Some(value))),
            _ => Cell::Text(text(Some(value))),
        };
        vec![one]
    }

    /// How an import reads it back; nothing where the server alone writes it, none where it belongs to another record.
    pub(super) fn mapping(&self) -> Option<Option<String>> {
        let [name] = self.path.as_slice() else { return None };
        if !self.writable {
            return Some(None);
        }
        // A tenant's own field has a dot in its name, which leads into a table of its own unless it is quoted.
        let key = if name.contains('.') { format!("\"{name}\"") } else { name.to_string() };
        Some(Some(match self.kind {
            Kind::Money => format!("{key} = {{ column = \"{name}.amount\", currency_column = \"{name}.currency\" }}"),
            _ if self.own => format!("{key} = {{ column = \"{name}\", reference = {{ field = \"id\" }} }}"),
            _ => format!("{key} = \"{name}\""),
        }))
    }
}
