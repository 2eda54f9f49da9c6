//! `retypeField` and `previewRetypeField`: a custom field of another type, with the values it holds.

mod convert;
mod plan;
mod preview;
pub mod shapes;

pub use preview::PreviewRetypeField;

use crate::custom_field::retype_key;
use async_trait::async_trait;
use clientela_engine::module::Draft;
use clientela_engine::{Call, Operation};
use clientela_kernel::{Comparison, DeletedMode, Error, ErrorCode, FieldProblem, Filter, ProblemCode, Result, Value};
use clientela_model::{Choice as _, OperationDef};
use plan::{Plan, fields};
use shapes::{Retyped, Retyping, WhatFails};

/// The most records whose values are rewritten at once.
const MOST: usize = 20_000;

/// Gives a field another type.
pub struct RetypeField;

#[async_trait]
impl Operation for RetypeField {
    type Input = Retyping;
    type Output = Retyped;

    fn definition() -> OperationDef {
        OperationDef::writing::<Retyping, Retyped>(
            "retypeField",
            "customField",
            "retype",
            "Gives a custom field another type and rewrites the values it holds, those of deleted records too, all at once: each record gets a version and an entry in its history. Values that \
             do not fit the new type refuse it, unless `onFailure` is `CLEAR`; `previewRetypeField` tells which. At most 20,000 records may hold a value. Earlier values stay in the history as \
             they were. References are not retyped. Only administrators may.",
        )
        .on_record()
    }

    async fn run(&self, call: &Call<'_>, given: Retyping) -> Result<Retyped> {
        let record = call.target()?.clone();
        let plan = Plan::new(call, &record, &given).await?;
        let engine = call.engine().redefined(plan.registry.clone());
        let over = call.over(&engine);
        let found = plan.look(&over, MOST).await?;
        let clears = given.on_failure == Some(WhatFails::Clear);
        if !found.failures.is_empty() && !clears {
            return Err(Error::validation(found.failures.iter().map(plan::Failure::problem).collect()));
        }
        let values = fields(&record, &given, retype_key(call.context.tenant, &record));
        let written = call.set("customField", record.id, values, None).await?;
        let (aside, name) = (plan.aside.as_str(), plan.name.as_str());
        let filled = Filter::field(aside.to_owned(), Comparison::IsNull).negate();
        let change = |draft: &mut Draft| {
            let value = match plan.converted(draft.old(aside)) {
                Ok(value) if !found.refuses(draft.id) => value,
                _ => Value::Null,
            };
            draft.set(name, value);
            draft.set(aside, Value::Null);
        };
        over.change_each(&plan.resource, &filled, DeletedMode::Include, &change).await?;
        Ok(Retyped { custom_field: written.id, holding: found.holding, converted: found.converted, cleared: found.failing })
    }
}

/// Refuses whoever may not.
pub(crate) fn only_administrators(call: &Call<'_>) -> Result<()> {
    if call.context.is_administrator() {
        return Ok(());
    }
    Err(Error::new(ErrorCode::Forbidden, "Only administrators change custom fields. Ask one of them."))
}

/// A problem with the new type.
fn wrong_type(text: impl Into<String>) -> Error {
    Error::validation(vec![FieldProblem::new("/type", ProblemCode::NotAllowed, text)])
}

/// Whether values of the type can be searched by their words, and an index serves them.
fn supports(kind: crate::custom_field::CustomFieldType) -> (bool, bool) {
    let text = ["TEXT", "LONG_TEXT", "EMAIL", "PHONE", "URL"].contains(&kind.as_str());
    (text, !["LONG_TEXT", "MONEY", "TEXT_SET"].contains(&kind.as_str()))
}
