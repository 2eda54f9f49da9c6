//! Fields that tenants add.

use crate::table::{Kind, Table, create};
use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

/// Makes `custom_field`, and adds the document that holds the values of such fields to every table whose records can have some.
pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0030_custom_fields"
    }
}

/// Resources that people write and that are no part of the machinery.
const TABLES: [&str; 21] = [
    "account",
    "account_contact",
    "address",
    "app_user",
    "communication_preference",
    "contact",
    "contact_point",
    "duplicate_rule",
    "household_member",
    "interaction",
    "interaction_participant",
    "meeting",
    "note",
    "purpose",
    "purpose_notice",
    "relationship",
    "relationship_type",
    "task",
    "tax_id",
    "team",
    "visitor",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let field = Table::new("custom_field")
            .required("resource", Kind::Text)
            .required("name", Kind::Text)
            .required_folded("label")
            .required("labels", Kind::TextSet)
            .optional("description", Kind::Text)
            .required("kind", Kind::Text)
            .required("options", Kind::TextSet)
            .optional("target", Kind::Text)
            .optional("inverse", Kind::Text)
            .required("required", Kind::Boolean)
            .required("is_unique", Kind::Boolean)
            .required("indexed", Kind::Boolean)
            .required("searched", Kind::Boolean)
            .optional("minimum", Kind::Integer)
            .optional("maximum", Kind::Integer)
            .optional("max_length", Kind::Integer)
            .optional("default_value", Kind::Text)
            .required("key", Kind::Text)
            .unique("custom_field_resource_name_key", &["resource", "name"]);
        create(manager, &[field]).await?;
        let connection = manager.get_connection();
        let kind = if connection.get_database_backend() == DbBackend::Postgres { "jsonb" } else { "TEXT" };
        for table in TABLES {
            connection.execute_unprepared(&format!("ALTER TABLE {table} ADD custom {kind}")).await?;
        }
        Ok(())
    }
}
