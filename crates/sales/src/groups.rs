//! Groups and their figures, for operations that need them.

use clientela_engine::Call;
use clientela_engine::aggregate::{AggregateRequest, GroupsItem, GroupsShape};
use clientela_kernel::currency::Currency;
use clientela_kernel::{Context, Error, Money, Result};
use clientela_model::ResourceDef;
use serde_json::Value as Json;
use std::sync::Arc;

/// Greatest number of groups that are looked at.
const MOST: u32 = 1_000;

/// A group as REST shows it: `keys`, and figures by function and field.
pub(crate) struct Group(Json);

impl Group {
    /// A key or a figure that is a text.
    pub(crate) fn text(&self, pointer: &str) -> Option<&str> {
        self.0.pointer(pointer)?.as_str()
    }

    /// How many records.
    pub(crate) fn count(&self) -> i64 {
        self.0.pointer("/count").and_then(Json::as_i64).unwrap_or_default()
    }

    /// A figure that is an amount.
    pub(crate) fn money(&self, pointer: &str) -> Option<Money> {
        let figure = self.0.pointer(pointer)?;
        let part = |name| figure.get(name).and_then(Json::as_str);
        Money::parse(part("amount")?, Currency::parse(part("currency")?)?).ok()
    }
}

/// The groups of an aggregate, as many as are looked at.
pub(crate) async fn groups(call: &Call<'_>, context: &Context, def: &Arc<ResourceDef>, request: AggregateRequest) -> Result<Vec<Group>> {
    let aggregation = call.engine().parse_aggregate(context, def, &AggregateRequest { limit: MOST, ..request })?;
    let shape = GroupsShape { items: vec![("groups".into(), GroupsItem::Groups(aggregation.whole()))] };
    let mut out = Vec::new();
    call.engine().aggregate(context, &aggregation, &shape, &mut out).await?;
    let mut answer: Json = serde_json::from_slice(&out).map_err(Error::internal)?;
    let groups = answer.get_mut("groups").and_then(Json::as_array_mut).map(std::mem::take).unwrap_or_default();
    Ok(groups.into_iter().map(Group).collect())
}
