//! Groups and their figures, for operations that need them.

use clientela_engine::Call;
use clientela_engine::aggregate::{AggregateRequest, GroupsItem, GroupsShape};
use clientela_kernel::{Context, Error, Result};
use clientela_model::ResourceDef;
use serde_json::Value as Json;
use std::sync::Arc;

/// Greatest number of groups that are looked at.
pub(crate) const MOST: u32 = 1_000;

/// The groups of an aggregate as REST shows them: `keys`, and figures by function and field.
pub(crate) async fn groups(call: &Call<'_>, context: &Context, def: &Arc<ResourceDef>, request: AggregateRequest) -> Result<Vec<Json>> {
    let aggregation = call.engine().parse_aggregate(context, def, &AggregateRequest { limit: MOST, ..request })?;
    let shape = GroupsShape { items: vec![("groups".into(), GroupsItem::Groups(aggregation.whole()))] };
    let mut out = Vec::new();
    call.engine().aggregate(context, &aggregation, &shape, &mut out).await?;
    let mut answer: Json = serde_json::from_slice(&out).map_err(Error::internal)?;
    Ok(answer.get_mut("groups").and_then(Json::as_array_mut).map(std::mem::take).unwrap_or_default())
}
