//! Addresses that hear of what changes, what was sent to them, and how far the change log was read for them.

use crate::table::{Kind, Table, create};
use sea_orm_migration::prelude::*;

/// Makes `webhook_endpoint`, `webhook_delivery`, and below them `webhook_position`.
pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0042_webhooks"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let endpoint = Table::new("webhook_endpoint")
            .required_folded("name")
            .required("url", Kind::Text)
            .required("events", Kind::TextSet)
            .optional("filter", Kind::Text)
            .required("payload", Kind::Text)
            .optional("fields", Kind::Text)
            .required("format", Kind::Text)
            .required("state", Kind::Text)
            .optional("disabled_reason", Kind::Text)
            .optional("disabled_at", Kind::Instant)
            .optional("failing_since", Kind::Instant)
            .optional("previous_secret_until", Kind::Instant)
            .required("signing_secret", Kind::Text)
            .optional("previous_secret", Kind::Text)
            .required("active_since_version", Kind::Integer)
            .required("scopes", Kind::Text)
            .owned();
        let delivery = Table::new("webhook_delivery")
            .required_reference("endpoint_id", "webhook_endpoint")
            .required("event", Kind::Text)
            .required("event_id", Kind::Text)
            .required("resource", Kind::Text)
            .optional("record", Kind::Text)
            .optional("record_version", Kind::Integer)
            .optional("sequence", Kind::Integer)
            .required("occurred_at", Kind::Instant)
            .required("test", Kind::Boolean)
            .required("state", Kind::Text)
            .required("attempts", Kind::Integer)
            .optional("next_attempt_at", Kind::Instant)
            .optional("last_attempt_at", Kind::Instant)
            .optional("finished_at", Kind::Instant)
            .optional("last_status", Kind::Integer)
            .optional("last_problem", Kind::Text)
            .optional("last_answer", Kind::Text)
            // What waits is looked for at every turn, and what waits of one record, and whether anything was delivered of it.
            .index(&["endpoint_id", "state", "next_attempt_at"])
            .index(&["endpoint_id", "record", "state"]);
        let position = Table::new("webhook_position")
            .required("sequence", Kind::Integer)
            .required("resource", Kind::Text)
            .required("record", Kind::Text)
            .required("record_version", Kind::Integer);
        create(manager, &[endpoint, delivery, position]).await
    }
}
