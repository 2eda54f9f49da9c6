//! Counting how deals went, by aggregates: as many as there are, in a few statements, with the caller's rights.

use super::odds::Outcomes;
use crate::groups::{Group, groups, key};
use crate::opportunity::OpportunityStatus;
use clientela_engine::Call;
use clientela_engine::aggregate::{AggregateRequest, Function, GroupRequest};
use clientela_kernel::{Date, Result};
use clientela_model::Choice as _;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Deals that were won or lost.
pub(super) fn decided() -> Json {
    json!({ "status": { "in": [OpportunityStatus::Won.as_str(), OpportunityStatus::Lost.as_str()] } })
}

/// Deals that were decided between two days.
pub(super) fn between(since: Date, until: Date) -> Json {
    json!({ "closeDate": { "gte": since.to_text(), "lte": until.to_text() } })
}

/// Groups of records that satisfy all conditions.
pub(super) async fn count(
    call: &Call<'_>,
    resource: &str,
    conditions: &[Json],
    keys: Vec<GroupRequest>,
    measures: Vec<(Function, Vec<String>)>,
) -> Result<Vec<Group>> {
    let def = Arc::clone(call.engine().registry().known(resource)?);
    let filter = Some(json!({ "and": conditions }));
    groups(call, call.context, &def, AggregateRequest { filter, group_by: keys, measures, ..AggregateRequest::default() }).await
}

/// How many were decided and won, by a field of the deal.
pub(super) async fn outcomes(call: &Call<'_>, conditions: &[Json], field: GroupRequest) -> Result<BTreeMap<String, Outcomes>> {
    let name = field.path.join("/");
    let found = count(call, "opportunity", conditions, vec![field, key(&["status"])], vec![(Function::Count, Vec::new())]).await?;
    let mut all: BTreeMap<String, Outcomes> = BTreeMap::new();
    for group in &found {
        let value = group.text(&format!("/keys/{name}")).unwrap_or_default();
        all.entry(value.to_owned()).or_default().add(group.count(), won(group));
    }
    Ok(all)
}

/// Whether a group is of deals that were won.
pub(super) fn won(group: &Group) -> bool {
    group.text("/keys/status") == Some(OpportunityStatus::Won.as_str())
}
