//! `retypeField` and `previewRetypeField`: a custom field of another type, with the values it holds.

mod convert;
mod job;
mod plan;
mod preview;
pub mod retyping;
pub mod shapes;

pub use job::RetypeInBackground;
pub use preview::PreviewRetypeField;

use async_trait::async_trait;
use clientela_engine::{Call, Operation};
use clientela_kernel::{Error, ErrorCode, FieldProblem, ProblemCode, Result};
use clientela_model::{Choice as _, OperationDef};
use plan::Plan;
use shapes::{Retyped, Retyping};

/// Records whose values are rewritten before the request is answered; more of them are a job's.
const AT_ONCE: i64 = 2_000;
/// The most records whose values are rewritten in one transaction.
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
            "Gives a custom field another type and rewrites the values it holds, those of deleted records too, all or none: each record gets a version and an entry in its history. Values that \
             do not fit the new type refuse it, unless `onFailure` is `CLEAR`; `previewRetypeField` tells which. Where more than 2,000 records hold a value, or `inBackground` says so, a job does it: \
             the answer has the `retyping`, whose job tells how far it has come and is called off by `cancelJob`, and nothing changes until it is done. At most 20,000 records may hold a value. \
             Earlier values stay in the history as they were. References are not retyped. Only administrators may.",
        )
        .on_record()
    }

    async fn run(&self, call: &Call<'_>, given: Retyping) -> Result<Retyped> {
        let record = call.target()?.clone();
        let plan = Plan::new(call, &record, &given).await?;
        let engine = call.engine().redefined(plan.registry.clone());
        let over = call.over(&engine);
        let found = plan.look(&over, MOST).await?;
        found.refuse(&given)?;
        let (holding, converted, cleared) = (found.holding, found.converted, found.failing);
        let waits = holding > AT_ONCE || given.in_background == Some(true);
        let retyping = match waits {
            true => Some(retyping::make(call, &record, &given, holding).await?),
            false => {
                plan.carry_out(call, &over, &record, &given, &found).await?;
                None
            }
        };
        Ok(Retyped { custom_field: record.id, holding, converted, cleared, retyping })
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
