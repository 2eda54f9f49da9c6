//! Parties, accounts, contacts and their roles.

use crate::table::{Kind, Table, create};
use crate::trigram;
use sea_orm_migration::prelude::*;

/// Makes `party`, `account`, `contact` and `account_contact`.
pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0003_customers"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let party = Table::new("party").required("kind", Kind::Text).required_folded("name");
        let account = Table::new("account")
            .required("kind", Kind::Text)
            .required_folded("name")
            .optional_folded("legal_name")
            .required("domains", Kind::TextSet)
            .optional("industry", Kind::Text)
            .optional("employees", Kind::Integer)
            .money("annual_revenue")
            .optional_reference("parent_id", "account")
            .optional_reference("contact_id", "contact")
            .required_reference("party_id", "party")
            .required("lifecycle", Kind::Text)
            .optional("currency", Kind::Text)
            .optional("language", Kind::Text)
            .optional("country", Kind::Text)
            .optional_folded("city")
            .optional("phone", Kind::Text)
            .optional("website", Kind::Text)
            .money("credit_limit")
            .optional("payment_terms_days", Kind::Integer)
            .optional("description", Kind::Text)
            .optional_reference("merged_into_id", "account")
            .owned()
            .tagged()
            .check("(kind = 'PERSON') = (contact_id IS NOT NULL)")
            .index(&["name", "id"]);
        let contact = Table::new("contact")
            .optional_folded("first_name")
            .optional_folded("last_name")
            .required_folded("name")
            .optional_folded("email")
            .optional("phone", Kind::Text)
            .optional("mobile", Kind::Text)
            .optional_folded("title")
            .optional_folded("department")
            .optional("birth_date", Kind::Date)
            .optional("language", Kind::Text)
            .optional("time_zone", Kind::Text)
            .optional_folded("city")
            .optional("country", Kind::Text)
            .optional_folded("source")
            .optional_reference("account_id", "account")
            .required("party_id", Kind::Uuid)
            .optional_reference("merged_into_id", "contact")
            .owned()
            .tagged()
            // A contact's party has its id, so the primary key serves the reference as well.
            .check("party_id = id")
            .key("id", "party")
            .index(&["name", "id"])
            .index(&["email_folded", "id"]);
        let account_contact = Table::new("account_contact")
            .required_reference("account_id", "account")
            .required_reference("contact_id", "contact")
            .required("role", Kind::Text)
            .optional("title", Kind::Text)
            .optional("since", Kind::Date)
            .optional("until", Kind::Date)
            .required("is_primary", Kind::Boolean)
            .check("until >= since")
            .unique("account_contact_account_contact_role_key", &["account_id", "contact_id", "role"]);
        create(manager, &[party, account, contact, account_contact]).await?;
        trigram::index(manager, &[("account", "name_folded"), ("contact", "name_folded")]).await
    }
}
