//! The approver: who lets deals into a stage.

use async_trait::async_trait;
use clientela_engine::Rules;
use clientela_engine::module::Draft;
use clientela_kernel::{Context, FieldProblem, Id};
use clientela_macros::resource;

/// Somebody whose approval lets a deal into a stage. Where a stage has approvers, a deal needs the approval of one of them.
#[resource(name = "stageApprover", prefix = "sta", common, unattachable)]
pub struct Model {
    /// The stage.
    #[field(
        refers = "stage",
        inverse = "approvers",
        inverse_description = "Who must approve before a deal enters; nobody where there are none.",
        on_delete = "cascade",
        write = "immutable",
        example = "\"stg_01h455vb4pex5vsknk084sn02q\""
    )]
    pub stage_id: Id,
    /// Who may approve: a user, or a team, each member of which may.
    #[field(refers_any, on_delete = "cascade", write = "immutable", example = "\"usr_01h455vb4pex5vsknk084sn02q\"")]
    pub approver_id: AnyId,
    /// The approval is needed from this amount on, in the currency of the deal; always where empty.
    #[field()]
    pub from_amount: Option<Money>,
}

/// The rules of approvers.
pub struct StageApproverRules;

#[async_trait]
impl Rules for StageApproverRules {
    fn check(&self, _context: &Context, draft: &Draft, problems: &mut Vec<FieldProblem>) {
        crate::staff::check(draft, "approverId", problems);
    }
}
