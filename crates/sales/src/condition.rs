//! Conditions that are stored: filter trees as text.

use crate::found::by_id;
use clientela_engine::module::{Draft, Found, RuleReader};
use clientela_engine::{Call, check_condition};
use clientela_kernel::{Context, Error, ErrorCode, Filter, ProblemCode, Result};
use clientela_model::ResourceDef;
use serde_json::Value as Json;
use std::fmt::Display;

/// Refuses a condition that is none about a resource.
pub(crate) fn check(context: &Context, reader: &dyn RuleReader, draft: &Draft, resource: &str, field: &str) -> Result<()> {
    let (Some(registry), Some(text), true) = (reader.registry(), draft.get(field).as_text(), draft.changed(field)) else { return Ok(()) };
    let def = registry.known(resource)?;
    check_condition(registry, context, def, text).map_err(|error| {
        let text = format!("{field}: the condition cannot be used: {error}");
        Error::invalid(format!("/{field}"), ProblemCode::InvalidFormat, text)
    })
}

/// Whether a record satisfies a stored condition; one that speaks of a field which is no more is satisfied by none.
pub(crate) async fn holds(call: &Call<'_>, record: &Found, condition: &str) -> Result<bool> {
    let json = serde_json::from_str(condition).map_err(Error::internal)?;
    match call.engine().parse_filter(&call.context.unlimited(), &record.def, &json) {
        Ok(condition) => Ok(!call.find(&record.def.name, Filter::And(vec![by_id(record.id.0), condition])).await?.is_empty()),
        Err(error) if error.code() == ErrorCode::InvalidFilter => Ok(false),
        Err(error) => Err(error),
    }
}

/// A filter tree that a question names, as it was given and as it is understood by the caller's rights.
pub(crate) fn asked(call: &Call<'_>, def: &ResourceDef, text: &str) -> Result<(Json, Filter)> {
    let wrong = |error: &dyn Display| Error::invalid("/filter", ProblemCode::InvalidFormat, format!("The filter cannot be used: {error}"));
    let tree: Json = serde_json::from_str(text).map_err(|error| wrong(&error))?;
    let filter = call.engine().parse_filter(call.context, def, &tree).map_err(|error| wrong(&error))?;
    Ok((tree, filter))
}
