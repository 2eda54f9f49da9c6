//! The score rule: what makes a lead promising.

use async_trait::async_trait;
use clientela_engine::Rules;
use clientela_engine::module::{Draft, RuleReader};
use clientela_kernel::{Context, Result};
use clientela_macros::resource;

/// Gives points to leads that satisfy a condition.
#[resource(name = "scoreRule", prefix = "scr", label = "name", common, unattachable)]
pub struct Model {
    /// What it looks at.
    #[field(max = 100, folded, example = "\"Comes from a trade fair\"")]
    pub name: String,
    /// Which leads: a filter tree as JSON, through relations too. In it `today` is the day of the request.
    #[field(format = "filter_tree", max = 10_000, no_sort, no_filter, example = "\"{\\\"source\\\": {\\\"eq\\\": \\\"Trade fair\\\"}}\"")]
    pub condition: String,
    /// How many points; fewer than none where it speaks against it.
    #[field(min = -1_000, max = 1_000, example = "20")]
    pub points: i64,
    /// Whether it counts.
    #[field(default = "true", example = "true")]
    pub active: bool,
}

/// The rules of score rules.
pub struct ScoreRuleRules;

#[async_trait]
impl Rules for ScoreRuleRules {
    async fn look_up(&self, context: &Context, reader: &dyn RuleReader, draft: &mut Draft) -> Result<()> {
        crate::condition::check(context, reader, draft, "lead", "condition")
    }
}
