//! Groups and their figures, for operations that need them, and which fields the caller may ask for.

use clientela_access::{Action, FieldMask, authorize};
use clientela_engine::Call;
use clientela_engine::aggregate::{AggregateRequest, GroupRequest, GroupsItem, GroupsShape, MAXIMUM_GROUPS};
use clientela_kernel::currency::Currency;
use clientela_kernel::{Context, Error, Money, Result};
use clientela_model::ResourceDef;
use serde_json::Value as Json;
use std::sync::Arc;

/// A group as REST shows it: `keys`, and figures by function and field.
pub(crate) struct Group(Json);

impl Group {
    /// A key or a figure that is a text.
    pub(crate) fn text(&self, pointer: &str) -> Option<&str> {
        self.0.pointer(pointer)?.as_str()
    }

    /// How many records.
    pub(crate) fn count(&self) -> i64 {
        self.number("/count")
    }

    /// A figure that is a whole number.
    pub(crate) fn number(&self, pointer: &str) -> i64 {
        self.0.pointer(pointer).and_then(Json::as_i64).unwrap_or_default()
    }

    /// A figure that is an amount.
    pub(crate) fn money(&self, pointer: &str) -> Option<Money> {
        let figure = self.0.pointer(pointer)?;
        let part = |name| figure.get(name).and_then(Json::as_str);
        Money::parse(part("amount")?, Currency::parse(part("currency")?)?).ok()
    }
}

/// The path of a field, by its parts.
pub(crate) fn path(parts: &[&str]) -> Vec<String> {
    parts.iter().map(|part| (*part).to_owned()).collect()
}

/// A field as a key of groups.
pub(crate) fn key(parts: &[&str]) -> GroupRequest {
    GroupRequest { path: path(parts), bucket: None, zone: None }
}

/// A day as a key of groups, by the part of the year it is in.
pub(crate) fn bucketed(field: &str, bucket: &str) -> GroupRequest {
    GroupRequest { bucket: Some(bucket.to_owned()), ..key(&[field]) }
}

/// What the caller may see of the records of a resource.
pub(crate) struct Sight {
    pub(crate) def: Arc<ResourceDef>,
    mask: FieldMask,
}

impl Sight {
    pub(crate) fn of(call: &Call<'_>, resource: &str) -> Result<Sight> {
        let def = Arc::clone(call.engine().registry().known(resource)?);
        let mask = authorize(call.context, &def, Action::Read)?.fields;
        Ok(Sight { def, mask })
    }

    /// Whether the caller sees all of these fields.
    pub(crate) fn sees(&self, fields: &[&str]) -> bool {
        fields.iter().all(|field| self.def.field(field).is_some_and(|field| self.mask.sees(field)))
    }
}

/// All groups of an aggregate. More than the engine makes are refused, never cut off: figures over some of them would be wrong.
pub(crate) async fn groups(call: &Call<'_>, context: &Context, def: &Arc<ResourceDef>, request: AggregateRequest) -> Result<Vec<Group>> {
    let limit = u32::try_from(MAXIMUM_GROUPS).map_err(Error::internal)?;
    let aggregation = call.engine().parse_aggregate(context, def, &AggregateRequest { limit, ..request })?;
    let shape = GroupsShape { items: vec![("groups".into(), GroupsItem::Groups(aggregation.whole()))] };
    let mut out = Vec::new();
    call.engine().aggregate(context, &aggregation, &shape, &mut out).await?;
    let mut answer: Json = serde_json::from_slice(&out).map_err(Error::internal)?;
    let groups = answer.get_mut("groups").and_then(Json::as_array_mut).map(std::mem::take).unwrap_or_default();
    Ok(groups.into_iter().map(Group).collect())
}
