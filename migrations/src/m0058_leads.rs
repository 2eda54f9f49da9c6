//! Leads: who may buy, and how far we are in finding out.

use crate::table::{Kind, Table, create};
use sea_orm_migration::prelude::*;

/// Makes leads, their rules, and referrals.
pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0058_leads"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let lead = Table::new("lead")
            .required_folded("topic")
            .required_reference("contact_id", "contact")
            .optional_folded("company")
            .optional_reference("account_id", "account")
            .required("status", Kind::Text)
            .optional_folded("source")
            .required("score", Kind::Integer)
            .optional("scored_at", Kind::Instant)
            .money("estimated_amount")
            .optional("description", Kind::Text)
            .optional("assigned_at", Kind::Instant)
            .required("status_since", Kind::Instant)
            .optional("disqualified_reason", Kind::Text)
            .optional_reference("opportunity_id", "opportunity")
            .optional("converted_at", Kind::Instant)
            .required("made_account", Kind::Boolean)
            .owned()
            .tagged()
            .custom()
            .index(&["contact_id", "created_at", "id"])
            .index(&["owner_id", "status", "assigned_at"]);
        let score_rule = Table::new("score_rule")
            .required_folded("name")
            .required("condition", Kind::Text)
            .required("points", Kind::Integer)
            .required("active", Kind::Boolean);
        let assignment_rule = Table::new("lead_assignment_rule")
            .required_folded("name")
            .required("position", Kind::Integer)
            .optional("condition", Kind::Text)
            .required_any_reference("assignee")
            .optional("capacity", Kind::Integer)
            .required("active", Kind::Boolean);
        let referral = Table::new("referral")
            .required_reference("advocate_id", "contact")
            .required_reference("referee_id", "contact")
            .optional_reference("lead_id", "lead")
            .required("status", Kind::Text)
            .optional("referred_on", Kind::Date)
            .optional("reward", Kind::Text)
            .tagged()
            .unique("referral_key", &["advocate_id", "referee_id"]);
        create(manager, &[lead, score_rule, assignment_rule, referral]).await
    }
}
