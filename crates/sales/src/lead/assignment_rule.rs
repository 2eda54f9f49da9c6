//! The assignment rule: who gets which leads.

use async_trait::async_trait;
use clientela_engine::Rules;
use clientela_engine::module::{Draft, RuleReader};
use clientela_kernel::{Context, FieldProblem, Result};
use clientela_macros::resource;

/// Who gets the leads that satisfy a condition. `assignLead` asks the rules in the order of their positions and takes the first that fits and has somebody with room.
#[resource(name = "leadAssignmentRule", prefix = "lar", label = "name", common, unattachable)]
pub struct Model {
    /// What it is for.
    #[field(max = 100, folded, example = "\"Restaurants in Tyrol\"")]
    pub name: String,
    /// Its place: rules with smaller numbers are asked before it.
    #[field(min = 0, max = 100_000, example = "10")]
    pub position: i64,
    /// Which leads: a filter tree as JSON, through relations too; all where empty.
    #[field(
        format = "filter_tree",
        max = 10_000,
        no_sort,
        no_filter,
        example = "\"{\\\"contact\\\": {\\\"country\\\": {\\\"eq\\\": \\\"AT\\\"}}}\""
    )]
    pub condition: Option<String>,
    /// Who gets them: a user, or a team: of its active members whoever has the fewest to work on, of equals the one who was given one longest ago.
    #[field(refers_any, on_delete = "cascade", example = "\"usr_01h455vb4pex5vsknk084sn02q\"")]
    pub assignee_id: AnyId,
    /// How many leads that are new or being worked on one person may have; whoever has as many gets no more by this rule. No limit where empty.
    #[field(min = 1, max = 10_000, example = "50")]
    pub capacity: Option<i64>,
    /// Whether it is asked.
    #[field(default = "true", example = "true")]
    pub active: bool,
}

/// The rules of assignment rules.
pub struct LeadAssignmentRuleRules;

#[async_trait]
impl Rules for LeadAssignmentRuleRules {
    async fn look_up(&self, context: &Context, reader: &dyn RuleReader, draft: &mut Draft) -> Result<()> {
        crate::condition::check(context, reader, draft, "lead", "condition")
    }

    fn check(&self, _context: &Context, draft: &Draft, problems: &mut Vec<FieldProblem>) {
        crate::staff::check(draft, "assigneeId", problems);
    }
}
