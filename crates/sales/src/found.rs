//! Looking up other records.

use clientela_engine::module::{Found, RuleReader};
use clientela_kernel::{Comparison, Error, FieldProblem, Filter, ProblemCode, Result, Value};
use clientela_model::system;
use uuid::Uuid;

/// The record with an id.
pub(crate) fn by_id(id: Uuid) -> Filter {
    equal(system::ID, Value::Id(id))
}

/// Those with a value.
pub(crate) fn equal(field: &'static str, value: Value) -> Filter {
    Filter::field(field, Comparison::Equal(value))
}

/// The first record that satisfies a filter.
pub(crate) async fn first(reader: &dyn RuleReader, resource: &str, filter: Filter) -> Result<Option<Found>> {
    Ok(reader.find(resource, filter).await?.into_iter().next())
}

/// One field that is wrong.
pub(crate) fn refused(pointer: &str, code: ProblemCode, text: impl Into<String>) -> Error {
    Error::validation(vec![FieldProblem::new(pointer, code, text.into())])
}
