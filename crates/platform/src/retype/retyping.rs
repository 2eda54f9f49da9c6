//! The retyping: a change of a field's type that is carried out in the background.

use super::shapes::{Retyping, WhatFails};
use crate::custom_field::CustomFieldType;
use clientela_engine::Call;
use clientela_engine::module::Found;
use clientela_jobs::queue::queued;
use clientela_kernel::{Error, Id, Result, Value};
use clientela_macros::resource;
use clientela_model::{Choice as _, Content, ShapeValue};

/// What jobs of this kind call it.
pub(super) const KIND: &str = "retyping";

/// A change of a custom field's type that is carried out in the background, since many records hold a value: `retypeField` makes it. Its job tells how far it has come, and is
/// called off by `cancelJob`. The field keeps its type and every record its value until all of it is done.
#[resource(name = "retyping", prefix = "rty", unattachable, read_only, administrators_only)]
pub struct Model {
    /// The field.
    #[field(
        refers = "customField",
        inverse = "retypings",
        inverse_description = "Changes of its type that are, or were, carried out in the background.",
        on_delete = "cascade",
        example = "\"cuf_01h455vb4pex5vsknk084sn02q\""
    )]
    pub custom_field_id: Id,
    /// The job that carries it out.
    #[field(
        refers = "job",
        inverse = "retypings",
        inverse_description = "The change of a custom field's type that the job carries out.",
        on_delete = "cascade",
        example = "\"job_01h455vb4pex5vsknk084sn02q\""
    )]
    pub job_id: Id,
    /// What the field is to hold.
    #[field(example = "\"CHOICE\"")]
    pub new_type: CustomFieldType,
    /// What a `CHOICE` is to choose from.
    #[field(max = 120, max_items = 200, example = "[\"GOOD=Good\"]")]
    pub options: TextSet,
    /// The least whole number.
    #[field(example = "null")]
    pub minimum: Option<i64>,
    /// The greatest whole number.
    #[field(example = "null")]
    pub maximum: Option<i64>,
    /// The greatest number of characters of a text.
    #[field(example = "null")]
    pub max_length: Option<i64>,
    /// What a new record has where nothing is said, as JSON.
    #[field(max = 1_000, example = "null")]
    pub default_value: Option<String>,
    /// What becomes of values that do not fit the new type.
    pub on_failure: WhatFails,
    /// How many records held a value, deleted ones too; as counted when it was asked for until it is done.
    #[field(min = 0, max = 1_000_000_000, example = "12000")]
    pub holding: i64,
    /// How many of them hold it in the new type; none until it is done.
    #[field(min = 0, max = 1_000_000_000, example = "11998")]
    pub converted: Option<i64>,
    /// How many were emptied; none until it is done.
    #[field(min = 0, max = 1_000_000_000, example = "2")]
    pub cleared: Option<i64>,
}

/// Has a change of type carried out in the background, once the operation's transaction is over.
pub(super) async fn make(call: &Call<'_>, field: &Found, given: &Retyping, holding: i64) -> Result<Id> {
    let context = call.context;
    let job = queued(KIND, field.id, &context.actor.to_text(), context.scopes.to_text().into(), call.now());
    let job = call.create_by_server("job", job).await?.id;
    let number = |number: Option<i64>| number.map_or(Value::Null, Value::Integer);
    let values = vec![
        ("customFieldId", Value::Id(field.id.0)),
        ("jobId", Value::Id(job.0)),
        ("newType", given.kind.as_str().into()),
        ("options", Value::TextSet(given.options.clone())),
        ("minimum", number(given.minimum)),
        ("maximum", number(given.maximum)),
        ("maxLength", number(given.max_length)),
        ("defaultValue", given.default_value.clone().map_or(Value::Null, Value::Text)),
        ("onFailure", given.on_failure.unwrap_or(WhatFails::Refuse).as_str().into()),
        ("holding", Value::Integer(holding)),
    ];
    Ok(call.create_by_server("retyping", values).await?.id)
}

/// What a retyping wants.
pub(super) fn wanted(retyping: &Found) -> Result<Retyping> {
    let options = if let Value::TextSet(options) = retyping.get("options") { options.clone() } else { Vec::new() };
    Ok(Retyping {
        kind: choice(retyping.get("newType"))?,
        options,
        minimum: retyping.get("minimum").as_integer(),
        maximum: retyping.get("maximum").as_integer(),
        max_length: retyping.get("maxLength").as_integer(),
        default_value: retyping.get("defaultValue").as_text().map(str::to_owned),
        on_failure: Some(choice(retyping.get("onFailure"))?),
        in_background: None,
    })
}

fn choice<C: ShapeValue>(value: &Value) -> Result<C> {
    C::from_content(Content::Value(value.clone())).ok_or_else(|| Error::internal("a retyping says what no field can be"))
}
