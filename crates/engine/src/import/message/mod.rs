//! Messages of other systems: one JSON document becomes records, and operations with them, by a mapping of rules. Fields are mapped as the columns of a
//! row are ([`super::FieldMapping`]); what names a column there is a JSON Pointer here.

mod place;
mod plan;
mod run;

pub use place::MessageContent;
pub use plan::MessagePlan;
pub use run::{MessageProblem, Refused};

use super::mapping::{FieldMapping, KeyMapping, Names};
use serde::Deserialize;
use serde_json::{Map, Value as Json};
use std::collections::BTreeMap;

/// A mapping, as it is written. [`MessagePlan`] is what a checked one becomes.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct MessageMapping {
    /// Tables of values by name, for `"map": "name"`.
    #[serde(default)]
    map: BTreeMap<String, BTreeMap<String, Json>>,
    /// What is done with which messages.
    rules: Vec<RuleMapping>,
}

/// What is done with some messages.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleMapping {
    /// Which messages: pointers, each with the value that stands there, or a list of values of which one does. All messages where it is empty.
    #[serde(default)]
    when: Map<String, Json>,
    /// The steps, in order, each read by itself so that a mistake is told of its place.
    #[serde(rename = "do")]
    steps: Vec<Json>,
}

/// One thing to do: a record to make or to change, or an operation.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct StepMapping {
    /// The resource of which a record is made or changed.
    upsert: Option<String>,
    /// Instead: the operation to carry out.
    operation: Option<String>,
    /// What later steps call the record; the resource where left out.
    name: Option<String>,
    /// The array of which each element does this once.
    each: Option<String>,
    /// What tells the record again.
    key: Option<KeyMapping>,
    /// Of an operation, instead of a key: the step whose record it is done with.
    record: Option<String>,
    /// The step is passed over where one of these is empty.
    #[serde(default)]
    when: Names,
    /// Of a record: field by field, where its value comes from.
    #[serde(default)]
    fields: BTreeMap<String, FieldMapping>,
    /// Of an operation: the same for its input.
    #[serde(default)]
    input: BTreeMap<String, FieldMapping>,
}

/// What is wrong with a text as a place in a message; nothing where it can be one: a JSON Pointer, or `header:` and a header's name.
pub fn place_problem(place: &str) -> Option<String> {
    place::problem(place, false)
}
