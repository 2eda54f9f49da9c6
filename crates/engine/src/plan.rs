//! A read plan: what to read and what shape the answer has. REST `fields` and `expand` make one, a GraphQL selection
//! makes the same one.
//!
//! A plan's output is JSON text. Keys are written in the order of the items; every key is a JSON object key already
//! free of characters that need escaping (field names and GraphQL aliases are).

use clientela_kernel::{DeletedMode, ListArguments};
use clientela_model::{FieldDef, ResourceDef, document};
use std::sync::Arc;
use uuid::Uuid;

/// What to read.
#[derive(Clone, Debug)]
pub struct ReadPlan {
    /// The resource.
    pub def: Arc<ResourceDef>,
    /// One record, or a list.
    pub root: Root,
}

/// One record, or a list.
#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "a plan has one root, and boxing it would cost an allocation on every list")]
pub enum Root {
    /// The record with this id: its object. Nothing is written where there is none.
    Record {
        /// The id.
        id: Uuid,
        /// Whether a deleted record counts.
        deleted: DeletedMode,
        /// Its shape; shared, since the plain shape of a resource is made once.
        selection: Arc<Selection>,
    },
    /// The records with these ids, in their order: a JSON array of objects and nulls.
    Records {
        /// The ids.
        ids: Vec<Uuid>,
        /// Their shape.
        selection: Selection,
    },
    /// A list: one JSON object in the shape of the connection.
    List(ListArguments, Connection),
}

/// The shape of one record's JSON object.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// In output order. Keys are unique.
    pub items: Vec<Item>,
}

impl Selection {
    /// Every field of a record, in the order of its definition; those of the tenant's own in an object by themselves.
    pub fn whole(def: &ResourceDef) -> Selection {
        let item = |(index, field): (usize, &FieldDef)| Item::Field { key: field.own_name().into(), field: index };
        let mut items: Vec<Item> = def.own_fields().map(item).collect();
        if def.document().is_some() {
            items.push(Item::Part { key: document::NAME.into(), selection: Selection { items: def.custom_fields().map(item).collect() } });
        }
        Selection { items }
    }

    /// The same, without the fields that are not wanted, by their places in the definition.
    pub(crate) fn only(self, wanted: &impl Fn(&usize) -> bool) -> Selection {
        let kept = |item| match item {
            Item::Field { field, .. } | Item::MoneyParts { field, .. } if !wanted(&field) => None,
            Item::Part { key, selection } => {
                let selection = selection.only(wanted);
                (!selection.items.is_empty()).then_some(Item::Part { key, selection })
            }
            other => Some(other),
        };
        Selection { items: self.items.into_iter().filter_map(kept).collect() }
    }
}

/// One key of a record's object.
#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "a selection holds few items, and most lists are roots or one level below")]
pub enum Item {
    /// A field of the record, by index in its definition.
    Field {
        /// Output key.
        key: Box<str>,
        /// Index in `def.fields`.
        field: usize,
    },
    /// A fixed JSON value (`__typename`).
    Constant {
        /// Output key.
        key: Box<str>,
        /// JSON text.
        json: Box<str>,
    },
    /// Some parts of a money field: `{"amount": …}`. REST and a full GraphQL selection use `Field`.
    MoneyParts {
        /// Output key.
        key: Box<str>,
        /// Index in `def.fields`.
        field: usize,
        /// Output key and part, in order.
        parts: Vec<(Box<str>, MoneyPart)>,
    },
    /// An object of further items of the same record (`custom`).
    Part {
        /// Output key.
        key: Box<str>,
        /// What stands in it.
        selection: Selection,
    },
    /// A to-one relation, by index in the definition: an object or null.
    ToOne {
        /// Output key.
        key: Box<str>,
        /// Index in `def.relations`.
        relation: usize,
        /// Shape of the related record.
        selection: Selection,
    },
    /// A to-many relation, by index in the definition: an object in the shape of the connection.
    ToMany {
        /// Output key.
        key: Box<str>,
        /// Index in `def.relations`.
        relation: usize,
        /// Which of the related records.
        list: ListArguments,
        /// Shape of the list.
        connection: Connection,
    },
}

/// A part of a money value.
#[derive(Clone, Debug)]
pub enum MoneyPart {
    /// The decimal string.
    Amount,
    /// The currency code.
    Currency,
    /// A fixed JSON value (`__typename`).
    Constant(Box<str>),
}

/// The shape of a list's JSON object.
#[derive(Clone, Debug, Default)]
pub struct Connection {
    /// In output order.
    pub items: Vec<ConnectionItem>,
}

/// One key of a list's object.
#[derive(Clone, Debug)]
pub enum ConnectionItem {
    /// The records as an array (`nodes`, REST `data`).
    Nodes {
        /// Output key.
        key: Box<str>,
        /// Shape of each record; shared, since the plain shape of a resource is made once.
        selection: Arc<Selection>,
    },
    /// The records with their cursors.
    Edges {
        /// Output key.
        key: Box<str>,
        /// Shape of each edge.
        items: Vec<EdgeItem>,
    },
    /// Where the page stands (`pageInfo`, REST `page`).
    PageInfo {
        /// Output key.
        key: Box<str>,
        /// Its keys.
        items: Vec<PageInfoItem>,
    },
    /// How many records there are in all; costs a COUNT of its own.
    TotalCount {
        /// Output key.
        key: Box<str>,
    },
    /// A fixed JSON value (`__typename`).
    Constant {
        /// Output key.
        key: Box<str>,
        /// JSON text.
        json: Box<str>,
    },
}

/// One key of an edge.
#[derive(Clone, Debug)]
pub enum EdgeItem {
    /// The record's cursor.
    Cursor {
        /// Output key.
        key: Box<str>,
    },
    /// The record.
    Node {
        /// Output key.
        key: Box<str>,
        /// Its shape.
        selection: Selection,
    },
    /// A fixed JSON value (`__typename`).
    Constant {
        /// Output key.
        key: Box<str>,
        /// JSON text.
        json: Box<str>,
    },
}

/// One key of the page's description.
#[derive(Clone, Debug)]
pub enum PageInfoItem {
    /// Whether records follow this page.
    HasNextPage(Box<str>),
    /// Whether records come before this page.
    HasPreviousPage(Box<str>),
    /// Cursor of the first record, null on an empty page.
    StartCursor(Box<str>),
    /// Cursor of the last record, null on an empty page.
    EndCursor(Box<str>),
    /// Cursor to continue with `after`: the last record's, null where nothing follows.
    Next(Box<str>),
    /// Cursor to go back with `before`: the first record's, null where nothing comes before.
    Previous(Box<str>),
    /// How many records there are in all; costs a COUNT of its own.
    Total(Box<str>),
    /// A fixed JSON value (`__typename`).
    Constant(Box<str>, Box<str>),
}
