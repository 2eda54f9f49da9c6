//! By what two records are held for the same party, and what is known of addresses.

use crate::table::{Kind, Table, create};
use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::ConnectionTrait;

/// Makes `duplicate_rule`, and room in `contact_point` for why its health is as it is.
pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0013_duplicates"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut rule = Table::new("duplicate_rule").required_folded("name").required("party_kind", Kind::Text);
        for key in ["email", "phone", "website", "tax_id", "name"] {
            rule = rule.required(&format!("pair_by_{key}"), Kind::Boolean);
        }
        for field in ["name", "email", "phone", "website", "tax_id", "birth_date", "city"] {
            rule = rule.required(&format!("{field}_weight"), Kind::Integer);
        }
        let rule = rule
            .required("threshold", Kind::Integer)
            .required("at_creation", Kind::Text)
            .required("active", Kind::Boolean)
            .unique("duplicate_rule_name_key", &["name_folded"]);
        create(manager, &[rule]).await?;
        let (text, instant) = match manager.get_database_backend() {
            sea_orm_migration::sea_orm::DbBackend::Postgres => ("text COLLATE \"C\"", "timestamptz"),
            _ => ("TEXT", "INTEGER"),
        };
        let connection = manager.get_connection();
        for (column, kind) in [("health_reason", text), ("health_reported_at", instant)] {
            connection.execute_unprepared(&format!("ALTER TABLE contact_point ADD COLUMN {column} {kind}")).await?;
        }
        Ok(())
    }
}
