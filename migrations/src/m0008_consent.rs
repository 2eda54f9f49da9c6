//! Purposes, their notices, and the consent ledger.

use crate::table::{Kind, Table, create};
use sea_orm_migration::prelude::*;

/// Makes `purpose`, `purpose_notice` and `consent`.
pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0008_consent"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let purpose = Table::new("purpose")
            .required("purpose_key", Kind::Text)
            .required_folded("name")
            .optional("description", Kind::Text)
            .required("legal_basis", Kind::Text)
            .required("double_opt_in", Kind::Boolean)
            .optional("consent_days", Kind::Integer)
            .optional("retention_days", Kind::Integer)
            .required("active", Kind::Boolean)
            .unique("purpose_key_key", &["purpose_key"]);
        let purpose_notice = Table::new("purpose_notice")
            .required_reference("purpose_id", "purpose")
            .required("language", Kind::Text)
            .required("edition", Kind::Integer)
            .required("title", Kind::Text)
            .required("body", Kind::Text)
            .optional("valid_from", Kind::Instant)
            .unique("purpose_notice_purpose_language_edition_key", &["purpose_id", "language", "edition"]);
        let consent = Table::new("consent")
            .required_reference("party_id", "party")
            .required_reference("purpose_id", "purpose")
            .optional_reference("contact_point_id", "contact_point")
            .optional("address", Kind::Text)
            .optional("channel", Kind::Text)
            .optional_reference("controller_id", "account")
            .required("legal_basis", Kind::Text)
            .required("state", Kind::Text)
            .required("occurred_at", Kind::Instant)
            .optional("source", Kind::Text)
            .optional("evidence", Kind::Text)
            .optional_reference("notice_id", "purpose_notice")
            .optional_reference("answers_id", "consent")
            .optional("token_digest", Kind::Text)
            .index(&["token_digest", "id"]);
        create(manager, &[purpose, purpose_notice, consent]).await
    }
}
