//! The sale: what is offered and at what price, deals on their way through pipelines, and what came of them.

pub mod catalog;
mod condition;
pub mod forecast;
mod found;
mod groups;
pub mod insight;
pub mod lead;
mod line;
mod look;
pub mod opportunity;
pub mod pipeline;
pub mod price;
pub mod quote;
pub mod rate;
mod staff;

use clientela_engine::Module;

/// The resources of this crate, their rules and operations.
pub fn module() -> Module {
    forecasts(leads(deals(offers(Module::default()))))
}

/// What is offered, at what price, and what is offered to whom.
fn offers(module: Module) -> Module {
    use catalog::{category, component, product};
    use price::{book, discount_limit, entry, tax_rate};
    use rate::exchange_rate;
    module
        .resource::<category::Model>()
        .resource::<product::Model>()
        .resource::<component::Model>()
        .resource::<book::Model>()
        .resource::<entry::Model>()
        .resource::<tax_rate::Model>()
        .resource::<discount_limit::Model>()
        .resource::<exchange_rate::Model>()
        .resource::<quote::Model>()
        .resource::<quote::line::Model>()
        .rules("productCategory", category::CategoryRules)
        .rules("product", product::ProductRules)
        .rules("productComponent", component::ComponentRules)
        .rules("priceBook", book::BookRules)
        .rules("priceBookEntry", entry::EntryRules)
        .rules("taxRate", tax_rate::TaxRateRules)
        .rules("discountLimit", discount_limit::DiscountLimitRules)
        .rules("exchangeRate", exchange_rate::ExchangeRateRules)
        .rules("quote", quote::rules::QuoteRules)
        .rules("quoteLine", quote::line::LineRules)
        .operation(price::products::PriceProducts)
        .operation(rate::convert::ConvertMoney)
        .operation(quote::send::SendQuote)
        .operation(quote::accept::AcceptQuote)
        .operation(quote::reject::RejectQuote)
        .operation(quote::expire::ExpireQuote)
        .operation(quote::revise::ReviseQuote)
        .operation(quote::render::RenderQuote)
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
        .resource::<opportunity::opportunity_competitor::Model>()
        .resource::<opportunity::stage_change::Model>()
        .resource::<approval::Model>()
        .resource::<opportunity::split::Model>()
        .resource::<opportunity::line_item::Model>()
        .rules("pipeline", pipeline::PipelineRules)
        .rules("stage", pipeline::stage::StageRules)
        .rules("stageApprover", pipeline::stage_approver::StageApproverRules)
        .rules("opportunity", opportunity::OpportunityRules)
        .rules("opportunityLineItem", opportunity::line_item::LineItemRules)
        .operation(pipeline::board::PipelineBoard)
        .operation(moves::transitions::Transitions)
        .operation(moves::advance::AdvanceOpportunity)
        .operation(moves::close::WinOpportunity)
        .operation(moves::close::LoseOpportunity)
        .operation(moves::reopen::ReopenOpportunity)
        .operation(moves::move_to_pipeline::MoveToPipeline)
        .operation(opportunity::split::SplitOpportunity)
        .operation(opportunity::revalue::RevalueOpportunities)
        .operation(opportunity::quote::QuoteOpportunity)
        .operation(insight::figures::PipelineFigures)
        .operation(insight::prediction::PredictWin)
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
