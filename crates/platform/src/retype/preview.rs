//! `previewRetypeField`: what would become of the values.

use super::plan::{Failure, Plan};
use super::shapes::{Retyping, RetypingPreview};
use async_trait::async_trait;
use clientela_engine::{Call, Operation};
use clientela_kernel::Result;
use clientela_model::OperationDef;

/// Looks.
pub struct PreviewRetypeField;

#[async_trait]
impl Operation for PreviewRetypeField {
    type Input = Retyping;
    type Output = RetypingPreview;

    fn definition() -> OperationDef {
        OperationDef::reading::<Retyping, RetypingPreview>(
            "previewRetypeField",
            "customField",
            "preview-retype",
            "Says what `retypeField` would do with the values that a custom field holds: how many would fit the new type, and the first that would not, with the records \
             they are of. Nothing is changed. Only administrators may.",
        )
        .on_record()
    }

    async fn run(&self, call: &Call<'_>, given: Retyping) -> Result<RetypingPreview> {
        let record = call.target()?.clone();
        let plan = Plan::new(call, &record, &given).await?;
        let engine = call.engine().redefined(plan.registry.clone());
        let found = plan.look(&call.over(&engine), usize::MAX).await?;
        Ok(RetypingPreview {
            holding: found.holding,
            converting: found.converted,
            failing: found.failing,
            failures: found.failures.into_iter().map(Failure::shown).collect(),
        })
    }
}
