//! Tax ids, households and relationships of parties.

use crate::table::{Kind, Table, create};
use sea_orm_migration::prelude::*;

/// Makes `tax_id`, `household_member`, `relationship_type` and `relationship`.
pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0009_relations"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let tax_id = Table::new("tax_id")
            .required_reference("party_id", "party")
            .required("scheme", Kind::Text)
            .optional("country", Kind::Text)
            .required_folded("value")
            .required("normalized", Kind::Text)
            .optional("verified_at", Kind::Instant)
            // Begins with the number itself, so that it also answers whose it is.
            .unique("tax_id_party_scheme_normalized_key", &["normalized", "scheme", "party_id"]);
        let household_member = Table::new("household_member")
            .required_reference("account_id", "account")
            .required_reference("party_id", "party")
            .required("role", Kind::Text)
            .optional("since", Kind::Date)
            .optional("until", Kind::Date)
            .check("until >= since")
            .unique("household_member_account_party_since_key", &["account_id", "party_id", "since"]);
        let relationship_type = Table::new("relationship_type")
            .required_folded("name")
            .required_folded("inverse_name")
            .optional("description", Kind::Text)
            .required("per_from", Kind::Text)
            .required("per_to", Kind::Text)
            .required("is_symmetric", Kind::Boolean)
            .required("acyclic", Kind::Boolean)
            .unique("relationship_type_name_key", &["name_folded"]);
        let relationship = Table::new("relationship")
            .required_reference("type_id", "relationship_type")
            .required_reference("from_party_id", "party")
            .required_reference("to_party_id", "party")
            .optional("since", Kind::Date)
            .optional("until", Kind::Date)
            .optional("note", Kind::Text)
            .optional("only_from", Kind::Text)
            .optional("only_to", Kind::Text)
            .check("until >= since")
            .check("from_party_id <> to_party_id")
            .unique("relationship_type_from_to_since_key", &["type_id", "from_party_id", "to_party_id", "since"])
            .unique("relationship_only_from_key", &["only_from"])
            .unique("relationship_only_to_key", &["only_to"]);
        create(manager, &[tax_id, household_member, relationship_type, relationship]).await
    }
}
