//! The sale: what is offered and at what price, deals on their way through pipelines, and what came of them.

mod amount;
mod found;
pub mod opportunity;
pub mod pipeline;

use clientela_engine::Module;

/// The resources of this crate, their rules and operations.
pub fn module() -> Module {
    deals(Module::default())
}

/// Deals on their way through pipelines.
fn deals(module: Module) -> Module {
    use opportunity::{approval, competitor, moves};
    module
        .resource::<pipeline::Model>()
        .resource::<pipeline::stage::Model>()
        .resource::<pipeline::stage_approver::Model>()
        .resource::<opportunity::lost_reason::Model>()
        .resource::<competitor::Model>()
        .resource::<opportunity::Model>()
        .resource::<opportunity::contact_role::Model>()
        .resource::<opportunity::member::Model>()
        .resource::<competitor::opportunity_competitor::Model>()
        .resource::<opportunity::stage_change::Model>()
        .resource::<approval::Model>()
        .rules("pipeline", pipeline::PipelineRules)
        .rules("stage", pipeline::stage::StageRules)
        .rules("stageApprover", pipeline::stage_approver::StageApproverRules)
        .rules("opportunity", opportunity::OpportunityRules)
        .operation(pipeline::board::PipelineBoard)
        .operation(moves::transitions::Transitions)
        .operation(moves::advance::AdvanceOpportunity)
        .operation(moves::close::WinOpportunity)
        .operation(moves::close::LoseOpportunity)
        .operation(moves::reopen::ReopenOpportunity)
        .operation(moves::move_to_pipeline::MoveToPipeline)
        .operation(approval::RequestApproval)
        .operation(approval::ApproveStage)
        .operation(approval::RejectStage)
}
