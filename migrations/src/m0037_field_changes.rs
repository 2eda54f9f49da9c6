//! Custom fields whose options have labels in other languages, and whose type has changed.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

/// Adds `option_labels` and `retired_keys` to `custom_field`.
pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0037_field_changes"
    }
}

const POSTGRES: &str = r#"
ALTER TABLE custom_field ADD option_labels text[] COLLATE "C" NOT NULL DEFAULT '{}', ADD retired_keys text[] COLLATE "C" NOT NULL DEFAULT '{}';
ALTER TABLE custom_field ALTER option_labels DROP DEFAULT, ALTER retired_keys DROP DEFAULT;
"#;

// SQLite adds a column that must have a value only with a default.
const SQLITE: &str = "
ALTER TABLE custom_field ADD option_labels TEXT NOT NULL DEFAULT '[]';
ALTER TABLE custom_field ADD retired_keys TEXT NOT NULL DEFAULT '[]';
";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        let script = if connection.get_database_backend() == DbBackend::Postgres { POSTGRES } else { SQLITE };
        connection.execute_unprepared(script).await.map(|_| ())
    }
}
