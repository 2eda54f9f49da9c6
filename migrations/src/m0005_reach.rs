//! Contact points and addresses of parties.

use crate::table::{Kind, Table, create};
use sea_orm_migration::prelude::*;

/// Makes `contact_point` and `address`.
pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0005_reach"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let contact_point = Table::new("contact_point")
            .required_reference("party_id", "party")
            .required("kind", Kind::Text)
            .optional("label", Kind::Text)
            .required_folded("value")
            .optional("normalized", Kind::Text)
            .required("preferred", Kind::Boolean)
            .optional("verified_at", Kind::Instant)
            .required("health", Kind::Text)
            // Begins with the address itself, so that it also answers whose number is calling.
            .unique("contact_point_party_kind_normalized_key", &["normalized", "kind", "party_id"]);
        let address = Table::new("address")
            .required_reference("party_id", "party")
            .required("kind", Kind::Text)
            .optional("label", Kind::Text)
            .required_folded("line1")
            .optional_folded("line2")
            .optional_folded("region")
            .optional("postal_code", Kind::Text)
            .optional_folded("city")
            .optional("country", Kind::Text)
            .optional("latitude", Kind::Integer)
            .optional("longitude", Kind::Integer)
            .required("preferred", Kind::Boolean);
        create(manager, &[contact_point, address]).await
    }
}
