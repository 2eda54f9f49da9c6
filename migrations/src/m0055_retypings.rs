//! Changes of a custom field's type that are carried out in the background.

use crate::table::{Kind, Table, create};
use sea_orm_migration::prelude::*;

/// Makes `retyping`.
pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0055_retypings"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let retyping = Table::new("retyping")
            .required_reference("custom_field_id", "custom_field")
            .required_reference("job_id", "job")
            .required("new_type", Kind::Text)
            .required("options", Kind::TextSet)
            .optional("minimum", Kind::Integer)
            .optional("maximum", Kind::Integer)
            .optional("max_length", Kind::Integer)
            .optional("default_value", Kind::Text)
            .required("on_failure", Kind::Text)
            .required("holding", Kind::Integer)
            .optional("converted", Kind::Integer)
            .optional("cleared", Kind::Integer);
        create(manager, &[retyping]).await
    }
}
