//! Teams, roles and shares.

use crate::table::{Kind, Table, create};
use sea_orm_migration::prelude::*;

/// Makes `team`, `team_member`, `role`, `role_right`, `field_rule`, `role_assignment`, `api_key_role` and `share`. Until now everybody could do everything: every tenant gets a
/// role for administrators, and every user it has holds it.
pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0018_rights"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let team = Table::new("team")
            .required_folded("name")
            .optional("description", Kind::Text)
            .optional_reference("parent_id", "team")
            .unique("team_name_key", &["name_folded"]);
        let member = Table::new("team_member")
            .required_reference("team_id", "team")
            .required_reference("user_id", "app_user")
            .required("position", Kind::Text)
            .unique("team_member_team_user_key", &["team_id", "user_id"]);
        let role = Table::new("role")
            .required("key", Kind::Text)
            .required_folded("name")
            .optional("description", Kind::Text)
            .required("administrator", Kind::Boolean)
            .unique("role_key_key", &["key"]);
        let right = Table::new("role_right")
            .required_reference("role_id", "role")
            .required("resource", Kind::Text)
            .required("action", Kind::Text)
            .required("depth", Kind::Text)
            .optional("condition", Kind::Text)
            .unique("role_right_role_resource_action_key", &["role_id", "resource", "action"]);
        let rule = Table::new("field_rule")
            .required_reference("role_id", "role")
            .required("resource", Kind::Text)
            .required("field_name", Kind::Text)
            .required("access", Kind::Text)
            .unique("field_rule_role_resource_field_key", &["role_id", "resource", "field_name"]);
        let assignment = Table::new("role_assignment")
            .required_reference("role_id", "role")
            .required_reference("user_id", "app_user")
            .unique("role_assignment_role_user_key", &["role_id", "user_id"]);
        let key_role = Table::new("api_key_role")
            .required_reference("role_id", "role")
            .required_reference("api_key_id", "api_key")
            .unique("api_key_role_role_api_key_key", &["role_id", "api_key_id"]);
        let share = Table::new("share")
            .required_any_reference("record")
            .required_any_reference("recipient")
            .required("level", Kind::Text)
            .optional("until", Kind::Instant)
            .optional("cause", Kind::Text);
        create(manager, &[team, member, role, right, rule, assignment, key_role, share]).await?;
        let connection = manager.get_connection();
        connection.execute_unprepared(ROLES).await?;
        connection.execute_unprepared(ASSIGNMENTS).await?;
        Ok(())
    }
}

/// An id is unique within its table: the tenant's does for its role, the user's for the assignment.
const ROLES: &str = "INSERT INTO role (tenant_id, id, version, created_at, created_by, updated_at, updated_by, key, name, name_folded, description, administrator) \
    SELECT tenant_id, id, 1, created_at, created_by, created_at, created_by, 'administrator', 'Administrator', 'administrator', 'May do everything.', true \
    FROM tenant";

const ASSIGNMENTS: &str = "INSERT INTO role_assignment (tenant_id, id, version, created_at, created_by, updated_at, updated_by, role_id, user_id) \
    SELECT tenant_id, id, 1, created_at, created_by, created_at, created_by, tenant_id, id FROM app_user";
