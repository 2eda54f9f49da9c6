//! What parties wish, and what was decided before contacts.

use crate::table::{Kind, Table, create};
use sea_orm_migration::prelude::*;

/// Makes `communication_preference` and `contact_decision`.
pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0012_contacting"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let preference = Table::new("communication_preference")
            .required_reference("party_id", "party")
            .optional("language", Kind::Text)
            .optional("first_channel", Kind::Text)
            .optional("second_channel", Kind::Text)
            .optional("third_channel", Kind::Text)
            .optional("quiet_from", Kind::Text)
            .optional("quiet_until", Kind::Text)
            .optional("time_zone", Kind::Text)
            .optional("most_per_day", Kind::Integer)
            .optional("most_per_week", Kind::Integer)
            .optional("paused_until", Kind::Instant)
            .required("do_not_contact", Kind::Boolean)
            .unique("communication_preference_party_key", &["party_id"]);
        let decision = Table::new("contact_decision")
            // How often a party was contacted lately is asked before every contact.
            .required("party_id", Kind::Uuid)
            .key("party_id", "party")
            .index(&["party_id", "decided_at", "id"])
            .required_reference("purpose_id", "purpose")
            .required("channel", Kind::Text)
            .optional_reference("contact_point_id", "contact_point")
            .optional_reference("controller_id", "account")
            .required("verdict", Kind::Text)
            .optional("other_channel", Kind::Text)
            .required("reasons", Kind::TextSet)
            .required("decided_at", Kind::Instant)
            .optional("not_before", Kind::Instant)
            .optional_reference("consent_id", "consent");
        create(manager, &[preference, decision]).await
    }
}
