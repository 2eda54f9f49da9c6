//! The sale: what is offered and at what price, deals on their way through pipelines, and what came of them.

mod condition;
pub mod forecast;
mod found;
mod groups;
pub mod lead;
pub mod opportunity;
pub mod pipeline;

use clientela_engine::Module;

/// The resources of this crate, their rules and operations.
pub fn module() -> Module {
    forecasts(leads(deals(Module::default())))
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
        .resource::<opportunity::split::Model>()
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
        .operation(opportunity::split::SplitOpportunity)
        .operation(approval::RequestApproval)
        .operation(approval::ApproveStage)
        .operation(approval::RejectStage)
}

/// Who may buy, and how far we are in finding out.
fn leads(module: Module) -> Module {
    module
        .resource::<lead::Model>()
        .resource::<lead::score_rule::Model>()
        .resource::<lead::assignment_rule::Model>()
        .resource::<lead::referral::Model>()
        .rules("lead", lead::LeadRules)
        .rules("scoreRule", lead::score_rule::ScoreRuleRules)
        .rules("leadAssignmentRule", lead::assignment_rule::LeadAssignmentRuleRules)
        .operation(lead::capture::CaptureLead)
        .operation(lead::score::ScoreLead)
        .operation(lead::assign::AssignLead)
        .operation(lead::convert::ConvertLead)
        .operation(lead::convert::RevertLeadConversion)
        .operation(lead::disqualify::DisqualifyLead)
        .operation(lead::disqualify::RequalifyLead)
}

/// What is expected, and what is to be sold.
fn forecasts(module: Module) -> Module {
    module.resource::<forecast::quota::Model>().rules("quota", forecast::quota::QuotaRules).operation(forecast::ForecastSales)
}
