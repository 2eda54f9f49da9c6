//! From the fields collected below an aggregate to what is asked of the engine, and to the shape of its answer.

use super::build::{Builder, bad_input, misplaced, order_keys, size};
use super::collect::{Collected, What};
use super::problem::Problem;
use crate::graphql::schema::types::Role;
use clientela_engine::aggregate::{
    AggregateRequest, Aggregation, Function, GroupItem, GroupRequest, GroupsItem, GroupsShape, OrderRequest,
};
use clientela_engine::plan::MoneyPart;
use clientela_kernel::{Error, PageArguments};
use clientela_model::{ResourceDef, document};
use serde_json::{Map, Value as Json};
use std::sync::Arc;

/// An aggregate that was checked, and its shape.
pub(super) struct AggregateStep {
    pub(super) aggregation: Aggregation,
    pub(super) shape: GroupsShape,
}

impl Builder<'_> {
    /// Reads an aggregate.
    pub(super) fn aggregate(&self, def: &Arc<ResourceDef>, field: &Collected) -> Result<AggregateStep, Problem> {
        let at = |error: Error| Problem::field(error, field.position);
        let given = |name: &str| field.given(self.types, name, self.variables);
        let mut request = AggregateRequest {
            filter: given("filter")?.map(std::borrow::Cow::into_owned),
            having: given("having")?.map(std::borrow::Cow::into_owned),
            deleted: self.deleted(field)?,
            limit: size(field, "first", given("first")?.as_deref())?.unwrap_or(PageArguments::DEFAULT_LIMIT),
            after: given("after")?.as_deref().and_then(Json::as_str).map(str::to_owned),
            ..AggregateRequest::default()
        };
        for key in given("groupBy")?.as_deref().and_then(Json::as_array).into_iter().flatten() {
            request.group_by.push(group(self.types, def, key).ok_or_else(|| wrong(field, "groupBy"))?);
        }
        if let Some(json) = given("orderBy")? {
            let keys = order_keys(&json).ok_or_else(|| wrong(field, "orderBy"))?;
            for (path, descending) in keys {
                request.sort.push((order(path).ok_or_else(|| wrong(field, "orderBy"))?, descending));
            }
        }
        for child in &field.children {
            if matches!(child.what, What::Role(Role::AggregateGroups)) {
                for member in &child.children {
                    if let What::Role(Role::AggregateFigures(function)) = &member.what {
                        self.measures(*function, def, member, &mut Vec::new(), &mut request.measures)?;
                    }
                }
            }
        }
        let aggregation = self.source.parse_aggregate(self.context, def, &request).map_err(at)?;
        let mut items = Vec::with_capacity(field.children.len());
        for child in &field.children {
            let item = match &child.what {
                What::Typename(json) => GroupsItem::Constant(json.clone()),
                What::Role(Role::AggregateHasMore) => GroupsItem::HasMore,
                What::Role(Role::AggregateNext) => GroupsItem::Next,
                What::Role(Role::AggregateGroups) => GroupsItem::Groups(self.group(def, &aggregation, &child.children)?),
                _ => return Err(misplaced(child)),
            };
            items.push((child.key.clone(), item));
        }
        Ok(AggregateStep { aggregation, shape: GroupsShape { items } })
    }

    /// The figures that are selected below a function.
    fn measures(
        &self,
        function: Function,
        def: &Arc<ResourceDef>,
        field: &Collected,
        path: &mut Vec<String>,
        found: &mut Vec<(Function, Vec<String>)>,
    ) -> Result<(), Problem> {
        if function == Function::Count {
            found.push((function, Vec::new()));
            return Ok(());
        }
        for child in &field.children {
            match &child.what {
                What::Role(Role::AggregateField(index) | Role::AggregateMoney(index)) => {
                    path.push(name(def, *index, child)?);
                    if !found.iter().any(|(known, other)| *known == function && other == path) {
                        found.push((function, path.clone()));
                    }
                    path.pop();
                }
                What::Role(Role::AggregateRelation(index)) => {
                    let (name, target) = self.relation(def, *index, child)?;
                    path.push(name);
                    self.measures(function, target, child, path, found)?;
                    path.pop();
                }
                What::Role(Role::AggregateCustom) => {
                    path.push(document::NAME.to_owned());
                    self.measures(function, def, child, path, found)?;
                    path.pop();
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn relation(&self, def: &ResourceDef, index: usize, field: &Collected) -> Result<(String, &Arc<ResourceDef>), Problem> {
        let relation = def.relations.get(index).ok_or_else(|| misplaced(field))?;
        let target = self.types.registry.target(relation).ok_or_else(|| misplaced(field))?;
        Ok((relation.own_name().to_owned(), target))
    }

    fn group(
        &self,
        def: &Arc<ResourceDef>,
        aggregation: &Aggregation,
        fields: &[Collected],
    ) -> Result<Vec<(Box<str>, GroupItem)>, Problem> {
        let item = |field: &Collected| {
            let item = match &field.what {
                What::Typename(json) => GroupItem::Constant(json.clone()),
                What::Role(Role::AggregateKeys) => GroupItem::Object(self.keys(def, aggregation, field, &mut Vec::new())?),
                What::Role(Role::AggregateFigures(Function::Count)) => {
                    GroupItem::Figure(aggregation.measure(Function::Count, &[]).ok_or_else(|| misplaced(field))?)
                }
                What::Role(Role::AggregateFigures(function)) => {
                    GroupItem::Object(self.figures(*function, def, aggregation, field, &mut Vec::new())?)
                }
                _ => return Err(misplaced(field)),
            };
            Ok((field.key.clone(), item))
        };
        fields.iter().map(item).collect()
    }

    fn keys(
        &self,
        def: &Arc<ResourceDef>,
        aggregation: &Aggregation,
        field: &Collected,
        path: &mut Vec<String>,
    ) -> Result<Vec<(Box<str>, GroupItem)>, Problem> {
        let null = || GroupItem::Constant("null".into());
        let mut items = Vec::with_capacity(field.children.len());
        for child in &field.children {
            let item = match &child.what {
                What::Typename(json) => GroupItem::Constant(json.clone()),
                What::Role(Role::AggregateField(index)) => {
                    path.push(name(def, *index, child)?);
                    let item = aggregation.key(path).map_or_else(null, GroupItem::Key);
                    path.pop();
                    item
                }
                What::Role(Role::AggregateCurrency(index)) => {
                    path.push(name(def, *index, child)?);
                    path.push("currency".to_owned());
                    let key = aggregation.key(path);
                    path.truncate(path.len() - 2);
                    let parts = child.children.iter().map(|part| {
                        let item = match &part.what {
                            What::Typename(json) => GroupItem::Constant(json.clone()),
                            _ => key.map_or_else(null, GroupItem::Key),
                        };
                        (part.key.clone(), item)
                    });
                    GroupItem::Object(parts.collect())
                }
                What::Role(Role::AggregateRelation(index)) => {
                    let (name, target) = self.relation(def, *index, child)?;
                    path.push(name);
                    let below = self.keys(target, aggregation, child, path)?;
                    path.pop();
                    GroupItem::Object(below)
                }
                What::Role(Role::AggregateCustom) => {
                    path.push(document::NAME.to_owned());
                    let below = self.keys(def, aggregation, child, path)?;
                    path.pop();
                    GroupItem::Object(below)
                }
                _ => return Err(misplaced(child)),
            };
            items.push((child.key.clone(), item));
        }
        Ok(items)
    }

    fn figures(
        &self,
        function: Function,
        def: &Arc<ResourceDef>,
        aggregation: &Aggregation,
        field: &Collected,
        path: &mut Vec<String>,
    ) -> Result<Vec<(Box<str>, GroupItem)>, Problem> {
        let mut items = Vec::with_capacity(field.children.len());
        for child in &field.children {
            let item = match &child.what {
                What::Typename(json) => GroupItem::Constant(json.clone()),
                What::Role(role @ (Role::AggregateField(index) | Role::AggregateMoney(index))) => {
                    path.push(name(def, *index, child)?);
                    let place = aggregation.measure(function, path).ok_or_else(|| misplaced(child))?;
                    path.pop();
                    if matches!(role, Role::AggregateMoney(_)) { GroupItem::Money(place, money(child)?) } else { GroupItem::Figure(place) }
                }
                What::Role(Role::AggregateRelation(index)) => {
                    let (name, target) = self.relation(def, *index, child)?;
                    path.push(name);
                    let below = self.figures(function, target, aggregation, child, path)?;
                    path.pop();
                    GroupItem::Object(below)
                }
                What::Role(Role::AggregateCustom) => {
                    path.push(document::NAME.to_owned());
                    let below = self.figures(function, def, aggregation, child, path)?;
                    path.pop();
                    GroupItem::Object(below)
                }
                _ => return Err(misplaced(child)),
            };
            items.push((child.key.clone(), item));
        }
        Ok(items)
    }
}

fn wrong(field: &Collected, argument: &str) -> Problem {
    bad_input(field, format!("{argument} takes objects with one key each."))
}

fn name(def: &ResourceDef, index: usize, field: &Collected) -> Result<String, Problem> {
    def.fields.get(index).map(|field| field.own_name().to_owned()).ok_or_else(|| misplaced(field))
}

fn money(field: &Collected) -> Result<Vec<(Box<str>, MoneyPart)>, Problem> {
    let part = |child: &Collected| {
        let part = match &child.what {
            What::Typename(json) => MoneyPart::Constant(json.clone()),
            What::Role(Role::Amount) => MoneyPart::Amount,
            What::Role(Role::Currency) => MoneyPart::Currency,
            _ => return Err(misplaced(child)),
        };
        Ok((child.key.clone(), part))
    };
    field.children.iter().map(part).collect()
}

/// `{"account": {"createdAt": {"bucket": "MONTH"}}}` as a path and what of the field.
fn group(types: &crate::graphql::schema::types::TypeSystem, def: &Arc<ResourceDef>, json: &Json) -> Option<GroupRequest> {
    let mut request = GroupRequest::default();
    let (mut def, mut at) = (def, json);
    loop {
        let (name, below) = only(at.as_object()?)?;
        request.path.push(name.clone());
        let (spelled, below) = if name == document::NAME && def.document().is_some() {
            let (own, below) = only(below.as_object()?)?;
            request.path.push(own.clone());
            (format!("{}{own}", document::PREFIX), below)
        } else {
            (name.clone(), below)
        };
        if let Some(relation) = def.relation(&spelled) {
            (def, at) = (types.registry.target(relation)?, below);
            continue;
        }
        match below {
            Json::String(what) if what == "CURRENCY" => request.path.push("currency".to_owned()),
            Json::Object(bucket) => {
                let text = |name: &str| bucket.get(name).and_then(Json::as_str).map(str::to_owned);
                (request.bucket, request.zone) = (text("bucket"), text("zone"));
            }
            _ => {}
        }
        return Some(request);
    }
}

fn only(object: &Map<String, Json>) -> Option<(&String, &Json)> {
    if object.len() == 1 { object.iter().next() } else { None }
}

/// `["keys", "industry"]`, `["count"]` or `["sum", "employees"]`.
fn order(mut path: Vec<String>) -> Option<OrderRequest> {
    if path.is_empty() {
        return None;
    }
    let first = path.remove(0);
    if first == "keys" {
        return Some(OrderRequest::Key(path));
    }
    Some(OrderRequest::Figure(Function::named(&first)?, path))
}
