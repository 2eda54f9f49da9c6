//! Objects that tenants add.

use crate::table::{Kind, Table, create};
use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

/// Makes `custom_object`, and `custom_record`, where the records of all objects stand.
pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0035_custom_objects"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let object = Table::new("custom_object")
            .required("name", Kind::Text)
            .required("plural", Kind::Text)
            .required_folded("label")
            .required("labels", Kind::TextSet)
            .optional("description", Kind::Text)
            .required("title", Kind::Text)
            .required("key", Kind::Text)
            .unique("custom_object_name_key", &["name"])
            .unique("custom_object_plural_key", &["plural"]);
        let record = Table::new("custom_record")
            .required("object", Kind::Text)
            .required_folded("name")
            .owned()
            .tagged()
            .index(&["object", "id"])
            .index(&["object", "name", "id"]);
        create(manager, &[object, record]).await?;
        let connection = manager.get_connection();
        let kind = if connection.get_database_backend() == DbBackend::Postgres { "jsonb" } else { "TEXT" };
        connection.execute_unprepared(&format!("ALTER TABLE custom_record ADD custom {kind}")).await?;
        crate::trigram::index(manager, &[("custom_record", "name_folded")]).await
    }
}
