//! Looking up other records.

use clientela_engine::module::{Found, RuleReader};
use clientela_kernel::{Filter, Result, Value};
use clientela_model::system;
use uuid::Uuid;

/// The record with an id.
pub(crate) fn by_id(id: Uuid) -> Filter {
    Filter::equal(system::ID, Value::Id(id))
}

/// The first record that satisfies a filter.
pub(crate) async fn first(reader: &dyn RuleReader, resource: &str, filter: Filter) -> Result<Option<Found>> {
    Ok(reader.find(resource, filter).await?.into_iter().next())
}
