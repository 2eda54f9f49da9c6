//! The ledger of interactions and who took part in them.

use crate::table::{Kind, Table, create};
use sea_orm_migration::prelude::*;

/// Makes `interaction` and `interaction_participant`.
pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0004_interactions"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let interaction = Table::new("interaction")
            .required("kind", Kind::Text)
            .optional("direction", Kind::Text)
            .optional("channel", Kind::Text)
            .required_folded("subject")
            .optional("body", Kind::Text)
            .optional_folded("outcome")
            .required("occurred_at", Kind::Instant)
            .optional("duration", Kind::Integer)
            .money("cost")
            .owned()
            .tagged()
            .check("duration >= 0")
            .index(&["occurred_at", "id"]);
        let participant = Table::new("interaction_participant")
            .required_reference("interaction_id", "interaction")
            .required("party_id", Kind::Uuid)
            .key("party_id", "party")
            .required("role", Kind::Text)
            .required("occurred_at", Kind::Instant)
            .required("kind", Kind::Text)
            .required("subject", Kind::Text)
            // A party's interactions in their order; read from either end.
            .index(&["party_id", "occurred_at", "id"])
            .unique("interaction_participant_interaction_party_key", &["interaction_id", "party_id"]);
        create(manager, &[interaction, participant]).await
    }
}
