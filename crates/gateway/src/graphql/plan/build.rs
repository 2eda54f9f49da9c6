//! From collected fields to read plans.

use super::coerce::Variables;
use super::collect::{Collected, What};
use super::problem::Problem;
use super::source::Source;
use crate::graphql::schema::types::{Role, TypeSystem};
use async_graphql::Pos;
use clientela_access::{Action, authorize};
use clientela_engine::plan::MoneyPart;
use clientela_engine::{Connection, ConnectionItem, EdgeItem, Item, PageInfoItem, Selection};
use clientela_kernel::{Context, DeletedMode, Error, ErrorCode, ListArguments, PageArguments};
use clientela_model::ResourceDef;
use serde_json::Value as Json;
use std::sync::Arc;

/// Builds the plans of one request.
pub(crate) struct Builder<'r> {
    pub(crate) types: &'r TypeSystem,
    pub(crate) source: &'r dyn Source,
    pub(crate) context: &'r Context,
    pub(crate) variables: &'r Variables,
}

impl Builder<'_> {
    /// The shape of a record.
    pub(crate) fn selection(&self, def: &Arc<ResourceDef>, fields: &[Collected]) -> Result<Selection, Problem> {
        self.refuse_hidden(def, fields)?;
        let items = fields.iter().map(|field| self.item(def, field)).collect::<Result<_, _>>()?;
        Ok(Selection { items })
    }

    /// Refuses fields that are hidden from the caller, with what validation says of fields that there are not.
    fn refuse_hidden(&self, def: &ResourceDef, fields: &[Collected]) -> Result<(), Problem> {
        if self.context.policy.is_none() && self.context.scopes.sensitive {
            return Ok(());
        }
        // What may not be read at all is not there, and neither are its fields.
        let Ok(grant) = authorize(self.context, def, Action::Read) else { return Ok(()) };
        for field in fields {
            if matches!(field.what, What::Role(Role::Custom)) {
                self.refuse_hidden(def, &field.children)?;
            }
            let (What::Role(Role::Field(index)) | What::Role(Role::Money(index))) = &field.what else { continue };
            if let Some(hidden) = def.fields.get(*index).filter(|field| !grant.fields.shows(field)) {
                let part = if hidden.is_custom() { "Custom" } else { "" };
                let text = format!("Unknown field \"{}\" on type \"{}{part}\".", hidden.own_name(), def.type_name);
                return Err(Problem::at(field.position, ErrorCode::GraphqlValidationFailed, text));
            }
        }
        Ok(())
    }

    fn item(&self, def: &Arc<ResourceDef>, field: &Collected) -> Result<Item, Problem> {
        let key = field.key.clone();
        Ok(match &field.what {
            What::Typename(json) => Item::Constant { key, json: json.clone() },
            What::RecordTypename => Item::Constant { key, json: format!("\"{}\"", def.type_name).into() },
            What::Role(Role::Field(index)) => Item::Field { key, field: *index },
            What::Role(Role::Money(index)) => money(key, *index, &field.children)?,
            What::Role(Role::Custom) => Item::Part { key, selection: self.selection(def, &field.children)? },
            What::Role(Role::ToOne(index)) => {
                let target = self.target(def, *index, field.position)?;
                Item::ToOne { key, relation: *index, selection: self.selection(target, &field.children)? }
            }
            What::Role(Role::ToMany(index)) => {
                let target = self.target(def, *index, field.position)?;
                let list = self.list(target, field)?;
                Item::ToMany { key, relation: *index, list, connection: self.connection(target, &field.children)? }
            }
            What::Introspection | What::Role(_) => return Err(misplaced(field)),
        })
    }

    fn target(&self, def: &ResourceDef, relation: usize, position: Pos) -> Result<&Arc<ResourceDef>, Problem> {
        let found = def.relations.get(relation).and_then(|relation| self.types.registry.target(relation));
        found.ok_or_else(|| Problem::field(Error::internal("a relation leads nowhere"), position))
    }

    /// The shape of a list.
    pub(crate) fn connection(&self, def: &Arc<ResourceDef>, fields: &[Collected]) -> Result<Connection, Problem> {
        let mut items = Vec::with_capacity(fields.len());
        for field in fields {
            let key = field.key.clone();
            items.push(match &field.what {
                What::Typename(json) => ConnectionItem::Constant { key, json: json.clone() },
                What::Role(Role::Nodes) => ConnectionItem::Nodes { key, selection: Arc::new(self.selection(def, &field.children)?) },
                What::Role(Role::Edges) => ConnectionItem::Edges { key, items: self.edge(def, &field.children)? },
                What::Role(Role::PageInfo) => ConnectionItem::PageInfo { key, items: page_info(&field.children)? },
                What::Role(Role::TotalCount) => ConnectionItem::TotalCount { key },
                _ => return Err(misplaced(field)),
            });
        }
        Ok(Connection { items })
    }

    fn edge(&self, def: &Arc<ResourceDef>, fields: &[Collected]) -> Result<Vec<EdgeItem>, Problem> {
        let item = |field: &Collected| {
            let key = field.key.clone();
            Ok(match &field.what {
                What::Typename(json) => EdgeItem::Constant { key, json: json.clone() },
                What::Role(Role::Cursor) => EdgeItem::Cursor { key },
                What::Role(Role::Node) => EdgeItem::Node { key, selection: self.selection(def, &field.children)? },
                _ => return Err(misplaced(field)),
            })
        };
        fields.iter().map(item).collect()
    }

    /// The arguments of a list.
    pub(crate) fn list(&self, def: &ResourceDef, field: &Collected) -> Result<ListArguments, Problem> {
        let at = |error: Error| Problem::field(error, field.position);
        let given = |name: &str| field.given(self.types, name, self.variables);
        let filter = match given("filter")? {
            Some(json) => Some(self.source.parse_filter(self.context, def, &json).map_err(at)?),
            None => None,
        };
        let sort = match given("orderBy")? {
            Some(json) => {
                let keys = order_keys(&json).ok_or_else(|| bad_input(field, "orderBy takes objects with one key each.".to_owned()))?;
                self.source.parse_sort(self.context, def, &keys).map_err(at)?
            }
            None => Vec::new(),
        };
        let (first, last) = (size(field, "first", given("first")?.as_deref())?, size(field, "last", given("last")?.as_deref())?);
        let (after, before) = (given("after")?, given("before")?);
        if first.is_some() && last.is_some() {
            return Err(bad_input(
                field,
                "first and last cannot stand together. Use first with after to go forward, last with before to go back.".to_owned(),
            ));
        }
        // `before` alone asks for what comes just before.
        let backward = last.is_some() || (first.is_none() && before.is_some() && after.is_none());
        let limit = first.or(last).unwrap_or(PageArguments::DEFAULT_LIMIT);
        let page = PageArguments { limit, after: None, before: None, backward };
        let mut list = ListArguments { filter, sort, page, deleted: self.deleted(field)? };
        let cursor = |text: Option<std::borrow::Cow<'_, Json>>| match text.as_deref().and_then(Json::as_str) {
            Some(text) => self.source.parse_cursor(def, &list, text).map(Some).map_err(at),
            None => Ok(None),
        };
        let (after, before) = (cursor(after)?, cursor(before)?);
        list.page.after = after;
        list.page.before = before;
        Ok(list)
    }

    /// The `deleted` argument.
    pub(crate) fn deleted(&self, field: &Collected) -> Result<DeletedMode, Problem> {
        let given = field.given(self.types, "deleted", self.variables)?;
        Ok(match given.as_deref().and_then(Json::as_str) {
            Some("INCLUDE") => DeletedMode::Include,
            Some("ONLY") => DeletedMode::Only,
            _ => DeletedMode::Exclude,
        })
    }
}

/// A field that stands where validation should not have let it.
pub(crate) fn misplaced(field: &Collected) -> Problem {
    Problem::field(
        Error::internal(format!("field {} stands where no plan has a place for it: {:?}", field.key, field.what)),
        field.position,
    )
}

pub(super) fn bad_input(field: &Collected, text: String) -> Problem {
    Problem::at(field.position, ErrorCode::BadUserInput, text)
}

pub(super) fn size(field: &Collected, name: &str, json: Option<&Json>) -> Result<Option<u32>, Problem> {
    let Some(json) = json else { return Ok(None) };
    let limit = json.as_i64().and_then(|number| u32::try_from(number).ok()).filter(|limit| *limit <= PageArguments::MAXIMUM_LIMIT);
    let maximum = PageArguments::MAXIMUM_LIMIT;
    limit
        .map(Some)
        .ok_or_else(|| bad_input(field, format!("{name} is {json}; 0 to {maximum} is allowed. For more records ask page by page.")))
}

/// `[{"account": {"name": "ASC"}}]` → `[(["account", "name"], false)]`.
pub(super) fn order_keys(json: &Json) -> Option<Vec<(Vec<String>, bool)>> {
    let key = |item: &Json| {
        let mut path = Vec::new();
        let mut at = item;
        loop {
            match at {
                Json::Object(object) if object.len() == 1 => {
                    let (name, below) = object.iter().next()?;
                    path.push(name.clone());
                    at = below;
                }
                Json::String(direction) => return Some((path, direction == "DESC")),
                _ => return None,
            }
        }
    };
    json.as_array()?.iter().map(key).collect()
}

/// The parts of money that are selected.
pub(crate) fn money_parts(children: &[Collected]) -> Result<Vec<(Box<str>, MoneyPart)>, Problem> {
    let mut parts = Vec::with_capacity(children.len());
    for child in children {
        let part = match &child.what {
            What::Typename(json) => MoneyPart::Constant(json.clone()),
            What::Role(Role::Amount) => MoneyPart::Amount,
            What::Role(Role::Currency) => MoneyPart::Currency,
            _ => return Err(misplaced(child)),
        };
        parts.push((child.key.clone(), part));
    }
    Ok(parts)
}

fn money(key: Box<str>, field: usize, children: &[Collected]) -> Result<Item, Problem> {
    let parts = money_parts(children)?;
    let whole = matches!(parts.as_slice(), [(amount, MoneyPart::Amount), (currency, MoneyPart::Currency)] if &**amount == "amount" && &**currency == "currency");
    Ok(if whole { Item::Field { key, field } } else { Item::MoneyParts { key, field, parts } })
}

pub(super) fn page_info(fields: &[Collected]) -> Result<Vec<PageInfoItem>, Problem> {
    let item = |field: &Collected| {
        let key = field.key.clone();
        Ok(match &field.what {
            What::Typename(json) => PageInfoItem::Constant(key, json.clone()),
            What::Role(Role::HasNextPage) => PageInfoItem::HasNextPage(key),
            What::Role(Role::HasPreviousPage) => PageInfoItem::HasPreviousPage(key),
            What::Role(Role::StartCursor) => PageInfoItem::StartCursor(key),
            What::Role(Role::EndCursor) => PageInfoItem::EndCursor(key),
            _ => return Err(misplaced(field)),
        })
    };
    fields.iter().map(item).collect()
}
