//! Deals on their way through pipelines.

use crate::table::{Kind, Table, create};
use sea_orm_migration::prelude::*;

/// Makes pipelines, stages, opportunities and what belongs to them.
pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0057_deals"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let pipeline = Table::new("pipeline")
            .required_folded("name")
            .optional("description", Kind::Text)
            .required("active", Kind::Boolean)
            .required("is_default", Kind::Boolean);
        let stage = Table::new("stage")
            .required_reference("pipeline_id", "pipeline")
            .required_folded("name")
            .required("position", Kind::Integer)
            .required("kind", Kind::Text)
            .required("probability", Kind::Integer)
            .required("forecast_category", Kind::Text)
            .required("is_required", Kind::Boolean)
            .required("required_fields", Kind::TextSet)
            .optional("entry_condition", Kind::Text)
            .required("checklist", Kind::TextSet)
            .optional("stale_after_days", Kind::Integer)
            .optional("guidance", Kind::Text);
        let stage_approver =
            Table::new("stage_approver").required_reference("stage_id", "stage").required_any_reference("approver").money("from_amount");
        let lost_reason = Table::new("lost_reason")
            .required_folded("name")
            .optional("description", Kind::Text)
            .required("active", Kind::Boolean)
            .unique("lost_reason_name_key", &["name_folded"]);
        let competitor = Table::new("competitor")
            .required_folded("name")
            .optional("website", Kind::Text)
            .optional("strengths", Kind::Text)
            .optional("weaknesses", Kind::Text)
            .custom()
            .unique("competitor_name_key", &["name_folded"]);
        create(manager, &[pipeline, stage, stage_approver, lost_reason, competitor, opportunity()]).await?;
        create(manager, &of_opportunity()).await
    }
}

fn opportunity() -> Table {
    Table::new("opportunity")
        .required_folded("name")
        .required_reference("account_id", "account")
        .optional_reference("contact_id", "contact")
        .required_reference("pipeline_id", "pipeline")
        .required_reference("stage_id", "stage")
        .required("status", Kind::Text)
        .required("kind", Kind::Text)
        .required("currency", Kind::Text)
        .money("amount")
        .required("amount_source", Kind::Text)
        .required("line_item_count", Kind::Integer)
        .money("line_total")
        .money("expected_amount")
        .money("base_amount")
        .money("base_expected_amount")
        .required("probability", Kind::Integer)
        .required("forecast_category", Kind::Text)
        .required("close_date", Kind::Date)
        .required("close_date_slips", Kind::Integer)
        .optional_folded("source")
        .optional("next_step", Kind::Text)
        .optional("description", Kind::Text)
        .required("checked_items", Kind::TextSet)
        .required("stage_since", Kind::Instant)
        .optional("stale_at", Kind::Instant)
        .optional("closed_at", Kind::Instant)
        .optional_reference("lost_reason_id", "lost_reason")
        .optional_reference("lost_to_id", "competitor")
        .optional("outcome_note", Kind::Text)
        .owned()
        .tagged()
        .custom()
        .index(&["account_id", "created_at", "id"])
        .index(&["close_date", "id"])
        .index(&["stage_id", "stage_since", "id"])
}

fn of_opportunity() -> [Table; 6] {
    [
        Table::new("opportunity_contact")
            .required_reference("opportunity_id", "opportunity")
            .required_reference("contact_id", "contact")
            .required("role", Kind::Text)
            .optional("notes", Kind::Text)
            .unique("opportunity_contact_key", &["opportunity_id", "contact_id", "role"]),
        Table::new("opportunity_member")
            .required_reference("opportunity_id", "opportunity")
            .required_reference("user_id", "app_user")
            .optional_folded("role")
            .unique("opportunity_member_key", &["opportunity_id", "user_id"]),
        Table::new("opportunity_competitor")
            .required_reference("opportunity_id", "opportunity")
            .required_reference("competitor_id", "competitor")
            .required("threat", Kind::Text)
            .optional("notes", Kind::Text)
            .unique("opportunity_competitor_key", &["opportunity_id", "competitor_id"]),
        Table::new("opportunity_split")
            .required_reference("opportunity_id", "opportunity")
            .required_reference("user_id", "app_user")
            .required("kind", Kind::Text)
            .required("percent", Kind::Integer)
            .money("amount")
            .unique("opportunity_split_key", &["opportunity_id", "kind", "user_id"]),
        Table::new("stage_change")
            .required_reference("opportunity_id", "opportunity")
            .required("kind", Kind::Text)
            .optional_reference("from_stage_id", "stage")
            .required_reference("to_stage_id", "stage")
            .required("entered_at", Kind::Instant)
            .optional("time_in_stage", Kind::Integer)
            .money("amount")
            .required("probability", Kind::Integer),
        Table::new("stage_approval")
            .required_reference("opportunity_id", "opportunity")
            .required_reference("stage_id", "stage")
            .required("status", Kind::Text)
            .money("amount")
            .optional("request_note", Kind::Text)
            .optional_reference("requested_by_id", "app_user")
            .optional_reference("decided_by_id", "app_user")
            .optional("decided_at", Kind::Instant)
            .optional("decision_note", Kind::Text),
    ]
}
