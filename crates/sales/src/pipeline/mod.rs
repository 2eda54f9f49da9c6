//! The pipeline: a way that deals take.

pub mod board;
pub mod first;
pub mod stage;
pub mod stage_approver;

use async_trait::async_trait;
use clientela_engine::Rules;
use clientela_engine::module::Found;
use clientela_engine::module::{ChangeKind, Companion, Draft, RuleReader};
use clientela_kernel::{Context, Filter, Result, Value};
use clientela_macros::resource;
use uuid::Uuid;

/// A way that deals take, from the first stage to won or lost. A company may have several: new business, renewals, partners.
#[resource(name = "pipeline", prefix = "ppl", label = "name", common, unattachable)]
pub struct Model {
    /// What it is called.
    #[field(search = "name", max = 100, folded, example = "\"New business\"")]
    pub name: String,
    /// What it is for.
    #[field(max = 2_000, no_sort, example = "\"Companies that have not bought from us yet.\"")]
    pub description: Option<String>,
    /// Whether new deals may enter it.
    #[field(default = "true", example = "true")]
    pub active: bool,
    /// Whether a new deal of which nothing is said enters this one. Setting it here takes it from the one that had it.
    #[field(default = "false", example = "false")]
    pub is_default: bool,
}

/// The rules of pipelines.
pub struct PipelineRules;

#[async_trait]
impl Rules for PipelineRules {
    async fn companions(&self, _context: &Context, reader: &dyn RuleReader, draft: &Draft) -> Result<Vec<Companion>> {
        let takes_over =
            draft.kind != ChangeKind::Deleted && draft.changed("isDefault") && draft.get("isDefault").as_boolean() == Some(true);
        if !takes_over {
            return Ok(Vec::new());
        }
        let others = reader
            .find("pipeline", Filter::equal("isDefault", Value::Boolean(true)))
            .await?
            .into_iter()
            .filter(|other| other.id != draft.id);
        let values = || vec![("isDefault", Value::Boolean(false))];
        Ok(others.map(|other| Companion::Patch { resource: "pipeline", id: other.id, values: values() }).collect())
    }
}

/// Where a stage stands among those of its pipeline.
pub(crate) fn place(stage: &Found) -> (i64, Uuid) {
    (stage.get("position").as_integer().unwrap_or_default(), stage.id.0)
}
